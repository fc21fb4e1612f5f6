//! Uploads that were given up and are being aborted.

use std::sync::Arc;
use std::time::Duration;

use brawn_core::Budget;
use object_store::MultipartUpload;
use tokio::sync::watch;

use super::fault;
use crate::location::Address;
use crate::retry::Retry;
use crate::stop::Stop;

/// How many uploads are being aborted. An abort is begun where a future is dropped, which cannot wait; whoever ends the
/// runtime waits here first.
#[derive(Clone, Debug)]
pub(super) struct Aborts(Arc<watch::Sender<usize>>);

impl Default for Aborts {
    fn default() -> Aborts {
        Aborts(Arc::new(watch::Sender::new(0)))
    }
}

impl Aborts {
    /// Aborts `upload`, to `address`, on the runtime that this is called in.
    pub(super) fn start(
        &self,
        mut upload: Box<dyn MultipartUpload>,
        retry: Retry,
        address: Address,
    ) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let running = Running::new(self);
        runtime.spawn(async move {
            // The run's own budget has often ended by now.
            let (stop, _watch) = Stop::watch(&Budget::unlimited());
            let mut tries = retry.tries();
            while let Err(error) = upload.abort().await {
                if let Err(error) = tries.after(fault(&error, &address), &stop).await {
                    tracing::warn!(%error, %address, "an unfinished upload could not be aborted");
                    break;
                }
            }
            drop(running);
        });
    }

    /// Waits until none is running, for `patience` at most.
    pub(super) async fn settled(&self, patience: Duration) {
        let mut running = self.0.subscribe();
        let none = running.wait_for(|running| *running == 0);
        let _ = tokio::time::timeout(patience, none).await;
    }
}

/// Counts as one of the running until it is dropped, also by a runtime that ends.
struct Running(Aborts);

impl Running {
    fn new(aborts: &Aborts) -> Running {
        aborts.0.send_modify(|running| *running += 1);
        Running(aborts.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.send_modify(|running| *running -= 1);
    }
}
