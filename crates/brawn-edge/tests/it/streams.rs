//! Jobs that stream: read and delivered in pieces, whole or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use brawn_core::{
    Budget, Error, ErrorKind, Head, Job, Memory, Plan, PlannedOutput, Planning, Result, Sink,
    Source, Status, Tally, blocks,
};
use brawn_edge::{Destination, Flow, Location, Stores};
use brawn_testing::{Fault, S3Server};

use crate::support::{
    address, files, names, path, place, pool, run, run_within, stores, stores_of,
};

const BLOCK: usize = 1 << 20;

/// Copies in blocks, each with its bits turned. A block that begins with `stop` is an error, one with `spin` waits.
struct Turn;

impl Job for Turn {
    fn name(&self) -> &'static str {
        "turn"
    }

    fn streams(&self) -> bool {
        true
    }

    fn plan(&self, head: &Head<'_>) -> Result<Planning> {
        Ok(Planning::Ready(Plan {
            peak_memory: 6 * BLOCK as u64,
            outputs: vec![PlannedOutput {
                name: format!("{}.out", head.name),
                content_type: "application/x-turned",
                summary: String::new(),
                aside: None,
            }],
            streaming: true,
            summary: format!("{:?} bytes", head.size),
        }))
    }

    fn run(&self, mut source: Source<'_>, sink: &mut dyn Sink, budget: &Budget) -> Result<Tally> {
        let _held = budget.reserve(6 * BLOCK as u64)?;
        let name = format!("{}.out", source.name());
        let mut draft = sink.open(&name, "application/x-turned")?;
        let read = || {
            let mut block = Vec::new();
            blocks::fill(&mut source, &mut block, BLOCK)?;
            Ok(Some(block).filter(|block| !block.is_empty()))
        };
        let turn = |mut block: Vec<u8>| {
            if block.starts_with(b"stop") {
                return Err(Error::invalid_input("it says stop"));
            }
            while block.starts_with(b"spin") {
                budget.check()?;
                std::thread::sleep(Duration::from_millis(1));
            }
            block.iter_mut().for_each(|byte| *byte = !*byte);
            Ok(block)
        };
        blocks::in_order(budget, 6, read, turn, |block| draft.write(&block))?;
        draft.finish()?;
        Ok(Tally { facts: vec![("turned".to_owned(), "yes".into())], ..Tally::default() })
    }
}

pub(crate) fn turns(stores: Stores, to: Destination) -> Flow {
    Flow::new(Arc::new(Turn), pool(), stores, to)
}

pub(crate) fn content(len: usize) -> Vec<u8> {
    b"0123456789abcdefghijklm".repeat(len / 23 + 1)[..len].to_vec()
}

fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_through_in_pieces_and_keep_their_time_and_mode() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a.bin");
    let bytes = content(5 * BLOCK + 7);
    std::fs::write(&source, &bytes).expect("written");
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = std::fs::File::options().write(true).open(&source).expect("there");
    file.set_modified(then).expect("set");
    #[cfg(unix)]
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    #[cfg(unix)]
    file.set_permissions(private).expect("set");
    let budget = Budget::unlimited().within(Memory::limited(64 << 20));
    let flow = turns(stores(), Destination::beside()).keep_attributes(true).replace(false);
    let (summary, outcomes) = run_within(&flow, &[path(&source)], &budget).await;
    assert_eq!(summary.ok, 1, "{outcomes:?}");
    let report = &outcomes[0].report;
    assert_eq!((report.bytes_in, report.bytes_out), (bytes.len() as u64, bytes.len() as u64));
    assert_eq!(report.facts.get("turned").and_then(|fact| fact.as_str()), Some("yes"));
    assert_eq!(names(folder.path()), ["a.bin", "a.bin.out"]);
    let out = folder.path().join("a.bin.out");
    assert!(std::fs::read(&out).expect("there") == turned(&bytes));
    let there = std::fs::metadata(&out).expect("there");
    assert_eq!(there.modified().expect("known"), then);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&there.permissions()) & 0o777, 0o600);
    assert!(budget.memory().peak() > 0 && budget.memory().used() == 0);
    // What is there stays.
    std::fs::write(&out, "mine").expect("written");
    let (_, outcomes) = run(&flow, &[path(&source)]).await;
    let error = outcomes[0].error.as_ref().expect("refused");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert_eq!(std::fs::read(&out).expect("there"), b"mine");
}

#[tokio::test]
async fn an_empty_file_and_a_small_one_stream_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    for (name, bytes) in [("empty", &b""[..]), ("small", b"abc")] {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let flow = turns(stores(), Destination::folder(path(&out)));
    let sources: Vec<Location> =
        ["empty", "small"].map(|name| path(&folder.path().join(name))).into();
    let (summary, outcomes) = run(&flow, &sources).await;
    assert_eq!(summary.ok, 2, "{outcomes:?}");
    let wanted = [("empty.out".to_owned(), Vec::new()), ("small.out".to_owned(), turned(b"abc"))];
    assert!(files(&out) == wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_in_the_middle_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut bytes = content(4 * BLOCK);
    bytes[3 * BLOCK..3 * BLOCK + 4].copy_from_slice(b"stop");
    std::fs::write(folder.path().join("a"), &bytes).expect("written");
    let flow = turns(stores(), Destination::folder(path(&out)));
    let (summary, outcomes) = run(&flow, &[path(&folder.path().join("a"))]).await;
    assert_eq!((summary.rejected, outcomes[0].report.reason.as_deref()), (1, Some("it says stop")));
    assert_eq!(names(&out), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_ends_a_driver_soon_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut bytes = content(4 * BLOCK);
    bytes[2 * BLOCK..2 * BLOCK + 4].copy_from_slice(b"spin");
    std::fs::write(folder.path().join("a"), &bytes).expect("written");
    let flow = turns(stores(), Destination::folder(path(&out)));
    let budget = Budget::unlimited();
    let (ended, wait) = (budget.clone(), Duration::from_millis(200));
    let begun = Instant::now();
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        ended.cancel();
    });
    let (_, outcomes) = run_within(&flow, &[path(&folder.path().join("a"))], &budget).await;
    assert_eq!(outcomes[0].report.status, Status::Deadline, "{outcomes:?}");
    assert!(begun.elapsed() < wait + Duration::from_secs(3));
    assert_eq!(names(&out), Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_streams_in_less_memory_than_it_is_long() {
    use rustix::fs::{CWD, FileType, Mode};
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("a"), folder.path().join("out"));
    rustix::fs::mknodat(CWD, &source, FileType::Fifo, Mode::from_raw_mode(0o600), 0)
        .expect("a pipe");
    let bytes = content(20 * BLOCK + 3);
    let (end, copy) = (source.clone(), bytes.clone());
    let writer = std::thread::spawn(move || std::fs::write(end, copy));
    let budget = Budget::unlimited().within(Memory::limited(8 << 20));
    let flow = turns(stores(), Destination::folder(path(&out)));
    let (summary, outcomes) = run_within(&flow, &[path(&source)], &budget).await;
    writer.join().expect("no panic").expect("all was read");
    assert_eq!(summary.ok, 1, "{outcomes:?}");
    assert!(files(&out) == [("a.out".to_owned(), turned(&bytes))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_go_through_by_ranges_and_parts() {
    let server = S3Server::start();
    let bytes = content(9 * BLOCK + 11);
    std::fs::write(server.bucket("inbox").join("big"), &bytes).expect("written");
    let to = Destination::folder(place("s3://outbox/x"));
    let (summary, outcomes) = run(&turns(stores_of(&server), to), &[place("s3://inbox/big")]).await;
    assert_eq!(summary.ok, 1, "{outcomes:?}");
    assert!(files(&server.bucket("outbox")) == [("x/big.out".to_owned(), turned(&bytes))]);
    let seen = server.take_seen();
    let count = |method: &str, part: &str| {
        seen.iter().filter(|seen| seen.method == method && seen.path.contains(part)).count()
    };
    assert!(count("GET", "big") >= 4, "the head, and ranges of 4 MiB");
    assert_eq!(count("PUT", "big.out"), 2, "parts of 8 MiB");
    let begun = seen.iter().find(|seen| seen.method == "POST").expect("an upload began");
    assert_eq!(begun.header("content-type"), Some("application/x-turned"));
    assert_eq!(begun.header("x-amz-meta-brawn"), Some("turn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_fails_is_sent_again_and_an_upload_that_fails_is_aborted() {
    let server = S3Server::start();
    let mut bytes = content(9 * BLOCK);
    std::fs::write(server.bucket("inbox").join("big"), &bytes).expect("written");
    let failures = AtomicUsize::new(0);
    server.fail_with(move |seen| {
        if seen.method == "PUT" && failures.fetch_add(1, Ordering::SeqCst) == 0 {
            Fault::Status(503, "SlowDown")
        } else {
            Fault::None
        }
    });
    let flow = turns(stores_of(&server), Destination::folder(place("s3://outbox/x")));
    let (summary, outcomes) = run(&flow, &[place("s3://inbox/big")]).await;
    assert_eq!(summary.ok, 1, "{outcomes:?}");
    assert!(files(&server.bucket("outbox")) == [("x/big.out".to_owned(), turned(&bytes))]);
    server.take_seen();
    bytes[8 * BLOCK..8 * BLOCK + 4].copy_from_slice(b"stop");
    std::fs::write(server.bucket("inbox").join("bad"), &bytes).expect("written");
    let (summary, _) = run(&flow, &[place("s3://inbox/bad")]).await;
    assert_eq!(summary.rejected, 1);
    let seen = server.take_seen();
    assert!(seen.iter().any(|seen| seen.method == "DELETE"), "the upload is aborted");
    assert_eq!(files(&server.bucket("outbox")).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_is_never_written_over_an_input() {
    let stores = stores();
    for name in ["memory://streams/a", "memory://streams/a.out"] {
        let address = address(name);
        let put = stores.put(&address, b"abc".as_slice().into(), "text/plain");
        put.await.expect("memory takes it");
    }
    let flow = turns(stores.clone(), Destination::beside());
    let sources = [place("memory://streams/a"), place("memory://streams/a.out")];
    let (_, outcomes) = run(&flow, &sources).await;
    let error = outcomes[0].error.as_ref().expect("refused");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert_eq!(stores.get(&sources[1]).await.expect("there"), b"abc".as_slice());
}
