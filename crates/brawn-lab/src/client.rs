//! Invoking a function that an emulator, ours or another, serves.

use brawn_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How a function is invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationType {
    /// The answer is waited for.
    RequestResponse,
    /// The event is queued.
    Event,
}

/// What an invocation gave.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// The function's answer, or its error object.
    pub payload: Bytes,
    /// Whether the function failed.
    pub failed: bool,
}

/// Invokes the function `name` at `address` (`127.0.0.1:9000`).
pub async fn invoke(
    address: &str,
    name: &str,
    payload: Bytes,
    kind: InvocationType,
) -> Result<Invoked> {
    let unreachable = |error: std::io::Error| {
        Error::new(ErrorKind::Unavailable, format!("nothing listens on {address}"))
            .with_source(error)
            .with_hint("start the function first: `brawn emulate ./bootstrap`")
    };
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    let _ = stream.set_nodelay(true);
    let broken = |error: hyper::Error| {
        Error::new(ErrorKind::Unavailable, format!("no answer from {address}")).with_source(error)
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let driving = tokio::spawn(connection);
    let request = Request::post(format!("/2015-03-31/functions/{name}/invocations"))
        .header("host", address)
        .header("content-type", "application/json")
        .header(
            "x-amz-invocation-type",
            match kind {
                InvocationType::RequestResponse => "RequestResponse",
                InvocationType::Event => "Event",
            },
        )
        .body(Full::new(payload))
        .map_err(|_| {
            Error::invalid_options(format!(
                "`{name}` cannot be part of a path: letters, digits, - and _"
            ))
        })?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let failed = response.headers().contains_key("x-amz-function-error");
    let payload = response.into_body().collect().await.map_err(|error| {
        let text = "the function's response broke off: what came is not all of it";
        Error::new(ErrorKind::Unavailable, text).with_source(error)
    })?;
    let payload = payload.to_bytes();
    driving.abort();
    if status.is_success() {
        return Ok(Invoked { payload, failed });
    }
    let said = String::from_utf8_lossy(&payload).into_owned();
    let kind = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::LimitExceeded,
        _ if status.is_client_error() => ErrorKind::InvalidOptions,
        _ => ErrorKind::Unavailable,
    };
    Err(Error::new(kind, format!("{address} answered {status}: {said}")))
}
