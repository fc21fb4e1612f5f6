//! `brawn emulate` and `brawn invoke`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{brawn, code, run, stderr};

/// `brawn emulate` on a free port, and where it listens.
fn emulate(args: &[&str]) -> (Child, String) {
    let words = ["emulate", "--invoke-port", "0"];
    let mut child = brawn(words.iter().chain(args))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    let address = first.split("http://").nth(1).expect("an address").to_owned();
    // Read on, so that what it says later finds a reader.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

fn kill(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Whether some process has `mark` among its arguments.
fn runs(mark: &str) -> bool {
    std::fs::read_dir("/proc").expect("Linux").flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(mark))
    })
}

fn within_seconds(seconds: u64, holds: impl Fn() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn however_the_emulator_ends_the_function_ends_too() {
    for (count, (signal, status)) in [("-INT", Some(130)), ("-KILL", None)].into_iter().enumerate()
    {
        // A time that nobody else sleeps for.
        let seconds = format!("{}.{count}", 400_000 + std::process::id());
        let (mut child, address) = emulate(&["--", "sleep", &seconds]);
        let mut caller = TcpStream::connect(&address).expect("it listens");
        let call = "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
        caller.write_all(call.as_bytes()).expect("sent");
        assert!(within_seconds(5, || runs(&seconds)), "the function starts");
        kill(&child, signal);
        assert_eq!(child.wait().expect("it ends").code(), status);
        assert!(within_seconds(5, || !runs(&seconds)), "{signal}: the function is left behind");
    }
}

#[test]
fn a_function_in_python_is_invoked_from_the_command_line() {
    if !Command::new("python3").arg("-c").arg("").status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: python3 is not on this machine");
        return;
    }
    let script = r#"
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        id, payload = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    ending = "/error" if payload.get("fail") else "/response"
    answer = json.dumps({"keys": sorted(payload), "table": os.environ["TABLE"]}).encode()
    urllib.request.urlopen(api + id + ending, data=answer).close()
"#;
    let (mut child, address) = emulate(&["--env", "TABLE=thumbs", "--", "python3", "-c", script]);
    let port = address.rsplit(':').next().expect("a port").to_owned();
    let invoke = |args: &[&str]| run(&[&["invoke", "-p", port.as_str()], args].concat());
    let answer = invoke(&["--event", "s3"]);
    assert_eq!(code(&answer), 0, "{}", stderr(&answer));
    let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    assert_eq!(value, serde_json::json!({"keys": ["Records"], "table": "thumbs"}));
    assert_eq!(code(&invoke(&["--data-ascii", r#"{"fail":true}"#])), 1);
    let queued = invoke(&["--data-ascii", "{}", "--invocation-type", "Event"]);
    assert_eq!((code(&queued), queued.stdout.len()), (0, 0));
    kill(&child, "-TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
}

#[test]
fn files_and_lines_become_events_of_s3_and_sqs() {
    if !Command::new("python3").arg("-c").arg("").status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: python3 is not on this machine");
        return;
    }
    let script = r#"
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        id, record = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)["Records"][0]
    print("seen", record.get("body") or record["s3"]["object"]["key"], flush=True)
    urllib.request.urlopen(api + id + "/response", data=b"null").close()
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    std::fs::create_dir(path("uploads")).expect("made");
    std::fs::write(path("uploads/a photo.jpg"), "x").expect("written");
    std::fs::write(path("jobs.jsonl"), "{\"job\":1}\n\n{\"job\":2}\n").expect("written");
    let (uploads, jobs) = (path("uploads"), path("jobs.jsonl"));
    let words = [
        "emulate",
        "--invoke-port",
        "0",
        "--s3",
        &uploads,
        "--s3-existing",
        "--s3-settle",
        "0",
        "--sqs",
        "jobs.fifo",
        "--sqs-batch-size",
        "1",
        "--sqs-messages",
        &jobs,
        "--",
        "python3",
        "-c",
        script,
    ];
    let out = std::fs::File::create(path("log")).expect("made");
    let mut child = brawn(words).stdout(out).stderr(Stdio::null()).spawn().expect("it starts");
    let log = || std::fs::read_to_string(path("log")).unwrap_or_default();
    let all = || log().matches("\nEND ").count() == 3;
    assert!(within_seconds(30, all), "{}", log());
    kill(&child, "-INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let log = log();
    let mut seen: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("seen ")).collect();
    let jobs: Vec<&str> = seen.extract_if(.., |line| line.starts_with('{')).collect();
    assert_eq!((jobs, seen), (vec!["{\"job\":1}", "{\"job\":2}"], vec!["a+photo.jpg"]), "{log}");
}

#[test]
fn what_cannot_be_invoked_or_run_is_said() {
    let printed = run(&["invoke", "--event", "sqs", "--print"]);
    let event: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(event["Records"][0]["eventSource"], "aws:sqs");
    for (args, said) in [
        (["invoke", "--data-ascii", "{"].as_slice(), "the event is not JSON"),
        (&["invoke", "--event", "pigeon"], "there is no event `pigeon`: s3,"),
        (&["invoke", "-p", "1"], "nothing listens on 127.0.0.1:1"),
        (&["emulate", "--memory", "64", "sh"], "64 MB is not a memory size of Lambda"),
        (&["emulate", "sh", "--memory", "64"], "64 MB is not a memory size of Lambda"),
        (&["emulate", "./no-such-bootstrap"], "there is no program `./no-such-bootstrap`"),
        (&["emulate", "--s3", "no-such-folder", "sh"], "cannot read the folder `no-such-folder`"),
        (&["emulate", "--s3-prefix", "in/", "sh"], "--s3 <FOLDER>"),
        (&["emulate", "--sqs", "a b", "sh"], "`a b` cannot name a queue"),
        (&["emulate", "--sqs", "q", "--sqs-batch-size", "11", "sh"], "window of at least 1 s"),
        (
            &["emulate", "--sqs", "q", "--sqs-messages", "no-such-file", "sh"],
            "cannot read `no-such-file`",
        ),
        (
            &["emulate", "-p", "0", "--sqs", "q", "--sqs-visibility-timeout", "5", "sh"],
            "less than the function's timeout of 30 s",
        ),
        (
            &["emulate", "--extensions", "no-such-folder", "sh"],
            "cannot read the extensions in `no-such-folder`",
        ),
        (&["emulate", "--concurrency", "2", "--max-concurrency", "2", "sh"], "cannot be used with"),
    ] {
        let refused = run(args);
        assert_eq!(code(&refused), 2, "{args:?}");
        assert!(stderr(&refused).contains(said), "{}", stderr(&refused));
    }
}

#[test]
fn two_tunings_are_compared_from_their_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let tuning = |ms: f64| {
        serde_json::json!({
            "power": 1769, "cost": 1e-6, "duration": ms, "strategy": "cost", "balancedWeight": 0.5, "num": 5,
            "stateMachine": { "executionCost": 0.0, "lambdaCost": 1e-5, "visualization": "" },
            "stats": [{
                "value": 1769, "averagePrice": 1e-6, "averageDuration": ms, "totalCost": 5e-6, "outcome": "ok",
                "probe": false, "invocations": 5, "warmDuration": ms, "p50": ms, "p95": ms, "p99": ms, "spread": 0.0,
                "cpuMs": ms, "cpuUtilisation": 1.0, "share": 1.0, "peakMemoryMb": 20, "memoryMarginMb": 1749
            }],
            "command": "x", "architecture": "x86_64", "enforced": "", "machineVcpus": 2.0, "notMeasured": [],
            "explanation": null, "predicted": [],
            "prices": {
                "region": "us-east-1", "as_of": "2026-08-19", "source": "", "gb_second_x86_64": 1.66667e-5,
                "gb_second_arm64": 1.33334e-5, "request": 2e-7, "tmp_gb_second": 3.09e-8,
                "free_gb_seconds": 4e5, "free_requests": 1e6
            }
        })
    };
    let file = |name: &str, ms: f64| {
        let path = folder.path().join(name);
        std::fs::write(&path, tuning(ms).to_string()).expect("written");
        path.to_str().expect("text").to_owned()
    };
    let (before, after) = (file("before.json", 200.0), file("after.json", 100.0));
    let page = folder.path().join("page.html");
    let words = ["tune", "--compare", &before, &after, "--html", page.to_str().expect("text")];
    let done = run(&words);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("1769") && said.contains("-50 %"), "{said}");
    assert!(std::fs::read_to_string(page).expect("a page").contains("\"before\":{"));
    let refused = run(&["tune", "--num", "3", "sh"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("5 at least"), "{}", stderr(&refused));
}

/// Nothing is contacted: a build without the feature cannot.
#[cfg(not(feature = "aws"))]
#[test]
fn a_function_on_aws_takes_a_build_with_the_feature() {
    for name in ["lambda:thumbs", "arn:aws:lambda:eu-west-1:123456789012:function:thumbs"] {
        let refused = run(&["tune", name, "--num", "5"]);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains("`--features aws`"), "{}", stderr(&refused));
    }
}
