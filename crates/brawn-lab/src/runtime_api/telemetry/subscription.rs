//! What an extension asks for, and what of that is refused.

use std::time::Duration;

use hyper::Uri;
use serde_json::Value;

use super::Kind;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::runtime_api) struct Subscription {
    pub(super) kinds: Vec<Kind>,
    pub(super) destination: Destination,
    pub(super) buffering: Buffering,
}

/// Where events go: to a port of the environment, which is this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Http { port: u16, path: String },
    Tcp { port: u16 },
}

/// When events are sent: at the first of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buffering {
    pub(super) items: usize,
    pub(super) bytes: usize,
    pub(super) timeout: Duration,
}

impl Subscription {
    /// Reads a request; an error says what is wrong with it.
    pub(in crate::runtime_api) fn parse(body: &[u8]) -> Result<Subscription, String> {
        const VERSIONS: [&str; 3] = ["2022-07-01", "2022-12-13", "2025-01-29"];
        let request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let version = request["schemaVersion"].as_str().unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(format!(
                "schemaVersion is one of {}, not `{version}`",
                VERSIONS.join(", ")
            ));
        }
        let types = request["types"].as_array().filter(|types| !types.is_empty());
        let types = types.ok_or("types is a list of platform, function and extension")?;
        let kinds = types.iter().map(|wanted| {
            let found = Kind::ALL.into_iter().find(|kind| wanted == kind.name());
            found.ok_or_else(|| format!("types are platform, function and extension, not {wanted}"))
        });
        Ok(Subscription {
            kinds: kinds.collect::<Result<_, _>>()?,
            destination: destination(&request["destination"])?,
            buffering: buffering(&request["buffering"])?,
        })
    }
}

fn destination(value: &Value) -> Result<Destination, String> {
    match value["protocol"].as_str() {
        Some("HTTP") => {
            let text = value["URI"].as_str().ok_or("destination.URI is missing")?;
            let uri: Uri =
                text.parse().map_err(|_| format!("destination.URI `{text}` is no URI"))?;
            let host = uri.host().unwrap_or_default();
            if host != "sandbox.localdomain" && host != "sandbox" {
                return Err(format!(
                    "destination.URI host must be sandbox.localdomain, not `{host}`"
                ));
            }
            let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
            Ok(Destination::Http { port: uri.port_u16().unwrap_or(80), path })
        }
        Some("TCP") => {
            let port = value["port"].as_u64().and_then(|port| u16::try_from(port).ok());
            let port = port.filter(|port| *port > 0).ok_or("destination.port is 1 to 65535")?;
            Ok(Destination::Tcp { port })
        }
        _ => Err("destination.protocol is HTTP or TCP".to_owned()),
    }
}

fn buffering(value: &Value) -> Result<Buffering, String> {
    let number = |name: &str, default: u64, least: u64, most: u64| match value.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(given) => given
            .as_u64()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("buffering.{name} is {least} to {most}, not {given}")),
    };
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Buffering {
        items: size(number("maxItems", 10_000, 1000, 10_000)?),
        bytes: size(number("maxBytes", 262_144, 262_144, 1_048_576)?),
        timeout: Duration::from_millis(number("timeoutMs", 1000, 25, 30_000)?),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_subscription_is_read_and_a_bad_one_refused() {
        let good = json!({
            "schemaVersion": "2022-12-13",
            "types": ["platform", "function"],
            "destination": { "protocol": "HTTP", "URI": "http://sandbox.localdomain:8080/in" },
            "buffering": { "maxItems": 1000, "timeoutMs": 100 },
        });
        let parse = |value: &Value| Subscription::parse(value.to_string().as_bytes());
        let read = parse(&good).expect("good");
        assert_eq!(read.kinds, [Kind::Platform, Kind::Function]);
        assert_eq!(read.destination, Destination::Http { port: 8080, path: "/in".to_owned() });
        assert_eq!((read.buffering.items, read.buffering.bytes), (1000, 262_144));
        for (field, value, says) in [
            ("schemaVersion", json!("1999"), "`1999`"),
            ("types", json!(["platform", "pigeons"]), "pigeons"),
            ("types", json!([]), "list"),
            (
                "destination",
                json!({"protocol": "HTTP", "URI": "http://example.com/"}),
                "`example.com`",
            ),
            ("destination", json!({"protocol": "TCP", "port": 0}), "1 to 65535"),
            ("buffering", json!({"timeoutMs": 1}), "25 to 30000, not 1"),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert!(parse(&bad).expect_err("bad").contains(says), "{bad}");
        }
    }
}
