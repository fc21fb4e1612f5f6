//! The statements.

use brawn_core::rows::Kind;

use super::super::Mode;
use super::super::layout::{LOADS, Layout, index, list, quoted};

/// The note of what was loaded. A version is noted once for each table and object.
pub(super) fn create_loads() -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {LOADS} (target TEXT NOT NULL, source TEXT NOT NULL, version TEXT NOT NULL, \
         \"rows\" INTEGER NOT NULL, loaded_at TEXT NOT NULL, PRIMARY KEY (target, source, version))"
    )
}

pub(super) const WAS_LOADED: &str =
    "SELECT 1 FROM brawn_loads WHERE target = ?1 AND source = ?2 AND version = ?3";

pub(super) const FORGET: &str = "DELETE FROM brawn_loads WHERE target = ?1 AND source = ?2";

pub(super) const NOTE: &str = "INSERT INTO brawn_loads (target, source, version, \"rows\", loaded_at) \
     VALUES (?1, ?2, ?3, ?4, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";

pub(super) const COLUMNS: &str = "SELECT name, type FROM pragma_table_info(?1)";

pub(super) fn create(layout: &Layout) -> String {
    let columns: Vec<String> = layout
        .columns
        .iter()
        .map(|column| format!("{} {}", quoted(&column.name), name_of(column.kind)))
        .collect();
    format!("CREATE TABLE {} ({})", quoted(&layout.table), columns.join(", "))
}

/// The index that the mode goes by, if it does.
pub(super) fn create_index(layout: &Layout, mode: Mode) -> Option<String> {
    let table = quoted(&layout.table);
    match mode {
        Mode::Fail | Mode::Append => None,
        Mode::Replace => Some(format!(
            "CREATE INDEX IF NOT EXISTS {} ON {table} (\"source\")",
            quoted(&index(layout, "source"))
        )),
        Mode::Upsert => Some(format!(
            "CREATE UNIQUE INDEX IF NOT EXISTS {} ON {table} ({})",
            quoted(&index(layout, "key")),
            list(layout.key())
        )),
    }
}

pub(super) fn delete(layout: &Layout) -> String {
    format!("DELETE FROM {} WHERE \"source\" = ?1", quoted(&layout.table))
}

/// For so many rows at once: the source is parameter 1, the fields follow, row by row.
pub(super) fn insert(layout: &Layout, mode: Mode, rows: usize) -> String {
    let fields = layout.columns.len().saturating_sub(1);
    let places: Vec<String> = (0..rows)
        .map(|row| {
            let fields = (0..fields).map(|field| format!(", ?{}", 2 + row * fields + field));
            format!("(?1{})", fields.collect::<String>())
        })
        .collect();
    let (columns, places) = (list(layout.columns.iter()), places.join(", "));
    let insert = format!("INSERT INTO {} ({columns}) VALUES {places}", quoted(&layout.table));
    if mode != Mode::Upsert {
        return insert;
    }
    let set: Vec<String> = layout
        .values()
        .map(|column| {
            let name = quoted(&column.name);
            format!("{name} = excluded.{name}")
        })
        .collect();
    let then = match set.is_empty() {
        true => "NOTHING".to_owned(),
        false => format!("UPDATE SET {}", set.join(", ")),
    };
    format!("{insert} ON CONFLICT ({}) DO {then}", list(layout.key()))
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "BOOLEAN",
        Kind::Integer => "INTEGER",
        Kind::Float => "REAL",
        Kind::Text => "TEXT",
    }
}

/// What a column of this declared type holds, by SQLite's own rules (<https://www.sqlite.org/datatype3.html>, 3.1).
pub(super) fn kind_of(declared: &str) -> Option<Kind> {
    let declared = declared.to_ascii_uppercase();
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        Some(Kind::Integer)
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Some(Kind::Text)
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Some(Kind::Float)
    } else {
        has("BOOL").then_some(Kind::Boolean)
    }
}
