//! One request of a function, one response.

mod extension;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::state::Refused;
use super::{Answer, Fault, PAYLOAD_LIMIT, STREAM_LIMIT, Said, Shared, Streamed};
use crate::environment::ReplyBody;
use crate::stream;

type Reply = Response<Full<Bytes>>;

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";

pub(super) async fn respond(request: Request<Incoming>, shared: &Shared) -> Reply {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => next(shared).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            response(id, request, shared).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            error(id, request, shared).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => {
            init_error(request, shared).await
        }
        (&Method::POST, ["2020-01-01", "extension", "register"]) => {
            extension::register(request, shared).await
        }
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => {
            extension::next(request.headers(), shared).await
        }
        (&Method::POST, ["2020-01-01", "extension", "init", "error"]) => {
            extension::error(request.headers(), "Extension.InitError", shared)
        }
        (&Method::POST, ["2020-01-01", "extension", "exit", "error"]) => {
            extension::error(request.headers(), "Extension.ExitError", shared)
        }
        (&Method::PUT, ["2022-07-01", "telemetry"]) => extension::subscribe(request, shared).await,
        // As AWS's own emulator answers: the Telemetry API has taken its place.
        (&Method::PUT, ["2020-08-15", "logs"]) => {
            refuse(StatusCode::ACCEPTED, "Logs.NotSupported", "Logs API is not supported")
        }
        _ => refuse(StatusCode::NOT_FOUND, "NotFound", "there is no such path in the Runtime API"),
    }
}

async fn next(shared: &Shared) -> Reply {
    if let Err(refused) = shared.lock().poll() {
        return refused.into();
    }
    shared.say(Said::Polled);
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        // From here on no change is missed.
        changed.as_mut().enable();
        let call = shared.lock().take();
        let Some(call) = call else {
            changed.await;
            continue;
        };
        let mut reply = Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", &call.id)
            .header("Lambda-Runtime-Invocation-Id", &call.nonce)
            .header("Lambda-Runtime-Deadline-Ms", call.deadline_ms.to_string())
            .header("Lambda-Runtime-Invoked-Function-Arn", &call.arn)
            .header("Lambda-Runtime-Trace-Id", &call.trace_id);
        if let Some(context) = &call.client_context {
            reply = reply.header("Lambda-Runtime-Client-Context", context);
        }
        return reply.body(Full::new(call.payload.clone())).unwrap_or_else(|_| accepted());
    }
}

async fn response(id: &str, request: Request<Incoming>, shared: &Shared) -> Reply {
    let mode = header(request.headers(), "lambda-runtime-function-response-mode");
    let streams = match mode.as_deref() {
        None => false,
        Some("streaming") => true,
        Some(_) => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "InvalidFunctionResponseMode",
                "the response mode is `streaming`, or not given",
            );
        }
    };
    if let Err(refused) = answer(id, request.headers(), shared) {
        return refused.into();
    }
    let content_type = header(request.headers(), CONTENT_TYPE.as_str());
    if streams {
        return streamed(id, request.into_body(), content_type, shared).await;
    }
    match collect(request.into_body()).await {
        Ok(body) => {
            let outcome = Ok(ReplyBody::Whole(body));
            shared.say(Said::Answered(Answer { id: id.to_owned(), outcome, content_type }));
            accepted()
        }
        Err(fault) => {
            let too_large = fault.kind == "Function.ResponseSizeTooLarge";
            let message = format!("Exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes).");
            shared.say(Said::Answered(Answer {
                id: id.to_owned(),
                outcome: Err(fault),
                content_type: None,
            }));
            if too_large {
                refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
            } else {
                refuse(StatusCode::BAD_REQUEST, "Runtime.TruncatedResponse", "the body broke off")
            }
        }
    }
}

/// Passes a streamed body on as it comes.
async fn streamed(
    id: &str,
    mut body: Incoming,
    content_type: Option<String>,
    shared: &Shared,
) -> Reply {
    let id = id.to_owned();
    let (sender, chunks) = stream::channel();
    let outcome = Ok(ReplyBody::Stream(chunks));
    shared.say(Said::Answered(Answer { id: id.to_owned(), outcome, content_type }));
    let mut sent = 0_u64;
    let mut ended = Ok(());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            ended = Err(Fault::new("Runtime.TruncatedResponse", "the response broke off"));
            break;
        };
        match frame.into_data() {
            Ok(data) => {
                sent += data.len() as u64;
                if sent > STREAM_LIMIT {
                    let message = "Response payload size exceeded maximum allowed payload size (209715200 bytes).";
                    ended = Err(Fault::new("Function.ResponseSizeTooLarge", message));
                    break;
                }
                sender.send(data).await;
            }
            Err(frame) => {
                if let Some(fault) = frame.trailers_ref().and_then(fault_in_trailers) {
                    ended = Err(fault);
                }
            }
        }
    }
    sender.end(ended.clone().map_err(Into::into));
    let too_large =
        ended.as_ref().is_err_and(|fault| fault.kind == "Function.ResponseSizeTooLarge");
    shared.say(Said::Streamed(Streamed { id, ended, bytes: sent }));
    if too_large {
        refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "200 MB is the most that is streamed",
        )
    } else {
        accepted()
    }
}

/// What a function says that fails after it has begun to stream; the error object in base64, as a header is one line.
fn fault_in_trailers(trailers: &HeaderMap) -> Option<Fault> {
    let kind = error_type(Some(header(trailers, ERROR_TYPE)?));
    let body = header(trailers, ERROR_BODY).and_then(|body| STANDARD.decode(body).ok());
    Some(match body {
        Some(body) => Fault { kind, body: body.into() },
        None => Fault::new(&kind, "the function failed while it streamed"),
    })
}

async fn error(id: &str, request: Request<Incoming>, shared: &Shared) -> Reply {
    if let Err(refused) = answer(id, request.headers(), shared) {
        return refused.into();
    }
    let kind = error_type(header(request.headers(), ERROR_TYPE));
    let fault = match collect(request.into_body()).await {
        Ok(body) => Fault { kind, body },
        Err(fault) => fault,
    };
    shared.say(Said::Answered(Answer {
        id: id.to_owned(),
        outcome: Err(fault),
        content_type: None,
    }));
    accepted()
}

async fn init_error(request: Request<Incoming>, shared: &Shared) -> Reply {
    if let Err(refused) = shared.lock().fail_init() {
        return refused.into();
    }
    let kind = error_type(header(request.headers(), ERROR_TYPE));
    let fault = match collect(request.into_body()).await {
        Ok(body) => Fault { kind, body },
        Err(fault) => fault,
    };
    shared.say(Said::InitFailed(fault));
    accepted()
}

fn answer(id: &str, headers: &HeaderMap, shared: &Shared) -> Result<(), Refused> {
    let nonce = header(headers, "lambda-runtime-invocation-id");
    shared.lock().answer(id, nonce.as_deref())
}

async fn collect(body: Incoming) -> Result<Bytes, Fault> {
    let announced = body.size_hint().lower();
    let too_large = || {
        let message = format!(
            "Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
        );
        Fault::new("Function.ResponseSizeTooLarge", &message)
    };
    if announced > PAYLOAD_LIMIT as u64 {
        // Read to its end, so that the function gets an answer instead of a broken connection.
        let mut body = body;
        while let Some(Ok(_)) = body.frame().await {}
        return Err(too_large());
    }
    match Limited::new(body, PAYLOAD_LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Fault::new("Runtime.TruncatedResponse", "the response broke off")),
    }
}

/// What a function calls its error counts where it looks like `Function.SomeName` or `Runtime.SomeName`.
fn error_type(given: Option<String>) -> String {
    given
        .filter(|kind| {
            let name = kind.strip_prefix("Runtime.").or_else(|| kind.strip_prefix("Function."));
            name.is_some_and(|name| {
                name.len() > 1
                    && name.starts_with(|first: char| first.is_ascii_uppercase())
                    && name.chars().all(|letter| letter.is_ascii_alphabetic())
            })
        })
        .unwrap_or_else(|| "Runtime.Unknown".to_owned())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn accepted() -> Reply {
    json_reply(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Reply {
    json_reply(status, &json!({ "errorMessage": message, "errorType": kind }))
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(format!("{body}\n"))));
    *reply.status_mut() = status;
    with_header(reply, CONTENT_TYPE.as_str(), "application/json")
}

fn with_header(mut reply: Reply, name: &str, value: &str) -> Reply {
    if let (Ok(name), Ok(value)) =
        (hyper::header::HeaderName::try_from(name), hyper::header::HeaderValue::try_from(value))
    {
        reply.headers_mut().insert(name, value);
    }
    reply
}

impl From<Refused> for Reply {
    fn from(refused: Refused) -> Reply {
        match refused {
            Refused::State => refuse(
                StatusCode::FORBIDDEN,
                "InvalidStateTransition",
                "the state of the runtime does not allow this call: an event is answered once, and before the next is asked for",
            ),
            Refused::RequestId => {
                refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
            }
            Refused::Expired => refuse(
                StatusCode::GONE,
                "InvokeTimeout",
                "the invocation was given up at its timeout; this answer came too late",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_error_types_of_lambdas_shape_count() {
        for (given, counts) in [
            ("Function.Bad", true),
            ("Runtime.NoSuchHandler", true),
            ("Function.bad", false),
            ("Function.Bad2", false),
            ("unhandled", false),
        ] {
            let expected = if counts { given } else { "Runtime.Unknown" };
            assert_eq!(error_type(Some(given.to_owned())), expected);
        }
        assert_eq!(error_type(None), "Runtime.Unknown");
    }
}
