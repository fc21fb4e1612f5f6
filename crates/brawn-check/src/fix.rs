//! `--fix`: rewrites that are safe to make without thinking.
//!
//! A heavy call is wrapped only where the text shows that the wrapped call still compiles and means the same: its result
//! is owned, what it takes is owned by this function and used nowhere else, and the function's error type takes any error.
//! Everything else is left to people.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::calls::{Call, Context};
use crate::catalogue::CallKind;
use crate::error::Error;
use crate::finding::Finding;
use crate::program::View;
use crate::rules::guard_alive;
use crate::source::Text;
use crate::tree::{ExprId, Kind, Ty};
use crate::workspace::Manifest;

/// One rewrite of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub path: PathBuf,
    /// What is replaced, in bytes of the file.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub text: String,
}

/// A file as the rewrites would leave it. Nothing is written yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The file.
    pub path: PathBuf,
    /// Its text now.
    pub before: String,
    /// Its text with the rewrites.
    pub after: String,
    /// The rewrites, in order, none over another.
    pub edits: Vec<Edit>,
}

impl Edit {
    /// A line's content replaced, its indent and the comment behind it kept.
    pub(crate) fn line(text: &Text, line: usize, with: &str) -> Edit {
        let span = text.line_span(line);
        let content = text.slice(span);
        let code = content.find(" #").map_or(content, |at| &content[..at]).trim_end();
        let start = span.start as usize;
        let range = start..start + code.len();
        Edit { path: text.path.clone(), range, text: with.to_owned() }
    }

    /// Lines added to `[profile.release]`, which is made at the end where there is none.
    pub(crate) fn profile_lines(manifest: &Manifest, lines: &[&str]) -> Option<Edit> {
        let text = &manifest.text;
        let header = "[profile.release]";
        let at = (1..=text.line_count())
            .find(|line| text.line(*line).split('#').next().map(str::trim) == Some(header));
        let (at, added) = match at {
            Some(line) => {
                let start = text.start_of(line) as usize + text.line(line).len();
                (start, format!("\n{}", lines.join("\n")))
            }
            // Written in another way (`profile.release.lto = ..`), it is not touched.
            None if manifest.at("profile.release").is_some() => return None,
            None => {
                let end = text.text.trim_end().len();
                (end, format!("\n\n{header}\n{}", lines.join("\n")))
            }
        };
        Some(Edit { path: text.path.clone(), range: at..at, text: added })
    }
}

/// The fixes of these findings, by file. Of two that overlap the first is made; the other is found again afterwards.
///
/// # Errors
/// A file that cannot be read, or that changed since it was checked.
pub(crate) fn fixed(findings: &[Finding]) -> Result<Vec<Fixed>, Error> {
    let mut edits: Vec<&Edit> =
        findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    edits.sort_by(|a, b| {
        (&a.path, a.range.start, a.range.end).cmp(&(&b.path, b.range.start, b.range.end))
    });
    edits.dedup();
    let mut out: Vec<Fixed> = Vec::new();
    for group in edits.chunk_by(|a, b| a.path == b.path) {
        let path = &group[0].path;
        let before = std::fs::read_to_string(path)
            .map_err(|error| Error::new(format!("cannot read `{}`: {error}", path.display())))?;
        let mut kept: Vec<Edit> = Vec::new();
        let mut after = String::with_capacity(before.len());
        let mut upto = 0;
        for edit in group {
            let overlaps = kept.last().is_some_and(|last| edit.range.start < last.range.end);
            let Some(between) = before.get(upto..edit.range.start).filter(|_| !overlaps) else {
                continue;
            };
            after.push_str(between);
            after.push_str(&edit.text);
            upto = edit.range.end;
            kept.push((*edit).clone());
        }
        let Some(rest) = before.get(upto..) else {
            return Err(Error::new(format!("`{}` changed while it was checked", path.display())));
        };
        after.push_str(rest);
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        let still_reads = match is_source {
            true => syn::parse_file(&after).is_ok(),
            false => after.parse::<toml::Table>().is_ok(),
        };
        if still_reads && !kept.is_empty() {
            out.push(Fixed { path: path.clone(), before, after, edits: kept });
        }
    }
    Ok(out)
}

impl Fixed {
    /// What changes, as a unified diff.
    #[must_use]
    pub fn diff(&self) -> String {
        const AROUND: usize = 3;
        let before: Vec<&str> = self.before.lines().collect();
        let line_at = |at: usize| self.before[..at].matches('\n').count();
        // The lines of each edit, and how many stand there afterwards.
        let mut changes: Vec<(Range<usize>, usize)> = Vec::new();
        for edit in &self.edits {
            let is_added = edit.range.is_empty() && edit.text.starts_with('\n');
            let start = line_at(edit.range.start) + usize::from(is_added);
            let lines = start..start.max(line_at(edit.range.end) + 1);
            let less = self.before[edit.range.clone()].matches('\n').count();
            let count = lines.len() + edit.text.matches('\n').count() - less;
            match changes.last_mut() {
                // Two edits of one line.
                Some((last, lasting)) if lines.start < last.end => {
                    *lasting += count - 1;
                    last.end = last.end.max(lines.end);
                }
                _ => changes.push((lines, count)),
            }
        }
        let after: Vec<&str> = self.after.lines().collect();
        let mut out = format!("--- {0}\n+++ {0}\n", self.path.display());
        let mut moved = 0_isize;
        for hunk in changes.chunk_by(|a, b| b.0.start <= a.0.end + 2 * AROUND) {
            let start = hunk[0].0.start.saturating_sub(AROUND);
            let end = (hunk[hunk.len() - 1].0.end + AROUND).min(before.len());
            let first_after = start.saturating_add_signed(moved);
            let mut body = String::new();
            let (mut at, mut at_after) = (start, first_after);
            for (lines, count) in hunk {
                for line in &before[at..lines.start] {
                    let _ = writeln!(body, " {line}");
                }
                at_after += lines.start - at;
                for line in &before[lines.start..lines.end.min(before.len())] {
                    let _ = writeln!(body, "-{line}");
                }
                for line in after.iter().skip(at_after).take(*count) {
                    let _ = writeln!(body, "+{line}");
                }
                at = lines.end.min(before.len());
                at_after += count;
                moved += *count as isize - lines.len() as isize;
            }
            for line in &before[at..end] {
                let _ = writeln!(body, " {line}");
            }
            at_after += end - at;
            let (old, new) = (end - start, at_after - first_after);
            let _ = writeln!(out, "@@ -{},{old} +{},{new} @@", start + 1, first_after + 1);
            out.push_str(&body);
        }
        out
    }

    /// Writes the file, through one beside it, so that it is whole at any time.
    ///
    /// # Errors
    /// A file that changed since it was read, or that cannot be written.
    pub fn write(&self) -> Result<(), Error> {
        let cannot = |error: std::io::Error| {
            Error::new(format!("cannot write `{}`: {error}", self.path.display()))
        };
        if std::fs::read_to_string(&self.path).map_err(cannot)? != self.before {
            let name = self.path.display();
            return Err(Error::new(format!("`{name}` changed while it was checked")));
        }
        // What a link points to is written, not the link.
        let path = std::fs::canonicalize(&self.path).map_err(cannot)?;
        let mode = std::fs::metadata(&path).map_err(cannot)?.permissions();
        let (beside, mut file) = beside(&path).map_err(cannot)?;
        let write = || {
            file.write_all(self.after.as_bytes())?;
            file.set_permissions(mode)?;
            std::fs::rename(&beside, &path)
        };
        write().map_err(|error| {
            let _ = std::fs::remove_file(&beside);
            cannot(error)
        })
    }
}

/// A new file in the folder of `path`: what is there already, be it a link that somebody laid, is never written to.
fn beside(path: &Path) -> std::io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut taken = None;
    for number in 0..100 {
        let beside =
            path.with_file_name(format!(".{name}.{}-{number}.brawn-fix", std::process::id()));
        match File::create_new(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => taken = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(taken.unwrap_or_else(|| std::io::ErrorKind::AlreadyExists.into()))
}

/// Crates whose calls give owned values that may cross threads.
const OWNED: [&str; 5] = ["image::", "bcrypt::", "zstd::", "lz4_flex::", "miniz_oxide::"];

/// A heavy call handed to another thread and awaited; none where that may not compile, or not mean the same.
pub(crate) fn off_load(view: &View<'_>, call: &Call) -> Option<Edit> {
    let function = view.scope.function;
    let wrapper = wrapper(view)?;
    let is_plain = !call.is_value
        && call.context == Context::Base
        && OWNED.iter().any(|start| call.path.starts_with(start))
        && function.generics.is_empty()
        && takes_any_error(view, &function.returns);
    if !is_plain {
        return None;
    }
    let tree = view.tree();
    // A lock would be held over the `.await`, and with one call moved the heavy rest of a chain looks mended too.
    if guard_alive(view, call.at).is_some() || is_worked_on(view, call.at) {
        return None;
    }
    let span = tree[call.at].span;
    let mut around = tree[call.at].parent;
    let mut outer_loop = None;
    while let Some(id) = around {
        match tree[id].kind {
            // `.await` has no place in a closure, and in an async block nobody knows the error's type.
            Kind::Closure { .. } | Kind::Async(_) => return None,
            Kind::For { .. } | Kind::While { .. } | Kind::Loop(_) => outer_loop = Some(id),
            _ => {}
        }
        around = tree[id].parent;
    }
    let movable = |id: ExprId| match &tree[id].kind {
        Kind::Path { segments, .. } => match &**segments {
            [name] if &**name == "self" => false,
            [name] if view.scope.as_path(id).is_none() => {
                let by = view.scope.bound_by(id);
                let again = outer_loop.is_some_and(|around| by.is_none_or(|by| by < around));
                !again && is_owned_and_used_here_only(view, name, by, call.at)
            }
            _ => true,
        },
        kind => is_simple(kind),
    };
    if view.rows().filter(|id| span.holds(tree[*id].span)).any(|id| !movable(id)) {
        return None;
    }
    let text = format!("{wrapper} {}).await?", view.text().slice(span));
    let range = span.start as usize..span.end as usize;
    Some(Edit { path: view.text().path.clone(), range, text })
}

/// Whether the result of a call is the receiver of another heavy call: `load(..)?.thumbnail(..)`.
fn is_worked_on(view: &View<'_>, at: ExprId) -> bool {
    let tree = view.tree();
    let (mut child, mut parent) = (at, tree[at].parent);
    while let Some(id) = parent {
        match &tree[id].kind {
            Kind::Try(_) | Kind::Through(_) => {}
            Kind::Method { receiver, .. } if *receiver == child => {
                let is_heavy =
                    |call: &&Call| call.at == id && view.kind(call) == Some(CallKind::Heavy);
                if view.facts.calls.iter().any(|call| is_heavy(&call)) {
                    return true;
                }
            }
            _ => return false,
        }
        (child, parent) = (id, tree[id].parent);
    }
    false
}

/// How a project's own dependencies off-load; without a manifest nobody knows which they are.
fn wrapper(view: &View<'_>) -> Option<&'static str> {
    let manifest = view.program.manifest_of(view.id())?;
    if manifest.depends_on("brawn") {
        Some("brawn::compute(move |_|")
    } else if manifest.depends_on("tokio") {
        Some("tokio::task::spawn_blocking(move ||")
    } else {
        None
    }
}

/// Whether `?` on a `JoinError` compiles.
fn takes_any_error(view: &View<'_>, returns: &Ty) -> bool {
    const ANY: [&str; 5] = [
        "lambda_runtime::Error",
        "lambda_http::Error",
        "anyhow::Error",
        "eyre::Report",
        "color_eyre::Report",
    ];
    let path = |ty: &Ty| match ty {
        Ty::Path { segments, .. } => {
            view.scope.resolver.path(view.scope.module, &view.scope.function.uses, segments)
        }
        _ => String::new(),
    };
    match (path(returns).as_str(), returns.args()) {
        ("anyhow::Result" | "eyre::Result" | "color_eyre::Result", _) => true,
        (_, [_, error]) if returns.last() == "Result" => {
            let is_boxed =
                error.last() == "Box" && error.args().iter().any(|of| of.last() == "Error");
            is_boxed || ANY.contains(&path(error).as_str())
        }
        _ => false,
    }
}

/// Whether an expression may move to another thread as it is: no way out of the function, no macro, no closure.
fn is_simple(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Call { .. }
            | Kind::Method { .. }
            | Kind::Field { .. }
            | Kind::Through(_)
            | Kind::Str(_)
            | Kind::Int(_)
            | Kind::Many(_)
            | Kind::Other
    )
}

/// Whether a variable is owned, and but for its binding and questions about its length stands in the call alone.
fn is_owned_and_used_here_only(
    view: &View<'_>,
    name: &str,
    by: Option<ExprId>,
    call: ExprId,
) -> bool {
    let function = view.text().slice(view.scope.function.span);
    let offset = view.scope.function.span.start;
    let span = view.tree()[call].span;
    let elsewhere = words(function, name).filter(|at| {
        let place = offset + *at as u32;
        let after = &function[at + name.len()..];
        !(span.start..span.end).contains(&place)
            && !after.starts_with(".len()")
            && !after.starts_with(".is_empty()")
    });
    let places: Vec<usize> = elsewhere.collect();
    let [binding] = places[..] else { return false };
    match by {
        None => {
            let written = function[binding + name.len()..].trim_start();
            let Some(ty) = written.strip_prefix(':') else { return false };
            is_owned(&ty[..ty.find([',', ')']).unwrap_or(ty.len())])
        }
        Some(by) => match &view.tree()[by].kind {
            Kind::Let { pattern, init: Some(init), .. } => {
                pattern.as_name().is_some_and(|bound| &**bound == name) && gives_owned(view, *init)
            }
            _ => false,
        },
    }
}

/// Whether a type, as it is written, is made of types that own what they hold and may cross threads.
fn is_owned(written: &str) -> bool {
    const OWNED: [&str; 25] = [
        "Vec",
        "String",
        "Bytes",
        "PathBuf",
        "Option",
        "DynamicImage",
        "RgbImage",
        "RgbaImage",
        "GrayImage",
        "bytes",
        "image",
        "std",
        "path",
        "u8",
        "u16",
        "u32",
        "u64",
        "usize",
        "i8",
        "i16",
        "i32",
        "i64",
        "f32",
        "f64",
        "bool",
    ];
    written.chars().all(|c| c.is_alphanumeric() || "_<>: ".contains(c))
        && written
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .all(|word| OWNED.contains(&word))
}

/// Whether what a call gives once it is awaited borrows nothing: a function of the workspace says so, or is known.
fn awaited_is_owned(view: &View<'_>, id: ExprId) -> bool {
    let called = view.facts.calls.iter().find(|call| call.at == id);
    if let Some([function]) = called.map(|call| &call.functions[..]) {
        let resolver = view.program.resolver();
        let text = view.program.text_of(*function).slice(resolver.function(*function).span);
        let head = text.split('{').next().unwrap_or_default();
        let Some(returns) = head.rsplit("->").next().filter(|_| head.contains("->")) else {
            return false;
        };
        let returns = returns.split("where").next().unwrap_or_default().trim();
        let inside = returns.split_once("Result<").map_or(returns, |(_, inside)| {
            inside.split_once(',').map_or(inside.trim_end_matches('>'), |(value, _)| value)
        });
        return is_owned(inside);
    }
    match &view.tree()[id].kind {
        Kind::Call { callee, .. } => view.scope.as_path(*callee).is_some_and(|path| {
            matches!(path.as_str(), "tokio::fs::read" | "tokio::fs::read_to_string")
        }),
        // Of an HTTP client's answer.
        Kind::Method { name, args, .. } => args.is_empty() && matches!(&**name, "bytes" | "text"),
        _ => false,
    }
}

/// Whether an initialiser gives a value that borrows nothing, as far as its form says so.
fn gives_owned(view: &View<'_>, id: ExprId) -> bool {
    // `to_owned` and `clone` of a reference to a reference give a reference.
    const OWN: [&str; 5] = ["into_bytes", "to_vec", "to_string", "into_vec", "into_owned"];
    match &view.tree()[id].kind {
        Kind::Try(inner) => gives_owned(view, *inner),
        Kind::Await(inner) => awaited_is_owned(view, *inner),
        Kind::Method { receiver, name, .. } => match &**name {
            "unwrap" | "expect" => gives_owned(view, *receiver),
            name => OWN.contains(&name),
        },
        Kind::Call { callee, .. } => view.scope.as_path(*callee).is_some_and(|path| {
            matches!(path.as_str(), "std::fs::read" | "std::fs::read_to_string")
                || OWNED.iter().any(|start| path.starts_with(start))
        }),
        _ => false,
    }
}

/// Where `name` stands in `text` as a word.
fn words<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        !text[..*at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part)
    })
}
