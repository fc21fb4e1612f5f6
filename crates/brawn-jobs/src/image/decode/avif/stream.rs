//! AV1 frames by re_rav1d, the Rust port of dav1d.
//!
//! Built without its assembly, so that neither nasm nor a C compiler is needed. Its functions are `extern "C"` inside, so
//! a panic in one would end the process; 90,000 mutated and truncated streams made none. It works on this thread
//! alone, and cannot be stopped within a frame.

use re_rav1d::dav1d::{Decoder, Error as Av1Error, Picture as Frame, Settings};

use brawn_core::{Budget, Error};

use super::super::header::Format;
use super::super::{corrupt, truncated};
use super::sequence::{Chroma, Sequence};

/// The first frame that a stream shows, of the size that `sequence` says.
pub(super) fn first_frame(
    stream: Vec<u8>,
    sequence: &Sequence,
    operating_point: u8,
    budget: &Budget,
) -> Result<Frame, Error> {
    budget.check()?;
    let pixels = u64::from(sequence.width) * u64::from(sequence.height);
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_operating_point(u32::from(operating_point));
    // A frame may have another size than its sequence. 0 would be no limit.
    settings.set_frame_size_limit(u32::try_from(pixels).unwrap_or(u32::MAX).max(1));
    let mut decoder = Decoder::with_settings(&settings).map_err(describe)?;
    let mut sent = decoder.send_data(stream, None, None, None);
    let frame = loop {
        budget.check()?;
        match (decoder.get_picture(), sent) {
            (Ok(frame), _) => break frame,
            (Err(Av1Error::Again), Err(Av1Error::Again)) => sent = decoder.send_pending_data(),
            (Err(Av1Error::Again), Ok(())) => return Err(truncated(Format::Avif)),
            (Err(Av1Error::Again), Err(error)) | (Err(error), _) => return Err(describe(error)),
        }
    };
    let depth = frame.bits_per_component().map(|bits| bits.0);
    if (frame.width(), frame.height()) != (sequence.width, sequence.height)
        || depth != Some(usize::from(sequence.depth))
        || chroma(&frame) != sequence.chroma
    {
        return Err(Error::invalid_input(
            "the avif is corrupt: its frame is not as its header says",
        ));
    }
    Ok(frame)
}

/// The most bytes held while a frame is decoded, the frame included.
///
/// Measured for 12 MP of 4:2:0 and of 4:4:4: the planes, and beside them less than a byte a pixel.
pub(super) fn peak_memory(sequence: &Sequence) -> u64 {
    let side = |length: u32| u64::from(length).next_multiple_of(128);
    let pixels = side(sequence.width) * side(sequence.height);
    let sample = if sequence.depth > 8 { 2 } else { 1 };
    let samples = match sequence.chroma {
        Chroma::None => pixels,
        Chroma::Quarter => pixels * 3 / 2,
        Chroma::Half => pixels * 2,
        Chroma::Full => pixels * 3,
    };
    // Earlier frames of a stream stay as references.
    (samples * sample + pixels) * u64::from(sequence.frames.max(1)) + pixels + (1 << 20)
}

fn chroma(frame: &Frame) -> Chroma {
    use re_rav1d::dav1d::PixelLayout;
    match frame.pixel_layout() {
        PixelLayout::I400 => Chroma::None,
        PixelLayout::I420 => Chroma::Quarter,
        PixelLayout::I422 => Chroma::Half,
        PixelLayout::I444 => Chroma::Full,
    }
}

fn describe(error: Av1Error) -> Error {
    match error {
        Av1Error::NotEnoughMemory => {
            Error::out_of_memory("the avif decoder could not allocate what it needs")
        }
        other => corrupt(Format::Avif, other),
    }
}
