//! The way to the pool and back, with next to no work: brawn::compute against what people write by hand.

use std::time::Duration;

use brawn::{Budget, Deadline, Memory, Pool};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_rayon::AsyncThreadPool as _;

fn runtimes() -> [(&'static str, Runtime); 2] {
    [
        (
            "multi_thread",
            Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime"),
        ),
        ("current_thread", Builder::new_current_thread().enable_all().build().expect("a runtime")),
    ]
}

fn round_trip(c: &mut Criterion) {
    let bare = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    Pool::new(std::num::NonZeroUsize::new(2).expect("not 0")).expect("threads").make_global();
    for (name, runtime) in runtimes() {
        let mut group = c.benchmark_group(format!("round trip, {name}"));
        group.bench_function("inline (compute_sized)", |b| {
            b.to_async(&runtime).iter(|| brawn::compute_sized(Duration::ZERO, |_| 1));
        });
        group.bench_function("brawn::compute", |b| {
            b.to_async(&runtime).iter(|| brawn::compute(|_| 1));
        });
        group.bench_function("rayon spawn + oneshot", |b| {
            b.to_async(&runtime).iter(|| async {
                let (send, receive) = oneshot::channel();
                bare.spawn(move || send.send(1).expect("it waits"));
                receive.await
            });
        });
        group.bench_function("tokio-rayon", |b| {
            b.to_async(&runtime).iter(|| bare.spawn_async(|| 1));
        });
        group.bench_function("spawn_blocking", |b| {
            b.to_async(&runtime).iter(|| tokio::task::spawn_blocking(|| 1));
        });
        group.bench_function("spawn_blocking + install", |b| {
            b.to_async(&runtime)
                .iter(|| async { tokio::task::spawn_blocking(|| rayon::join(|| 1, || 2)).await });
        });
        group.finish();
    }
}

fn check(c: &mut Criterion) {
    // As deep as inside of an invocation: its own, and the computation's.
    let deadline = Deadline::after(Duration::from_secs(3600));
    let budget = Budget::of_invocation(Memory::unlimited(), deadline, 2).child();
    c.bench_function("1000 budget.check()", |b| {
        b.iter(|| (0..1000).all(|_| std::hint::black_box(&budget).check().is_ok()));
    });
}

criterion_group!(benches, round_trip, check);
criterion_main!(benches);
