//! What is known of a column: built block by block, merged in their order.

mod distinct;
mod number;
mod sample;
mod text;

use serde_json::{Map, Value};

pub(crate) use number::NumberColumn;
pub(crate) use text::TextColumn;

use super::options::Options;
use super::read::Cells;

/// A column so far.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    Skipped,
    Number(Box<NumberColumn>),
    Text(Box<TextColumn>),
}

impl Column {
    /// What a block says of one of its columns; of some of its rows where `rows` names them. `estimate` says that the number of
    /// different values is one [already](Column::is_estimate).
    pub(crate) fn of(
        cells: &Cells,
        rows: Option<&[u32]>,
        block: &[u8],
        side: &[u8],
        estimate: bool,
    ) -> Column {
        match cells {
            Cells::Skipped => Column::Skipped,
            Cells::Numbers(values, fraction) => {
                Column::Number(Box::new(NumberColumn::of(values, rows, *fraction, estimate)))
            }
            Cells::Texts(spans) => {
                Column::Text(Box::new(TextColumn::of(spans, rows, block, side, estimate)))
            }
        }
    }

    /// Adds what the next block says. No more than `bound` values are held.
    pub(crate) fn merge(&mut self, next: Column, bound: usize) {
        match (&mut *self, next) {
            (Column::Number(all), Column::Number(next)) => all.merge(*next, bound),
            (Column::Text(all), Column::Text(next)) => all.merge(*next),
            (_, next) => *self = next,
        }
    }

    /// Whether the number of its different values is an estimate, which it stays.
    pub(crate) fn is_estimate(&self) -> bool {
        match self {
            Column::Skipped => false,
            Column::Number(column) => column.is_estimate(),
            Column::Text(column) => column.is_estimate(),
        }
    }

    /// Bytes held, about.
    pub(crate) fn held(&self) -> u64 {
        match self {
            Column::Skipped => 0,
            Column::Number(column) => column.held(),
            Column::Text(column) => column.held(),
        }
    }

    /// What people should know.
    pub(crate) fn warning(&self, name: &str) -> Option<String> {
        match self {
            Column::Number(column) => column.warning(name),
            _ => None,
        }
    }

    /// All of it, by name, in the order in which it is shown.
    pub(crate) fn describe(&self, options: &Options) -> Map<String, Value> {
        match self {
            Column::Skipped => Map::new(),
            Column::Number(column) => column.describe(options),
            Column::Text(column) => column.describe(options),
        }
    }
}
