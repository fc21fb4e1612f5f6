//! Where the elements of a JSON list end: by its structure alone, without reading what is in them.

use super::json::DEEPEST;

/// Reads on through the elements of a list, as more of it comes.
#[derive(Debug, Default)]
pub(super) struct Scan {
    depth: u32,
    in_string: bool,
    /// How much was read.
    read: usize,
    /// Elements that ended with a comma.
    pub(super) commas: usize,
    /// Behind the last of these commas.
    pub(super) cut: usize,
}

/// Why a scan stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All there is was read.
    More,
    /// So many commas were seen.
    Full,
    /// The list ends with the bracket at this place.
    End(usize),
    /// This cannot be: the place, and what is wrong.
    Broken(usize, &'static str),
}

/// Bytes that mean something outside of a string.
const STRUCTURE: [bool; 256] = {
    let mut table = [false; 256];
    let mut index = 0;
    while index < 7 {
        table[b"\",[]{}\\"[index] as usize] = true;
        index += 1;
    }
    table
};

impl Scan {
    /// Reads on in `bytes`, which begin where the scan began, until `most` commas were seen.
    pub(super) fn go(&mut self, bytes: &[u8], most: usize) -> Stop {
        while let Some(byte) = bytes.get(self.read).copied() {
            if self.in_string {
                match byte {
                    // What is escaped may not be here yet: then the backslash is read again.
                    b'\\' if self.read + 1 >= bytes.len() => return Stop::More,
                    b'\\' => self.read += 1,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                self.read += 1;
                continue;
            }
            let at = self.read;
            self.read += 1;
            if !STRUCTURE.get(usize::from(byte)).is_some_and(|means| *means) {
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' if self.depth > DEEPEST => {
                    return Stop::Broken(at, "lists and objects nest deeper than 128");
                }
                b'[' | b'{' => self.depth += 1,
                b']' if self.depth == 0 => return Stop::End(at),
                b'}' if self.depth == 0 => return Stop::Broken(at, "`}` closes what `[` opened"),
                b']' | b'}' => self.depth -= 1,
                b',' if self.depth == 0 => {
                    self.commas += 1;
                    self.cut = at + 1;
                    if self.commas == most {
                        return Stop::Full;
                    }
                }
                _ => {}
            }
        }
        Stop::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_where_it_ends_however_it_comes() {
        let text = br#"{"a":"],\"}\\"},[1,[2]],"x",3 ] , "rest"#;
        for step in 1..=text.len() {
            let mut scan = Scan::default();
            let mut seen = step;
            let stop = loop {
                match scan.go(&text[..seen.min(text.len())], usize::MAX) {
                    Stop::More if seen < text.len() => seen += step,
                    stop => break stop,
                }
            };
            assert_eq!(stop, Stop::End(30), "{step}");
            assert_eq!((scan.commas, scan.cut), (3, 28), "{step}");
        }
    }

    #[test]
    fn a_scan_stops_at_enough_and_at_nonsense() {
        assert_eq!(Scan::default().go(b"1,2,3]", 2), Stop::Full);
        assert!(matches!(Scan::default().go(b"1}", 9), Stop::Broken(1, _)));
        assert!(matches!(Scan::default().go(&[b'['; 1000], 9), Stop::Broken(129, _)));
        assert_eq!(Scan::default().go(b"\"abc", 9), Stop::More);
    }
}
