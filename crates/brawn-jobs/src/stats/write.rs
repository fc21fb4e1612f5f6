//! Rows as text: CSV (RFC 4180) and JSON Lines.

use std::collections::HashSet;

use brawn_core::rows::{Cell, Field, Rows, Schema};

use super::options::Format;

/// The shortest digits that are read back as the same value.
pub(crate) fn push_float(value: f64, text: &mut String) {
    let mut buffer = zmij::Buffer::new();
    text.push_str(buffer.format(value));
}

fn push_integer(value: i64, text: &mut String) {
    // Lines and counts, of each row: formatting them by `Display` stood in the profile.
    let mut digits = [0_u8; 20];
    let (mut rest, mut at) = (value.unsigned_abs(), digits.len());
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        text.push('-');
    }
    let digits = digits.get(at..).and_then(|digits| std::str::from_utf8(digits).ok());
    text.push_str(digits.unwrap_or_default());
}

/// The same fields, each name once: the second `mean` is `mean_1`.
pub(crate) fn unique(mut fields: Vec<Field>) -> Vec<Field> {
    let mut seen = HashSet::new();
    for field in &mut fields {
        let name = field.name.clone();
        let mut more = 0;
        while !seen.insert(field.name.clone()) {
            more += 1;
            field.name = format!("{name}_{more}");
        }
    }
    fields
}

/// What comes before the first row.
pub(crate) fn header(schema: &Schema, format: Format) -> String {
    let mut text = String::new();
    if format == Format::Csv {
        for (index, field) in schema.fields.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            push_csv(&field.name, &mut text);
        }
        text.push('\n');
    }
    text
}

/// The rows, a line each.
pub(crate) fn rows(schema: &Schema, rows: &Rows, format: Format) -> String {
    let mut text = String::with_capacity(rows.len() * 48);
    let names: Vec<String> = schema
        .fields
        .iter()
        .map(|field| serde_json::Value::from(field.name.as_str()).to_string())
        .collect();
    for row in 0..rows.len() {
        match format {
            Format::Csv => {
                for (index, column) in rows.columns().iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    push_cell(column.cell(row), &mut text, push_csv);
                }
            }
            // Others than text do not come here.
            Format::Jsonl | Format::Json | Format::Parquet => {
                text.push('{');
                for (index, (name, cell)) in names.iter().zip(rows.row(row)).enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    text.push_str(name);
                    text.push(':');
                    if cell == Cell::Null {
                        text.push_str("null");
                    }
                    push_cell(cell, &mut text, |value, text| {
                        text.push_str(&serde_json::Value::from(value).to_string());
                    });
                }
                text.push('}');
            }
        }
        text.push('\n');
    }
    text
}

fn push_cell(cell: Cell<'_>, text: &mut String, push_text: impl Fn(&str, &mut String)) {
    match cell {
        Cell::Null => {}
        Cell::Boolean(value) => text.push_str(if value { "true" } else { "false" }),
        Cell::Integer(value) => push_integer(value, text),
        Cell::Float(value) => push_float(value, text),
        Cell::Text(value) => push_text(value, text),
    }
}

/// A field, quoted where it must be: an empty one too, for without quotes it is no value.
fn push_csv(field: &str, text: &mut String) {
    if !field.is_empty() && !field.contains(['"', ',', '\n', '\r']) {
        text.push_str(field);
        return;
    }
    text.push('"');
    for (index, piece) in field.split('"').enumerate() {
        if index > 0 {
            text.push_str("\"\"");
        }
        text.push_str(piece);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use brawn_core::rows::{Column, Field, Kind};

    use super::*;

    #[test]
    fn integers_are_written_as_display_does() {
        for value in [0, 7, -7, 10, 1_000_000, i64::MAX, i64::MIN] {
            let mut text = String::new();
            push_integer(value, &mut text);
            assert_eq!(text, value.to_string());
        }
    }

    #[test]
    fn rows_are_written_as_others_read_them() {
        let field = |name: &str, kind| Field { name: name.to_owned(), kind, is_key: false };
        let schema = Schema {
            name: "rows".to_owned(),
            fields: vec![
                field("a,b", Kind::Text),
                field("n", Kind::Integer),
                field("x", Kind::Float),
            ],
        };
        let some = Rows::new(vec![
            Column::Text([Some("say \"hi\"\n"), None, Some("")].into_iter().collect()),
            Column::Integer(vec![Some(-1), None, Some(2)]),
            Column::Float(vec![Some(0.1), Some(1e300), None]),
        ])
        .expect("three of each");
        assert_eq!(header(&schema, Format::Csv), "\"a,b\",n,x\n");
        assert_eq!(
            rows(&schema, &some, Format::Csv),
            "\"say \"\"hi\"\"\n\",-1,0.1\n,,1e300\n\"\",2,\n".replace("1e300", "1e+300")
        );
        assert_eq!(header(&schema, Format::Jsonl), "");
        assert_eq!(
            rows(&schema, &some, Format::Jsonl),
            "{\"a,b\":\"say \\\"hi\\\"\\n\",\"n\":-1,\"x\":0.1}\n\
             {\"a,b\":null,\"n\":null,\"x\":1e+300}\n{\"a,b\":\"\",\"n\":2,\"x\":null}\n"
        );
    }
}
