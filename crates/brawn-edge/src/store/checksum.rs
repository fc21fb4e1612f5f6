//! The checksum that a store keeps with an object, and whether the bytes that came agree with it.
//!
//! S3 keeps one for every object since December 2024 (CRC64-NVME where the uploader gave none). Of an upload in parts it is either
//! one of all bytes or *composite*: that of the checksums of the parts, written with their number behind (`UymZPQ==-7`).
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use brawn_core::{Error, ErrorKind, Result};
use object_store::HeaderMap;

/// A request that is to be answered with the object's checksum carries it in its extensions.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only S3 is asked"))]
pub(super) struct Ask {
    /// Of its first part, which tells how large the parts are.
    pub(super) first_part: bool,
}

/// What was answered, in the extensions of the answer.
#[derive(Clone, Debug)]
pub(super) struct Said(pub(super) HeaderMap);

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

    fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name())
    }
}

/// The checksum a store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    algorithm: Algorithm,
    /// In Base64; where it is composite with `-` and the number of parts.
    value: String,
    /// The size of every part but the last, where it is composite.
    part: Option<u64>,
}

impl Stored {
    /// The one in the headers of an answer, if it is of a known kind.
    pub(super) fn of(said: &Said) -> Option<Stored> {
        Algorithm::ALL.iter().find_map(|algorithm| {
            let value = said.0.get(algorithm.header())?.to_str().ok()?.trim().to_owned();
            Some(Stored { algorithm: *algorithm, value, part: None })
        })
    }

    /// The number of parts, where it is composite.
    pub(super) fn parts(&self) -> Option<u64> {
        self.value.split_once('-')?.1.parse().ok()
    }

    /// For parts of `part` bytes of an object of `size`; `None` where they cannot be that: parts of several sizes.
    pub(super) fn in_parts_of(self, part: u64, size: u64) -> Option<Stored> {
        let fits = part > 0 && self.parts() == Some(size.div_ceil(part).max(1));
        fits.then_some(Stored { part: Some(part), ..self })
    }

    /// Begins to look at the bytes that come.
    pub(crate) fn check(&self) -> Check {
        Check {
            of_part: State::new(self.algorithm),
            of_parts: self.part.map(|part| (State::new(self.algorithm), part, part)),
            stored: self.clone(),
        }
    }

    /// Looks at an object that is here; its name is for the error.
    pub(crate) fn verify(
        &self,
        bytes: &[u8],
        named: &dyn std::fmt::Display,
    ) -> Result<&'static str> {
        let mut check = self.check();
        check.update(bytes);
        check.finish(named)
    }
}

/// A checksum on its way through an object, from its first byte to its last.
pub(crate) struct Check {
    stored: Stored,
    of_part: State,
    /// Where it is composite: the checksum of the checksums, the size of a part, and what is to come of this one.
    of_parts: Option<(State, u64, u64)>,
}

impl Check {
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        let Some((of_parts, size, left)) = &mut self.of_parts else {
            return self.of_part.update(bytes);
        };
        while !bytes.is_empty() {
            if *left == 0 {
                let whole = std::mem::replace(&mut self.of_part, State::new(self.stored.algorithm));
                of_parts.update(&whole.finish());
                *left = *size;
            }
            let now = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let (of_this, rest) = bytes.split_at(now);
            self.of_part.update(of_this);
            *left -= now as u64;
            bytes = rest;
        }
    }

    /// The name of the checksum that all of it agrees with.
    ///
    /// # Errors
    /// When it is another one than the store keeps.
    pub(crate) fn finish(self, named: &dyn std::fmt::Display) -> Result<&'static str> {
        let Check { stored, of_part, of_parts } = self;
        let (last, name) = (of_part.finish(), stored.algorithm.name());
        let came = match (of_parts, stored.parts()) {
            (Some((mut of_parts, ..)), Some(parts)) => {
                of_parts.update(&last);
                format!("{}-{parts}", BASE64.encode(of_parts.finish()))
            }
            _ => BASE64.encode(last),
        };
        if came == stored.value {
            return Ok(name);
        }
        Err(Error::new(
            ErrorKind::Storage,
            format!("`{named}` did not arrive as it is stored: its {name} is {came}, the store keeps {}", stored.value),
        )
        .with_hint("try again; if it stays, what the store holds is damaged, or a proxy changes it (AWS_RESPONSE_CHECKSUM_VALIDATION=when_required reads it all the same)"))
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
        let crc = |kind, len| State::Crc(Box::new(crc_fast::Digest::new(kind)), len);
        match algorithm {
            Algorithm::Crc64Nvme => crc(Crc::Crc64Nvme, 8),
            Algorithm::Crc32c => crc(Crc::Crc32Iscsi, 4),
            Algorithm::Crc32 => crc(Crc::Crc32IsoHdlc, 4),
            #[cfg(feature = "s3")]
            Algorithm::Sha256 => {
                State::Sha(Box::new(aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256)))
            }
            #[cfg(feature = "s3")]
            Algorithm::Sha1 => State::Sha(Box::new(aws_lc_rs::digest::Context::new(
                &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
            ))),
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
