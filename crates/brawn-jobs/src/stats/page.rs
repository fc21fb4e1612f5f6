//! Statistics as a page to look at: one file, no script, nothing fetched.

use std::fmt::Write as _;

use serde_json::Value;

const STYLE: &str = include_str!("page.css");

/// Size of a plot, in the units of its picture.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 120.0;

/// Room for the box plot under a histogram.
const BOX: f64 = 26.0;

/// A page of the statistics of the columns or rows of some tables, as the fact `statistics` of each has them.
pub fn page(tables: &[Value]) -> String {
    let mut html =
        String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    let names: Vec<&str> = tables.iter().filter_map(|table| table["file"].as_str()).collect();
    put(&mut html, format_args!("<title>{} - statistics</title>", escaped(&names.join(", "))));
    html.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    // Else a browser asks for a favicon.
    html.push_str("<link rel=\"icon\" href=\"data:,\">");
    put(&mut html, format_args!("<style>{STYLE}</style></head><body><main>\n"));
    for table in tables {
        one(&mut html, table);
    }
    html.push_str("</main></body></html>\n");
    html
}

/// Writing to a string does not fail.
fn put(html: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = html.write_fmt(text);
}

fn one(html: &mut String, table: &Value) {
    let file = escaped(table["file"].as_str().unwrap_or_default());
    put(html, format_args!("<h1>{file}</h1><p>{} rows", table["rows"]));
    if table["rejects"].as_u64().is_some_and(|rejects| rejects > 0) {
        put(html, format_args!(", <strong>{} bad records put aside</strong>", table["rejects"]));
    }
    put(
        html,
        format_args!(
            ". Standard deviations have ddof {}, quantiles the rule <em>{}</em>.</p>\n",
            table["ddof"],
            escaped(table["quantile_rule"].as_str().unwrap_or_default())
        ),
    );
    if table["of_rows"].is_array() {
        html.push_str(
            "<h2>Statistics of the rows <small>how those of each row are distributed</small></h2>",
        );
        return columns(html, &table["of_rows"]);
    }
    match table["groups"].as_array() {
        Some(groups) => {
            for group in groups {
                let pairs = group["group"].as_object().into_iter().flatten();
                let named =
                    pairs.map(|(name, value)| format!("{} = {}", escaped(name), shown(value)));
                let named: Vec<String> = named.collect();
                put(
                    html,
                    format_args!(
                        "<h2>{} <small>{} rows</small></h2>",
                        named.join(", "),
                        group["rows"]
                    ),
                );
                columns(html, &group["columns"]);
            }
        }
        None => columns(html, &table["columns"]),
    }
}

fn columns(html: &mut String, columns: &Value) {
    let columns = columns.as_array().map(Vec::as_slice).unwrap_or_default();
    html.push_str("<table><thead><tr>");
    const FIELDS: [&str; 12] = [
        "type", "count", "nulls", "distinct", "mean", "std", "min", "median", "max", "skew",
        "kurtosis", "outliers",
    ];
    html.push_str("<th>column</th>");
    for field in FIELDS {
        put(html, format_args!("<th>{field}</th>"));
    }
    html.push_str("</tr></thead><tbody>\n");
    for column in columns {
        put(html, format_args!("<tr><th>{}</th>", shown(&column["name"])));
        for field in FIELDS {
            let value = match field {
                "outliers" => &column["outliers"]["count"],
                field => &column[field],
            };
            let about =
                if field == "distinct" && column["distinct_is"] == "estimate" { "~" } else { "" };
            put(html, format_args!("<td>{about}{}</td>", shown(value)));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table>\n<div class=\"plots\">\n");
    for column in columns {
        if column["histogram"].is_object() {
            number(html, column);
        } else if column["top"].as_array().is_some_and(|top| !top.is_empty()) {
            words(html, column);
        }
    }
    html.push_str("</div>\n");
}

/// A histogram, and under it the box of the quartiles with the farthest outliers.
fn number(html: &mut String, column: &Value) {
    let list = |value: &Value| -> Vec<f64> {
        value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let edges = list(&column["histogram"]["edges"]);
    let counts = list(&column["histogram"]["counts"]);
    let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else { return };
    let most = counts.iter().copied().fold(1.0, f64::max);
    let x = |value: f64| ((value - first) / (last - first) * WIDTH).clamp(0.0, WIDTH);
    open(html, column, HEIGHT + BOX);
    for (pair, count) in edges.windows(2).zip(&counts) {
        let [from, to] = pair else { continue };
        let height = count / most * HEIGHT;
        put(
            html,
            format_args!(
                "<rect class=\"bar\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{height:.2}\"><title>{} to {}: {count}</title></rect>",
                x(*from),
                HEIGHT - height,
                (x(*to) - x(*from) - 1.0).max(0.5),
                short(*from),
                short(*to),
            ),
        );
    }
    let quartile = |q: &str| column["quantiles"][q].as_f64();
    let middle = HEIGHT + BOX / 2.0;
    let outliers = &column["outliers"];
    if let (Some(q1), Some(q3), Some(median)) =
        (quartile("0.25"), quartile("0.75"), column["median"].as_f64())
    {
        let low = outliers["low"].as_f64().unwrap_or(first).max(first);
        let high = outliers["high"].as_f64().unwrap_or(last).min(last);
        put(
            html,
            format_args!(
                "<line class=\"whisker\" x1=\"{:.2}\" y1=\"{middle}\" x2=\"{:.2}\" y2=\"{middle}\"/>",
                x(low),
                x(high)
            ),
        );
        put(
            html,
            format_args!(
                "<rect class=\"box\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"14\"><title>quartiles {} and {}</title></rect>",
                x(q1),
                middle - 7.0,
                (x(q3) - x(q1)).max(1.0),
                short(q1),
                short(q3)
            ),
        );
        put(
            html,
            format_args!(
                "<line class=\"median\" x1=\"{0:.2}\" y1=\"{1}\" x2=\"{0:.2}\" y2=\"{2}\"><title>median {3}</title></line>",
                x(median),
                middle - 7.0,
                middle + 7.0,
                short(median)
            ),
        );
    }
    for value in list(&outliers["least"]).into_iter().chain(list(&outliers["greatest"])) {
        put(
            html,
            format_args!(
                "<circle class=\"outlier\" cx=\"{:.2}\" cy=\"{middle}\" r=\"3\"><title>outlier {}</title></circle>",
                x(value),
                short(value)
            ),
        );
    }
    put(
        html,
        format_args!(
            "</svg><p class=\"ends\"><span>{}</span><span>{}</span></p></figure>\n",
            short(first),
            short(last)
        ),
    );
}

/// Bars of the most frequent values.
fn words(html: &mut String, column: &Value) {
    const LINE: f64 = 22.0;
    let top = column["top"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |value: &Value| value["count"].as_f64().unwrap_or_default();
    let most = top.iter().map(count).fold(1.0, f64::max);
    open(html, column, LINE * top.len() as f64);
    for (index, value) in top.iter().enumerate() {
        let y = LINE * index as f64;
        let text = shown(&value["value"]);
        put(
            html,
            format_args!(
                "<rect class=\"bar\" x=\"0\" y=\"{y}\" width=\"{:.2}\" height=\"{}\"><title>{text}: {}</title></rect>\
             <text x=\"6\" y=\"{}\">{text} ({})</text>",
                count(value) / most * WIDTH,
                LINE - 3.0,
                value["count"],
                y + 14.0,
                value["count"]
            ),
        );
    }
    html.push_str("</svg></figure>\n");
}

fn open(html: &mut String, column: &Value, height: f64) {
    let name = shown(&column["name"]);
    put(
        html,
        format_args!(
            "<figure><figcaption>{name}</figcaption><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{name}\">"
        ),
    );
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => escaped(text),
        Value::Number(number) if number.is_f64() => number.as_f64().map(short).unwrap_or_default(),
        other => escaped(&other.to_string()),
    }
}

/// Six digits.
fn short(value: f64) -> String {
    let size = value.abs();
    if value != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.4e}");
    }
    let decimals = if size >= 1e5 {
        0
    } else {
        (5.0 - size.max(1e-4).log10().floor()).clamp(0.0, 9.0) as usize
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c if c.is_control() => html.push('\u{b7}'),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_has_a_plot_for_each_column_and_fetches_nothing() {
        let html = page(&[json!({
            "file": "a<b>.csv", "rows": 5, "rejects": 1, "ddof": 1, "quantile_rule": "linear",
            "columns": [
                { "name": "x", "type": "float", "count": 5, "median": 2.0, "quantiles": { "0.25": 1.0, "0.75": 3.0 },
                  "outliers": { "count": 1, "low": -2.0, "high": 6.0, "least": [], "greatest": [9.0] },
                  "histogram": { "edges": [0.0, 4.5, 9.0], "counts": [4, 1] } },
                { "name": "\"n\"", "type": "text", "top": [{ "value": "<script>", "count": 3 }] },
            ],
        })]);
        assert_eq!(html.matches("<figure>").count(), 2);
        assert_eq!(html.matches("class=\"bar\"").count(), 3);
        assert_eq!(
            (html.matches("class=\"box\"").count(), html.matches("class=\"outlier\"").count()),
            (1, 1)
        );
        assert!(html.contains("a&lt;b&gt;.csv") && !html.contains("<script"));
        assert!(!html.contains("http") && !html.contains("url("));
    }
}
