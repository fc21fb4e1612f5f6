//! The statements.

use brawn_core::rows::Kind;

use super::super::Mode;
use super::super::layout::{LOADS, Layout, TEMPORARY, index, list, quoted};

/// The note of what was loaded. A version is noted once for each table and object.
pub(super) fn create_loads() -> String {
    format!(
        "CREATE TABLE {LOADS} (target text NOT NULL, source text NOT NULL, version text NOT NULL, \"rows\" bigint NOT \
         NULL, loaded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (target, source, version))"
    )
}

pub(super) const WAS_LOADED: &str =
    "SELECT 1 FROM brawn_loads WHERE target = $1 AND source = $2 AND version = $3";

pub(super) const FORGET: &str = "DELETE FROM brawn_loads WHERE target = $1 AND source = $2";

pub(super) const NOTE: &str =
    "INSERT INTO brawn_loads (target, source, version, \"rows\") VALUES ($1, $2, $3, $4)";

pub(super) const IS_THERE: &str = "SELECT to_regclass($1) IS NOT NULL";

pub(super) const COLUMNS: &str = "SELECT attname::text, atttypid::regtype::text FROM pg_attribute \
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum";

/// One lock for all that makes tables. Not waited for without end: who has it may wait for rows of this very load.
pub(super) const LOCK_TABLES: &str =
    "SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock(x'627261776e'::bigint)";

/// The lock of an object, and the name of the transaction by which its end can be asked for.
pub(super) const LOCK_OBJECT: &str = "SELECT txid_current(), pg_advisory_xact_lock($1)";

pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// `committed`, `aborted`, `in progress`, or nothing where it is too long ago.
pub(super) const STATUS: &str = "SELECT txid_status($1)";

pub(super) fn create(layout: &Layout) -> String {
    let columns: Vec<String> = layout
        .columns
        .iter()
        .map(|column| format!("{} {}", quoted(&column.name), name_of(column.kind)))
        .collect();
    format!("CREATE TABLE {} ({})", quoted(&layout.table), columns.join(", "))
}

/// The index that the mode goes by, if it does: its name, and how it is made.
pub(super) fn create_index(layout: &Layout, mode: Mode) -> Option<(String, String)> {
    let table = quoted(&layout.table);
    let (what, unique, columns) = match mode {
        Mode::Fail | Mode::Append => return None,
        Mode::Replace => ("source", "", "\"source\"".to_owned()),
        Mode::Upsert => ("key", "UNIQUE ", list(layout.key())),
    };
    let name = quoted(&index(layout, what));
    let create = format!("CREATE {unique}INDEX {name} ON {table} ({columns})");
    Some((name, create))
}

pub(super) fn any_row(table: &str) -> String {
    format!("SELECT 1 FROM {table} LIMIT 1")
}

pub(super) const ANY_LOADED: &str = "SELECT 1 FROM brawn_loads WHERE target = $1 LIMIT 1";

pub(super) fn delete(layout: &Layout) -> String {
    format!("DELETE FROM {} WHERE \"source\" = $1", quoted(&layout.table))
}

/// The temporary table of this number, for rows of the table.
pub(super) fn create_temporary(layout: &Layout, at: usize) -> String {
    let (columns, table) = (list(layout.columns.iter()), quoted(&layout.table));
    let (name, order) = (temporary(at), order(layout));
    format!(
        "CREATE TEMPORARY TABLE {name} AS SELECT {columns} FROM {table} WITH NO DATA; \
         ALTER TABLE {name} ADD COLUMN {order} bigserial"
    )
}

/// The column of a temporary table that counts its rows. Where they lie (`ctid`) is no order: short ones fill gaps.
fn order(layout: &Layout) -> String {
    let mut name = "brawn_order".to_owned();
    while layout.columns.iter().any(|column| column.name == name) {
        name.push('_');
    }
    quoted(&name)
}

pub(super) fn temporary(at: usize) -> String {
    format!("{TEMPORARY}{at}")
}

pub(super) fn copy(layout: &Layout, into: &str) -> String {
    format!("COPY {into} ({}) FROM STDIN (FORMAT binary)", list(layout.columns.iter()))
}

/// From the temporary table into its own: of rows with one key the last, and in the order of the key, so that two loads
/// do not wait for each other's rows in turn. All are of one object, so nothing is sorted by that.
pub(super) fn upsert(layout: &Layout, at: usize) -> String {
    let (key, columns) = (list(layout.key()), list(layout.columns.iter()));
    let fields = list(layout.columns.iter().skip(1).filter(|column| column.is_key));
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
    format!(
        "INSERT INTO {} ({columns}) SELECT DISTINCT ON ({fields}) {columns} FROM {} ORDER BY {fields}, {order} DESC \
         ON CONFLICT ({key}) DO {then}",
        quoted(&layout.table),
        temporary(at),
        order = order(layout)
    )
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "bigint",
        Kind::Float => "double precision",
        Kind::Text => "text",
    }
}

/// What a column of this type holds, where it takes it in binary.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "boolean" => Some(Kind::Boolean),
        "bigint" => Some(Kind::Integer),
        "double precision" => Some(Kind::Float),
        "text" | "character varying" => Some(Kind::Text),
        _ => None,
    }
}
