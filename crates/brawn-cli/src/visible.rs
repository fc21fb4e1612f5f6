//! Names as people are shown them: one line, and nothing that drives a terminal.

use std::borrow::Cow;

/// `text` with escapes for control characters (`\n`, `\x1b`) and for those that turn the direction of what follows: a file may be
/// called anything, and a name must not look like a line of ours.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            letter if letter.is_ascii_control() => {
                shown.push_str(&format!("\\x{:02x}", u32::from(letter)));
            }
            letter if is_hidden(letter) => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_line_of_letters() {
        for (text, wanted) in [
            ("été 写真 (1).jpg", "été 写真 (1).jpg"),
            ("a\nbrawn: b: OK", "a\\nbrawn: b: OK"),
            ("\u{1b}[2Jx\r\t\u{7f}", "\\x1b[2Jx\\r\\t\\x7f"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
        ] {
            assert_eq!(visible(text), wanted);
        }
    }
}
