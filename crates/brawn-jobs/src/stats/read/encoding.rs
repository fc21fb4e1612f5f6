//! Text in other encodings, as UTF-8.

use std::io::{self, Read};

use brawn_core::{Result, blocks};
use serde::{Deserialize, Serialize};

/// How characters are bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Encoding {
    /// UTF-8, or UTF-16 where a byte order mark or its zeros say so
    #[default]
    #[serde(rename = "auto")]
    #[cfg_attr(feature = "clap", value(name = "auto"))]
    Auto,
    /// UTF-8
    #[serde(rename = "utf-8")]
    #[cfg_attr(feature = "clap", value(name = "utf-8"))]
    Utf8,
    /// UTF-16, by its byte order mark or its zeros, else little-endian
    #[serde(rename = "utf-16")]
    #[cfg_attr(feature = "clap", value(name = "utf-16"))]
    Utf16,
    /// ISO 8859-1
    #[serde(rename = "latin-1")]
    #[cfg_attr(feature = "clap", value(name = "latin-1"))]
    Latin1,
    /// What Windows calls ANSI: Latin-1 with letters and signs between 0x80 and 0x9F
    #[serde(rename = "windows-1252")]
    #[cfg_attr(feature = "clap", value(name = "windows-1252"))]
    Windows1252,
}

/// A reader of UTF-8 over one of anything.
pub(crate) struct Decoded<R> {
    reader: R,
    form: Form,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// How much of `text` has been handed on.
    done: usize,
    at_end: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Same,
    Latin1,
    Windows1252,
    Little,
    Big,
}

const STEP: usize = 64 << 10;

/// First bytes that tell the encoding.
const LOOKED_AT: usize = 512;

/// Which half of the 16-bit units is zero, where in most it is one and in hardly any the other.
fn zeros(bytes: &[u8]) -> Option<Form> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let count = |at: usize| pairs.iter().filter(|pair| pair.get(at) == Some(&0)).count();
    let (first, second) = (count(0), count(1));
    let is_most =
        |zeros: usize, others: usize| zeros * 2 > pairs.len() && others * 20 < pairs.len();
    match (pairs.len() >= 4, is_most(first, second), is_most(second, first)) {
        (true, true, _) => Some(Form::Big),
        (true, _, true) => Some(Form::Little),
        _ => None,
    }
}

impl<R: Read> Decoded<R> {
    /// Looks at the first bytes for a byte order mark, which it takes away, or for the zeros that every other byte of Latin
    /// text in UTF-16 is.
    ///
    /// # Errors
    /// The reader's.
    pub(crate) fn new(mut reader: R, encoding: Encoding) -> Result<Decoded<R>> {
        let mut mark = Vec::new();
        blocks::fill(&mut reader, &mut mark, LOOKED_AT)?;
        let sixteen = matches!(encoding, Encoding::Auto | Encoding::Utf16);
        let (form, len) = match (mark.as_slice(), encoding) {
            ([0xef, 0xbb, 0xbf, ..], Encoding::Auto | Encoding::Utf8) => (Form::Same, 3),
            ([0xff, 0xfe, ..], _) if sixteen => (Form::Little, 2),
            ([0xfe, 0xff, ..], _) if sixteen => (Form::Big, 2),
            (bytes, _) if sixteen && zeros(bytes).is_some() => {
                (zeros(bytes).unwrap_or(Form::Little), 0)
            }
            (_, Encoding::Auto | Encoding::Utf8) => (Form::Same, 0),
            (_, Encoding::Utf16) => (Form::Little, 0),
            (_, Encoding::Latin1) => (Form::Latin1, 0),
            (_, Encoding::Windows1252) => (Form::Windows1252, 0),
        };
        let first = mark.split_off(len);
        let (raw, text) =
            if form == Form::Same { (Vec::new(), first) } else { (first, Vec::new()) };
        Ok(Decoded { reader, form, raw, text, done: 0, at_end: false })
    }

    /// What has not been read, of a text that is handed on as it is.
    pub(crate) fn into_inner(self) -> R {
        self.reader
    }

    /// What the text is in.
    pub(crate) fn encoding(&self) -> &'static str {
        match self.form {
            Form::Same => "utf-8",
            Form::Latin1 => "latin-1",
            Form::Windows1252 => "windows-1252",
            Form::Little => "utf-16le",
            Form::Big => "utf-16be",
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        (self.done, self.at_end) = (0, true);
        self.text.clear();
        let held = self.raw.len();
        self.raw.resize(held + STEP, 0);
        let read = loop {
            match self.reader.read(self.raw.get_mut(held..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.at_end = read == 0;
        self.raw.truncate(held + read);
        let used = match self.form {
            Form::Same => self.raw.len(),
            Form::Latin1 | Form::Windows1252 => {
                for byte in &self.raw {
                    push(&mut self.text, self.form.character(*byte));
                }
                self.raw.len()
            }
            Form::Little | Form::Big => self.sixteen(),
        };
        self.raw.drain(..used);
        Ok(())
    }

    /// Decodes whole characters; gives how many bytes these took.
    fn sixteen(&mut self) -> usize {
        let (form, at_end) = (self.form, self.at_end);
        let (pairs, odd) = self.raw.as_chunks::<2>();
        let unit = |pair: &[u8; 2]| match form {
            Form::Big => u16::from_be_bytes(*pair),
            _ => u16::from_le_bytes(*pair),
        };
        // Half of a surrogate pair waits for the other.
        let waits = |last: &[u8; 2]| !at_end && (0xd800..0xdc00).contains(&unit(last));
        let pairs = match pairs {
            [before @ .., last] if waits(last) => before,
            all => all,
        };
        for character in char::decode_utf16(pairs.iter().map(unit)) {
            push(&mut self.text, character.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if at_end && !odd.is_empty() {
            push(&mut self.text, char::REPLACEMENT_CHARACTER);
            return self.raw.len();
        }
        2 * pairs.len()
    }
}

fn push(text: &mut Vec<u8>, character: char) {
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

impl Form {
    fn character(self, byte: u8) -> char {
        /// 0x80 to 0x9F, by the WHATWG Encoding Standard's index.
        const WINDOWS: [char; 32] = [
            '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
            '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ',
            '\u{9d}', 'ž', 'Ÿ',
        ];
        let high = byte.checked_sub(0x80).and_then(|index| WINDOWS.get(usize::from(index)));
        match high {
            Some(character) if self == Form::Windows1252 => *character,
            _ => char::from(byte),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut rest = self.text.get(self.done..).unwrap_or_default();
            if !rest.is_empty() {
                let read = rest.read(buffer)?;
                self.done += read;
                return Ok(read);
            }
            if self.form == Form::Same {
                return self.reader.read(buffer);
            }
            if self.at_end && self.raw.is_empty() {
                return Ok(0);
            }
            self.refill()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }

    fn decode(bytes: &[u8], encoding: Encoding) -> String {
        let texts = [1, 2, 3, 1000].map(|step| {
            let mut text = String::new();
            let mut decoded = Decoded::new(Slow(bytes, step), encoding).expect("memory");
            decoded.read_to_string(&mut text).expect("UTF-8");
            text
        });
        assert!(texts.iter().all(|text| *text == texts[0]));
        texts[0].clone()
    }

    #[test]
    fn a_mark_tells_the_encoding_and_is_no_text() {
        let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}aé🦀".encode_utf16().flat_map(bytes).collect()
        };
        assert_eq!(decode(&wide(u16::to_le_bytes), Encoding::Auto), "aé🦀");
        assert_eq!(decode(&wide(u16::to_be_bytes), Encoding::Auto), "aé🦀");
        assert_eq!(decode("\u{feff}aé".as_bytes(), Encoding::Auto), "aé");
        assert_eq!(decode(&wide(u16::to_le_bytes)[2..], Encoding::Utf16), "aé🦀");
        let table = "id;name\n1;Zoë\n2;Łódź\n";
        let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            table.encode_utf16().flat_map(bytes).collect()
        };
        for encoding in [Encoding::Auto, Encoding::Utf16] {
            assert_eq!(decode(&wide(u16::to_le_bytes), encoding), table);
            assert_eq!(decode(&wide(u16::to_be_bytes), encoding), table);
        }
        // A few zeros make no UTF-16.
        assert_eq!(decode(b"a,b\n\x00,1\n", Encoding::Auto), "a,b\n\0,1\n");
        assert_eq!(decode(b"", Encoding::Auto), "");
        assert_eq!(decode(b"a", Encoding::Auto), "a");
    }

    #[test]
    fn one_byte_is_one_character_of_latin_1() {
        assert_eq!(decode(b"caf\xe9 \x80", Encoding::Latin1), "café \u{80}");
        assert_eq!(decode(b"caf\xe9 \x80\x9f", Encoding::Windows1252), "café €Ÿ");
    }

    #[test]
    fn what_is_cut_off_is_a_replacement_character() {
        assert_eq!(decode(b"\xff\xfea\0b", Encoding::Auto), "a\u{fffd}");
        assert_eq!(decode(b"\xff\xfe\x3d\xd8", Encoding::Auto), "\u{fffd}");
    }
}
