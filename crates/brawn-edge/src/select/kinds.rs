//! Which files a listing takes, by their extensions.

use crate::location::extension;

/// What a job is made for, and what it leaves alone where it was not asked for by name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kinds {
    /// Extensions, lower case, that folders and prefixes are searched for; everything where there are none.
    pub(crate) accepts: Option<&'static [&'static str]>,
    /// Extensions, lower case, that are passed over in folders and prefixes, and where a pattern matches them.
    pub(crate) passes_over: &'static [&'static str],
}

/// How many files were found, and how many were not taken for their extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) taken: u64,
    pub(super) passed_over: u64,
}

impl Kinds {
    /// Whether a listing takes a file of this name. What a pattern matches is asked for, whatever the job is made for.
    pub(super) fn take(&self, name: &str, is_matched: bool) -> bool {
        let is_one_of = |kinds: &[&str]| {
            extension(name)
                .is_some_and(|this| kinds.iter().any(|one| this.eq_ignore_ascii_case(one)))
        };
        let accepted = is_matched || self.accepts.is_none_or(is_one_of);
        accepted && !is_one_of(self.passes_over)
    }

    /// What is said of a folder, a prefix or a pattern that gave nothing; `things` are files or objects.
    pub(super) fn nothing(
        &self,
        source: &str,
        is_matched: bool,
        things: &str,
        passed_over: u64,
    ) -> String {
        let verb = if is_matched { "matches" } else { "contains" };
        let count = match passed_over {
            0 => String::new(),
            1 => ", and 1 that is passed over".to_owned(),
            more => format!(", and {more} that are passed over"),
        };
        let named = |kinds: &[&str]| format!(" ({})", kinds.join(", "));
        if !self.passes_over.is_empty() && passed_over > 0 {
            let kinds = named(self.passes_over);
            format!("`{source}` {verb} no {things} but those that this job passes over{kinds}")
        } else if is_matched {
            format!("`{source}` {verb} no {things}")
        } else if let Some(kinds) = self.accepts {
            let kinds = named(kinds);
            format!("`{source}` {verb} no {things} of a kind this job reads{kinds}{count}")
        } else {
            format!("`{source}` {verb} no {things}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_matches_is_taken_but_for_what_is_passed_over() {
        let reads = Kinds { accepts: Some(&["gz", "zst"]), passes_over: &[] };
        let leaves = Kinds { accepts: None, passes_over: &["gz", "zst"] };
        for (name, in_folder, matched, left) in [
            ("a.gz", true, true, false),
            ("x.y/a.ZST", true, true, false),
            ("a.txt", false, true, true),
            ("gz", false, true, true),
            (".gz", false, true, true),
        ] {
            assert_eq!(reads.take(name, false), in_folder, "{name}");
            assert_eq!(reads.take(name, true), matched, "{name}");
            assert_eq!((leaves.take(name, false), leaves.take(name, true)), (left, left), "{name}");
        }
    }
}
