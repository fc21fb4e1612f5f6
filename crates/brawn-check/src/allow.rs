//! `// brawn: allow(CODE, reason)`: what stands is known, and why.
//!
//! On the line itself or on the line above; above an item (a function, an `impl`, a `mod`) or a statement for all of it; as `//!` for the
//! whole file. In YAML, TOML and Terraform the same after `#`. An allow without a reason is no allow: it is a finding.

use crate::source::Text;
use crate::tree::Span;

/// One allow of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Allow {
    code: String,
    reason: String,
    /// Its own line, from 1.
    pub(crate) line: usize,
    /// The lines that it covers.
    covers: std::ops::RangeInclusive<usize>,
}

impl Allow {
    /// Whether this keeps a finding of `code` (or of a rule of this name) at `line` out of the report.
    pub(crate) fn keeps_out(&self, code: &str, rule: &str, line: usize) -> bool {
        self.covers.contains(&line) && self.names(code, rule) && self.has_reason()
    }

    pub(crate) fn names(&self, code: &str, rule: &str) -> bool {
        self.code.eq_ignore_ascii_case(code) || self.code == rule
    }

    pub(crate) fn has_reason(&self) -> bool {
        self.reason.chars().filter(|c| c.is_alphanumeric()).count() >= 3
    }
}

const MARK: &str = "brawn: allow(";

/// Whether a text has any.
pub(crate) fn may_be_in(text: &Text) -> bool {
    text.text.contains(MARK)
}

/// The allows of a text. `items` are the spans of its items and statements.
pub(crate) fn allows(text: &Text, items: &[Span]) -> Vec<Allow> {
    let mut found = Vec::new();
    if !may_be_in(text) {
        return found;
    }
    for number in 1..=text.line_count() {
        let line = text.line(number);
        let Some(at) = line.find(MARK) else { continue };
        let before = line[..at].trim_end();
        let whole_file = before == "//!";
        if !(before.ends_with("//") || before.ends_with('#') || whole_file) {
            continue;
        }
        let inside = &line[at + MARK.len()..];
        let inside = inside.rfind(')').map_or(inside, |end| &inside[..end]);
        let (code, reason) = inside.split_once(',').unwrap_or((inside, ""));
        let covers = if whole_file {
            1..=usize::MAX
        } else if matches!(before, "//" | "#")
            || before.trim_start() == "//"
            || before.trim_start() == "#"
        {
            below(text, items, number)
        } else {
            number..=number
        };
        found.push(Allow {
            code: code.trim().to_owned(),
            reason: reason.trim().trim_matches('"').to_owned(),
            line: number,
            covers,
        });
    }
    found
}

/// What a comment on a line of its own covers: the next line of code, or all of the item that starts there.
fn below(text: &Text, items: &[Span], number: usize) -> std::ops::RangeInclusive<usize> {
    let mut next = number + 1;
    let is_comment =
        |line: &str| line.starts_with("//") || line.starts_with('#') && !line.starts_with("#[");
    while next < text.line_count() && is_comment(text.line(next).trim_start()) {
        next += 1;
    }
    let line = text.line(next);
    let start = text.start_of(next) + (line.len() - line.trim_start().len()) as u32;
    let upto = text.start_of(next + 1).max(start + 1);
    let item =
        items.iter().filter(|item| (start..upto).contains(&item.start)).map(|item| item.end).max();
    let end = item.map_or(next, |end| text.place(end).0);
    number..=end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &str) -> Text {
        Text::new("a.rs".into(), content)
    }

    #[test]
    fn a_line_is_covered_by_its_own_comment_and_by_the_one_above() {
        let found = allows(
            &text("a(); // brawn: allow(BR102, an icon)\n// brawn: allow(BR101, tiny)\nb();\nc();"),
            &[],
        );
        assert!(found[0].keeps_out("BR102", "", 1) && !found[0].keeps_out("BR102", "", 2));
        assert!(found[1].keeps_out("BR101", "", 3) && !found[1].keeps_out("BR101", "", 4));
    }

    #[test]
    fn without_a_reason_it_keeps_nothing_out() {
        let found = allows(&text("a(); // brawn: allow(BR102)\n"), &[]);
        assert!(!found[0].has_reason() && !found[0].keeps_out("BR102", "", 1));
    }

    #[test]
    fn an_item_is_covered_whole() {
        let content = "// brawn: allow(BR102, reasons)\nfn f() {\n    a();\n}\nfn g() {}\n";
        let start = content.find("fn f").expect("it is there") as u32;
        let end = content.find("fn g").expect("it is there") as u32 - 1;
        let found = allows(&text(content), &[Span { start, end }]);
        assert!(found[0].keeps_out("BR102", "", 3) && !found[0].keeps_out("BR102", "", 5));
    }
}
