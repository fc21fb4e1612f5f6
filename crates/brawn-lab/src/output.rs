//! What a function writes to stdout and stderr, passed on in constant memory.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::log::Log;

/// The longest piece of a line that is passed on at once.
const PIECE: usize = 64 << 10;
/// What is kept of the end, to say what a function that died had to say.
const TAIL: usize = 4 << 10;

/// The two pipes of a process, each read by a thread of its own until the last process that holds it is gone.
#[derive(Debug)]
pub(crate) struct Output {
    pipes: Vec<Pipe>,
    tail: Arc<Mutex<Vec<u8>>>,
}

#[derive(Debug)]
struct Pipe {
    /// A second handle, to ask how much is still in it.
    fd: Option<OwnedFd>,
    /// Whether the reader has taken bytes that it has not passed on.
    busy: Arc<AtomicBool>,
}

impl Output {
    pub(crate) fn new() -> Output {
        Output { pipes: Vec::new(), tail: Arc::default() }
    }

    /// Passes on what comes out of `pipe`.
    pub(crate) fn follow(&mut self, pipe: impl Read + AsFd + Send + 'static, log: Arc<dyn Log>) {
        let fd = pipe.as_fd().try_clone_to_owned().ok();
        let (busy, tail) = (Arc::<AtomicBool>::default(), Arc::clone(&self.tail));
        self.pipes.push(Pipe { fd, busy: Arc::clone(&busy) });
        std::thread::spawn(move || copy(Waited(pipe), &*log, &busy, &tail));
    }

    /// Waits until what was written so far is in the log, so that END stands behind it; 50 ms at most, as a process that
    /// never stops writing would never be done.
    pub(crate) async fn flush(&self) {
        let until = Instant::now() + Duration::from_millis(50);
        while Instant::now() < until && !self.pipes.iter().all(Pipe::is_empty) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The last 4 KB at most.
    pub(crate) fn tail(&self) -> String {
        String::from_utf8_lossy(&lock(&self.tail)).into_owned()
    }
}

impl Pipe {
    fn is_empty(&self) -> bool {
        let left = self.fd.as_ref().map_or(0, |fd| rustix::io::ioctl_fionread(fd).unwrap_or(0));
        left == 0 && !self.busy.load(Ordering::SeqCst)
    }
}

/// Where something can be waited for before it is taken.
trait Wait {
    /// Returns when a read would not wait.
    fn wait(&self) {}
}

/// A pipe.
struct Waited<P>(P);

impl<P: AsFd> Wait for Waited<P> {
    fn wait(&self) {
        let mut wanted = [PollFd::new(&self.0, PollFlags::IN)];
        // Interrupted, or nothing that can be waited for: then the read waits.
        while poll(&mut wanted, None) == Err(Errno::INTR) {}
    }
}

impl<P: Read> Read for Waited<P> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

/// Before anything is taken out of the pipe this is `busy`: at no time what was written is neither in there nor told.
fn copy(mut pipe: impl Read + Wait, log: &dyn Log, busy: &AtomicBool, tail: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; PIECE];
    let mut held = 0;
    loop {
        pipe.wait();
        busy.store(true, Ordering::SeqCst);
        let read = match pipe.read(buffer.get_mut(held..).unwrap_or_default()) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                busy.store(false, Ordering::SeqCst);
                continue;
            }
            Err(_) => 0,
        };
        // What was held until now has no end of a line in it.
        let fresh = buffer.get(held..held + read).unwrap_or_default();
        let last = fresh.iter().rposition(|byte| *byte == b'\n').map(|at| held + at);
        held += read;
        let end = match last {
            Some(last) => last + 1,
            None if read == 0 || held == PIECE => held,
            None => 0,
        };
        if end > 0 {
            let lines = buffer.get(..end).unwrap_or_default();
            log.write(lines);
            remember(&mut lock(tail), lines);
            buffer.copy_within(end..held, 0);
            held -= end;
        }
        busy.store(false, Ordering::SeqCst);
        if read == 0 {
            return;
        }
    }
}

fn remember(tail: &mut Vec<u8>, bytes: &[u8]) {
    let last = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
    tail.extend_from_slice(last);
    let over = tail.len().saturating_sub(TAIL);
    tail.drain(..over);
}

fn lock(tail: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    tail.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Wait for &[u8] {}

    /// What is read from a pipe is told as such before it is out of it.
    #[test]
    fn a_pipe_is_never_empty_before_its_bytes_are_passed_on() {
        struct Watched<'a>(&'a AtomicBool, &'static [u8]);
        impl Wait for Watched<'_> {
            fn wait(&self) {
                assert!(!self.0.load(Ordering::SeqCst), "while it waits nothing is on its way");
            }
        }
        impl Read for Watched<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                assert!(self.0.load(Ordering::SeqCst));
                self.1.read(buffer)
            }
        }
        let busy = AtomicBool::new(false);
        let (log, tail) = (Pieces::default(), Mutex::default());
        copy(Watched(&busy, b"a\nb"), &log, &busy, &tail);
        assert_eq!(log.0.into_inner().unwrap().concat(), b"a\nb");
        assert!(!busy.load(Ordering::SeqCst));
    }

    #[derive(Default)]
    struct Pieces(Mutex<Vec<Vec<u8>>>);

    impl Log for Pieces {
        fn write(&self, bytes: &[u8]) {
            self.0.lock().unwrap().push(bytes.to_vec());
        }
    }

    fn pieces(input: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let (log, tail) = (Pieces::default(), Mutex::default());
        copy(input, &log, &AtomicBool::new(false), &tail);
        (log.0.into_inner().unwrap(), tail.into_inner().unwrap())
    }

    #[test]
    fn every_byte_is_passed_on_and_lines_stay_whole() {
        let mut text = "a line\n".repeat(20_000).into_bytes();
        text.extend(b"no end");
        let (pieces, tail) = pieces(&text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces[..pieces.len() - 1].iter().all(|piece| piece.ends_with(b"\n")));
        assert!(tail.len() <= TAIL && tail.ends_with(b"a line\nno end"));
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces() {
        let text = vec![b'x'; 3 * PIECE + 1];
        let (pieces, tail) = pieces(&text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
        assert_eq!(tail.len(), TAIL);
    }
}
