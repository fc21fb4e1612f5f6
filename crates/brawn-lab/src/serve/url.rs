//! Function URLs: HTTP to an event of payload format 2.0, and the answer back to HTTP.
//!
//! Source: AWS Lambda developer guide, "Invoking Lambda function URLs", request and response payloads.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderMap, SET_COOKIE};
use hyper::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::{HttpReply, body, collect, plain, refused, set, too_large};
use crate::clock::{Utc, since_epoch};
use crate::emulator::Emulator;
use crate::environment::{Event, Reply, ReplyBody};
use crate::runtime_api::PAYLOAD_LIMIT;
use crate::stream::Chunks;

/// What stands between the metadata of a streamed HTTP response and its body.
const PRELUDE_END: [u8; 8] = [0; 8];
/// The metadata of a streamed response may not be longer than the headers of any.
const PRELUDE_LIMIT: usize = 64 << 10;

pub(super) async fn respond(
    request: Request<Incoming>,
    peer: SocketAddr,
    emulator: &Emulator,
) -> HttpReply {
    let (parts, incoming) = request.into_parts();
    let payload = match collect(incoming, PAYLOAD_LIMIT).await {
        Ok(payload) => payload,
        Err(reply) => return *reply,
    };
    let path = within(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let mut event = Event::new(Bytes::new());
    let described =
        describe(parts.method.as_str(), path, query, &parts.headers, &payload, peer, &event.id);
    event.payload = described.to_string().into();
    // In base64 it may have become more.
    if event.payload.len() > PAYLOAD_LIMIT {
        return too_large(PAYLOAD_LIMIT);
    }
    let mut pending = emulator.send(event);
    match pending.reply().await {
        Ok(reply) => answer(&pending.request_id, reply).await,
        Err(error) => {
            refused(StatusCode::SERVICE_UNAVAILABLE, "ServiceException", &error.to_string())
        }
    }
}

/// `/lambda-url/NAME/rest` is what cargo-lambda serves; the function sees `/rest`.
fn within(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/lambda-url/") else { return path };
    rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
}

fn describe(
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    payload: &Bytes,
    peer: SocketAddr,
    id: &str,
) -> Value {
    let mut named = Map::new();
    let mut cookies = Vec::new();
    for name in headers.keys() {
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        if name == COOKIE {
            cookies.extend(values.iter().flat_map(|line| line.split("; ")).map(str::to_owned));
        } else {
            named.insert(name.as_str().to_owned(), json!(values.join(",")));
        }
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let text = std::str::from_utf8(payload).ok().filter(|_| payload.is_empty() || is_text(kind));
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": named,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": host.split('.').next().unwrap_or(host),
            "domainName": host,
            "domainPrefix": host.split('.').next().unwrap_or(host),
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer.ip().to_string(),
                "userAgent": headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default(),
            },
            "requestId": id,
            "routeKey": "$default",
            "stage": "$default",
            "time": Utc::now().common_log(),
            "timeEpoch": u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX),
        },
        "isBase64Encoded": text.is_none(),
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = parameters(query);
    }
    if !payload.is_empty() {
        event["body"] = json!(text.map_or_else(|| STANDARD.encode(payload), str::to_owned));
    }
    event
}

/// Which bodies are handed over as they are; all else is in base64, forms too. AWS does not document it. Source: as its function
/// URLs are seen to do, github.com/localstack/localstack, `event_for_lambda_url`.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.to_ascii_lowercase();
    ["text", "json", "xml", "javascript"].iter().any(|word| kind.contains(word))
}

/// Names that come more than once have their values joined by commas.
fn parameters(query: &str) -> Value {
    let mut named = Map::<String, Value>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let joined = match named.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        named.insert(name, json!(joined));
    }
    Value::Object(named)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |rest: &mut std::str::Bytes<'_>| {
            let digits = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
        };
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match hex(&mut rest.clone()) {
                Some(byte) => {
                    bytes.push(byte);
                    rest.nth(1);
                }
                None => bytes.push(b'%'),
            },
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An object with `statusCode` describes the response; anything else is the body of a 200. A function that fails is a 502,
/// as behind a real function URL.
async fn answer(id: &str, reply: Reply) -> HttpReply {
    if reply.error.is_some() {
        return plain(
            StatusCode::BAD_GATEWAY,
            "application/json",
            Bytes::from_static(b"Internal Server Error"),
            id,
        );
    }
    let streams_http = reply.content_type.as_deref().is_some_and(|kind| {
        kind.starts_with("application/vnd.awslambda.http-integration-response")
    });
    match reply.body {
        ReplyBody::Whole(bytes) => whole(id, &bytes),
        ReplyBody::Stream(chunks) if streams_http => streamed(id, chunks).await,
        chunks => {
            let kind = reply.content_type.as_deref().unwrap_or("application/octet-stream");
            let mut response = plain(StatusCode::OK, kind, Bytes::new(), id);
            *response.body_mut() = body(chunks);
            response
        }
    }
}

fn whole(id: &str, bytes: &Bytes) -> HttpReply {
    let answer: Value = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(_) => return plain(StatusCode::OK, "application/json", bytes.clone(), id),
    };
    if answer.get("statusCode").is_none() {
        let text = answer.as_str().map_or_else(|| bytes.clone(), |text| text.to_owned().into());
        return plain(StatusCode::OK, "application/json", text, id);
    }
    let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let encoded = answer.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let content = if encoded {
        match STANDARD.decode(text) {
            Ok(bytes) => bytes,
            Err(_) => {
                return plain(
                    StatusCode::BAD_GATEWAY,
                    "application/json",
                    "Internal Server Error".into(),
                    id,
                );
            }
        }
    } else {
        text.as_bytes().to_vec()
    };
    let mut response = head(id, &answer);
    *response.body_mut() = body(ReplyBody::Whole(content.into()));
    response
}

/// Status, headers and cookies of an answer.
fn head(id: &str, answer: &Value) -> HttpReply {
    let status = answer
        .get("statusCode")
        .and_then(Value::as_u64)
        .and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok())
        .unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = answer.get("headers").and_then(Value::as_object);
    let content_type = headers.and_then(|headers| {
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?.1.as_str()
    });
    let mut response: HttpReply =
        plain(status, content_type.unwrap_or("application/json"), Bytes::new(), id);
    for (name, value) in headers.into_iter().flatten() {
        if !name.eq_ignore_ascii_case("content-type")
            && !name.eq_ignore_ascii_case("content-length")
            && !name.eq_ignore_ascii_case("transfer-encoding")
        {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            set(response.headers_mut(), name, &value);
        }
    }
    let cookies = answer.get("cookies").and_then(Value::as_array);
    for cookie in cookies.into_iter().flatten().filter_map(Value::as_str) {
        set(response.headers_mut(), SET_COOKIE.as_str(), cookie);
    }
    response
}

/// Metadata, eight zero bytes, and then the body as it comes.
async fn streamed(id: &str, mut chunks: Chunks) -> HttpReply {
    let mut prelude = Vec::new();
    let bad =
        || plain(StatusCode::BAD_GATEWAY, "application/json", "Internal Server Error".into(), id);
    loop {
        let Ok(Some(chunk)) = chunks.next().await else { return bad() };
        prelude.extend_from_slice(&chunk);
        let end = prelude.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END);
        if let Some(end) = end {
            chunks.put_back(Bytes::from(prelude.split_off(end + PRELUDE_END.len())));
            prelude.truncate(end);
            let Ok(mut answer @ Value::Object(_)) = serde_json::from_slice(&prelude) else {
                return bad();
            };
            if answer.get("statusCode").is_none() {
                answer["statusCode"] = json!(200);
            }
            let mut response: Response<_> = head(id, &answer);
            *response.body_mut() = body(ReplyBody::Stream(chunks));
            return response;
        }
        if prelude.len() > PRELUDE_LIMIT {
            return bad();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(query: &str, headers: &[(&str, &str)], payload: &'static [u8]) -> Value {
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(name, value)| set(&mut map, name, value));
        let peer = ([127, 0, 0, 1], 5).into();
        describe("POST", "/a/b", query, &map, &Bytes::from_static(payload), peer, "id")
    }

    #[test]
    fn a_request_becomes_an_event_of_payload_2() {
        let headers = [
            ("host", "x.lambda-url.us-east-1.on.aws"),
            ("content-type", "text/plain; charset=utf-8"),
            ("cookie", "a=1; b=2"),
            ("x-two", "1"),
            ("x-two", "2"),
        ];
        let event = event("p=1&p=2&q=red+flower%2Fx&r=50%", &headers, b"hello");
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["rawPath"], "/a/b");
        assert_eq!(
            event["queryStringParameters"],
            json!({"p": "1,2", "q": "red flower/x", "r": "50%"})
        );
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["headers"]["x-two"], "1,2");
        assert!(event["headers"].get("cookie").is_none());
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["requestContext"]["domainPrefix"], "x");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("hello"), &json!(false)));
    }

    #[test]
    fn bytes_that_are_no_text_are_encoded() {
        for (kind, body) in [
            ("application/json", "a=b"),
            ("image/svg+xml", "a=b"),
            ("application/x-www-form-urlencoded", "YT1i"),
            ("application/octet-stream", "YT1i"),
        ] {
            let event = event("", &[("content-type", kind)], b"a=b");
            assert_eq!(
                (&event["body"], &event["isBase64Encoded"]),
                (&json!(body), &json!(body != "a=b"))
            );
        }
        let event = event("", &[], b"\xff\x00");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
        assert!(event.get("queryStringParameters").is_none());
    }

    #[tokio::test]
    async fn metadata_that_is_no_object_is_a_bad_gateway() {
        for (prelude, status) in [
            ("[]", 502),
            ("5", 502),
            ("\"x\"", 502),
            ("{", 502),
            ("{}", 200),
            (r#"{"statusCode":201}"#, 201),
        ] {
            let (sender, chunks) = crate::stream::channel();
            let bytes = [prelude.as_bytes(), &PRELUDE_END, b"body"].concat();
            sender.send(bytes.into()).await;
            sender.end(Ok(()));
            assert_eq!(streamed("id", chunks).await.status().as_u16(), status, "{prelude}");
        }
    }

    #[test]
    fn cargo_lambdas_prefix_is_not_the_functions_path() {
        assert_eq!(within("/lambda-url/thumbs/a/b"), "/a/b");
        assert_eq!(within("/lambda-url/thumbs"), "/");
        assert_eq!(within("/a/b"), "/a/b");
    }

    #[test]
    fn an_answer_with_a_status_describes_the_response() {
        let answer = json!({
            "statusCode": 201, "headers": {"Content-Type": "text/plain", "x-n": 5}, "cookies": ["a=1", "b=2"],
            "body": "aGk=", "isBase64Encoded": true,
        });
        let response = whole("id", &answer.to_string().into());
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(response.headers()["x-n"], "5");
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
        let plain = whole("id", &Bytes::from_static(b"{\"a\":1}"));
        assert_eq!(
            (plain.status(), &plain.headers()["content-type"]),
            (StatusCode::OK, &"application/json".parse().unwrap())
        );
    }
}
