//! Blocks that are read and written by who computes them.
//!
//! What one core has just computed lies in its cache, and another that writes it copies it from there. So where nobody is waited
//! for, no thread but those of the pool has a part in it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::Scope;
use tracing::Span;

use super::{caught, in_order, on_a_pool};
use crate::{Budget, Error, Result};

/// As [`in_order`]; where `nobody_waits`, threads of the pool read and write too. Reading and writing must then be work of
/// memory and of files on this machine alone, and `write` must not go parallel inside.
///
/// A thread writes what it has computed where that is next in line, or next to what is written just now; else whoever
/// comes by writes it.
///
/// # Errors
/// As [`in_order`].
pub fn in_order_by_workers<B: Send, T: Send>(
    nobody_waits: bool,
    budget: &Budget,
    in_flight: usize,
    read: impl FnMut() -> Result<Option<B>> + Send,
    compute: impl Fn(B) -> Result<T> + Sync,
    write: impl FnMut(T) -> Result<()> + Send,
) -> Result<()> {
    let Some(pool) = budget.pool().filter(|_| nobody_waits && !on_a_pool()) else {
        return in_order(budget, in_flight, read, compute, write);
    };
    let work = Work {
        budget,
        in_flight: in_flight.max(1),
        threads: pool.workers(),
        span: Span::current(),
        line: Mutex::new(Line::default()),
        written: Condvar::new(),
        read: Mutex::new(read),
        compute,
        write: Mutex::new(write),
    };
    pool.scope(|scope| work.more_threads(&mut work.line(), scope));
    let line = work.line.into_inner().unwrap_or_else(PoisonError::into_inner);
    line.ended.unwrap_or(Ok(()))
}

/// Where everything is.
struct Line<T> {
    /// Blocks that are read and whose turn to be written has not come; with nothing, as long as they are computed.
    waiting: VecDeque<Option<Result<T>>>,
    /// The number of the first of them.
    first: usize,
    is_read: bool,
    is_written: bool,
    /// A thread has taken the next block to write, and waits until the one before it is written.
    has_next: bool,
    is_over: bool,
    unread: Option<Error>,
    ended: Option<Result<()>>,
    /// Threads that are at it.
    threads: usize,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Line {
            waiting: VecDeque::new(),
            first: 0,
            is_read: false,
            is_written: false,
            has_next: false,
            is_over: false,
            unread: None,
            ended: None,
            threads: 0,
        }
    }
}

impl<T> Line<T> {
    fn end(&mut self, how: Result<()>) {
        self.ended.get_or_insert(how);
    }

    fn can_write(&self) -> bool {
        !self.is_written && !self.has_next && matches!(self.waiting.front(), Some(Some(_)))
    }

    fn can_read(&self, in_flight: usize) -> bool {
        let here = self.waiting.len() + usize::from(self.is_written) + usize::from(self.has_next);
        !self.is_over && !self.is_read && here < in_flight
    }

    fn is_through(&self) -> bool {
        self.is_over && !self.is_written && !self.has_next && self.waiting.is_empty()
    }
}

/// What a thread does next.
enum Next<T> {
    Write(Result<T>),
    /// And compute, the block of that number.
    Read(usize),
    /// Others do what there is to do.
    Leave,
}

struct Work<'a, R, C, W, T> {
    budget: &'a Budget,
    in_flight: usize,
    /// The most.
    threads: usize,
    /// What a block logs belongs to who asked for it.
    span: Span,
    line: Mutex<Line<T>>,
    written: Condvar,
    read: Mutex<R>,
    compute: C,
    write: Mutex<W>,
}

fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<B, T, R, C, W> Work<'_, R, C, W, T>
where
    B: Send,
    T: Send,
    R: FnMut() -> Result<Option<B>> + Send,
    C: Fn(B) -> Result<T> + Sync,
    W: FnMut(T) -> Result<()> + Send,
{
    fn line(&self) -> MutexGuard<'_, Line<T>> {
        unpoisoned(&self.line)
    }

    /// One more thread, where there is something to do for it.
    fn more_threads<'s>(&'s self, line: &mut Line<T>, scope: &Scope<'s>) {
        let has_work = line.can_write() || line.can_read(self.in_flight);
        if line.threads < self.threads && line.ended.is_none() && has_work {
            line.threads += 1;
            scope.spawn(|scope| self.span.in_scope(|| self.thread(scope)));
        }
    }

    fn thread<'s>(&'s self, scope: &Scope<'s>) {
        let _computing = self.budget.computing();
        loop {
            let asked = self.budget.check();
            match self.next(asked) {
                Next::Write(result) => self.write(result, scope),
                Next::Read(number) => {
                    if let Some(block) = self.read(scope) {
                        let result = caught(|| (self.compute)(block));
                        if let Some(result) = self.place(number, result) {
                            self.write(result, scope);
                        }
                    }
                }
                Next::Leave => return,
            }
        }
    }

    fn next(&self, asked: Result<()>) -> Next<T> {
        let mut line = self.line();
        if let Err(ended) = asked {
            line.end(Err(ended));
        }
        if line.ended.is_none() {
            if line.can_write()
                && let Some(Some(result)) = line.waiting.pop_front()
            {
                line.first += 1;
                line.is_written = true;
                return Next::Write(result);
            }
            if line.can_read(self.in_flight) {
                line.is_read = true;
                line.waiting.push_back(None);
                return Next::Read(line.first + line.waiting.len() - 1);
            }
            if line.is_through() {
                // What was read before came first, so that the same input ends with the same error.
                let how = line.unread.take().map_or(Ok(()), Err);
                line.end(how);
            }
        }
        line.threads -= 1;
        Next::Leave
    }

    /// The next block, the last that is in line.
    fn read<'s>(&'s self, scope: &Scope<'s>) -> Option<B> {
        let read = caught(|| (unpoisoned(&self.read))());
        let mut line = self.line();
        line.is_read = false;
        let block = match read {
            Ok(Some(block)) => Some(block),
            Ok(None) => None,
            Err(error) => {
                line.unread = Some(error);
                None
            }
        };
        if block.is_none() {
            line.is_over = true;
            line.waiting.pop_back();
        }
        self.more_threads(&mut line, scope);
        block
    }

    /// Puts a result where it belongs; gives it back where it is this thread's to write now.
    fn place(&self, number: usize, result: Result<T>) -> Option<Result<T>> {
        let mut line = self.line();
        if line.ended.is_some() {
            return None;
        }
        if number != line.first || line.has_next {
            let place = number.checked_sub(line.first)?;
            *line.waiting.get_mut(place)? = Some(result);
            return None;
        }
        line.waiting.pop_front();
        line.first += 1;
        // It takes as long as to write one block from memory to memory.
        line.has_next = true;
        while line.is_written && line.ended.is_none() {
            line = self.written.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        line.has_next = false;
        if line.ended.is_some() {
            return None;
        }
        line.is_written = true;
        Some(result)
    }

    fn write<'s>(&'s self, result: Result<T>, scope: &Scope<'s>) {
        let written = result.and_then(|done| caught(|| (unpoisoned(&self.write))(done)));
        let mut line = self.line();
        line.is_written = false;
        if let Err(error) = written {
            line.end(Err(error));
        }
        self.written.notify_one();
        self.more_threads(&mut line, scope);
    }
}
