//! One check: what to look at, which rules, how many threads.

use std::path::{Path, PathBuf};

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::finding::Finding;
use crate::program::Program;
use crate::report::{Report, Skipped};
use crate::resolve::FnId;
use crate::rules::{RULES, Rule, Run};
use crate::{threads, workspace};

/// A check of some paths: workspaces, crates, folders of sources, files.
#[derive(Clone, Debug)]
pub struct Check {
    paths: Vec<PathBuf>,
    threads: usize,
}

impl Check {
    /// Looks at `paths`.
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Check {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Check { paths: paths.into_iter().map(|path| path.as_ref().to_owned()).collect(), threads }
    }

    /// On this many threads; the report is the same for any number. As many as there are cores by default.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Check {
        self.threads = count.max(1);
        self
    }

    /// Reads, and applies the rules.
    ///
    /// # Errors
    /// A path that cannot be read. What is found, and files that do not parse, are in the report.
    pub fn run(&self) -> Result<Report, Error> {
        let catalogue = Catalogue::built_in()?;
        let workspace = workspace::read(&self.paths, self.threads)?;
        let program = Program::new(workspace, catalogue, self.threads);
        Ok(report(&program, self.threads))
    }
}

fn report(program: &Program, count: usize) -> Report {
    let mut findings: Vec<Finding> = Vec::new();
    let rules: Vec<&Rule> = RULES.iter().collect();
    let found = threads::each(program.facts.len(), count, |id| {
        let id = FnId(id as u32);
        let mut found = Vec::new();
        if program.resolver().is_in_test(id) {
            return found;
        }
        let view = program.view(id);
        for rule in &rules {
            if let Run::Function(check) = rule.run {
                check(&view, rule, &mut found);
            }
        }
        found
    });
    findings.extend(found.into_iter().flatten());
    for rule in &rules {
        if let Run::Project(check) = rule.run {
            check(program, rule, &mut findings);
        }
    }
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    findings.dedup();
    let sources = &program.workspace.sources;
    let skipped = sources.iter().filter_map(|source| {
        let why = source.skipped.clone()?;
        Some(Skipped { path: source.text.path.clone(), why })
    });
    Report {
        findings,
        skipped: skipped.collect(),
        files: sources.len(),
        lines: sources.iter().map(|source| source.text.line_count()).sum(),
        allowed: 0,
        known: 0,
    }
}

/// The manual page of a rule, by its code or its name.
///
/// # Errors
/// A code that no rule has.
pub fn explain(code: &str) -> Result<String, Error> {
    let is_it = |rule: &&Rule| rule.code.eq_ignore_ascii_case(code) || rule.name == code;
    RULES.iter().find(is_it).map(Rule::page).ok_or_else(|| {
        let known: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        Error::new(format!("no rule has the code `{code}`"))
            .with_hint(format!("the codes are {}", known.join(", ")))
    })
}
