//! The emulator over real HTTP, with real processes as functions.

mod extensions;
mod failing;
mod fidelity;
mod function;
mod limits;
mod managed;
mod other_languages;
mod peers;
mod prediction;
mod protocol;
mod s3;
mod sqs;
mod tuning;

use std::net::TcpStream;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use brawn_lab::source::sqs::Queues;
use brawn_lab::{Emulator, Enforcement, Log, Report, Server, Settings, serve};
use serde_json::Value;

/// What was logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Log for Kept {
    fn write(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// An emulator in front of a function that does `act`.
struct Lab {
    emulator: Emulator,
    server: Server,
    log: Kept,
}

/// This program as a function, with time and memory enough.
fn settings(act: &str) -> Settings {
    Settings {
        memory_mb: 1769,
        timeout: Duration::from_secs(20),
        name: "under-test".to_owned(),
        variables: vec![(function::ACT.to_owned(), act.to_owned())],
        ..Settings::new(function::command())
    }
}

impl Lab {
    async fn start(settings: Settings) -> Lab {
        Lab::with_queues(settings, None).await
    }

    async fn with_queues(settings: Settings, queues: Option<Queues>) -> Lab {
        let log = Kept::default();
        let emulator = Emulator::new(settings, Arc::new(log.clone())).expect("good settings");
        let server =
            serve(emulator.clone(), queues, ([127, 0, 0, 1], 0).into()).await.expect("a free port");
        Lab { emulator, server, log }
    }

    /// Invokes by HTTP as a client of Lambda would.
    async fn post(&self, headers: &[(&str, &str)], body: Vec<u8>) -> function::Answer {
        self.http("POST", "/2015-03-31/functions/function/invocations", headers, body).await
    }

    async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> function::Answer {
        let address = self.server.address();
        let (method, path) = (method.to_owned(), path.to_owned());
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        tokio::task::spawn_blocking(move || {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let socket = TcpStream::connect(address).expect("the emulator listens");
            function::exchange(socket, &method, &path, &headers, &body)
        })
        .await
        .expect("an answer")
    }

    /// Waits until the log has `text` in it, for 20 s at most, and gives the log.
    async fn log_with(&self, text: &str) -> String {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while !self.log.text().contains(text) && std::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let log = self.log.text();
        assert!(log.contains(text), "no `{text}` in:\n{log}");
        log
    }

    /// Invokes, and waits for the report.
    async fn invoke(&self, event: Value) -> (Value, Report) {
        let mut pending = self.emulator.invoke(event.to_string());
        let reply = pending.reply().await.expect("a reply");
        let brawn_lab::ReplyBody::Whole(body) = reply.body else { panic!("it does not stream") };
        let value = serde_json::from_slice(&body).unwrap_or_default();
        (value, pending.report().await.expect("a report"))
    }
}

/// Whether this machine lets tests make cgroups; said once where it does not.
fn has_cgroups() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let settings = Settings { enforcement: Enforcement::Cgroup, ..Settings::new(["sh"]) };
        let made = Emulator::new(settings, Arc::new(brawn_lab::Discard));
        if let Err(error) = &made {
            eprintln!("skipped: {error}");
        }
        made.is_ok()
    })
}

/// What enforces here: both ways where both are to be had.
fn ways() -> Vec<Enforcement> {
    let mut ways = vec![Enforcement::Steered];
    ways.extend(has_cgroups().then_some(Enforcement::Cgroup));
    ways
}

/// Processes of this user whose environment names `mark`.
fn processes_with(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        if String::from_utf8_lossy(&environment).contains(mark) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

/// The cgroups that a process is in and that an emulator has made.
fn cgroups_of(pid: &str) -> Vec<std::path::PathBuf> {
    let membership = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    membership
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            let root = std::path::Path::new("/sys/fs/cgroup").join(controllers);
            path.contains("brawn-lab-").then(|| root.join(path.trim_start_matches('/')))
        })
        .collect()
}
