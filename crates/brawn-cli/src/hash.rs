//! `brawn hash`: lines of checksums, and checking them.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use brawn_core::{Error, ErrorKind, Result, Status};
use brawn_edge::{Destination, Item, Location, Outcome};
use brawn_jobs::Recipe;
use brawn_jobs::hash::{Algorithm, Options, Sum, line, tagged};

use crate::args::Hash;
use crate::plan::{Input, Plan, Task, plan, print_event, route};
use crate::stdout::{Form, Tell};
use crate::verdict::Verdict;
use crate::visible::visible;

/// No list of checksums is longer: some four million lines.
const LONGEST_LIST: u64 = 512 << 20;

/// What the words ask for.
pub(crate) fn hash(words: Hash) -> Result<Plan> {
    if words.check {
        return check(words);
    }
    let Hash { from, to, force, mut options, run, .. } = words;
    let to = to.map(|to| to.parse::<Location>()).transpose()?;
    let mut route = route(&from)?;
    route.to = to.clone();
    options.sums = to.is_some();
    if options.algorithm.is_empty() {
        options.algorithm = Options::default().algorithm;
    }
    let tell = tell(&options);
    let recipe = Recipe::Hash(options);
    if run.print_event {
        return print_event(&route, recipe);
    }
    let destination = match to {
        Some(to) => Destination::resolve(to, &route.sources)?,
        None => Destination::folder(Location::Stdio),
    };
    let lines = !(run.json || recipe.writes());
    let mut work = plan(Task { run, route, recipe, destination })?;
    work.flow = work.flow.replace(force);
    if lines {
        // The lines are the result, and on a terminal a summary would stand among them.
        (work.form, work.tell, work.quiet) = (Form::Lines, Some(tell), true);
    }
    Ok(Plan::Flow(Box::new(work)))
}

/// One line for each checksum of an object.
fn tell(options: &Options) -> Tell {
    let is_plain = options.algorithm.len() == 1 && options.part_size.is_none();
    let order = options.algorithm.clone();
    Box::new(move |outcome| {
        let name = source_name(&outcome.report.source);
        let facts = &outcome.report.facts;
        let place = |fact: &str| {
            order.iter().position(|one| fact.ends_with(one.name())).unwrap_or_default()
        };
        let mut facts: Vec<_> = facts.iter().collect();
        facts.sort_by_key(|(fact, _)| place(fact));
        let facts = facts.into_iter().filter_map(|(fact, value)| Some((fact, value.as_str()?)));
        let lines = facts.map(|(fact, value)| match is_plain {
            true => line(value, name),
            false => tagged(fact, value, name),
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// Standard input is `-` to every tool.
pub(crate) fn source_name(source: &str) -> &str {
    if source == Location::Stdio.to_string() { "-" } else { source }
}

/// How many of what.
#[derive(Debug, Default)]
struct Counts {
    right: u64,
    wrong: u64,
    unread: u64,
    /// The deadline or a signal came first.
    undone: u64,
}

/// `brawn hash -c`: the sources are lists of checksums.
fn check(words: Hash) -> Result<Plan> {
    let Hash { from, options, ignore_missing, status, strict, warn, mut run, .. } = words;
    let (mut sums, mut bad) = (Vec::new(), 0_u64);
    let asked = asked(&options.algorithm);
    let lists: Vec<Location> =
        from.sources.iter().map(|list| Location::from(Path::new(list))).collect();
    for list in &lists {
        for (number, text) in read_list(list)?.split(|byte| *byte == b'\n').enumerate() {
            if matches!(text, [] | [b'\r'] | [b'#', ..]) {
                continue;
            }
            let known = read_line(text).and_then(|(sum, location)| {
                let algorithm = sum.algorithm(&options.algorithm)?;
                Some((sum, algorithm, location))
            });
            match known {
                Some(known) => sums.push(known),
                None => {
                    bad += 1;
                    if warn {
                        complain(&format!(
                            "{list}: {}: no {asked}checksum in this line",
                            number + 1
                        ));
                    }
                }
            }
        }
    }
    if sums.is_empty() {
        let lists: Vec<String> = lists.iter().map(Location::to_string).collect();
        let lists = lists.join(", ");
        if !asked.is_empty() {
            // It may be a list all the same: as for `sha512sum -c`, of another algorithm.
            complain(&format!("no {asked}checksum in any line of {lists}"));
            let _ = writeln!(
                std::io::stderr(),
                "hint: without `--algorithm` each line is checked by its own"
            );
            return Ok(Plan::Ended(Verdict::SomeFailed));
        }
        return Err(Error::invalid_input(format!("no line of {lists} is a checksum")).with_hint(
            "a line is such as `<hex digits>  name`, as `brawn hash` and sha256sum write it",
        ));
    }
    let of_parts = sums.iter().any(|(sum, ..)| sum.is_s3);
    if of_parts != options.part_size.is_some() {
        let lists: Vec<String> = lists.iter().map(Location::to_string).collect();
        let list = lists.join(", ");
        return Err(match of_parts {
            true => Error::invalid_options(format!("{list} is of objects in parts"))
                .with_hint("say how long a part is, as when the list was made: `part_size`"),
            false => Error::invalid_options(format!(
                "`part_size` is for lists that were made with it, and {list} was not"
            )),
        });
    }
    let named = |is_s3: bool| {
        let lines = sums.iter().filter(|(sum, ..)| sum.is_s3 == is_s3);
        let mut named: Vec<Algorithm> = lines.map(|(_, algorithm, _)| *algorithm).collect();
        named.sort_unstable();
        named.dedup();
        named
    };
    let (algorithm, whole) =
        if of_parts { (named(true), named(false)) } else { (named(false), Vec::new()) };
    // b3sum's lines look like sha256sum's.
    let may_be_blake3 =
        algorithm == [Algorithm::Sha256] && sums.iter().all(|(sum, ..)| sum.algorithm.is_none());
    let items = sums.iter().enumerate().map(|(tag, (sum, _, path))| {
        let location = match (sum.name.as_str(), path) {
            (_, Some(path)) => Location::from(&**path),
            (name, None) if name == "-" || name.contains("://") => name.parse()?,
            (name, None) => Location::from(Path::new(name)),
        };
        Ok(Item { tag, ..Item::new(location) })
    });
    let items = items.collect::<Result<Vec<Item>>>()?;
    let quiet = run.quiet || status;
    run.quiet = true;
    let recipe = Recipe::Hash(Options { algorithm, whole, sums: false, ..options });
    let destination = Destination::folder(Location::Stdio);
    let mut work = plan(Task { run, route: route(&from)?, recipe, destination })?;
    let counts = Rc::new(RefCell::new(Counts::default()));
    let counted = Rc::clone(&counts);
    let verify = move |outcome: &Outcome| {
        let Some((sum, algorithm, _)) = sums.get(outcome.tag) else { return String::new() };
        let mut counts = counts.borrow_mut();
        let name = visible(&sum.name);
        let text = match outcome.report.facts.get(&sum.fact(*algorithm)) {
            Some(value) if *value == sum.digest => {
                counts.right += 1;
                if quiet { String::new() } else { format!("{name}: OK") }
            }
            Some(_) => {
                counts.wrong += 1;
                format!("{name}: FAILED")
            }
            None if ignore_missing && is_missing(outcome) => String::new(),
            None if outcome.report.status == Status::Deadline => {
                counts.undone += 1;
                format!("{name}: not done")
            }
            None => {
                counts.unread += 1;
                format!("{name}: FAILED open or read")
            }
        };
        if status { String::new() } else { text }
    };
    work.input = Input::Items(items);
    work.form = Form::Lines;
    work.tell = Some(Box::new(verify));
    work.silent = match (status, ignore_missing) {
        (true, _) => |_| true,
        (false, true) => is_missing,
        (false, false) => |_| false,
    };
    work.conclude = Box::new(move |verdict| {
        let counts = counted.borrow();
        if !status {
            let (one, many) =
                (format!("line is no {asked}checksum"), format!("lines are no {asked}checksums"));
            warn_of(bad, &one, &many);
            warn_of(counts.undone, "listed file was not done", "listed files were not done");
            warn_of(
                counts.unread,
                "listed file could not be read",
                "listed files could not be read",
            );
            warn_of(counts.wrong, "checksum did NOT match", "checksums did NOT match");
            if may_be_blake3 && counts.wrong > 0 && counts.right == 0 {
                let _ = writeln!(
                    std::io::stderr(),
                    "hint: if the list is of b3sum, say so: `-a blake3`"
                );
            }
            if ignore_missing && counts.right + counts.wrong + counts.unread + counts.undone == 0 {
                complain("no file was verified");
            }
        }
        let nothing = counts.right + counts.wrong == 0;
        match verdict {
            // Files that may be missing are failed items of the run and no failure of the check.
            Verdict::SomeFailed | Verdict::Done => {
                let failed = counts.wrong + counts.unread > 0 || (strict && bad > 0) || nothing;
                if failed { Verdict::SomeFailed } else { Verdict::Done }
            }
            other => other,
        }
    });
    Ok(Plan::Flow(Box::new(work)))
}

/// The algorithms that were asked for, as one says which checksums: `md5 or sha1 `.
fn asked(algorithms: &[Algorithm]) -> String {
    let names: Vec<&str> = algorithms.iter().map(|one| one.name()).collect();
    if names.is_empty() { String::new() } else { names.join(" or ") + " " }
}

fn is_missing(outcome: &Outcome) -> bool {
    outcome.report.status == Status::Failed
        && outcome.error.as_ref().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// A checksum and, where its name is not UTF-8, whose it is: an item that fails and says why. Each byte is read as a letter of its
/// own then, for the name to be told from what is around it.
fn read_line(line: &[u8]) -> Option<(Sum, Option<PathBuf>)> {
    if let Ok(line) = std::str::from_utf8(line) {
        return Sum::parse(line).map(|sum| (sum, None));
    }
    let letters: String = line.iter().copied().map(char::from).collect();
    let sum = Sum::parse(&letters)?;
    let path = path_of(sum.name.chars().map_while(|letter| u8::try_from(letter).ok()).collect());
    let name = Location::from(&*path).to_string();
    Some((Sum { name, ..sum }, Some(path)))
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn read_list(list: &Location) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let mut text = Vec::new();
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Storage, format!("cannot read `{list}`")).with_source(error)
    };
    let read = match list {
        Location::Path(path) if path != Path::new("-") => {
            let file = std::fs::File::open(path).map_err(failed)?;
            file.take(LONGEST_LIST).read_to_end(&mut text)
        }
        _ => std::io::stdin().take(LONGEST_LIST).read_to_end(&mut text),
    };
    if read.map_err(failed)? as u64 == LONGEST_LIST {
        return Err(Error::limit_exceeded(format!("`{list}` is longer than 512 MB")));
    }
    Ok(text)
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "brawn: {}", visible(text));
}

fn warn_of(count: u64, one: &str, many: &str) {
    match count {
        0 => {}
        1 => complain(&format!("WARNING: 1 {one}")),
        _ => complain(&format!("WARNING: {count} {many}")),
    }
}
