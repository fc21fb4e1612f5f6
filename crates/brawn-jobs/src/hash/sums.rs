//! Lines of checksums, as `sha256sum` and `b3sum` write and read them.

use super::Algorithm;

/// The fact of an object that was uploaded in parts: its ETag, which is MD5 where nothing else was asked of S3.
pub(super) const ETAG: &str = "etag";
/// What the names of S3's other checksums begin with.
pub(super) const S3: &str = "x-amz-checksum-";

/// `digest  name`, as `sha256sum` writes it: a name with a line break or a backslash is escaped, and the line begins with
/// a backslash.
pub fn line(digest: &str, name: &str) -> String {
    let (mark, name) = escaped(name);
    format!("{mark}{digest}  {name}")
}

/// `SHA256 (name) = digest`, as `sha256sum --tag` writes it: says the algorithm.
pub fn tagged(algorithm: &str, digest: &str, name: &str) -> String {
    let (mark, name) = escaped(name);
    format!("{mark}{} ({name}) = {digest}", algorithm.to_uppercase())
}

fn escaped(name: &str) -> (&'static str, String) {
    if name.contains(['\\', '\n', '\r']) {
        ("\\", name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r"))
    } else {
        ("", name.to_owned())
    }
}

fn unescaped(name: &str) -> Option<String> {
    let mut plain = String::new();
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(plain)
}

/// A line that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The algorithm, where the line says it.
    pub algorithm: Option<Algorithm>,
    /// The digest: in lower case, or in base64 where S3 has it so.
    pub digest: String,
    /// Whose it is.
    pub name: String,
    /// Whether it is what S3 shows of an object that was uploaded in parts: an `ETAG` or `X-AMZ-CHECKSUM-..`.
    pub is_s3: bool,
}

impl Sum {
    /// Reads either form; `None` where the line has neither.
    pub fn parse(line: &str) -> Option<Sum> {
        // Blanks before a line are nothing to `sha256sum -c` either.
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start_matches([' ', '\t']);
        let (line, is_escaped) = match line.strip_prefix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        let (algorithm, is_s3, digest, name) =
            Sum::parse_tagged(line).or_else(|| Sum::parse_plain(line))?;
        let name = if is_escaped { unescaped(name)? } else { name.to_owned() };
        let (digest, fits) = match algorithm {
            Some(known) if is_s3 && known != Algorithm::Md5 => {
                let (value, _) = of_parts(digest)?;
                (digest.to_owned(), value.len() == known.digest_len().div_ceil(3) * 4)
            }
            known => {
                let (value, parts) = if is_s3 { of_parts(digest)? } else { (digest, None) };
                let is_hex = value.len() >= 8 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
                let fits = known.is_none_or(|known| value.len() == 2 * known.digest_len());
                let parts = parts.map(|parts| format!("-{parts}")).unwrap_or_default();
                (value.to_ascii_lowercase() + &parts, is_hex && fits)
            }
        };
        (fits && !name.is_empty()).then_some(Sum { algorithm, digest, name, is_s3 })
    }

    /// What the job calls the checksum, given the [`algorithm`](Sum::algorithm).
    pub fn fact(&self, algorithm: Algorithm) -> String {
        match (self.is_s3, algorithm) {
            (true, Algorithm::Md5) => ETAG.to_owned(),
            (true, algorithm) => format!("{S3}{algorithm}"),
            (false, algorithm) => algorithm.name().to_owned(),
        }
    }

    fn parse_plain(line: &str) -> Option<(Option<Algorithm>, bool, &str, &str)> {
        let (digest, name) = line.split_once(' ')?;
        // A blank for text, an asterisk for binary: the same on every system that has not two kinds of files.
        let name = name.strip_prefix([' ', '*'])?;
        Some((None, false, digest, name))
    }

    fn parse_tagged(line: &str) -> Option<(Option<Algorithm>, bool, &str, &str)> {
        let (word, rest) = line.split_once(" (")?;
        let (name, digest) = rest.rsplit_once(") = ")?;
        let word = word.to_ascii_lowercase();
        let (word, is_s3) = match word.strip_prefix(S3) {
            // MD5 is the `ETAG`.
            Some("md5") => return None,
            Some(word) => (word.to_owned(), true),
            None if word == ETAG => (Algorithm::Md5.name().to_owned(), true),
            None => (word.replace('-', ""), false),
        };
        let known = Algorithm::ALL.into_iter().find(|known| known.name() == word);
        let known = known.filter(|known| !is_s3 || known.is_of_s3())?;
        Some((Some(known), is_s3, digest, name))
    }

    /// The algorithm: the one that the line says, or else one that has digests so long. One of `given`, unless these are none:
    /// then it is the best known one.
    pub fn algorithm(&self, given: &[Algorithm]) -> Option<Algorithm> {
        let fits = |known: &Algorithm| 2 * known.digest_len() == self.digest.len();
        if !given.is_empty() {
            let fits =
                |known: &Algorithm| self.algorithm.map_or_else(|| fits(known), |own| own == *known);
            return given.iter().copied().find(fits);
        }
        let usual = [
            Algorithm::Sha256,
            Algorithm::Sha512,
            Algorithm::Sha1,
            Algorithm::Md5,
            Algorithm::Crc32,
            Algorithm::Crc64Nvme,
        ];
        self.algorithm.or_else(|| usual.into_iter().find(fits))
    }
}

/// `value-3`: a checksum of the checksums of three parts; without the number, of an object that has none.
fn of_parts(digest: &str) -> Option<(&str, Option<u64>)> {
    match digest.rsplit_once('-') {
        Some((value, parts)) => Some((value, Some(parts.parse().ok()?))),
        None => Some((digest, None)),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let digest = "a".repeat(64);
        for name in ["a.txt", "a b", "a\nb", "back\\slash", "\rx", "été (1) = 2", "*star", " lead"]
        {
            let sum = Sum::parse(&line(&digest, name)).expect(name);
            assert_eq!((sum.algorithm, sum.name.as_str()), (None, name));
            let sum = Sum::parse(&tagged("sha256", &digest, name)).expect(name);
            assert_eq!((sum.algorithm, sum.name.as_str()), (Some(Algorithm::Sha256), name));
            assert_eq!(sum.digest, digest);
        }
        // What `--part-size` prints.
        for (fact, value, algorithm) in [
            ("etag", "612f5cb1e3fb16a7599212e4ca24185a-3", Algorithm::Md5),
            ("etag", "f96b697d7cb7938d525a2f31aaf161d0", Algorithm::Md5),
            (
                "x-amz-checksum-sha256",
                "SPQF+3bCT5sPjpvDklZHZQyHwlQRue4bqcBnhx3OKG0=-3",
                Algorithm::Sha256,
            ),
            ("x-amz-checksum-crc64nvme", "rosUhgp5mIg=", Algorithm::Crc64Nvme),
        ] {
            let sum = Sum::parse(&tagged(fact, value, "a b")).expect(fact);
            assert!(sum.is_s3 && sum.algorithm(&[]) == Some(algorithm), "{sum:?}");
            assert_eq!((sum.digest.as_str(), sum.fact(algorithm)), (value, fact.to_owned()));
        }
        assert_eq!(line("00", "a\nb"), "\\00  a\\nb");
        for text in [line(&digest, "a\nb"), tagged("sha256", &digest, "a b")] {
            assert_eq!(Sum::parse(&format!(" \t {text}")), Sum::parse(&text), "{text}");
        }
    }

    #[test]
    fn what_is_no_sum_is_none() {
        for text in [
            "",
            "hello",
            "zz  a",
            "abc  a",
            "SHA256 (a) = 00",
            "WHIRL (a) = 00112233",
            "ETAG (a) = 612f5cb1e3fb16a7599212e4ca24185a-",
            "X-AMZ-CHECKSUM-SHA256 (a) = rosUhgp5mIg=",
            "X-AMZ-CHECKSUM-MD5 (a) = 612f5cb1e3fb16a7599212e4ca24185a",
            &format!("X-AMZ-CHECKSUM-SHA512 (a) = {}==", "A".repeat(86)),
            &format!("X-AMZ-CHECKSUM-BLAKE3 (a) = {}=", "A".repeat(43)),
            "00112233  ",
        ] {
            assert_eq!(Sum::parse(text), None, "{text}");
        }
        let binary = Sum::parse("D41D8CD98F00B204E9800998ECF8427E *a").expect("a sum");
        assert_eq!(binary.digest, "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(binary.algorithm(&[]), Some(Algorithm::Md5));
        assert_eq!(binary.algorithm(&[Algorithm::Sha512]), None);
        assert_eq!(binary.algorithm(&[Algorithm::Sha512, Algorithm::Md5]), Some(Algorithm::Md5));
    }

    #[test]
    fn base64_of_rfc_4648() {
        for (text, wanted) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(text.as_bytes()), wanted);
        }
    }
}
