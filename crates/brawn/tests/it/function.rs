//! The function under test: this very test program, started again as a process of its own.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use brawn::lambda::{self, LambdaEvent};
use brawn::metrics::{self, Unit};
use brawn::{Budget, Error};
use brawn_testing::{Answer, RuntimeApi};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// Set in the process that is the function: which handler it runs.
const SERVE: &str = "BRAWN_TEST_SERVE";

#[test]
fn this_program_as_the_function() {
    // In every other process this test has nothing to do.
    let Ok(kind) = std::env::var(SERVE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        lambda::logs();
        let ended = match kind.as_str() {
            "sequential" => lambda::run(handler).await,
            "concurrent" => lambda::run_concurrent(handler).await,
            other => panic!("no handler `{other}`"),
        };
        panic!("the runtime ended: {ended:?}");
    });
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    static STOPPED: AtomicBool = AtomicBool::new(false);
    let event = event.payload;
    let millis = Duration::from_millis(event["ms"].as_u64().unwrap_or(0));
    match event["do"].as_str().unwrap_or_default() {
        "spin until the deadline" => {
            brawn::compute(|budget| {
                loop {
                    budget.check()?;
                    std::hint::spin_loop();
                }
            })
            .await?
        }
        "spin without asking" => {
            brawn::compute(move |_| spin_for(millis)).await?;
            Ok(json!("spun"))
        }
        "never answer" => std::future::pending().await,
        "panic in rayon" => {
            let rows: Vec<u32> = (0..1000).collect();
            let sum = brawn::compute(move |_| {
                use rayon::prelude::*;
                rows.par_iter()
                    .map(|row| if *row == 700 { panic!("row {row}") } else { *row })
                    .sum::<u32>()
            });
            Ok(json!(sum.await?))
        }
        "panic in the handler" => panic!("not here"),
        "forget" => {
            // Begun and not awaited: it must not run on into the next invocation.
            let budget = brawn::budget();
            let forgotten = Arc::new(brawn::pool());
            tokio::spawn(brawn::with_budget(budget, async move {
                brawn::compute_on(&forgotten, &brawn::budget(), |budget: &Budget| {
                    while budget.check().is_ok() {}
                    STOPPED.store(true, Ordering::SeqCst);
                })
                .await
            }));
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(json!("forgotten"))
        }
        "has it stopped" => {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(json!(STOPPED.load(Ordering::SeqCst)))
        }
        "sum" => {
            metrics::add("rows", 3.0, Unit::Count);
            if event["complain"] == true {
                tracing::error!("a row is bad, and the sum is that of the others");
            }
            let numbers: Vec<u64> = serde_json::from_value(event["numbers"].clone())
                .map_err(|error| Error::invalid_input(error.to_string()))?;
            let sum = brawn::compute(move |budget| {
                budget.par_iter(&numbers).fold(|| 0, |sum, n| sum + n, |a, b| a + b)
            });
            Ok(json!(sum.await??))
        }
        "log" => {
            tracing::warn!("in the handler");
            brawn::compute(|budget| {
                tracing::warn!("in compute");
                // On the threads that are free, which have entered no span.
                rayon::join(|| spin_for(Duration::from_millis(5)), || tracing::warn!("in rayon"));
                let rows = budget.par_range(0..64).grain(1);
                rows.map(|n| tracing::warn!(n, "in a row")).collect()
            })
            .await??;
            tokio::spawn(async { tracing::warn!("in a task") }).await.expect("no panic");
            Ok(json!("logged"))
        }
        "threads" => Ok(json!(brawn::compute(|_| rayon::current_num_threads()).await?)),
        other => Err(Error::invalid_input(format!("nothing to do: `{other}`"))),
    }
}

fn spin_for(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

/// A running function; killed when dropped.
pub(crate) struct Function {
    pub(crate) api: RuntimeApi,
    process: Child,
    log: JoinHandle<String>,
}

impl Function {
    pub(crate) fn start(kind: &str, variables: &[(&str, &str)]) -> Function {
        let api = RuntimeApi::start();
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command
            .args(["--exact", "function::this_program_as_the_function", "--nocapture"])
            .env_clear()
            .envs(api.environment(1769))
            .env(SERVE, kind)
            .envs(variables.iter().copied());
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut stdout = process.stdout.take().expect("piped");
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stdout.read_to_string(&mut log).expect("UTF-8");
            log
        });
        Function { api, process, log }
    }

    pub(crate) fn invoke(&self, event: &Value, timeout: Duration) -> Answer {
        let id = self.api.send(event, timeout);
        self.api.answer(&id, PATIENCE).expect("an answer")
    }

    /// As [`invoke`](Function::invoke), where the answer is a response.
    pub(crate) fn respond(&self, event: &Value) -> Value {
        match self.invoke(event, PATIENCE) {
            Answer::Response(value) => value,
            Answer::Error(error) => panic!("the function failed: {error}"),
        }
    }

    /// As [`invoke`](Function::invoke), where the answer is an error.
    pub(crate) fn fail(&self, event: &Value, timeout: Duration) -> Value {
        match self.invoke(event, timeout) {
            Answer::Response(value) => panic!("the function answered: {value}"),
            Answer::Error(error) => error,
        }
    }

    /// Sends it SIGTERM, as Lambda does before it ends an environment that has an extension, and waits for its end.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let kill = format!("kill -TERM {}", self.process.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(sent.success());
        let until = Instant::now() + PATIENCE / 2;
        while Instant::now() < until {
            if let Some(status) = self.process.try_wait().expect("it is a child of this process") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it goes on after SIGTERM");
    }

    /// Ends it and gives its log.
    pub(crate) fn log(mut self) -> String {
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
