//! What a picture carries beside its pixels, when it is kept.

/// Kept metadata, ready to be written. Empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// The profile the pixels are in.
    pub(crate) icc: Option<Vec<u8>>,
    /// A TIFF block without `Exif\0\0`, its orientation reset where the pixels were turned upright.
    pub(crate) exif: Option<Vec<u8>>,
    /// An XMP packet.
    pub(crate) xmp: Option<Vec<u8>>,
}

impl Metadata {
    pub(crate) fn new(
        icc: Option<Vec<u8>>,
        exif: Option<Vec<u8>>,
        xmp: Option<Vec<u8>>,
        upright: bool,
    ) -> Metadata {
        let exif = exif.map(|exif| {
            let mut tiff = match exif.strip_prefix(b"Exif\0\0") {
                Some(tiff) => tiff.to_vec(),
                None => exif,
            };
            if upright {
                // A block that cannot be read has no orientation that anybody would follow.
                let _ = reset_orientation(&mut tiff);
            }
            tiff
        });
        Metadata { icc, exif, xmp }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.icc.is_none() && self.exif.is_none() && self.xmp.is_none()
    }
}

/// Sets tag 0x0112 of the first directory to 1, wherever it is found.
fn reset_orientation(tiff: &mut [u8]) -> Option<()> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |tiff: &[u8], at: usize| -> Option<u16> {
        let bytes = tiff.get(at..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(*bytes) } else { u16::from_be_bytes(*bytes) })
    };
    let offset = tiff.get(4..)?.first_chunk::<4>()?;
    let directory = if little { u32::from_le_bytes(*offset) } else { u32::from_be_bytes(*offset) };
    let directory = usize::try_from(directory).ok()?;
    for entry in 0..usize::from(short(tiff, directory)?) {
        let at = directory.checked_add(2 + entry * 12)?;
        if short(tiff, at)? == 0x0112 {
            // A SHORT or a LONG of value 1; both forms have their low byte in a known place.
            let kind = short(tiff, at + 2)?;
            let value = tiff.get_mut(at + 8..at + 12)?;
            value.fill(0);
            value[match (little, kind) {
                (true, _) => 0,
                (false, 4) => 3,
                (false, _) => 1,
            }] = 1;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiff(little: bool, orientation: u16) -> Vec<u8> {
        let short = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let long = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let mut block = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        block.extend(long(8));
        block.extend(short(1));
        block.extend(short(0x0112));
        block.extend(short(3));
        block.extend(long(1));
        block.extend(short(orientation));
        block.extend([0; 6]);
        block
    }

    #[test]
    fn the_orientation_is_reset_and_the_rest_kept() {
        for little in [true, false] {
            let kept = Metadata::new(None, Some(tiff(little, 6)), None, true);
            assert_eq!(kept.exif, Some(tiff(little, 1)));
            let prefixed = [b"Exif\0\0".to_vec(), tiff(little, 8)].concat();
            assert_eq!(Metadata::new(None, Some(prefixed), None, true).exif, Some(tiff(little, 1)));
        }
    }

    #[test]
    fn what_was_not_turned_keeps_its_orientation() {
        let kept = Metadata::new(None, Some(tiff(true, 6)), None, false);
        assert_eq!(kept.exif, Some(tiff(true, 6)));
    }

    #[test]
    fn a_broken_block_is_kept_as_it_is() {
        for broken in [vec![], b"II*\0\xff\xff\xff\xff".to_vec(), tiff(true, 6)[..15].to_vec()] {
            assert_eq!(Metadata::new(None, Some(broken.clone()), None, true).exif, Some(broken));
        }
    }
}
