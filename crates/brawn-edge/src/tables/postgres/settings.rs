//! How a server is reached: what the location says, then what libpq's variables say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use brawn_core::{Error, Result};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::super::url::{Parts, PostgresUrl};
use super::pgpass;
use super::tls::{self, Tls, Trust};

/// How long a connection may take where nothing else is said. (libpq waits for ever.)
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server may leave what was sent to it unanswered by its system before it counts as gone.
const SILENCE: Duration = Duration::from_secs(30);

/// How a server is reached.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// How long it may take to be connected and let in.
    pub(super) patience: Option<Duration>,
}

impl Settings {
    /// Reads files of passwords and certificates; blocks.
    pub(super) fn read(url: &PostgresUrl, variables: &[(String, String)]) -> Result<Settings> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        let Parts { user, password, hosts, database, options } = &url.parts;
        let option = |name: &str, other: &str| -> Option<String> {
            let own =
                options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
            own.or_else(|| variable(other)).map(str::to_owned)
        };
        let user = user
            .as_deref()
            .or_else(|| variable("PGUSER"))
            .or_else(|| variable("USER"))
            .or_else(|| variable("LOGNAME"))
            .ok_or_else(|| {
                Error::invalid_options(format!("`{url}` names no user, and nothing else does"))
                    .with_hint("write it as `postgres://user@host/name`, or set PGUSER")
            })?;
        let database = database.as_deref().or_else(|| variable("PGDATABASE")).unwrap_or(user);
        let mut hosts = hosts.clone();
        if hosts.is_empty() {
            let names = variable("PGHOST").unwrap_or("localhost");
            hosts = names.split(',').map(|name| (name.to_owned(), None)).collect();
        }
        let port = match variable("PGPORT").map(str::parse) {
            None => 5432,
            Some(Ok(port)) => port,
            Some(Err(_)) => return Err(Error::invalid_options("PGPORT is no port")),
        };
        let mut config = Config::new();
        config.user(user).dbname(database);
        config.application_name(option("application_name", "PGAPPNAME").unwrap_or("brawn".into()));
        for (host, own) in &hosts {
            config.host(host).port(own.unwrap_or(port));
        }
        let first = hosts.first().map_or(("localhost", port), |(host, own)| {
            // As libpq does for a socket.
            (if host.starts_with('/') { "localhost" } else { host }, own.unwrap_or(port))
        });
        let password = password
            .as_ref()
            .map(|password| password.0.clone())
            .or_else(|| variable("PGPASSWORD").map(str::to_owned))
            .or_else(|| {
                let file = option("passfile", "PGPASSFILE")
                    .map(PathBuf::from)
                    .or_else(|| variable("HOME").map(|home| Path::new(home).join(".pgpass")))?;
                pgpass::password(&file, first.0, first.1, database, user)
            });
        if let Some(password) = password {
            config.password(password);
        }
        if let Some(options) = option("options", "PGOPTIONS") {
            config.options(options);
        }
        let patience = match option("connect_timeout", "PGCONNECT_TIMEOUT") {
            None => PATIENCE,
            Some(seconds) => Duration::from_secs(seconds.parse().map_err(|_| {
                Error::invalid_options(format!("`{url}`: connect_timeout is a number of seconds"))
            })?),
        };
        // As in libpq, zero waits for ever.
        let patience = Some(patience).filter(|patience| !patience.is_zero());
        if let Some(patience) = patience {
            config.connect_timeout(patience);
        }
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        let root = option("sslrootcert", "PGSSLROOTCERT").map(PathBuf::from);
        let (mode, trust) = match option("sslmode", "PGSSLMODE").as_deref() {
            Some("disable") => (SslMode::Disable, Trust::Anyone),
            None | Some("prefer") => (SslMode::Prefer, Trust::Anyone),
            // As libpq: with a root certificate the server has to have one by it.
            Some("require") => match root {
                None => (SslMode::Require, Trust::Anyone),
                Some(root) => (SslMode::Require, Trust::Root(root)),
            },
            Some("verify-full") => (SslMode::Require, root.map_or(Trust::System, Trust::Root)),
            Some(_) => {
                return Err(Error::invalid_options(format!("`{url}`: that sslmode is not known"))
                    .with_hint("known are disable, prefer, require and verify-full"));
            }
        };
        config.ssl_mode(mode);
        Ok(Settings { config, tls: tls::new(&trust)?, patience })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, variables: &[(&str, &str)]) -> Result<Settings> {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::read(&PostgresUrl::parse(url).expect("a location"), &variables)
    }

    #[test]
    fn what_the_location_leaves_out_comes_from_the_variables() {
        let variables = [
            ("PGUSER", "ann"),
            ("PGHOST", "db"),
            ("PGPORT", "5433"),
            ("PGDATABASE", "sales"),
            ("PGPASSWORD", "hush"),
            ("PGSSLMODE", "disable"),
        ];
        let config = read("", &variables).expect("all there").config;
        assert_eq!((config.get_user(), config.get_dbname()), (Some("ann"), Some("sales")));
        assert_eq!(config.get_ports(), [5433]);
        assert_eq!(config.get_password(), Some(b"hush".as_slice()));
        assert_eq!(config.get_ssl_mode(), SslMode::Disable);
        assert!(!format!("{config:?}").contains("hush"));
        let config =
            read("bob:own@other:1/x?sslmode=require", &variables).expect("all there").config;
        assert_eq!((config.get_user(), config.get_dbname()), (Some("bob"), Some("x")));
        assert_eq!(
            (config.get_ports(), config.get_password()),
            ([1].as_slice(), Some(b"own".as_slice()))
        );
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (url, says) in [
            ("host/db", "names no user"),
            ("a@host?sslmode=maybe", "sslmode"),
            ("a@host?connect_timeout=soon", "connect_timeout"),
            ("a@host?sslmode=verify-full&sslrootcert=/no/such/file", "/no/such/file"),
        ] {
            let error = read(url, &[]).err().expect(url);
            assert!(error.to_string().contains(says), "{url}: {error}");
        }
    }
}
