//! The algorithms, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A checksum algorithm.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lowercase"))]
pub enum Algorithm {
    /// BLAKE3, 256 bits; the fastest that is safe
    Blake3,
    /// SHA-256
    #[default]
    Sha256,
    /// SHA-512
    Sha512,
    /// SHA-1: broken, for compatibility
    Sha1,
    /// MD5: broken, for compatibility
    Md5,
    /// CRC-32 of gzip and zip
    Crc32,
    /// CRC-32C (Castagnoli)
    Crc32c,
    /// CRC-64/NVME, the default checksum of S3
    Crc64Nvme,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Algorithm; 8] = [
        Algorithm::Blake3,
        Algorithm::Sha256,
        Algorithm::Sha512,
        Algorithm::Sha1,
        Algorithm::Md5,
        Algorithm::Crc32,
        Algorithm::Crc32c,
        Algorithm::Crc64Nvme,
    ];

    /// Its name in options, facts and file extensions.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Blake3 => "blake3",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
            Algorithm::Sha1 => "sha1",
            Algorithm::Md5 => "md5",
            Algorithm::Crc32 => "crc32",
            Algorithm::Crc32c => "crc32c",
            Algorithm::Crc64Nvme => "crc64nvme",
        }
    }

    /// Whether S3 has it of objects that are uploaded in parts: MD5 as their ETag, the others as checksums.
    pub fn is_of_s3(self) -> bool {
        !matches!(self, Algorithm::Blake3 | Algorithm::Sha512)
    }

    /// Bytes of a digest.
    pub fn digest_len(self) -> usize {
        match self {
            Algorithm::Blake3 | Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
            Algorithm::Sha1 => 20,
            Algorithm::Md5 => 16,
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme => 8,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
