//! The Runtime API and the Extensions API, as one process of a function sees them.
//!
//! Sources: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes" and "Using the Lambda Extensions
//! API"; states and error types as in AWS's runtime interface emulator.

mod extensions;
mod respond;
mod state;
mod telemetry;

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

pub(crate) use self::extensions::{MOST as MOST_EXTENSIONS, Shutdown, Standing};
use self::state::State;
pub(crate) use self::telemetry::{Kind, Tapped, Telemetry};
use crate::environment::ReplyBody;

/// Lambda takes 6 MB and 100 bytes, either way.
pub(crate) const PAYLOAD_LIMIT: usize = (6 << 20) + 100;
/// How long to wait where a connection could not be accepted.
pub(crate) const ACCEPT_AGAIN: std::time::Duration = std::time::Duration::from_millis(10);
/// What a streamed response may amount to.
pub(crate) const STREAM_LIMIT: u64 = 200 << 20;

/// An event on its way to the function.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    /// `Lambda-Runtime-Invocation-Id`: names this attempt, so that a late answer is not taken for that of the next.
    pub(crate) nonce: String,
    pub(crate) payload: Bytes,
    pub(crate) deadline_ms: u128,
    pub(crate) trace_id: String,
    pub(crate) arn: String,
    pub(crate) client_context: Option<String>,
}

/// What the function said, in order.
#[derive(Debug)]
pub(crate) enum Said {
    /// The runtime or an extension asked for the next event.
    Polled,
    Answered(Answer),
    /// A streamed answer is complete, or broke off.
    Streamed(Streamed),
    InitFailed(Fault),
    /// The process of the runtime has ended.
    Ended(ExitStatus),
    /// That of an external extension.
    ExtensionEnded(String, ExitStatus),
}

/// An answer to an invocation.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) outcome: Result<ReplyBody, Fault>,
    pub(crate) content_type: Option<String>,
}

/// The end of a streamed answer.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub(crate) id: String,
    pub(crate) ended: Result<(), Fault>,
    pub(crate) bytes: u64,
}

/// An error as a function reports it.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Lambda's error type, such as `Runtime.ExitError`.
    pub(crate) kind: String,
    pub(crate) body: Bytes,
}

impl Fault {
    /// A fault with Lambda's own body.
    pub(crate) fn new(kind: &str, message: &str) -> Fault {
        let body = serde_json::json!({ "errorType": kind, "errorMessage": message });
        Fault { kind: kind.to_owned(), body: body.to_string().into() }
    }
}

/// The API on a port of its own, for one process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    pub(crate) said: mpsc::UnboundedReceiver<Said>,
    pub(crate) telemetry: Telemetry,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    saying: mpsc::UnboundedSender<Said>,
    telemetry: Telemetry,
    function: Identity,
}

/// What an extension is told about the function.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) handler: String,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, said: Said) {
        // The environment has gone: there is nobody to tell.
        let _ = self.saying.send(said);
    }
}

impl RuntimeApi {
    /// Listens on a free port of 127.0.0.1, for a runtime that may have `limit` events at a time, in a Managed Instance or not.
    pub(crate) async fn listen(
        function: Identity,
        limit: usize,
        managed: bool,
    ) -> std::io::Result<RuntimeApi> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (saying, said) = mpsc::unbounded_channel();
        let state = Mutex::new(State::new(limit, managed));
        let (changed, telemetry) = (Notify::new(), Telemetry::default());
        let shared =
            Arc::new(Shared { state, changed, saying, telemetry: telemetry.clone(), function });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(RuntimeApi { address, said, telemetry, shared, accepting })
    }

    /// For whoever waits for the process.
    pub(crate) fn on_end(&self) -> impl FnOnce(ExitStatus) + Send + 'static {
        let saying = self.shared.saying.clone();
        move |status| drop(saying.send(Said::Ended(status)))
    }

    /// For whoever waits for the process of the extension `name`.
    pub(crate) fn on_extension_end(
        &self,
        name: String,
    ) -> impl FnOnce(ExitStatus) + Send + 'static {
        let saying = self.shared.saying.clone();
        move |status| drop(saying.send(Said::ExtensionEnded(name, status)))
    }

    /// External extensions of these names are being started.
    pub(crate) fn expect(&self, names: Vec<String>) {
        self.shared.lock().extensions.expect(names);
    }

    /// Whether all of them have registered.
    pub(crate) fn all_registered(&self) -> bool {
        self.shared.lock().extensions.all_registered()
    }

    /// The process of the extension `name` has ended; gives Lambda's error type for that.
    pub(crate) fn extension_ended(&self, name: &str) -> &'static str {
        self.shared.lock().extensions.ended(name)
    }

    /// The extensions as they stand.
    pub(crate) fn standing(&self) -> Vec<Standing> {
        self.shared.lock().extensions.standing()
    }

    /// Whether the runtime waits for an event, whatever the extensions do.
    pub(crate) fn runtime_waits(&self) -> bool {
        self.shared.lock().runtime_waits()
    }

    /// Whether the runtime and every extension wait for the next event.
    pub(crate) fn is_idle(&self) -> bool {
        self.shared.lock().is_idle()
    }

    /// Whether the runtime has asked for an event ever.
    pub(crate) fn has_polled(&self) -> bool {
        self.shared.lock().has_polled()
    }

    /// Hands `call` to the runtime, and tells the extensions.
    pub(crate) fn offer(&self, call: Call) {
        self.hand().offer(call);
    }

    /// What comes for the invocation `id` from now on is too late. Gives whether the runtime had taken it.
    pub(crate) fn expire(&self, id: &str) -> bool {
        self.hand().expire(id)
    }

    /// For who hands events over while another listens to what is said.
    pub(crate) fn hand(&self) -> Hand {
        Hand(Arc::clone(&self.shared))
    }

    pub(crate) fn has_extensions(&self) -> bool {
        self.shared.lock().extensions.any()
    }

    pub(crate) fn has_external_extensions(&self) -> bool {
        self.shared.lock().extensions.has_external()
    }

    /// Tells the extensions that it is over; gives the names of those that want to know.
    pub(crate) fn shut_down(&self, why: Shutdown, deadline_ms: u128) -> Vec<String> {
        let told = self.shared.lock().extensions.shut_down(why, deadline_ms);
        self.shared.changed.notify_waiters();
        told
    }
}

/// The side of an API that hands events over.
#[derive(Clone, Debug)]
pub(crate) struct Hand(Arc<Shared>);

impl Hand {
    pub(crate) fn offer(&self, call: Call) {
        self.0.lock().offer(Arc::new(call));
        self.0.changed.notify_waiters();
    }

    pub(crate) fn expire(&self, id: &str) -> bool {
        self.0.lock().expire(id)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.accepting.abort();
        self.telemetry.stop();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with the task, and each connection with it.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is free, mostly: asking on and on would take the time of who might free one.
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        // Head and body in two packets would meet delayed ACK: 40 ms for each event.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move {
                    Ok::<_, std::convert::Infallible>(respond::respond(request, &shared).await)
                }
            });
            // A function that breaks off its connection shows in what it does not say.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}
