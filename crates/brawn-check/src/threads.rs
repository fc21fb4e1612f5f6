//! Work shared among threads, with an answer that does not depend on how many there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// `f` of each index below `count`, in order, on up to `threads` threads.
pub(crate) fn each<T: Send>(count: usize, threads: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    const AT_ONCE: usize = 32;
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let work = |send: mpsc::Sender<(usize, Vec<T>)>| {
        loop {
            let start = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            if start >= count {
                return;
            }
            let part = (start..(start + AT_ONCE).min(count)).map(&f).collect();
            if send.send((start, part)).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count.div_ceil(AT_ONCE)) {
            let send = send.clone();
            // What no thread takes, this one does.
            let _ = std::thread::Builder::new().spawn_scoped(scope, || work(send));
        }
        work(send);
    });
    let mut parts: Vec<(usize, Vec<T>)> = receive.into_iter().collect();
    parts.sort_unstable_by_key(|(start, _)| *start);
    parts.into_iter().flat_map(|(_, part)| part).collect()
}
