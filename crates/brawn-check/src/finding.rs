//! What a check says.

use std::path::PathBuf;

use crate::fix::Edit;

/// How sure a rule is, and how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Costs time, money or data wherever it stands; next to no false alarms.
    Error,
    /// Costs in most places.
    Warning,
    /// Worth a look; said only when asked for.
    Advice,
}

impl Tier {
    /// `error`, `warning`, `advice`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Tier::Error => "error",
            Tier::Warning => "warning",
            Tier::Advice => "advice",
        }
    }
}

/// One thing found, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `BR101`
    pub code: &'static str,
    /// `rayon-in-async`
    pub rule: &'static str,
    /// How sure.
    pub tier: Tier,
    /// The file, as it was reached from the given path.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Where it ends; the column is one past the last character.
    pub end_line: usize,
    /// See `end_line`.
    pub end_column: usize,
    /// One sentence without a full stop.
    pub message: String,
    /// The way from the place to what costs, when it is not the place itself.
    pub chain: Vec<Link>,
    /// What to do, in one sentence.
    pub help: Option<String>,
    /// What to write instead of the place.
    pub instead: Option<String>,
    /// What `--fix` would write, where the rewrite is mechanical and safe.
    pub fix: Option<Edit>,
    /// The source lines of the place, for reports and for baselines.
    pub excerpt: String,
}

/// A step of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The file.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What is called there.
    pub text: String,
}

impl Finding {
    /// The order of reports: by file, place, code.
    pub(crate) fn order(&self) -> (&PathBuf, usize, usize, &'static str, &str) {
        (&self.path, self.line, self.column, self.code, &self.message)
    }
}
