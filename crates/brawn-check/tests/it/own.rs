//! The checker on the repository it lives in.

use std::path::Path;

use brawn_check::{Check, Format};

/// Allows count only with a reason, so nothing found means: nothing but what a reason stands beside.
#[test]
fn nothing_is_found_in_this_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let report = Check::new([root]).run().expect("it runs");
    assert!(report.files > 200, "{} files: the workspace is not there", report.files);
    assert!(report.is_clean(), "{}", report.render(Format::Text, false));
    // With its placeholders not yet filled in, the manifest of a template is no TOML.
    let skipped =
        report.skipped.iter().filter(|it| !it.path.ends_with("templates/function/Cargo.toml"));
    assert_eq!(skipped.count(), 0, "{:?}", report.skipped);
}
