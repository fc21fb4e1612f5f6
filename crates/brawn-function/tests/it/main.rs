//! The function as Lambda meets it: the real binary, polling a Runtime API over HTTP.

mod data;
mod direct;
mod events;
mod init;
#[cfg(feature = "postgres")]
mod tables;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use brawn_testing::{Answer, RuntimeApi};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

fn photos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos")
}

/// A running function; killed when dropped.
struct Function {
    api: RuntimeApi,
    process: Child,
    /// Reads the log all the time, as Lambda does: a full pipe would stop the function.
    log: JoinHandle<String>,
}

impl Function {
    fn start(recipe: Option<&Value>, variables: &[(String, String)]) -> Function {
        let api = RuntimeApi::start();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
        command.env_clear().envs(api.environment(1769)).envs(variables.iter().cloned());
        if let Some(recipe) = recipe {
            command.env("BRAWN_RECIPE", recipe.to_string());
        }
        let mut process = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdout = process.stdout.take().expect("piped");
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stdout.read_to_string(&mut log).expect("UTF-8");
            log
        });
        Function { api, process, log }
    }

    /// Sends an event with a minute to go and waits for the answer.
    fn invoke(&self, event: &Value) -> Answer {
        let id = self.api.send(event, Duration::from_secs(60));
        self.api.answer(&id, PATIENCE).expect("an answer")
    }

    /// As [`invoke`](Function::invoke), where the answer is a response.
    fn respond(&self, event: &Value) -> Value {
        match self.invoke(event) {
            Answer::Response(value) => value,
            Answer::Error(error) => panic!("the function failed: {error}"),
        }
    }

    /// Ends it and gives its log.
    fn log(mut self) -> String {
        self.process.kill().expect("it runs");
        let log = std::mem::replace(&mut self.log, std::thread::spawn(String::new));
        log.join().expect("it was read")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
