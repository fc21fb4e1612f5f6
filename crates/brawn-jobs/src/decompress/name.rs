//! Names of files, with and without.

/// Extensions, in lower case, of what a folder is searched for.
pub const EXTENSIONS: &[&str] = &["gz", "zst", "zstd", "bgz", "lz4", "tgz", "tzst"];

/// What is taken off, and what is put there.
const SUFFIXES: [(&str, &str); 7] = [
    (".gz", ""),
    (".zst", ""),
    (".zstd", ""),
    (".bgz", ""),
    (".lz4", ""),
    (".tgz", ".tar"),
    (".tzst", ".tar"),
];

/// `a.txt.gz` is `a.txt`, `a.tgz` is `a.tar`; nothing where there is no such suffix, or nothing before it.
pub(super) fn plain(name: &str) -> Option<String> {
    SUFFIXES.iter().find_map(|(suffix, instead)| {
        let stem = name.len().checked_sub(suffix.len())?;
        let (stem, end) = (name.get(..stem)?, name.get(stem..)?);
        let is_named = !stem.is_empty() && !stem.ends_with('/');
        (end.eq_ignore_ascii_case(suffix) && is_named).then(|| format!("{stem}{instead}"))
    })
}

/// The MIME type of a plain name.
pub(super) fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    match extension.map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("tar") => "application/x-tar",
        Some("json") => "application/json",
        Some("csv") => "text/csv",
        Some("txt" | "log") => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_taken_off() {
        for (name, wanted) in [
            ("a.txt.gz", Some("a.txt")),
            ("x/a.tar.ZST", Some("x/a.tar")),
            ("a.tar.zstd", Some("a.tar")),
            ("a.bgz", Some("a")),
            ("a.tar.lz4", Some("a.tar")),
            ("x/a.tgz", Some("x/a.tar")),
            ("a.tzst", Some("a.tar")),
            (".gz", None),
            ("x/.gz", None),
            ("a.xz", None),
            ("gz", None),
            ("é.gz", Some("é")),
        ] {
            assert_eq!(plain(name).as_deref(), wanted, "{name}");
        }
    }
}
