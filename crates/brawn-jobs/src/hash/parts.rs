//! What S3 says of an object: the checksum of its parts' checksums.
//!
//! "Checking object integrity", Amazon S3 user guide: an object that was uploaded in parts has the digest of the parts'
//! digests, one after the other, with `-` and their number. CRC-64/NVME is always of the full object.

use super::Algorithm;
use super::state::State;
use super::sums::{ETAG, S3, base64, hex};

/// An algorithm over the whole object, or over its parts as S3 does.
pub(super) struct Checksum {
    algorithm: Algorithm,
    state: State,
    parts: Option<Parts>,
    is_s3: bool,
}

struct Parts {
    size: u64,
    left: u64,
    digests: Vec<u8>,
    done: u64,
}

impl Checksum {
    pub(super) fn new(algorithm: Algorithm, part_size: Option<u64>) -> Checksum {
        let is_s3 = part_size.is_some() && algorithm.is_of_s3();
        let has_parts = is_s3 && algorithm != Algorithm::Crc64Nvme;
        let parts = part_size.filter(|_| has_parts).map(|size| Parts {
            size,
            left: size,
            digests: Vec::new(),
            done: 0,
        });
        Checksum { algorithm, state: State::new(algorithm), parts, is_s3 }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        let Some(parts) = &mut self.parts else { return self.state.update(bytes) };
        while !bytes.is_empty() {
            let most = usize::try_from(parts.left).unwrap_or(usize::MAX).min(bytes.len());
            let (now, rest) = bytes.split_at(most);
            self.state.update(now);
            parts.left -= now.len() as u64;
            bytes = rest;
            if parts.left == 0 {
                let state = std::mem::replace(&mut self.state, State::new(self.algorithm));
                parts.digests.extend(state.finish());
                parts.done += 1;
                parts.left = parts.size;
            }
        }
    }

    /// Name and value, as a fact.
    pub(super) fn finish(self) -> (String, String) {
        let Checksum { algorithm, state, parts, is_s3 } = self;
        let (digest, parts) = match parts {
            Some(mut parts) if parts.done > 0 => {
                if parts.left < parts.size {
                    parts.digests.extend(state.finish());
                    parts.done += 1;
                }
                let mut all = State::new(algorithm);
                all.update(&parts.digests);
                (all.finish(), format!("-{}", parts.done))
            }
            _ => (state.finish(), String::new()),
        };
        match algorithm {
            Algorithm::Md5 if is_s3 => (ETAG.to_owned(), hex(&digest) + &parts),
            _ if is_s3 => (format!("{S3}{algorithm}"), base64(&digest) + &parts),
            _ => (algorithm.name().to_owned(), hex(&digest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum(algorithm: Algorithm, bytes: &[u8], part: u64) -> (String, String) {
        let mut checksum = Checksum::new(algorithm, Some(part));
        // Blocks that are not parts.
        bytes.chunks(7).for_each(|block| checksum.update(block));
        checksum.finish()
    }

    /// Computed with Python's hashlib and zlib: `md5(md5(p1).digest() + md5(p2).digest() + ...)`.
    #[test]
    fn parts_are_hashed_and_their_hashes_hashed() {
        let bytes = b"0123456789abcdefghijABCDE";
        for (algorithm, name, value) in [
            (Algorithm::Md5, "etag", "612f5cb1e3fb16a7599212e4ca24185a-3"),
            (
                Algorithm::Sha256,
                "x-amz-checksum-sha256",
                "SPQF+3bCT5sPjpvDklZHZQyHwlQRue4bqcBnhx3OKG0=-3",
            ),
            (Algorithm::Crc32, "x-amz-checksum-crc32", "JqXFmA==-3"),
        ] {
            assert_eq!(checksum(algorithm, bytes, 10), (name.to_owned(), value.to_owned()));
        }
    }

    #[test]
    fn what_fits_in_one_request_has_no_parts() {
        let (_, etag) = checksum(Algorithm::Md5, b"message digest", 100);
        assert_eq!(etag, "f96b697d7cb7938d525a2f31aaf161d0");
        let (name, crc) = checksum(Algorithm::Crc64Nvme, b"123456789", 2);
        assert_eq!((name.as_str(), crc.as_str()), ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="));
        assert!(checksum(Algorithm::Sha1, b"0123456789", 10).1.ends_with("=-1"));
    }
}
