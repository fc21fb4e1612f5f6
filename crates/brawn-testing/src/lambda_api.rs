//! One function of AWS Lambda's API, with what real ones do to a client: updates that take a while and are in each other's way,
//! versions that are pending, throttles, lost answers.
//!
//! Source of paths, bodies and exceptions: AWS Lambda API reference (2015-03-31).

mod function;
mod wire;

use std::collections::HashMap;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use self::function::Function;
use self::wire::{Answer, Request};

/// What an invocation is reported to have taken.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Of the invocation, in milliseconds; init comes on top.
    pub duration_ms: f64,
    /// The most memory held, in MB.
    pub peak_mb: u32,
    /// The payload of an error, and `Status` and `Error Type` of its report.
    pub error: Option<(Value, &'static str)>,
    /// How long the answer really takes.
    pub takes: Duration,
}

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Wrong {
    /// This status, exception and message are the answer, and nothing is done.
    Refused(u16, &'static str, &'static str),
    /// It is done, and the connection ends without an answer.
    Lost,
    /// Somebody deploys this code with so many MB just before.
    Deployed(&'static str, u32),
}

/// See [`Behaviour`].
pub type Runs = Box<dyn Fn(&Value, u32) -> Ran + Send + Sync>;
/// See [`Behaviour`].
pub type GoesWrong = Box<dyn Fn(&str, usize) -> Option<Wrong> + Send + Sync>;

/// How the function behaves.
pub struct Behaviour {
    /// What an event takes with so many MB.
    pub runs: Runs,
    /// What goes wrong, by the name of the operation and how many of its kind there were before.
    pub wrong: GoesWrong,
    /// More memory is refused.
    pub most_memory_mb: u32,
}

impl std::fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Behaviour").field("most_memory_mb", &self.most_memory_mb).finish()
    }
}

impl Default for Behaviour {
    /// One second of one thread's work, and nothing goes wrong.
    fn default() -> Behaviour {
        let runs = |_: &Value, memory_mb: u32| Ran {
            duration_ms: 1000.0 / (f64::from(memory_mb) / 1769.0).min(1.0),
            peak_mb: 60,
            error: None,
            takes: Duration::ZERO,
        };
        Behaviour { runs: Box::new(runs), wrong: Box::new(|_, _| None), most_memory_mb: 10_240 }
    }
}

/// The API, on a port of its own. The function is `thumbs`: 512 MB, `makes thumbs`, version 1 published and named `prod`.
#[derive(Debug)]
pub struct LambdaApi {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    behaviour: Behaviour,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    function: Function,
    counts: HashMap<String, usize>,
    operations: Vec<String>,
}

impl LambdaApi {
    /// Starts listening.
    pub fn start(behaviour: Behaviour) -> LambdaApi {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state =
            State { function: Function::new(), counts: HashMap::new(), operations: Vec::new() };
        let shared = Arc::new(Shared { behaviour, state: Mutex::new(state) });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                std::thread::spawn(move || shared.serve(&connection));
            }
        });
        LambdaApi { address, shared }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything about the function that a tuning could leave changed.
    pub fn state(&self) -> Value {
        self.shared.state().function.state()
    }

    /// Memory sizes and payloads of the invocations so far.
    pub fn invocations(&self) -> Vec<(u32, Value)> {
        self.shared.state().function.invocations.clone()
    }

    /// The operations so far, but for questions: `UpdateFunctionConfiguration 512` and so on.
    pub fn operations(&self) -> Vec<String> {
        self.shared.state().operations.clone()
    }

    /// Changes `$LATEST` as somebody else would.
    pub fn deploy(&self, code_sha256: &str, memory_mb: u32) {
        self.shared.state().function.deploy(code_sha256, memory_mb);
    }

    /// Adds an alias of version 1.
    pub fn name(&self, alias: &str) {
        self.shared.state().function.name(alias);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, connection: &TcpStream) {
        let mut reader = BufReader::new(connection);
        while let Some(request) = wire::read(&mut reader) {
            let (wrong, answer) = self.answer(&request);
            if matches!(wrong, Some(Wrong::Lost)) {
                let _ = connection.shutdown(std::net::Shutdown::Both);
                return;
            }
            std::thread::sleep(answer.after);
            let mut to = connection;
            if to.write_all(&answer.bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> (Option<Wrong>, Answer) {
        let mut state = self.state();
        let operation = request.operation();
        let count = state.counts.entry(operation.to_owned()).or_default();
        let wrong = (self.behaviour.wrong)(operation, *count);
        *count += 1;
        if let Some(Wrong::Refused(status, code, message)) = wrong {
            return (wrong, Answer::refused(status, code, message));
        }
        if let Some(Wrong::Deployed(code, memory_mb)) = wrong {
            state.function.deploy(code, memory_mb);
        }
        if let Some(change) = request.change() {
            state.operations.push(change);
        }
        let answer = state.function.answer(request, &self.behaviour);
        (wrong, answer)
    }
}

/// What Lambda says of a process that was killed for its memory.
pub fn out_of_memory() -> (Value, &'static str) {
    let message = "RequestId: 1 Error: Runtime exited with error: signal: killed";
    (
        json!({ "errorType": "Runtime.ExitError", "errorMessage": message }),
        "\tStatus: error\tError Type: Runtime.OutOfMemory",
    )
}
