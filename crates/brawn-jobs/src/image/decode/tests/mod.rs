//! The decoders against fixtures made here, and against the pictures of `BRAWN_INPUTS`.

mod cuts;
pub(super) mod fixtures;
mod formats;
mod inputs;
mod memory;

use std::path::PathBuf;

use brawn_core::{Budget, Error};

use super::{Extras, Frame, Header, Probed, Want, decode, probe};

const ALL: Want = Want { at_least: None, frames: u32::MAX };
const FIRST: Want = Want { at_least: None, frames: 1 };

fn header(bytes: &[u8]) -> Result<Header, Error> {
    match probe(bytes, true)? {
        Probed::Header(header) => Ok(header),
        Probed::NeedsHead(count) => panic!("asks for {count} first bytes though it has all"),
    }
}

fn decode_all(bytes: &[u8], want: &Want) -> Result<(Header, Vec<Frame>, Extras), Error> {
    let header = header(bytes)?;
    let mut frames = Vec::new();
    let extras = decode(bytes, &header, want, &Budget::unlimited(), &mut |frame| {
        frames.push(frame);
        Ok(())
    })?;
    Ok((header, frames, extras))
}

fn decode_first(bytes: &[u8]) -> Result<(Header, Frame), Error> {
    let (header, mut frames, _) = decode_all(bytes, &FIRST)?;
    assert_eq!(frames.len(), 1);
    Ok((header, frames.remove(0)))
}

/// Where the inputs are, if they are here.
fn images(test: &str) -> Option<PathBuf> {
    let images = std::env::var_os("BRAWN_INPUTS").map(|root| PathBuf::from(root).join("images"));
    if images.is_none() {
        eprintln!("{test}: skipped, BRAWN_INPUTS is not set");
    }
    images
}
