//! Rows in the binary format of COPY (PostgreSQL's manual, "COPY", "Binary Format").

use brawn_core::rows::{Cell, Rows};
use brawn_core::{Error, Result};
use bytes::{BufMut as _, BytesMut};

use super::super::layout::Layout;

/// What a stream begins with: the signature, no flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
pub(super) const TRAILER: &[u8] = &[0xff, 0xff];

/// Appends `rows`, each behind the object it came from. `before` rows of the table came earlier.
pub(super) fn append(
    buffer: &mut BytesMut,
    rows: &Rows,
    source: &str,
    layout: &Layout,
    before: u64,
) -> Result<()> {
    // No more than the 1,600 columns of a table.
    let count = i16::try_from(layout.columns.len()).unwrap_or(i16::MAX);
    let mut begin = BytesMut::new();
    begin.put_i16(count);
    text(&mut begin, source);
    for row in 0..rows.len() {
        buffer.put_slice(&begin);
        for (cell, at) in rows.row(row).zip(1..) {
            match cell {
                Cell::Null => buffer.put_i32(-1),
                Cell::Boolean(value) => {
                    buffer.put_i32(1);
                    buffer.put_u8(u8::from(value));
                }
                Cell::Integer(value) => {
                    buffer.put_i32(8);
                    buffer.put_i64(value);
                }
                Cell::Float(value) => {
                    buffer.put_i32(8);
                    buffer.put_f64(value);
                }
                Cell::Text(value) => {
                    if value.contains('\0') {
                        let column = layout.columns.get(at).map(|column| column.name.as_str());
                        return Err(Error::invalid_input(format!(
                            "row {} has a NUL in `{}`, which PostgreSQL does not hold in a text",
                            before + row as u64 + 1,
                            column.unwrap_or_default()
                        )));
                    }
                    text(buffer, value);
                }
            }
        }
    }
    Ok(())
}

fn text(buffer: &mut BytesMut, text: &str) {
    // A gigabyte is the most that PostgreSQL takes; it says so itself.
    buffer.put_i32(i32::try_from(text.len()).unwrap_or(i32::MAX));
    buffer.put_slice(text.as_bytes());
}
