//! Sources without a size: pipes and devices.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use brawn_core::{Budget, ErrorKind, Memory};
use brawn_edge::Destination;

use crate::support::{Copy, copies, files, flow, path, place, run, run_within, stores};

fn pipe(at: &Path) {
    use rustix::fs::{CWD, FileType, Mode};
    rustix::fs::mknodat(CWD, at, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("a pipe");
}

#[tokio::test]
async fn a_pipe_is_read_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("a.txt"), folder.path().join("out"));
    pipe(&source);
    let content: Vec<u8> = (0..500_000_u32).map(|n| (n % 251) as u8).collect();
    let (end, bytes) = (source.clone(), content.clone());
    let writer = std::thread::spawn(move || std::fs::write(end, bytes));
    let (summary, outcomes) = run(&copies(path(&out)), &[path(&source)]).await;
    writer.join().expect("no panic").expect("all was read");
    assert_eq!(summary.ok, 1, "{outcomes:?}");
    assert!(files(&out) == [("a.out".to_owned(), content)]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_device_without_an_end_is_read_up_to_the_memory_there_is() {
    let flow = copies(place("memory://pipes-out/"));
    for limit in [1_000_000, 64 << 10] {
        let budget = Budget::unlimited().within(Memory::limited(limit));
        let (_, outcomes) = run_within(&flow, &[place("/dev/zero")], &budget).await;
        let error = outcomes[0].error.as_ref().expect("refused");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
        assert!(error.to_string().starts_with("`/dev/zero` is longer than the "), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_pipe_is_read_no_further_than_its_job_takes() {
    let job = Copy { most: 1_000_000, ..Copy::default() };
    let flow = flow(job, stores(), Destination::folder(place("memory://pipes-out/")));
    let budget = Budget::unlimited().within(Memory::limited(64 << 20));
    let (_, outcomes) = run_within(&flow, &[place("/dev/zero")], &budget).await;
    let error = outcomes[0].error.as_ref().expect("refused");
    assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error}");
    let read = outcomes[0].report.bytes_in;
    assert!((1_000_000..=2_000_000).contains(&read), "{read} bytes were read");
    assert!(budget.memory().peak() <= 2_100_000 && budget.memory().used() == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_pipes_share_the_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let (mut sources, mut writers) = (Vec::new(), Vec::new());
    for n in 0..3 {
        let source = folder.path().join(format!("{n}.txt"));
        pipe(&source);
        sources.push(path(&source));
        writers.push(std::thread::spawn(move || std::fs::write(source, vec![b'x'; 600_000])));
    }
    let budget = Budget::unlimited().within(Memory::limited(1_100_000));
    let (summary, outcomes) = run_within(&copies(path(&out)), &sources, &budget).await;
    for writer in writers {
        // A pipe that did not fit is closed by its reader.
        let _ = writer.join().expect("no panic");
    }
    assert!(summary.ok >= 1, "{outcomes:?}");
    let fits = |outcome: &brawn_edge::Outcome| {
        outcome.error.as_ref().is_none_or(|error| error.kind() == ErrorKind::OutOfMemory)
    };
    assert!(outcomes.iter().all(fits), "{outcomes:?}");
    // Not only what the job needs, 601,024 bytes, but the buffers while they grow.
    assert!(budget.memory().peak() > 1_000_000, "{}", budget.memory().peak());
    assert_eq!(budget.memory().used(), 0);
}

#[tokio::test]
async fn nobody_goes_on_reading_a_pipe_when_the_run_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a.txt");
    pipe(&source);
    let end = source.clone();
    let (wrote, written) = tokio::sync::oneshot::channel();
    let writer = std::thread::spawn(move || {
        let mut pipe = std::fs::File::options().write(true).open(end).expect("a reader");
        let mut wrote = Some(wrote);
        let patience = Instant::now() + Duration::from_secs(20);
        while Instant::now() < patience {
            if pipe.write_all(b"and so on, ").is_err() {
                return true;
            }
            let _ = wrote.take().map(|wrote| wrote.send(()));
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    });
    let budget = Budget::unlimited();
    let flow = copies(place("memory://pipes-out/"));
    let sources = [path(&source)];
    let (summary, _) = tokio::join!(flow.run(&sources, &budget, |_| {}), async {
        written.await.expect("it is read");
        budget.cancel();
    });
    assert_eq!((summary.items, summary.deadline), (1, 1));
    assert!(writer.join().expect("no panic"), "the pipe was closed by its reader");
}
