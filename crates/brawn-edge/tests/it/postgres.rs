//! Rows into a real PostgreSQL server: all or nothing for each object, once for each version of it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use brawn_core::{Budget, ErrorKind, Status};
use brawn_edge::{Destination, Flow, Location, Mode, Outcome, Stores, Tables};
use brawn_testing::Postgres;

use crate::rows::{Lines, mode};
use crate::support::{QUICK, path, place, pool, run, run_within, write};

/// A schema of its own on the shared server, and a folder of sources.
struct Case {
    server: Arc<Postgres>,
    schema: String,
    /// The database, with options by which everything is in the schema and said to be.
    database: String,
    folder: tempfile::TempDir,
}

impl Case {
    /// `None` where there is no server.
    fn new() -> Option<Case> {
        Postgres::shared().map(Case::on)
    }

    fn on(server: Arc<Postgres>) -> Case {
        let folder = tempfile::tempdir().expect("a folder");
        let schema = format!("case{}", count());
        server.sql("postgres", &format!("CREATE SCHEMA {schema}"));
        let database =
            format!("postgres?options=-csearch_path%3D{schema}&application_name={schema}");
        Case { server, schema, database, folder }
    }

    fn to(&self) -> Location {
        place(self.server.url(&self.database))
    }

    fn flow(&self, tables: Tables) -> Flow {
        self.flow_of(Lines::default(), tables)
    }

    fn flow_of(&self, job: Lines, tables: Tables) -> Flow {
        self.flow_to(self.to(), job, tables, [])
    }

    fn flow_to<const N: usize>(
        &self,
        to: Location,
        job: Lines,
        tables: Tables,
        variables: [(&str, &str); N],
    ) -> Flow {
        let to = Destination::folder(to).with_tables(tables).expect("a database");
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let stores = Stores::from_variables(variables).with_retry(QUICK);
        Flow::new(Arc::new(job), pool(), stores, to)
    }

    /// A source with these lines, changed at a time that no other has.
    fn source(&self, name: &str, lines: &str) -> Location {
        write(self.folder.path(), name, lines);
        let file = self.folder.path().join(name);
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + count());
        let opened = std::fs::File::options().write(true).open(&file).expect("there");
        opened.set_modified(then).expect("set");
        path(&file)
    }

    fn sql(&self, sql: &str) -> Vec<String> {
        self.server.sql(&self.database, sql)
    }

    /// All rows, each as `source's name:number:text`.
    fn rows(&self) -> String {
        let name = "regexp_replace(source, '.*/', '')";
        let rows = format!("{name} || ':' || number || ':' || coalesce(text, '-')");
        self.sql(&format!("SELECT {rows} FROM lines_rows ORDER BY 1")).join(" ")
    }
}

fn count() -> u64 {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    COUNT.fetch_add(1, Ordering::SeqCst)
}

/// Of rows enough that many pieces are sent before the last line.
fn many(end: &str) -> String {
    format!("{}{end}\n", "some text that is long enough to fill what is kept\n".repeat(8_000))
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
    let Some(case) = Case::new() else { return };
    let outcome =
        one(&case.flow(Tables::default()), &case.source("a", "1.5\nx\nbad one\n\n-3\n")).await;
    let report = &outcome.report;
    assert_eq!(report.status, Status::Ok, "{outcome:?}");
    let outputs: Vec<(String, Option<u64>, u64)> = report
        .outputs
        .iter()
        .map(|output| (output.location.clone(), output.rows, output.bytes))
        .collect();
    let at = |table| format!("postgres://brawn@{}/{}#{table}", case.server.host(), case.database);
    assert_eq!(outputs, [(at("lines_rows"), Some(4), 58), (at("lines_rejects"), Some(1), 16)]);
    assert_eq!(case.rows(), "a:1:1.5 a:2:x a:4:- a:5:-3");
    let rows = case.sql("SELECT number, is_number, value, text IS NULL FROM lines_rows ORDER BY 1");
    assert_eq!(rows, ["1|t|1.5|f", "2|f||f", "4|f||t", "5|t|-3|f"]);
    let kinds = case.sql(
        "SELECT string_agg(atttypid::regtype::text, ',' ORDER BY attnum) FROM pg_attribute \
         WHERE attrelid = 'lines_rows'::regclass AND attnum > 0",
    );
    assert_eq!(kinds, ["text,bigint,boolean,double precision,text"]);
    assert_eq!(case.sql("SELECT sum(rows), count(*) FROM brawn_loads"), ["5|2"]);
    assert!(!format!("{outcome:?}").contains(case.server.password()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_does_what_it_says_with_a_version_that_comes_again_and_with_a_new_one() {
    for (wanted, tables) in [
        (["a:1:x a:2:y", "a:1:x a:1:z a:2:y"], mode(Mode::Append)),
        (["a:1:x a:2:y", "a:1:z"], mode(Mode::Replace)),
        (["a:1:x a:2:y", "a:1:z a:2:y"], mode(Mode::Upsert)),
    ] {
        let Some(case) = Case::new() else { return };
        let flow = case.flow(tables.clone());
        let source = case.source("a", "x\ny\n");
        let outcome = one(&flow, &source).await;
        assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
        let again = one(&flow, &source).await;
        assert_eq!((again.report.status, reason(&again)), (Status::Skipped, "loaded before"));
        assert_eq!(case.rows(), wanted[0], "{tables:?}");
        let second = case.source("a", "z\n");
        assert_eq!(one(&flow, &second).await.report.status, Status::Ok);
        assert_eq!(one(&flow, &second).await.report.status, Status::Skipped);
        assert_eq!(case.rows(), wanted[1], "{tables:?}");
        let other = case.source("b", "x\n");
        assert_eq!(one(&flow, &other).await.report.status, Status::Ok);
        assert_eq!(case.rows(), format!("{} b:1:x", wanted[1]), "{tables:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upsert_goes_by_the_key_alone_where_that_is_asked_for() {
    let Some(case) = Case::new() else { return };
    let flow = case.flow(Tables { mode: Mode::Upsert, key_alone: true, ..Tables::default() });
    one(&flow, &case.source("a", "x\ny\n")).await;
    // The last of two rows with one key counts.
    let outcome = one(&flow, &case.source("b", "z\nagain 1\n")).await;
    assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    assert_eq!(case.rows(), "a:2:y b:1:again 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_rows_with_one_key_the_last_counts_wherever_the_server_put_it() {
    let Some(case) = Case::new() else { return };
    let flow = case.flow(mode(Mode::Upsert));
    // Short rows fill gaps in pages that long ones left.
    let mut lines: String =
        (1..=4000).map(|row| format!("{}\n", "x".repeat(row * 7919 % 1500 + 1))).collect();
    lines.extend((1..=4000).map(|row| format!("again {row}\n")));
    let outcome = one(&flow, &case.source("a", &lines)).await;
    assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    let others = "SELECT count(*) FROM lines_rows WHERE text <> 'again ' || number";
    assert_eq!(case.sql(others), ["0"]);
    assert_eq!(case.sql("SELECT count(*) FROM lines_rows"), ["4000"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_makes_the_tables_in_one_run_and_refuses_them_in_the_next() {
    let Some(case) = Case::new() else { return };
    // A run that failed leaves a table with nothing in it, which the next one takes.
    let outcome = one(&case.flow(mode(Mode::Fail)), &case.source("a", &many("stop"))).await;
    assert_eq!(outcome.report.status, Status::Rejected, "{outcome:?}");
    let flow = case.flow(mode(Mode::Fail));
    let (summary, outcomes) = run(&flow, &[case.source("a", "x\n"), case.source("b", "y\n")]).await;
    assert_eq!(summary.ok, 2, "{outcomes:?}");
    let outcome = one(&flow, &case.source("c", "z\n")).await;
    let error = outcome.error.as_ref().expect("refused");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert_eq!(case.rows(), "a:1:x b:1:y");
    // What comes twice was loaded before, in another run too.
    let again = case.source("d", "v\n");
    let table = Tables { name: Some("others".to_owned()), ..mode(Mode::Fail) };
    let first = one(&case.flow(table.clone()), &again).await;
    let second = one(&case.flow(table), &again).await;
    assert_eq!(
        (first.report.status, second.report.status),
        (Status::Ok, Status::Skipped),
        "{second:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_or_is_cancelled_leaves_no_row() {
    for mode in [mode(Mode::Append), mode(Mode::Upsert)] {
        let Some(case) = Case::new() else { return };
        let flow = case.flow(mode);
        for (end, status) in [("stop", Status::Rejected), ("panic", Status::Failed)] {
            let outcome = one(&flow, &case.source("a", &many(end))).await;
            assert_eq!(outcome.report.status, status, "{outcome:?}");
        }
        let budget = Budget::unlimited();
        let ended = budget.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            ended.cancel();
        });
        let begun = Instant::now();
        let (_, outcomes) = run_within(&flow, &[case.source("a", &many("spin"))], &budget).await;
        assert_eq!(outcomes[0].report.status, Status::Deadline, "{outcomes:?}");
        assert!(begun.elapsed() < Duration::from_secs(3));
        assert_eq!(case.sql("SELECT count(*) FROM lines_rows"), ["0"]);
        let outcome = one(&flow, &case.source("a", "y\n")).await;
        assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
        assert_eq!(case.rows(), "a:1:y");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_loaders_of_the_same_objects_lose_and_double_nothing() {
    for tables in [mode(Mode::Append), mode(Mode::Replace), mode(Mode::Upsert)] {
        let Some(case) = Case::new() else { return };
        let sources: Vec<Location> = (0..6)
            .map(|at| case.source(&format!("{at:02}"), &format!("{at}\nx\ny\nbad\n").repeat(300)))
            .collect();
        let (one, two) = (case.flow(tables.clone()), case.flow(tables.clone()));
        let ((first, outcomes), (second, others)) =
            tokio::join!(run(&one, &sources), run(&two, &sources));
        let counts = (first.ok + second.ok, first.skipped + second.skipped);
        assert_eq!(counts, (6, 6), "{tables:?} {outcomes:?} {others:?}");
        let rows = "SELECT count(*), count(DISTINCT (source, number)) FROM lines_rows";
        assert_eq!(case.sql(rows), ["5400|5400"]);
        assert_eq!(case.sql("SELECT count(*) FROM lines_rejects"), ["1800"]);
        assert_eq!(case.sql("SELECT count(*), sum(rows) FROM brawn_loads"), ["12|7200"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_the_middle_of_a_load_has_nothing_of_the_object() {
    let Some(server) = Postgres::start().map(Arc::new) else { return };
    for tables in [mode(Mode::Append), mode(Mode::Upsert)] {
        let case = Case::on(Arc::clone(&server));
        let job = || Lines { hung: case.folder.path().join("hung"), ..Lines::default() };
        let flow = case.flow_of(job(), tables.clone());
        one(&flow, &case.source("before", "x\n")).await;
        // It waits in the middle of its rows; the server dies, and it goes on.
        let source = case.source("a", &many("wait\nx"));
        let kill = async {
            while !case.folder.path().join("hung").exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            case.server.kill();
            write(case.folder.path(), "go", "on");
        };
        let (outcome, ()) = tokio::join!(one(&flow, &source), kill);
        let error = outcome.error.as_ref().expect("the server is gone");
        assert_eq!(
            (outcome.report.status, error.kind()),
            (Status::Failed, ErrorKind::Unavailable),
            "{error}"
        );
        assert!(outcome.report.outputs.is_empty());
        case.server.restart();
        assert_eq!(case.rows(), "before:1:x");
        let flow = case.flow_of(job(), tables.clone());
        assert_eq!(one(&flow, &source).await.report.status, Status::Ok);
        assert_eq!(one(&flow, &source).await.report.status, Status::Skipped);
        assert_eq!(case.sql("SELECT count(*) FROM lines_rows"), ["8003"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_is_made_again_and_the_object_read_once_more() {
    for tables in [mode(Mode::Append), mode(Mode::Replace), mode(Mode::Upsert)] {
        let Some(case) = Case::new() else { return };
        let job = Lines { hung: case.folder.path().join("hung"), ..Lines::default() };
        let flow = case.flow_of(job, tables);
        let source = case.source("a", &many("wait\nx"));
        let cut = async {
            while !case.folder.path().join("hung").exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let others = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{}'",
                case.schema
            );
            assert!(!case.server.sql("postgres", &others).is_empty());
            write(case.folder.path(), "go", "on");
        };
        let (outcome, ()) = tokio::join!(one(&flow, &source), cut);
        assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
        let rows = "SELECT count(*), count(DISTINCT number) FROM lines_rows";
        assert_eq!(case.sql(rows), ["8002|8002"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upsert_that_is_the_victim_of_a_deadlock_is_tried_again() {
    let Some(case) = Case::new() else { return };
    let flow = case.flow(Tables { mode: Mode::Upsert, key_alone: true, ..Tables::default() });
    one(&flow, &case.source("a", "x\ny\n")).await;
    let mut other = case.server.session(&case.database);
    // The load locks the first row and waits for the second, and this session the other way around.
    other.run("BEGIN; SET LOCAL deadlock_timeout = '60s'; UPDATE lines_rows SET text = 'o' WHERE number = 2");
    let source = case.source("b", "new\nnew\n");
    let cross = tokio::task::spawn_blocking({
        let (server, database) = (Arc::clone(&case.server), case.database.clone());
        move || {
            while server
                .sql(&database, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = current_setting('application_name')")
                .is_empty()
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            other.run("UPDATE lines_rows SET text = 'o' WHERE number = 1; COMMIT");
        }
    });
    let (outcome, crossed) = tokio::join!(one(&flow, &source), cross);
    crossed.expect("it went on");
    assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    assert_eq!(case.rows(), "b:1:new b:2:new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_waited_for_until_the_budget_ends_and_the_server_is_told() {
    let Some(case) = Case::new() else { return };
    let flow = case.flow(Tables::default());
    one(&flow, &case.source("a", "x\n")).await;
    let mut other = case.server.session(&case.database);
    other.run("BEGIN; LOCK TABLE lines_rows IN ACCESS EXCLUSIVE MODE");
    let budget = Budget::unlimited();
    let ended = budget.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        ended.cancel();
    });
    let begun = Instant::now();
    let (_, outcomes) = run_within(&flow, &[case.source("b", "x\n")], &budget).await;
    assert_eq!(outcomes[0].report.status, Status::Deadline, "{outcomes:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = current_setting('application_name')";
    while !case.sql(waiting).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the server goes on waiting");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.run("COMMIT");
    assert_eq!(case.rows(), "a:1:x");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_header_is_a_name_but_a_long_one() {
    let Some(case) = Case::new() else { return };
    let columns = ["so\"urce'; DROP TABLE t; --", "source", "été 日本", "SELECT"];
    for mode in [Mode::Replace, Mode::Append] {
        let tables = Tables { name: Some("of \"weird'; names".into()), mode, ..Tables::default() };
        let flow = case.flow_of(Lines { columns, ..Lines::default() }, tables);
        let outcome = one(&flow, &case.source("a", "1\n2\n")).await;
        assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    }
    let names = case.sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('\"of \"\"weird''; names\"') AND attnum > 0 \
         ORDER BY attnum",
    );
    assert_eq!(names, ["source", columns[0], "source_2", columns[2], columns[3]]);
    let long = "ü".repeat(32).leak();
    let columns = ["a", "b", "c", long];
    let flow = case.flow_of(Lines { columns, ..Lines::default() }, Tables::default());
    let outcome = one(&flow, &case.source("a", "1\n")).await;
    assert!(reason(&outcome).contains("is longer than the 63 bytes of a name"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_a_clear_error() {
    let Some(case) = Case::new() else { return };
    case.sql("CREATE TABLE lines_rows (source text, number integer, is_number boolean, value float8, text text)");
    let outcome = one(&case.flow(Tables::default()), &case.source("a", "1\n")).await;
    assert_eq!(
        reason(&outcome),
        "the table `lines_rows` has other columns: its column `number` holds something else, and these rows have integers"
    );
    case.sql("DROP TABLE lines_rows");
    let outcome = one(&case.flow(Tables::default()), &case.source("a", "1\na\0b\n")).await;
    assert_eq!(outcome.report.status, Status::Rejected);
    assert_eq!(
        reason(&outcome),
        "row 2 has a NUL in `text`, which PostgreSQL does not hold in a text"
    );
    let key = "ALTER TABLE lines_rows ADD CHECK (number < 2)";
    case.sql(key);
    let outcome = one(&case.flow(Tables::default()), &case.source("a", "1\n2\n")).await;
    assert_eq!(outcome.report.status, Status::Failed);
    assert!(reason(&outcome).contains("violates check constraint"), "{outcome:?}");
    assert_eq!(case.sql("SELECT count(*) FROM lines_rows"), ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_come_from_where_libpq_takes_them_and_are_never_shown() {
    let Some(case) = Case::new() else { return };
    let (user, host) = (case.server.user(), case.server.host());
    let bare = place(format!("postgres://{user}@{host}/{}&sslmode=disable", case.database));
    let source = case.source("a", "1\n");
    let flow = |to: &Location, variables: [(&str, &str); 1]| {
        case.flow_to(to.clone(), Lines::default(), mode(Mode::Replace), variables)
    };
    let file = case.folder.path().join("pgpass");
    std::fs::write(&file, format!("*:*:*:{user}:{}\n", case.server.password())).expect("written");
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
    let outcome = one(&flow(&bare, [("PGPASSFILE", file.to_str().expect("UTF-8"))]), &source).await;
    assert_eq!(outcome.report.status, Status::Ok, "{outcome:?}");
    let outcome = one(&flow(&bare, [("PGPASSWORD", case.server.password())]), &source).await;
    assert_eq!(outcome.report.status, Status::Skipped, "{outcome:?}");
    let wrong = flow(&bare, [("PGPASSWORD", "secret-and-wrong")]);
    let none = flow(&bare, [("PGAPPNAME", "x")]);
    let nobody = flow(&place("postgres://ann:secret-too@127.0.0.1:1/db"), [("PGAPPNAME", "x")]);
    for (flow, kind) in
        [(wrong, ErrorKind::Storage), (none, ErrorKind::Storage), (nobody, ErrorKind::Unavailable)]
    {
        let outcome = one(&flow, &source).await;
        let error = outcome.error.as_ref().expect("refused");
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(!format!("{outcome:?} {flow:?} {}", error.chain()).contains("secret"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_what_was_asked_for() {
    let Some(case) = Case::new() else { return };
    let login = format!("{}:{}", case.server.user(), case.server.password());
    let port = case.server.host().rsplit(':').next().expect("a port").to_owned();
    let to = |host: &str, options: &str| {
        place(format!("postgres://{login}@{host}:{port}/{}&{options}", case.database))
    };
    let source = case.source("a", "1\n");
    let flow = |to: Location| case.flow_to(to, Lines::default(), mode(Mode::Append), []);
    let outcome = one(&flow(to("127.0.0.1", "sslmode=require")), &source).await;
    assert!(reason(&outcome).contains("cannot be reached"), "it has no TLS yet: {outcome:?}");
    let Some(certificate) = case.server.with_tls() else { return };
    let root = format!("sslmode=verify-full&sslrootcert={}", certificate.display());
    for (host, options, fits) in [
        ("127.0.0.1", "sslmode=disable", true),
        ("127.0.0.1", "sslmode=prefer", true),
        ("127.0.0.1", "sslmode=require", true),
        ("localhost", root.as_str(), true),
        // The certificate is for another name, and by nobody the system knows.
        ("127.0.0.1", root.as_str(), false),
        ("localhost", "sslmode=verify-full", false),
    ] {
        let source = case.source("a", "1\n");
        let outcome = one(&flow(to(host, options)), &source).await;
        assert_eq!(outcome.report.status == Status::Ok, fits, "{host} {options}: {outcome:?}");
    }
}

/// Between a load and its server: what it does with the end of the first transaction that noted a load.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    /// The server gets the `COMMIT`, and its answer is lost.
    Answer,
    /// The server never gets it.
    Commit,
}

/// A port whose connections go to `server`, until one is cut, and whether one was.
fn proxy(server: String, cut: Cut) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let done = Arc::new(AtomicBool::new(false));
    let was_cut = Arc::clone(&done);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, server) =
                (client.expect("a client"), TcpStream::connect(&server).expect("a server"));
            let (mut back, mut answers) =
                (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
            let lost = Arc::new(AtomicBool::new(false));
            let is_lost = Arc::clone(&lost);
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = answers.read(&mut bytes) {
                    if is_lost.load(Ordering::SeqCst) || back.write_all(&bytes[..read]).is_err() {
                        return;
                    }
                }
            });
            let (done, mut server) = (Arc::clone(&done), server);
            std::thread::spawn(move || {
                let (mut bytes, mut has_noted) = ([0; 4096], false);
                while let Ok(read @ 1..) = client.read(&mut bytes) {
                    let has = |word: &str| {
                        bytes[..read].windows(word.len()).any(|part| part == word.as_bytes())
                    };
                    has_noted |= has("INSERT INTO brawn_loads");
                    if has_noted && has("COMMIT") && !done.swap(true, Ordering::SeqCst) {
                        lost.store(true, Ordering::SeqCst);
                        if cut == Cut::Answer {
                            server.write_all(&bytes[..read]).expect("a server");
                        }
                        std::thread::sleep(Duration::from_millis(50));
                        client.shutdown(std::net::Shutdown::Both).expect("a socket");
                        server.shutdown(std::net::Shutdown::Both).expect("a socket");
                        return;
                    }
                    server.write_all(&bytes[..read]).expect("a server");
                }
                let _ = server.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (port, was_cut)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_while_it_commits_doubles_nothing_and_loses_nothing() {
    let Some(case) = Case::new() else { return };
    for (cut, tables) in [
        (Cut::Answer, mode(Mode::Append)),
        (Cut::Commit, mode(Mode::Append)),
        (Cut::Answer, mode(Mode::Upsert)),
        (Cut::Commit, mode(Mode::Upsert)),
    ] {
        case.sql("DROP TABLE IF EXISTS lines_rows, lines_rejects, brawn_loads");
        let (port, was_cut) = proxy(case.server.host(), cut);
        let login = format!("{}:{}", case.server.user(), case.server.password());
        let to =
            place(format!("postgres://{login}@127.0.0.1:{port}/{}&sslmode=disable", case.database));
        let flow = case.flow_to(to, Lines::default(), tables, []);
        let outcome = one(&flow, &case.source("a", "x\ny\nbad\n")).await;
        assert!(was_cut.load(Ordering::SeqCst));
        assert_eq!(outcome.report.status, Status::Ok, "{cut:?} {outcome:?}");
        assert_eq!(outcome.report.outputs[0].rows, Some(2));
        assert_eq!(case.rows(), "a:1:x a:2:y", "{cut:?}");
        assert_eq!(case.sql("SELECT count(*) FROM lines_rejects"), ["1"]);
    }
}
