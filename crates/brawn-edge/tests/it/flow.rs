//! Many objects through one job.

use brawn_core::{Budget, ErrorKind, Status};
use brawn_edge::{Destination, Item, Outcome};

use crate::support::{Copy, copies, files, flow, names, path, run, stores, write};

#[tokio::test]
async fn each_object_has_its_own_end_and_the_others_live() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in [
        ("in/a.txt", "fine"),
        ("in/b.txt", "reject me"),
        ("in/c.txt", "panic here"),
        ("in/d.txt", "panic in plan"),
        ("in/sub/e.txt", "fine too"),
        ("in/f.txt", ""),
    ] {
        write(folder.path(), name, content);
    }
    let (summary, outcomes) =
        run(&copies(path(&folder.path().join("out"))), &[path(&folder.path().join("in"))]).await;
    let ends: Vec<_> = outcomes
        .iter()
        .map(|outcome| (outcome.report.status, outcome.report.reason.as_deref()))
        .collect();
    assert_eq!(
        ends,
        [
            (Status::Ok, None),
            (Status::Rejected, Some("it says reject")),
            (Status::Failed, Some("panicked: it says panic")),
            (Status::Failed, Some("panicked: the plan gave way")),
            (Status::Ok, None),
            (Status::Ok, None),
        ]
    );
    assert_eq!((summary.ok, summary.rejected, summary.failed), (3, 1, 2));
    assert_eq!((summary.bytes_in > 0, summary.bytes_out), (true, 12));
    assert_eq!(names(&folder.path().join("out")), ["a.out", "f.out", "sub/e.out"]);
}

#[tokio::test]
async fn an_item_that_is_given_needs_no_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let job = Copy { head: 300 << 10, ..Copy::default() };
    let flow = flow(job, stores(), Destination::folder(path(&out)));
    let content = "a line\n".repeat(100_000);
    let item = |name: &str, content: &str| Item::given(name, content.to_owned().into());
    let items = vec![item("a.json", &content), item("b.json", "reject"), item("c.json", "")];
    let mut ends = Vec::new();
    let each = |outcome: Outcome| ends.push((outcome.report.source, outcome.report.status));
    let summary = flow.run_items(items, &Budget::unlimited(), each).await;
    ends.sort_by(|a: &(String, Status), b| a.0.cmp(&b.0));
    let wanted = [("a.json", Status::Ok), ("b.json", Status::Rejected), ("c.json", Status::Ok)];
    assert_eq!(ends, wanted.map(|(name, status)| (name.to_owned(), status)));
    assert_eq!(summary.bytes_in, content.len() as u64 + 6);
    assert_eq!(names(&out), ["a.out", "c.out"]);
    assert_eq!(std::fs::read_to_string(out.join("a.out")).expect("there"), content);
}

#[tokio::test]
async fn the_report_names_what_was_delivered() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.txt", "1234567");
    let job = Copy { outputs: vec!["-s.out", "-l.out"], ..Copy::default() };
    let out = folder.path().join("out");
    let flow = flow(job, stores(), Destination::folder(path(&out)));
    let (summary, outcomes) = run(&flow, &[path(&folder.path().join("a.txt"))]).await;
    let report = &outcomes[0].report;
    assert_eq!((report.bytes_in, report.bytes_out), (7, 14));
    let outputs: Vec<_> = report
        .outputs
        .iter()
        .map(|output| (output.location.as_str(), output.bytes, output.content_type.as_str()))
        .collect();
    let (large, small) = (out.join("a-l.out"), out.join("a-s.out"));
    assert_eq!(
        outputs,
        [
            (large.to_str().expect("UTF-8"), 7, "application/x-copy"),
            (small.to_str().expect("UTF-8"), 7, "application/x-copy"),
        ]
    );
    assert_eq!((summary.outputs, summary.workers), (2, 2));
    assert!(report.ms >= report.compute_ms);
    let progress = flow.progress();
    assert_eq!((progress.done(), progress.total(), progress.bytes_out()), (1, Some(1), 14));
}

#[tokio::test]
async fn what_exists_is_skipped_only_when_all_of_it_exists() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    write(&input, "a.txt", "new a");
    write(&input, "b.txt", "new b");
    write(&input, "c.txt", "new c");
    for name in ["a.1", "a.2", "b.1", "c.1"] {
        write(&out, name, "old");
    }
    // What a power failure may leave.
    write(&out, "c.2", "");
    let job = Copy { outputs: vec![".1", ".2"], ..Copy::default() };
    let flow = flow(job, stores(), Destination::folder(path(&out)));
    let (_, outcomes) = run(&flow.clone().skip_existing(true), &[path(&input)]).await;
    assert_eq!(outcomes[0].report.status, Status::Skipped);
    assert_eq!(outcomes[0].report.reason.as_deref(), Some("outputs exist"));
    assert_eq!(outcomes[1].report.status, Status::Ok);
    assert_eq!(outcomes[2].report.status, Status::Ok);
    let text = |name| std::fs::read_to_string(out.join(name)).expect("there");
    assert_eq!(
        (text("a.1"), text("b.1"), text("b.2")),
        ("old".into(), "new b".into(), "new b".into())
    );
    let (summary, _) = run(&flow, &[path(&input)]).await;
    assert_eq!((summary.ok, text("a.1")), (3, "new a".into()), "without it they are replaced");
}

#[tokio::test]
async fn a_dry_run_tells_the_plan_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/a.txt", "12345");
    let out = folder.path().join("out");
    let flow = copies(path(&out)).dry_run(true);
    let (summary, outcomes) = run(&flow, &[path(&folder.path().join("in"))]).await;
    assert_eq!(summary.ok, 1);
    let plan = outcomes[0].plan.as_ref().expect("a plan");
    assert_eq!(plan.peak_memory, 1024 + 5);
    assert_eq!(outcomes[0].targets, [path(&out.join("a.out"))]);
    assert!(!out.exists());
}

#[tokio::test]
async fn a_head_as_long_as_the_job_asks_for_is_fetched() {
    let folder = tempfile::tempdir().expect("a folder");
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    write(folder.path(), "in/a.bin", &content);
    for head in [1, 300_000, 2_000_000, u64::MAX] {
        let out = folder.path().join(format!("out-{head}"));
        let job = Copy { head, ..Copy::default() };
        let flow = flow(job, stores(), Destination::folder(path(&out)));
        let (summary, outcomes) = run(&flow, &[path(&folder.path().join("in"))]).await;
        assert_eq!(summary.ok, 1, "{outcomes:?}");
        assert!(files(&out) == [("a.out".to_owned(), content.clone())]);
    }
}

#[tokio::test]
async fn two_objects_that_would_write_one_output_are_not_both_done() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/a.jpg", "jpg");
    write(folder.path(), "in/a.png", "png");
    let out = folder.path().join("out");
    let (summary, outcomes) = run(&copies(path(&out)), &[path(&folder.path().join("in"))]).await;
    assert_eq!((summary.ok, summary.failed), (1, 1));
    let error = outcomes.iter().find_map(|outcome| outcome.error.as_ref()).expect("one failed");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let text = error.to_string();
    assert!(["a.jpg", "a.png", "a.out"].iter().all(|name| text.contains(name)), "{text}");
}

#[tokio::test]
async fn an_output_never_replaces_an_input() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.out", "input");
    write(folder.path(), "b.out", "also input");
    let here = path(folder.path());
    let (summary, outcomes) = run(&copies(here.clone()), std::slice::from_ref(&here)).await;
    assert_eq!(summary.failed, 2, "{outcomes:?}");
    // Through another name of the same folder the paths differ, the file does not.
    std::os::unix::fs::symlink(folder.path(), folder.path().join("other")).expect("a link");
    let (summary, outcomes) =
        run(&copies(path(&folder.path().join("other"))), &[path(&folder.path().join("a.out"))])
            .await;
    assert_eq!(summary.failed, 1);
    assert!(outcomes[0].report.reason.as_deref().is_some_and(|text| text.contains("input itself")));
    let kept =
        [("a.out".to_owned(), b"input".to_vec()), ("b.out".to_owned(), b"also input".to_vec())];
    assert_eq!(files(folder.path()), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_objects_pass_and_nothing_is_left_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::create_dir(&input).expect("a folder");
    for n in 0..10_000 {
        std::fs::write(input.join(format!("{n:05}.txt")), n.to_string()).expect("written");
    }
    let flow = copies(path(&out));
    let mut most = 0;
    let progress = flow.progress();
    let budget = Budget::unlimited();
    let summary = flow
        .run(&[path(&input)], &budget, |_| most = most.max(progress.found() - progress.done()))
        .await;
    assert_eq!((summary.items, summary.ok, progress.total()), (10_000, 10_000, Some(10_000)));
    assert!(budget.memory().peak() <= 8 * (1024 + 4), "at most 8 objects hold memory at once");
    assert_eq!((budget.memory().used(), names(&out).len()), (0, 10_000));
}
