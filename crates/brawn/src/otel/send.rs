//! Sending within bounds: nobody who serves invocations waits long for a collector, or for one that is not there twice.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::OTelSdkResult;

use super::settings::endpoint;

/// After a failure nothing is sent for so long.
const PAUSE: Duration = Duration::from_secs(60);

/// The way to a collector, for traces or for metrics.
#[derive(Debug)]
pub(super) struct Line {
    signal: &'static str,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    paused_until: Option<Instant>,
    told: bool,
}

impl Line {
    pub(super) fn new(signal: &'static str, patience: Duration) -> Line {
        Line { signal, patience, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be tried.
    pub(super) fn is_open(&self) -> bool {
        self.state().paused_until.is_none_or(|until| until <= Instant::now())
    }

    /// Waits for `sending`, as long as is allowed and no longer than `left`.
    pub(super) async fn send(
        &self,
        left: Option<Duration>,
        sending: impl Future<Output = OTelSdkResult>,
    ) {
        let patience = left.map_or(self.patience, |left| left.min(self.patience));
        let why = match tokio::time::timeout(patience, sending).await {
            Ok(Ok(())) => {
                *self.state() = State::default();
                return;
            }
            Ok(Err(error)) => error.to_string(),
            // An invocation that is short of time says nothing about the collector.
            Err(_) if patience < self.patience => return,
            Err(_) => format!("no answer within {} ms", patience.as_millis()),
        };
        let told = {
            let mut state = self.state();
            state.paused_until = Some(Instant::now() + PAUSE);
            std::mem::replace(&mut state.told, true)
        };
        if !told {
            tracing::warn!(
                hint = "add a collector as an extension, name it by OTEL_EXPORTER_OTLP_ENDPOINT, or set OTEL_SDK_DISABLED=true",
                "OpenTelemetry: no collector at {} took the {}, which are dropped ({why}); it is tried again once a minute",
                endpoint(self.signal),
                self.signal,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_sdk::error::OTelSdkError;

    #[tokio::test]
    async fn after_a_failure_nothing_is_sent_for_a_while_and_a_success_forgets_it() {
        let line = Line::new("traces", Duration::from_secs(60));
        assert!(line.is_open());
        line.send(None, async { Err(OTelSdkError::InternalFailure("refused".to_owned())) }).await;
        assert!(!line.is_open() && line.state().told);
        line.send(None, async { Ok(()) }).await;
        assert!(line.is_open() && !line.state().told);
    }

    #[tokio::test]
    async fn a_collector_that_does_not_answer_is_not_waited_for() {
        let line = Line::new("traces", Duration::from_millis(20));
        line.send(Some(Duration::from_millis(5)), std::future::pending()).await;
        assert!(line.is_open(), "who has no time does not silence the others");
        line.send(None, std::future::pending()).await;
        assert!(!line.is_open());
    }
}
