//! What the targets share: a job run twice on the same bytes, on two threads and on one.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use brawn_core::{Budget, Error, Job, MemorySink, Output, Pool, Result, Source};
use brawn_jobs::Recipe;
use brawn_jobs::encrypt::secrecy::zeroize::Zeroizing;
use brawn_jobs::encrypt::{KeyService, ServiceKey};
use serde_json::Value;

static POOL: LazyLock<Pool> =
    LazyLock::new(|| Pool::new(NonZeroUsize::new(2).expect("not zero")).expect("threads"));

/// The job of a recipe.
pub fn job(recipe: Value) -> Box<dyn Job> {
    Recipe::from_json(&recipe).and_then(Recipe::into_job).expect("a recipe")
}

fn run(job: &dyn Job, name: &str, mut bytes: &[u8], budget: &Budget) -> Result<Vec<Output>> {
    let mut sink = MemorySink::default();
    let ran = job.run(Source::reader(name, &mut bytes), &mut sink, budget);
    assert_eq!(budget.memory().used(), 0, "what was reserved is given back");
    ran.map(|_| sink.outputs)
}

/// Runs `job`, and holds what comes of two threads against what comes of one: the same bytes, or the same error, which is
/// one of the input and no panic.
pub fn twice(job: &dyn Job, name: &str, bytes: &[u8]) {
    let two = run(job, name, bytes, &Budget::unlimited().on(&POOL));
    let one = run(job, name, bytes, &Budget::unlimited());
    match (&two, &one) {
        (Ok(two), Ok(one)) => assert!(two == one, "the same bytes without a pool"),
        (Err(two), Err(one)) => {
            assert!(!two.is_panic(), "{two}");
            assert_eq!(two.chain(), one.chain(), "the same error");
        }
        _ => panic!("{two:?} on a pool, {one:?} without"),
    }
}

/// Decompresses `bytes`, bounded.
pub fn decompress(bytes: &[u8]) {
    static JOB: LazyLock<Box<dyn Job>> = LazyLock::new(|| {
        let recipe = serde_json::json!({
            "job": "decompress", "max_output_bytes": "16MiB", "max_window": "8MiB", "any_name": true,
        });
        job(recipe)
    });
    twice(&**JOB, "a", bytes);
}

/// A key that wraps nothing, so that the payload is reached.
struct Plain;

impl KeyService for Plain {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(key.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        Ok(Zeroizing::new(wrapped.to_vec()))
    }
}

/// Whoever has it opens what the seeds of `age` are.
pub fn key() -> ServiceKey {
    ServiceKey::new("fuzz", Arc::new(Plain)).expect("an id")
}
