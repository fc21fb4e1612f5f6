//! No output over an input of the same run, whenever it is listed and however it is spelled.

use std::path::{Path, PathBuf};
use std::time::Duration;

use brawn_core::{Budget, ErrorKind, Summary};
use brawn_edge::{Destination, Item, Outcome, Retry, Stores};
use brawn_testing::{Fault, S3Server};
use bytes::Bytes;

use crate::support::{Copy, address, copies, files, flow, names, path, place, run, stores, write};

/// The one outcome that failed, with its text and hint.
fn refused(outcomes: &[Outcome]) -> String {
    let mut errors = outcomes.iter().filter_map(|outcome| outcome.error.as_ref());
    let (error, more) = (errors.next().expect("one failed"), errors.next());
    assert!(more.is_none(), "{more:?}");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert_eq!(error.hint(), Some("write to another folder or prefix"));
    error.to_string()
}

/// `new/` and `old/` into `to`: of each a file `a.out`, and of `new/` one more.
async fn new_and_old(root: &Path, to: &Path) -> (Summary, Vec<Outcome>) {
    write(root, "new/a.out", "new");
    write(root, "new/b.out", "b");
    write(root, "old/a.out", "old");
    run(&copies(path(to)), &[path(&root.join("new")), path(&root.join("old"))]).await
}

/// Retries for as long as a test takes.
const PATIENT: Retry =
    Retry { attempts: u32::MAX, base: Duration::from_millis(1), cap: Duration::from_millis(5) };

/// Stores of `server`, which does not list `prefix` before `ready`, and then not for another while: what a run lists
/// after it, it lists when everything before is done.
fn listed_late(
    server: &S3Server,
    prefix: &'static str,
    ready: impl Fn() -> bool + Send + 'static,
) -> Stores {
    let mut more = 20;
    server.fail_with(move |seen| {
        let late =
            seen.query.contains("list-type=2") && seen.query.contains(&format!("prefix={prefix}"));
        if !late || more == 0 {
            return Fault::None;
        }
        more -= u32::from(ready());
        Fault::Status(503, "SlowDown")
    });
    Stores::from_variables(server.variables()).with_retry(PATIENT)
}

/// Every name in `names` is a file in `folder`.
fn all_there(folder: PathBuf, names: impl Fn(u32) -> String + Send + 'static) -> impl Fn() -> bool {
    move || (0..20).all(|n| folder.join(names(n)).exists())
}

#[tokio::test]
async fn a_source_that_is_listed_last_is_safe() {
    let folder = tempfile::tempdir().expect("a folder");
    let (new, old) = (folder.path().join("new"), folder.path().join("old"));
    write(&new, "a.out", "new");
    write(&old, "a.out", "old");
    for n in 0..20 {
        write(&new, &format!("{n:02}.txt"), "more");
    }
    let server = S3Server::start();
    write(&server.bucket("inbox"), "x/between.txt", "x");
    let stores = listed_late(&server, "x", all_there(old.clone(), |n| format!("{n:02}.out")));
    let sources = [path(&new), place("s3://inbox/x/"), path(&old)];
    let late = flow(Copy::default(), stores, Destination::folder(path(&old)));
    // The second time everything is there, and a dry run can say so.
    for dry_run in [false, true] {
        let (_, outcomes) = run(&late.clone().dry_run(dry_run), &sources).await;
        let refused: Vec<_> = outcomes
            .iter()
            .filter(|one| one.report.source.ends_with("a.out"))
            .map(|one| one.error.as_ref().expect("refused").kind())
            .collect();
        assert_eq!(refused, [ErrorKind::AlreadyExists; 2]);
        assert_eq!(std::fs::read(old.join("a.out")).expect("there"), b"old", "{outcomes:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_destination_that_is_a_link_to_a_source_is_that_source() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("old", folder.path().join("link")).expect("a link");
    let link = folder.path().join("link");
    let (summary, outcomes) = new_and_old(folder.path(), &link).await;
    assert_eq!((summary.ok, summary.failed), (1, 2), "{outcomes:?}");
    let new = outcomes.iter().find(|one| one.report.source.ends_with("new/a.out")).expect("seen");
    assert_eq!(
        new.error.as_ref().expect("refused").to_string(),
        format!(
            "`{}` would be written over `{}`, which is an input of this run",
            folder.path().join("new/a.out").display(),
            link.join("a.out").display()
        )
    );
    // What the run wrote there is not one more input.
    assert_eq!(
        files(&folder.path().join("old")),
        [("a.out".to_owned(), b"old".to_vec()), ("b.out".to_owned(), b"b".to_vec())]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn other_spellings_and_other_names_of_an_input_are_that_input() {
    for (to, name, input) in [
        // By a detour.
        ("in/sub", "b.txt", "in/sub/../sub/b.txt"),
        ("in/../in/./sub", "b.txt", "in/sub/b.txt"),
        // `deep/..` is `far`, and not the folder that `deep` is in.
        ("deep/../deep", "c.txt", "far/deep/c.txt"),
        // A second name of the same file.
        ("in", "hard.txt", "in/sub/b.txt"),
        // A link to it.
        ("in", "soft.txt", "in/sub/b.txt"),
        // A source that is found by way of a link.
        ("far/deep", "c.txt", "deep/*.txt"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        write(root, "in/sub/b.txt", "b");
        write(root, "far/deep/c.txt", "c");
        std::os::unix::fs::symlink(root.join("far/deep"), root.join("deep")).expect("a link");
        std::os::unix::fs::symlink("sub/b.txt", root.join("in/soft.txt")).expect("a link");
        std::fs::hard_link(root.join("in/sub/b.txt"), root.join("in/hard.txt")).expect("a link");
        write(root, &format!("new/{name}"), "new");
        let job = Copy { outputs: vec![".txt"], ..Copy::default() };
        let flow = flow(job, stores(), Destination::folder(path(&root.join(to))));
        let sources = [path(&root.join("new").join(name)), path(&root.join(input))];
        let (_, outcomes) = run(&flow, &sources).await;
        let new = outcomes.iter().find(|one| one.report.source.contains("/new/")).expect("seen");
        let error = new.error.as_ref().unwrap_or_else(|| panic!("{to}/{name} was written"));
        // What the other source writes may have the same name: then that is what the error says.
        let text = error.to_string();
        assert!(text.contains("is an input of this run") || text.contains("both write"), "{text}");
        for (name, content) in
            [("in/hard.txt", "b"), ("in/sub/b.txt", "b"), ("far/deep/c.txt", "c")]
        {
            assert_eq!(std::fs::read_to_string(root.join(name)).expect("there"), content);
        }
        assert!(root.join("in/soft.txt").is_symlink());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn two_names_of_one_file_are_one_output() {
    // As on a disk that takes `A` and `a` for one: the names differ, the file does not.
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/x/a.txt", "x");
    write(folder.path(), "in/y/a.txt", "y");
    let out = folder.path().join("out");
    std::fs::create_dir_all(out.join("y")).expect("a folder");
    std::os::unix::fs::symlink("y", out.join("x")).expect("a link");
    for _ in 0..2 {
        let (summary, outcomes) =
            run(&copies(path(&out)), &[path(&folder.path().join("in"))]).await;
        assert_eq!((summary.ok, summary.failed), (1, 1), "{outcomes:?}");
        let error = outcomes.iter().find_map(|one| one.error.as_ref()).expect("one failed");
        assert!(
            error.to_string().contains("another output of this run by another name"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn files_that_a_run_wrote_into_a_folder_it_lists_later_are_no_sources() {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..20 {
        write(folder.path(), &format!("a/{n:02}.txt"), "a");
        write(folder.path(), &format!("b/x{n:02}.txt"), "b");
    }
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let server = S3Server::start();
    write(&server.bucket("inbox"), "x/between.txt", "x");
    let stores = listed_late(&server, "x", all_there(b.clone(), |n| format!("{n:02}.out")));
    let flow = flow(Copy::default(), stores, Destination::folder(path(&b)));
    let (summary, outcomes) = run(&flow, &[path(&a), place("s3://inbox/x/"), path(&b)]).await;
    assert_eq!((summary.items, summary.ok), (41, 41), "{outcomes:?}");
    assert_eq!(names(&b).len(), 61);
}

#[tokio::test]
async fn objects_that_a_run_wrote_under_a_prefix_it_lists_later_are_no_sources() {
    let server = S3Server::start();
    for n in 0..20 {
        write(&server.bucket("inbox"), &format!("a/{n:02}.txt"), "a");
        write(&server.bucket("inbox"), &format!("b/x{n:02}.txt"), "b");
    }
    let there = server.bucket("inbox").join("b");
    let stores = listed_late(&server, "b", all_there(there, |n| format!("{n:02}.out")));
    let flow = flow(Copy::default(), stores, Destination::folder(place("s3://inbox/b/")));
    let sources = [place("s3://inbox/a/"), place("s3://inbox/b/")];
    let (summary, outcomes) = run(&flow, &sources).await;
    assert_eq!((summary.items, summary.ok), (40, 40), "{outcomes:?}");
    assert_eq!(names(&server.bucket("inbox").join("b")).len(), 60);
}

#[tokio::test]
async fn a_prefix_that_is_listed_last_is_safe() {
    for source in ["s3://inbox/old/", "s3://inbox/old/*.out", "s3://inbox/old/a[.]out"] {
        let server = S3Server::start();
        let bucket = server.bucket("inbox");
        write(&bucket, "new/a.out", "new");
        write(&bucket, "old/a.out", "old");
        for n in 0..20 {
            write(&bucket, &format!("new/{n:02}.out"), "more");
        }
        let there = all_there(bucket.join("old"), |n| format!("{n:02}.out"));
        let stores = listed_late(&server, "old", there);
        let late = flow(Copy::default(), stores, Destination::folder(place("s3://inbox/old/")));
        let sources = [place("s3://inbox/new/"), place(source)];
        for dry_run in [false, true] {
            let (_, outcomes) = run(&late.clone().dry_run(dry_run), &sources).await;
            let ends: Vec<_> = outcomes
                .iter()
                .filter(|one| one.report.source.ends_with("a.out"))
                .map(|one| one.error.as_ref().expect("refused").kind())
                .collect();
            assert_eq!(ends, [ErrorKind::AlreadyExists; 2], "{source}");
            assert_eq!(std::fs::read(bucket.join("old/a.out")).expect("there"), b"old");
        }
    }
}

#[tokio::test]
async fn an_object_named_as_a_source_is_one_even_before_it_is_there() {
    let input = address("memory://inputs-late/");
    let stores = stores();
    stores.put(&input.with_key("new/a.out"), Bytes::from("a"), "text/plain").await.expect("stored");
    let sources = [place("memory://inputs-late/new/a.out"), place("memory://inputs-late/x.out")];
    let to = Destination::resolve(place("memory://inputs-late/x.out"), &sources[..1]).expect("one");
    let (_, outcomes) = run(&flow(Copy::default(), stores, to), &sources).await;
    let error = outcomes[0].error.as_ref().expect("refused");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
}

#[tokio::test]
async fn items_given_one_by_one_are_inputs_too() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "new/a.out", "new");
    write(folder.path(), "old/a.out", "old");
    let old = folder.path().join("old");
    let items = vec![
        Item::new(path(&folder.path().join("new/a.out"))),
        Item { name: "c.out".to_owned(), ..Item::new(path(&old.join("a.out"))) },
    ];
    let mut outcomes = Vec::new();
    copies(path(&old))
        .run_items(items, &Budget::unlimited(), |outcome| outcomes.push(outcome))
        .await;
    assert!(refused(&outcomes).contains("is an input of this run"));
    assert_eq!(std::fs::read(old.join("a.out")).expect("there"), b"old");
}
