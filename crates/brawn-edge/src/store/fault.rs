//! What a store's error means, said without secrets.
//!
//! The client's own text is not passed on: for a wrong signature S3 answers with the access key and the string that
//! was signed.

use std::error::Error as StdError;

use brawn_core::{Error, ErrorKind};

use crate::location::Address;

/// Where EC2 tells its credentials; asked last, so failing there means that there are none.
const INSTANCE_METADATA: &str = "169.254.169.254";

/// brawn's error for `error`, met at `address`.
pub(crate) fn fault(error: &object_store::Error, address: &Address) -> Error {
    let causes: Vec<&(dyn StdError + 'static)> = causes(error).collect();
    let text = causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    if text.contains(INSTANCE_METADATA) || text.contains("credential provider") {
        return Error::new(ErrorKind::Storage, format!("no AWS credentials for `{address}`"))
            .with_hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (`aws configure export-credentials --format env` prints them)");
    }
    let answer = Answer::of(&text);
    if let Some(error) = answer.fault(error, address) {
        return error;
    }
    let root = short(&causes.last().map(ToString::to_string).unwrap_or_default());
    if let Some(what) = causes.iter().find_map(|cause| transport(*cause)) {
        let whom = server(&text).map(|server| format!("{server}: ")).unwrap_or_default();
        return Error::new(ErrorKind::Unavailable, format!("`{address}`: {what} ({whom}{root})"));
    }
    Error::new(ErrorKind::Storage, format!("`{address}`: {root}"))
}

/// What broke, where no answer came or not all of it.
#[cfg(feature = "s3")]
fn transport(cause: &(dyn StdError + 'static)) -> Option<&'static str> {
    use object_store::client::{HttpError, HttpErrorKind};
    Some(match cause.downcast_ref::<HttpError>()?.kind() {
        HttpErrorKind::Connect => "cannot connect",
        HttpErrorKind::Timeout => "no answer in time",
        _ => "the connection broke",
    })
}

/// The server that was asked, `http://127.0.0.1:9000`, as the client's text names it; the key and the query stay out.
fn server(text: &str) -> Option<&str> {
    let url = text.split("url (").nth(1)?.split(')').next()?;
    let host = url.find("://")? + 3;
    let end = url[host..].find(['/', '?']).map_or(url.len(), |end| host + end);
    (!url[..end].contains('@')).then_some(&url[..end])
}

#[cfg(not(feature = "s3"))]
fn transport(_: &(dyn StdError + 'static)) -> Option<&'static str> {
    None
}

fn causes(error: &object_store::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |cause| (*cause).source())
}

/// Whether the server said no more than that it may not be asked. An answer about the credentials has its own error.
pub(super) fn answers_403(error: &object_store::Error) -> bool {
    causes(error).any(|cause| Answer::of(&cause.to_string()).status == Some(403))
        || matches!(error, object_store::Error::PermissionDenied { .. })
}

/// Whether the server said that the range asked for is not within the object.
pub(super) fn answers_416(error: &object_store::Error) -> bool {
    causes(error).any(|cause| Answer::of(&cause.to_string()).status == Some(416))
}

/// Whether the server does not know what was asked: method or header.
pub(super) fn is_unknown(error: &object_store::Error) -> bool {
    causes(error).any(|cause| matches!(Answer::of(&cause.to_string()).status, Some(405 | 501)))
}

/// What a server answered, as far as the client's text tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer<'a> {
    status: Option<u16>,
    code: Option<&'a str>,
}

impl<'a> Answer<'a> {
    fn of(text: &'a str) -> Answer<'a> {
        let status =
            text.split("status code: ").nth(1).and_then(|rest| rest.get(..3)?.parse().ok());
        let code = text
            .split("<Code>")
            .nth(1)
            .and_then(|rest| rest.split("</Code>").next())
            .filter(|code| code.len() < 64 && code.chars().all(|c| c.is_ascii_alphanumeric()));
        Answer { status, code }
    }

    fn fault(&self, error: &object_store::Error, address: &Address) -> Option<Error> {
        use object_store::Error as Store;
        let said = [self.status.map(|status| status.to_string()), self.code.map(str::to_owned)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        let bucket = &address.bucket;
        Some(match (error, self.status, self.code) {
            (_, _, Some("NoSuchBucket")) => {
                Error::new(ErrorKind::NotFound, format!("the bucket `{bucket}` does not exist"))
                    .with_hint("check its name, and AWS_ENDPOINT_URL if it is not on AWS")
            }
            (
                _,
                _,
                Some(
                    "InvalidAccessKeyId"
                    | "SignatureDoesNotMatch"
                    | "ExpiredToken"
                    | "InvalidToken"
                    | "NotSignedUp",
                ),
            )
            | (Store::Unauthenticated { .. }, _, _) => Error::new(
                ErrorKind::Storage,
                format!("`{address}`: the credentials were refused ({said})"),
            )
            .with_hint("check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"),
            (_, _, Some("PermanentRedirect" | "AuthorizationHeaderMalformed")) => {
                wrong_region(bucket)
            }
            (
                _,
                _,
                Some("RequestTimeout" | "SlowDown" | "InternalError" | "ServiceUnavailable"),
            )
            | (_, Some(408 | 429 | 500..=599), _) => Error::new(
                ErrorKind::Unavailable,
                format!("`{address}`: the store answered {said}"),
            ),
            (Store::NotFound { .. }, _, _) | (_, Some(404), _) => {
                Error::new(ErrorKind::NotFound, format!("`{address}` does not exist"))
                    .with_hint("a key that ends with `/` means everything under it")
            }
            (Store::Precondition { .. }, _, _) | (_, Some(412), _) => Error::new(
                ErrorKind::Storage,
                format!("`{address}` was changed while it was being read"),
            ),
            (Store::PermissionDenied { .. }, _, _) | (_, Some(403), _) => {
                let said = if said.is_empty() { "403".to_owned() } else { said };
                Error::new(ErrorKind::Storage, format!("access to `{address}` was denied ({said})"))
                    .with_hint("reading needs s3:GetObject (and s3:ListBucket to list), writing s3:PutObject")
            }
            (_, Some(301 | 307), _) => wrong_region(bucket),
            (_, Some(_), _) | (_, _, Some(_)) => {
                Error::new(ErrorKind::Storage, format!("`{address}`: the store answered {said}"))
            }
            _ if error.to_string().contains("redirect without LOCATION") => wrong_region(bucket),
            _ => return None,
        })
    }
}

fn wrong_region(bucket: &str) -> Error {
    Error::new(ErrorKind::Storage, format!("the bucket `{bucket}` is in another region"))
        .with_hint("set AWS_REGION to the region of the bucket")
}

/// One line of at most 200 characters.
fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: text.to_owned().into() }
    }

    fn answered(status: &str, body: &str) -> Error {
        let text = format!("Server returned non-2xx status code: {status}: {body}");
        fault(&generic(&text), &Address::s3("in", "a.jpg"))
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for (status, code, kind) in [
            ("503 Service Unavailable", "SlowDown", ErrorKind::Unavailable),
            ("500 Internal Server Error", "InternalError", ErrorKind::Unavailable),
            ("429 Too Many Requests", "TooManyRequests", ErrorKind::Unavailable),
            ("400 Bad Request", "RequestTimeout", ErrorKind::Unavailable),
            ("404 Not Found", "NoSuchKey", ErrorKind::NotFound),
            ("404 Not Found", "NoSuchBucket", ErrorKind::NotFound),
            ("403 Forbidden", "AccessDenied", ErrorKind::Storage),
            ("412 Precondition Failed", "PreconditionFailed", ErrorKind::Storage),
            ("400 Bad Request", "InvalidArgument", ErrorKind::Storage),
        ] {
            let error = answered(status, &format!("<Error><Code>{code}</Code></Error>"));
            assert_eq!(error.kind(), kind, "{status} {code}: {error}");
        }
    }

    #[test]
    fn what_the_server_says_about_the_signature_is_not_repeated() {
        let error = answered(
            "403 Forbidden",
            "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIA123</AWSAccessKeyId><StringToSign>AWS4</StringToSign></Error>",
        );
        assert_eq!(
            error.chain(),
            "`s3://in/a.jpg`: the credentials were refused (403 SignatureDoesNotMatch)"
        );
    }

    #[test]
    fn the_server_is_named_without_the_request() {
        let text = "HTTP error: error sending request | error sending request for url (http://127.0.0.1:9/in/a.jpg?uploads)";
        assert_eq!(server(text), Some("http://127.0.0.1:9"));
        assert_eq!(
            server("for url (https://in.s3.amazonaws.com)"),
            Some("https://in.s3.amazonaws.com")
        );
        assert_eq!(server("for url (http://me:secret@host/)"), None);
        assert_eq!(server("a broken pipe"), None);
    }

    #[test]
    fn missing_credentials_are_named_with_what_to_set() {
        let error = fault(
            &generic("Error performing PUT http://169.254.169.254/latest/api/token in 1s"),
            &Address::s3("in", "a.jpg"),
        );
        assert_eq!(error.to_string(), "no AWS credentials for `s3://in/a.jpg`");
        assert!(error.hint().is_some_and(|hint| hint.contains("AWS_ACCESS_KEY_ID")));
        assert!(!error.is_transient(), "trying again does not help");
    }
}
