//! The address of a PostgreSQL server, as libpq's connection URIs write it
//! (PostgreSQL's manual, "Connection Strings"): `postgres://user:password@host:port,host:port/name?option=value`.

use std::fmt;

use brawn_core::{Error, Result};

use crate::location::percent_decode;

/// The options after `?` that are known.
const OPTIONS: [&str; 6] =
    ["application_name", "connect_timeout", "options", "passfile", "sslmode", "sslrootcert"];

/// A server and a database of it. What is left out comes from libpq's variables (`PGHOST`, `PGUSER`, ...).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostgresUrl {
    /// As it was written, without the password.
    shown: String,
    pub(super) parts: Parts,
}

/// What the URL says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Parts {
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) hosts: Vec<(String, Option<u16>)>,
    pub(super) database: Option<String>,
    pub(super) options: Vec<(String, String)>,
}

/// Nothing prints it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl PostgresUrl {
    /// Whether it has a password in it, which whoever sees it written knows.
    pub fn has_password(&self) -> bool {
        self.parts.password.is_some()
    }

    /// What follows `postgres://`. No error repeats it: a password may be anywhere in what cannot be read.
    pub(super) fn parse(rest: &str) -> Result<PostgresUrl> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (login, servers) = match authority.rsplit_once('@') {
            Some((login, servers)) => (Some(login), servers),
            None => (None, authority),
        };
        // A raw `@`, `/`, `?` or `#` in a password would move the borders of what is shown.
        if path.contains(['@', '/']) || query.contains('@') || rest.contains('#') {
            return Err(wrong("has an `@`, `/`, `?` or `#` out of place"));
        }
        if login.is_some_and(|login| login.contains('@')) {
            return Err(wrong("has more than one `@`"));
        }
        let mut parts = Parts::default();
        let mut shown = String::from("postgres://");
        if let Some(login) = login {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            parts.user = filled(decoded(user, "the user")?);
            parts.password = filled(decoded(password, "the password")?).map(Secret);
            shown.push_str(&format!("{user}@"));
        }
        for server in servers.split(',').filter(|server| !server.is_empty()) {
            parts.hosts.push(host(server)?);
        }
        parts.database = filled(decoded(path, "the database")?);
        shown.push_str(servers);
        if !path.is_empty() {
            shown.push_str(&format!("/{path}"));
        }
        let mut mark = '?';
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = decoded(value, "an option")?;
            if name == "password" {
                parts.password = filled(value).map(Secret);
                continue;
            }
            if !OPTIONS.contains(&name) {
                return Err(wrong("has an option that is not known")
                    .with_hint(format!("known are {} and password", OPTIONS.join(", "))));
            }
            parts.options.push((name.to_owned(), value));
            shown.push_str(&format!("{mark}{option}"));
            mark = '&';
        }
        Ok(PostgresUrl { shown, parts })
    }
}

fn host(server: &str) -> Result<(String, Option<u16>)> {
    let (name, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':')),
        None => match server.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (server, None),
        },
    };
    let port = match port.filter(|port| !port.is_empty()).map(str::parse) {
        None => None,
        Some(Ok(port)) => Some(port),
        // Not the port itself: where an `@` is missing it is a password.
        Some(Err(_)) => return Err(wrong("has a port that is no number up to 65535")),
    };
    Ok((decoded(name, "the host")?, port))
}

fn decoded(text: &str, what: &str) -> Result<String> {
    percent_decode(text, false)
        .filter(|decoded| !decoded.contains('\0'))
        .ok_or_else(|| wrong(&format!("is not percent-encoded UTF-8 ({what})")))
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn wrong(what: &str) -> Error {
    Error::invalid_options(format!("the `postgres://` location {what}")).with_hint(
        "write it as `postgres://user@host:5432/name?sslmode=require`, with `%40` for an `@` in a name; a password is \
         best left to PGPASSWORD or ~/.pgpass",
    )
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PostgresUrl {
        PostgresUrl::parse(text).expect(text)
    }

    #[test]
    fn every_part_is_read_and_all_but_the_password_is_shown() {
        let all =
            url("ann%40x:hu%2Fsh@db1:5433,[::1]:5434/sales%20x?sslmode=require&password=hush2");
        assert_eq!(
            all.to_string(),
            "postgres://ann%40x@db1:5433,[::1]:5434/sales%20x?sslmode=require"
        );
        assert_eq!(all.parts.user.as_deref(), Some("ann@x"));
        assert_eq!(all.parts.password, Some(Secret("hush2".into())));
        let hosts = [("db1".to_owned(), Some(5433)), ("::1".to_owned(), Some(5434))];
        assert_eq!(all.parts.hosts, hosts);
        assert_eq!(all.parts.database.as_deref(), Some("sales x"));
        assert_eq!(all.parts.options, [("sslmode".to_owned(), "require".to_owned())]);
        assert!(!format!("{all:?}").contains("hu"), "{all:?}");
        assert_eq!(url("").parts, Parts::default());
        assert_eq!(url("/name").parts.database.as_deref(), Some("name"));
        assert_eq!(url("%2Frun%2Fpg").parts.hosts, [("/run/pg".to_owned(), None)]);
    }

    #[test]
    fn no_error_repeats_what_may_be_a_password() {
        for text in [
            "ann:hush@x@host/db",
            "ann:hush/x@host/db",
            "ann:hush#x@host/db",
            "ann:hush?x@host/db",
            "ann:hush",
            "host/db?hush=1",
            "ann:hush%zz@host/db",
            "ann@host:hush/db",
        ] {
            let error = PostgresUrl::parse(text).expect_err(text);
            assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        }
    }
}
