//! Numbers in text, read where they stand.

/// Powers of ten that binary64 holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    /// Whether there is neither a point nor an exponent.
    pub(crate) is_integer: bool,
}

/// The plain decimal number (`-12.5`) that begins `at`, and where it ends; `None` where what stands there needs a
/// slower look: an exponent, more digits than 2^53 holds, anything else.
///
/// A mantissa of up to 2^53 over a power of ten of up to 10^22 is one division of exact numbers, so it is rounded right
/// (W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990).
#[inline]
pub(crate) fn plain(bytes: &[u8], at: usize, point: u8) -> Option<(Number, usize)> {
    let negative = bytes.get(at) == Some(&b'-');
    let start = at + usize::from(negative);
    let (number, end) = match short(bytes, start, point) {
        Some(found) => found,
        None => long(bytes, start, point)?,
    };
    // No zero below zero: it would be another value to count.
    let value = if negative && number.value != 0.0 { -number.value } else { number.value };
    Some((Number { value, ..number }, end))
}

/// Up to seven digits, and seven more after the point, without a branch for each; `None` for what is longer, or stands at the
/// very end.
#[inline]
fn short(bytes: &[u8], at: usize, point: u8) -> Option<(Number, usize)> {
    let (whole, count) = digits(bytes, at)?;
    let end = at + count;
    if bytes.get(end) != Some(&point) {
        let is_number = (1..8).contains(&count);
        return is_number.then_some((Number { value: whole as f64, is_integer: true }, end));
    }
    let (part, after) = digits(bytes, end + 1)?;
    if count + after == 0 || count == 8 || after == 8 {
        return None;
    }
    // Fourteen digits are less than 2^53.
    let scale = *EXACT.get(after)?;
    let value = (whole as f64 * scale + part as f64) / scale;
    Some((Number { value, is_integer: false }, end + 1 + after))
}

/// The digits that begin `at`, of the next eight bytes, and how many they are.
///
/// All eight at once: W. Muła, "SIMD-ized parsing of decimal numbers" (2014); D. Lemire, "Quickly parsing eight digits" (2018).
#[inline]
fn digits(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let chunk = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?) ^ 0x3030_3030_3030_3030;
    // The high bit of each byte that is no digit; after the first of them, carries make some of it wrong.
    let others = (chunk.wrapping_add(0x7676_7676_7676_7676) | chunk) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() / 8;
    if count == 0 {
        return Some((0, 0));
    }
    // As if zeros stood before.
    let chunk = chunk << (64 - 8 * count);
    let pairs = (chunk.wrapping_mul(2561) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(42_949_672_960_001) >> 32, count as usize))
}

/// Digit by digit.
fn long(bytes: &[u8], start: usize, point: u8) -> Option<(Number, usize)> {
    let (mut mantissa, mut end) = (0_u64, start);
    while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|d| *d < 10) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        end += 1;
    }
    let mut digits = end - start;
    let mut fraction = 0;
    let is_integer = bytes.get(end) != Some(&point);
    if !is_integer {
        let after = end + 1;
        end = after;
        while let Some(digit) =
            bytes.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|d| *d < 10)
        {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            end += 1;
        }
        fraction = end - after;
        digits += fraction;
    }
    // Nineteen digits do not wrap.
    if digits == 0 || digits > 19 || mantissa > 1 << 53 {
        return None;
    }
    Some((Number { value: mantissa as f64 / EXACT.get(fraction)?, is_integer }, end))
}

/// A finite number with nothing but spaces around it, `+1.5e-3` too.
pub(crate) fn parse_trimmed(field: &[u8], point: u8) -> Option<Number> {
    let field = field.trim_ascii();
    if let Some((number, end)) = plain(field, 0, point)
        && end == field.len()
    {
        return Some(number);
    }
    let text = std::str::from_utf8(field).ok()?;
    // What the standard library takes besides: words for what is no finite number.
    let last = text.bytes().last()?;
    if !(last.is_ascii_digit() || last == b'.' || last == point) {
        return None;
    }
    let value: f64 = match point {
        b'.' => text.parse().ok()?,
        _ if text.contains('.') => return None,
        _ => text.replacen(char::from(point), ".", 1).parse().ok()?,
    };
    let is_integer = !field.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E') || *byte == point);
    (value.is_finite()).then_some(Number { value: value + 0.0, is_integer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_what_the_standard_library_reads() {
        let mut state = 1_u64;
        let mut seen = 0;
        for _ in 0..200_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let digits = (state >> 60) as usize + 1;
            let mantissa = (state >> 3) % 10_u64.pow(digits as u32);
            let text = format!("{}{mantissa}", if state & 1 == 0 { "-" } else { "" });
            let text = match (state >> 32) as usize % (digits + 1) {
                0 => text,
                point if point < text.len() => {
                    let (a, b) = text.split_at(text.len() - point);
                    format!("{a}.{b}")
                }
                _ => text,
            };
            // Alone, and with something after it, which is read eight bytes at once.
            for after in
                ["", ",", ",1234567,", "\n99999999", "\u{e9}\u{e9}\u{e9}\u{e9}", "..-:/e+x"]
            {
                let field = format!("{text}{after}");
                if let Some((number, end)) = plain(field.as_bytes(), 0, b'.') {
                    if !after.starts_with('.') || text.contains('.') {
                        assert_eq!(end, text.len(), "{field}");
                    }
                    seen += 1;
                    assert_eq!(
                        number.value,
                        text.parse::<f64>().expect("a number") + 0.0,
                        "{text}"
                    );
                    assert!(number.value != 0.0 || number.value.is_sign_positive());
                }
            }
        }
        assert!(seen > 900_000, "{seen}");
    }

    #[test]
    fn what_is_no_finite_number_is_none() {
        for text in [
            "", " ", "-", ".", "+", "e5", "1e", "1e999", "nan", "inf", "-inf", "infinity", "0x10",
            "1_000", "1,5", "1 2", "--1", "1.2.3", "٣",
        ] {
            assert_eq!(parse_trimmed(text.as_bytes(), b'.'), None, "{text}");
        }
        for (text, value, is_integer) in [
            (" 7 ", 7.0, true),
            ("+7", 7.0, true),
            ("-0", 0.0, true),
            ("-0.0", 0.0, false),
            ("1.", 1.0, false),
            (".5", 0.5, false),
            ("1e3", 1000.0, false),
            ("-1.5E-3", -0.0015, false),
            ("123456789012345678901234567890", 1.234_567_890_123_456_8e29, true),
            ("0.1234567890123456789", 0.123_456_789_012_345_68, false),
        ] {
            let number = parse_trimmed(text.as_bytes(), b'.').expect(text);
            assert_eq!((number.value, number.is_integer), (value, is_integer), "{text}");
            assert!(!number.value.is_sign_negative() || value < 0.0, "{text}");
        }
        let comma = |text: &str| parse_trimmed(text.as_bytes(), b',').map(|number| number.value);
        assert_eq!((comma("1,5"), comma("-1,5e2"), comma("1.5")), (Some(1.5), Some(-150.0), None));
    }
}
