//! The sync middles of brawn: CPU-heavy jobs over one object, free of any async runtime.
//!
//! Each job is a feature of this crate, so that a deployed function carries only what it runs. A [`Recipe`] is the
//! serialisable description of a job and its options; it becomes a [`Job`](brawn_core::Job) that plans and runs.
//!
//! ```
//! # #[cfg(feature = "image")] {
//! use brawn_jobs::Recipe;
//!
//! let recipe = Recipe::from_json(&serde_json::json!({
//!     "job": "image", "width": [320, 800], "format": ["webp", "jpeg"],
//! }))?;
//! let job = recipe.into_job()?;
//! assert_eq!(job.name(), "image");
//! # }
//! # Ok::<(), brawn_core::Error>(())
//! ```

#[cfg(feature = "compress")]
pub mod compress;
#[cfg(feature = "compress")]
pub mod decompress;
#[cfg(feature = "encrypt")]
pub mod decrypt;
#[cfg(feature = "encrypt")]
pub mod encrypt;
#[cfg(feature = "hash")]
pub mod hash;
#[cfg(feature = "image")]
pub mod image;
#[cfg(any(feature = "points", feature = "stats"))]
pub mod numbers;
#[cfg(feature = "points")]
pub mod points;
mod recipe;
#[cfg(feature = "stats")]
pub mod stats;
#[cfg(any(
    feature = "compress",
    feature = "encrypt",
    feature = "hash",
    feature = "image",
    feature = "points",
    feature = "stats"
))]
mod values;

pub use recipe::Recipe;
