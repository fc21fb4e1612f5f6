//! Rows into SQLite: all or nothing for each object, once for each version of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use brawn_core::{Budget, ErrorKind, Status};
use brawn_edge::{Database, Destination, Flow, Location, Mode, Outcome, Tables};
use brawn_testing::S3Server;
use rusqlite::{Connection, OpenFlags};

use crate::rows::{Lines, flow_of, lines, mode};
use crate::support::{Copy, copies, path, place, pool, run, run_within, stores, stores_of, write};

/// A folder with a database that may not be there yet.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Case {
        Case { folder: tempfile::tempdir().expect("a folder") }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("out.db")
    }

    fn to(&self) -> Location {
        Database::Sqlite(self.database()).into()
    }

    /// A source with these lines, changed at a time that no other has.
    fn source(&self, name: &str, lines: &str) -> Location {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        write(self.folder.path(), name, lines);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let file = self.folder.path().join(name);
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + count);
        let opened = std::fs::File::options().write(true).open(&file).expect("there");
        opened.set_modified(then).expect("set");
        path(&file)
    }

    fn open(&self) -> Connection {
        Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("a database")
    }

    /// The texts of all rows, each as `source's name:number:text`.
    fn rows(&self) -> Vec<String> {
        texts(&self.open(), "SELECT source, number, text FROM lines_rows")
    }
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| {
        let (source, number, text): (String, i64, Option<String>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let name = Path::new(&source).file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(format!("{}:{number}:{}", name.unwrap_or_default(), text.unwrap_or("-".into())))
    });
    let mut rows: Vec<String> = rows.expect("rows").map(|row| row.expect("a row")).collect();
    rows.sort();
    rows
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect("a count")
}

async fn one(flow: &Flow, source: &Location) -> Outcome {
    let (_, mut outcomes) = run(flow, std::slice::from_ref(source)).await;
    outcomes.remove(0)
}

fn reason(outcome: &Outcome) -> &str {
    outcome.report.reason.as_deref().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_and_rejects_go_into_tables_that_are_made_for_them() {
    let case = Case::new();
    let source = case.source("a.txt", "1.5\nx\nbad one\n\n-3\n");
    let outcome = one(&lines(&case.to(), Tables::default()), &source).await;
    let report = &outcome.report;
    assert_eq!(report.status, Status::Ok, "{outcome:?}");
    let outputs: Vec<(&str, Option<u64>, u64)> = report
        .outputs
        .iter()
        .map(|output| {
            (output.location.rsplit('#').next().expect("a table"), output.rows, output.bytes)
        })
        .collect();
    // 8 bytes a number, 1 a boolean, and the text.
    assert_eq!(outputs, [("lines_rows", Some(4), 58), ("lines_rejects", Some(1), 16)]);
    assert_eq!(report.bytes_out, 74);
    assert_eq!(case.rows(), ["a.txt:1:1.5", "a.txt:2:x", "a.txt:4:-", "a.txt:5:-3"]);
    let open = case.open();
    let kinds = "SELECT count(*) FROM lines_rows WHERE typeof(number) = 'integer' AND typeof(is_number) = 'integer' \
                 AND typeof(value) = CASE is_number WHEN 1 THEN 'real' ELSE 'null' END";
    assert_eq!(count(&open, kinds), 4);
    assert_eq!(count(&open, "SELECT number FROM lines_rejects"), 3);
    assert_eq!(count(&open, "SELECT sum(\"rows\") FROM brawn_loads WHERE version <> ''"), 5);
    let json = serde_json::to_value(report).expect("plain data");
    assert_eq!(json["outputs"][0]["rows"], 4);
    assert!(json["outputs"][0].get("content_type").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_does_what_it_says_with_a_version_that_comes_again_and_with_a_new_one() {
    // What is there after the first version, that again, and the second.
    for (wanted, tables) in [
        (["a:1:x a:2:y", "a:1:x a:1:z a:2:y"], mode(Mode::Append)),
        (["a:1:x a:2:y", "a:1:z"], mode(Mode::Replace)),
        (["a:1:x a:2:y", "a:1:z a:2:y"], mode(Mode::Upsert)),
    ] {
        let case = Case::new();
        let flow = lines(&case.to(), tables.clone());
        let source = case.source("a", "x\ny\n");
        assert_eq!(one(&flow, &source).await.report.status, Status::Ok);
        let again = one(&flow, &source).await;
        assert_eq!((again.report.status, reason(&again)), (Status::Skipped, "loaded before"));
        assert!(again.report.outputs.is_empty());
        assert_eq!(case.rows().join(" "), wanted[0], "{tables:?}");
        let second = case.source("a", "z\n");
        let outcome = one(&flow, &second).await;
        assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
        assert_eq!(one(&flow, &second).await.report.status, Status::Skipped);
        assert_eq!(case.rows().join(" "), wanted[1], "{tables:?}");
        // Another object is nobody's earlier version.
        let other = case.source("b", "x\n");
        assert_eq!(one(&flow, &other).await.report.status, Status::Ok);
        assert_eq!(case.rows().join(" "), format!("{} b:1:x", wanted[1]), "{tables:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_comes_back_is_loaded_again_where_another_had_replaced_it() {
    let case = Case::new();
    let flow = lines(&case.to(), mode(Mode::Replace));
    let file = case.folder.path().join("a");
    let (old, new) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_nanos(1));
    for (text, time, wanted) in [("x", old, "a:1:x"), ("y", new, "a:1:y"), ("x", old, "a:1:x")] {
        write(case.folder.path(), "a", text);
        let opened = std::fs::File::options().write(true).open(&file).expect("there");
        opened.set_modified(time).expect("set");
        let outcome = one(&flow, &path(&file)).await;
        assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
        assert_eq!(case.rows(), [wanted]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rejects_of_an_earlier_version_go_too() {
    let case = Case::new();
    let flow = lines(&case.to(), mode(Mode::Replace));
    one(&flow, &case.source("a", "bad\nx\n")).await;
    assert_eq!(count(&case.open(), "SELECT count(*) FROM lines_rejects"), 1);
    one(&flow, &case.source("a", "y\n")).await;
    assert_eq!(count(&case.open(), "SELECT count(*) FROM lines_rejects"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upsert_goes_by_the_key_alone_where_that_is_asked_for() {
    let case = Case::new();
    let tables = Tables { mode: Mode::Upsert, key_alone: true, name: Some("t".into()) };
    let flow = lines(&case.to(), tables);
    one(&flow, &case.source("a", "x\ny\n")).await;
    // The last of two rows with one key counts.
    one(&flow, &case.source("b", "z\nagain 1\n")).await;
    let rows = texts(&case.open(), "SELECT source, number, text FROM t");
    assert_eq!(rows, ["a:2:y", "b:1:again 1"]);
    assert_eq!(count(&case.open(), "SELECT count(*) FROM t_rejects"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_makes_the_tables_in_one_run_and_refuses_them_in_the_next() {
    let case = Case::new();
    let flow = lines(&case.to(), mode(Mode::Fail));
    let sources = [case.source("a", "x\n"), case.source("b", "y\n")];
    let (summary, outcomes) = run(&flow, &sources).await;
    assert_eq!(summary.ok, 2, "{outcomes:?}");
    let outcome = one(&flow, &case.source("c", "z\n")).await;
    let error = outcome.error.as_ref().expect("refused");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert_eq!(error.to_string(), "the table `lines_rows` is there already");
    assert_eq!(case.rows(), ["a:1:x", "b:1:y"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_leaves_no_row_and_no_table() {
    let many = "some text that is long enough to fill what is kept\n".repeat(100_000);
    for (end, status) in [("stop", Status::Rejected), ("panic", Status::Failed)] {
        for before in ["x\n", &many] {
            let case = Case::new();
            let flow = lines(&case.to(), Tables::default());
            let outcome = one(&flow, &case.source("a", &format!("{before}{end}\n"))).await;
            assert_eq!(outcome.report.status, status, "{outcome:?}");
            assert!(outcome.report.outputs.is_empty());
            let tables = |case: &Case| count(&case.open(), "SELECT count(*) FROM sqlite_master");
            assert_eq!(if case.database().exists() { tables(&case) } else { 0 }, 0);
            // The same connection goes on.
            let sources = [case.source("a", &format!("{before}{end}\n")), case.source("b", "y\n")];
            run(&flow, &sources).await;
            assert_eq!(case.rows(), ["b:1:y"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_ends_a_load_soon_and_leaves_no_row() {
    let case = Case::new();
    let many = "some text that is long enough to fill what is kept\n".repeat(100_000);
    let sources = [case.source("a", &format!("{many}spin\n")), case.source("b", &many)];
    let budget = Budget::unlimited();
    let (ended, wait) = (budget.clone(), Duration::from_millis(300));
    let begun = Instant::now();
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        ended.cancel();
    });
    let blocker = lines(&case.to(), Tables::default());
    let (_, outcomes) = run_within(&blocker, &sources, &budget).await;
    assert!(outcomes.iter().any(|outcome| outcome.report.status == Status::Deadline));
    assert!(begun.elapsed() < wait + Duration::from_secs(3));
    let kept: Vec<String> = case.rows_or_none();
    assert!(kept.iter().all(|row| row.starts_with("b:")), "nothing of the one that waits");
    assert!(kept.is_empty() || kept.len() == 100_000, "all or nothing of the other");
}

impl Case {
    fn rows_or_none(&self) -> Vec<String> {
        if !self.database().exists() {
            return Vec::new();
        }
        let is_there =
            count(&self.open(), "SELECT count(*) FROM sqlite_master WHERE name = 'lines_rows'");
        if is_there == 0 { Vec::new() } else { self.rows() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_objects_and_two_runs_at_once_lose_and_double_nothing() {
    let case = Case::new();
    let sources: Vec<Location> = (0..20)
        .map(|at| case.source(&format!("{at:02}"), &format!("{at}\nx\ny\nbad\n").repeat(300)))
        .collect();
    let (one, two) = (lines(&case.to(), mode(Mode::Append)), lines(&case.to(), mode(Mode::Append)));
    let ((first, outcomes), (second, others)) =
        tokio::join!(run(&one, &sources), run(&two, &sources));
    assert_eq!(
        (first.ok + second.ok, first.skipped + second.skipped),
        (20, 20),
        "{outcomes:?} {others:?}"
    );
    let open = case.open();
    assert_eq!(count(&open, "SELECT count(*) FROM lines_rows"), 20 * 900);
    assert_eq!(count(&open, "SELECT count(DISTINCT source || number) FROM lines_rows"), 20 * 900);
    assert_eq!(count(&open, "SELECT count(*) FROM lines_rejects"), 20 * 300);
    let mode: String =
        open.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a journal");
    assert_eq!(mode, "wal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_is_waited_for_until_the_budget_ends() {
    let case = Case::new();
    let other = Connection::open(case.database()).expect("a database");
    other.execute_batch("CREATE TABLE mine (x); BEGIN IMMEDIATE").expect("locked");
    let source = case.source("a", "x\n");
    let budget = Budget::unlimited();
    let ended = budget.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        ended.cancel();
    });
    let flow = lines(&case.to(), Tables::default());
    let (_, outcomes) = run_within(&flow, std::slice::from_ref(&source), &budget).await;
    assert_eq!(outcomes[0].report.status, Status::Deadline, "{outcomes:?}");
    let (outcome, ()) = tokio::join!(one(&flow, &source), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        other.execute_batch("COMMIT").expect("unlocked");
    });
    assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    // What was there before keeps its journal.
    let mode: String =
        other.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a journal");
    assert_eq!((case.rows(), mode.as_str()), (vec!["a:1:x".to_owned()], "delete"));
}

/// Not a test of its own: the process that the next one kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is run by another test"]
async fn a_process_that_is_killed() {
    let Some(folder) = std::env::var_os("BRAWN_TEST_FOLDER").map(PathBuf::from) else { return };
    let job = Lines { hung: folder.join("hung"), ..Lines::default() };
    let to = Database::Sqlite(folder.join("out.db")).into();
    one(&flow_of(job, &to, Tables::default()), &path(&folder.join("a"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_in_the_middle_of_a_load_leaves_nothing_of_the_object() {
    let case = Case::new();
    let flow = lines(&case.to(), Tables::default());
    one(&flow, &case.source("before", "x\n")).await;
    let many = "some text that is long enough to fill what is kept\n".repeat(150_000);
    case.source("a", &format!("{many}hang\n"));
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "sqlite::a_process_that_is_killed", "--ignored"])
        .env("BRAWN_TEST_FOLDER", case.folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a process");
    while !case.folder.path().join("hung").exists() {
        assert!(child.try_wait().expect("a process").is_none(), "it ended before it was killed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let wal = std::fs::metadata(case.folder.path().join("out.db-wal")).expect("it was writing");
    assert!(wal.len() > 1 << 20, "rows were on their way");
    child.kill().and_then(|()| child.wait()).expect("killed");
    assert_eq!(case.rows(), ["before:1:x"]);
    let outcome = one(&flow, &case.source("a", "y\n")).await;
    assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    assert_eq!(case.rows(), ["a:1:y", "before:1:x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_header_is_a_name() {
    let case = Case::new();
    let columns = ["so\"urce'; DROP TABLE t; --", "source", "été 日本", "SELECT"];
    let tables = || Tables {
        name: Some("of \"weird'; names".into()),
        mode: Mode::Replace,
        ..Tables::default()
    };
    for _ in 0..2 {
        let flow = flow_of(Lines { columns, ..Lines::default() }, &case.to(), tables());
        let outcome = one(&flow, &case.source("a", "1\n2\n")).await;
        assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    }
    let names: Vec<String> = {
        let open = case.open();
        let mut all = open.prepare("SELECT * FROM \"of \"\"weird'; names\"").expect("there");
        assert_eq!(all.query([]).expect("rows").mapped(|_| Ok(())).count(), 2);
        all.column_names().map(str::to_owned).collect()
    };
    let [first, _, third, fourth] = columns;
    assert_eq!(names, ["source", first, "source_2", third, fourth]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_with_other_columns_is_refused_with_what_differs() {
    let case = Case::new();
    one(&lines(&case.to(), Tables::default()), &case.source("a", "x\n")).await;
    let other =
        Lines { floats: true, columns: ["number", "is_number", "v", "text"], ..Lines::default() };
    let outcome =
        one(&flow_of(other, &case.to(), Tables::default()), &case.source("b", "x\n")).await;
    let error = outcome.error.as_ref().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    assert_eq!(
        error.to_string(),
        "the table `lines_rows` has other columns: its column `number` holds integers, and these rows have floats; it \
         has no column `v`; its column `value` is not in these rows"
    );
    assert_eq!(case.rows(), ["a:1:x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_database_is_a_clear_error() {
    let case = Case::new();
    let source = case.source("a", "x\n");
    let folder = case.folder.path();
    write(
        folder,
        "text.db",
        "this is no database, but it is long enough to be read as one".repeat(20),
    );
    let made = one(&lines(&case.to(), Tables::default()), &source).await;
    assert_eq!(made.report.status, Status::Ok);
    let mut bytes = std::fs::read(case.database()).expect("there");
    bytes[100..4096].fill(0xff);
    std::fs::write(folder.join("corrupt.db"), bytes).expect("written");
    for (name, kind, says) in [
        ("no/such/folder.db", ErrorKind::NotFound, "there is no folder"),
        ("text.db", ErrorKind::Storage, "is no database of SQLite"),
        ("corrupt.db", ErrorKind::Storage, "is corrupt"),
        (".", ErrorKind::Storage, "cannot be opened"),
    ] {
        let to = Database::Sqlite(folder.join(name)).into();
        let outcome = one(&lines(&to, Tables::default()), &source).await;
        let error = outcome.error.as_ref().expect(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().contains(says), "{name}: {error}");
    }
    // Root may write everywhere, so the error comes from a file system that does not let it.
    let read_only = Database::Sqlite("/proc/version".into()).into();
    let outcome = one(&lines(&read_only, Tables::default()), &source).await;
    assert_eq!(outcome.report.status, Status::Failed, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_writes_files_is_refused_and_a_database_is_no_source() {
    let case = Case::new();
    let source = case.source("a", "x\n");
    let (_, outcomes) = run(&copies(case.to()), std::slice::from_ref(&source)).await;
    assert!(reason(&outcomes[0]).contains("takes rows, and the job `copy` writes files"));
    let flow = Flow::new(
        Arc::new(Copy::default()),
        pool(),
        stores(),
        Destination::folder(path(&case.folder.path().join("out"))),
    );
    for text in ["sqlite:a.db", "postgres://ann:hush@host/db"] {
        let outcome = one(&flow, &place(text)).await;
        assert!(reason(&outcome).contains("is a database: rows go into it"), "{outcome:?}");
        assert!(!format!("{outcome:?}").contains("hush"));
    }
    assert!(!case.database().exists());
    let error = Destination::folder(place("out/")).with_tables(mode(Mode::Replace));
    assert_eq!(error.expect_err("no database").kind(), ErrorKind::InvalidOptions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_makes_nothing() {
    let case = Case::new();
    let flow = lines(&case.to(), Tables::default()).dry_run(true);
    let outcome = one(&flow, &case.source("a", "x\n")).await;
    assert_eq!((outcome.report.status, outcome.targets), (Status::Ok, vec![case.to()]));
    assert!(!case.database().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_is_told_by_its_etag() {
    let (case, server) = (Case::new(), S3Server::start());
    let to = Destination::folder(case.to()).with_tables(mode(Mode::Replace)).expect("a database");
    let flow = Flow::new(Arc::new(Lines::default()), pool(), stores_of(&server), to);
    for (text, status) in
        [("x\n", Status::Ok), ("x\n", Status::Skipped), ("y\n", Status::Ok), ("x\n", Status::Ok)]
    {
        std::fs::write(server.bucket("inbox").join("a"), text).expect("written");
        let outcome = one(&flow, &place("s3://inbox/a")).await;
        assert_eq!(outcome.report.status, status, "{outcome:?}");
        assert_eq!(outcome.report.source, "s3://inbox/a");
        assert_eq!(case.rows(), [format!("a:1:{}", text.trim_end())]);
    }
}
