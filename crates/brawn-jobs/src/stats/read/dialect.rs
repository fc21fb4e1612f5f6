//! How a CSV file is written: delimiter, quotes, ends of lines, a header or none.

use brawn_core::{Error, Result};

use super::number;
use crate::stats::Options;

/// What separates and encloses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    /// What ends a record: `\n`, with or without `\r` before it, or `\r` alone.
    pub(crate) newline: u8,
    pub(crate) header: bool,
}

/// Tried in this order: of two that fit as well, the first.
const DELIMITERS: [u8; 4] = *b",\t;|";

/// Records of the sample that are looked at.
const RECORDS: usize = 1000;

impl Dialect {
    /// What the options say, and for the rest what fits the first bytes of the file. `name` tells a `.tsv`.
    pub(crate) fn sniff(options: &Options, name: &str, sample: &[u8]) -> Result<Dialect> {
        let quote = match options.quote.as_str() {
            "" => None,
            text => Some(one_byte("quote", text)?),
        };
        let newline = match (sample.contains(&b'\n'), sample.contains(&b'\r')) {
            (false, true) => b'\r',
            _ => b'\n',
        };
        let with = |delimiter| Dialect { delimiter, quote, newline, header: true };
        let delimiter = match options.delimiter.as_deref() {
            Some("tab" | "\\t") => b'\t',
            Some(text) => one_byte("delimiter", text)?,
            None => {
                let name = name.to_ascii_lowercase();
                let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst"));
                let is_tsv = plain.unwrap_or(&name).ends_with(".tsv");
                let first = if is_tsv { b'\t' } else { b',' };
                let order = std::iter::once(first).chain(DELIMITERS);
                // `1,5;2,5` has as many commas as semicolons.
                let point = options.decimal_separator as u8;
                let order = order.filter(|delimiter| *delimiter != point);
                let first = if first == point { b';' } else { first };
                let mut best = (0, first);
                for delimiter in order {
                    let score = with(delimiter).fit(sample);
                    if score > best.0 {
                        best = (score, delimiter);
                    }
                }
                best.1
            }
        };
        if delimiter == options.decimal_separator as u8 {
            return Err(Error::invalid_options("`delimiter` and `decimal_separator` are the same"));
        }
        if delimiter == newline || quote == Some(delimiter) || quote == Some(newline) {
            return Err(Error::invalid_options(
                "`delimiter`, `quote` and the end of a line are three different characters",
            ));
        }
        let found = with(delimiter);
        let header = options
            .header
            .unwrap_or_else(|| found.has_header(sample, options.decimal_separator as u8));
        Ok(Dialect { header, ..found })
    }

    /// How many records of the sample have as many fields as most, times their fields; 0 where there is one field only.
    fn fit(&self, sample: &[u8]) -> usize {
        let mut widths: Vec<usize> = self.records(sample).map(|record| record.len()).collect();
        if widths.is_empty() {
            return 0;
        }
        let all = widths.len();
        widths.sort_unstable();
        let Some(common) = widths.chunk_by(|a, b| a == b).max_by_key(|same| same.len()) else {
            return 0;
        };
        let (same, fields) = (common.len(), common.first().copied().unwrap_or_default());
        // A character of the text that stands in most lines by chance is in no constant number.
        if fields < 2 { 0 } else { same * 1000 / all * 100 + fields.min(99) }
    }

    /// A header has no number; without numbers in the first record, it is taken for one.
    fn has_header(&self, sample: &[u8], point: u8) -> bool {
        let mut records = self.records(sample);
        let is_number = |field: &Vec<u8>| number::parse_trimmed(field, point).is_some();
        match records.next() {
            Some(first) => !first.iter().any(is_number),
            None => true,
        }
    }

    /// The first records, unquoted.
    fn records<'a>(&'a self, sample: &'a [u8]) -> impl Iterator<Item = Vec<Vec<u8>>> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let (record, end) = self.record(sample, at)?;
                at = end;
                if !is_blank(&record) {
                    return Some(record);
                }
            }
        })
        .take(RECORDS)
    }

    /// The record that begins `at`, and where the next one does. Slow: for samples and headers.
    pub(crate) fn record(&self, bytes: &[u8], mut at: usize) -> Option<(Vec<Vec<u8>>, usize)> {
        bytes.get(at)?;
        let (mut fields, mut field) = (Vec::new(), Vec::new());
        loop {
            if field.is_empty() && bytes.get(at).copied() == self.quote && self.quote.is_some() {
                at += 1;
                while let Some(&byte) = bytes.get(at) {
                    at += 1;
                    if Some(byte) != self.quote {
                        field.push(byte);
                    } else if bytes.get(at).copied() == self.quote {
                        field.push(byte);
                        at += 1;
                    } else {
                        break;
                    }
                }
            }
            match bytes.get(at).copied() {
                Some(byte) if byte == self.delimiter => {
                    fields.push(std::mem::take(&mut field));
                    at += 1;
                }
                Some(byte) if byte == self.newline => {
                    fields.push(field);
                    return Some((fields, at + 1));
                }
                Some(b'\r') if bytes.get(at + 1) == Some(&self.newline) => at += 1,
                Some(byte) => {
                    field.push(byte);
                    at += 1;
                }
                None => {
                    fields.push(field);
                    return Some((fields, at));
                }
            }
        }
    }
}

/// Whether a record is an empty line.
pub(crate) fn is_blank(record: &[Vec<u8>]) -> bool {
    matches!(record, [only] if only.is_empty())
}

fn one_byte(option: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err(Error::invalid_options(format!(
            "`{option}` is `{text}`: takes one ASCII character, such as `;` or `tab`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniff(sample: &str) -> Dialect {
        Dialect::sniff(&Options::default(), "a.csv", sample.as_bytes()).expect("a dialect")
    }

    #[test]
    fn delimiters_are_told_by_how_many_fields_lines_have() {
        for (sample, delimiter) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n2,5;1,5\n", b';'),
            ("a\tb c, d\n1\t2\n", b'\t'),
            ("a|b\n\"x,y\n|z\"|2\n", b'|'),
            ("alone\n1\n2\n", b','),
            ("text, with a comma\nand none\nnor here, but, there\n", b','),
        ] {
            assert_eq!(sniff(sample).delimiter, delimiter, "{sample}");
        }
        let tsv = Dialect::sniff(&Options::default(), "x/A.TSV", b"a\n1\n").expect("a dialect");
        assert_eq!(tsv.delimiter, b'\t');
    }

    #[test]
    fn a_first_record_with_numbers_is_no_header() {
        assert!(sniff("a,b\n1,2\n").header);
        assert!(sniff("a,b\nc,d\n").header);
        assert!(!sniff("1,b\n2,c\n").header);
        assert_eq!(sniff("a,b\r1,2\r").newline, b'\r');
        assert_eq!(sniff("a,b\r\n1,2\r\n").newline, b'\n');
    }

    #[test]
    fn a_wrong_character_is_named() {
        let options = Options { delimiter: Some("ab".to_owned()), ..Options::default() };
        let error = Dialect::sniff(&options, "a.csv", b"").expect_err("two characters");
        assert!(error.to_string().contains("`delimiter` is `ab`"), "{error}");
        let options = Options { delimiter: Some("\"".to_owned()), ..Options::default() };
        assert!(Dialect::sniff(&options, "a.csv", b"").is_err());
    }
}
