//! Statistics as a table for people, with small histograms.

use serde_json::Value;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The most bars of a histogram.
const WIDTH: usize = 20;

/// The longest name and text that is shown whole.
const LONGEST: usize = 28;

/// A table of one file, with a line about it above.
pub(crate) fn summary(statistics: &Value, source: &str) -> String {
    let number = |name: &str| statistics[name].as_u64().unwrap_or_default();
    let rejects = match number("rejects") {
        0 => String::new(),
        rejects => format!(", {rejects} bad records put aside"),
    };
    let mut text =
        format!("{source}: {} rows{rejects}{}\n", number("rows"), read_as(&statistics["read_as"]));
    match statistics["groups"].as_array() {
        Some(groups) => {
            for group in groups {
                text.push_str(&format!("\n{}: {} rows\n", values(&group["group"]), group["rows"]));
                text.push_str(&table(&group["columns"]));
            }
        }
        None => text.push_str(&table(&statistics["columns"])),
    }
    text.trim_end().to_owned()
}

/// How it was read, ` (csv, ';' between fields, no header, windows-1252)`.
fn read_as(found: &Value) -> String {
    let mut said = Vec::new();
    said.extend(found["format"].as_str().map(str::to_owned));
    said.extend(found["delimiter"].as_str().map(|text| {
        format!(
            "{} between fields",
            match text {
                "\t" => "tabs".to_owned(),
                text => format!("`{text}`"),
            }
        )
    }));
    if found["header"] == false {
        said.push("no header".to_owned());
    }
    said.extend(found["encoding"].as_str().map(str::to_owned));
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

fn values(group: &Value) -> String {
    let pairs = group.as_object().into_iter().flatten();
    let named = pairs.map(|(name, value)| match value.as_str() {
        Some(value) => format!("{name} = {value}"),
        None => format!("{name} is missing"),
    });
    named.collect::<Vec<_>>().join(", ")
}

fn table(columns: &Value) -> String {
    let columns = columns.as_array().map(Vec::as_slice).unwrap_or_default();
    let header = [
        "column", "type", "count", "nulls", "distinct", "mean", "std", "min", "median", "max",
        "outliers", "",
    ];
    let mut rows: Vec<[String; 12]> = vec![header.map(str::to_owned)];
    for column in columns {
        let estimated = column["distinct_is"] == "estimate";
        let distinct = format!("{}{}", if estimated { "~" } else { "" }, column["distinct"]);
        let outliers = column["outliers"]["count"].as_u64().map(|count| count.to_string());
        rows.push([
            short(column["name"].as_str().unwrap_or_default()),
            cell(&column["type"]),
            cell(&column["count"]),
            cell(&column["nulls"]),
            distinct,
            cell(&column["mean"]),
            cell(&column["std"]),
            cell(&column["min"]),
            cell(&column["median"]),
            cell(&column["max"]),
            outliers.unwrap_or_default(),
            picture(column),
        ]);
    }
    let mut widths = [0; 12];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Words to the left, numbers to the right.
            let fill = " ".repeat(width - cell.chars().count());
            let (before, after) =
                if matches!(index, 0 | 1 | 11) { ("", fill.as_str()) } else { (fill.as_str(), "") };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => short(text),
        Value::Number(number) => match number.as_f64() {
            Some(number) if !value.is_u64() && !value.is_i64() => rounded(number),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// Six digits.
fn rounded(value: f64) -> String {
    let size = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    if !(-5.0..15.0).contains(&size) {
        return format!("{value:.5e}");
    }
    let decimals = (5.0 - size).clamp(0.0, 10.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Shortened, on one line.
fn short(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The histogram of numbers, the most frequent value of text.
fn picture(column: &Value) -> String {
    if let Some(counts) = column["histogram"]["counts"].as_array() {
        let counts: Vec<u64> = counts.iter().filter_map(Value::as_u64).collect();
        let joined: Vec<u64> = counts
            .chunks(counts.len().div_ceil(WIDTH).max(1))
            .map(|bins| bins.iter().sum())
            .collect();
        let most = joined.iter().copied().max().unwrap_or_default().max(1);
        let bar = |count: &u64| match count {
            0 => ' ',
            count => BARS.get(((count * 8).div_ceil(most) - 1) as usize).copied().unwrap_or('█'),
        };
        return joined.iter().map(bar).collect();
    }
    let most = column["top"].get(0);
    most.map(|top| format!("{} ({})", cell(&top["value"]), top["count"])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_six_digits() {
        for (value, wanted) in [
            (0.0, "0"),
            (1234567.891, "1234568"),
            (43.91506, "43.9151"),
            (-0.000123456789, "-0.000123457"),
            (2.5, "2.5"),
            (1e300, "1.00000e300"),
            (1e-9, "1.00000e-9"),
        ] {
            assert_eq!(rounded(value), wanted);
        }
    }

    #[test]
    fn a_column_is_a_line() {
        let read_as =
            json!({ "format": "csv", "delimiter": "\t", "header": false, "encoding": "utf-8" });
        let statistics = json!({ "rows": 3, "rejects": 1, "read_as": read_as, "columns": [
            { "name": "x\ny", "type": "integer", "count": 3, "nulls": 0, "distinct": 3, "distinct_is": "exact",
              "mean": 2.0, "std": 1.0, "min": 1, "median": 2.0, "max": 3, "outliers": { "count": 0 },
              "histogram": { "counts": [8, 0, 1, 4] } },
            { "name": "name", "type": "text", "count": 2, "nulls": 1, "distinct": 20000, "distinct_is": "estimate",
              "min": "a", "max": "b", "top": [{ "value": "a", "count": 2 }] },
        ]});
        assert_eq!(
            summary(&statistics, "a.csv"),
            "a.csv: 3 rows, 1 bad records put aside (csv, tabs between fields, no header, utf-8)\n\
             column  type     count  nulls  distinct  mean  std  min  median  max  outliers\n\
             x·y     integer      3      0         3     2    1    1       2    3         0  █ ▁▄\n\
             name    text         2      1    ~20000               a            b            a (2)"
        );
    }
}
