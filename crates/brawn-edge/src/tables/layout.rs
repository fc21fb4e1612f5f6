//! What a table is called and which columns it has.

use std::collections::HashSet;

use brawn_core::rows::{Kind, Schema};
use brawn_core::{Error, Result};

use super::Tables;

/// The table that notes what was loaded.
pub(super) const LOADS: &str = "brawn_loads";

/// The beginnings of names of temporary tables.
pub(super) const TEMPORARY: &str = "brawn_rows_";

/// The column that says which object a row came from.
const SOURCE: &str = "source";

/// A table: the object that each row came from, then the fields of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) table: String,
    pub(super) columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_key: bool,
}

impl Layout {
    /// The table for the rows that `job` writes as `schema`.
    pub(super) fn new(schema: &Schema, job: &str, tables: &Tables) -> Result<Layout> {
        let table = tables.name_of(schema, job);
        let is_own = table.eq_ignore_ascii_case(LOADS) || table.starts_with(TEMPORARY);
        if table.is_empty() || table.contains('\0') || is_own {
            return Err(Error::invalid_options(format!("{table:?} cannot be the name of a table")));
        }
        let is_key = tables.has_key() && !tables.key_alone;
        let source = Column { name: SOURCE.to_owned(), kind: Kind::Text, is_key };
        let mut taken = HashSet::from([SOURCE.to_owned()]);
        let mut columns = vec![source];
        for (at, field) in schema.fields.iter().enumerate() {
            let name = match field.name.as_str() {
                "" => format!("column_{}", at + 1),
                name => name.to_owned(),
            };
            if name.contains('\0') {
                return Err(Error::invalid_input(format!(
                    "{name:?} has a NUL, which no column of a database has in its name"
                )));
            }
            let name = free(name, &mut taken);
            columns.push(Column {
                name,
                kind: field.kind,
                is_key: tables.has_key() && field.is_key,
            });
        }
        if tables.has_key() && !schema.fields.iter().any(|field| field.is_key) {
            return Err(Error::invalid_options(format!(
                "the rows `{}` have no key, and `upsert` goes by one",
                schema.name
            ))
            .with_hint("use `replace`, which goes by the object that the rows came from"));
        }
        Ok(Layout { table, columns })
    }

    /// The columns that are there once, together.
    pub(super) fn key(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_key)
    }

    /// The columns that are not in the key.
    pub(super) fn values(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.is_key)
    }

    /// Refuses a table whose columns, with the kinds that can be told, are others.
    pub(super) fn check(&self, there: &[(String, Option<Kind>)]) -> Result<()> {
        let mut wrong = Vec::new();
        for Column { name, kind, .. } in &self.columns {
            match there.iter().find(|(other, _)| other == name) {
                None => wrong.push(format!("it has no column `{name}`")),
                Some((_, Some(other))) if other == kind => {}
                Some((_, other)) => wrong.push(format!(
                    "its column `{name}` holds {}, and these rows have {}",
                    other.map_or("something else", word),
                    word(*kind)
                )),
            }
        }
        for (other, _) in there {
            if !self.columns.iter().any(|column| column.name == *other) {
                wrong.push(format!("its column `{other}` is not in these rows"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let more = wrong.len().saturating_sub(3);
        wrong.truncate(3);
        let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        Err(Error::invalid_options(format!(
            "the table `{}` has other columns: {}{more}",
            self.table,
            wrong.join("; ")
        ))
        .with_hint("give the rows another `table`, or pin the types of the columns in a schema"))
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "booleans",
        Kind::Integer => "integers",
        Kind::Float => "floats",
        Kind::Text => "text",
    }
}

/// `name`, or with a number where it is taken: databases do not tell `a` from `A`, or not all of them.
fn free(name: String, taken: &mut HashSet<String>) -> String {
    let mut free = name.clone();
    let mut count = 1;
    while !taken.insert(free.to_ascii_lowercase()) {
        count += 1;
        free = format!("{name}_{count}");
    }
    free
}

/// An identifier as SQL quotes it: whatever is in it, it is a name.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Identifiers, quoted and with commas.
pub(super) fn list<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns.map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
}

/// The name of the index of a kind over some columns of a table: long names are cut by some databases, a number is not.
pub(super) fn index(layout: &Layout, what: &str) -> String {
    // FNV-1a, 64 bits: the same in every version and on every machine.
    let text = format!("{}\0{what}\0{}", layout.table, list(layout.key()));
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("brawn_{what}_{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Mode;
    use brawn_core::ErrorKind;
    use brawn_core::rows::Field;

    fn schema(names: &[&str]) -> Schema {
        let field =
            |name: &&str| Field { name: (*name).to_owned(), kind: Kind::Integer, is_key: false };
        Schema { name: "rows".into(), fields: names.iter().map(field).collect() }
    }

    #[test]
    fn every_header_gives_columns_that_differ() {
        let layout = Layout::new(
            &schema(&["a", "A", "a_2", "", "source", "Ü \"x\"; --"]),
            "stats",
            &Tables::default(),
        )
        .expect("a table");
        let names: Vec<&str> = layout.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["source", "a", "A_2", "a_2_2", "column_4", "source_2", "Ü \"x\"; --"]);
        assert_eq!(layout.table, "stats_rows");
        assert_eq!(quoted("Ü \"x\"; --"), "\"Ü \"\"x\"\"; --\"");
    }

    #[test]
    fn other_columns_are_named() {
        let layout = Layout::new(&schema(&["a", "b"]), "stats", &Tables::default()).expect("one");
        let there = |names: &[(&str, Kind)]| -> Vec<(String, Option<Kind>)> {
            names.iter().map(|(name, kind)| ((*name).to_owned(), Some(*kind))).collect()
        };
        let source = ("source", Kind::Text);
        layout
            .check(&there(&[("b", Kind::Integer), source, ("a", Kind::Integer)]))
            .expect("in any order");
        let error = layout
            .check(&there(&[source, ("a", Kind::Float), ("c", Kind::Text)]))
            .expect_err("they differ");
        assert_eq!(error.kind(), ErrorKind::InvalidOptions);
        assert_eq!(
            error.to_string(),
            "the table `stats_rows` has other columns: its column `a` holds floats, and these rows have integers; \
             it has no column `b`; its column `c` is not in these rows"
        );
    }

    #[test]
    fn an_upsert_needs_a_key() {
        let upsert = Tables { mode: Mode::Upsert, ..Tables::default() };
        Layout::new(&schema(&["a"]), "stats", &upsert).expect_err("no key");
    }
}
