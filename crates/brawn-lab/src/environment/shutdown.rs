//! The end of an environment, with what notice Lambda gives.
//!
//! Source: AWS's runtime interface emulator, `rapid/shutdown.go`; times from the developer guide, "Lambda execution
//! environment lifecycle".

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process, kill_process_group};

use super::living::Living;
use crate::clock::since_epoch;
use crate::runtime_api::{Said, Shutdown};

/// What all of it may take where only internal extensions are registered, and where there are external ones.
const INTERNAL: Duration = Duration::from_millis(500);
const EXTERNAL: Duration = Duration::from_secs(2);
/// The runtime's part of the latter.
const OF_RUNTIME: f64 = 0.3;

impl Living {
    /// Where no extension is registered there is no notice: everything is killed at once, and not when what it has written is in the
    /// log.
    pub(super) fn kill_without_notice(&self) {
        if !self.api.has_extensions() {
            self.sandbox.kill();
        }
    }

    /// Without extensions everything is killed at once. With some the runtime gets SIGTERM and time to
    /// end, and then external extensions that asked for it get SHUTDOWN, and the rest of the time; what is left is killed when this is dropped.
    pub(super) async fn shut_down(&mut self, why: Shutdown) {
        self.kill_without_notice();
        if self.api.has_extensions() {
            let external = self.api.has_external_extensions();
            let (begun, patience) = (Instant::now(), if external { EXTERNAL } else { INTERNAL });
            let of_runtime = if external { patience.mul_f64(OF_RUNTIME) } else { patience };
            self.sandbox.freeze(false).await;
            if let Some(runtime) = &self.runtime {
                // Gone already: then it is not waited for.
                let _ = kill_process(runtime.pid, Signal::TERM);
                self.until(begun + of_runtime, |living| living.runtime.is_none()).await;
            }
            if let Some(runtime) = self.runtime.take() {
                let _ = kill_process_group(runtime.pid, Signal::KILL);
                runtime.output.flush().await;
            }
            self.api.telemetry.flush();
            if external {
                let deadline = since_epoch() + patience.saturating_sub(begun.elapsed());
                let told = self.api.shut_down(why, deadline.as_millis());
                // The others end when this is dropped.
                self.until(begun + patience, |living| {
                    !told.iter().any(|name| living.extensions.contains_key(name))
                })
                .await;
            }
        }
        self.flush().await;
    }

    async fn until(&mut self, deadline: Instant, done: impl Fn(&Living) -> bool) {
        while !done(self) {
            let said = tokio::select! {
                said = self.api.said.recv() => said,
                () = tokio::time::sleep_until(deadline.into()) => return,
            };
            match said {
                None => return,
                Some(Said::Ended(_)) => {
                    if let Some(runtime) = self.runtime.take() {
                        runtime.output.flush().await;
                    }
                }
                Some(Said::ExtensionEnded(name, _)) => {
                    if let Some(extension) = self.extensions.remove(&name) {
                        extension.output.flush().await;
                    }
                }
                Some(_) => {}
            }
        }
    }
}
