//! What an AV1 stream says of itself before any of it is decoded: OBUs and the sequence header.
//!
//! Read here and not by the decoder, because the size that it would allocate for is in the stream, whatever the container
//! says: <https://github.com/image-rs/image/issues/3076>.

use super::boxes::{Result, Stopped, wrong};

/// Frames in one item or sample. A still has one, a progressive one up to four layers.
const MOST_FRAMES: u32 = 8;

/// The parts of a sequence header that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 8, 10 or 12 bits.
    pub(super) depth: u8,
    pub(super) chroma: Chroma,
    /// Primaries, transfer, matrix; 2 is unspecified.
    pub(super) codes: [u16; 3],
    pub(super) full_range: bool,
    /// Frames in the stream, shown or not.
    pub(super) frames: u32,
}

/// Which colour samples there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chroma {
    None,
    Quarter,
    Half,
    Full,
}

impl Chroma {
    /// As it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Chroma::None => "4:0:0",
            Chroma::Quarter => "4:2:0",
            Chroma::Half => "4:2:2",
            Chroma::Full => "4:4:4",
        }
    }
}

impl Sequence {
    /// Walks over the OBUs of a whole stream.
    pub(super) fn read(stream: &[u8]) -> Result<Sequence> {
        let mut found: Option<Sequence> = None;
        let mut frames = 0;
        let mut rest = stream;
        while let [header, after @ ..] = rest {
            let kind = header >> 3 & 15;
            let (extended, sized) = (header & 4 != 0, header & 2 != 0);
            let after = if extended { after.get(1..).unwrap_or_default() } else { after };
            let (size, after) = if sized { leb128(after)? } else { (after.len(), after) };
            let Some((content, next)) = after.split_at_checked(size) else {
                return wrong("its AV1 stream ends inside a unit");
            };
            match kind {
                1 => {
                    let sequence = header_of(content)?;
                    match &found {
                        Some(first) if *first != sequence => {
                            return wrong("its AV1 stream has two different sequence headers");
                        }
                        _ => found = Some(sequence),
                    }
                }
                3 | 6 => frames += 1,
                8 => return Err(Stopped::Unsupported("is a list of tiles".to_owned())),
                _ => {}
            }
            rest = next;
        }
        let Some(sequence) = found else { return wrong("its AV1 stream has no sequence header") };
        match frames {
            0 => wrong("its AV1 stream has no frame"),
            1..=MOST_FRAMES => Ok(Sequence { frames, ..sequence }),
            more => Err(Stopped::Unsupported(format!(
                "has {more} frames in one picture, more than {MOST_FRAMES}"
            ))),
        }
    }
}

fn leb128(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            // As 32 bits are the most, this fits.
            let value = usize::try_from(value.min(u64::from(u32::MAX))).unwrap_or(usize::MAX);
            return Ok((value, &bytes[index + 1..]));
        }
    }
    wrong("a unit of its AV1 stream has no size")
}

/// Section 5.5 of the AV1 specification.
fn header_of(content: &[u8]) -> Result<Sequence> {
    let mut bits = Bits { bytes: content, at: 0 };
    let profile = bits.take(3)?;
    bits.flag()?; // still_picture
    let reduced = bits.flag()?;
    if reduced {
        bits.take(5)?; // seq_level_idx
    } else {
        operating_points(&mut bits)?;
    }
    let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
    let (width, height) = (bits.take(width_bits)? + 1, bits.take(height_bits)? + 1);
    if !reduced && bits.flag()? {
        bits.take(7)?; // frame ids
    }
    bits.take(3)?; // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if !reduced {
        inter_tools(&mut bits)?;
    }
    bits.take(3)?; // enable_superres, enable_cdef, enable_restoration
    let depth = match (bits.flag()?, profile) {
        (false, _) => 8,
        (true, 2) if bits.flag()? => 12,
        (true, _) => 10,
    };
    let monochrome = profile != 1 && bits.flag()?;
    let codes = if bits.flag()? {
        [bits.take(8)? as u16, bits.take(8)? as u16, bits.take(8)? as u16]
    } else {
        [2; 3]
    };
    let (full_range, chroma) = match (monochrome, profile) {
        (true, _) => (bits.flag()?, Chroma::None),
        // sRGB itself, as green, blue and red.
        (false, _) if codes == [1, 13, 0] => (true, Chroma::Full),
        (false, 0) => (bits.flag()?, Chroma::Quarter),
        (false, 1) => (bits.flag()?, Chroma::Full),
        (false, 2) => {
            let full_range = bits.flag()?;
            let chroma = match depth {
                12 if !bits.flag()? => Chroma::Full,
                12 if bits.flag()? => Chroma::Quarter,
                _ => Chroma::Half,
            };
            (full_range, chroma)
        }
        (false, profile) => return wrong(format!("its AV1 stream has profile {profile}")),
    };
    Ok(Sequence { width, height, depth, chroma, codes, full_range, frames: 0 })
}

fn operating_points(bits: &mut Bits<'_>) -> Result<()> {
    let mut delays = None;
    if bits.flag()? {
        bits.take(32)?; // num_units_in_display_tick
        bits.take(32)?; // time_scale
        if bits.flag()? {
            bits.uvlc()?; // num_ticks_per_picture_minus_1
        }
        if bits.flag()? {
            delays = Some(bits.take(5)? + 1);
            bits.take(32)?; // num_units_in_decoding_tick
            bits.take(10)?; // lengths of other fields
        }
    }
    let display_delays = bits.flag()?;
    for _ in 0..=bits.take(5)? {
        bits.take(12)?; // operating_point_idc
        if bits.take(5)? > 7 {
            bits.take(1)?; // seq_tier
        }
        if let Some(length) = delays
            && bits.flag()?
        {
            bits.take(length)?;
            bits.take(length)?;
            bits.take(1)?; // low_delay_mode_flag
        }
        if display_delays && bits.flag()? {
            bits.take(4)?;
        }
    }
    Ok(())
}

fn inter_tools(bits: &mut Bits<'_>) -> Result<()> {
    bits.take(4)?; // interintra, masked, warped, dual_filter
    let order_hint = bits.flag()?;
    if order_hint {
        bits.take(2)?; // jnt_comp, ref_frame_mvs
    }
    let screen_content = bits.flag()? || bits.flag()?;
    if screen_content && !bits.flag()? {
        bits.take(1)?; // seq_force_integer_mv
    }
    if order_hint {
        bits.take(3)?;
    }
    Ok(())
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next bits, at most 32.
    fn take(&mut self, count: u32) -> Result<u32> {
        let mut value = 0;
        for _ in 0..count {
            let Some(byte) = self.bytes.get(self.at / 8) else {
                return wrong("its AV1 sequence header is cut off");
            };
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }

    fn flag(&mut self) -> Result<bool> {
        Ok(self.take(1)? == 1)
    }

    /// A number of variable length, which is skipped.
    fn uvlc(&mut self) -> Result<()> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros < 32 {
            self.take(zeros)?;
        }
        Ok(())
    }
}
