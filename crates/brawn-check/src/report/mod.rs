//! Findings as people and programs read them.

mod json;
mod lines;
mod sarif;
mod text;

use crate::finding::{Finding, Tier};

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By file, place and code.
    pub findings: Vec<Finding>,
    /// Files that could not be looked into, and why.
    pub skipped: Vec<Skipped>,
    /// How many Rust files were looked into.
    pub files: usize,
    /// How many deployment files were looked into.
    pub templates: usize,
    /// How many lines the Rust files have.
    pub lines: usize,
    /// How many findings an allow with a reason kept out of `findings`.
    pub allowed: usize,
    /// How many findings the baseline kept out of `findings`.
    pub known: usize,
}

/// A file that could not be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: std::path::PathBuf,
    /// Why, in lower case.
    pub why: String,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As `rustc` does: the line, a caret, the chain, what to write instead.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// One line for each finding.
    Short,
}

impl Report {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// The report in a format. `colour` is for [`Format::Text`] on a terminal.
    #[must_use]
    pub fn render(&self, format: Format, colour: bool) -> String {
        match format {
            Format::Text => text::render(self, colour),
            Format::Json => json::render(self),
            Format::Sarif => sarif::render(self),
            Format::Github => lines::github(self),
            Format::Short => lines::short(self),
        }
    }

    /// Each file as `--fix` would leave it: the fixes of these findings that are safe to make mechanically.
    ///
    /// # Errors
    /// A file that cannot be read any more, or has changed since.
    pub fn fixed(&self) -> Result<Vec<crate::Fixed>, crate::Error> {
        crate::fix::fixed(&self.findings)
    }

    /// A baseline that makes all of these known.
    #[must_use]
    pub fn baseline(&self) -> String {
        crate::baseline::write(&self.findings)
    }

    pub(crate) fn count(&self, tier: Tier) -> usize {
        self.findings.iter().filter(|finding| finding.tier == tier).count()
    }
}
