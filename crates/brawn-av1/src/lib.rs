//! AV1 still pictures by rav1e, compiled once.
//!
//! rav1e is generic over its samples, so all of it is compiled again in every crate that calls it: three minutes of CPU for
//! the library, and as much for each of its test binaries. This crate calls it once, for 8-bit samples.
#![cfg(feature = "rav1e")]

use std::fmt;

use rav1e::prelude::{Config, Context, EncoderStatus};

pub use rav1e::prelude::{
    ChromaSampling, ColorDescription, ColorPrimaries, EncoderConfig, Frame, MatrixCoefficients,
    PixelRange, Rational, SceneDetectionSpeed, SpeedSettings, TransferCharacteristics,
};

/// A frame as AV1, and what containers tell of it in advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The content of an `av1C` box.
    pub configuration: Vec<u8>,
    /// Without a temporal delimiter: it separates frames of a film, and in a picture there should be none.
    pub bytes: Vec<u8>,
}

/// Why there is no stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The caller did not want to go on.
    Stopped,
    /// What rav1e says of its arguments, or of itself.
    Refused(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Stopped => f.write_str("stopped"),
            Error::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

/// Encodes one frame, which `fill` paints; it says whether to go on. Tiles run on the rayon pool of the caller, and the
/// bytes do not depend on how many threads that has.
///
/// rav1e does all of its work in one call, which cannot be stopped: `keep_going` is asked before and after.
///
/// # Errors
/// [`Error::Stopped`] when `fill` or `keep_going` said so, else what rav1e refuses.
pub fn encode(
    config: EncoderConfig,
    fill: &mut dyn FnMut(&mut Frame<u8>) -> bool,
    keep_going: &dyn Fn() -> bool,
) -> Result<Stream, Error> {
    let refused = |error: &dyn fmt::Display| Error::Refused(error.to_string());
    let config = Config::new().with_encoder_config(config);
    let mut context: Context<u8> = config.new_context().map_err(|error| refused(&error))?;
    let mut frame = context.new_frame();
    if !fill(&mut frame) || !keep_going() {
        return Err(Error::Stopped);
    }
    context.send_frame(frame).map_err(|error| refused(&error))?;
    context.flush();
    let mut bytes = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => bytes.extend_from_slice(&packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => break,
            Err(error) => return Err(refused(&error)),
        }
        if !keep_going() {
            return Err(Error::Stopped);
        }
    }
    if bytes.is_empty() {
        return Err(Error::Refused("it wrote nothing".to_owned()));
    }
    let delimiter = bytes.starts_with(&[0x12, 0]);
    Ok(Stream {
        configuration: context.container_sequence_header(),
        bytes: if delimiter { bytes.split_off(2) } else { bytes },
    })
}
