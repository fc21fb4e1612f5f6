//! What an old project has already: findings that are known and not said again.

use std::collections::HashMap;
use std::fmt::Write;

use crate::error::Error;
use crate::finding::Finding;

/// What stays the same while lines move: the code, the file, the text of the line.
pub(crate) fn fingerprint(finding: &Finding) -> String {
    // FNV-1a, 64 bits: any stable hash does, and the standard library promises none.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in finding.excerpt.trim().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

fn entry(finding: &Finding) -> String {
    let path = finding.path.to_string_lossy().replace('\\', "/");
    format!("{} {} {path}", finding.code, fingerprint(finding))
}

/// A baseline of these findings, one line for each.
pub(crate) fn write(findings: &[Finding]) -> String {
    let mut out =
        String::from("# What `brawn check` knows of already: code, hash of the line, file.\n");
    for finding in findings {
        let _ = writeln!(out, "{}", entry(finding));
    }
    out
}

/// Whether a text is a baseline: comments, and lines as [`write`] writes them.
///
/// # Errors
/// The first line that is something else, and `name`, which says where the text is from.
pub(crate) fn check(baseline: &str, name: &str) -> Result<(), Error> {
    for (index, line) in baseline.lines().map(str::trim).enumerate() {
        let mut words = line.splitn(3, ' ');
        let (code, hash, path) = (words.next(), words.next(), words.next());
        let is_code = code.and_then(|code| code.strip_prefix("BR")).is_some_and(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let is_hash = hash.is_some_and(|hash| {
            hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if line.is_empty() || line.starts_with('#') || is_code && is_hash && path.is_some() {
            continue;
        }
        let shown: String = line.chars().take(60).collect();
        return Err(Error::new(format!("{name} is no baseline: line {} is {shown:?}", index + 1))
            .with_hint(
                "`--write-baseline FILE` makes one: a code, a hash and a file in each line",
            ));
    }
    Ok(())
}

/// Takes out of `findings` what `baseline` names, each line once; says how many.
pub(crate) fn take_out(findings: &mut Vec<Finding>, baseline: &str) -> usize {
    let mut known: HashMap<&str, usize> = HashMap::new();
    for line in baseline.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        *known.entry(line).or_default() += 1;
    }
    let before = findings.len();
    findings.retain(|finding| match known.get_mut(entry(finding).as_str()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
    before - findings.len()
}
