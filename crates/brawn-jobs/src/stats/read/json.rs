//! JSON Lines: an object a line, its members as columns.

use std::collections::{HashMap, HashSet};

use brawn_core::{Budget, Result};
use memchr::memchr;
use serde_json::{Map, Value};

use super::csv::MOST_CELLS;
use super::frame::{Cells, Frame, Span};
use super::reject::{Fault, Reject, field as shown_field, shown};
use super::{Block, Layout, number};

/// Names of the columns: all members of the objects of `sample`, in the order in which they come. The members of an object
/// in an object are columns too, `outer.inner`.
pub(crate) fn keys(sample: &[u8]) -> Vec<String> {
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    for line in lines(sample) {
        if let Ok(object) = serde_json::from_slice::<Map<String, Value>>(line.1) {
            each_member("", &object, &mut |name, _| {
                if known.insert(name.to_owned()) {
                    names.push(name.to_owned());
                }
            });
        }
    }
    names
}

/// Reads the records of a block.
///
/// # Errors
/// The budget's.
pub(crate) fn parse(block: &Block, layout: &Layout, budget: &Budget) -> Result<Frame> {
    let columns = layout.wanted.iter().map(Cells::emptied).collect();
    let mut frame = Frame { columns, ..Frame::default() };
    let places: HashMap<&str, usize> =
        layout.names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    for (line_number, (start, line)) in (0_u32..).zip(lines(&block.bytes)) {
        if line_number.is_multiple_of(64) {
            budget.check()?;
        }
        if frame.has_enough_rejects(layout) {
            break;
        }
        let text = line.trim_ascii();
        if !text.is_empty() || block.broken.is_some() {
            let side = frame.side.len();
            let read = if block.broken.is_some() || line.len() > layout.longest {
                let message =
                    format!("the line is longer than {} bytes (`max_line_size`)", layout.longest);
                Err((None, Fault::LineSizeOverMaximum, message))
            } else if (frame.rows + 1) * layout.wanted.len() > MOST_CELLS {
                let message =
                    format!("a megabyte has too many objects for {} names", layout.names.len());
                Err((None, Fault::MissingColumns, message))
            } else {
                let read = record(text, &places, layout, &mut frame);
                let rows = frame.rows + 1;
                frame.columns.iter_mut().for_each(|cells| cells.pad(rows));
                read.and_then(|()| match frame.unfit(layout, &block.bytes) {
                    Some((column, message)) => Err((Some(column), Fault::Cast, message)),
                    None => Ok(()),
                })
            };
            match read {
                Ok(()) => {
                    frame.rows += 1;
                    if layout.lines {
                        frame.lines.push(line_number);
                    }
                }
                Err((column, fault, message)) => {
                    let rows = frame.rows;
                    frame.columns.iter_mut().for_each(|cells| cells.truncate(rows));
                    frame.side.truncate(side);
                    let (at, line) = (block.at + start as u64, block.line + u64::from(line_number));
                    let text = shown(text);
                    frame.reject(Reject { at, line, column, fault, message, text });
                }
            }
        }
    }
    Ok(frame)
}

/// Each line with where it begins.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let len = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let start = at;
        at += len;
        Some((start, rest.get(..len)?))
    })
}

fn each_member<'a>(
    outer: &str,
    object: &'a Map<String, Value>,
    each: &mut impl FnMut(&str, &'a Value),
) {
    for (key, value) in object {
        let name = if outer.is_empty() { key.clone() } else { format!("{outer}.{key}") };
        match value {
            Value::Object(inner) if !inner.is_empty() => each_member(&name, inner, each),
            value => each(&name, value),
        }
    }
}

fn record(
    text: &[u8],
    places: &HashMap<&str, usize>,
    layout: &Layout,
    frame: &mut Frame,
) -> Result<(), (Option<usize>, Fault, String)> {
    let object: Map<String, Value> = serde_json::from_slice(text)
        .map_err(|error| (None, Fault::InvalidJson, format!("not a JSON object: {error}")))?;
    let row = frame.rows;
    let mut bad = None;
    each_member("", &object, &mut |name, value| {
        let Some(&index) = places.get(name) else {
            frame.unknown.get_or_insert_with(|| (0, name.to_owned())).0 += 1;
            return;
        };
        let Some(cells) = frame.columns.get_mut(index) else { return };
        // Of two members of one name the last counts, as everywhere in JSON.
        cells.truncate(row);
        match cells {
            Cells::Skipped => {}
            Cells::Numbers(values, fraction) => match as_number(value, layout) {
                Some(Some(number)) => {
                    values.push(number.value);
                    *fraction |= !number.is_integer;
                }
                Some(None) => values.push(f64::NAN),
                None => {
                    let message =
                        format!("{} is not a number", shown_field(value.to_string().as_bytes()));
                    bad = bad.take().or(Some((Some(index), Fault::Cast, message)));
                }
            },
            Cells::Texts(spans) => {
                let start = frame.side.len();
                match value {
                    Value::Null => {}
                    Value::String(text) => frame.side.extend_from_slice(text.as_bytes()),
                    other => frame.side.extend_from_slice(other.to_string().as_bytes()),
                }
                let text = frame.side.get(start..).unwrap_or_default();
                let is_null = value.is_null() || layout.is_null(text);
                let span = Span::in_side(start, frame.side.len());
                spans.push(if is_null { Span::NULL } else { span });
            }
        }
    });
    bad.map_or(Ok(()), Err)
}

/// `Some(None)` where there is no value.
fn as_number(value: &Value, layout: &Layout) -> Option<Option<number::Number>> {
    match value {
        Value::Null => Some(None),
        Value::Number(number) => {
            number::parse_trimmed(number.to_string().as_bytes(), b'.').map(Some)
        }
        Value::String(text) => match number::parse_trimmed(text.as_bytes(), layout.point) {
            Some(number) => Some(Some(number)),
            None => layout.is_null(text.trim().as_bytes()).then_some(None),
        },
        _ => None,
    }
}
