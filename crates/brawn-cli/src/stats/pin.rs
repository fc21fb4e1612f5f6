//! Types of columns that are given, not looked for.

use std::collections::BTreeMap;
use std::path::Path;

use brawn_core::{Error, ErrorKind, Result};
use brawn_jobs::stats::Type;
use serde_json::Value;

/// `zip=text`
pub(crate) fn of_word(text: &str) -> Result<(String, Type)> {
    let (name, word) = text.rsplit_once('=').ok_or_else(|| {
        Error::invalid_options(format!("`{text}` is no type of a column: write `name=text`"))
    })?;
    let pinned = serde_json::from_value(word.into()).map_err(|_| {
        Error::invalid_options(format!(
            "`{word}` is no type: takes integer, float, text, boolean, date or timestamp"
        ))
    })?;
    Ok((name.to_owned(), pinned))
}

/// Of a file: `{"zip":"text"}`, or what `--json` printed of a table of the same columns.
pub(crate) fn of_file(path: &Path) -> Result<BTreeMap<String, Type>> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|error| {
        Error::new(ErrorKind::NotFound, format!("cannot read `{shown}`")).with_source(error)
    })?;
    let wrong = |why: String| {
        Error::invalid_options(format!("`{shown}` is no schema: {why}")).with_hint(
            "a schema is such as {\"zip\":\"text\",\"price\":\"float\"}, or the output of `--json`",
        )
    };
    let value: Value = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    let pairs: Vec<(&str, &Value)> = match value.get("columns").and_then(Value::as_array) {
        Some(columns) => columns
            .iter()
            .filter_map(|column| Some((column["name"].as_str()?, &column["type"])))
            .collect(),
        None => {
            let fields =
                value.as_object().ok_or_else(|| wrong("it is no JSON object".to_owned()))?;
            fields.iter().map(|(name, word)| (name.as_str(), word)).collect()
        }
    };
    let pin = |(name, word): (&str, &Value)| {
        let pinned = serde_json::from_value(word.clone())
            .map_err(|_| wrong(format!("`{name}` has the type {word}")))?;
        Ok((name.to_owned(), pinned))
    };
    pairs.into_iter().map(pin).collect()
}
