//! What the values of a column look like.

use serde::{Deserialize, Serialize};

use super::read::{Frame, Span, parse_trimmed, shown_field};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Numbers without a fraction.
    Integer,
    /// Numbers.
    Float,
    /// Anything.
    Text,
    /// Text of `true` and `false`.
    Boolean,
    /// Text such as `2026-11-24`.
    Date,
    /// Text such as `2026-11-24T09:30:00Z`.
    Timestamp,
}

impl Type {
    /// Whether its statistics are those of numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Type::Integer | Type::Float)
    }
}

/// What the first values of a column are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guess {
    numbers: u64,
    others: u64,
    /// The first that is no number.
    example: Option<String>,
}

impl Guess {
    /// Whether they are numbers alone.
    pub(crate) fn is_number(&self) -> bool {
        self.numbers > 0 && self.others == 0
    }

    /// The value that makes text of a column of numbers.
    pub(crate) fn trap(&self) -> Option<&str> {
        let is_trap = self.others > 0 && self.numbers >= 9 * self.others;
        self.example.as_deref().filter(|_| is_trap)
    }

    /// Adds the texts of a block.
    pub(crate) fn add(&mut self, spans: &[Span], frame: &Frame, block: &[u8], point: u8) {
        for text in spans.iter().filter_map(|span| span.of(block, &frame.side)) {
            if parse_trimmed(text, point).is_some() {
                self.numbers += 1;
            } else if !text.trim_ascii().is_empty() {
                // Spaces are no value where a number is wanted.
                self.others += 1;
                self.example.get_or_insert_with(|| shown_field(text));
            }
        }
    }
}

/// A form that text can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Boolean,
    Date,
    Timestamp,
    Text,
}

impl Form {
    pub(crate) fn of(text: &[u8]) -> Form {
        match text {
            _ if is_boolean(text) => Form::Boolean,
            _ if is_date(text) => Form::Date,
            _ if is_timestamp(text) => Form::Timestamp,
            _ => Form::Text,
        }
    }

    /// The one that a column pinned to `of` has.
    pub(crate) fn pinned(of: Type) -> Option<Form> {
        match of {
            Type::Boolean => Some(Form::Boolean),
            Type::Date => Some(Form::Date),
            Type::Timestamp => Some(Form::Timestamp),
            Type::Integer | Type::Float | Type::Text => None,
        }
    }

    /// Whether `text` has it.
    pub(crate) fn is_of(self, text: &[u8]) -> bool {
        match self {
            Form::Boolean => is_boolean(text),
            Form::Date => is_date(text),
            Form::Timestamp => is_timestamp(text),
            Form::Text => true,
        }
    }

    /// The same, where `text` has it too.
    pub(crate) fn kept_by(self, text: &[u8]) -> Form {
        if self.is_of(text) { self } else { Form::Text }
    }

    /// As it is said of what is not.
    pub(crate) fn described(self) -> &'static str {
        match self {
            Form::Boolean => "true or false",
            Form::Date => "a date such as 2026-11-24",
            Form::Timestamp => "a timestamp such as 2026-11-24T09:30:00Z",
            Form::Text => "text",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Boolean => "boolean",
            Form::Date => "date",
            Form::Timestamp => "timestamp",
            Form::Text => "text",
        }
    }
}

fn is_boolean(text: &[u8]) -> bool {
    text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false")
}

/// `2026-11-24`, of a month and a day that exist in some year.
fn is_date(text: &[u8]) -> bool {
    let [_, _, _, _, b'-', m1, m2, b'-', d1, d2] = text else { return false };
    let two = |a: &u8, b: &u8| {
        let digits = a.is_ascii_digit() && b.is_ascii_digit();
        digits.then(|| (a - b'0') * 10 + (b - b'0'))
    };
    let year = text.iter().take(4).all(u8::is_ascii_digit);
    let month = two(m1, m2).is_some_and(|month| (1..=12).contains(&month));
    year && month && two(d1, d2).is_some_and(|day| (1..=31).contains(&day))
}

/// A date, `T` or a space, a time of the day, and maybe a fraction and a zone (ISO 8601).
fn is_timestamp(text: &[u8]) -> bool {
    let Some((date, [b'T' | b' ', time @ ..])) = text.split_at_checked(10) else { return false };
    let (clock, rest) = match time {
        [a, b, b':', c, d, b':', e, f, rest @ ..] => ([*a, *b, *c, *d, *e, *f], rest),
        [a, b, b':', c, d, rest @ ..] => ([*a, *b, *c, *d, b'0', b'0'], rest),
        _ => return false,
    };
    let zone =
        rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b':' | b'+' | b'-' | b'Z'));
    is_date(date) && clock.iter().all(u8::is_ascii_digit) && rest.len() <= 16 && zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_text() {
        for (text, form) in [
            ("true", Form::Boolean),
            ("False", Form::Boolean),
            ("2026-11-24", Form::Date),
            ("2026-13-24", Form::Text),
            ("2026-11-24T09:30:00Z", Form::Timestamp),
            ("2026-11-24 09:30:00.125+01:00", Form::Timestamp),
            ("2026-11-24 noon", Form::Text),
            ("", Form::Text),
            ("é", Form::Text),
        ] {
            assert_eq!(Form::of(text.as_bytes()), form, "{text}");
        }
        assert_eq!(Form::Boolean.kept_by(b"maybe"), Form::Text);
    }
}
