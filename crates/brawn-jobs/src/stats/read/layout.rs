//! What is known of the records before they are read.

use super::frame::Cells;
use crate::stats::infer::Type;

/// The columns, and what counts as nothing.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) names: Vec<String>,
    /// Of each column, empty cells of the sort that is wanted of it.
    pub(crate) wanted: Vec<Cells>,
    /// Columns whose values are of a type that was said, which not every number or text is.
    pub(crate) pinned: Vec<(usize, Type)>,
    /// Words that stand for no value.
    pub(crate) nulls: Vec<Vec<u8>>,
    /// The decimal point.
    pub(crate) point: u8,
    /// Records with too few fields are filled up.
    pub(crate) null_padding: bool,
    /// The longest record, in bytes.
    pub(crate) longest: usize,
    /// More bad records in a block are not looked for.
    pub(crate) most_rejects: u64,
    /// Whether the line of each row is wanted.
    pub(crate) lines: bool,
}

impl Layout {
    pub(crate) fn is_null(&self, field: &[u8]) -> bool {
        field.is_empty() || self.nulls.iter().any(|null| null == field)
    }
}
