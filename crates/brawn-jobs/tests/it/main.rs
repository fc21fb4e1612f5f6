//! The image job from the outside.

mod behaviour;
#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
mod fixtures;
mod malformed;
mod orientation;
mod quality;
