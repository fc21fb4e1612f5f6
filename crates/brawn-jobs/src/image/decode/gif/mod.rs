//! GIF: frames by the `gif` crate, composed here.

mod blocks;
mod canvas;

use brawn_core::{Budget, Error};
use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, MemoryLimit, Repeat};

use super::super::color;
use super::super::orient::Orientation;
use super::super::picture::Layout;
use super::header::{self, EVERYTHING, Format, Header, Probed};
use super::polled::{Polled, because};
use super::{Each, Extras, Frame, Want, corrupt, truncated};
use blocks::Blocks;
use canvas::Canvas;

/// For profiles and XMP.
const METADATA: u64 = 8 << 20;

pub(super) fn probe(bytes: &[u8], complete: bool) -> Result<Probed, Error> {
    let (blocks, ended) = Blocks::read(bytes);
    if ended.is_err() && (!complete || blocks.frames == 0) {
        // Frames are counted by walking over them.
        return header::cut_off(Format::Gif, EVERYTHING, complete);
    }
    if blocks.frames == 0 {
        return Err(Error::invalid_input("the gif has no frame in it"));
    }
    let layout = if blocks.transparent { Layout::Rgba } else { Layout::Rgb };
    let size = (blocks.width, blocks.height);
    let orientation = Orientation::default();
    let detail = header::Detail::Gif;
    let header = Header::still(Format::Gif, size, layout, orientation, &[], detail)?;
    Ok(Probed::Header(header.with_frames(blocks.frames)))
}

pub(super) fn peak_memory(header: &Header, want: &Want) -> u64 {
    // What is handed out; and for more frames than one the canvas that goes on and what it held before.
    let copies = if want.frames.min(header.frames) > 1 { 3 } else { 1 };
    header.pixels() * header.layout.channels() as u64 * copies
        + u64::from(header.width) * 4
        + METADATA
        + (1 << 20)
}

pub(super) fn decode(
    bytes: &[u8],
    header: &Header,
    want: &Want,
    budget: &Budget,
    each: &mut Each<'_>,
) -> Result<Extras, Error> {
    let wrong = |error| because(budget, describe)(error);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options
        .set_memory_limit(MemoryLimit::Bytes(std::num::NonZeroU64::MIN.saturating_add(METADATA)));
    let mut decoder = options.read_info(Polled::new(bytes, budget)).map_err(wrong)?;
    let mut canvas = Canvas::new(header.width, header.height, header.layout)?;
    let frames = want.frames.clamp(1, header.frames.max(1));
    for number in 1..=frames {
        budget.check()?;
        if decoder.next_frame_info().map_err(wrong)?.is_none() {
            break;
        }
        draw(&mut decoder, &mut canvas, number < frames, budget)?;
        let delay_ms = decoder.current_frame_info().map_or(0, |frame| u32::from(frame.delay) * 10);
        let picture = if number < frames { canvas.show()? } else { canvas.finish() };
        each(Frame { picture, delay_ms })?;
        if number < frames {
            canvas.dispose();
        } else {
            break;
        }
    }
    Ok(Extras {
        icc: color::unless_srgb(decoder.icc_profile().map(<[u8]>::to_vec)),
        xmp: decoder.xmp_metadata().map(<[u8]>::to_vec),
        loops: match decoder.repeat() {
            Repeat::Infinite => None,
            // No word of it means: play once.
            Repeat::Finite(count) => Some(count.max(1)),
        },
        ..Extras::default()
    })
}

/// Draws the frame that the decoder stands at.
fn draw(
    decoder: &mut Decoder<Polled<'_>>,
    canvas: &mut Canvas,
    more: bool,
    budget: &Budget,
) -> Result<(), Error> {
    let wrong = |error| because(budget, describe)(error);
    let palette = decoder.palette().map_err(wrong)?.to_vec();
    let Some(frame) = decoder.current_frame_info() else { return Err(truncated(Format::Gif)) };
    let brush = canvas::Brush::new(frame, &palette);
    canvas.begin(&brush, frame.dispose, more)?;
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let interlaced = frame.interlaced;
    if width == 0 || height == 0 {
        return Ok(());
    }
    let mut row = vec![0; width];
    for line in canvas::order(height, interlaced) {
        budget.check()?;
        if !decoder.fill_buffer(&mut row).map_err(wrong)? {
            return Err(truncated(Format::Gif));
        }
        canvas.row(&brush, line, &row);
    }
    Ok(())
}

fn describe(error: DecodingError) -> Error {
    match error {
        DecodingError::UnexpectedEof => truncated(Format::Gif),
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            truncated(Format::Gif)
        }
        DecodingError::MemoryLimit => {
            Error::limit_exceeded("the gif carries more metadata than is read")
        }
        other => corrupt(Format::Gif, other),
    }
}
