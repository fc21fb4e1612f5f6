//! In which form points come.

use brawn_core::{ByteSize, Error, Result};

use super::json::Cursor;

/// How points come, and how results go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `{"data": [..], "algorithm": ".."}`; whether its `algorithm` comes first.
    Document { named_first: bool },
    /// `[..]`
    Array,
    /// One point a line.
    Lines,
}

/// So much of an object says which form it has.
pub(super) const SNIFFED: usize = 64 << 10;

const TAKES: &str = "points are {\"data\":[{\"values\":[1.5,2]}]}, a JSON array of such points, or one point a line";

impl Form {
    /// The form of an object that begins so, with the [`SNIFFED`] first bytes or, where it `is_complete`, all.
    pub(super) fn of(head: &[u8], is_complete: bool) -> Result<Form> {
        let refused = |what: String| Err(Error::invalid_input(what).with_hint(TAKES));
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return refused("it is UTF-16, and JSON is UTF-8".to_owned());
        }
        let mut cursor = Cursor::new(head, 0);
        cursor.word(BYTE_ORDER_MARK);
        cursor.blank();
        match cursor.peek() {
            None if is_complete && cursor.read() == 0 => refused("it is empty".to_owned()),
            None if is_complete => refused("it is empty but for white space".to_owned()),
            None => refused(format!("it begins with {} of white space", ByteSize(SNIFFED as u64))),
            Some(b'[') => Ok(Form::Array),
            Some(b'{') => {
                cursor.bump();
                cursor.blank();
                if cursor.peek() == Some(b'}') {
                    return Ok(Form::Lines);
                }
                let key = cursor.key().map_err(|broken| super::compute::not_json("it", &broken))?;
                match &*key {
                    "data" => Ok(Form::Document { named_first: false }),
                    "algorithm" => Ok(Form::Document { named_first: true }),
                    "values" | "metadata" => Ok(Form::Lines),
                    other => {
                        let short: String = other.chars().take(40).collect();
                        refused(format!(
                            "it begins with a field `{short}`: a document has `data` and `algorithm`, a point `values` and `metadata`"
                        ))
                    }
                }
            }
            Some(_) => {
                let broken = cursor.expected("`{` or `[`");
                refused(format!("it is no JSON of points: {} (byte {})", broken.what, broken.at))
            }
        }
    }

    pub(super) fn is_lines(self) -> bool {
        self == Form::Lines
    }

    /// How errors name a point, or a part of it.
    pub(super) fn place(self, index: u64, path: &str) -> String {
        match self {
            Form::Document { .. } => format!("`data[{index}]{path}`"),
            Form::Array => format!("`[{index}]{path}`"),
            Form::Lines if path.is_empty() => format!("line {}", index + 1),
            Form::Lines => format!("line {}: `{}`", index + 1, path.trim_start_matches('.')),
        }
    }

    /// The name of the output for an object called `name`.
    pub(super) fn output(self, name: &str) -> String {
        let (folder, last) =
            name.rsplit_once('/').map_or(("", name), |(folder, last)| (folder, last));
        let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
        let stem = if stem.is_empty() { last } else { stem };
        let slash = if folder.is_empty() { "" } else { "/" };
        let extension = if self.is_lines() { "jsonl" } else { "json" };
        format!("{folder}{slash}{stem}.results.{extension}")
    }

    pub(super) fn content_type(self) -> &'static str {
        if self.is_lines() { "application/x-ndjson" } else { "application/json" }
    }
}

/// Some tools begin a file with it.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_say_the_form() {
        for (text, form) in [
            (" [", Form::Array),
            ("\u{feff}\n{\"data\" : [", Form::Document { named_first: false }),
            ("{\"algorithm\":\"mean\"", Form::Document { named_first: true }),
            ("{\"d\\u0061ta\":[]}", Form::Document { named_first: false }),
            ("{\"values\":[1]}", Form::Lines),
            ("{\"metadata\":1}", Form::Lines),
            ("{}", Form::Lines),
        ] {
            assert_eq!(Form::of(text.as_bytes(), true).expect(text), form, "{text}");
        }
        for (text, says) in [
            ("", "it is empty"),
            (" \n", "but for white space"),
            ("{\"points\":[]}", "begins with a field `points`"),
            ("values,1", "`{` or `[` is expected, and there is `v` (byte 0)"),
            ("{values:[]}", "a string is expected"),
        ] {
            let error = Form::of(text.as_bytes(), true).expect_err(text);
            assert!(error.is_rejection() && error.to_string().contains(says), "{error}");
        }
        assert!(Form::of(b"\xff\xfe[\0", true).expect_err("UTF-16").to_string().contains("UTF-16"));
    }

    #[test]
    fn an_output_is_called_after_its_input() {
        for (name, output) in [
            ("a/b.json", "a/b.results.json"),
            ("b", "b.results.json"),
            (".b", ".b.results.json"),
            ("a.x/b.c.jsonl", "a.x/b.c.results.json"),
        ] {
            assert_eq!(Form::Array.output(name), output);
        }
        assert_eq!(Form::Lines.output("b.ndjson"), "b.results.jsonl");
    }
}
