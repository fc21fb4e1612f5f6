//! Patterns: `photos/*.jpg`, `photos/**/{a,b}?.png`.

use std::path::{Path, PathBuf};

use brawn_core::{Error, Result};
use globset::{GlobBuilder, GlobMatcher};

/// Whether `text` is written like a pattern.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// A pattern and the literal folder that it starts with.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Ends with `/`, or is empty.
    literal: String,
    /// All that a match begins with, in its folder or not.
    beginning: String,
    rest: GlobMatcher,
    depth: Option<usize>,
    hidden: bool,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Pattern> {
        let first = text.find(['*', '?', '[', '{']).unwrap_or(text.len());
        let start = text[..first].rfind('/').map_or(0, |slash| slash + 1);
        let (literal, rest) = text.split_at(start);
        let glob = GlobBuilder::new(rest).literal_separator(true).build().map_err(|error| {
            Error::invalid_options(format!("`{text}` is not a pattern: {}", error.kind()))
                .with_hint("patterns know `*`, `?`, `**`, `[a-z]` and `{a,b}`")
        })?;
        // A backslash takes its meaning from what follows.
        let plain = text.find(['*', '?', '[', '{', '\\']).unwrap_or(text.len());
        // A `/` inside braces counts as one level too many, which only makes the walk longer.
        let depth = (!rest.contains("**")).then(|| rest.matches('/').count() + 1);
        Ok(Pattern {
            literal: literal.to_owned(),
            beginning: text[..plain].to_owned(),
            rest: glob.compile_matcher(),
            depth,
            hidden: rest.starts_with('.') || rest.contains("/."),
        })
    }

    /// The folder to walk.
    pub(super) fn folder(&self) -> PathBuf {
        PathBuf::from(if self.literal.is_empty() { "." } else { &self.literal })
    }

    /// The folder as a prefix, to which names are relative.
    pub(super) fn prefix(&self) -> &str {
        &self.literal
    }

    /// What every key that matches begins with: the prefix to list.
    pub(super) fn beginning(&self) -> &str {
        &self.beginning
    }

    /// How many levels below the folder a match can be; `None` for any.
    pub(super) fn depth(&self) -> Option<usize> {
        self.depth
    }

    /// Whether it names hidden files itself; `*` means none of them.
    pub(super) fn names_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether `name`, relative to the folder, matches.
    pub(super) fn matches(&self, name: impl AsRef<Path>) -> bool {
        self.rest.is_match(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_part_is_the_folder_and_the_rest_is_matched_within() {
        for (text, literal, beginning, yes, no) in [
            ("photos/*.jpg", "photos/", "photos/", "a.jpg", "2024/a.jpg"),
            ("photos/**/*.jpg", "photos/", "photos/", "2024/05/a.jpg", "a.png"),
            ("photos/**/*.jpg", "photos/", "photos/", "a.jpg", "a.png"),
            ("*.{jpg,png}", "", "", "a.png", "a.gif"),
            ("a/b/c?.txt", "a/b/", "a/b/c", "c1.txt", "c12.txt"),
            ("/abs/[ab].txt", "/abs/", "/abs/", "a.txt", "c.txt"),
            ("2024/{05,06}/*.jpg", "2024/", "2024/", "06/a.jpg", "07/a.jpg"),
            (r"a/b\?c*", "a/", "a/b", "b?cd", "bxcd"),
        ] {
            let pattern = Pattern::new(text).expect(text);
            assert_eq!((pattern.prefix(), pattern.beginning()), (literal, beginning));
            assert!(pattern.matches(yes) && !pattern.matches(no), "{text}");
        }
    }

    #[test]
    fn a_broken_pattern_says_what_patterns_know() {
        let error = Pattern::new("a/{b.jpg").expect_err("unclosed");
        assert!(error.to_string().starts_with("`a/{b.jpg` is not a pattern"), "{error}");
        assert!(error.hint().is_some());
    }
}
