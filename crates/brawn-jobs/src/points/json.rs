//! JSON, read strictly (RFC 8259) and with the place of what is wrong.

use std::borrow::Cow;

/// Lists and objects nest no deeper.
pub(super) const DEEPEST: u32 = 128;

/// What is no JSON.
#[derive(Debug)]
pub(super) struct Broken {
    /// The byte of the object where it is seen.
    pub(super) at: u64,
    pub(super) what: Cow<'static, str>,
}

/// The kinds of JSON values, as sentences name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    List,
    Object,
}

impl Kind {
    pub(super) fn with_article(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Boolean => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::List => "a list",
            Kind::Object => "an object",
        }
    }
}

/// Reads JSON from bytes that begin at byte `base` of their object.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    base: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], base: u64) -> Cursor<'a> {
        Cursor { bytes, at: 0, base }
    }

    /// The byte of the object that is read next.
    pub(super) fn at(&self) -> u64 {
        self.base + self.at as u64
    }

    /// How many bytes were read.
    pub(super) fn read(&self) -> usize {
        self.at
    }

    /// What was read from `start`, which [`read`](Cursor::read) gave.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn bump(&mut self) {
        self.at += 1;
    }

    pub(super) fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether `byte` comes next; it is read then.
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        let comes = self.peek() == Some(byte);
        self.at += usize::from(comes);
        comes
    }

    /// That something else should be here.
    pub(super) fn expected(&self, what: &str) -> Broken {
        let found: Cow<'static, str> = match self.peek() {
            None => "the end".into(),
            Some(byte @ b'!'..=b'~') => format!("`{}`", char::from(byte)).into(),
            Some(b' ' | b'\t' | b'\n' | b'\r') => "white space".into(),
            Some(byte) => format!("the byte 0x{byte:02x}").into(),
        };
        Broken { at: self.at(), what: format!("{what} is expected, and there is {found}").into() }
    }

    fn broken(&self, what: &'static str) -> Broken {
        Broken { at: self.at(), what: what.into() }
    }

    /// A string from its first quote to its last, without them and as it is written.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Broken> {
        if !self.takes(b'"') {
            return Err(self.expected("a string"));
        }
        let start = self.at;
        let mut is_ascii = true;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                Some(0..0x20) => {
                    return Err(self.broken(
                        "a string holds a control character, which JSON writes as \\u00XX",
                    ));
                }
                Some(byte) => {
                    is_ascii &= byte.is_ascii();
                    self.at += 1;
                }
                None => return Err(self.broken("the text ends inside of a string")),
            }
        }
        let text = self.since(start);
        if !is_ascii && let Err(error) = std::str::from_utf8(text) {
            let at = self.base + (start + error.valid_up_to()) as u64;
            return Err(Broken { at, what: "a string is not UTF-8".into() });
        }
        self.at += 1;
        Ok(text)
    }

    fn escape(&mut self) -> Result<(), Broken> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.expected("a hexadecimal digit"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.expected("a character that may be escaped")),
        }
        Ok(())
    }

    /// A number as it is written.
    pub(super) fn number(&mut self) -> Result<&'a str, Broken> {
        let start = self.at;
        self.takes(b'-');
        if self.takes(b'0') {
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.broken("a number begins with 0 and goes on"));
            }
        } else {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        std::str::from_utf8(self.since(start)).map_err(|_| self.expected("a number"))
    }

    fn digits(&mut self) -> Result<(), Broken> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.expected("a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// Whether `word` comes next; it is read then.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let comes = rest.starts_with(word.as_bytes());
        self.at += if comes { word.len() } else { 0 };
        comes
    }

    /// Reads over a value that stands `depth` deep, and checks all of it.
    pub(super) fn skip(&mut self, depth: u32) -> Result<Kind, Broken> {
        if depth > DEEPEST {
            return Err(self.broken("lists and objects nest deeper than 128"));
        }
        match self.peek() {
            Some(b'"') => self.string().map(|_| Kind::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(|_| Kind::Number),
            Some(b'[') => {
                self.bump();
                self.blank();
                if self.takes(b']') {
                    return Ok(Kind::List);
                }
                loop {
                    self.blank();
                    self.skip(depth + 1)?;
                    self.blank();
                    if self.takes(b']') {
                        return Ok(Kind::List);
                    }
                    if !self.takes(b',') {
                        return Err(self.expected("`,` or `]`"));
                    }
                }
            }
            Some(b'{') => {
                self.bump();
                self.blank();
                if self.takes(b'}') {
                    return Ok(Kind::Object);
                }
                loop {
                    self.key()?;
                    self.skip(depth + 1)?;
                    self.blank();
                    if self.takes(b'}') {
                        return Ok(Kind::Object);
                    }
                    if !self.takes(b',') {
                        return Err(self.expected("`,` or `}`"));
                    }
                }
            }
            _ if self.word("null") => Ok(Kind::Null),
            _ if self.word("true") || self.word("false") => Ok(Kind::Boolean),
            _ => Err(self.expected("a value")),
        }
    }

    /// A key and its colon, up to its value.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Broken> {
        self.blank();
        let key = text_of(self.string()?);
        self.blank();
        if !self.takes(b':') {
            return Err(self.expected("`:`"));
        }
        self.blank();
        Ok(key)
    }
}

/// The text of a string that is written as `written`, with what is escaped in it; half of a surrogate pair is U+FFFD.
pub(super) fn text_of(written: &[u8]) -> Cow<'_, str> {
    if !written.contains(&b'\\') {
        return String::from_utf8_lossy(written);
    }
    let quoted = [b"\"", written, b"\""].concat();
    serde_json::from_slice::<String>(&quoted)
        .map_or_else(|_| String::from_utf8_lossy(written).into_owned().into(), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(text: &str) -> Result<Kind, Broken> {
        let mut cursor = Cursor::new(text.as_bytes(), 0);
        let kind = cursor.skip(0)?;
        if cursor.peek().is_some() { Err(cursor.expected("the end")) } else { Ok(kind) }
    }

    #[test]
    fn what_serde_json_takes_is_taken_and_nothing_else() {
        for text in [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "-0.0",
            "1e5",
            "1E+5",
            "1.5e-300",
            "\"\"",
            "\"a\\u00e9\\n\"",
            "\"é\"",
            "[]",
            "[1, [2,{}]]",
            "{\"a\":{\"b\":[null]}}",
            "{ }",
            "01",
            "-",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e+",
            "NaN",
            "tru",
            "nulll",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\t\"",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "[1 2]",
            "[1}",
            "'a'",
            "\u{feff}1",
            "",
        ] {
            let known = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(skipped(text).is_ok(), known, "{text}: {:?}", skipped(text));
        }
        // A number that serde_json cannot hold is JSON still.
        assert!(skipped("1e999").is_ok());
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (text, at, says) in [
            ("[1,x]", 3, "a value is expected, and there is `x`"),
            ("{\"a\":1", 6, "`,` or `}` is expected, and there is the end"),
            ("\"a\u{1}\"", 2, "control character"),
            ("[01]", 2, "begins with 0"),
        ] {
            let broken = skipped(text).expect_err(text);
            assert_eq!(broken.at, at, "{text}");
            assert!(broken.what.contains(says), "{text}: {}", broken.what);
        }
        let mut cursor = Cursor::new(b"[\"abc\xff\"]", 100);
        let broken = cursor.skip(0).expect_err("not UTF-8");
        assert_eq!((broken.at, &*broken.what), (105, "a string is not UTF-8"));
    }

    #[test]
    fn nesting_has_a_bound() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(skipped(&deep(128)).is_ok());
        assert!(skipped(&deep(100_000)).expect_err("too deep").what.contains("128"));
    }

    #[test]
    fn keys_are_read_as_they_are_meant() {
        let mut cursor = Cursor::new(b"\"d\\u0061ta\" : 1", 0);
        assert_eq!(cursor.key().expect("a key"), "data");
        assert_eq!(cursor.skip(0).expect("a value"), Kind::Number);
    }
}
