//! Sources without a size: pipes and devices.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use brawn_core::{Budget, ErrorKind, Memory};

use crate::support::{copies, files, path, place, run, run_within};

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
