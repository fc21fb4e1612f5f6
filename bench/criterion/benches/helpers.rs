//! Each helper, sequential against parallel, over work of 1 us to 100 ms.

use brawn::{Budget, Pool};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Some 10 ns.
fn step(value: u64) -> u64 {
    (0..8).fold(value, |value, n| (value ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17))
}

fn pool() -> Pool {
    Pool::new(std::num::NonZeroUsize::new(2).expect("not 0")).expect("threads")
}

fn map(c: &mut Criterion) {
    let (pool, budget) = (pool(), Budget::unlimited());
    let mut group = c.benchmark_group("map and collect");
    for count in [100_u64, 1_000, 10_000, 100_000, 1_000_000] {
        let items: Vec<u64> = (0..count).collect();
        group.bench_with_input(BenchmarkId::new("sequential", count), &items, |b, items| {
            b.iter(|| items.iter().map(|n| step(*n)).collect::<Vec<u64>>());
        });
        group.bench_with_input(BenchmarkId::new("par_iter", count), &items, |b, items| {
            b.iter(|| pool.run(|| budget.par_iter(items).map(|n| step(*n)).collect()));
        });
    }
    group.finish();
}

fn chain(c: &mut Criterion) {
    let (pool, budget) = (pool(), Budget::unlimited());
    let items: Vec<u64> = (0..1_000_000).collect();
    let mut group = c.benchmark_group("filter, map, fold");
    group.bench_function("sequential", |b| {
        b.iter(|| {
            items.iter().filter(|n| **n % 3 != 0).map(|n| step(*n)).fold(0_u64, u64::wrapping_add)
        });
    });
    group.bench_function("par_iter", |b| {
        b.iter(|| {
            pool.run(|| {
                budget.par_iter(&items).filter(|n| **n % 3 != 0).map(|n| step(*n)).fold(
                    || 0_u64,
                    u64::wrapping_add,
                    u64::wrapping_add,
                )
            })
        });
    });
    group.finish();
}

fn chunks(c: &mut Criterion) {
    let (pool, budget) = (pool(), Budget::unlimited());
    let values: Vec<f64> = (0..10_000_000).map(|n| f64::from(n) * 0.5).collect();
    let norm = |chunk: &[f64]| chunk.iter().map(|value| (value * value + 1.0).sqrt()).sum::<f64>();
    let mut group = c.benchmark_group("chunks of floats, 10 million");
    group.sample_size(20);
    group.bench_function("sequential", |b| {
        b.iter(|| values.chunks(4096).map(norm).sum::<f64>());
    });
    group.bench_function("par_chunks", |b| {
        b.iter(|| {
            pool.run(|| {
                budget.par_chunks(&values, 4096).map(norm).fold(|| 0.0, |a, b| a + b, |a, b| a + b)
            })
        });
    });
    group.finish();
}

fn finished(c: &mut Criterion) {
    let (pool, budget) = (pool(), Budget::unlimited());
    let mut group = c.benchmark_group("finished, 1000 items of 20 us");
    let heavy = |n: usize| (0..2000).fold(n as u64, |value, _| step(value));
    group.bench_function("sequential", |b| b.iter(|| (0..1000).map(heavy).collect::<Vec<u64>>()));
    group.bench_function("par_range", |b| {
        b.iter(|| pool.run(|| budget.par_range(0..1000).map(heavy).finished()));
    });
    group.finish();
}

criterion_group!(benches, map, chain, chunks, finished);
criterion_main!(benches);
