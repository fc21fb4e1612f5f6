//! A Lambda Runtime API: the server side of the loop that a function polls.
//!
//! Source of paths, headers and status codes: AWS Lambda developer guide, "Using the Lambda runtime API for custom
//! runtimes" (version 2018-06-01).

use std::collections::VecDeque;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::http::read_request;

const PREFIX: &str = "/2018-06-01/runtime/";

/// An event on its way to the function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The request id the function sees.
    pub id: String,
    /// The event.
    pub payload: Vec<u8>,
    /// What `Lambda-Runtime-Deadline-Ms` says: milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
}

/// What the function said to an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// `POST .../response`.
    Response(Value),
    /// `POST .../error`.
    Error(Value),
}

/// A Runtime API on a port of its own.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Invocation>,
    answers: Vec<(String, Answer)>,
    init_errors: Vec<Value>,
    sent: usize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RuntimeApi {
    /// Starts listening.
    pub fn start() -> RuntimeApi {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::<Shared>::default();
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                std::thread::spawn(move || serve(&connection, &shared));
            }
        });
        RuntimeApi { address, shared }
    }

    /// The variables a function needs to find this API and to start at all.
    pub fn environment(&self, memory_mb: u32) -> Vec<(String, String)> {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "under-test".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mb.to_string()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/under-test".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Queues `payload` with `timeout` to go, and gives its request id.
    pub fn send(&self, payload: &Value, timeout: Duration) -> String {
        let deadline = SystemTime::now() + timeout;
        let millis = deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        self.send_with_deadline(payload, u64::try_from(millis).expect("this century"))
    }

    /// Queues `payload` with a minute to go and with further headers.
    pub fn send_with_headers(&self, payload: &Value, headers: &[(&'static str, &str)]) -> String {
        let deadline = SystemTime::now() + Duration::from_secs(60);
        let millis = deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.queue(payload, u64::try_from(millis).expect("this century"), headers)
    }

    /// Queues `payload` with a deadline of the caller's choice, sensible or not.
    pub fn send_with_deadline(&self, payload: &Value, deadline_ms: u64) -> String {
        self.queue(payload, deadline_ms, Vec::new())
    }

    fn queue(
        &self,
        payload: &Value,
        deadline_ms: u64,
        headers: Vec<(&'static str, String)>,
    ) -> String {
        let mut state = self.shared.state();
        state.sent += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", state.sent);
        state.waiting.push_back(Invocation {
            id: id.clone(),
            payload: payload.to_string().into_bytes(),
            deadline_ms,
            headers,
        });
        self.shared.changed.notify_all();
        id
    }

    /// Waits for the answer to `id`; `None` when there is none within `patience`.
    pub fn answer(&self, id: &str, patience: Duration) -> Option<Answer> {
        self.wait(patience, |state| {
            let (_, answer) = state.answers.iter().find(|(answered, _)| answered == id)?;
            Some(answer.clone())
        })
    }

    /// Waits until the function has reported that it cannot start.
    pub fn init_error(&self, patience: Duration) -> Option<Value> {
        self.wait(patience, |state| state.init_errors.first().cloned())
    }

    fn wait<T>(&self, patience: Duration, find: impl Fn(&State) -> Option<T>) -> Option<T> {
        let until = Instant::now() + patience;
        let mut state = self.shared.state();
        loop {
            if let Some(found) = find(&state) {
                return Some(found);
            }
            let left = until.checked_duration_since(Instant::now())?;
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Answers the requests of one keep-alive connection until the other side closes it.
fn serve(connection: &TcpStream, shared: &Shared) {
    // Head and body in two packets would meet delayed ACK: 40 ms for each answer.
    connection.set_nodelay(true).expect("a TCP socket");
    let mut reader = BufReader::new(connection);
    while let Some((method, path, body)) = read_request(&mut reader) {
        let (status, headers, body) = respond(&method, &path, body, shared);
        let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("\r\n");
        let mut answer = answer.into_bytes();
        answer.extend(body);
        let mut writer = connection;
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

type Reply = (&'static str, Vec<(&'static str, String)>, Vec<u8>);

fn respond(method: &str, path: &str, body: Vec<u8>, shared: &Shared) -> Reply {
    let accepted = || ("202 Accepted", Vec::new(), br#"{"status":"OK"}"#.to_vec());
    let Some(call) = path.strip_prefix(PREFIX) else {
        return ("404 Not Found", Vec::new(), Vec::new());
    };
    let parsed = || serde_json::from_slice(&body).unwrap_or(Value::Null);
    match (method, call.split('/').collect::<Vec<_>>().as_slice()) {
        ("GET", ["invocation", "next"]) => {
            let mut state = shared.state();
            let next = loop {
                match state.waiting.pop_front() {
                    Some(next) => break next,
                    None => {
                        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            let mut headers = vec![
                ("content-type", "application/json".to_owned()),
                ("lambda-runtime-aws-request-id", next.id),
                ("lambda-runtime-deadline-ms", next.deadline_ms.to_string()),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:under-test".to_owned(),
                ),
            ];
            headers.extend(next.headers);
            ("200 OK", headers, next.payload)
        }
        ("POST", ["invocation", id, kind @ ("response" | "error")]) => {
            let answer = match *kind {
                "response" => Answer::Response(parsed()),
                _ => Answer::Error(parsed()),
            };
            shared.state().answers.push(((*id).to_owned(), answer));
            shared.changed.notify_all();
            accepted()
        }
        ("POST", ["init", "error"]) => {
            shared.state().init_errors.push(parsed());
            shared.changed.notify_all();
            accepted()
        }
        _ => ("404 Not Found", Vec::new(), Vec::new()),
    }
}
