//! The payload of an age file: chunks of 64 KiB, each sealed by ChaCha20-Poly1305 under its place.
//!
//! <https://c2sp.org/age>, "Payload": the STREAM construction. The nonce of a chunk is its number, big endian in 11 bytes,
//! and a byte that is 1 for the last one alone; so a chunk that is changed, moved, left out or repeated does not open.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use brawn_core::{Budget, Error, ErrorKind, Result};

use super::format::FileKey;
use super::wrapping::hkdf;

/// Plain bytes of a chunk; the last one may have fewer.
pub(crate) const CHUNK: usize = 64 << 10;
/// What sealing adds to a chunk.
pub(crate) const TAG: usize = 16;
/// Bytes of a sealed chunk.
pub(crate) const SEALED: usize = CHUNK + TAG;
/// Random bytes before the first chunk.
pub(crate) const NONCE: usize = 16;

/// Chunks that are computed at once, 512 KiB of them: 0.2 ms of work. They, and what becomes of them, stay in the cache of a core.
pub(crate) const CHUNKS: usize = 8;

/// The key of one payload.
pub(crate) struct PayloadKey(LessSafeKey);

/// Where a block of chunks stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The number of its first chunk, from 0.
    pub(crate) first: u64,
    /// Whether its last chunk is that of the payload.
    pub(crate) is_last: bool,
}

impl PayloadKey {
    /// Derives it from the file key and the payload's own 16 bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the library has no ChaCha20-Poly1305.
    pub(crate) fn derive(key: &FileKey, nonce: &[u8; NONCE]) -> Result<PayloadKey> {
        PayloadKey::new(&*hkdf(nonce, b"payload", key.expose())?)
    }

    pub(crate) fn new(key: &[u8; 32]) -> Result<PayloadKey> {
        UnboundKey::new(&CHACHA20_POLY1305, key)
            .map(|key| PayloadKey(LessSafeKey::new(key)))
            .map_err(|_| Error::unsupported("this build has no ChaCha20-Poly1305"))
    }

    /// Seals the chunks of `block` into `out`, in the place of what it holds.
    ///
    /// # Errors
    /// What ends the budget, which is asked between chunks.
    pub(crate) fn seal(
        &self,
        place: Place,
        block: &[u8],
        out: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<()> {
        // An empty payload is one chunk of nothing.
        let count = block.len().div_ceil(CHUNK).max(1);
        out.resize(block.len() + count * TAG, 0);
        let mut plain = block.chunks(CHUNK);
        for (index, sealed) in out.chunks_mut(SEALED).enumerate() {
            budget.check()?;
            let (nonce, plain) = (place.nonce(index, count), plain.next().unwrap_or_default());
            let (text, tag) = sealed.split_at_mut(plain.len());
            self.0
                .seal_out_of_place_scatter(nonce, Aad::empty(), plain, text, &[], tag)
                .map_err(|_| Error::new(ErrorKind::Storage, "a chunk could not be sealed"))?;
        }
        Ok(())
    }

    /// Opens the chunks of `block` into `out`, in the place of what it holds. `start` is the offset of the first chunk of
    /// the payload in its file.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with the chunk and its offset, where one is not authentic; `out` then holds nothing. What
    /// ends the budget, which is asked between chunks.
    pub(crate) fn open(
        &self,
        place: Place,
        block: &[u8],
        start: u64,
        out: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<()> {
        let count = block.len().div_ceil(SEALED);
        let rest = (block.len() % SEALED).saturating_sub(TAG);
        out.resize(block.len() / SEALED * CHUNK + rest, 0);
        let mut opened = out.chunks_mut(CHUNK);
        for (index, sealed) in block.chunks(SEALED).enumerate() {
            budget.check()?;
            let plain = opened.next().unwrap_or_default();
            if let Err(why) = self.open_one(place, index, count, sealed, plain) {
                let chunk = place.first + index as u64;
                out.clear();
                return Err(Error::invalid_input(format!(
                    "the payload is damaged in chunk {}, at byte {}: {why}",
                    chunk + 1,
                    start + chunk * SEALED as u64,
                )));
            }
        }
        Ok(())
    }

    fn open_one(
        &self,
        place: Place,
        index: usize,
        count: usize,
        sealed: &[u8],
        plain: &mut [u8],
    ) -> Result<(), &'static str> {
        let Some((text, tag)) = sealed.split_last_chunk::<TAG>() else {
            return Err("it ends early");
        };
        let is_last = place.is_last && index + 1 == count;
        if text.is_empty() && place.first + index as u64 > 0 {
            return Err("it is empty, and only the first may be");
        }
        let mut opens = |is_last| {
            let nonce = nonce(place.first + index as u64, is_last);
            self.0.open_separate_gather(nonce, Aad::empty(), text, tag, plain).is_ok()
        };
        if opens(is_last) {
            return Ok(());
        }
        // What it is instead of what it should be, for the message alone.
        Err(match (opens(!is_last), is_last) {
            (true, true) => "it is not the last one, and the file ends: the rest is missing",
            (true, false) => "it is the last one, and more follows",
            (false, _) => "it is not authentic: changed, cut, out of place, or of another file",
        })
    }
}

impl Place {
    fn nonce(self, index: usize, count: usize) -> Nonce {
        nonce(self.first + index as u64, self.is_last && index + 1 == count)
    }
}

/// 11 bytes of number, of which 8 are ever used, and the flag.
fn nonce(number: u64, is_last: bool) -> Nonce {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    Nonce::assume_unique_for_key([0, 0, 0, a, b, c, d, e, f, g, h, u8::from(is_last)])
}
