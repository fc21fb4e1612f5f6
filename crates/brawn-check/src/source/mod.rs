//! Files: read, parsed and lowered in parallel, each on its own; what does not parse is named.

mod depth;
mod lower;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

pub(crate) use lower::Lowered;

use crate::tree::Span;

/// `syn` recurses: some 10 KB for a nested bracket and 2 KB for a link of a chain, in a debug build. Pages of a stack
/// that are never touched cost nothing.
const STACK: usize = 512 << 20;
/// Nobody writes such a file by hand; generated ones of this size hold data. Tokens take a hundred times a file's size
/// while it is parsed: 400 MB for one of 4 MB.
const MOST_BYTES: u64 = 4 << 20;

/// The text of a file, with its lines.
#[derive(Debug)]
pub(crate) struct Text {
    /// As it is shown: relative to where the check was started, where possible.
    pub(crate) path: PathBuf,
    pub(crate) text: Arc<str>,
    lines: Vec<u32>,
}

impl Text {
    pub(crate) fn new(path: PathBuf, text: impl Into<Arc<str>>) -> Text {
        let text = text.into();
        let starts = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Text { path, text, lines }
    }

    /// Line and column, both from 1; columns in characters.
    pub(crate) fn place(&self, at: u32) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= at).saturating_sub(1);
        let start = self.lines[line] as usize;
        let upto = self.text.get(start..(at as usize).min(self.text.len())).unwrap_or("");
        (line + 1, upto.chars().count() + 1)
    }

    /// A line by its number from 1, without its end.
    pub(crate) fn line(&self, number: usize) -> &str {
        let Some(start) = number.checked_sub(1).and_then(|index| self.lines.get(index)) else {
            return "";
        };
        let end = self.lines.get(number).map_or(self.text.len(), |next| *next as usize);
        self.text.get(*start as usize..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }

    /// Where a line starts, from 1.
    pub(crate) fn start_of(&self, number: usize) -> u32 {
        let last = self.lines.last().copied().unwrap_or(0);
        number.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or(last)
    }

    /// What a line holds, without its indent.
    pub(crate) fn line_span(&self, number: usize) -> Span {
        let start = self.start_of(number);
        let line = self.line(number);
        let indent = line.len() - line.trim_start().len();
        Span { start: start + indent as u32, end: start + line.trim_end().len() as u32 }
    }

    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub(crate) fn line_count(&self) -> usize {
        self.lines.len()
    }
}

/// A Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) text: Text,
    pub(crate) lowered: Lowered,
    /// Why nothing is known of it.
    pub(crate) skipped: Option<String>,
}

/// Reads and lowers `files` on `threads` threads; the answer is in the order of `files`.
pub(crate) fn read(files: &[(PathBuf, PathBuf)], threads: usize) -> Vec<Source> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let work = |send: mpsc::Sender<(usize, Source)>| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((path, shown)) = files.get(index) else { return };
            if send.send((index, one(path, shown))).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads.clamp(1, files.len().max(1)) {
            let send = send.clone();
            let thread = std::thread::Builder::new().name("parse".to_owned()).stack_size(STACK);
            started += usize::from(thread.spawn_scoped(scope, || work(send)).is_ok());
        }
        if started == 0 {
            // No thread to be had: what is left is a stack of ordinary size, and files are named instead of read.
            for (index, (_, shown)) in files.iter().enumerate() {
                let _ = send.send((index, skipped(shown, "no thread could be started")));
            }
        }
    });
    drop(send);
    let mut sources: Vec<_> = receive.into_iter().collect();
    sources.sort_unstable_by_key(|(index, _)| *index);
    sources.into_iter().map(|(_, source)| source).collect()
}

fn skipped(shown: &Path, why: impl Into<String>) -> Source {
    Source {
        text: Text::new(shown.to_owned(), ""),
        lowered: Lowered::default(),
        skipped: Some(why.into()),
    }
}

fn one(path: &Path, shown: &Path) -> Source {
    match std::fs::metadata(path) {
        Ok(facts) if !facts.is_file() => return skipped(shown, "not a regular file"),
        Ok(facts) if facts.len() > MOST_BYTES => {
            let size = facts.len() >> 20;
            return skipped(
                shown,
                format!("{size} MB of source, more than {} MB", MOST_BYTES >> 20),
            );
        }
        Ok(_) => {}
        Err(error) => return skipped(shown, format!("cannot be read: {error}")),
    }
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => parse(Text::new(shown.to_owned(), text)),
            Err(_) => skipped(shown, "not UTF-8"),
        },
        Err(error) => skipped(shown, format!("cannot be read: {error}")),
    }
}

/// Parses and lowers a text on the thread at hand, whose stack must be [`STACK`].
fn parse(text: Text) -> Source {
    let depth = depth::depth(&text.text);
    if depth.is_too_deep() {
        let why = format!(
            "nested too deeply to parse: {} brackets or a chain of {} tokens",
            depth.brackets, depth.tokens
        );
        return Source { text, lowered: Lowered::default(), skipped: Some(why) };
    }
    // Both are stepped over here so that spans count from the text's own start.
    let mut offset = if text.text.starts_with('\u{feff}') { 3 } else { 0 };
    if text.text[offset..].starts_with("#!") && !text.text[offset..].starts_with("#![") {
        offset += text.text[offset..].find('\n').unwrap_or(text.text.len() - offset);
    }
    let source = match lower::lower(&text.text[offset..], offset as u32) {
        Ok(lowered) => Source { text, lowered, skipped: None },
        Err(error) => {
            let at = error.span().start();
            let why = format!("does not parse at {}:{}: {error}", at.line, at.column + 1);
            Source { text, lowered: Lowered::default(), skipped: Some(why) }
        }
    };
    // The lexer keeps each text it has seen for its spans; no span of this file is left.
    proc_macro2::extra::invalidate_current_thread_spans();
    source
}
