//! The values of a block, column by column.

use super::reject::Reject;

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
    /// The other records.
    pub(crate) rejects: Vec<Reject>,
    /// Values of names that the layout does not have (of JSON objects), and the first such name.
    pub(crate) unknown: Option<(u64, String)>,
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
