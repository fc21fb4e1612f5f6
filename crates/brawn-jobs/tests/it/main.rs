//! The image job from the outside.

mod behaviour;
mod fixtures;
mod malformed;
mod orientation;
mod quality;
