//! A column of text.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::distinct::{Distinct, EXACT, Registers, hash_bytes};
use crate::stats::infer::Form;
use crate::stats::options::Options;
use crate::stats::read::Span;

/// A longer text is shown shortened.
const SHOWN: usize = 200;

/// Counts, and what comes first and last in order of code points.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextColumn {
    count: u64,
    nulls: u64,
    min: Option<Box<[u8]>>,
    max: Option<Box<[u8]>>,
    /// Shortest and longest, in characters.
    lengths: Option<(u64, u64)>,
    distinct: Distinct<Box<[u8]>>,
    /// What all values look like.
    form: Option<Form>,
}

impl TextColumn {
    /// Of the texts of a block, of `rows` alone where they are given. The different ones are not counted one by one where they
    /// are an `estimate` already.
    pub(crate) fn of(
        spans: &[Span],
        rows: Option<&[u32]>,
        block: &[u8],
        side: &[u8],
        estimate: bool,
    ) -> TextColumn {
        let mut column = TextColumn::default();
        let mut counts: HashMap<&[u8], u64> = HashMap::new();
        let mut registers = estimate.then(Registers::new);
        let mut first_last: Option<(&[u8], &[u8])> = None;
        let each = |span: &Span| span.of(block, side);
        let values: Box<dyn Iterator<Item = Option<&[u8]>>> = match rows {
            None => Box::new(spans.iter().map(each)),
            Some(rows) => Box::new(rows.iter().map(|row| spans.get(*row as usize).and_then(each))),
        };
        for text in values {
            let Some(text) = text else {
                column.nulls += 1;
                continue;
            };
            column.count += 1;
            let (min, max) = first_last.unwrap_or((text, text));
            first_last = Some((min.min(text), max.max(text)));
            let length = characters(text);
            let (short, long) = column.lengths.unwrap_or((length, length));
            column.lengths = Some((short.min(length), long.max(length)));
            match &mut registers {
                Some(registers) => registers.add(hash_bytes(text)),
                None => {
                    *counts.entry(text).or_default() += 1;
                    if counts.len() > EXACT {
                        let mut many = Registers::new();
                        counts.drain().for_each(|(text, _)| many.add(hash_bytes(text)));
                        registers = Some(many);
                    }
                }
            }
            column.form = Some(match column.form {
                None => Form::of(text),
                Some(form) => form.kept_by(text),
            });
        }
        column.min = first_last.map(|(min, _)| min.into());
        column.max = first_last.map(|(_, max)| max.into());
        column.distinct = match registers {
            Some(registers) => Distinct::Estimate(Box::new(registers)),
            None => Distinct::of(counts.into_iter().map(|(text, count)| (Box::from(text), count))),
        };
        column
    }

    pub(crate) fn merge(&mut self, next: TextColumn) {
        self.count += next.count;
        self.nulls += next.nulls;
        self.min = match (self.min.take(), next.min) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.max = match (self.max.take(), next.max) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        self.lengths = match (self.lengths, next.lengths) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.distinct.merge(next.distinct);
        self.form = match (self.form, next.form) {
            (Some(a), Some(b)) => Some(if a == b { a } else { Form::Text }),
            (a, b) => a.or(b),
        };
    }

    pub(crate) fn is_estimate(&self) -> bool {
        self.distinct.is_estimate()
    }

    pub(crate) fn held(&self) -> u64 {
        self.distinct.held()
    }

    pub(crate) fn describe(&self, options: &Options) -> Map<String, Value> {
        let (distinct, is_counted) = self.distinct.count();
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        put("type", self.form.map_or("text", Form::name).into());
        put("count", self.count.into());
        put("nulls", self.nulls.into());
        put("distinct", distinct.min(self.count).into());
        put("distinct_is", if is_counted { "exact" } else { "estimate" }.into());
        put("min", self.min.as_deref().map(shown).into());
        put("max", self.max.as_deref().map(shown).into());
        put("min_length", json!(self.lengths.map(|(short, _)| short)));
        put("max_length", json!(self.lengths.map(|(_, long)| long)));
        if let Some(top) = self.distinct.top(options.top, Ord::cmp) {
            let all = top
                .into_iter()
                .map(|(text, count)| json!({ "value": shown(text), "count": count }));
            put("top", all.collect());
        }
        all
    }
}

fn characters(text: &[u8]) -> u64 {
    // Bytes that begin a character of UTF-8.
    text.iter().filter(|byte| (**byte & 0xc0) != 0x80).count() as u64
}

fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}
