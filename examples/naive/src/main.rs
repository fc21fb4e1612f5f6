//! The right one of the three, as a function.

use brawn::Result;
use brawn::lambda::{self, LambdaEvent};
use naive::right;
use naive::work::{Request, Response};

async fn handler(event: LambdaEvent<Request>) -> Result<Response> {
    right::handler(event.payload).await
}

#[tokio::main]
async fn main() -> Result<()> {
    lambda::logs();
    lambda::run(handler).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use naive::naive::{in_spawn_blocking, in_the_handler};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    #[tokio::test]
    async fn the_event_gives_the_reply() {
        examples_testing::replies(env!("CARGO_MANIFEST_DIR"), handler).await;
    }

    #[tokio::test]
    async fn all_three_compute_the_same() {
        let request = Request { rows: (0..500).collect(), steps: 100 };
        let right = right::handler(request.clone()).await.expect("a reply");
        assert_eq!(in_the_handler(request.clone()).await, right);
        assert_eq!(in_spawn_blocking(request).await.expect("no panic"), right);
    }

    #[tokio::test]
    async fn more_steps_than_lambda_has_time_for_are_refused() {
        let request = Request { rows: vec![1, 2], steps: u64::MAX };
        let error = right::handler(request).await.expect_err("too many");
        assert_eq!(error.kind(), brawn::ErrorKind::LimitExceeded);
    }

    /// Whether another task of the same runtime gets a turn between the first poll of `work` and its end.
    async fn others_get_a_turn(work: impl Future<Output = ()>) -> bool {
        let turn = Arc::new(AtomicBool::new(false));
        let (other, before) = (Arc::clone(&turn), Instant::now());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            other.store(true, Ordering::SeqCst);
        });
        work.await;
        assert!(before.elapsed() > Duration::from_millis(10), "there is too little work to tell");
        turn.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn only_the_naive_one_holds_up_its_runtime() {
        // 20 ms and more for each row, optimised or not.
        let request = || Request { rows: vec![1, 2], steps: 50_000_000 };
        let naive = async { drop(in_the_handler(request()).await) };
        assert!(!others_get_a_turn(naive).await);
        let blocking = async { drop(in_spawn_blocking(request()).await) };
        assert!(others_get_a_turn(blocking).await);
        let right = async { drop(right::handler(request()).await) };
        assert!(others_get_a_turn(right).await);
    }
}
