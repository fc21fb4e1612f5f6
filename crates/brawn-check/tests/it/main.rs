//! The checker as its users meet it: folders of sources, reports.

mod fixes;
mod fixtures;
mod formats;
mod hostile;
mod own;
mod projects;

use std::path::Path;

use brawn_check::{Check, Report};

/// Writes files into a new folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

fn check(path: &Path) -> Report {
    Check::new([path]).run().expect("it runs")
}

/// Codes and lines.
fn found(report: &Report) -> Vec<(&'static str, usize)> {
    report.findings.iter().map(|finding| (finding.code, finding.line)).collect()
}
