//! The formats, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A format to compress to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum Format {
    /// Zstandard, in frames with a seek table: `.zst`
    #[default]
    Zstd,
    /// gzip, in members: `.gz`
    Gzip,
    /// gzip in members of 64 KB that bgzip and htslib seek in: `.gz`
    Bgzf,
    /// lz4, in independent blocks of 1 MB: `.lz4`
    Lz4,
}

impl Format {
    /// What is put behind the name.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Zstd => ".zst",
            Format::Gzip | Format::Bgzf => ".gz",
            Format::Lz4 => ".lz4",
        }
    }

    /// The MIME type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Zstd => "application/zstd",
            Format::Gzip | Format::Bgzf => "application/gzip",
            Format::Lz4 => "application/x-lz4",
        }
    }

    /// The level where none is given: what the format's own tool takes.
    pub(super) fn usual_level(self) -> u8 {
        match self {
            Format::Zstd => 3,
            Format::Gzip | Format::Bgzf => 6,
            Format::Lz4 => 1,
        }
    }

    /// The highest level.
    pub(super) fn highest_level(self) -> u8 {
        match self {
            // Beyond, a frame needs more memory than it is worth.
            Format::Zstd => 19,
            // libdeflate goes on to 12; a member then takes longer than a job may go on after a cancel.
            Format::Gzip | Format::Bgzf => 9,
            // The fast way of lz4 alone: who wants smaller files has zstd.
            Format::Lz4 => 1,
        }
    }

    /// Bytes that become one frame, one member, or in BGZF one batch of members.
    pub(super) fn block(self) -> usize {
        match self {
            // What level 3 looks back. Of a longer frame that is fed in steps libzstd searches two buffers, the slow way: 512 MB
            // of binaries in frames of 4 MB were 0.5 % smaller and took 6.8 s of CPU, these 4.0 (2026-11-27).
            Format::Zstd => 2 << 20,
            // libdeflate cannot be stopped inside of a member: some 5 ms at level 6.
            Format::Gzip => 512 << 10,
            Format::Bgzf => 16 * super::bgzf::MEMBER,
            // It looks back 64 KB and cannot be stopped inside of a block: some 2 ms.
            Format::Lz4 => 1 << 20,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Zstd => "zstd",
            Format::Gzip => "gzip",
            Format::Bgzf => "bgzf",
            Format::Lz4 => "lz4",
        })
    }
}
