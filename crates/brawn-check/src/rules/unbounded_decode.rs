//! A picture or a compressed object that may be any size once it is decoded.
//!
//! ## What
//! An image decoded, or an archive or compressed object unpacked into memory, in a Lambda function that reads objects from S3
//! and never asks how large the result will be: no `Limits`, no `dimensions`, no `take(..)`.
//!
//! ## Why it matters on Lambda
//! A PNG of 50 KB can claim 30,000 x 30,000 pixels, 3.6 GB; a gzip file of 10 MB can hold 10 GB. The process is killed
//! ("Runtime exited with error: signal: killed"), the event is delivered again, and it is killed again. (`image` itself
//! stops at 512 MB for one picture, which is more than most functions have left.)
//!
//! ## Example
//! ```text
//! let text = zstd::decode_all(&object[..])?;
//! ```
//!
//! ## Instead
//! ```text
//! let (width, height) = ImageReader::new(Cursor::new(&bytes)).with_guessed_format()?.into_dimensions()?;
//! if u64::from(width) * u64::from(height) > MOST_PIXELS { return Err(too_large(key)); }
//! ```
//! and for compressed data `decoder.take(MOST_BYTES).read_to_end(&mut out)`.
//!
//! ## When to allow
//! When all objects are written by yourself.

use super::{Rule, Run};
use crate::catalogue::CallKind;
use crate::finding::{Finding, Tier};
use crate::program::View;

pub(super) const RULE: Rule = Rule {
    code: "BR307",
    name: "unbounded-decode",
    tier: Tier::Advice,
    file: include_str!("unbounded_decode.rs"),
    run: Run::Function(check),
};

fn check(view: &View<'_>, rule: &Rule, out: &mut Vec<Finding>) {
    const ASKS: [&str; 8] =
        ["imits", "dimensions", ".take(", "MAX_", "MOST_", "max_alloc", "content_length", "limit"];
    if !view.is_lambda()
        || !view.crate_mentions(&["S3Event", "get_object"])
        || view.crate_mentions(&ASKS)
    {
        return;
    }
    for call in &view.facts.calls {
        let Some(entry) = view.program.entry_of(call) else { continue };
        let opens = entry.kind == CallKind::Heavy
            && (entry.does == "decodes an image" || is_unpacking(&call.path));
        if opens && !call.path.is_empty() {
            let message =
                format!("nothing here limits how large what `{}` makes may be", view.short(call));
            let mut finding = view.finding(rule, view.call_span(call.at), message);
            finding.help =
                Some("look at the dimensions first, or read through `take(..)`".to_owned());
            out.push(finding);
        }
    }
}

fn is_unpacking(path: &str) -> bool {
    ["decode_all", "copy_decode", "decompress"].iter().any(|word| path.contains(word))
        || path.contains("Decoder::read_to_")
        || path.contains("ZipFile::read_to_")
}
