//! One check: what to look at, which rules, what is known already.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::allow::{self, Allow};
use crate::catalogue::Catalogue;
use crate::checklist::{self, Checklist};
use crate::error::Error;
use crate::finding::{Finding, Tier};
use crate::program::Program;
use crate::report::{Report, Skipped};
use crate::resolve::FnId;
use crate::rules::{RULES, Rule, Run};
use crate::source::{Lowered, Text};
use crate::tree::{Kind, Span};
use crate::workspace::Deployment;
use crate::{baseline, threads, workspace};

/// A check of some paths: workspaces, crates, folders of sources, files.
#[derive(Clone, Debug)]
pub struct Check {
    paths: Vec<PathBuf>,
    threads: usize,
    select: Vec<String>,
    ignore: Vec<String>,
    /// Where it is from, and its text.
    baseline: Option<(String, String)>,
}

impl Check {
    /// Looks at `paths` with all rules but those that advise.
    pub fn new(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Check {
        // What reads files may use what is visible: it runs where people develop, not on Lambda.
        #[expect(clippy::disallowed_methods, reason = "not a compute pool on Lambda")]
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Check {
            paths: paths.into_iter().map(|path| path.as_ref().to_owned()).collect(),
            threads,
            select: Vec::new(),
            ignore: Vec::new(),
            baseline: None,
        }
    }

    /// On this many threads; the report is the same for any number. As many as there are cores by default.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Check {
        self.threads = count.max(1);
        self
    }

    /// Only these: codes, beginnings of codes (`BR1`), names, tiers (`error`, `warning`, `advice`), or `all`.
    #[must_use]
    pub fn select(mut self, codes: impl IntoIterator<Item = impl Into<String>>) -> Check {
        self.select.extend(codes.into_iter().map(Into::into));
        self
    }

    /// Not these, in the same words.
    #[must_use]
    pub fn ignore(mut self, codes: impl IntoIterator<Item = impl Into<String>>) -> Check {
        self.ignore.extend(codes.into_iter().map(Into::into));
        self
    }

    /// Leaves out what this baseline, the text of [`Report::baseline`], names.
    #[must_use]
    pub fn baseline(mut self, text: impl Into<String>) -> Check {
        self.baseline = Some(("the baseline".to_owned(), text.into()));
        self
    }

    /// As [`Check::baseline`], with the file that the text is from, for errors.
    #[must_use]
    pub fn baseline_from(mut self, file: impl AsRef<Path>, text: impl Into<String>) -> Check {
        self.baseline = Some((format!("`{}`", file.as_ref().display()), text.into()));
        self
    }

    /// Reads, and applies the rules. `brawn-check.toml` in a given folder adds to what is known of other crates, and may
    /// say `select = [..]` and `ignore = [..]`.
    ///
    /// # Errors
    /// A path that cannot be read, a code that no rule has, a `brawn-check.toml` or a baseline that is wrong. What is found, and files
    /// that do not parse, are in the report.
    pub fn run(&self) -> Result<Report, Error> {
        if let Some((name, text)) = &self.baseline {
            baseline::check(text, name)?;
        }
        let (program, rules) = self.prepare()?;
        let mut report = report(&program, &rules, self.threads);
        if let Some((_, text)) = &self.baseline {
            report.known = baseline::take_out(&mut report.findings, text);
        }
        Ok(report)
    }

    /// The performance checklist, with what was found for each of its lines. All rules count, whichever are selected.
    ///
    /// # Errors
    /// As for [`Check::run`].
    pub fn checklist(&self) -> Result<Checklist, Error> {
        let (program, _) = self.prepare()?;
        let all: Vec<&'static Rule> = RULES.iter().collect();
        Ok(checklist::checklist(&program, &report(&program, &all, self.threads).findings))
    }

    fn prepare(&self) -> Result<(Program, Vec<&'static Rule>), Error> {
        let mut catalogue = Catalogue::built_in()?;
        let mut check = self.clone();
        for path in &self.paths {
            check.configure(path, &mut catalogue)?;
        }
        let rules = check.rules()?;
        let workspace = workspace::read(&self.paths, self.threads)?;
        Ok((Program::new(workspace, catalogue, self.threads), rules))
    }

    /// Takes in `brawn-check.toml` beside a path.
    fn configure(&mut self, path: &Path, catalogue: &mut Catalogue) -> Result<(), Error> {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        let file = folder.join("brawn-check.toml");
        let Ok(text) = std::fs::read_to_string(&file) else { return Ok(()) };
        let name = file.display().to_string();
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            Error::new(format!("`{name}` is not TOML: {}", error.message()))
        })?;
        for key in table.keys() {
            if !["call", "returns", "same", "select", "ignore"].contains(&key.as_str()) {
                return Err(Error::new(format!("`{name}` has a key `{key}`"))
                    .with_hint("known are call, returns, same, select and ignore"));
            }
        }
        catalogue.add_table(&table, &name)?;
        for (key, into) in [("select", &mut self.select), ("ignore", &mut self.ignore)] {
            let words = table.get(key).and_then(toml::Value::as_array).into_iter().flatten();
            into.extend(words.filter_map(|word| word.as_str().map(str::to_owned)));
        }
        Ok(())
    }

    fn rules(&self) -> Result<Vec<&'static Rule>, Error> {
        for list in [&self.select, &self.ignore] {
            // `all,` has an empty word that means nothing; `,` alone means nothing at all.
            let all_empty = list.iter().all(|word| word.is_empty());
            for word in list.iter().filter(|word| all_empty || !word.is_empty()) {
                if !RULES.iter().any(|rule| rule.is_meant_by(word)) {
                    return Err(unknown_word(word));
                }
            }
        }
        let by_default = |rule: &Rule| rule.tier != Tier::Advice;
        let selected = |rule: &Rule| match self.select.is_empty() {
            true => by_default(rule),
            false => self.select.iter().any(|word| rule.is_meant_by(word)),
        };
        let ignored = |rule: &Rule| self.ignore.iter().any(|word| rule.is_meant_by(word));
        Ok(RULES.iter().filter(|rule| selected(rule) && !ignored(rule)).collect())
    }
}

fn unknown_word(word: &str) -> Error {
    let tiers = [Tier::Error, Tier::Warning, Tier::Advice].map(Tier::name).join(", ");
    Error::new(format!("no rule has the code, name or tier `{word}`")).with_hint(format!(
        "give codes ({} or, for all that begin so, {}), names ({}), tiers ({tiers}) or all",
        RULES[0].code,
        &RULES[0].code[..3],
        RULES[0].name,
    ))
}

fn unknown(code: &str) -> Error {
    let known: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    Error::new(format!("no rule has the code `{code}`"))
        .with_hint(format!("the codes are {}", known.join(", ")))
}

fn report(program: &Program, rules: &[&'static Rule], count: usize) -> Report {
    let found = threads::each(program.facts.len(), count, |id| {
        let id = FnId(id as u32);
        let mut found = Vec::new();
        if program.resolver().is_in_test(id) {
            return found;
        }
        let view = program.view(id);
        for rule in rules {
            if let Run::Function(check) = rule.run {
                check(&view, rule, &mut found);
            }
        }
        found
    });
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    for rule in rules {
        match rule.run {
            Run::Function(_) => {}
            Run::Project(check) => check(program, rule, &mut findings),
            Run::Deployed(check) => {
                for Deployment { text, functions, .. } in &program.workspace.deployments {
                    let each = functions.iter();
                    findings.extend(each.filter_map(|one| check(program, rule, text, one)));
                }
            }
        }
    }
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    findings.dedup();
    let allowed = take_out_allowed(program, &mut findings);
    let sources = &program.workspace.sources;
    let mut skipped: Vec<Skipped> = sources
        .iter()
        .filter_map(|source| {
            let why = source.skipped.clone()?;
            Some(Skipped { path: source.text.path.clone(), why })
        })
        .collect();
    for manifest in &program.workspace.manifests {
        if let Some(why) = &manifest.broken {
            skipped.push(Skipped { path: manifest.text.path.clone(), why: why.clone() });
        }
    }
    skipped.extend(program.workspace.skipped.iter().cloned());
    Report {
        findings,
        skipped,
        files: sources.iter().filter(|source| source.skipped.is_none()).count(),
        templates: program.workspace.deployments.iter().filter(|file| file.is_read).count(),
        lines: sources.iter().map(|source| source.text.text.lines().count()).sum(),
        allowed,
        known: 0,
    }
}

/// What a comment above it may mean as a whole: items, and statements, which formatting breaks into lines.
fn starts(text: &Text, lowered: &Lowered) -> Vec<Span> {
    if !allow::may_be_in(text) {
        return Vec::new();
    }
    let tree = &lowered.tree;
    let statements = tree.rows.iter().filter_map(|row| match &row.kind {
        Kind::Block(statements) => Some(statements),
        _ => None,
    });
    let statements = statements.flatten().map(|id| tree[*id].span);
    lowered.items.iter().copied().chain(statements).collect()
}

/// Takes out what an allow with a reason covers; says how many. One without a reason is named in the finding's help.
fn take_out_allowed(program: &Program, findings: &mut Vec<Finding>) -> usize {
    let workspace = &program.workspace;
    let mut allows: HashMap<&Path, Vec<Allow>> = HashMap::new();
    for source in &workspace.sources {
        let found = allow::allows(&source.text, &starts(&source.text, &source.lowered));
        allows.insert(&source.text.path, found);
    }
    let manifests = workspace.manifests.iter().map(|manifest| &manifest.text);
    let deployments = workspace.deployments.iter().map(|deployment| &deployment.text);
    for text in manifests.chain(deployments) {
        allows.insert(&text.path, allow::allows(text, &[]));
    }
    let before = findings.len();
    findings.retain_mut(|finding| {
        let Some(allows) = allows.get(finding.path.as_path()) else { return true };
        if allows.iter().any(|allow| allow.keeps_out(finding.code, finding.rule, finding.line)) {
            return false;
        }
        if let Some(bare) = allows
            .iter()
            .find(|allow| allow.names(finding.code, finding.rule) && !allow.has_reason())
        {
            let help = finding.help.take().unwrap_or_default();
            let line = bare.line;
            finding.help = Some(format!("{help} (the allow in line {line} gives no reason)"));
        }
        true
    });
    before - findings.len()
}

/// The manual page of a rule, by its code or its name.
///
/// # Errors
/// A code that no rule has.
pub fn explain(code: &str) -> Result<String, Error> {
    let is_it = |rule: &&Rule| rule.code.eq_ignore_ascii_case(code) || rule.name == code;
    RULES.iter().find(is_it).map(Rule::page).ok_or_else(|| unknown(code))
}
