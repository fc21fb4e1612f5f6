//! The first directory of a TIFF: where each tag's values stand in the file.
//!
//! The `tiff` crate reads directories too, but copies values (a profile of 1 MB becomes 32 MB of enums) and does not say
//! where they stand.

use std::ops::Range;

/// A byte order.
#[derive(Clone, Copy, Debug)]
struct Form {
    big_endian: bool,
}

/// The first directory.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    form: Form,
    entries: Vec<Entry>,
    /// Where the offset of the next directory stands.
    next: Range<usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    tag: u16,
    /// Bytes of one value.
    size: usize,
    values: Range<usize>,
}

/// Directories of real files have 10 to 40 entries.
const MAX_ENTRIES: usize = 4096;

impl Form {
    fn number(self, bytes: &[u8], at: usize, size: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(size)?)?;
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if self.big_endian {
            bytes.iter().fold(0, fold)
        } else {
            bytes.iter().rev().fold(0, fold)
        })
    }
}

impl Directory {
    /// `None` when the file ends before its directory does or makes no sense.
    pub(super) fn read(bytes: &[u8]) -> Option<Directory> {
        let (big_endian, wide) = match bytes.get(..4)? {
            b"II*\0" => (false, false),
            b"MM\0*" => (true, false),
            b"II+\0" => (false, true),
            b"MM\0+" => (true, true),
            _ => return None,
        };
        let form = Form { big_endian };
        let word = if wide { 8 } else { 4 };
        let start = usize::try_from(form.number(bytes, word, word)?).ok()?;
        let count_size = if wide { 8 } else { 2 };
        let count = form.number(bytes, start, count_size)?;
        let count = usize::try_from(count).ok().filter(|count| *count <= MAX_ENTRIES)?;
        let entry_size = 4 + 2 * word;
        let behind = start.checked_add(count_size + count * entry_size)?;
        let mut entries = Vec::new();
        for index in 0..count {
            let at = start.checked_add(count_size + index * entry_size)?;
            let tag = form.number(bytes, at, 2)? as u16;
            let size = match form.number(bytes, at + 2, 2)? {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 | 16 | 17 | 18 => 8,
                _ => continue,
            };
            let count = form.number(bytes, at + 4, word)?;
            let Ok(length) = usize::try_from(count.saturating_mul(size as u64)) else { continue };
            let inline = at + 4 + word;
            let from = if length <= word {
                inline
            } else {
                let Ok(from) = usize::try_from(form.number(bytes, inline, word)?) else { continue };
                from
            };
            let Some(end) = from.checked_add(length) else { continue };
            entries.push(Entry { tag, size, values: from..end });
        }
        Some(Directory { form, entries, next: behind..behind + word })
    }

    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// The tag's bytes as they stand in the file.
    pub(super) fn raw<'a>(&self, bytes: &'a [u8], tag: u16) -> Option<&'a [u8]> {
        bytes.get(self.entry(tag)?.values.clone())
    }

    /// The tag's values as unsigned numbers.
    pub(super) fn numbers<'a>(
        &'a self,
        bytes: &'a [u8],
        tag: u16,
    ) -> impl Iterator<Item = u64> + 'a {
        let entry = self.entry(tag);
        entry.into_iter().flat_map(move |entry| {
            entry
                .values
                .clone()
                .step_by(entry.size)
                .map_while(move |at| self.form.number(bytes, at, entry.size))
        })
    }

    /// The tag's first value.
    pub(super) fn number(&self, bytes: &[u8], tag: u16) -> Option<u64> {
        self.numbers(bytes, tag).next()
    }

    /// Where a short value stands, and the bytes that say `value` instead.
    pub(super) fn short_at(&self, tag: u16, value: u16) -> Option<(usize, Vec<u8>)> {
        let entry = self.entry(tag).filter(|entry| entry.size == 2)?;
        let bytes = if self.form.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        Some((entry.values.start, bytes.to_vec()))
    }

    /// Where the offset of the next directory stands, and the bytes that say that there is none.
    pub(super) fn no_next(&self) -> (usize, Vec<u8>) {
        (self.next.start, vec![0; self.next.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One directory of short values, behind the header.
    fn file(big_endian: bool, wide: bool, entries: &[(u16, &[u16])]) -> Vec<u8> {
        let mut bytes = match (big_endian, wide) {
            (false, false) => b"II*\0".to_vec(),
            (true, false) => b"MM\0*".to_vec(),
            (false, true) => b"II+\0\x08\0\0\0".to_vec(),
            (true, true) => b"MM\0+\0\x08\0\0".to_vec(),
        };
        let word = if wide { 8 } else { 4 };
        let put = |bytes: &mut Vec<u8>, value: u64, size: usize| {
            let all = value.to_be_bytes();
            let mut part = all[8 - size..].to_vec();
            if !big_endian {
                part.reverse();
            }
            bytes.extend(part);
        };
        let start = bytes.len() as u64 + word as u64;
        put(&mut bytes, start, word);
        put(&mut bytes, entries.len() as u64, if wide { 8 } else { 2 });
        let mut behind = bytes.len() + entries.len() * (4 + 2 * word);
        let mut long = Vec::new();
        for (tag, values) in entries {
            put(&mut bytes, u64::from(*tag), 2);
            put(&mut bytes, 3, 2);
            put(&mut bytes, values.len() as u64, word);
            let mut packed = Vec::new();
            values.iter().for_each(|value| put(&mut packed, u64::from(*value), 2));
            if packed.len() > word {
                put(&mut bytes, behind as u64, word);
                behind += packed.len();
                long.extend(packed);
            } else {
                packed.resize(word, 0);
                bytes.extend(packed);
            }
        }
        [bytes, long].concat()
    }

    #[test]
    fn all_four_forms_read_the_same() {
        let entries: [(u16, &[u16]); 3] = [(256, &[640]), (258, &[8, 9, 10, 11, 12]), (262, &[2])];
        for (big_endian, wide) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut bytes = file(big_endian, wide, &entries);
            let directory = Directory::read(&bytes).expect("a directory");
            assert_eq!(directory.number(&bytes, 256), Some(640));
            assert_eq!(directory.numbers(&bytes, 258).collect::<Vec<_>>(), [8, 9, 10, 11, 12]);
            assert_eq!(directory.number(&bytes, 999), None);
            let (at, patch) = directory.short_at(262, 1).expect("a short");
            bytes[at..at + 2].copy_from_slice(&patch);
            assert_eq!(directory.number(&bytes, 262), Some(1));
        }
    }

    #[test]
    fn values_behind_the_end_are_not_there() {
        let bytes = file(false, false, &[(258, &[8, 8, 8])]);
        let cut = &bytes[..bytes.len() - 3];
        let directory = Directory::read(cut).expect("a directory");
        assert_eq!(directory.raw(cut, 258), None);
        assert_eq!(directory.numbers(cut, 258).count(), 1);
        assert!(Directory::read(&bytes[..20]).is_none());
    }
}
