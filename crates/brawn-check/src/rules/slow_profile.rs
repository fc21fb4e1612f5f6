//! A release profile that leaves speed where it lies.
//!
//! ## What
//! No `lto`, no `codegen-units = 1` or no `strip` in `[profile.release]` of a Lambda function that does heavy or parallel work and
//! is built by `cargo build`. (`cargo lambda build` sets them where the profile does not; where a README or Makefile names it,
//! nothing is said.)
//!
//! ## Why it matters on Lambda
//! Link-time optimisation over one unit makes compute code some 5 to 20 % faster, which is billed in every invocation; stripped, a
//! binary is a third of its size or less and starts sooner.
//!
//! ## Example
//! ```text
//! [profile.release]
//! opt-level = 3
//! ```
//!
//! ## Instead
//! ```text
//! [profile.release]
//! lto = "thin"
//! codegen-units = 1
//! strip = true
//! ```
//!
//! ## When to allow
//! When builds must be short, or symbols are wanted in stack traces.

use std::path::Path;

use super::{Rule, Run};
use crate::finding::{Finding, Tier};
use crate::fix::Edit;
use crate::program::{Program, finding};

pub(super) const RULE: Rule = Rule {
    code: "BR403",
    name: "slow-profile",
    tier: Tier::Advice,
    file: include_str!("slow_profile.rs"),
    run: Run::Project(check),
};

fn check(program: &Program, rule: &Rule, out: &mut Vec<Finding>) {
    const WANTED: [(&str, &str); 3] = [
        ("lto", "lto = \"thin\""),
        ("codegen-units", "codegen-units = 1"),
        ("strip", "strip = true"),
    ];
    for (index, manifest) in program.workspace.manifests.iter().enumerate() {
        if !manifest.is_lambda()
            || !program.computes(index)
            || program.is_built_by_cargo_lambda(index)
        {
            continue;
        }
        let profile = &program.workspace.manifests[manifest.workspace];
        if [&manifest.folder, &profile.folder].into_iter().any(|folder| says_cargo_lambda(folder)) {
            continue;
        }
        let missing: Vec<&str> = WANTED
            .iter()
            .filter(|(key, _)| profile.value("profile.release", key).is_none())
            .map(|(_, line)| *line)
            .collect();
        if missing.is_empty() {
            continue;
        }
        let line = profile.line_of("profile.release", "");
        let names: Vec<&str> = missing.iter().filter_map(|line| line.split(' ').next()).collect();
        let message = format!(
            "the release profile of a function that computes does not set {}",
            names.join(", ")
        );
        let mut finding = finding(rule, &profile.text, profile.text.line_span(line), message);
        finding.help = Some("write".to_owned());
        finding.instead = Some(missing.join("\n"));
        finding.fix = Edit::profile_lines(profile, &missing);
        out.push(finding);
    }
    out.dedup();
}

/// Whether the files that say how a project is built say so by `cargo lambda`: where nothing else tells, they do.
fn says_cargo_lambda(folder: &Path) -> bool {
    const TELL: [&str; 6] =
        ["README.md", "Makefile", "justfile", "package.json", "buildspec.yml", "CargoLambda.toml"];
    TELL.iter().any(|name| {
        let path = folder.join(name);
        // A pipe of that name would never end.
        let text = if path.is_file() { std::fs::read_to_string(path) } else { return false };
        let text = text.unwrap_or_default();
        text.contains("cargo lambda")
            || text.contains("cargo-lambda")
            || *name == "CargoLambda.toml" && !text.is_empty()
    })
}
