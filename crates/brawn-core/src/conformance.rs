//! The suite that every job must pass, whatever it computes.
//!
//! ```ignore
//! conformance::check(&job, &Subject { name: "a.png", small: &small_png, large: &large_png });
//! ```

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::{
    Budget, Deadline, Draft, Error, Head, Job, Memory, MemorySink, Output, Plan, Planning, Pool,
    ReadAt, Result, Sink, Source,
};

/// How long a job may go on after its deadline or after it was cancelled.
const STOPS_WITHIN: Duration = Duration::from_millis(50);

/// How often a stop is tried, and how many of these must be in time: the bound is about the job, not about a machine
/// that was busy with something else at that moment. A job that asks every 400 ms is in time once in eight tries.
const TRIES: usize = 8;
const IN_TIME: usize = 2;

/// Inputs that a job accepts.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Name of both inputs, as in [`Head::name`].
    pub name: &'a str,
    /// An input that takes little time.
    pub small: &'a [u8],
    /// An input that takes long enough to be stopped in the middle: a good part of a second.
    pub large: &'a [u8],
}

/// Runs the whole suite.
///
/// # Panics
/// With what was promised and not kept.
pub fn check(job: &dyn Job, subject: &Subject<'_>) {
    stops_soon_after_deadline_and_cancel(job, subject);
    check_all_but_stopping(job, subject);
}

/// Runs all of the suite but how soon a job stops: for one that spends its time in calls that nothing can end. Whoever
/// uses it says in `docs/design.md` which calls those are.
///
/// # Panics
/// With what was promised and not kept.
pub fn check_all_but_stopping(job: &dyn Job, subject: &Subject<'_>) {
    gives_the_same_bytes_for_any_worker_count(job, subject);
    ends_as_stopped_however_late(job, subject);
    honours_the_memory_cap(job, subject);
    refuses_empty_input(job, subject);
    turns_a_panic_into_an_error(job, subject);
    runs_inside_another_pool(job, subject);
}

/// The job's plan for an object that is in memory.
///
/// # Panics
/// When the job refuses it or asks for more than all of it.
pub fn plan(job: &dyn Job, name: &str, bytes: &[u8]) -> Plan {
    let head = Head { name, bytes, size: Some(bytes.len() as u64) };
    match job.plan(&head).expect("the job plans an input it accepts") {
        Planning::Ready(plan) => plan,
        Planning::NeedsHead(more) => {
            panic!("all {} bytes are there, {more} are asked for", bytes.len())
        }
    }
}

fn run(
    job: &dyn Job,
    pool: &Pool,
    name: &str,
    bytes: &[u8],
    budget: &Budget,
) -> Result<Vec<Output>> {
    let mut sink = MemorySink::default();
    run_into(&mut sink, job, pool, name, bytes, budget)?;
    Ok(sink.outputs)
}

/// On the pool, or where the job streams, from a reader on this thread, which drives the pool.
fn run_into(
    sink: &mut dyn Sink,
    job: &dyn Job,
    pool: &Pool,
    name: &str,
    mut bytes: &[u8],
    budget: &Budget,
) -> Result<()> {
    if job.streams() {
        let budget = budget.on(pool);
        let drive = || job.run(Source::reader(name, &mut bytes), sink, &budget);
        let driven = catch_unwind(AssertUnwindSafe(drive));
        return driven.map_err(|payload| Error::panicked(payload.as_ref()))?.map(drop);
    }
    pool.run(|| job.run(Source::bytes(name, bytes), sink, budget))?.map(drop)
}

/// Bytes that are read as those of a file are.
struct Places<'a>(&'a [u8]);

impl ReadAt for Places<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let rest = usize::try_from(offset).ok().and_then(|start| self.0.get(start..));
        let there = rest.and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(there.expect("the job reads no more than there is"));
        Ok(())
    }
}

fn pool(workers: usize) -> Pool {
    Pool::new(NonZeroUsize::new(workers).expect("at least one worker")).expect("threads")
}

/// Same bytes with 1, 2 and 7 workers, from memory and from a reader, and the outputs that the plan announced.
fn gives_the_same_bytes_for_any_worker_count(job: &dyn Job, subject: &Subject<'_>) {
    for bytes in [subject.small, subject.large] {
        let alone = run(job, &pool(1), subject.name, bytes, &Budget::unlimited())
            .expect("the job accepts it");
        let names: Vec<_> = alone.iter().map(|output| &output.name).collect();
        let plan = plan(job, subject.name, bytes);
        let planned: Vec<_> = plan.outputs.iter().map(|output| &output.name).collect();
        assert_eq!(names, planned, "the plan announces what is written, in order");
        assert_eq!(plan.streaming, job.streams(), "the plan streams where the job does");
        for workers in [2, 7] {
            let together = run(job, &pool(workers), subject.name, bytes, &Budget::unlimited());
            assert!(
                together.expect("the job accepts it") == alone,
                "{workers} workers gave other bytes"
            );
        }
        let mut reader = bytes;
        let mut sink = MemorySink::default();
        job.run(Source::reader(subject.name, &mut reader), &mut sink, &Budget::unlimited())
            .expect("the job accepts a reader");
        assert!(sink.outputs == alone, "a reader gave other bytes than memory");
        let mut sink = MemorySink::default();
        let two = pool(2);
        let places = Places(bytes);
        let source = Source::places(subject.name, &places, bytes.len() as u64);
        job.run(source, &mut sink, &Budget::unlimited().on(&two))
            .expect("the job accepts what is read at any place");
        assert!(sink.outputs == alone, "reading at any place gave other bytes than memory");
        let mut sink = MemorySink::default();
        let inside = two
            .run(|| job.run(Source::bytes(subject.name, bytes), &mut sink, &Budget::unlimited()));
        inside.and_then(|ran| ran).expect("the job accepts bytes on a thread of a pool");
        assert!(sink.outputs == alone, "a thread of a pool gave other bytes");
    }
}

fn stops_soon_after_deadline_and_cancel(job: &dyn Job, subject: &Subject<'_>) {
    let pool = pool(2);
    // The first run warms up, and a busy machine makes one of them slow.
    let times = [(); 3].map(|()| {
        let started = Instant::now();
        run(job, &pool, subject.name, subject.large, &Budget::unlimited())
            .expect("the job accepts it");
        started.elapsed()
    });
    let whole = times.into_iter().min().unwrap_or_default();
    // Late moments too: a job may end with a step that it cannot leave. Both are told by one flag, so they share the moments.
    for eighths in [1, 3, 7] {
        stops(eighths, whole * eighths / 8, "its deadline", |moment| {
            let deadline = Deadline::at(Instant::now() + moment);
            let budget = Budget::unlimited().by(deadline);
            let error = run(job, &pool, subject.name, subject.large, &budget).err()?;
            assert!(error.is_out_of_time(), "ended with {error:?}");
            Some(Instant::now().saturating_duration_since(deadline.stop_at()))
        });
    }
    for eighths in [2, 4, 7] {
        stops(eighths, whole * eighths / 8, "being cancelled", |moment| {
            let budget = Budget::unlimited();
            let canceller = {
                let budget = budget.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(moment);
                    budget.cancel();
                    Instant::now()
                })
            };
            let error = run(job, &pool, subject.name, subject.large, &budget).err();
            let ended = Instant::now();
            let cancelled = canceller.join().expect("the canceller does not panic");
            let error = error?;
            assert!(error.is_cancelled(), "ended with {error:?}");
            Some(ended.saturating_duration_since(cancelled))
        });
    }
}

/// A job that was cancelled delivers nothing, even if it learns of it late.
fn ends_as_stopped_however_late(job: &dyn Job, subject: &Subject<'_>) {
    let budget = Budget::unlimited();
    let canceller = {
        let budget = budget.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1));
            budget.cancel();
        })
    };
    let ended = run(job, &pool(2), subject.name, subject.large, &budget);
    canceller.join().expect("the canceller does not panic");
    let error = ended.expect_err("the large input takes longer than a millisecond");
    assert!(error.is_cancelled(), "ended with {error:?}");
}

/// `attempt` gives how late the job was when it was stopped at `moment`, or nothing when it was done before, which only
/// the first half of the eighths must not be.
fn stops(
    eighths: u32,
    mut moment: Duration,
    after: &str,
    mut attempt: impl FnMut(Duration) -> Option<Duration>,
) {
    let (mut in_time, mut late) = (0, Vec::new());
    for _ in 0..TRIES {
        match attempt(moment) {
            Some(time) if time > STOPS_WITHIN => late.push(time),
            Some(_) => in_time += 1,
            // The machine was busier while the whole was measured than it is now.
            None => moment = moment * 3 / 4,
        }
        if in_time == IN_TIME {
            return;
        }
    }
    assert!(
        eighths > 4 || in_time > 0 || !late.is_empty(),
        "the large input is done before it can be stopped: make it larger"
    );
    assert!(
        late.is_empty(),
        "went on for {late:?} after {after} at {eighths}/8 of the work, allowed is {STOPS_WITHIN:?}"
    );
}

fn honours_the_memory_cap(job: &dyn Job, subject: &Subject<'_>) {
    let pool = pool(2);
    let peak = plan(job, subject.name, subject.large).peak_memory;
    let exact = Budget::unlimited().within(Memory::limited(peak));
    run(job, &pool, subject.name, subject.large, &exact)
        .expect("it fits in what the plan asked for");
    assert!(exact.memory().peak() <= peak);
    assert!(exact.memory().peak() > 0, "the job reserves its memory from the budget");
    assert_eq!(exact.memory().used(), 0, "everything reserved is given back");
    // A job that streams may do with less, by taking fewer blocks at once, but not with next to nothing.
    for (part, too_little) in [(2, !job.streams()), (1 << 16, true)] {
        let less = Budget::unlimited().within(Memory::limited(peak / part));
        match run(job, &pool, subject.name, subject.large, &less) {
            Ok(_) => assert!(!too_little, "1/{part} of the memory is too little"),
            Err(error) => assert!(error.is_out_of_memory(), "ended with {error:?}"),
        }
        assert_eq!(less.memory().used(), 0, "everything reserved is given back");
    }
}

fn refuses_empty_input(job: &dyn Job, subject: &Subject<'_>) {
    let head = Head { name: subject.name, bytes: &[], size: Some(0) };
    let planned = job.plan(&head);
    let ran = run(job, &pool(1), subject.name, &[], &Budget::unlimited());
    match (planned, ran) {
        (Err(planned), Err(ran)) => {
            assert!(planned.is_rejection() && ran.is_rejection(), "{planned:?}, {ran:?}");
        }
        // A job that is defined on nothing (a hash, a count) may also answer; both must agree.
        (Ok(Planning::Ready(_)), Ok(_)) => {}
        (planned, ran) => panic!("plan and run disagree on empty input: {planned:?}, {ran:?}"),
    }
}

struct Panics;

impl Sink for Panics {
    fn put(&mut self, _: Output) -> Result<()> {
        panic!("the sink gave way");
    }

    fn open(&mut self, _: &str, _: &'static str) -> Result<Box<dyn Draft + '_>> {
        panic!("the sink gave way");
    }
}

fn turns_a_panic_into_an_error(job: &dyn Job, subject: &Subject<'_>) {
    let pool = pool(2);
    let budget = Budget::unlimited().within(Memory::unlimited());
    let error = run_into(&mut Panics, job, &pool, subject.name, subject.small, &budget)
        .expect_err("the panic is an error");
    assert!(error.is_panic() && error.to_string().contains("the sink gave way"), "{error:?}");
    assert_eq!(budget.memory().used(), 0, "a panic gives the memory back");
    run(job, &pool, subject.name, subject.small, &Budget::unlimited()).expect("the pool lives on");
}

fn runs_inside_another_pool(job: &dyn Job, subject: &Subject<'_>) {
    let (outer, inner) = (pool(1), pool(1));
    let direct = run(job, &inner, subject.name, subject.small, &Budget::unlimited());
    let nested = outer
        .run(|| inner.run(|| run(job, &inner, subject.name, subject.small, &Budget::unlimited())));
    let nested = nested.and_then(|nested| nested).and_then(|nested| nested);
    assert!(nested.expect("no deadlock") == direct.expect("the job accepts it"));
}
