use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::{Budget, Error, Pool};

pub(super) fn pool(workers: usize) -> Pool {
    Pool::new(NonZeroUsize::new(workers).expect("not zero")).expect("threads")
}

pub(super) fn count_to(end: u64) -> impl FnMut() -> Result<Option<u64>> + Send {
    let mut next = 0..end;
    move || Ok(next.next())
}

/// A little work, more of it for early blocks: they would come last were they handed on as they end.
fn work(n: u64) -> Result<u64> {
    std::thread::sleep(Duration::from_micros(300 * (4 - n % 4)));
    Ok(n)
}

#[test]
fn results_come_in_order_wherever_the_driver_is() {
    let pool = pool(3);
    let run = |budget: &Budget| {
        let mut got = Vec::new();
        in_order(budget, 5, count_to(40), work, |n| {
            got.push(n);
            Ok(())
        })
        .expect("nothing fails");
        got
    };
    let wanted: Vec<u64> = (0..40).collect();
    let with_pool = Budget::unlimited().on(&pool);
    assert_eq!(run(&with_pool), wanted, "a driver beside the pool");
    assert_eq!(run(&Budget::unlimited()), wanted, "no pool");
    assert_eq!(pool.run(|| run(&with_pool)).expect("no panic"), wanted, "a thread of the pool");
}

#[test]
fn no_more_blocks_are_in_flight_than_allowed_and_the_pool_is_used() {
    let pool = pool(2);
    let (open, most, on_pool) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let mut next = 0..50;
    let read = || {
        let block = next.next();
        if block.is_some() {
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        }
        Ok(block)
    };
    let compute = |n| {
        on_pool.fetch_add(usize::from(on_a_pool()), Ordering::SeqCst);
        Ok(n)
    };
    in_order(&Budget::unlimited().on(&pool), 4, read, compute, |_: u64| {
        open.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    })
    .expect("nothing fails");
    assert_eq!(on_pool.into_inner(), 50);
    assert!(most.into_inner() <= 4);
}

#[test]
fn the_first_error_in_order_is_the_one_that_is_told() {
    let pool = pool(4);
    for budget in [Budget::unlimited().on(&pool), Budget::unlimited()] {
        let mut written = 0;
        let mut next = 0_u64..;
        let read = || match next.next() {
            Some(n) if n < 20 => Ok(Some(n)),
            _ => Err(Error::invalid_input("the end is missing")),
        };
        let compute = |n: u64| {
            std::thread::sleep(Duration::from_micros(if n == 7 { 3000 } else { 10 }));
            if n == 7 || n == 9 { Err(Error::invalid_input(format!("bad {n}"))) } else { Ok(n) }
        };
        let error = in_order(&budget, 6, read, compute, |_| {
            written += 1;
            Ok(())
        })
        .expect_err("7 is bad");
        assert_eq!((error.to_string().as_str(), written), ("bad 7", 7));
    }
}

#[test]
fn a_panic_is_the_error_of_its_driver() {
    let pool = pool(2);
    let budget = Budget::unlimited().on(&pool);
    let compute = |n: u64| {
        assert!(n != 3, "no {n} here");
        Ok(n)
    };
    let error = in_order(&budget, 4, count_to(9), compute, |_| Ok(())).expect_err("3 comes");
    assert!(error.is_panic() && error.to_string().contains("no 3 here"), "{error}");
    let error = in_turn(&budget, count_to(9), |n| compute(n).map(drop)).expect_err("3 comes");
    assert!(error.is_panic(), "{error}");
    assert_eq!(pool.run(|| 7).expect("the pool lives on"), 7);
}

#[test]
fn a_driver_that_waits_for_the_pool_sees_the_cancel() {
    let pool = pool(1);
    let budget = Budget::unlimited().on(&pool);
    let started = Instant::now();
    let compute = |n: u64| {
        if n == 2 {
            budget.cancel();
        }
        while n > 0 && budget.check().is_ok() {
            if n == 1 {
                return Ok(n);
            }
        }
        budget.check().map(|()| n)
    };
    let error = in_order(&budget, 3, count_to(1_000_000), compute, |_| Ok(()));
    assert!(error.is_err_and(|error| error.is_cancelled()));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn blocks_in_turn_are_computed_in_turn() {
    let pool = pool(3);
    for budget in [Budget::unlimited().on(&pool), Budget::unlimited()] {
        let mut got = Vec::new();
        in_turn(&budget, count_to(30), |n| {
            got.push(n);
            Ok(())
        })
        .expect("nothing fails");
        assert_eq!(got, (0..30).collect::<Vec<u64>>());
    }
}

#[test]
fn a_block_is_full_or_the_last() {
    let mut reader = &[7_u8; 10][..];
    let mut sizes = Vec::new();
    loop {
        let mut block = Vec::new();
        fill(&mut reader, &mut block, 4).expect("memory does not fail");
        sizes.push(block.len());
        if block.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [4, 4, 2, 0]);
}

#[test]
fn an_error_of_brawn_comes_out_of_a_reader_as_it_went_in() {
    struct Ends;
    impl std::io::Read for Ends {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other(Error::out_of_time()))
        }
    }
    let error = fill(&mut Ends, &mut Vec::new(), 9).expect_err("it fails");
    assert!(error.is_out_of_time(), "{error:?}");
}
