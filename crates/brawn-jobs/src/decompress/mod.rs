//! Decompression of what gzip, zstd, bgzip, pigz, lz4 and their kin write, whatever it is called.
//!
//! Members and frames whose ends are known are decompressed side by side: BGZF, what brawn and mgzip write, and zstd frames
//! of up to 4 MB (8 where the first is as large), and blocks of lz4 that know nothing of each other. From the first one on whose end is not known, the input is decompressed in one go, while it is read and
//! what came of it is written. Checksums and sizes are verified, and all that is wrong is told with its offset.

mod codec;
mod fault;
mod format;
mod gzip;
mod job;
mod limits;
mod lz4;
mod name;
mod options;
#[cfg(feature = "stats")]
mod reader;
mod stream;
mod units;
mod window;
mod zstd;

pub use job::DecompressJob;
pub use name::EXTENSIONS;
pub use options::Options;
#[cfg(feature = "stats")]
pub(crate) use reader::unpacked;
