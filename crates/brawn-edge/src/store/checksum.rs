//! The checksum that a store keeps with an object, and whether bytes agree with it.
//!
//! S3 keeps one for every object since December 2024 (CRC64-NVME where the uploader gave none). Of an upload in parts it is either
//! one of all bytes or *composite*: that of the checksums of the parts, written with their number behind (`UymZPQ==-7`).
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use object_store::HeaderMap;

/// Those that S3 keeps and brawn computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Crc64Nvme,
    Crc32c,
    Crc32,
    #[cfg(feature = "s3")]
    Sha256,
    #[cfg(feature = "s3")]
    Sha1,
}

impl Algorithm {
    const ALL: &[Algorithm] = &[
        Algorithm::Crc64Nvme,
        Algorithm::Crc32c,
        Algorithm::Crc32,
        #[cfg(feature = "s3")]
        Algorithm::Sha256,
        #[cfg(feature = "s3")]
        Algorithm::Sha1,
    ];

    fn name(self) -> &'static str {
        match self {
            Algorithm::Crc64Nvme => "crc64nvme",
            Algorithm::Crc32c => "crc32c",
            Algorithm::Crc32 => "crc32",
            #[cfg(feature = "s3")]
            Algorithm::Sha256 => "sha256",
            #[cfg(feature = "s3")]
            Algorithm::Sha1 => "sha1",
        }
    }

    /// Bytes of a checksum.
    fn len(self) -> usize {
        match self {
            Algorithm::Crc64Nvme => 8,
            Algorithm::Crc32c | Algorithm::Crc32 => 4,
            #[cfg(feature = "s3")]
            Algorithm::Sha256 => 32,
            #[cfg(feature = "s3")]
            Algorithm::Sha1 => 20,
        }
    }
}

/// The parts of an upload, all of one size but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) count: u64,
    pub(super) size: u64,
}

/// The checksum that a store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    algorithm: Algorithm,
    value: Vec<u8>,
    /// Where it is composite.
    parts: Option<Parts>,
}

/// What a store said of an object's checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Of all bytes.
    Whole(Stored),
    /// Of so many parts, whose size is still to be asked for.
    Composite(Stored, u64),
    /// Nothing that brawn can compute.
    Nothing,
}

impl Said {
    /// What the headers of an answer say. What is not written as S3 writes it is not taken for a checksum.
    pub(super) fn of(headers: &HeaderMap) -> Said {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let is_composite = text("x-amz-checksum-type") == Some("COMPOSITE");
        for algorithm in Algorithm::ALL.iter().copied() {
            let Some(value) = text(&format!("x-amz-checksum-{}", algorithm.name())) else {
                continue;
            };
            let (value, count) = match value.split_once('-') {
                Some((value, count)) => (value, Some(count.parse::<u64>().ok())),
                None => (value, None),
            };
            let value = BASE64.decode(value).ok().filter(|value| value.len() == algorithm.len());
            let Some(value) = value else { return Said::Nothing };
            let stored = Stored { algorithm, value, parts: None };
            return match count {
                Some(Some(count)) if count > 0 => Said::Composite(stored, count),
                None if !is_composite => Said::Whole(stored),
                _ => Said::Nothing,
            };
        }
        Said::Nothing
    }
}

impl Stored {
    /// For `count` parts, of which the first has `part` bytes, of an object of `size`; `None` where these cannot be parts of
    /// one size.
    pub(super) fn in_parts(self, count: u64, part: u64, size: u64) -> Option<Stored> {
        let fits = part > 0 && size.div_ceil(part).max(1) == count;
        fits.then_some(Stored { parts: Some(Parts { count, size: part }), ..self })
    }

    /// Begins to look at the bytes that come.
    pub(super) fn check(&self) -> Check {
        let nested = |parts: Parts| Nested {
            of_parts: State::new(self.algorithm),
            size: parts.size,
            left: parts.size,
        };
        Check {
            stored: self.clone(),
            state: State::new(self.algorithm),
            nested: self.parts.map(nested),
        }
    }
}

/// A checksum on its way through an object, from its first byte to its last.
pub(super) struct Check {
    stored: Stored,
    state: State,
    nested: Option<Nested>,
}

/// The checksum of the checksums of the parts.
struct Nested {
    of_parts: State,
    size: u64,
    /// What is to come of the part that is looked at.
    left: u64,
}

/// Another checksum came than is kept.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) algorithm: &'static str,
    /// In Base64, as S3 writes them.
    pub(super) came: String,
    pub(super) kept: String,
    pub(super) parts: Option<Parts>,
}

impl Check {
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        let Some(Nested { of_parts, size, left }) = &mut self.nested else {
            return self.state.update(bytes);
        };
        while !bytes.is_empty() {
            if *left == 0 {
                let whole = std::mem::replace(&mut self.state, State::new(self.stored.algorithm));
                of_parts.update(&whole.finish());
                *left = *size;
            }
            let now = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let (of_this, rest) = bytes.split_at(now);
            self.state.update(of_this);
            *left -= now as u64;
            bytes = rest;
        }
    }

    /// The name of the checksum that all of it agrees with.
    pub(super) fn finish(self) -> Result<&'static str, Mismatch> {
        let Check { stored, state, nested } = self;
        let mut came = state.finish();
        if let Some(Nested { mut of_parts, .. }) = nested {
            of_parts.update(&came);
            came = of_parts.finish();
        }
        let algorithm = stored.algorithm.name();
        if came == stored.value {
            return Ok(algorithm);
        }
        let (came, kept) = (BASE64.encode(came), BASE64.encode(stored.value));
        Err(Mismatch { algorithm, came, kept, parts: stored.parts })
    }
}

enum State {
    Crc(Box<crc_fast::Digest>, usize),
    #[cfg(feature = "s3")]
    Sha(Box<aws_lc_rs::digest::Context>),
}

impl State {
    fn new(algorithm: Algorithm) -> State {
        use crc_fast::CrcAlgorithm as Crc;
        let crc = |kind| State::Crc(Box::new(crc_fast::Digest::new(kind)), algorithm.len());
        #[cfg(feature = "s3")]
        let sha = |kind| State::Sha(Box::new(aws_lc_rs::digest::Context::new(kind)));
        match algorithm {
            Algorithm::Crc64Nvme => crc(Crc::Crc64Nvme),
            Algorithm::Crc32c => crc(Crc::Crc32Iscsi),
            Algorithm::Crc32 => crc(Crc::Crc32IsoHdlc),
            #[cfg(feature = "s3")]
            Algorithm::Sha256 => sha(&aws_lc_rs::digest::SHA256),
            #[cfg(feature = "s3")]
            Algorithm::Sha1 => sha(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            State::Crc(state, _) => state.update(bytes),
            #[cfg(feature = "s3")]
            State::Sha(state) => state.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            State::Crc(state, len) => {
                let bytes = state.finalize().to_be_bytes();
                bytes.get(bytes.len() - len..).unwrap_or_default().to_vec()
            }
            #[cfg(feature = "s3")]
            State::Sha(state) => state.finish().as_ref().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(headers: &[(&'static str, &'static str)]) -> Said {
        Said::of(
            &headers
                .iter()
                .map(|(name, value)| {
                    (name.parse().expect("a name"), value.parse().expect("a value"))
                })
                .collect(),
        )
    }

    #[test]
    fn what_is_not_written_as_s3_writes_it_is_no_checksum() {
        const CRC32: &str = "x-amz-checksum-crc32";
        let kind = "x-amz-checksum-type";
        assert!(matches!(said(&[(CRC32, "UymZPQ==")]), Said::Whole(_)));
        assert!(matches!(said(&[(CRC32, "UymZPQ=="), (kind, "FULL_OBJECT")]), Said::Whole(_)));
        assert!(matches!(said(&[(CRC32, "UymZPQ==-7")]), Said::Composite(_, 7)));
        for headers in [
            vec![],
            vec![(kind, "FULL_OBJECT")],
            vec![("x-amz-checksum-md5", "UymZPQ==")],
            // As S3 answers a range that is all of the object.
            vec![(CRC32, "UymZPQ=="), (kind, "COMPOSITE")],
            vec![(CRC32, "UymZPQ==-0")],
            vec![(CRC32, "UymZPQ==-many")],
            vec![(CRC32, "53299 3d")],
            vec![(CRC32, "5329993d")],
            vec![(CRC32, "UymZPQ")],
            vec![("x-amz-checksum-crc64nvme", "UymZPQ==")],
        ] {
            assert_eq!(said(&headers), Said::Nothing, "{headers:?}");
        }
    }
}
