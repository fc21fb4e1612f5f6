//! One algorithm on its way through an object.

use md5::Md5;
use sha1::{Digest as _, Sha1};

use super::Algorithm;
use super::sha::Sha;

/// Less is not worth sharing out: 128 KiB are some 30 us of work.
const SHARED_FROM: usize = 128 << 10;

#[derive(Clone)]
pub(super) enum State {
    Blake3(Box<blake3::Hasher>),
    Sha2(Sha),
    Sha1(Sha1),
    Md5(Md5),
    Crc(Box<crc_fast::Digest>, usize),
}

impl State {
    pub(super) fn new(algorithm: Algorithm) -> State {
        let crc = |kind| State::Crc(Box::new(crc_fast::Digest::new(kind)), algorithm.digest_len());
        match algorithm {
            Algorithm::Blake3 => State::Blake3(Box::default()),
            Algorithm::Sha256 => State::Sha2(Sha::sha256()),
            Algorithm::Sha512 => State::Sha2(Sha::sha512()),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::Crc32 => crc(crc_fast::CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => crc(crc_fast::CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64Nvme => crc(crc_fast::CrcAlgorithm::Crc64Nvme),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            // Outside of a pool it would start rayon's global one.
            State::Blake3(state)
                if bytes.len() >= SHARED_FROM && rayon::current_thread_index().is_some() =>
            {
                state.update_rayon(bytes);
            }
            State::Blake3(state) => drop(state.update(bytes)),
            State::Sha2(state) => state.update(bytes),
            State::Sha1(state) => state.update(bytes),
            State::Md5(state) => state.update(bytes),
            State::Crc(state, _) => state.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            State::Blake3(state) => state.finalize().as_bytes().to_vec(),
            State::Sha2(state) => state.finish(),
            State::Sha1(state) => state.finalize().to_vec(),
            State::Md5(state) => state.finalize().to_vec(),
            State::Crc(state, len) => {
                let bytes = state.finalize().to_be_bytes();
                bytes.get(bytes.len() - len..).unwrap_or_default().to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sums::hex;

    fn digest(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut state = State::new(algorithm);
        state.update(bytes);
        hex(&state.finish())
    }

    /// FIPS 180-4 examples, RFC 1321 A.5, the BLAKE3 paper's test vectors, and the check values of the CRC catalogue
    /// (reveng) and of the NVM Express specification.
    #[test]
    fn published_vectors() {
        for (algorithm, bytes, wanted) in [
            (
                Algorithm::Sha256,
                &b"abc"[..],
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                Algorithm::Sha512,
                b"abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (Algorithm::Sha1, b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Md5, b"message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (Algorithm::Md5, b"", "d41d8cd98f00b204e9800998ecf8427e"),
            (
                Algorithm::Blake3,
                b"",
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
            (Algorithm::Crc32, b"123456789", "cbf43926"),
            (Algorithm::Crc32c, b"123456789", "e3069283"),
            (Algorithm::Crc64Nvme, b"123456789", "ae8b14860a799888"),
        ] {
            assert_eq!(digest(algorithm, bytes), wanted, "{algorithm}");
        }
    }

    #[test]
    fn blake3_is_the_same_on_a_pool() {
        let bytes: Vec<u8> = (0..1_000_000).map(|n| (n % 251) as u8).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        let alone = digest(Algorithm::Blake3, &bytes);
        assert_eq!(pool.install(|| digest(Algorithm::Blake3, &bytes)), alone);
    }
}
