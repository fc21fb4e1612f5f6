//! Pictures: thumbnails, conversion and filters, many outputs for one decode.
//!
//! [`Options`] says what is wanted; [`ImageJob`] is the [`Job`](brawn_core::Job) that does it. An input is decoded once,
//! at the smallest size its largest output allows; every output is cut, resized, turned upright, converted to sRGB,
//! filtered and encoded from there, side by side on the pool.
//!
//! ```
//! use brawn_core::{Budget, Job, MemorySink, Source};
//! use brawn_jobs::image::{Format, ImageJob, Options};
//!
//! # let gif = b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
//! let job = ImageJob::new(Options {
//!     width: vec![320, 800],
//!     format: vec![Format::WebP, Format::Png],
//!     ..Options::default()
//! })?;
//! let mut sink = MemorySink::default();
//! job.run(Source::bytes("2024/red.gif", gif), &mut sink, &Budget::unlimited())?;
//! let names: Vec<_> = sink.outputs.iter().map(|output| output.name.as_str()).collect();
//! assert_eq!(names, ["2024/red-320.webp", "2024/red-320.png", "2024/red-800.webp", "2024/red-800.png"]);
//! # Ok::<(), brawn_core::Error>(())
//! ```

mod alpha;
mod canvas;
mod color;
mod decode;
mod encode;
mod exif;
mod extension;
mod filter;
mod geometry;
mod job;
mod limits;
mod name;
mod options;
mod orient;
mod picture;
mod plan;
mod render;
mod resize;

pub(crate) use extension::EXTENSIONS;
pub use job::ImageJob;
pub use options::{Chroma, Colour, Convolve, Fit, Format, Frames, Gravity, Kernel, Options};
