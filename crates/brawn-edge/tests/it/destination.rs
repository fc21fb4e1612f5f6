//! Outputs appear whole, under their own names, and inside.

use brawn_core::ErrorKind;
use brawn_edge::{Destination, Item};
use bytes::Bytes;

use crate::support::{Copy, address, copies, files, flow, names, path, place, run, stores, write};

const UNUSUAL: [&str; 14] = [
    "a b.txt",
    " lead.txt",
    "-rf.txt",
    "a+b.txt",
    "a%20b.txt",
    "a#b?c&d=e.txt",
    "..%2Fup.txt",
    "été/写真 1.txt",
    "emoji 😀.txt",
    "quote\"and'.txt",
    "(1)[2]{3}~*.txt",
    "a:b;c|d<e>.txt",
    "back\\slash.txt",
    "a..txt",
];

fn expected(hidden: bool) -> Vec<(String, Vec<u8>)> {
    let mut expected: Vec<_> = UNUSUAL
        .iter()
        .filter(|name| hidden || !name.starts_with('.'))
        .map(|name| (name.replace(".txt", ".out"), name.as_bytes().to_vec()))
        .collect();
    let long = "x".repeat(200);
    expected.push((format!("{long}/{long}.out"), b"long".to_vec()));
    expected.sort();
    expected
}

#[cfg(unix)]
#[tokio::test]
async fn unusual_names_survive_from_folder_to_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    for name in UNUSUAL {
        write(&input, name, name);
    }
    let long = "x".repeat(200);
    write(&input, &format!("{long}/{long}.txt"), "long");
    let (_, outcomes) = run(&copies(path(&out)), &[path(&input)]).await;
    assert_eq!(files(&out), expected(false), "{outcomes:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn unusual_keys_survive_from_bucket_to_bucket_to_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let stores = stores();
    let input = address("memory://unusual/in/");
    for name in UNUSUAL {
        let address = input.with_key(format!("in/{name}"));
        stores.put(&address, Bytes::from(name), "text/plain").await.expect("stored");
    }
    let long = "x".repeat(200);
    let address = input.with_key(format!("in/{long}/{long}.txt"));
    stores.put(&address, Bytes::from("long"), "text/plain").await.expect("stored");
    let (first, outcomes) =
        run(&copies(place("memory://unusual/out")), &[place("memory://unusual/in/")]).await;
    assert_eq!(first.ok, 15, "{outcomes:?}");
    let (_, outcomes) = run(&copies(path(folder.path())), &[place("memory://unusual/out/")]).await;
    assert_eq!(files(folder.path()), expected(true), "{outcomes:?}");
}

#[tokio::test]
async fn a_name_that_leads_outside_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("deep/out");
    write(folder.path(), "a.txt", "a");
    let flow = copies(path(&out));
    let items = ["../a", "/tmp/a", "b/../../a", "a/../b", "b/./a", "a\0", "b//a"].map(|name| {
        Item { name: format!("{name}.txt"), ..Item::new(path(&folder.path().join("a.txt"))) }
    });
    let mut refused = 0;
    let summary = flow
        .run_items(items.into(), &brawn_core::Budget::unlimited(), |outcome| {
            let error = outcome.error.expect("refused");
            assert_eq!(error.kind(), ErrorKind::InvalidOptions, "{error}");
            refused += 1;
        })
        .await;
    assert_eq!((summary.failed, refused), (7, 7));
    assert_eq!(names(folder.path()), ["a.txt"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_out_of_the_destination_is_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    write(&input, "evil/a.txt", "a");
    write(&input, "fine/b.txt", "b");
    write(&input, "c.txt", "c");
    write(folder.path(), "victim.txt", "untouched");
    std::fs::create_dir_all(folder.path().join("outside")).expect("a folder");
    std::fs::create_dir_all(out.join("real")).expect("a folder");
    symlink(folder.path().join("outside"), out.join("evil")).expect("a link");
    symlink("real", out.join("fine")).expect("a link");
    symlink(folder.path().join("victim.txt"), out.join("c.out")).expect("a link");
    let (summary, outcomes) = run(&copies(path(&out)), &[path(&input)]).await;
    assert_eq!((summary.ok, summary.failed), (2, 1), "{outcomes:?}");
    let reason = outcomes.iter().find_map(|outcome| outcome.report.reason.as_deref());
    assert!(reason.is_some_and(|reason| reason.contains("leads outside")), "{reason:?}");
    assert_eq!(names(&folder.path().join("outside")), Vec::<String>::new());
    // The link itself is replaced, what it pointed to is not.
    assert_eq!(
        std::fs::read_to_string(folder.path().join("victim.txt")).expect("there"),
        "untouched"
    );
    assert_eq!(names(&out), ["c.out", "real/b.out"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_has_the_mode_that_any_new_file_has() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/a.txt", "a");
    let (summary, _) =
        run(&copies(path(&folder.path().join("out"))), &[path(&folder.path().join("in"))]).await;
    assert_eq!(summary.ok, 1);
    let mode = |name: &str| {
        std::fs::metadata(folder.path().join(name)).expect("there").permissions().mode()
    };
    assert_eq!(mode("out/a.out"), mode("in/a.txt"));
}

#[tokio::test]
async fn an_output_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in/a.txt", "a");
    let out = folder.path().join("out");
    std::fs::create_dir_all(out.join("a.2")).expect("a folder in the way");
    let job = Copy { outputs: vec![".1", ".2"], ..Copy::default() };
    let flow = flow(job, stores(), Destination::folder(path(&out)));
    let (summary, outcomes) = run(&flow, &[path(&folder.path().join("in"))]).await;
    assert_eq!(summary.failed, 1);
    let report = &outcomes[0].report;
    assert!(report.reason.as_deref().is_some_and(|reason| reason.contains("is a folder")));
    // What was delivered before is named; running again completes the object.
    assert_eq!((report.outputs.len(), report.bytes_out), (1, 1));
    assert_eq!(names(&out), ["a.1"]);
}
