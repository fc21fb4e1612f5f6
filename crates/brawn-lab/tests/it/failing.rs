//! Functions that misbehave: the emulator survives, says what happened, and leaves nothing behind.

use std::time::{Duration, Instant};

use brawn_lab::{Enforcement, Settings, Status};
use serde_json::json;

use crate::{Lab, cgroups_of, processes_with, settings, ways};

fn error_type(kind: &str) -> Status {
    Status::Error(kind.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_init_is_tried_again_and_named() {
    let lab = Lab::start(settings("crash at init")).await;
    let (error, report) = lab.invoke(json!({})).await;
    assert_eq!(error["errorType"], "Runtime.ExitError");
    let message = error["errorMessage"].as_str().expect("text");
    assert!(message.ends_with("Error: Runtime exited with error: exit status 7"), "{message}");
    assert_eq!(report.status, error_type("Runtime.ExitError"));
    let log = lab.log.text();
    assert_eq!(log.matches("no such table: thumbs").count(), 2, "{log}");
    assert!(
        log.contains("INIT_REPORT Init Duration: ") && log.contains("Phase: init\tStatus: error")
    );
    assert!(log.contains("Phase: invoke\tStatus: error\tError Type: Runtime.ExitError\n"), "{log}");
    assert!(!log.contains("\tInit Duration: ") && report.init.is_none(), "{log}");
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_init_error_reaches_the_caller_in_the_functions_words() {
    let lab = Lab::start(settings("report at init")).await;
    let (error, report) = lab.invoke(json!({})).await;
    assert_eq!(error["errorMessage"], "no model");
    assert_eq!(report.status, error_type("Function.NoModel"));
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_never_polls_ends_at_both_limits() {
    let limits = Settings {
        init_limit: Duration::from_millis(300),
        timeout: Duration::from_millis(400),
        ..settings("never poll")
    };
    let lab = Lab::start(limits).await;
    let begun = Instant::now();
    let (error, report) = lab.invoke(json!({})).await;
    assert!((700..2000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(report.status, Status::Timeout);
    assert!(
        error["errorMessage"].as_str().expect("text").ends_with("timed out after 0.40 seconds")
    );
    assert!(lab.log.text().contains("Phase: init\tStatus: timeout"));
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeout_is_told_by_its_setting_after_an_init_within_it() {
    let lab = Lab::start(Settings { timeout: Duration::from_secs(1), ..settings("serve") }).await;
    for _ in 0..2 {
        // The second time the process is started within the invocation, which leaves it less.
        let (error, _) = lab.invoke(json!({"do": "sleep", "ms": 5000})).await;
        let message = error["errorMessage"].as_str().expect("text");
        assert!(message.ends_with("Task timed out after 1.00 seconds"), "{message}");
    }
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeout_ends_the_process_and_the_next_invocation_starts_anew() {
    for enforcement in ways() {
        let limits =
            Settings { timeout: Duration::from_millis(400), enforcement, ..settings("serve") };
        let lab = Lab::start(limits).await;
        lab.invoke(json!({"do": "echo"})).await;
        let (error, report) = lab.invoke(json!({"do": "spin", "ms": 5000})).await;
        assert_eq!(error["errorType"], "Sandbox.Timedout");
        assert_eq!(report.status, Status::Timeout);
        // It answers too late, or rather never: it is gone.
        let (next, again) = lab.invoke(json!({"do": "echo"})).await;
        assert_eq!((&next["count"], again.init), (&json!(1), None));
        let log = lab.log.text();
        assert!(log.contains("Task timed out after 0.40 seconds\n"), "{log}");
        assert!(log.contains("Status: timeout\n"), "{log}");
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_during_an_invocation_is_named_by_its_status() {
    let lab = Lab::start(settings("serve")).await;
    for (code, said) in [
        (3, "Runtime exited with error: exit status 3"),
        (0, "Runtime exited without providing a reason"),
    ] {
        let (error, report) = lab.invoke(json!({"do": "exit", "code": code})).await;
        assert!(error["errorMessage"].as_str().expect("text").ends_with(said), "{error}");
        assert_eq!(report.status, error_type("Runtime.ExitError"));
    }
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_stdout_does_not_grow_the_emulator() {
    // The log of this test keeps nothing: what grows would be the emulator.
    let settings = Settings { timeout: Duration::from_secs(300), ..settings("serve") };
    let emulator = brawn_lab::Emulator::new(settings, std::sync::Arc::new(brawn_lab::Discard))
        .expect("good settings");
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/statm").expect("Linux");
        status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096
    };
    let mut first = emulator.invoke(r#"{"do":"print","mb":1}"#);
    first.report().await.expect("a report");
    let before = resident();
    let mut flood = emulator.invoke(r#"{"do":"print","mb":1024}"#);
    let report = flood.report().await.expect("a report");
    assert_eq!(report.status, Status::Success);
    let grown = resident().saturating_sub(before);
    // Other tests run in this process meanwhile: some of them hold megabytes.
    assert!(grown < 128 << 20, "{} MB", grown >> 20);
    emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forks_and_daemons_end_with_their_environment() {
    for enforcement in ways() {
        let mark = format!("forks-of-{enforcement:?}-{}", std::process::id());
        let mut settings = Settings { enforcement, ..settings("serve") };
        settings.variables.push(("TEST_MARK".to_owned(), mark.clone()));
        let lab = Lab::start(settings).await;
        let (_, report) = lab.invoke(json!({"do": "fork"})).await;
        assert_eq!(report.status, Status::Success);
        let alive = processes_with(&mark);
        assert!(alive.len() >= 3, "{alive:?}");
        let folders: Vec<_> = alive.iter().flat_map(|pid| cgroups_of(pid)).collect();
        assert_eq!(folders.is_empty(), enforcement != Enforcement::Cgroup);
        lab.emulator.shut_down().await;
        assert_eq!(processes_with(&mark), Vec::<String>::new(), "{enforcement:?}");
        assert!(!folders.iter().any(|folder| folder.exists()), "{folders:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_that_have_ended_are_waited_for() {
    for enforcement in ways() {
        let lab = Lab::start(Settings { enforcement, ..settings("serve") }).await;
        let (orphans, _) = lab.invoke(json!({"do": "orphans", "count": 10})).await;
        let orphans = orphans.as_array().expect("their numbers").clone();
        assert_eq!(orphans.len(), 10);
        let left = || {
            let is_there =
                |pid: &&serde_json::Value| std::path::Path::new(&format!("/proc/{pid}")).exists();
            orphans.iter().filter(is_there).count()
        };
        let until = Instant::now() + Duration::from_secs(20);
        while left() > 0 && Instant::now() < until {
            lab.invoke(json!({"do": "sleep", "ms": 20})).await;
        }
        assert_eq!(left(), 0, "{enforcement:?}");
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_daemons_ends_at_the_timeout() {
    for enforcement in ways() {
        let mark = format!("crowd-of-{enforcement:?}-{}", std::process::id());
        let timeout = Duration::from_secs(3);
        let mut settings = Settings { enforcement, timeout, ..settings("serve") };
        settings.variables.push(("TEST_MARK".to_owned(), mark.clone()));
        let lab = Lab::start(settings).await;
        let pending = lab.emulator.invoke(json!({"do": "crowd", "count": 100}).to_string());
        let seen = async {
            let mut most = Vec::new();
            while most.len() < 50 {
                most = processes_with(&mark);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            most.iter().flat_map(|pid| cgroups_of(pid)).collect::<Vec<_>>()
        };
        let folders = tokio::time::timeout(timeout * 4, seen).await.expect("they come");
        let mut pending = pending;
        let report = pending.report().await.expect("a report");
        assert_eq!(report.status, Status::Timeout, "{enforcement:?}");
        assert_eq!(processes_with(&mark), Vec::<String>::new(), "{enforcement:?}");
        assert!(!folders.iter().any(|folder| folder.exists()), "{folders:?}");
        let (next, _) = lab.invoke(json!({"do": "echo"})).await;
        assert_eq!(next["count"], 1);
        lab.emulator.shut_down().await;
    }
}

#[test]
fn dropping_everything_leaves_nothing_either() {
    for enforcement in ways() {
        let mark = format!("dropped-{enforcement:?}-{}", std::process::id());
        // A runtime of its own that goes away in the middle of an invocation, as at Ctrl-C.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let folders: Vec<_> = runtime.block_on(async {
            let mut settings = Settings { enforcement, ..settings("serve") };
            settings.variables.push(("TEST_MARK".to_owned(), mark.clone()));
            let lab = Lab::start(settings).await;
            lab.invoke(json!({"do": "fork"})).await;
            let pending = lab.emulator.invoke(json!({"do": "spin", "ms": 5000}).to_string());
            tokio::time::sleep(Duration::from_millis(100)).await;
            drop(pending);
            processes_with(&mark).iter().flat_map(|pid| cgroups_of(pid)).collect()
        });
        assert_eq!(folders.is_empty(), enforcement != Enforcement::Cgroup);
        assert!(folders.iter().all(|folder| folder.is_dir()), "{folders:?}");
        drop(runtime);
        assert_eq!(processes_with(&mark), Vec::<String>::new(), "{enforcement:?}");
        assert!(!folders.iter().any(|folder| folder.exists()), "{folders:?}");
    }
}

#[test]
fn a_look_at_what_can_be_enforced_kills_nobody() {
    // Every process of the emulator's own bears a mark; a stranger's environment may have any words in it.
    let mut stranger = std::process::Command::new("sleep")
        .arg("60")
        .env("CI_COMMIT_MESSAGE", "a probe and [$LATEST] of it")
        .spawn()
        .expect("sleep");
    for enforcement in ways() {
        let settings = Settings { enforcement, ..Settings::new(["sh"]) };
        drop(brawn_lab::Emulator::new(settings, std::sync::Arc::new(brawn_lab::Discard)));
    }
    let ended = stranger.try_wait().expect("it is ours");
    stranger.kill().and_then(|()| stranger.wait()).expect("it ends");
    assert_eq!(ended, None);
}
