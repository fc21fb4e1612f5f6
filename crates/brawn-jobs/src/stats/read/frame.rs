//! The values of a block, column by column.

use super::Layout;
use super::reject::{Reject, field as shown_field};
use crate::stats::infer::Form;

/// What one block of records holds.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// Good records.
    pub(crate) rows: usize,
    /// One for each column of the layout, each `rows` long unless it is skipped.
    pub(crate) columns: Vec<Cells>,
    /// The line, counted from the block's first, on which each row begins.
    pub(crate) lines: Vec<u32>,
    /// Text that does not stand in the block as it is.
    pub(crate) side: Vec<u8>,
    /// The other records, the first [`MOST_REJECTS`].
    pub(crate) rejects: Vec<Reject>,
    /// How many more there are.
    pub(crate) more_rejects: u64,
    /// Values of names that the layout does not have (of JSON objects), and the first such name.
    pub(crate) unknown: Option<(u64, String)>,
}

/// More bad records of one block are counted alone.
const MOST_REJECTS: usize = 1 << 15;

impl Frame {
    /// Puts a bad record aside.
    pub(crate) fn reject(&mut self, reject: Reject) {
        if self.rejects.len() < MOST_REJECTS {
            self.rejects.push(reject);
        } else {
            self.more_rejects += 1;
        }
    }

    /// Whether no more bad records need to be looked for.
    pub(crate) fn has_enough_rejects(&self, layout: &Layout) -> bool {
        self.rejects.len() as u64 + self.more_rejects > layout.most_rejects
    }

    /// The first value of the last record that is not of the type its column is pinned to, and why.
    pub(crate) fn unfit(&mut self, layout: &Layout, block: &[u8]) -> Option<(usize, String)> {
        for (index, pinned) in &layout.pinned {
            let message = match (self.columns.get_mut(*index), Form::pinned(*pinned)) {
                (Some(Cells::Numbers(values, fraction)), _) => {
                    let value = values.last().copied().filter(|value| value.fract() != 0.0);
                    // `1.0` is an integer too.
                    *fraction = false;
                    value
                        .filter(|value| !value.is_nan())
                        .map(|value| format!("{value} is not an integer"))
                }
                (Some(Cells::Texts(spans)), Some(form)) => {
                    let text = spans.last().and_then(|span| span.of(block, &self.side));
                    text.filter(|text| !form.is_of(text))
                        .map(|text| format!("{} is not {}", shown_field(text), form.described()))
                }
                _ => None,
            };
            if let Some(message) = message {
                return Some((*index, message));
            }
        }
        None
    }
}

/// The values of one column.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    /// Nobody asked for them.
    Skipped,
    /// NaN where there is none; and whether any was written with a point or an exponent.
    Numbers(Vec<f64>, bool),
    /// Where each stands.
    Texts(Vec<Span>),
}

/// Where a text stands: in the block, or in [`Frame::side`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

const IN_SIDE: u32 = 1 << 31;

impl Span {
    /// No text.
    pub(crate) const NULL: Span = Span { start: 0, len: u32::MAX };

    /// In a block, which is shorter than 2 GB.
    pub(crate) fn in_block(start: usize, end: usize) -> Span {
        Span { start: start as u32, len: (end - start) as u32 }
    }

    /// In [`Frame::side`].
    pub(crate) fn in_side(start: usize, end: usize) -> Span {
        Span { start: start as u32 | IN_SIDE, len: (end - start) as u32 }
    }

    /// The text; `None` where there is none.
    pub(crate) fn of<'a>(self, block: &'a [u8], side: &'a [u8]) -> Option<&'a [u8]> {
        if self == Span::NULL {
            return None;
        }
        let from = if self.start & IN_SIDE == 0 { block } else { side };
        let start = (self.start & !IN_SIDE) as usize;
        from.get(start..start + self.len as usize)
    }
}

impl Cells {
    /// None yet, of the same sort.
    pub(crate) fn emptied(&self) -> Cells {
        match self {
            Cells::Skipped => Cells::Skipped,
            Cells::Numbers(..) => Cells::Numbers(Vec::new(), false),
            Cells::Texts(_) => Cells::Texts(Vec::new()),
        }
    }

    /// Makes room.
    pub(crate) fn reserve(&mut self, more: usize) {
        match self {
            Cells::Skipped => {}
            Cells::Numbers(values, _) => values.reserve(more),
            Cells::Texts(spans) => spans.reserve(more),
        }
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        match self {
            Cells::Skipped => {}
            Cells::Numbers(values, _) => values.truncate(rows),
            Cells::Texts(spans) => spans.truncate(rows),
        }
    }

    /// Fills up with nothing to `rows`.
    pub(crate) fn pad(&mut self, rows: usize) {
        match self {
            Cells::Skipped => {}
            Cells::Numbers(values, _) => values.resize(rows, f64::NAN),
            Cells::Texts(spans) => spans.resize(rows, Span::NULL),
        }
    }
}
