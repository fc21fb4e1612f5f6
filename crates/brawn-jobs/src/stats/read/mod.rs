//! From bytes to columns: what a table is written in, cut into blocks and read side by side.

mod csv;
mod dialect;
mod encoding;
mod frame;
mod json;
mod layout;
mod number;
mod reject;
mod split;

pub(crate) use csv::parse as csv;
pub(crate) use dialect::{Dialect, is_blank};
pub(crate) use encoding::Decoded;
pub use encoding::Encoding;
pub(crate) use frame::{Cells, Frame, Span};
pub(crate) use json::{keys as json_keys, parse as json};
pub(crate) use layout::Layout;
pub(crate) use number::parse_trimmed;
pub(crate) use reject::{Reject, field as shown_field};
pub(crate) use split::{BLOCK, Block, Broken, Splitter};
