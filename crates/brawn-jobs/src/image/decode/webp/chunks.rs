//! The chunks of a WebP: size, kind, metadata, frames.

use std::ops::Range;

/// What the chunks say.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) alpha: bool,
    pub(super) lossless: bool,
    pub(super) animated: bool,
    pub(super) frames: u32,
    /// Of an animation; 0 is for ever.
    pub(super) loops: u16,
    /// How long the file says it is.
    pub(super) declared: u64,
    icc: Option<Range<usize>>,
    exif: Option<Range<usize>>,
    xmp: Option<Range<usize>>,
}

/// Why the walk ended early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The bytes end; the file goes on to this offset at least.
    CutOff(u64),
    /// For people.
    Wrong(String),
}

const ANIMATION: u8 = 0x02;
const XMP: u8 = 0x04;
const EXIF: u8 = 0x08;
const ALPHA: u8 = 0x10;

impl Chunks {
    /// Walks over the chunks, as far as they are needed: metadata and frames stand behind the pixels.
    pub(super) fn read(bytes: &[u8]) -> Result<Chunks, Stopped> {
        let declared = bytes
            .get(4..8)
            .and_then(|size| size.first_chunk())
            .map_or(0, |size| u64::from(u32::from_le_bytes(*size)) + 8);
        let mut chunks = Chunks { frames: 1, declared, ..Chunks::default() };
        let Some((name, body)) = chunk(bytes, 12) else { return Err(Stopped::CutOff(30)) };
        let content = bytes.get(body.start..).unwrap_or_default();
        match &name {
            b"VP8 " => {
                let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = content else {
                    return Err(short_or(
                        content,
                        10,
                        body.start,
                        "its VP8 frame has no start code",
                    ));
                };
                chunks.width = u32::from(u16::from_le_bytes([*w0, *w1]) & 0x3fff);
                chunks.height = u32::from(u16::from_le_bytes([*h0, *h1]) & 0x3fff);
                Ok(chunks)
            }
            b"VP8L" => {
                let [0x2f, b0, b1, b2, b3, ..] = content else {
                    return Err(short_or(
                        content,
                        5,
                        body.start,
                        "its VP8L frame has no signature",
                    ));
                };
                let word = u32::from_le_bytes([*b0, *b1, *b2, *b3]);
                chunks.width = (word & 0x3fff) + 1;
                chunks.height = (word >> 14 & 0x3fff) + 1;
                chunks.alpha = word >> 28 & 1 == 1;
                chunks.lossless = true;
                Ok(chunks)
            }
            b"VP8X" => {
                let [flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = content else {
                    return Err(short_or(content, 10, body.start, "its VP8X chunk is too short"));
                };
                chunks.width = u32::from_le_bytes([*w0, *w1, *w2, 0]) + 1;
                chunks.height = u32::from_le_bytes([*h0, *h1, *h2, 0]) + 1;
                chunks.alpha = flags & ALPHA != 0;
                chunks.extended(bytes, next(&body), *flags)
            }
            _ => Err(Stopped::Wrong("its first chunk is not VP8, VP8L or VP8X".to_owned())),
        }
    }

    fn extended(mut self, bytes: &[u8], start: usize, flags: u8) -> Result<Chunks, Stopped> {
        let animated = flags & ANIMATION != 0;
        let wants_all = animated || flags & (EXIF | XMP) != 0;
        self.animated = animated;
        if animated {
            self.frames = 0;
        }
        let mut pixels = false;
        let mut at = start;
        while let Some((name, body)) = chunk(bytes, at) {
            let content = bytes.get(body.clone());
            match &name {
                b"ICCP" => self.icc = self.icc.take().or(Some(body.clone())),
                b"EXIF" => self.exif = self.exif.take().or(Some(body.clone())),
                b"XMP " => self.xmp = self.xmp.take().or(Some(body.clone())),
                b"ANIM" => {
                    if let Some([_, _, _, _, low, high, ..]) = content {
                        self.loops = u16::from_le_bytes([*low, *high]);
                    }
                }
                b"ANMF" if animated => {
                    self.frames += 1;
                    pixels = true;
                    // x, y, width, height, duration, flags, and then the frame's own chunks.
                    self.lossless |= content.is_some_and(|content| {
                        content.get(16..).is_some_and(|rest| rest.starts_with(b"VP8L"))
                    });
                }
                b"VP8 " | b"VP8L" if !animated => {
                    pixels = true;
                    self.lossless = &name == b"VP8L";
                }
                _ => {}
            }
            if pixels && !wants_all {
                return Ok(self);
            }
            at = next(&body);
        }
        let declared = self.declared;
        if !pixels || at as u64 > bytes.len() as u64 {
            return Err(Stopped::CutOff(declared.max(bytes.len() as u64 + 1)));
        }
        if declared > bytes.len() as u64 {
            return Err(Stopped::CutOff(declared));
        }
        Ok(self)
    }

    pub(super) fn icc<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.icc.clone()?)
    }

    pub(super) fn exif<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let exif = bytes.get(self.exif.clone()?)?;
        Some(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
    }

    pub(super) fn xmp<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.xmp.clone()?)
    }
}

/// The chunk at an offset: its name, and where its content stands (which may be past the end).
fn chunk(bytes: &[u8], at: usize) -> Option<([u8; 4], Range<usize>)> {
    let [n0, n1, n2, n3, s0, s1, s2, s3] = *bytes.get(at..)?.first_chunk()?;
    let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
    let start = at + 8;
    Some(([n0, n1, n2, n3], start..start.checked_add(size)?))
}

/// Chunks start at even offsets.
fn next(body: &Range<usize>) -> usize {
    body.end.saturating_add(body.len() & 1)
}

fn short_or(content: &[u8], needed: usize, start: usize, wrong: &str) -> Stopped {
    if content.len() < needed {
        Stopped::CutOff((start + needed) as u64)
    } else {
        Stopped::Wrong(wrong.to_owned())
    }
}
