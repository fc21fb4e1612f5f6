//! The rules, each in a file of its own whose first comment is its manual page.

use crate::deploy::Deployed;
use crate::finding::{Finding, Tier};
use crate::program::{Program, View};
use crate::source::Text;

mod architecture;
mod block_on_in_async;
mod blocking_in_async;
mod built_per_invocation;
mod file_in_async;
mod first_member_gzip;
mod heavy_in_async;
mod join_error_swallowed;
mod join_error_unwrapped;
mod lock_across_rayon;
mod managed_concurrency;
mod memory_edge;
mod memory_too_large;
mod memory_too_small;
mod no_cancel_check;
mod off_load_dropped;
mod output_in_trigger;
mod panic_abort;
mod partial_not_reported;
mod pool_per_invocation;
mod pool_size;
mod question_mark_in_batch;
mod rayon_in_async;
mod reaches_heavy;
mod scratch_file;
mod sequential_awaits;
mod slow_profile;
mod small_profile;
mod span_not_carried;
mod timeout_without_cancel;
mod unbounded_decode;
mod unbounded_off_load;
mod undecoded_key;
mod visibility_timeout;
mod whole_object;

pub(crate) use lock_across_rayon::guard_alive;

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
    /// One function as a template deploys it.
    Deployed(fn(&Program, &Rule, &Text, &Deployed) -> Option<Finding>),
}

/// All rules, by code.
pub(crate) static RULES: &[Rule] = &[
    rayon_in_async::RULE,
    heavy_in_async::RULE,
    reaches_heavy::RULE,
    block_on_in_async::RULE,
    blocking_in_async::RULE,
    file_in_async::RULE,
    timeout_without_cancel::RULE,
    off_load_dropped::RULE,
    unbounded_off_load::RULE,
    lock_across_rayon::RULE,
    pool_size::RULE,
    pool_per_invocation::RULE,
    join_error_swallowed::RULE,
    span_not_carried::RULE,
    no_cancel_check::RULE,
    join_error_unwrapped::RULE,
    question_mark_in_batch::RULE,
    undecoded_key::RULE,
    whole_object::RULE,
    first_member_gzip::RULE,
    built_per_invocation::RULE,
    sequential_awaits::RULE,
    unbounded_decode::RULE,
    scratch_file::RULE,
    panic_abort::RULE,
    small_profile::RULE,
    slow_profile::RULE,
    memory_too_small::RULE,
    memory_edge::RULE,
    memory_too_large::RULE,
    architecture::RULE,
    visibility_timeout::RULE,
    partial_not_reported::RULE,
    managed_concurrency::RULE,
    output_in_trigger::RULE,
];

impl Rule {
    /// Whether a word of `--select` and `--ignore` means this rule.
    pub(crate) fn is_meant_by(&self, word: &str) -> bool {
        let begins = word.len() >= 2 && self.code.starts_with(&word.to_ascii_uppercase());
        begins || word == self.name || word == self.tier.name() || word == "all"
    }

    /// The manual page, in Markdown.
    pub(crate) fn page(&self) -> String {
        let lines = self.file.lines().take_while(|line| line.starts_with("//!"));
        let mut page = format!("{} {} ({})\n\n", self.code, self.name, self.tier.name());
        for line in lines {
            // `text` keeps rustdoc from compiling what is an excerpt.
            let line = line[3..].strip_prefix(' ').unwrap_or(&line[3..]);
            page.push_str(if line == "```text" { "```" } else { line });
            page.push('\n');
        }
        page
    }

    /// What it detects: the first line of its page.
    pub(crate) fn summary(&self) -> &'static str {
        self.file.lines().next().unwrap_or("").trim_start_matches("//!").trim()
    }
}
