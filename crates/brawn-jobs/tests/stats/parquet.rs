//! Results as Parquet files, read back with the library that others read them with.

use brawn_core::{Budget, Draft, Error, ErrorKind, Output, Sink, Source};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use super::*;

/// The one Parquet file among `outputs`.
fn file(outputs: &[Output]) -> (&str, SerializedFileReader<bytes::Bytes>) {
    let mut files = outputs.iter().filter(|output| output.name.ends_with(".parquet"));
    let (Some(file), None) = (files.next(), files.next()) else { panic!("not one file") };
    assert_eq!(file.content_type, "application/vnd.apache.parquet");
    let bytes = bytes::Bytes::from(file.bytes.clone());
    (&file.name, SerializedFileReader::new(bytes).expect("a Parquet file"))
}

/// Its rows as objects of JSON.
fn rows(reader: &SerializedFileReader<bytes::Bytes>) -> Vec<Value> {
    let rows = reader.get_row_iter(None).expect("rows");
    let of = |row: parquet::record::Row| {
        let fields = row.get_column_iter().map(|(name, field)| {
            let value = match field {
                Field::Null => Value::Null,
                Field::Long(value) => json!(value),
                Field::Double(value) => json!(value),
                Field::Str(value) => json!(value),
                other => panic!("{name} is {other}"),
            };
            (name.clone(), value)
        });
        Value::Object(fields.collect())
    };
    rows.map(|row| of(row.expect("a row"))).collect()
}

/// The same of JSON Lines.
fn lines(outputs: &[Output], name: &str) -> Vec<Value> {
    let texts = texts(outputs);
    texts[name].lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The first row that differs; numbers as near as JSON is read.
fn difference<'a>(found: &'a [Value], wanted: &'a [Value]) -> Option<(&'a Value, &'a Value)> {
    let is_same = |(found, wanted): (&Value, &Value)| match (found.as_f64(), wanted.as_f64()) {
        (Some(found), Some(wanted)) => (found - wanted).abs() <= wanted.abs() * f64::EPSILON,
        _ => found == wanted,
    };
    let is_same = |(found, wanted): (&Value, &Value)| {
        let (found, wanted) =
            (found.as_object().expect("a row"), wanted.as_object().expect("a row"));
        found.keys().eq(wanted.keys()) && found.values().zip(wanted.values()).all(is_same)
    };
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(wanted).find(|pair| !is_same(*pair))
}

#[test]
fn rows_are_those_of_json_lines_in_groups_for_any_number_of_workers() {
    let mut table = "id,a,b,c\n".to_owned();
    for row in 0..200_000 {
        let b = if row % 7 == 0 { String::new() } else { format!("{}.25", row % 1000) };
        table.push_str(&format!("\"n{row}, é\",{row},{b},{}\n", row % 13));
    }
    let options = |format: &str| json!({ "per": "row", "key": ["id"], "format": format });
    let (_, wanted) = run_on(2, options("jsonl"), "d/t.csv", table.as_bytes()).expect("rows");
    let (tally, found) = run_on(2, options("parquet"), "d/t.csv", table.as_bytes()).expect("rows");
    let (name, reader) = file(&found);
    assert_eq!(name, "d/t.rows.parquet");
    assert_eq!(tally.bytes_out, found[0].bytes.len() as u64);
    assert_eq!(reader.metadata().num_row_groups(), 2);
    assert_eq!(difference(&rows(&reader), &lines(&wanted, "d/t.rows.jsonl")), None);
    for workers in [1, 3] {
        let (_, again) =
            run_on(workers, options("parquet"), "d/t.csv", table.as_bytes()).expect("rows");
        assert!(again == found, "{workers} workers");
    }
}

#[test]
fn columns_and_what_is_empty_have_all_their_fields() {
    let options = |format: &str| json!({ "format": format, "group_by": "name" });
    let table = b"x,name\n1,a\n2.5,a\n,b\n";
    let (_, wanted) = run_on(1, options("jsonl"), "t.csv", table).expect("columns");
    let (_, found) = run_on(1, options("parquet"), "t.csv", table).expect("columns");
    assert_eq!(difference(&rows(&file(&found).1), &lines(&wanted, "t.columns.jsonl")), None);
    let none = json!({ "per": "row", "format": "parquet", "types": { "x": "float" } });
    let (_, found) = run_on(1, none, "t.csv", b"x\n").expect("a header alone");
    let reader = file(&found).1;
    let schema = reader.metadata().file_metadata().schema_descr();
    let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
    assert_eq!(names, ["line", "count", "mean", "median", "std", "outliers"]);
    assert!(rows(&reader).is_empty());
}

/// Takes so many bytes, and no more.
struct Full(usize);

impl Sink for Full {
    fn put(&mut self, _: Output) -> Result<(), Error> {
        unreachable!("rows are written in pieces")
    }

    fn open(&mut self, _: &str, _: &'static str) -> Result<Box<dyn Draft + '_>, Error> {
        Ok(Box::new(FullDraft(self)))
    }
}

struct FullDraft<'a>(&'a mut Full);

impl Draft for FullDraft<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let left = self.0.0.checked_sub(piece.len());
        self.0.0 = left.ok_or_else(|| Error::new(ErrorKind::Storage, "the disk is full"))?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        unreachable!("it did not fit")
    }
}

#[test]
fn a_full_disk_is_said_as_it_is() {
    let table = format!("a,b\n{}", "1,2\n".repeat(1000));
    let options = json!({ "per": "row", "format": "parquet" });
    for space in [0, 3, 100, 1000] {
        let source = Source::bytes("t.csv", table.as_bytes());
        let error = job(options.clone())
            .run(source, &mut Full(space), &Budget::unlimited())
            .expect_err("it does not fit");
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Storage, "the disk is full")
        );
    }
}
