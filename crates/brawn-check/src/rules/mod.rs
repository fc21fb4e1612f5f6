//! The rules, each in a file of its own whose first comment is its manual page.

use crate::finding::{Finding, Tier};
use crate::program::{Program, View};

mod block_on_in_async;
mod blocking_in_async;
mod heavy_in_async;
mod rayon_in_async;
mod reaches_heavy;

/// One rule.
pub(crate) struct Rule {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) tier: Tier,
    /// The rule's file, whose leading `//!` lines are its page.
    pub(crate) file: &'static str,
    pub(crate) run: Run,
}

/// What a rule looks at.
pub(crate) enum Run {
    Function(fn(&View<'_>, &Rule, &mut Vec<Finding>)),
    Project(fn(&Program, &Rule, &mut Vec<Finding>)),
}

/// All rules, by code.
pub(crate) static RULES: &[Rule] = &[
    rayon_in_async::RULE,
    heavy_in_async::RULE,
    reaches_heavy::RULE,
    block_on_in_async::RULE,
    blocking_in_async::RULE,
];

impl Rule {
    /// The manual page, in Markdown.
    pub(crate) fn page(&self) -> String {
        let lines = self.file.lines().take_while(|line| line.starts_with("//!"));
        let mut page = format!("{} {} ({})\n\n", self.code, self.name, self.tier.name());
        for line in lines {
            page.push_str(line[3..].strip_prefix(' ').unwrap_or(&line[3..]));
            page.push('\n');
        }
        page
    }

    /// What it detects: the first line of its page.
    pub(crate) fn summary(&self) -> &'static str {
        self.file.lines().next().unwrap_or("").trim_start_matches("//!").trim()
    }
}
