//! The password file of libpq (PostgreSQL's manual, "The Password File").

use std::path::Path;

/// The password for this server, database and user in the file at `path`, if there is one.
pub(super) fn password(
    path: &Path,
    host: &str,
    port: u16,
    database: &str,
    user: &str,
) -> Option<String> {
    if is_open_to_others(path) {
        tracing::warn!(path = %path.display(), "the password file is readable by others, so it is not used");
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let port = port.to_string();
    let wanted = [host, &port, database, user];
    text.lines().find_map(|line| of_line(line, &wanted))
}

fn of_line(line: &str, wanted: &[&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let [host, port, database, user, password] = fields.as_slice() else { return None };
    let fits = [host, port, database, user]
        .into_iter()
        .zip(wanted)
        .all(|(field, wanted)| field == "*" || field == wanted);
    fits.then(|| password.clone())
}

/// `\:` and `\\` stand for themselves.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let may_end = fields.len() < 5;
        match (letter, fields.last_mut()) {
            (':', _) if may_end => fields.push(String::new()),
            ('\\', Some(last)) => last.extend(letters.next()),
            (letter, Some(last)) => last.push(letter),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|there| there.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let of = |line| of_line(line, &["db", "5432", "sales", "a:b"]);
        assert_eq!(of(r"db:5432:sales:a\:b:hu\\sh:x").as_deref(), Some(r"hu\sh:x"));
        assert_eq!(of("*:*:*:*:any").as_deref(), Some("any"));
        assert_eq!(of("db:5433:*:*:other"), None);
        assert_eq!(of("# db:5432:sales:*:no"), None);
        assert_eq!(of("db:5432"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pgpass");
        std::fs::write(&path, "# comment\n*:*:*:ann:hush\n").expect("written");
        for (mode, found) in [(0o644, None), (0o600, Some("hush"))] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            assert_eq!(password(&path, "db", 1, "x", "ann").as_deref(), found);
        }
    }
}
