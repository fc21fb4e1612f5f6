//! Databases as places: what follows `--to`.

use std::fmt;
use std::path::PathBuf;

use brawn_core::{Error, Result};

use super::url::PostgresUrl;

/// A database that takes rows: `sqlite:PATH` or `postgres://user@host/name`.
///
/// `Display` and `Debug` never show a password.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Database {
    /// A file of SQLite; it is made where it is not there.
    Sqlite(PathBuf),
    /// A server of PostgreSQL, and a database of it.
    Postgres(PostgresUrl),
}

impl Database {
    /// The database that `text` names, `None` where it names something else.
    pub(crate) fn parse(text: &str) -> Option<Result<Database>> {
        let (scheme, rest) = text.split_once(':')?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => Some(sqlite(rest)),
            "postgres" | "postgresql" => {
                let url = rest.strip_prefix("//")?;
                Some(PostgresUrl::parse(url).map(Database::Postgres))
            }
            _ => None,
        }
    }

    /// Where the rows of `table` are, for a report.
    pub(super) fn of_table(&self, table: &str) -> String {
        format!("{self}#{table}")
    }

    /// The error for what reads from it.
    pub(crate) fn is_no_source(&self) -> Error {
        Error::invalid_options(format!("`{self}` is a database: rows go into it, none are read"))
            .with_hint("give files, folders or objects as sources, and the database as `to`")
    }
}

/// What follows `sqlite:`. `sqlite://` is taken for what other tools write: what follows it is the path.
fn sqlite(rest: &str) -> Result<Database> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path.ends_with('/') {
        return Err(Error::invalid_options(format!("`sqlite:{rest}` names no file"))
            .with_hint("write it as `sqlite:results.db` or `sqlite:/data/results.db`"));
    }
    if path.starts_with(":memory:") {
        return Err(Error::invalid_options(
            "`sqlite::memory:` is gone when the run ends, and nobody else sees it",
        )
        .with_hint("write it as `sqlite:results.db`"));
    }
    Ok(Database::Sqlite(PathBuf::from(path)))
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Database::Postgres(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_other_tools_write_are_taken() {
        for (text, path) in [
            ("sqlite:a.db", "a.db"),
            ("sqlite:./a b.db", "./a b.db"),
            ("sqlite:/abs/a.db", "/abs/a.db"),
            ("sqlite://a.db", "a.db"),
            ("sqlite:///abs/a.db", "/abs/a.db"),
            ("SQLite:a.db", "a.db"),
        ] {
            let database = Database::parse(text).expect("a database").expect(text);
            assert_eq!(database, Database::Sqlite(path.into()), "{text}");
            assert_eq!(database.to_string(), format!("sqlite:{path}"));
        }
        for text in ["sqlite:", "sqlite://", "sqlite:folder/", "sqlite::memory:"] {
            Database::parse(text).expect("it means one").expect_err(text);
        }
        for text in ["a.db", "postgres", "postgres:5432", "s3://b/k", "sqlite"] {
            assert_eq!(Database::parse(text).map(|parsed| parsed.is_ok()), None, "{text}");
        }
    }
}
