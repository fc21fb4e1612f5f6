//! Limits that are checked from the header, before a pixel is allocated.

use brawn_core::{ByteSize, Error, Result};

use super::decode::Header;
use super::options::{Frames, Options};

/// Refuses an input by its size in bytes.
pub(crate) fn check_file_size(options: &Options, size: u64) -> Result<()> {
    if size > options.max_src_file_size.0 {
        return Err(exceeded(
            format!("the input has {}", ByteSize(size)),
            options.max_src_file_size,
            "max_src_file_size",
        ));
    }
    Ok(())
}

/// Refuses an input by its header; gives how many frames are read.
pub(crate) fn check_header(options: &Options, header: &Header) -> Result<u32> {
    let side = header.width.max(header.height);
    if side > options.max_src_dimension {
        return Err(exceeded(
            format!("the input has a side of {side} pixels"),
            options.max_src_dimension,
            "max_src_dimension",
        ));
    }
    let frames = match options.frames {
        Frames::First(count) => header.frames.min(count),
        Frames::All => header.frames,
    }
    .max(1);
    if frames > options.max_animation_frames {
        return Err(exceeded(
            format!("{frames} frames are to be read"),
            options.max_animation_frames,
            "max_animation_frames",
        )
        .with_hint("raise `max_animation_frames`, or read fewer with `frames`"));
    }
    let pixels = f64::from(header.width) * f64::from(header.height) * f64::from(frames);
    let megapixels = pixels / 1e6;
    if megapixels > options.max_src_resolution {
        let of = if frames > 1 { format!(" in {frames} frames") } else { String::new() };
        let digits = if megapixels < 10.0 { 3 } else { 1 };
        return Err(exceeded(
            format!("the input has {megapixels:.digits$} megapixels{of}"),
            options.max_src_resolution,
            "max_src_resolution",
        ));
    }
    Ok(frames)
}

/// Refuses an output by its size; `longest` is what its format can hold.
pub(crate) fn check_output(
    options: &Options,
    size: (u32, u32),
    format: &str,
    longest: u32,
) -> Result<()> {
    let side = size.0.max(size.1);
    if side > options.max_result_dimension {
        return Err(exceeded(
            format!("the output would have {}x{} pixels", size.0, size.1),
            options.max_result_dimension,
            "max_result_dimension",
        ));
    }
    if side > longest {
        return Err(Error::limit_exceeded(format!(
            "the output would have {}x{} pixels and {format} holds up to {longest} on a side",
            size.0, size.1
        ))
        .with_hint("ask for a smaller `width` or `height`, or for another `format`"));
    }
    Ok(())
}

/// Refuses an input by the memory it would need.
pub(crate) fn check_memory(options: &Options, bytes: u64) -> Result<()> {
    if bytes > options.max_decoded_memory.0 {
        return Err(exceeded(
            format!("the input would need {} of memory", ByteSize(bytes)),
            options.max_decoded_memory,
            "max_decoded_memory",
        ));
    }
    Ok(())
}

fn exceeded(what: String, limit: impl std::fmt::Display, option: &str) -> Error {
    Error::limit_exceeded(format!("{what}, the limit is {limit}"))
        .with_hint(format!("raise `{option}` if that is meant"))
}
