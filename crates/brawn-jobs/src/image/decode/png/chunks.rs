//! The chunks before a PNG's pixels: size, transparency, orientation, XMP.

use std::ops::Range;

/// What stands before the pixels.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) depth: u8,
    pub(super) color: u8,
    pub(super) interlaced: bool,
    pub(super) transparency: bool,
    pub(super) animated: bool,
    exif: Option<Range<usize>>,
    xmp: Option<Range<usize>>,
}

/// Why the walk ended before the pixels.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The bytes end; so many first bytes hold the chunk being read.
    CutOff(u64),
    /// For people.
    Wrong(String),
}

impl Chunks {
    /// Walks to the first pixels. Chunks behind them are not looked at, as they would be out of reach of a head.
    pub(super) fn read(bytes: &[u8]) -> Result<Chunks, Stopped> {
        let mut chunks = Chunks::default();
        let mut at = 8_usize;
        loop {
            let Some([l3, l2, l1, l0, name @ ..]) = bytes.get(at..at.saturating_add(8)) else {
                return Err(Stopped::CutOff(at as u64 + 8));
            };
            let length = u32::from_be_bytes([*l3, *l2, *l1, *l0]);
            if at == 8 && name != b"IHDR" {
                return Err(Stopped::Wrong("its first chunk is not IHDR".to_owned()));
            }
            match name {
                b"IDAT" => return Ok(chunks),
                b"IEND" => return Err(Stopped::Wrong("it ends without pixels".to_owned())),
                _ => {}
            }
            let start = at + 8;
            let end = start as u64 + u64::from(length);
            let next = end + 4;
            if length > i32::MAX as u32 {
                return Err(Stopped::Wrong(format!("a chunk says it is {length} bytes long")));
            }
            let cut_off = Stopped::CutOff(next + 8);
            let (Ok(body), true) =
                (usize::try_from(end).map(|end| start..end), next <= bytes.len() as u64)
            else {
                return Err(cut_off);
            };
            let Some(content) = bytes.get(body.clone()) else { return Err(cut_off) };
            match name {
                b"IHDR" => chunks.ihdr(content)?,
                b"tRNS" => chunks.transparency = true,
                b"acTL" => chunks.animated = true,
                b"eXIf" => chunks.exif = chunks.exif.take().or(Some(body)),
                b"iTXt" => {
                    // Keyword, 0, not compressed, method, no language, no translation, text.
                    const XMP: &[u8] = b"XML:com.adobe.xmp\0\0\0\0\0";
                    if content.starts_with(XMP) {
                        chunks.xmp = Some(body.start + XMP.len()..body.end);
                    }
                }
                _ => {}
            }
            at = next as usize;
        }
    }

    fn ihdr(&mut self, content: &[u8]) -> Result<(), Stopped> {
        let [w3, w2, w1, w0, h3, h2, h1, h0, depth, color, _, _, interlace] = content else {
            return Err(Stopped::Wrong(format!(
                "its IHDR is {} bytes long, not 13",
                content.len()
            )));
        };
        self.width = u32::from_be_bytes([*w3, *w2, *w1, *w0]);
        self.height = u32::from_be_bytes([*h3, *h2, *h1, *h0]);
        (self.depth, self.color, self.interlaced) = (*depth, *color, *interlace != 0);
        let depths: &[u8] = match color {
            0 => &[1, 2, 4, 8, 16],
            3 => &[1, 2, 4, 8],
            _ => &[8, 16],
        };
        if !depths.contains(depth) {
            return Err(Stopped::Wrong(format!(
                "it has {depth} bits per sample of colour type {color}"
            )));
        }
        if self.width > i32::MAX as u32 || self.height > i32::MAX as u32 {
            return Err(Stopped::Wrong("it is more than 2^31 pixels wide or high".to_owned()));
        }
        Ok(())
    }

    pub(super) fn exif<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.exif.clone()?)
    }

    pub(super) fn xmp<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.xmp.clone()?)
    }
}
