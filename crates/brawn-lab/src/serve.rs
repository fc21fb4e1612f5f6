//! The side that invokes: Lambda's Invoke API as AWS's emulator and cargo-lambda serve it, and function URLs.

mod sqs;
mod url;

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brawn_core::{Error, ErrorKind, Result};
use bytes::{Bytes, BytesMut};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Channel, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::emulator::Emulator;
use crate::environment::{Event, Reply, ReplyBody};
use crate::runtime_api::{ACCEPT_AGAIN, PAYLOAD_LIMIT};
use crate::settings::ACCOUNT;
use crate::source::sqs::Queues;
use crate::stream::Broken;

/// Up to here a body that is too long is read to its end.
const DRAINED: usize = 256 << 20;

/// What an asynchronous invocation may bring.
const LATER_LIMIT: usize = 1 << 20;

/// A body that breaks off breaks off the connection: who reads it can tell it from a whole one.
type HttpReply = Response<BoxBody<Bytes, Broken>>;

/// A server in front of a function; it listens until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    // Aborted when it is dropped.
    _accepting: JoinSet<()>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Serves invocations of `emulator` on `address`, and where that is 127.0.0.1 on ::1 too, as cargo-lambda calls there:
///
/// - `POST /2015-03-31/functions/NAME/invocations`, with `X-Amz-Invocation-Type` `RequestResponse`, `Event` or `DryRun`.
///   NAME may be any: there is one function.
/// - SQS's actions for `queues`, where there are any: `POST` with an `X-Amz-Target` of `AmazonSQS`. `GET` of a queue's URL shows
///   the messages in it, one a line, and receives none.
/// - every other path as a function URL (payload 2.0), below `/lambda-url/NAME` too.
pub async fn serve(
    emulator: Emulator,
    queues: Option<Queues>,
    address: SocketAddr,
) -> Result<Server> {
    let cannot = |error| {
        Error::new(ErrorKind::Unavailable, format!("cannot listen on {address}"))
            .with_source(error)
            .with_hint("`--invoke-port` takes another port")
    };
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let mut accepting = JoinSet::new();
    if address.ip() == Ipv4Addr::LOCALHOST {
        // There may be no IPv6 here, or another program on that port: 127.0.0.1 is what was asked for.
        if let Ok(beside) = TcpListener::bind((Ipv6Addr::LOCALHOST, address.port())).await {
            accepting.spawn(accept(beside, emulator.clone(), queues.clone()));
        }
    }
    accepting.spawn(accept(listener, emulator, queues));
    Ok(Server { address, _accepting: accepting })
}

async fn accept(listener: TcpListener, emulator: Emulator, queues: Option<Queues>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // No descriptor is free, mostly: asking on and on would take the time of who might free one.
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (emulator, queues) = (emulator.clone(), queues.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let (emulator, queues) = (emulator.clone(), queues.clone());
                async move {
                    Ok::<_, Infallible>(respond(request, peer, &emulator, queues.as_ref()).await)
                }
            });
            // A caller that goes early misses its answer; the invocation goes on.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn respond(
    request: Request<Incoming>,
    peer: SocketAddr,
    emulator: &Emulator,
    queues: Option<&Queues>,
) -> HttpReply {
    let path = request.uri().path().to_owned();
    if let Some(queues) = queues {
        if let Some(action) = sqs::action(request.headers()).map(str::to_owned) {
            let headers = request.headers().clone();
            return match collect(request.into_body(), sqs::LIMIT).await {
                Ok(body) => sqs::respond(&action, &headers, &body, queues).await,
                Err(reply) => *reply,
            };
        }
        // An SDK from before 2024 would invoke the function with its form.
        if request.method() == Method::POST && path.starts_with(&format!("/{ACCOUNT}/")) {
            let text = "SQS's query protocol is not spoken here: newer SDKs and CLIs speak JSON";
            return refused(StatusCode::BAD_REQUEST, "InvalidAction", text);
        }
        let shown = (request.method() == Method::GET).then(|| sqs::peek(&path, queues)).flatten();
        if let Some(shown) = shown {
            return shown;
        }
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::POST, ["2015-03-31", "functions", _, "invocations"]) => {
            invocation(request, emulator).await
        }
        (&Method::POST, ["2021-11-15", "functions", _, "response-streaming-invocations"]) => {
            refused(
                StatusCode::NOT_IMPLEMENTED,
                "User",
                "InvokeWithResponseStream answers in AWS's event stream encoding, which is not spoken here; `invocations` streams as it is",
            )
        }
        _ => url::respond(request, peer, emulator).await,
    }
}

async fn invocation(request: Request<Incoming>, emulator: &Emulator) -> HttpReply {
    let headers = request.headers().clone();
    let kind = header(&headers, "x-amz-invocation-type").unwrap_or("RequestResponse").to_owned();
    let limit = if kind == "Event" { LATER_LIMIT } else { PAYLOAD_LIMIT };
    let body = match collect(request.into_body(), limit).await {
        Ok(body) => body,
        Err(reply) => return *reply,
    };
    if !body.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
        return refused(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            "Could not parse request body into json: the payload of an invocation is JSON",
        );
    }
    // As Lambda does for a caller that sends nothing.
    let payload = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let mut event = Event::new(payload);
    event.trace_id = header(&headers, "x-amzn-trace-id").map(str::to_owned);
    if let Some(context) = headers.get("x-amz-client-context") {
        event.client_context = client_context(context.as_bytes());
        if event.client_context.is_none() {
            return refused(
                StatusCode::BAD_REQUEST,
                "InvalidRequestContentException",
                "Client context must be a valid Base64-encoded JSON object.",
            );
        }
    }
    match kind.as_str() {
        "RequestResponse" => {
            let mut pending = emulator.send(event);
            match pending.reply().await {
                Ok(reply) => answered(&pending.request_id, reply),
                Err(error) => {
                    refused(StatusCode::SERVICE_UNAVAILABLE, "ServiceException", &error.to_string())
                }
            }
        }
        "Event" => {
            let id = emulator.invoke_later(event);
            plain(StatusCode::ACCEPTED, "application/json", Bytes::new(), &id)
        }
        "DryRun" => plain(StatusCode::NO_CONTENT, "application/json", Bytes::new(), &event.id),
        other => refused(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValueException",
            &format!("`{other}` is no invocation type: RequestResponse, Event or DryRun"),
        ),
    }
}

/// A client context as the function gets it: in a header, so without line ends and in ASCII. What is so already stays as it is.
fn client_context(encoded: &[u8]) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let context: Value = serde_json::from_str(&text).ok().filter(Value::is_object)?;
    if HeaderValue::from_str(&text).is_ok() {
        return Some(text);
    }
    let mut line = String::new();
    for letter in context.to_string().chars() {
        if letter.is_ascii() && letter != '\x7f' {
            line.push(letter);
        } else {
            // Only in its strings JSON has such letters.
            let mut units = [0; 2];
            line.extend(
                letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")),
            );
        }
    }
    Some(line)
}

fn answered(id: &str, reply: Reply) -> HttpReply {
    let content_type = reply.content_type.as_deref().unwrap_or("application/json").to_owned();
    let mut response = plain(StatusCode::OK, &content_type, Bytes::new(), id);
    *response.body_mut() = body(reply.body);
    if reply.error.is_some() {
        set(response.headers_mut(), "x-amz-function-error", "Unhandled");
    }
    set(response.headers_mut(), "x-amz-executed-version", "$LATEST");
    response
}

/// The body, passed on as it comes where the function streams.
fn body(reply: ReplyBody) -> BoxBody<Bytes, Broken> {
    match reply {
        ReplyBody::Whole(bytes) => full(bytes),
        ReplyBody::Stream(mut chunks) => {
            let (mut sender, channel) = Channel::<Bytes, Broken>::new(1);
            tokio::spawn(async move {
                loop {
                    let chunk = match chunks.next().await {
                        Ok(Some(chunk)) => chunk,
                        Ok(None) => return,
                        Err(broken) => return sender.abort(broken),
                    };
                    if sender.send_data(chunk).await.is_err() {
                        return;
                    }
                }
            });
            channel.boxed()
        }
    }
}

fn full(bytes: Bytes) -> BoxBody<Bytes, Broken> {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// What is too long is read all the same, up to a bound: who is still sending does not see an answer, but a reset.
async fn collect(mut body: Incoming, limit: usize) -> std::result::Result<Bytes, Box<HttpReply>> {
    let (mut kept, mut come) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let text = "the body broke off";
            let kind = "InvalidRequestContentException";
            return Err(Box::new(refused(StatusCode::BAD_REQUEST, kind, text)));
        };
        let Ok(data) = frame.into_data() else { continue };
        come += data.len();
        match come {
            come if come <= limit => kept.extend_from_slice(&data),
            come if come <= DRAINED => kept = BytesMut::new(),
            _ => break,
        }
    }
    if come <= limit { Ok(kept.freeze()) } else { Err(Box::new(too_large(limit))) }
}

fn too_large(limit: usize) -> HttpReply {
    let text =
        format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
    refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &text)
}

fn refused(status: StatusCode, kind: &str, message: &str) -> HttpReply {
    let body = json!({ "Type": "User", "Message": message }).to_string();
    let mut response = plain(status, "application/json", body.into(), &crate::clock::uuid());
    set(response.headers_mut(), "x-amzn-errortype", kind);
    response
}

fn plain(status: StatusCode, content_type: &str, body: Bytes, id: &str) -> HttpReply {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    set(response.headers_mut(), CONTENT_TYPE.as_str(), content_type);
    set(response.headers_mut(), "x-amzn-requestid", id);
    response
}

fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    // A function chooses some of these: what HTTP cannot carry is left out.
    if let (Ok(name), Ok(value)) =
        (hyper::header::HeaderName::try_from(name), HeaderValue::try_from(value))
    {
        headers.append(name, value);
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_context_fits_into_a_header() {
        let of = |text: &str| client_context(STANDARD.encode(text).as_bytes());
        assert_eq!(of(r#"{"a": 1}"#).as_deref(), Some(r#"{"a": 1}"#));
        let lines = of("{\n  \"a\": \"\u{fc}\u{1f600}\"\n}\n").expect("an object");
        assert_eq!(lines, r#"{"a":"\u00fc\ud83d\ude00"}"#);
        assert!(HeaderValue::from_str(&lines).is_ok());
        assert_eq!([of("5"), of("{"), client_context(b"%")], [None, None, None]);
    }
}
