//! The memory cap.

use brawn_core::{Budget, ErrorKind, Memory, Status};
use brawn_edge::Destination;

use crate::support::{Copy, flow, path, run_within, stores, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_is_never_exceeded_and_everything_is_given_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..60 {
        write(folder.path(), &format!("in/{n}.txt"), vec![b'x'; n * 10_000]);
    }
    let cap = 2_000_000;
    let budget = Budget::unlimited().within(Memory::limited(cap));
    // Heads of more than the fixed allowance take memory of their own.
    let job = Copy { memory: 700_000, head: 400_000, ..Copy::default() };
    let flow = flow(job, stores(), Destination::folder(path(&folder.path().join("out"))));
    let (summary, outcomes) = run_within(&flow, &[path(&folder.path().join("in"))], &budget).await;
    assert_eq!(summary.ok, 60, "{outcomes:?}");
    assert!(budget.memory().peak() <= cap && budget.memory().peak() > 700_000);
    assert_eq!(budget.memory().used(), 0);
}

#[tokio::test]
async fn what_can_never_fit_is_refused_with_what_it_needs_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/large.txt", vec![b'x'; 2 << 20]);
    write(folder.path(), "in/small.txt", "x");
    let budget = Budget::unlimited().within(Memory::limited(1 << 20));
    let flow =
        flow(Copy::default(), stores(), Destination::folder(path(&folder.path().join("out"))));
    let sources = [path(&folder.path().join("in"))];
    for flow in [flow.clone().dry_run(true), flow] {
        let (_, outcomes) = run_within(&flow, &sources, &budget).await;
        assert_eq!(outcomes[0].report.status, Status::Failed);
        let error = outcomes[0].error.as_ref().expect("refused");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
        let text = error.to_string();
        assert_eq!(text, "needs 2.0 MB of memory and the limit is 1 MB (2097152 bytes to copy)");
        assert_eq!(outcomes[1].report.status, Status::Ok);
    }
}
