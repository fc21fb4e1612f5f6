//! The end of a budget.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use brawn_core::{Budget, Deadline, Pool, Status};
use brawn_edge::{Destination, Flow, Item, Retry, Stores};
use brawn_testing::{Fault, S3Server};

use crate::support::{Copy, copies, flow, names, path, place, pool, run_within, stores, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_names_everything_that_is_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..50 {
        write(folder.path(), &format!("in/{n:02}.txt"), "spin");
    }
    let out = folder.path().join("out");
    let (job, pool) = (Arc::new(Copy::default()), pool());
    let to = Destination::folder(path(&out));
    let flow = Flow::new(Arc::clone(&job) as _, pool.clone(), stores(), to);
    let budget = Budget::unlimited();
    let sources = [path(&folder.path().join("in"))];
    let mut reports = Vec::new();
    let (summary, ()) =
        tokio::join!(flow.run(&sources, &budget, |outcome| reports.push(outcome.report)), async {
            while pool.busy() < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            budget.cancel();
        });
    assert_eq!((summary.items, summary.ok, summary.deadline), (50, 0, 50));
    assert!(reports.iter().all(|report| report.reason.as_deref() == Some("cancelled")));
    assert!(!out.exists());
    let began = job.began.load(std::sync::atomic::Ordering::SeqCst);
    assert!(began <= 6, "{began} objects were begun, six can be on their way at once");
    assert_eq!(budget.memory().used(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_deadline_what_is_computed_is_delivered_and_the_rest_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/a.txt", "done");
    for n in 0..20 {
        write(folder.path(), &format!("in/b{n:02}.txt"), "spin");
    }
    let deadline = Deadline::at(Instant::now() + Duration::from_secs(3600))
        .reserving(Duration::from_secs(3600) - Duration::from_millis(1_500));
    let budget = Budget::unlimited().by(deadline);
    let out = folder.path().join("out");
    // A worker for each object: whichever is fetched first, the one that can be done is done.
    let pool = Pool::new(NonZeroUsize::new(24).expect("not zero")).expect("threads");
    let flow =
        Flow::new(Arc::new(Copy::default()), pool, stores(), Destination::folder(path(&out)));
    let (summary, outcomes) = run_within(&flow, &[path(&folder.path().join("in"))], &budget).await;
    assert_eq!((summary.ok, summary.deadline), (1, 20));
    assert_eq!(outcomes[1].report.reason.as_deref(), Some("the deadline was reached"));
    assert_eq!(names(&out), ["a.out"]);
}

#[tokio::test]
async fn an_upload_that_hangs_ends_before_the_deadline() {
    let server = S3Server::start();
    for name in ["a.txt", "b.txt"] {
        write(&server.bucket("inbox"), name, name);
    }
    for fault in [Fault::Hang, Fault::Status(503, "SlowDown")] {
        server.fail_with(move |seen| if seen.method == "PUT" { fault } else { Fault::None });
        let at = Instant::now() + Duration::from_millis(2_200);
        let budget =
            Budget::unlimited().by(Deadline::at(at).reserving(Duration::from_millis(1_200)));
        let patient = Retry {
            attempts: u32::MAX,
            base: Duration::from_millis(50),
            cap: Duration::from_millis(50),
        };
        let stores = Stores::from_variables(server.variables()).with_retry(patient);
        let flow = flow(Copy::default(), stores, Destination::folder(place("s3://outbox/")));
        let (summary, outcomes) = run_within(&flow, &[place("s3://inbox/")], &budget).await;
        let left = at.saturating_duration_since(Instant::now());
        assert_eq!((summary.items, summary.deadline), (2, 2), "{outcomes:?}");
        assert!(left > Duration::ZERO, "{fault:?}: nothing is left for the report");
        assert!(left < Duration::from_millis(700), "{fault:?}: the reserve is for delivering");
    }
}

#[tokio::test]
async fn a_budget_that_is_over_begins_nothing_and_names_every_given_object() {
    let budget = Budget::unlimited();
    budget.cancel();
    let items = (0..30_000).map(|n| Item::new(place(format!("memory://none/{n}")))).collect();
    let flow = copies(place("memory://none-out/"));
    let mut late = 0;
    let summary = flow
        .run_items(items, &budget, |outcome| {
            late += u32::from(outcome.report.status == Status::Deadline);
        })
        .await;
    assert_eq!((summary.items, late), (30_000, 30_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_run_stops_the_work_and_leaves_no_partial_output() {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..8 {
        write(folder.path(), &format!("in/{n}.txt"), "spin");
    }
    let out = folder.path().join("out");
    let pool = pool();
    let flow = Flow::new(
        Arc::new(Copy::default()),
        pool.clone(),
        stores(),
        Destination::folder(path(&out)),
    );
    let budget = Budget::unlimited();
    let sources = [path(&folder.path().join("in"))];
    tokio::select! {
        _ = flow.run(&sources, &budget, |_| {}) => panic!("it spins"),
        () = async { while pool.busy() < 2 { tokio::task::yield_now().await } } => {}
    }
    while pool.busy() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(names(folder.path()).iter().all(|name| name.starts_with("in/")));
    while budget.memory().used() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_exact_destination_takes_one_output() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.txt", "a");
    let source = [path(&folder.path().join("a.txt"))];
    let target = path(&folder.path().join("exact.bin"));
    let to = Destination::resolve(target.clone(), &source).expect("one file");
    let two = Copy { outputs: vec![".1", ".2"], ..Copy::default() };
    let (_, outcomes) =
        run_within(&flow(two, stores(), to.clone()), &source, &Budget::unlimited()).await;
    let reason = outcomes[0].report.reason.as_deref().expect("refused");
    assert!(reason.contains("gives 2 outputs"), "{reason}");
    let (summary, _) =
        run_within(&flow(Copy::default(), stores(), to), &source, &Budget::unlimited()).await;
    assert_eq!(summary.ok, 1);
    assert_eq!(names(folder.path()), ["a.txt", "exact.bin"]);
}
