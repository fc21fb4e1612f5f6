//! A real PostgreSQL server, where its programs are installed.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The superuser, and the password that it logs in with (SCRAM-SHA-256).
const USER: &str = "brawn";
const PASSWORD: &str = "hush";

/// A server over a temporary folder on a free port of 127.0.0.1, as a user who is not root. It ends with its value, or
/// with the process.
pub struct Postgres {
    programs: PathBuf,
    root: TempDir,
    port: u16,
    running: Mutex<Option<Running>>,
}

/// A server process. It is told to end when the thread that started it does, so that thread lives as long.
struct Running {
    child: Arc<Mutex<Child>>,
    _thread: mpsc::Sender<()>,
}

impl Postgres {
    /// Starts a server; `None`, and a line that says so, where its programs are not installed.
    pub fn start() -> Option<Postgres> {
        let Some(programs) = programs() else {
            eprintln!("skipped: no PostgreSQL server (`postgres`, `initdb`, `psql`) is installed");
            return None;
        };
        let root = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        std::fs::write(root.path().join("password"), PASSWORD).expect("written");
        if is_root() {
            let status = Command::new("chown").arg("-R").arg(SERVANT).arg(root.path()).status();
            assert!(
                status.is_ok_and(|status| status.success()),
                "the folder is given to {SERVANT}"
            );
        }
        let server = Postgres { programs, root, port, running: Mutex::default() };
        let mut initdb = server.as_servant("initdb");
        initdb
            .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8"])
            .args(["--locale", "C", "--no-sync", "--no-instructions", "--pwfile"])
            .arg(server.root.path().join("password"))
            .arg(server.data());
        let made = initdb.output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.restart();
        Some(server)
    }

    /// The server that the tests of this process share, as long as one of them has it.
    pub fn shared() -> Option<Arc<Postgres>> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Postgres::start()?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    /// `host:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A location of the database, with user and password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@{}/{database}", self.host())
    }

    /// The password in [`url`](Postgres::url).
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The user in [`url`](Postgres::url).
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The folder of the server, which its user may read.
    pub fn folder(&self) -> &Path {
        self.root.path()
    }

    /// What `psql` prints for `sql`, line by line, with `|` between columns.
    pub fn sql(&self, database: &str, sql: &str) -> Vec<String> {
        let done = self.psql(database).args(["-c", sql]).output().expect("psql runs");
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}: {error}");
        String::from_utf8_lossy(&done.stdout).lines().map(str::to_owned).collect()
    }

    /// A session that stays open.
    pub fn session(&self, database: &str) -> Session {
        let mut child = self
            .psql(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql runs");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Session { child, input, output }
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url(database))
            .env("PGSSLMODE", "prefer");
        psql
    }

    /// Ends the server as `kill -9` does, its processes for connections included.
    pub fn kill(&self) {
        let running = self.running.lock().expect("no panic").take();
        let Some(running) = running else { return };
        let mut child = running.child.lock().expect("no panic");
        // Known before the first of them is gone: then they are nobody's children.
        let children = children(child.id());
        child.kill().and_then(|()| child.wait()).expect("it ran");
        if !children.is_empty() {
            let _ = Command::new("kill").arg("-KILL").args(children).stderr(Stdio::null()).status();
        }
    }

    /// Starts the server again, over what it had.
    pub fn restart(&self) {
        let begun = Instant::now();
        loop {
            *self.running.lock().expect("no panic") = Some(self.launch());
            while begun.elapsed() < Duration::from_secs(30) && self.is_running() {
                let ready = Command::new(self.programs.join("pg_isready"))
                    .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                    .status();
                if ready.is_ok_and(|ready| ready.success()) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            // The processes of one that was killed may hold its memory for a moment.
            let log = std::fs::read_to_string(self.root.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(30), "the server does not start: {log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn is_running(&self) -> bool {
        let running = self.running.lock().expect("no panic");
        running.as_ref().is_some_and(|running| {
            matches!(running.child.lock().expect("no panic").try_wait(), Ok(None))
        })
    }

    fn launch(&self) -> Running {
        let log = std::fs::File::create(self.root.path().join("log")).expect("a log");
        let mut server = self.as_servant("postgres");
        server
            .arg("-D")
            .arg(self.data())
            .args(["-h", "127.0.0.1", "-k", "", "-p", &self.port.to_string()])
            .args(["-c", "fsync=off", "-c", "deadlock_timeout=100ms", "-c", "max_connections=60"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log);
        let (sender, receiver) = mpsc::channel();
        let (lives, ends) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            let child = server.spawn().expect("postgres runs");
            sender.send(Arc::new(Mutex::new(child))).expect("someone waits");
            let _ = ends.recv();
        });
        Running { child: receiver.recv().expect("postgres runs"), _thread: lives }
    }

    /// Gives the server a certificate for `localhost`; the certificate's file. `None`, and a line that says so, where there
    /// is no `openssl` to make one.
    pub fn with_tls(&self) -> Option<PathBuf> {
        let (certificate, key) =
            (self.root.path().join("tls.crt"), self.root.path().join("tls.key"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            eprintln!("skipped: no `openssl` makes a certificate");
            return None;
        }
        if is_root() {
            let status = Command::new("chown").arg(SERVANT).args([&certificate, &key]).status();
            assert!(status.is_ok_and(|status| status.success()), "given to {SERVANT}");
        }
        for setting in [
            format!("ssl_cert_file = '{}'", certificate.display()),
            format!("ssl_key_file = '{}'", key.display()),
            "ssl = on".to_owned(),
        ] {
            self.sql("postgres", &format!("ALTER SYSTEM SET {setting}"));
        }
        self.sql("postgres", "SELECT pg_reload_conf()");
        let begun = Instant::now();
        while self.sql("postgres", "SHOW ssl") != ["on"] {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server takes no certificate");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(certificate)
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A program of the server, as a user that may run it: it refuses to be root.
    fn as_servant(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            let (user, group) = SERVANT.split_once(':').expect("both");
            command.args([
                "--reuid",
                user,
                "--regid",
                group,
                "--clear-groups",
                "--pdeathsig",
                "KILL",
            ]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.root.path()).env("LC_ALL", "C");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Who runs the server where the tests are root: `nobody`, by number, for not every system calls its group the same.
const SERVANT: &str = "65534:65534";

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("a system with users");
    id.stdout.trim_ascii() == b"0"
}

/// The processes that a process started.
fn children(parent: u32) -> Vec<String> {
    let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps runs");
    let of = |line: &str| {
        let (child, its) = line.trim().split_once(' ')?;
        (its.trim().parse() == Ok(parent)).then(|| child.to_owned())
    };
    String::from_utf8_lossy(&listed.stdout).lines().filter_map(of).collect()
}

/// The folder of the server's programs.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path)
        .map(|folder| folder.join("postgres"))
        .filter_map(|program| program.canonicalize().ok())
        .filter_map(|program| program.parent().map(Path::to_owned));
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| version.ok().map(|version| version.path().join("bin")));
    let all = ["postgres", "initdb", "psql", "pg_isready"];
    named.chain(installed).find(|folder| all.iter().all(|name| folder.join(name).exists()))
}

/// An open session of `psql`.
#[derive(Debug)]
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Sends statements and does not wait.
    pub fn send(&mut self, sql: &str) {
        writeln!(self.input, "{sql};").and_then(|()| self.input.flush()).expect("psql reads");
    }

    /// Runs statements, and gives what they print.
    pub fn run(&mut self, sql: &str) -> Vec<String> {
        self.send(sql);
        self.wait()
    }

    /// Waits for what was sent.
    pub fn wait(&mut self) -> Vec<String> {
        writeln!(self.input, "\\echo -- done")
            .and_then(|()| self.input.flush())
            .expect("psql reads");
        let lines = self.output.by_ref().lines().map(|line| line.expect("psql writes"));
        lines.take_while(|line| line != "-- done").collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
