//! The function under test: this very test program, started again as a process of its own. It speaks HTTP by hand, so that
//! nothing of the emulator's own is on both sides.

#![expect(
    clippy::disallowed_methods,
    clippy::exit,
    clippy::zombie_processes,
    reason = "functions that end badly are what is tested"
)]

mod extension;
mod peer;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Set in the process that is the function: what it does.
pub(crate) const ACT: &str = "BRAWN_TEST_ACT";

/// The command that runs this program as a function.
pub(crate) fn command() -> Vec<std::ffi::OsString> {
    let program = std::env::current_exe().expect("this program has a path");
    let filter = ["--exact", "function::this_program_as_the_function", "--nocapture"];
    std::iter::once(program.into_os_string()).chain(filter.map(Into::into)).collect()
}

#[test]
fn this_program_as_the_function() {
    // In every other process this test has nothing to do.
    let Ok(act) = std::env::var(ACT) else { return };
    match act.as_str() {
        "crash at init" => {
            eprintln!("no such table: thumbs");
            std::process::exit(7);
        }
        "report at init" => {
            let body =
                r#"{"errorType":"Function.NoModel","errorMessage":"no model","stackTrace":[]}"#;
            let kind = ("Lambda-Runtime-Function-Error-Type", "Function.NoModel");
            assert_eq!(
                call("POST", "/2018-06-01/runtime/init/error", &[kind], body.as_bytes()).status,
                202
            );
            std::process::exit(1);
        }
        "never poll" => loop {
            std::thread::sleep(Duration::from_secs(1));
        },
        "lambda_runtime" => peer::sequential(),
        "managed" => peer::concurrent(),
        "external extension" => extension::process(),
        "extension that crashes" => {
            extension::register("crashing", r#"{"events":["INVOKE"]}"#);
            std::process::exit(3);
        }
        "extension that ends" => {
            let id = extension::register("ending", r#"{"events":["INVOKE"]}"#);
            let known = [("Lambda-Extension-Identifier", id.as_str())];
            call("GET", "/2020-01-01/extension/event/next", &known, b"");
            call("POST", "/2020-01-01/extension/exit/error", &known, b"{}");
            std::process::exit(3);
        }
        "extension that stays" => {
            let id = extension::register("staying", r#"{"events":["SHUTDOWN"]}"#);
            let known = [("Lambda-Extension-Identifier", id.as_str())];
            call("GET", "/2020-01-01/extension/event/next", &known, b"");
            println!("it stays");
            std::thread::sleep(Duration::from_secs(60));
        }
        "extension" => {
            // SHUTDOWN is for external ones.
            let name = ("Lambda-Extension-Name", "watcher");
            let events = br#"{"events":["INVOKE","SHUTDOWN"]}"#;
            let refused = call("POST", "/2020-01-01/extension/register", &[name], events);
            println!("registering for SHUTDOWN: {}", refused.status);
            // Before the first event is asked for, as an internal extension must.
            let id = extension::register("watcher", r#"{"events":["INVOKE"]}"#);
            std::thread::spawn(move || extension::listen(&id));
            serve();
        }
        _ => serve(),
    }
}

fn serve() -> ! {
    let mut count = 0;
    loop {
        let event = call("GET", "/2018-06-01/runtime/invocation/next", &[], b"");
        assert_eq!(event.status, 200);
        count += 1;
        let payload: Value = serde_json::from_slice(&event.body).expect("events are JSON");
        handle(&event, &payload, count);
    }
}

fn handle(event: &Answer, payload: &Value, count: u64) {
    if let Some(records) = payload["Records"].as_array() {
        return triggered(event, records);
    }
    let id = event.header("lambda-runtime-aws-request-id");
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    let number = |name: &str| payload[name].as_u64().unwrap_or(0);
    let answer = |value: &Value| call("POST", &path, &[], value.to_string().as_bytes()).status;
    match payload["do"].as_str().unwrap_or("echo") {
        "echo" => {
            let headers: serde_json::Map<String, Value> =
                event.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            let variables: serde_json::Map<String, Value> = std::env::vars()
                .filter(|(name, _)| {
                    name.contains("AWS") || name.contains("LAMBDA") || name == "_HANDLER"
                })
                .map(|(name, value)| (name, json!(value)))
                .collect();
            answer(
                &json!({ "event": payload, "headers": headers, "variables": variables, "count": count }),
            );
        }
        "spin" => {
            let begun = Instant::now();
            spin(Duration::from_millis(number("ms")), number("threads").max(1));
            answer(&json!({ "wall_ms": begun.elapsed().as_secs_f64() * 1e3 }));
        }
        "work" => {
            work(number("serial"), number("parallel"), number("copied_mb"));
            std::thread::sleep(Duration::from_millis(number("wait_ms")));
            answer(&json!("worked"));
        }
        "count cores" => {
            answer(&json!(std::thread::available_parallelism().map_or(0, std::num::NonZero::get)));
        }
        "sleep" => {
            std::thread::sleep(Duration::from_millis(number("ms")));
            answer(&json!("slept"));
        }
        "fail" => {
            let path = format!("/2018-06-01/runtime/invocation/{id}/error");
            let body = r#"{"errorType":"Oops","errorMessage":"it is raining","stackTrace":[]}"#;
            assert_eq!(call("POST", &path, &[], body.as_bytes()).status, 202);
        }
        "exit" => std::process::exit(i32::try_from(number("code")).expect("a code")),
        "hold" => {
            let held = hold(number("mb"));
            answer(&json!({ "held": held.len() }));
        }
        "print" => {
            let line = [b'x'; 8192];
            let mut stdout = std::io::stdout().lock();
            for _ in 0..number("mb") << 7 {
                stdout.write_all(&line).expect("the pipe is read");
            }
            drop(stdout);
            answer(&json!("printed"));
        }
        "print lines" => {
            println!("line one\nline two");
            answer(&json!("printed"));
        }
        "answer twice" => {
            let first = answer(&json!("first"));
            let second = answer(&json!("second"));
            println!("statuses {first} {second}");
        }
        "answer with a stale id" => {
            let nonce = ("Lambda-Runtime-Invocation-Id", "another attempt");
            let stale = call("POST", &path, &[nonce], b"1").status;
            let other = call("POST", &path.replace(&id, "no-such-id"), &[], b"1").status;
            let mode = ("Lambda-Runtime-Function-Response-Mode", "carrier pigeon");
            let bad_mode = call("POST", &path, &[mode], b"1").status;
            let early = call("GET", "/2018-06-01/runtime/invocation/next", &[], b"").status;
            let init = call("POST", "/2018-06-01/runtime/init/error", &[], b"{}").status;
            answer(&json!([stale, other, bad_mode, early, init]));
        }
        "answer too much" => {
            let body = vec![b'1'; (6 << 20) + 101];
            let status = call("POST", &path, &[], &body).status;
            println!("status {status}");
        }
        "fork" => {
            // One child in the group, one that leaves it, one whose parent is gone.
            let child = Command::new("sleep").arg("300").spawn().expect("sleep");
            let left = Command::new("setsid").args(["sleep", "300"]).spawn();
            Command::new("sh").args(["-c", "sleep 300 &"]).status().expect("sh");
            answer(&json!({ "child": child.id(), "left": left.is_ok() }));
        }
        "crowd" => {
            // Each leaves its group, and none has a parent that waits for it.
            for _ in 0..number("count") {
                Command::new("sh").args(["-c", "setsid sleep 300 &"]).status().expect("sh");
            }
            loop {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        "stream" => stream(&path, number("ms")),
        "tick" => {
            // Work that is left behind: it must not go on between invocations.
            let file = payload["file"].as_str().expect("a file").to_owned();
            std::thread::spawn(move || {
                let mut file = std::fs::File::create(file).expect("made");
                loop {
                    file.write_all(b".").expect("written");
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            answer(&json!("ticking"));
        }
        other => panic!("`{other}` is nothing that is tested"),
    }
}

/// An event of a source: printed, and failed where a record says so by its key or body.
fn triggered(event: &Answer, records: &[Value]) {
    let id = event.header("lambda-runtime-aws-request-id");
    let answer = |ending: &str, body: &str| {
        let path = format!("/2018-06-01/runtime/invocation/{id}/{ending}");
        assert_eq!(call("POST", &path, &[], body.as_bytes()).status, 202);
    };
    println!("records {}", json!(records));
    let text = |record: &Value| {
        let key = record["s3"]["object"]["key"].as_str().or_else(|| record["body"].as_str());
        key.expect("a key or a body").to_owned()
    };
    if records.iter().any(|record| text(record).contains("fail")) {
        return answer("error", r#"{"errorType":"Oops","errorMessage":"it is raining"}"#);
    }
    let half = records.iter().filter(|record| text(record) == "half");
    let failures: Vec<Value> =
        half.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
    answer("response", &json!({ "batchItemFailures": failures }).to_string());
}

/// Burns CPU time on each of `threads`: measured as CPU time, so that a share shows in the wall time.
fn spin(each: Duration, threads: u64) {
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(move || {
                let used = || {
                    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
                    Duration::new(
                        time.tv_sec.unsigned_abs(),
                        u32::try_from(time.tv_nsec).unwrap_or(0),
                    )
                };
                let begun = used();
                while used() - begun < each {
                    std::hint::black_box((0..500).sum::<u64>());
                }
            });
        }
    });
}

/// A fixed amount of work, unlike `spin`: millions of steps on one thread, then as many shared by a thread for each visible core,
/// which copy memory too, far more of it than a cache holds.
fn work(serial: u64, parallel: u64, copied_mb: u64) {
    let steps = |millions: u64| {
        let mut state = 1_u64;
        for step in 0..millions * 1_000_000 {
            state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005) ^ step);
        }
    };
    steps(serial);
    if parallel + copied_mb == 0 {
        return;
    }
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(move || {
                steps(parallel / threads);
                if copied_mb > 0 {
                    let source = vec![1_u8; 128 << 20];
                    let mut target = vec![0_u8; source.len()];
                    for _ in 0..copied_mb / threads / 128 {
                        target.copy_from_slice(std::hint::black_box(&source));
                        std::hint::black_box(&target);
                    }
                }
            });
        }
    });
}

/// Touches every page, a megabyte at a time.
fn hold(mb: u64) -> Vec<u8> {
    let mut held = Vec::new();
    for count in 0..mb {
        held.resize(usize::try_from((count + 1) << 20).expect("fits"), 1);
        println!("{} MB", count + 1);
    }
    held
}

/// Two chunks with a pause in between, behind the metadata of an HTTP response.
fn stream(path: &str, pause_ms: u64) {
    let mut socket = connect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: lambda\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\
         lambda-runtime-function-response-mode: streaming\r\n\
         content-type: application/vnd.awslambda.http-integration-response\r\n\r\n"
    );
    let chunk =
        |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let metadata = br#"{"statusCode":202,"headers":{"x-streamed":"yes"}}"#;
    let first = [metadata.as_slice(), &[0; 8], b"one "].concat();
    socket.write_all(&[head.into_bytes(), chunk(&first)].concat()).expect("sent");
    std::thread::sleep(Duration::from_millis(pause_ms));
    socket.write_all(&[chunk(b"two"), b"0\r\n\r\n".to_vec()].concat()).expect("sent");
    assert_eq!(read(socket).status, 202);
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

fn connect() -> TcpStream {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("the emulator says where it is");
    TcpStream::connect(api).expect("the Runtime API listens")
}

fn call(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    exchange(connect(), method, path, headers, body)
}

/// One request on a connection of its own.
pub(crate) fn exchange(
    mut socket: TcpStream,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: lambda\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    let request = [head.as_bytes(), b"\r\n", body].concat();
    socket.write_all(&request).expect("sent");
    read(socket)
}

fn read(mut socket: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).expect("an answer");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
    let mut body = bytes.split_off(end + 4);
    let mut lines = head.lines();
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunked(&body);
    }
    Answer { status, headers, body }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n").expect("a chunk");
        let size = std::str::from_utf8(&bytes[..end]).expect("text");
        let size = usize::from_str_radix(size, 16).expect("a size");
        if size == 0 {
            return body;
        }
        body.extend(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
}
