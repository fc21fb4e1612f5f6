//! AWS's own runtime for Rust, unmodified.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

/// A hello world and a compute function.
pub(super) fn sequential() {
    async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
        let left = event.context.deadline().duration_since(std::time::SystemTime::now())?;
        assert!(left > Duration::from_secs(15), "{left:?}");
        assert_eq!(event.context.env_config.memory, 1769);
        if let Some(end) = event.payload["primes_below"].as_u64() {
            let is_prime =
                |n: &u64| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
            return Ok(json!({ "primes": (2..end).filter(is_prime).count() }));
        }
        let name = event.payload["name"].as_str().ok_or("no name")?;
        Ok(json!({ "hello": name }))
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.expect("a runtime").block_on(lambda_runtime::run(service_fn(handle)));
    served.expect("it is served until it is ended");
}

/// Several events at a time, which may wait for each other.
pub(super) fn concurrent() {
    static HERE: AtomicU64 = AtomicU64::new(0);
    async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
        if let Some(code) = event.payload["exit"].as_i64() {
            std::process::exit(i32::try_from(code)?);
        }
        static FAILED: AtomicU64 = AtomicU64::new(0);
        if event.payload["fail"]
            .as_u64()
            .is_some_and(|times| FAILED.fetch_add(1, Ordering::SeqCst) < times)
        {
            return Err("it is raining".into());
        }
        let mut met = 0;
        if let Some(wanted) = event.payload["meet"].as_u64() {
            HERE.fetch_add(1, Ordering::SeqCst);
            while met < wanted {
                met = HERE.load(Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let kind = std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE")?;
        Ok(json!({ "pid": std::process::id(), "met": met, "type": kind }))
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let served = lambda_runtime::run_concurrent(service_fn(handle));
    runtime.expect("a runtime").block_on(served).expect("it is served until it is ended");
}
