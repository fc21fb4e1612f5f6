//! Of [`in_order_by_workers`], where nobody waits.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::tests::{count_to, pool};
use super::*;
use crate::{Budget, Error};

#[test]
fn results_come_in_order_and_only_the_pool_works() {
    for (workers, in_flight) in [(1, 1), (1, 4), (2, 1), (2, 6), (4, 3), (4, 10)] {
        let pool = pool(workers);
        let budget = Budget::unlimited().on(&pool);
        let (open, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let elsewhere = AtomicUsize::new(0);
        let here = || {
            elsewhere.fetch_add(usize::from(!on_a_pool()), Ordering::SeqCst);
        };
        let mut count = count_to(300);
        let read = || {
            here();
            let block = count()?;
            if block.is_some() {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            }
            Ok(block)
        };
        let compute = |n: u64| {
            here();
            thread::sleep(Duration::from_micros(40 * (n * 7 % 5)));
            Ok(n)
        };
        let mut got = Vec::new();
        let write = |n| {
            here();
            thread::sleep(Duration::from_micros(20 * (n % 3)));
            open.fetch_sub(1, Ordering::SeqCst);
            got.push(n);
            Ok(())
        };
        in_order_by_workers(true, &budget, in_flight, read, compute, write).expect("nothing fails");
        assert_eq!(got, (0..300).collect::<Vec<u64>>(), "{workers} workers, {in_flight} in flight");
        assert!(most.into_inner() <= in_flight);
        assert_eq!(elsewhere.into_inner(), 0);
    }
}

#[test]
fn all_threads_of_the_pool_are_used() {
    let pool = pool(3);
    let threads = Mutex::new(HashSet::new());
    let compute = |n: u64| {
        threads.lock().expect("alive").insert(thread::current().id());
        thread::sleep(Duration::from_millis(1));
        Ok(n)
    };
    let budget = Budget::unlimited().on(&pool);
    in_order_by_workers(true, &budget, 8, count_to(60), compute, |_| Ok(()))
        .expect("nothing fails");
    assert_eq!(threads.into_inner().expect("alive").len(), 3);
}

#[test]
fn the_first_error_in_order_is_the_one_that_is_told() {
    let pool = pool(4);
    let budget = Budget::unlimited().on(&pool);
    for (bad, wanted) in [(7, "bad 7"), (100, "the end is missing")] {
        let mut written = 0;
        let mut next = 0_u64..;
        let read = || match next.next() {
            Some(n) if n < 20 => Ok(Some(n)),
            _ => Err(Error::invalid_input("the end is missing")),
        };
        let compute = |n: u64| {
            thread::sleep(Duration::from_micros(if n == bad { 3000 } else { 10 }));
            let is_bad = n == bad || n == bad + 2;
            if is_bad { Err(Error::invalid_input(format!("bad {n}"))) } else { Ok(n) }
        };
        let write = |_| {
            written += 1;
            Ok(())
        };
        let error = in_order_by_workers(true, &budget, 6, read, compute, write).expect_err("bad");
        assert_eq!((error.to_string().as_str(), written), (wanted, bad.min(20)));
    }
    let full = |n| if n == 5 { Err(Error::invalid_input("full")) } else { Ok(()) };
    let error = in_order_by_workers(true, &budget, 6, count_to(1_000_000), Ok, full);
    assert_eq!(error.expect_err("it is full").to_string(), "full");
}

#[test]
fn a_panic_anywhere_is_an_error_and_the_pool_lives_on() {
    let pool = pool(2);
    let budget = Budget::unlimited().on(&pool);
    let at = |n: u64, bad: u64| {
        thread::sleep(Duration::from_micros(200));
        assert!(n != bad, "no {n} here");
        n
    };
    for (read, compute, write) in [(3, 9, 9), (9, 3, 9), (9, 9, 3)] {
        let mut count = count_to(8);
        let reading = || Ok(count()?.map(|n| at(n, read)));
        let computing = |n| Ok(at(n, compute));
        let writing = |n| {
            at(n, write);
            Ok(())
        };
        let error = in_order_by_workers(true, &budget, 4, reading, computing, writing)
            .expect_err("3 comes");
        assert!(error.is_panic() && error.to_string().contains("no 3 here"), "{error}");
    }
    assert_eq!(pool.run(|| 7).expect("the pool lives on"), 7);
}

#[test]
fn it_ends_with_its_budget() {
    let pool = pool(2);
    let budget = Budget::unlimited().on(&pool);
    let started = Instant::now();
    let compute = |n: u64| {
        if n == 20 {
            budget.cancel();
        }
        Ok(n)
    };
    let error = in_order_by_workers(true, &budget, 4, count_to(u64::MAX), compute, |_| Ok(()));
    assert!(error.is_err_and(|error| error.is_cancelled()));
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn where_somebody_waits_a_driver_reads_and_writes() {
    let pool = pool(2);
    let budget = Budget::unlimited().on(&pool);
    let driver = thread::current().id();
    let mut count = count_to(10);
    let read = || {
        assert_eq!(thread::current().id(), driver);
        count()
    };
    let mut got = 0;
    let write = |_| {
        assert_eq!(thread::current().id(), driver);
        got += 1;
        Ok(())
    };
    in_order_by_workers(false, &budget, 4, read, Ok, write).expect("nothing fails");
    assert_eq!(got, 10);
}
