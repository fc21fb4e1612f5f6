//! The function as Lambda meets it: the real binary, in the emulator of `brawn emulate`, with Lambda's limits.

mod data;
mod direct;
mod events;
mod init;
mod sources;
#[cfg(feature = "postgres")]
mod tables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brawn_lab::{Emulator, Log, ReplyBody, Settings};
use serde_json::Value;

fn photos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos")
}

/// What was logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Log for Kept {
    fn write(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

/// What the function said to an invocation.
#[derive(Debug)]
enum Answer {
    Response(Value),
    Error(Value),
}

/// A function with 1769 MB; ended when dropped.
struct Function {
    runtime: tokio::runtime::Runtime,
    emulator: Emulator,
    log: Kept,
}

impl Function {
    /// With a minute for each invocation.
    fn start(recipe: Option<&Value>, variables: &[(String, String)]) -> Function {
        Function::start_within(Duration::from_secs(60), recipe, variables)
    }

    fn start_within(
        timeout: Duration,
        recipe: Option<&Value>,
        variables: &[(String, String)],
    ) -> Function {
        let mut variables = variables.to_vec();
        if let Some(recipe) = recipe {
            variables.push(("BRAWN_RECIPE".to_owned(), recipe.to_string()));
        }
        let settings = Settings {
            memory_mb: 1769,
            timeout,
            variables,
            retry_delays: [Duration::from_millis(10); 2],
            ..Settings::new([env!("CARGO_BIN_EXE_bootstrap")])
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let log = Kept::default();
        let emulator = {
            let _entered = runtime.enter();
            Emulator::new(settings, Arc::new(log.clone())).expect("good settings")
        };
        Function { runtime, emulator, log }
    }

    /// Sends an event and waits for the answer.
    fn invoke(&self, event: &Value) -> Answer {
        self.runtime.block_on(async {
            let reply = self.emulator.invoke(event.to_string()).reply().await.expect("an answer");
            let ReplyBody::Whole(body) = reply.body else { panic!("it does not stream") };
            let value = serde_json::from_slice(&body).expect("JSON");
            if reply.error.is_some() { Answer::Error(value) } else { Answer::Response(value) }
        })
    }

    /// As [`invoke`](Function::invoke), where the answer is a response.
    fn respond(&self, event: &Value) -> Value {
        match self.invoke(event) {
            Answer::Response(value) => value,
            Answer::Error(error) => panic!("the function failed: {error}\n{}", self.text()),
        }
    }

    fn text(&self) -> String {
        let bytes = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Ends it and gives its log.
    fn log(self) -> String {
        self.runtime.block_on(self.emulator.shut_down());
        self.text()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.runtime.block_on(self.emulator.cool_down());
    }
}
