//! From what a user names to objects.

use brawn_core::{Budget, ErrorKind, Status};
use brawn_edge::Location;
use bytes::Bytes;

use crate::support::{address, copies, path, place, run, stores, write};

/// Names of what `sources` select, as the job sees them.
async fn selected(sources: &[Location], accepts: Option<&'static [&'static str]>) -> Vec<String> {
    let flow = copies(place("memory://select-out/")).accepts(accepts).dry_run(true);
    let mut names = Vec::new();
    flow.run(sources, &Budget::unlimited(), |outcome| {
        for target in outcome.targets {
            let text = target.to_string();
            names.push(text.trim_start_matches("memory://select-out/").to_owned());
        }
    })
    .await;
    names.sort();
    names
}

#[tokio::test]
async fn a_folder_is_searched_for_what_the_job_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [
        "b.jpg",
        "a.JPG",
        "2024/c.png",
        "notes.txt",
        ".hidden.jpg",
        ".git/d.jpg",
        "jpg",
        "2024/.x.jpg",
    ] {
        write(folder.path(), name, name);
    }
    let found = selected(&[path(folder.path())], Some(&["jpg", "png"])).await;
    assert_eq!(found, ["2024/c.out", "a.out", "b.out"]);
}

#[tokio::test]
async fn a_named_file_is_taken_whatever_it_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), ".photo", "x");
    let found = selected(&[path(&folder.path().join(".photo"))], Some(&["jpg"])).await;
    assert_eq!(found, [".out"]);
}

#[tokio::test]
async fn a_pattern_selects_and_names_are_relative_to_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a.jpg", "b.png", "c.gif", "2024/d.jpg", "2024/05/e.jpg", ".f.jpg", "[g].jpg"] {
        write(folder.path(), name, name);
    }
    let pattern = |text: &str| [place(format!("{}/{text}", folder.path().display()))];
    for (text, names) in [
        ("*.jpg", vec!["[g].out", "a.out"]),
        ("*.{jpg,png}", vec!["[g].out", "a.out", "b.out"]),
        ("**/*.jpg", vec!["2024/05/e.out", "2024/d.out", "[g].out", "a.out"]),
        ("2024/*.jpg", vec!["d.out"]),
        ("20??/**", vec!["2024/05/e.out", "2024/d.out"]),
        (".*.jpg", vec![".f.out"]),
        ("[g].jpg", vec!["[g].out"]),
    ] {
        assert_eq!(selected(&pattern(text), None).await, names, "{text}");
    }
}

#[tokio::test]
async fn prefixes_keys_and_patterns_select_in_a_bucket() {
    let stores = stores();
    for key in ["a.jpg", "2024/b.jpg", "2024/05/c.jpg", "2024/d.txt", "2024/.e.jpg", "20245.jpg"] {
        let address = address("memory://select-bucket/").with_key(key);
        stores.put(&address, Bytes::from(key), "image/jpeg").await.expect("stored");
    }
    for (source, names) in [
        ("memory://select-bucket/2024/", vec!["05/c.out", ".e.out", "b.out"]),
        ("memory://select-bucket/2024/*.jpg", vec!["b.out"]),
        ("memory://select-bucket/2024*.jpg", vec!["20245.out"]),
        ("memory://select-bucket/2024/0*/*.jpg", vec!["05/c.out"]),
        (
            "memory://select-bucket/**/*.jpg",
            vec!["2024/05/c.out", "2024/b.out", "20245.out", "a.out"],
        ),
        ("memory://select-bucket/2024/05/c.jpg", vec!["c.out"]),
    ] {
        let mut names = names;
        names.sort_unstable();
        assert_eq!(selected(&[place(source)], Some(&["jpg"])).await, names, "{source}");
    }
}

#[tokio::test]
async fn a_source_that_gives_nothing_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    let here = folder.path().display();
    let sources = [
        place(format!("{here}/empty")),
        place(format!("{here}/no-such-file.jpg")),
        place(format!("{here}/*.jpg")),
        place(format!("{here}/no-such-folder/*.jpg")),
        place("memory://select-empty/prefix/"),
        place("memory://select-empty/key.jpg"),
        place("memory://select-empty/*.jpg"),
    ];
    let (summary, outcomes) = run(&copies(place("memory://select-out/")), &sources).await;
    assert_eq!(summary.failed, 7, "{outcomes:?}");
    for outcome in outcomes {
        let error = outcome.error.expect("it failed");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains(&outcome.report.source), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_loop_of_links_ends_and_an_unreadable_folder_is_one_failed_item() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/a.txt", "a");
    write(folder.path(), "in/sub/b.txt", "b");
    write(folder.path(), "elsewhere/c.txt", "c");
    symlink(folder.path().join("in"), folder.path().join("in/sub/loop")).expect("a link");
    symlink(folder.path().join("elsewhere"), folder.path().join("in/linked")).expect("a link");
    symlink("nowhere", folder.path().join("in/broken.txt")).expect("a link");
    let locked = folder.path().join("in/locked");
    std::fs::create_dir(&locked).expect("a folder");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).expect("locked");
    let is_root = std::fs::read_dir(&locked).is_ok();
    let out = folder.path().join("out");
    let (summary, outcomes) = run(&copies(path(&out)), &[path(&folder.path().join("in"))]).await;
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755)).expect("unlocked");
    assert_eq!(crate::support::names(&out), ["a.out", "linked/c.out", "sub/b.out"]);
    // Root may read any folder.
    assert_eq!((summary.ok, summary.failed), (3, if is_root { 1 } else { 2 }), "{outcomes:?}");
}

#[tokio::test]
async fn what_a_run_writes_is_not_what_it_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.txt", "a");
    write(folder.path(), "thumbs/old.txt", "older output");
    let (summary, _) =
        run(&copies(path(&folder.path().join("thumbs"))), &[path(folder.path())]).await;
    assert_eq!((summary.items, summary.ok), (1, 1));
    let stores = stores();
    for key in ["a.txt", "thumbs/old.txt"] {
        let address = address("memory://select-own/").with_key(key);
        stores.put(&address, Bytes::from(key), "text/plain").await.expect("stored");
    }
    let to = place("memory://select-own/thumbs/");
    let (summary, outcomes) = run(&copies(to), &[place("memory://select-own")]).await;
    assert_eq!((summary.items, summary.ok), (1, 1), "{outcomes:?}");
    assert_eq!(outcomes[0].report.status, Status::Ok);
}

#[tokio::test]
async fn kinds_that_are_passed_over_are_counted_in_folders_buckets_and_patterns() {
    let (folder, stores) = (tempfile::tempdir().expect("a folder"), stores());
    for name in ["a.txt", "b.zst", "sub/c.ZST"] {
        write(folder.path(), name, name);
        let address = address("memory://select-passed/").with_key(name);
        stores.put(&address, Bytes::from(name), "text/plain").await.expect("stored");
    }
    let flow = || copies(place("memory://select-out/")).passes_over(&["zst"]).dry_run(true);
    let here = folder.path().display();
    for (source, passed_over) in [
        (here.to_string(), 2),
        (format!("{here}/*"), 1),
        ("memory://select-passed/".to_owned(), 2),
        ("memory://select-passed/*".to_owned(), 1),
    ] {
        let (summary, outcomes) = run(&flow(), &[place(&source)]).await;
        assert_eq!((summary.items, summary.ok), (1, 1), "{source}: {outcomes:?}");
        assert_eq!(summary.passed_over, passed_over, "{source}");
    }
    for source in [format!("{here}/b.zst"), "memory://select-passed/b.zst".to_owned()] {
        let (summary, _) = run(&flow(), &[place(&source)]).await;
        assert_eq!((summary.ok, summary.passed_over), (1, 0), "{source} is named itself");
    }
}
