//! Does this function keep its CPU work off the async runtime?
//!
//! A static checker for Rust projects, above all those on AWS Lambda, on stable Rust: it reads sources, manifests and
//! deployment files, runs nothing, and knows no other brawn crate. Precision comes first: what it cannot be sure of, it
//! does not say, or says only when asked for advice.
//!
//! ```
//! use brawn_check::{Check, Format};
//!
//! let folder = std::env::temp_dir().join("brawn-check-example");
//! std::fs::create_dir_all(&folder)?;
//! std::fs::write(folder.join("main.rs"), "async fn handler(png: Vec<u8>) { image::load_from_memory(&png); }")?;
//!
//! let report = Check::new([&folder]).run()?;
//! assert_eq!(report.findings[0].code, "BR102");
//! print!("{}", report.render(Format::Text, false));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allow;
mod baseline;
mod calls;
mod catalogue;
mod check;
mod checklist;
mod deploy;
mod error;
mod finding;
mod fix;
mod glob;
mod program;
mod report;
mod resolve;
mod rules;
mod source;
mod threads;
mod tree;
mod workspace;

pub use check::{Check, explain};
pub use checklist::{Checklist, Item, State};
pub use error::Error;
pub use finding::{Finding, Link, Tier};
pub use fix::{Edit, Fixed};
pub use report::{Format, Report, Skipped};
