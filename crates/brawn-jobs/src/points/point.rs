//! One point, read from JSON.

use brawn_core::{Budget, Error, Result};

use super::json::{Broken, Cursor};

/// The budget is asked after so many values.
const VALUES_PER_CHECK: usize = 4096;

/// A point but for its values, which are where the caller wanted them.
#[derive(Debug)]
pub(super) struct Point<'a> {
    /// As it is written.
    pub(super) metadata: Option<&'a [u8]>,
    /// The first thing that is wrong with it, though it is JSON.
    pub(super) bad: Option<Bad>,
}

/// What is wrong with a point.
#[derive(Debug)]
pub(super) struct Bad {
    /// Below the point: `.values[7]`.
    pub(super) path: String,
    /// `is a string: takes a number`
    pub(super) what: String,
    /// The byte of the object where it stands.
    pub(super) at: u64,
}

/// Why a point cannot be read to its end.
#[derive(Debug)]
pub(super) enum Fault {
    Broken(Broken),
    Ended(Error),
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Fault {
        Fault::Broken(broken)
    }
}

/// Reads a point; its values take the place of what `values` holds.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    values: &mut Vec<f64>,
    budget: &Budget,
) -> Result<Point<'a>, Fault> {
    values.clear();
    let start = cursor.at();
    let mut bad = None;
    if cursor.peek() != Some(b'{') {
        let kind = cursor.skip(0)?.with_article();
        let what = format!("is {kind}: takes an object with `values`");
        return Ok(Point {
            metadata: None,
            bad: Some(Bad { path: String::new(), what, at: start }),
        });
    }
    cursor.bump();
    cursor.blank();
    let (mut has_values, mut metadata) = (false, None);
    let mut more = !cursor.takes(b'}');
    while more {
        cursor.blank();
        let at = cursor.at();
        let key = cursor.key()?;
        let again = || format!("has `{key}` twice");
        let wrong = match &*key {
            "values" if has_values => cursor.skip(1).map(|_| Some(again()))?,
            "values" => {
                has_values = true;
                if let Some(wrong) = read_values(cursor, values, budget)? {
                    bad.get_or_insert(wrong);
                }
                None
            }
            "metadata" if metadata.is_some() => cursor.skip(1).map(|_| Some(again()))?,
            "metadata" => {
                let start = cursor.read();
                cursor.skip(1)?;
                metadata = Some(cursor.since(start));
                None
            }
            other => {
                let short: String = other.chars().take(40).collect();
                cursor.skip(1)?;
                Some(format!("has a field `{short}`: takes `values` and `metadata`"))
            }
        };
        if let Some(what) = wrong {
            bad.get_or_insert(Bad { path: String::new(), what, at });
        }
        cursor.blank();
        more = cursor.takes(b',');
        if !more && !cursor.takes(b'}') {
            return Err(cursor.expected("`,` or `}`").into());
        }
    }
    if !has_values {
        let what = "has no `values`".to_owned();
        bad.get_or_insert(Bad { path: String::new(), what, at: start });
    }
    Ok(Point { metadata, bad })
}

/// Reads a list of numbers; gives what is wrong with the first that is none.
fn read_values(
    cursor: &mut Cursor<'_>,
    values: &mut Vec<f64>,
    budget: &Budget,
) -> Result<Option<Bad>, Fault> {
    let at = cursor.at();
    if cursor.peek() != Some(b'[') {
        let what = format!("is {}: takes a list of numbers", cursor.skip(1)?.with_article());
        return Ok(Some(Bad { path: ".values".to_owned(), what, at }));
    }
    cursor.bump();
    cursor.blank();
    let mut bad = None;
    let mut index = 0_usize;
    let mut more = !cursor.takes(b']');
    while more {
        cursor.blank();
        let at = cursor.at();
        let wrong = match value(cursor)? {
            Ok(value) => {
                values.push(value);
                None
            }
            Err(what) => Some(what),
        };
        if let Some(what) = wrong {
            bad.get_or_insert_with(|| Bad { path: format!(".values[{index}]"), what, at });
        }
        index += 1;
        if index.is_multiple_of(VALUES_PER_CHECK) {
            budget.check().map_err(Fault::Ended)?;
        }
        cursor.blank();
        more = cursor.takes(b',');
        if !more && !cursor.takes(b']') {
            return Err(cursor.expected("`,` or `]`").into());
        }
    }
    Ok(bad)
}

/// A finite number, or what is wrong with what stands in its place.
fn value(cursor: &mut Cursor<'_>) -> Result<Result<f64, String>, Broken> {
    if !cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        // Not JSON, but what Python, Java and pandas write.
        for word in ["NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"] {
            if cursor.word(word) {
                return Ok(Err(format!("is {word}: takes a finite number")));
            }
        }
        if cursor.peek() != Some(b'-') {
            let kind = cursor.skip(2)?.with_article();
            return Ok(Err(format!("is {kind}: takes a number")));
        }
    }
    let text = cursor.number()?;
    Ok(match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => {
            let short: String = text.chars().take(24).collect();
            let more = if short.len() < text.len() { ".." } else { "" };
            Err(format!("is {short}{more}: it is too large for a binary64"))
        }
    })
}
