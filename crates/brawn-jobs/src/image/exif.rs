//! The one fact that pictures need from EXIF: which way is up.
//!
//! A reader of this one tag, not a general one: EXIF of real cameras is often broken somewhere (offsets past the end,
//! wrong counts, cut off by an editor), and a picture must not fail for it. Whatever cannot be read is orientation 1.

use super::orient::Orientation;

const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// The orientation in a block of EXIF, which is a small TIFF file, with or without `Exif\0\0` before it.
pub(crate) fn orientation(exif: &[u8]) -> Orientation {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    read(tiff).unwrap_or_default()
}

fn read(tiff: &[u8]) -> Option<Orientation> {
    let order = Order::of(tiff)?;
    let directory = order.u32(tiff, 4)? as usize;
    let count = usize::from(order.u16(tiff, directory)?);
    let first = directory.checked_add(2)?;
    (0..count).map_while(|index| first.checked_add(index * 12)).find_map(|at| {
        if order.u16(tiff, at)? != ORIENTATION {
            return None;
        }
        // Some writers say LONG where the standard says SHORT.
        let value = match order.u16(tiff, at + 2)? {
            SHORT => order.u16(tiff, at + 8)?,
            LONG => u16::try_from(order.u32(tiff, at + 8)?).ok()?,
            _ => return None,
        };
        Orientation::from_exif(value)
    })
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn of(tiff: &[u8]) -> Option<Order> {
        match tiff.get(..4)? {
            b"II*\0" => Some(Order::Little),
            b"MM\0*" => Some(Order::Big),
            _ => None,
        }
    }

    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let array = bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Little => u16::from_le_bytes(*array),
            Order::Big => u16::from_be_bytes(*array),
        })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let array = bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Little => u32::from_le_bytes(*array),
            Order::Big => u32::from_be_bytes(*array),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(big: bool, kind: u16, value: u32) -> Vec<u8> {
        let mut bytes = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        let mut short = |n: u16| {
            bytes.extend(if big { n.to_be_bytes() } else { n.to_le_bytes() });
        };
        let words = if big { [0, 8] } else { [8, 0] };
        words.into_iter().for_each(&mut short);
        short(1);
        short(ORIENTATION);
        short(kind);
        if big { [0, 1] } else { [1, 0] }.into_iter().for_each(&mut short);
        if kind == SHORT {
            short(value as u16);
            short(0);
        } else {
            let (high, low) = ((value >> 16) as u16, value as u16);
            if big { [high, low] } else { [low, high] }.into_iter().for_each(&mut short);
        }
        bytes
    }

    #[test]
    fn all_eight_are_read_in_both_byte_orders_as_short_or_long() {
        for value in 1..=8_u16 {
            let expected = Orientation::from_exif(value).expect("1 to 8");
            for big in [false, true] {
                for kind in [SHORT, LONG] {
                    let bytes = block(big, kind, u32::from(value));
                    assert_eq!(orientation(&bytes), expected);
                    assert_eq!(orientation(&[b"Exif\0\0", &bytes[..]].concat()), expected);
                }
            }
        }
    }

    #[test]
    fn what_is_broken_or_cut_off_is_upright() {
        let whole = block(true, SHORT, 6);
        assert_eq!(orientation(&whole), Orientation::Turned90);
        for end in 0..whole.len() - 2 {
            let cut = orientation(&whole[..end]);
            assert!(cut == Orientation::Normal || end >= whole.len() - 2, "cut at {end}");
        }
        assert_eq!(orientation(&block(true, SHORT, 0)), Orientation::Normal);
        assert_eq!(orientation(&block(false, SHORT, 9)), Orientation::Normal);
        assert_eq!(orientation(&block(false, LONG, 0x0001_0006)), Orientation::Normal);
        let mut far = whole.clone();
        far[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(orientation(&far), Orientation::Normal);
    }
}
