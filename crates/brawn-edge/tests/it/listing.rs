//! What is found in a bucket: pages, patterns, keys of any kind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brawn_core::{Budget, Deadline, ErrorKind, Status};
use brawn_edge::Destination;

use brawn_testing::{Fault, S3Server};

use crate::s3::copies;
use crate::support::stores_of;
use crate::support::{Copy, files, flow, path, place, run, run_within, write};

#[tokio::test]
async fn a_listing_of_more_than_one_page_is_read_to_its_end_despite_failures() {
    let server = S3Server::start();
    for n in 0..1_100 {
        write(&server.bucket("inbox"), &format!("{n:04}.skip"), "");
    }
    for name in ["0000.txt", "0999.txt", "1099.txt", "zz.txt"] {
        write(&server.bucket("inbox"), name, name);
    }
    let lists = AtomicUsize::new(0);
    server.fail_with(move |seen| {
        let is_list = seen.query.contains("list-type=2");
        let count = if is_list { lists.fetch_add(1, Ordering::Relaxed) } else { 0 };
        if is_list && count.is_multiple_of(2) { Fault::Reset } else { Fault::None }
    });
    let flow = copies(&server).accepts(Some(&["txt"]));
    let (summary, outcomes) = run(&flow, &[place("s3://inbox/")]).await;
    assert_eq!((summary.items, summary.ok), (4, 4), "{outcomes:?}");
}

#[tokio::test]
async fn a_pattern_lists_no_more_than_what_begins_as_it_does() {
    let server = S3Server::start();
    for key in ["in/2024-1.txt", "in/2024-2.txt", "in/2023-1.txt", "in/other.txt"] {
        write(&server.bucket("inbox"), key, key);
    }
    let (summary, outcomes) = run(&copies(&server), &[place("s3://inbox/in/2024-*.txt")]).await;
    assert_eq!((summary.items, summary.ok), (2, 2), "{outcomes:?}");
    assert_eq!(outcomes[0].report.outputs[0].location, "s3://outbox/thumbs/2024-1.out");
    let seen = server.take_seen();
    let lists: Vec<_> = seen.iter().filter(|seen| seen.query.contains("list-type=2")).collect();
    assert_eq!(lists.len(), 1);
    assert!(lists[0].query.contains("prefix=in%2F2024-"), "{}", lists[0].query);
}

#[tokio::test]
async fn a_page_that_failed_is_asked_for_again_and_no_key_is_lost() {
    let server = S3Server::start();
    // The page of 1000 ends at a key that looks different percent-encoded, and sorts differently.
    for n in 0..1_100 {
        let wanted = if (960..1_040).contains(&n) { "txt" } else { "skip" };
        write(&server.bucket("inbox"), &format!("%20 +é写/{n:04}%.{wanted}"), "");
    }
    let lists = AtomicUsize::new(0);
    server.fail_with(move |seen| {
        let is_list = seen.query.contains("list-type=2");
        match is_list && lists.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            true => Fault::Status(503, "SlowDown"),
            false => Fault::None,
        }
    });
    for source in ["s3://inbox/", "s3://inbox/%20 +é写/", "s3://inbox/%20 +é写/*%.txt"] {
        let flow = copies(&server).accepts(Some(&["txt"])).dry_run(true);
        let (summary, outcomes) = run(&flow, &[place(source)]).await;
        assert_eq!((summary.items, summary.ok), (80, 80), "{source}");
        // A pattern asks for what it names, all else is passed over.
        let passed_over = if source.contains('*') { 0 } else { 1_020 };
        // Empty ones without an extension may be markers of folders: these have one.
        assert_eq!(summary.passed_over, passed_over, "{source}");
        let mut sources: Vec<_> = outcomes.iter().map(|one| &one.report.source).collect();
        sources.dedup();
        assert_eq!(sources.len(), 80);
        let lists = server.take_seen().into_iter().filter(|seen| seen.query.contains("list-type"));
        assert_eq!(lists.count(), 4, "each of the two pages fails once");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_addressed_is_one_failed_item() {
    let server = S3Server::start();
    for n in 0..120 {
        write(&server.bucket("inbox"), &format!("{n:03}/+é%.txt"), "");
    }
    for (key, shown) in [
        ("000/.first.txt", "000//first.txt"),
        ("071/..-up.txt", "071/../up.txt"),
        ("070/.-here.txt", "070/./here.txt"),
        ("072/.row.txt", "072//row.txt"),
        ("110/.+é%.txt", "110//+é%.txt"),
        ("115/.marker", "115//"),
        ("116/.other.png", "116//other.png"),
    ] {
        write(&server.bucket("inbox"), key, "");
        server.show_as(key, shown);
    }
    let flow = copies(&server).accepts(Some(&["txt"])).dry_run(true);
    let (summary, outcomes) = run(&flow, &[place("s3://inbox/")]).await;
    let failed: Vec<_> =
        outcomes.iter().filter(|one| one.report.status == Status::Rejected).collect();
    let sources: Vec<_> = failed.iter().map(|one| one.report.source.as_str()).collect();
    assert_eq!(
        sources,
        [
            "s3://inbox/000//first.txt",
            "s3://inbox/070/./here.txt",
            "s3://inbox/071/../up.txt",
            "s3://inbox/072//row.txt",
            "s3://inbox/110//+é%.txt",
        ]
    );
    let error = failed[0].error.as_ref().expect("failed");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "`s3://inbox/000//first.txt` cannot be addressed: its key has an empty, `.` or `..` part or a control character"
    );
    assert_eq!((summary.items, summary.ok, summary.rejected), (125, 120, 5));
    let lists =
        server.take_seen().into_iter().filter(|seen| seen.query.contains("list-type")).count();
    assert!(lists < 200, "{lists} requests to list");
}

#[tokio::test]
async fn unusual_keys_are_signed_and_found() {
    let server = S3Server::start();
    let names = [
        "a b.txt",
        "a+b.txt",
        "a%20b.txt",
        "a#b?c&d=e.txt",
        "été/写真 1.txt",
        "emoji 😀.txt",
        "quote\"and'.txt",
        "(1)[2]{3}~!*.txt",
        "a:b;c|d<e>@$,.txt",
        "-lead.txt",
        "..%2Fup.txt",
    ];
    for name in names {
        write(&server.bucket("inbox"), name, name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (summary, outcomes) = run(&copies(&server), &[place("s3://inbox/")]).await;
    assert_eq!(summary.ok, 11, "{outcomes:?}");
    let back = flow(Copy::default(), stores_of(&server), Destination::folder(path(folder.path())));
    let (summary, outcomes) = run(&back, &[place("s3://outbox/thumbs/")]).await;
    assert_eq!(summary.ok, 11, "{outcomes:?}");
    let mut expected: Vec<_> =
        names.iter().map(|name| (name.replace(".txt", ".out"), name.as_bytes().to_vec())).collect();
    expected.sort();
    assert_eq!(files(folder.path()), expected);
}

#[tokio::test]
async fn a_listing_that_did_not_end_in_time_is_told() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    let (summary, _) = run(&copies(&server), &[place("s3://inbox/")]).await;
    assert!(!summary.incomplete);
    server.fail_with(|seen| match seen.query.contains("list-type=2") {
        true => Fault::Hang,
        false => Fault::None,
    });
    let deadline = Deadline::after(Duration::from_millis(200)).expect("soon");
    let budget = Budget::unlimited().by(deadline);
    let (summary, _) = run_within(&copies(&server), &[place("s3://inbox/")], &budget).await;
    assert!(summary.incomplete, "{summary:?}");
}
