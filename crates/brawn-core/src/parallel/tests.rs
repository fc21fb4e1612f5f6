use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Budget, Error, Pool};

fn pools() -> [Pool; 3] {
    [1, 2, 7].map(|workers| Pool::new(NonZeroUsize::new(workers).expect("not 0")).expect("threads"))
}

/// Keeps a core busy for some microseconds, so that small inputs go parallel too.
fn spin(rounds: u64) -> u64 {
    (0..rounds).fold(rounds, |sum, n| std::hint::black_box(sum.wrapping_mul(31) ^ n))
}

#[test]
fn results_come_in_order_for_any_number_of_workers() {
    for length in [0, 1, 2, 63, 64, 255, 256, 257, 10_000] {
        let items: Vec<usize> = (0..length).collect();
        let odd_squares = || {
            let budget = Budget::unlimited();
            budget
                .par_iter(&items)
                .filter(|n| **n % 2 == 1)
                .map(|n| (n * n, spin(200)).0)
                .filter_map(|n| (n != 9).then_some(n))
                .collect()
        };
        let expected: Vec<usize> =
            items.iter().filter(|n| **n % 2 == 1 && **n != 3).map(|n| n * n).collect();
        for pool in pools() {
            assert_eq!(pool.run(odd_squares).expect("no panic").expect("no error"), expected);
        }
    }
}

#[test]
fn the_first_error_by_item_is_the_one_that_is_returned() {
    let budget = Budget::unlimited();
    for grain in [1, 3, 1000] {
        for pool in pools() {
            let outcome = pool.run(|| {
                budget
                    .par_range(0..1000)
                    .grain(grain)
                    .try_map(|n| {
                        // Later ones fail sooner.
                        spin(if n == 123 { 100_000 } else { 10 });
                        if n % 100 == 23 && n > 100 {
                            return Err(Error::invalid_input(format!("item {n}")));
                        }
                        Ok(n)
                    })
                    .collect()
            });
            assert_eq!(outcome.expect("no panic").expect_err("123").to_string(), "item 123");
        }
    }
}

#[test]
fn after_a_failure_nothing_new_is_begun() {
    let begun = AtomicUsize::new(0);
    let budget = Budget::unlimited();
    let outcome = pools()[1].run(|| {
        budget
            .par_range(0..100_000)
            .grain(1)
            .try_map(|n| {
                begun.fetch_add(1, Ordering::Relaxed);
                spin(1000);
                if n == 0 { Err(Error::invalid_input("the first")) } else { Ok(()) }
            })
            .collect()
    });
    assert!(outcome.expect("no panic").is_err());
    assert!(begun.load(Ordering::Relaxed) < 50_000, "{begun:?} of 100000 were begun");
}

#[test]
fn a_sum_has_the_same_bits_for_any_number_of_workers() {
    let values: Vec<f64> = (0..100_003).map(|n| 1.0 / f64::from(n + 1)).collect();
    let sum = || {
        let budget = Budget::unlimited();
        budget.par_iter(&values).fold(|| 0.0, |sum, value| sum + value, |a, b| a + b)
    };
    let in_chunks = || {
        let budget = Budget::unlimited();
        let parts = budget.par_chunks(&values, 1000).map(|chunk| chunk.iter().sum::<f64>());
        parts.fold(|| 0.0, |sum, part| sum + part, |a, b| a + b)
    };
    let bits = pools().map(|pool| {
        let sum = pool.run(sum).expect("no panic").expect("no error");
        let in_chunks = pool.run(in_chunks).expect("no panic").expect("no error");
        assert!((sum - in_chunks).abs() < 1e-9);
        (sum.to_bits(), in_chunks.to_bits())
    });
    assert!(bits.iter().all(|other| *other == bits[0]), "{bits:?}");
    // H(100003), by the asymptotic expansion ln n + gamma + 1/2n - 1/12n^2.
    let n = 100_003.0_f64;
    let exact = n.ln() + 0.577_215_664_901_532_9 + 0.5 / n - 1.0 / (12.0 * n * n);
    assert!((f64::from_bits(bits[0].0) - exact).abs() < 1e-12);
}

#[test]
fn a_fold_merges_in_order() {
    let words: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let budget = Budget::unlimited();
    for grain in [1, 7, 256, 5000] {
        let all = budget.par_iter(&words).grain(grain).fold(
            String::new,
            |text, word| text + word,
            |left, right| left + &right,
        );
        assert_eq!(all.expect("no error"), words.concat());
    }
    let none = budget.par_iter(&words[..0]).fold(|| 7, |sum, _| sum + 1, |a, b| a + b);
    assert_eq!(none.expect("no error"), 7);
}

#[test]
fn what_is_finished_when_the_budget_ends_is_kept_and_the_rest_is_named() {
    for pool in pools() {
        let budget = Budget::unlimited();
        let finished = pool.run(|| {
            budget
                .par_range(0..1000)
                .try_map(|n| {
                    spin(100);
                    if n == 500 {
                        budget.cancel();
                    }
                    if n % 10 == 3 { Err(Error::invalid_input("a three")) } else { Ok(n) }
                })
                .finished()
        });
        let finished = finished.expect("no panic").expect("no panic");
        assert!(!finished.is_complete());
        assert!(finished.ended.expect("cancelled").is_cancelled());
        let mut all: Vec<usize> = finished.done.iter().map(|(index, _)| *index).collect();
        all.extend(finished.failed.iter().map(|(index, _)| *index));
        all.extend(&finished.unfinished);
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1000), "every item is named once");
        assert!(finished.unfinished.contains(&999) || finished.done.contains(&(999, 999)));
        assert!(finished.done.iter().all(|(index, value)| index == value));
    }
}

#[test]
fn without_an_end_everything_is_finished() {
    let budget = Budget::unlimited();
    let finished = budget.par_range(0..100).map(|n| n * 2).finished().expect("no panic");
    assert!(finished.is_complete() && finished.ended.is_none());
    assert_eq!(finished.done[99], (99, 198));
}

#[test]
fn a_cancelled_budget_ends_the_work() {
    let budget = Budget::unlimited();
    let error = budget
        .par_range(0..1_000_000)
        .map(|n| {
            if n == 5000 {
                budget.cancel();
            }
            n
        })
        .collect()
        .expect_err("cancelled");
    assert!(error.is_cancelled());
}

#[test]
fn a_panic_outside_of_any_pool_is_an_error_too() {
    let budget = Budget::unlimited();
    let outcome = budget.par_range(0..10).map(|n| assert_ne!(n, 7, "seven")).collect();
    assert!(outcome.expect_err("7 is in the range").is_panic());
}

#[test]
fn the_last_chunk_may_be_shorter() {
    let items = [1, 2, 3, 4, 5];
    let budget = Budget::unlimited();
    let sizes = budget.par_chunks(&items, 2).map(<[i32]>::len).collect().expect("no error");
    assert_eq!(sizes, [2, 2, 1]);
}
