//! How deep a parser would recurse into a text, found out without recursion.

/// More than this is refused: hand-written files stay below 2,000.
pub(super) const MOST: usize = 6_000;
/// Nested brackets cost a parser ten frames each.
pub(super) const MOST_BRACKETS: usize = 200;

/// An upper bound of a text's nesting.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Depth {
    /// Tokens between the outermost level and the innermost, less what `;` and `,` ended.
    pub(super) tokens: usize,
    pub(super) brackets: usize,
}

impl Depth {
    pub(super) fn is_too_deep(&self) -> bool {
        self.tokens > MOST || self.brackets > MOST_BRACKETS
    }
}

/// Scans `text` once. Strings, characters and comments are stepped over as Rust writes them; a text that is no Rust
/// gives some number or other, which is all that is asked.
pub(super) fn depth(text: &str) -> Depth {
    let bytes = text.as_bytes();
    let mut most = Depth::default();
    // Tokens since the last separator, for each open bracket.
    let mut open: Vec<usize> = vec![0];
    let mut sum = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += line_length(&bytes[at..]);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at += block_comment(&bytes[at..]);
                continue;
            }
            b'"' => {
                at += string(&bytes[at..]);
                count(&mut open, &mut sum);
                continue;
            }
            b'r' if !after_word(bytes, at) && raw_string(&bytes[at..]).is_some() => {
                at += raw_string(&bytes[at..]).unwrap_or(1);
                count(&mut open, &mut sum);
                continue;
            }
            b'\'' => {
                at += character(&bytes[at..]);
                count(&mut open, &mut sum);
                continue;
            }
            b'(' | b'[' | b'{' => {
                open.push(1);
                sum += 1;
                most.brackets = most.brackets.max(open.len() - 1);
            }
            b')' | b']' | b'}' => {
                if open.len() > 1 {
                    sum -= open.pop().unwrap_or(0);
                }
                // A block ends a statement unless more of the same expression follows.
                if byte == b'}' && !goes_on(&bytes[at + 1..]) {
                    sum -= open.last().copied().unwrap_or(0);
                    if let Some(top) = open.last_mut() {
                        *top = 0;
                    }
                }
            }
            b';' | b',' => {
                sum -= open.last().copied().unwrap_or(0);
                if let Some(top) = open.last_mut() {
                    *top = 0;
                }
            }
            _ if is_word(byte) => {
                at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                count(&mut open, &mut sum);
                most.tokens = most.tokens.max(sum);
                continue;
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => count(&mut open, &mut sum),
        }
        most.tokens = most.tokens.max(sum);
        at += 1;
    }
    most
}

fn count(open: &mut [usize], sum: &mut usize) {
    if let Some(top) = open.last_mut() {
        *top += 1;
        *sum += 1;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn after_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && is_word(bytes[at - 1]) && bytes[at - 1] != b'b'
}

/// Whether an `else`, a method call or an operator follows a closing brace.
fn goes_on(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.starts_with(b"else") || rest.first().is_some_and(|byte| b".?+-*/=<>&|^".contains(byte))
}

fn line_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len())
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while at < bytes.len() && depth > 0 {
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'*')) => (at, depth) = (at + 2, depth + 1),
            (b'*', Some(b'/')) => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    at
}

fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn raw_string(bytes: &[u8]) -> Option<usize> {
    let hashes = bytes[1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let mut at = 2 + hashes;
    while at < bytes.len() {
        if bytes[at] == b'"'
            && bytes[at + 1..].iter().take(hashes).filter(|byte| **byte == b'#').count() == hashes
        {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(bytes.len())
}

/// `'a'` and `'\n'`; of a lifetime, the quote alone.
fn character(bytes: &[u8]) -> usize {
    match (bytes.get(1), bytes.get(2)) {
        (Some(b'\\'), _) => {
            3 + bytes.iter().skip(3).take(12).position(|byte| *byte == b'\'').unwrap_or(0) + 1
        }
        (Some(_), Some(b'\'')) => 3,
        (Some(byte), _) if *byte >= 0x80 => {
            1 + bytes[1..].iter().take(5).position(|byte| *byte == b'\'').map_or(0, |at| at + 1)
        }
        _ => 1,
    }
    .min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_code_is_shallow() {
        let text = include_str!("depth.rs");
        let depth = depth(text);
        assert!(depth.tokens < 1_000 && depth.brackets < 20, "{depth:?}");
    }

    #[test]
    fn nesting_of_every_sort_is_seen() {
        for text in [
            "(".repeat(50_000),
            "!".repeat(50_000),
            format!("fn f() {{ {} }}", "if a { } else ".repeat(30_000)),
            format!("const A: u8 = {};", "1 + ".repeat(30_000)),
            format!("type A = {};", "Vec<".repeat(30_000)),
            format!("fn f() {{ a{} }}", ".b()".repeat(30_000)),
        ] {
            assert!(depth(&text).is_too_deep(), "{}", &text[..30]);
        }
    }

    #[test]
    fn what_is_in_strings_and_comments_does_not_count() {
        for text in [
            format!("const A: &str = \"{}\";", "(".repeat(1_000)),
            format!("const A: &str = r#\"{}\"#;", "(".repeat(1_000)),
            format!("// {}", "(".repeat(1_000)),
            format!("/* /* */ {} */", "(".repeat(1_000)),
            "const A: [char; 500] = [".to_owned() + &"'(',".repeat(500) + "];",
        ] {
            assert!(!depth(&text).is_too_deep(), "{}", &text[..20]);
        }
    }

    #[test]
    fn many_statements_are_not_depth() {
        let text = format!("fn f() {{ {} }}", "let a = b(c);\n if a { b } \n".repeat(20_000));
        assert!(!depth(&text).is_too_deep(), "{:?}", depth(&text));
    }
}
