//! Rows that a job writes where a table is, instead of a file.

use crate::Result;

/// The columns of the rows that a job writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// What kind of rows they are, for a job that writes more than one: `rows`, `columns`, `rejects`.
    pub name: String,
    /// The columns, in order.
    pub fields: Vec<Field>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, as it is in a header or a table.
    pub name: String,
    /// What is in it. Any of it can be missing, unless it is part of the key.
    pub kind: Kind,
    /// Whether it, with the other fields of the key and the object that the row came from, is there once.
    pub is_key: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// 64 bits with a sign.
    Integer,
    /// A finite binary64: what is not a number is a missing value.
    Float,
    /// UTF-8.
    Text,
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// Of a [`Kind::Boolean`].
    Boolean(bool),
    /// Of a [`Kind::Integer`].
    Integer(i64),
    /// Of a [`Kind::Float`].
    Float(f64),
    /// Of a [`Kind::Text`].
    Text(&'a str),
}

/// Some rows of one [`Schema`], column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    columns: Vec<Column>,
    len: usize,
}

/// The values of one column, of the kind of its field.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Of a [`Kind::Boolean`].
    Boolean(Vec<Option<bool>>),
    /// Of a [`Kind::Integer`].
    Integer(Vec<Option<i64>>),
    /// Of a [`Kind::Float`].
    Float(Vec<Option<f64>>),
    /// Of a [`Kind::Text`].
    Text(Texts),
}

/// Many texts in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    text: String,
    /// Where each ends in `text`, and whether it is there at all.
    ends: Vec<(usize, bool)>,
}

impl Texts {
    /// Appends one.
    pub fn push(&mut self, text: Option<&str>) {
        self.text.push_str(text.unwrap_or_default());
        self.ends.push((self.text.len(), text.is_some()));
    }

    /// Of bytes; what is no UTF-8 is missing. All are looked at in one go where all are.
    pub fn of_bytes<'a>(texts: impl Iterator<Item = Option<&'a [u8]>> + Clone) -> Texts {
        let mut joined = Vec::new();
        let mut ends = Vec::with_capacity(texts.size_hint().0);
        for text in texts.clone() {
            joined.extend_from_slice(text.unwrap_or_default());
            ends.push((joined.len(), text.is_some()));
        }
        match String::from_utf8(joined) {
            // A character may not begin in one and end in the next.
            Ok(text) if ends.iter().all(|(end, _)| text.is_char_boundary(*end)) => {
                Texts { text, ends }
            }
            _ => texts.map(|text| text.and_then(|text| std::str::from_utf8(text).ok())).collect(),
        }
    }

    /// The one at `index`, if it is there.
    pub fn get(&self, index: usize) -> Option<&str> {
        let (end, is_there) = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before));
        is_there.then(|| self.text.get(start.map_or(0, |(end, _)| *end)..end))?
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<'a> FromIterator<Option<&'a str>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(texts: I) -> Texts {
        let mut all = Texts::default();
        texts.into_iter().for_each(|text| all.push(text));
        all
    }
}

impl Column {
    /// How many values.
    pub fn len(&self) -> usize {
        match self {
            Column::Boolean(values) => values.len(),
            Column::Integer(values) => values.len(),
            Column::Float(values) => values.len(),
            Column::Text(texts) => texts.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        match self {
            Column::Boolean(_) => Kind::Boolean,
            Column::Integer(_) => Kind::Integer,
            Column::Float(_) => Kind::Float,
            Column::Text(_) => Kind::Text,
        }
    }

    /// The value at `row`.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Column::Boolean(values) => {
                values.get(row).copied().flatten().map_or(Cell::Null, Cell::Boolean)
            }
            Column::Integer(values) => {
                values.get(row).copied().flatten().map_or(Cell::Null, Cell::Integer)
            }
            Column::Float(values) => {
                values.get(row).copied().flatten().map_or(Cell::Null, Cell::Float)
            }
            Column::Text(texts) => texts.get(row).map_or(Cell::Null, Cell::Text),
        }
    }
}

impl Rows {
    /// Columns of equal length. `None` where they are not.
    pub fn new(columns: Vec<Column>) -> Option<Rows> {
        let len = columns.first().map_or(0, Column::len);
        columns.iter().all(|column| column.len() == len).then_some(Rows { columns, len })
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes held, about.
    pub fn size(&self) -> u64 {
        let of = |column: &Column| match column {
            Column::Boolean(values) => values.len() * size_of::<Option<bool>>(),
            Column::Integer(values) => values.len() * size_of::<Option<i64>>(),
            Column::Float(values) => values.len() * size_of::<Option<f64>>(),
            Column::Text(texts) => texts.text.len() + texts.len() * size_of::<(usize, bool)>(),
        };
        self.columns.iter().map(of).sum::<usize>() as u64
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values of one row, in the order of the columns.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        self.columns.iter().map(move |column| column.cell(row))
    }
}

/// A table that takes rows. Nothing of them is there for others before it is finished, and nothing stays behind when it is
/// dropped before.
pub trait Table: Send {
    /// Appends.
    ///
    /// # Errors
    /// When the rows cannot be taken; the job stops with that error.
    fn write(&mut self, rows: &Rows) -> Result<()>;

    /// Says that these were all.
    ///
    /// # Errors
    /// When they cannot be kept; then none is there.
    fn finish(self: Box<Self>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_what_is_empty_apart_from_what_is_missing() {
        let texts: Texts = [Some("a"), None, Some(""), Some("é")].into_iter().collect();
        assert_eq!(
            [0, 1, 2, 3, 4].map(|at| texts.get(at)),
            [Some("a"), None, Some(""), Some("é"), None]
        );
    }

    #[test]
    fn bytes_are_texts_where_they_are_utf8_each_for_itself() {
        let good = [Some(&b"a"[..]), None, Some(b""), Some("é".as_bytes())];
        let texts = Texts::of_bytes(good.into_iter());
        assert_eq!([0, 1, 2, 3].map(|at| texts.get(at)), [Some("a"), None, Some(""), Some("é")]);
        let cut = [Some(&b"x\xc3"[..]), Some(b"\xa9"), Some(b"y"), Some(b"\xff")];
        let texts = Texts::of_bytes(cut.into_iter());
        assert_eq!([0, 1, 2, 3].map(|at| texts.get(at)), [None, None, Some("y"), None]);
    }

    #[test]
    fn a_row_is_read_across_the_columns() {
        let texts = || Column::Text([Some("x"), None].into_iter().collect());
        let rows = Rows::new(vec![
            Column::Integer(vec![Some(1), Some(2)]),
            texts(),
            Column::Float(vec![None, Some(0.5)]),
            Column::Boolean(vec![Some(true), None]),
        ])
        .expect("two of each");
        assert_eq!(rows.len(), 2);
        assert_eq!(
            rows.row(0).collect::<Vec<_>>(),
            [Cell::Integer(1), Cell::Text("x"), Cell::Null, Cell::Boolean(true)]
        );
        assert_eq!(
            rows.row(1).collect::<Vec<_>>(),
            [Cell::Integer(2), Cell::Null, Cell::Float(0.5), Cell::Null]
        );
        assert!(Rows::new(vec![texts(), Column::Float(vec![None])]).is_none());
    }
}
