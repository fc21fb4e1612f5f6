//! `brawn check` by itself, for measuring: paths, `-j N`; the report as JSON to stdout, time and peak memory to stderr.

use std::time::Instant;

use brawn_check::{Check, Format};

fn main() -> Result<(), brawn_check::Error> {
    let mut paths = Vec::new();
    let mut threads = None;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "-j" {
            threads = words.next().and_then(|count| count.parse().ok());
        } else {
            paths.push(word);
        }
    }
    let started = Instant::now();
    let mut check = Check::new(paths).select(["all"]);
    if let Some(threads) = threads {
        check = check.threads(threads);
    }
    let report = check.run()?;
    let taken = started.elapsed();
    print!("{}", report.render(Format::Json, false));
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    eprintln!(
        "{} lines in {} files, {} findings, {} skipped: {:.2} s, peak {peak}",
        report.lines,
        report.files,
        report.findings.len(),
        report.skipped.len(),
        taken.as_secs_f64()
    );
    Ok(())
}
