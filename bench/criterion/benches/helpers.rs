//! Each helper, sequential against parallel on two threads: work of 20 ms and more, and for `map` from 1 us on.

use brawn::{Budget, Error, Pool, Result};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Some 10 ns.
fn step(value: u64) -> u64 {
    (0..8).fold(value, |value, n| (value ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17))
}

/// Some 20 us.
fn heavy(n: u64) -> u64 {
    (0..2000).fold(n, |value, _| step(value))
}

fn checked(n: u64) -> Result<u64> {
    let value = heavy(n);
    if value == 7 { Err(Error::invalid_input("a seven")) } else { Ok(value) }
}

fn pool() -> Pool {
    Pool::new(std::num::NonZeroUsize::new(2).expect("not 0")).expect("threads")
}

/// `sequential` and `parallel` as a pair of the group `name`.
fn pair<A, B>(
    c: &mut Criterion,
    name: &str,
    mut sequential: impl FnMut() -> A,
    parallel: impl Fn(&Budget) -> Result<B> + Sync,
) where
    B: Send,
{
    let (pool, budget) = (pool(), Budget::unlimited());
    let mut group = c.benchmark_group(name);
    group.bench_function("sequential", |b| b.iter(&mut sequential));
    let run = || pool.run(|| parallel(&budget)).expect("no panic").expect("no end");
    group.bench_function("parallel", |b| b.iter(run));
    group.finish();
}

fn sizes(c: &mut Criterion) {
    let (pool, budget) = (pool(), Budget::unlimited());
    let mut group = c.benchmark_group("map, collect by size");
    for count in [100_u64, 1_000, 10_000, 100_000, 1_000_000] {
        let items: Vec<u64> = (0..count).collect();
        group.bench_with_input(BenchmarkId::new("sequential", count), &items, |b, items| {
            b.iter(|| items.iter().map(|n| step(*n)).collect::<Vec<u64>>());
        });
        group.bench_with_input(BenchmarkId::new("parallel", count), &items, |b, items| {
            b.iter(|| pool.run(|| budget.par_iter(items).map(|n| step(*n)).collect()));
        });
    }
    group.finish();
}

fn helpers(c: &mut Criterion) {
    let items: Vec<u64> = (0..1000).collect();
    pair(
        c,
        "par_iter, map, collect",
        || items.iter().map(|n| heavy(*n)).collect::<Vec<u64>>(),
        |budget| budget.par_iter(&items).map(|n| heavy(*n)).collect(),
    );
    pair(
        c,
        "par_iter, try_map, collect",
        || items.iter().map(|n| checked(*n)).collect::<Result<Vec<u64>>>(),
        |budget| budget.par_iter(&items).try_map(|n| checked(*n)).collect(),
    );
    pair(
        c,
        "par_iter, filter, map, filter_map, fold",
        || {
            let odd = items.iter().filter(|n| **n % 2 == 1).map(|n| heavy(*n));
            odd.filter_map(|n| n.checked_add(1)).fold(0_u64, u64::wrapping_add)
        },
        |budget| {
            let odd = budget.par_iter(&items).filter(|n| **n % 2 == 1).map(|n| heavy(*n));
            let some = odd.filter_map(|n| n.checked_add(1));
            some.fold(|| 0, u64::wrapping_add, u64::wrapping_add)
        },
    );
    pair(
        c,
        "par_range, map, finished",
        || (0..1000).map(heavy).collect::<Vec<u64>>(),
        |budget| budget.par_range(0..1000).map(|n| heavy(n as u64)).finished(),
    );
    let values: Vec<f64> = (0..4_000_000).map(|n| f64::from(n) * 0.5).collect();
    let norm =
        |chunk: &[f64]| chunk.iter().map(|value| (value * value + 1.0).sqrt().ln()).sum::<f64>();
    pair(
        c,
        "par_chunks, map, fold (4 million floats)",
        || values.chunks(4096).map(norm).sum::<f64>(),
        |budget| {
            budget.par_chunks(&values, 4096).map(norm).fold(|| 0.0, |a, b| a + b, |a, b| a + b)
        },
    );
}

criterion_group!(benches, sizes, helpers);
criterion_main!(benches);
