//! Compression in formats that every tool opens, block by block on all cores.
//!
//! Blocks become frames (zstd) or members (gzip) of their own, which any decoder reads one after the other. A `.zst` ends
//! with the seek table of the published seekable format; members of gzip say how long they are and which one they are, and
//! the last is empty; BGZF is what `bgzip` and htslib seek in. lz4 is one frame of blocks that know nothing of each other.

mod bgzf;
mod format;
pub(crate) mod gzip;
mod job;
pub(crate) mod lz4;
mod options;
pub(crate) mod seek_table;
mod tool;
mod zstd_frame;

pub use format::Format;
pub use job::CompressJob;
pub use options::Options;
