//! Over a real S3 protocol: signatures, ranges, listings, parts, failures.

use brawn_core::{Budget, ErrorKind, Status};
use brawn_edge::{Destination, Flow, Retry, Stores};

use brawn_testing::{Fault, S3Server};

use crate::support::{Copy, address, files, flow, place, run, write};
use crate::support::{QUICK, stores_of};

pub(crate) fn copies(server: &S3Server) -> Flow {
    flow(Copy::default(), stores_of(server), Destination::folder(place("s3://outbox/thumbs")))
}

/// What was stored in a bucket, without the server's own notes.
fn stored(server: &S3Server, bucket: &str) -> Vec<(String, Vec<u8>)> {
    files(&server.bucket(bucket))
}

#[tokio::test]
async fn a_prefix_goes_through_to_another_bucket() {
    let server = S3Server::start();
    for key in ["2024/a.txt", "2024/05/b.txt", "2025/c.txt"] {
        write(&server.bucket("inbox"), key, key);
    }
    let (summary, outcomes) = run(&copies(&server), &[place("s3://inbox/2024/")]).await;
    assert_eq!((summary.items, summary.ok), (2, 2), "{outcomes:?}");
    assert_eq!(outcomes[1].report.outputs[0].location, "s3://outbox/thumbs/a.out");
    assert_eq!(
        stored(&server, "outbox"),
        [
            ("thumbs/05/b.out".to_owned(), b"2024/05/b.txt".to_vec()),
            ("thumbs/a.out".to_owned(), b"2024/a.txt".to_vec()),
        ]
    );
    // One request to list, and for each small object one to read, one for its checksum and one to write.
    let mut methods: Vec<_> = server.take_seen().into_iter().map(|seen| seen.method).collect();
    methods.sort();
    assert_eq!(methods, ["GET", "GET", "GET", "HEAD", "HEAD", "PUT", "PUT"]);
}

#[tokio::test]
async fn what_is_stored_has_a_type_a_cache_rule_and_the_mark() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    let flow = copies(&server).cache_control(Some("public, max-age=31536000".to_owned()));
    let (summary, _) = run(&flow, &[place("s3://inbox/a.txt")]).await;
    assert_eq!(summary.ok, 1);
    let seen = server.take_seen();
    let put = seen.iter().find(|seen| seen.method == "PUT").expect("stored");
    assert_eq!(put.path, "/outbox/thumbs/a.out");
    assert_eq!(put.header("content-type"), Some("application/x-copy"));
    assert_eq!(put.header("cache-control"), Some("public, max-age=31536000"));
    assert_eq!(put.header("x-amz-meta-brawn"), Some("copy"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_object_is_read_by_ranges_and_written_in_parts() {
    let server = S3Server::start();
    let content: Vec<u8> = (0..17_u32 << 20).map(|n| (n % 253) as u8).collect();
    write(&server.bucket("inbox"), "large.bin", &content);
    let (summary, outcomes) = run(&copies(&server), &[place("s3://inbox/large.bin")]).await;
    assert_eq!(summary.ok, 1, "{outcomes:?}");
    assert!(stored(&server, "outbox")[0].1 == content);
    let seen = server.take_seen();
    let reads: Vec<_> = seen.iter().filter(|seen| seen.method == "GET").collect();
    let mut ranges: Vec<_> = reads.iter().filter_map(|seen| seen.header("range")).collect();
    ranges.sort_unstable();
    assert_eq!(
        ranges,
        [
            "bytes=0-262143",
            "bytes=17039360-17825791",
            "bytes=262144-8650751",
            "bytes=8650752-17039359"
        ]
    );
    let same = reads.iter().filter(|seen| seen.headers.contains_key("if-match")).count();
    assert_eq!(same, 3, "every part asks for the very object that the head came from");
    let parts = seen.iter().filter(|seen| seen.query.contains("partNumber")).count();
    assert_eq!(parts, 3);
    let begun = seen.iter().find(|seen| seen.query.starts_with("uploads")).expect("begun");
    assert_eq!(begun.header("content-type"), Some("application/x-copy"));
    assert_eq!(begun.header("x-amz-meta-brawn"), Some("copy"));
}

#[tokio::test]
async fn a_part_that_cannot_be_written_ends_in_an_aborted_upload() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "large.bin", vec![7; 17 << 20]);
    server.fail_with(|seen| match seen.query.contains("partNumber=2") {
        true => Fault::Status(403, "AccessDenied"),
        false => Fault::None,
    });
    let (summary, outcomes) = run(&copies(&server), &[place("s3://inbox/large.bin")]).await;
    assert_eq!(summary.failed, 1);
    let reason = outcomes[0].report.reason.as_deref().expect("failed");
    assert!(reason.contains("access to `s3://outbox/thumbs/large.out` was denied"), "{reason}");
    while !server.take_seen().iter().any(|seen| seen.method == "DELETE") {
        tokio::task::yield_now().await;
    }
    assert_eq!(stored(&server, "outbox"), []);
}

#[tokio::test]
async fn what_passes_is_tried_again_and_nothing_else_is() {
    let server = S3Server::start();
    let content: Vec<u8> = (0..700_000_u32).map(|n| (n % 253) as u8).collect();
    write(&server.bucket("inbox"), "a.txt", &content);
    let faults = [
        Fault::Status(503, "SlowDown"),
        Fault::Status(500, "InternalError"),
        Fault::Status(429, "TooManyRequests"),
        Fault::Reset,
        Fault::Cut(1000),
    ];
    for fault in faults {
        // Each kind of request, told by its method and its range, fails twice before it is answered.
        let mut counts = std::collections::HashMap::new();
        server.fail_with(move |seen| {
            let range = seen.header("range").is_some_and(|range| range.starts_with("bytes=0-"));
            let count = counts.entry((seen.method.clone(), range)).or_insert(0);
            *count += 1;
            // A body that is cut is only met where there is one.
            let met = *count <= 2 && !(matches!(fault, Fault::Cut(_)) && seen.method == "PUT");
            if met { fault } else { Fault::None }
        });
        let (summary, outcomes) = run(&copies(&server), &[place("s3://inbox/*.txt")]).await;
        assert_eq!(summary.ok, 1, "{fault:?}: {outcomes:?}");
        assert!(stored(&server, "outbox")[0].1 == content, "{fault:?}");
    }
}

#[tokio::test]
async fn what_does_not_pass_ends_after_the_attempts_allowed() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    server.fail_with(|_| Fault::Status(503, "SlowDown"));
    let (_, outcomes) = run(&copies(&server), &[place("s3://inbox/a.txt")]).await;
    let error = outcomes[0].error.as_ref().expect("failed");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.chain(), "`s3://inbox/a.txt`: the store answered 503 SlowDown, tried 4 times");
    let reads = server.take_seen().into_iter().filter(|seen| seen.method == "GET").count();
    assert_eq!(reads, 4, "the client's own retries do not multiply ours");
}

#[tokio::test]
async fn an_object_that_changes_while_it_is_read_is_an_error_and_no_mix() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.bin", vec![1; 1 << 20]);
    // As S3 answers a part's `If-Match` when the object was replaced after its head was read.
    server.fail_with(|seen| match seen.headers.contains_key("if-match") {
        true => Fault::Status(412, "PreconditionFailed"),
        false => Fault::None,
    });
    let (_, outcomes) = run(&copies(&server), &[place("s3://inbox/a.bin")]).await;
    assert_eq!(
        outcomes[0].report.reason.as_deref(),
        Some("`s3://inbox/a.bin` was changed while it was being read")
    );
    let reads = server.take_seen().into_iter().filter(|seen| seen.method == "GET").count();
    assert_eq!(reads, 2);
}

#[tokio::test]
async fn errors_name_the_cause_and_no_secret() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    let with = |name: &str, value: &str| {
        let mut variables = server.variables();
        variables.retain(|(known, _)| known != name);
        variables.push((name.to_owned(), value.to_owned()));
        Stores::from_variables(variables).with_retry(QUICK)
    };
    let wrong = with("AWS_SECRET_ACCESS_KEY", "wrong-secret");
    // Port 9 (discard): nobody listens there.
    let away = with("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    for (stores, source, kind, says) in [
        (
            stores_of(&server),
            "s3://inbox/no.txt",
            ErrorKind::NotFound,
            "`s3://inbox/no.txt` does not exist",
        ),
        (
            stores_of(&server),
            "s3://no-bucket/",
            ErrorKind::NotFound,
            "bucket `no-bucket` does not exist",
        ),
        (wrong, "s3://inbox/a.txt", ErrorKind::Storage, "the credentials were refused (403"),
        (away, "s3://inbox/a.txt", ErrorKind::Unavailable, "cannot connect"),
    ] {
        let flow = flow(Copy::default(), stores, Destination::folder(place("s3://outbox")));
        let (_, outcomes) = run(&flow, &[place(source)]).await;
        let error = outcomes[0].error.as_ref().expect("failed");
        assert_eq!(error.kind(), kind, "{error:?}");
        let text = format!("{} {error:?}", error.chain());
        assert!(text.contains(says), "{text}");
        assert!(!text.contains("AKIA") && !text.contains("ecret"), "{text}");
    }
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "empty.txt", "");
    for source in ["s3://inbox/empty.txt", "s3://inbox/"] {
        let (summary, outcomes) = run(&copies(&server), &[place(source)]).await;
        assert_eq!(summary.ok, 1, "{outcomes:?}");
    }
    assert_eq!(stored(&server, "outbox"), [("thumbs/empty.out".to_owned(), Vec::new())]);
}

#[tokio::test]
async fn existing_outputs_are_asked_for_and_not_fetched() {
    let server = S3Server::start();
    for name in ["a.txt", "b.txt"] {
        write(&server.bucket("inbox"), name, name);
    }
    write(&server.bucket("outbox"), "thumbs/a.out", "older");
    let (summary, _) = run(&copies(&server).skip_existing(true), &[place("s3://inbox")]).await;
    assert_eq!((summary.ok, summary.skipped), (1, 1));
    assert_eq!(stored(&server, "outbox")[0].1, b"older");
    let seen = server.take_seen();
    let asked =
        seen.iter().filter(|seen| seen.method == "HEAD" && seen.path.starts_with("/outbox"));
    assert_eq!(asked.count(), 2);
}

#[tokio::test]
async fn what_may_not_be_asked_for_names_the_permission_and_is_not_taken_for_absent() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    // As S3 answers a HEAD for an absent key without s3:ListBucket.
    server.fail_with(|seen| match seen.method == "HEAD" {
        true => Fault::Status(403, "AccessDenied"),
        false => Fault::None,
    });
    let flow = copies(&server).skip_existing(true);
    let (summary, outcomes) = run(&flow, &[place("s3://inbox/a.txt")]).await;
    assert_eq!(summary.failed, 1, "{outcomes:?}");
    let error = outcomes[0].error.as_ref().expect("failed");
    assert_eq!(
        error.to_string(),
        "the store does not tell whether `s3://outbox/thumbs/a.out` exists (403)"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("s3:ListBucket")), "{:?}", error.hint());
    assert_eq!(stored(&server, "outbox"), []);
    let (summary, _) = run(&copies(&server), &[place("s3://inbox/a.txt")]).await;
    assert_eq!(summary.ok, 1, "without `skip_existing` nothing asks");
}

#[tokio::test]
async fn the_endpoint_for_s3_wins_over_the_one_for_all_and_those_of_others_do_not_count() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    let variables = server.variables();
    let here = variables[0].1.clone();
    assert_eq!(variables[0].0, "AWS_ENDPOINT_URL");
    // Port 9 (discard): nobody listens there.
    let away = "http://127.0.0.1:9";
    for (given, reached) in [
        ([("AWS_ENDPOINT_URL", &*here), ("AWS_ENDPOINT_URL_DYNAMODB", away)], true),
        ([("AWS_ENDPOINT_URL_SQS", away), ("AWS_ENDPOINT_URL", &*here)], true),
        ([("AWS_ENDPOINT_URL", away), ("AWS_ENDPOINT_URL_S3", &*here)], true),
        ([("AWS_ENDPOINT_URL_S3", &*here), ("AWS_ENDPOINT_URL", away)], true),
        ([("AWS_ENDPOINT_URL_S3", away), ("AWS_ENDPOINT_URL", &*here)], false),
        ([("AWS_ENDPOINT_URL_S3", ""), ("AWS_ENDPOINT_URL", &*here)], true),
    ] {
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let stores = Stores::from_variables(variables[1..].iter().cloned().chain(given.clone()));
        let found = stores.with_retry(Retry::NEVER).get(&place("s3://inbox/a.txt")).await;
        assert_eq!(found.is_ok(), reached, "{given:?}");
    }
}

#[tokio::test]
async fn a_cancelled_upload_is_not_there() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    let budget = Budget::unlimited();
    let canceller = budget.clone();
    server.fail_with(move |seen| {
        if seen.method == "PUT" {
            canceller.cancel();
            return Fault::Status(503, "SlowDown");
        }
        Fault::None
    });
    let summary = copies(&server).run(&[place("s3://inbox/a.txt")], &budget, |_| {}).await;
    assert_eq!((summary.items, summary.deadline), (1, 1));
    assert_eq!(stored(&server, "outbox"), []);
    assert!(server.root().exists());
}

#[test]
fn an_upload_that_is_given_up_is_aborted_before_the_runtime_ends() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "large.bin", vec![7; 17 << 20]);
    let budget = Budget::unlimited();
    let canceller = budget.clone();
    server.fail_with(move |seen| {
        if seen.query.contains("partNumber=2") {
            canceller.cancel();
            return Fault::Hang;
        }
        Fault::None
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let flow = copies(&server);
    let summary = runtime.block_on(flow.run(&[place("s3://inbox/large.bin")], &budget, |_| {}));
    runtime.shutdown_background();
    assert_eq!((summary.items, summary.deadline), (1, 1));
    let seen = server.take_seen();
    let aborts = seen.iter().filter(|seen| seen.method == "DELETE");
    assert_eq!(aborts.filter(|seen| seen.query.contains("uploadId=")).count(), 1, "{seen:?}");
    assert_eq!(stored(&server, "outbox"), []);
}

#[tokio::test]
async fn a_variable_that_is_set_but_empty_is_not_set() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    let empty = ["AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_SKIP_SIGNATURE"];
    let empty = empty.map(|name| (name.to_owned(), String::new()));
    let stores = Stores::from_variables(server.variables().into_iter().chain(empty));
    stores.get(&place("s3://inbox/a.txt")).await.expect("read");
    let seen = server.take_seen();
    assert!(!seen[0].headers.contains_key("x-amz-security-token"), "{seen:?}");
}

#[tokio::test]
async fn an_event_about_what_brawn_wrote_there_is_left_alone() {
    let server = S3Server::start();
    write(&server.bucket("inbox"), "a.txt", "a");
    for to in ["s3://inbox/elsewhere", "s3://outbox/thumbs"] {
        let copies = flow(Copy::default(), stores_of(&server), Destination::folder(place(to)));
        let (summary, _) = run(&copies, &[place("s3://inbox/a.txt")]).await;
        assert_eq!(summary.ok, 1);
    }
    let again =
        flow(Copy::default(), stores_of(&server), Destination::folder(place("s3://inbox/more")));
    let event = |bucket: &str, key: &str| {
        let record = serde_json::json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": bucket }, "object": { "key": key } },
        });
        brawn_edge::events::read(&serde_json::json!({ "Records": [record] })).expect("an event")
    };
    for (bucket, key, reason) in [
        ("inbox", "elsewhere/a.out", Some("it was written by brawn (job `copy`)")),
        // From another bucket it is a step of a chain.
        ("outbox", "thumbs/a.out", None),
        ("inbox", "more/a.out", Some("it lies in the destination")),
        ("inbox", "a.txt", None),
    ] {
        let mut reports = Vec::new();
        let (summary, batch) = again
            .run_event(&event(bucket, key), &Budget::unlimited(), |done| reports.push(done.report))
            .await;
        assert_eq!((summary.items, batch.reply()), (1, None));
        match reason {
            Some(reason) => {
                assert_eq!(reports[0].status, Status::Skipped);
                assert!(reports[0].reason.as_deref().is_some_and(|text| text.starts_with(reason)));
            }
            None => assert_eq!(reports[0].status, Status::Ok, "{:?}", reports[0]),
        }
    }
    let marked =
        stores_of(&server).get(&address("s3://inbox/more/a.out").into()).await.expect("stored");
    assert_eq!(&marked[..], b"a");
}
