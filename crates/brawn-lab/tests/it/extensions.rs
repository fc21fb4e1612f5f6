//! Extensions in the function's process and as processes of their own, and what they learn by the Telemetry API.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use brawn_lab::{Emulator, Settings, Status};
use serde_json::{Value, json};

use crate::{Lab, function, processes_with, settings, ways};

/// A folder with one extension in it: this program, doing `act`.
fn folder_with(name: &str, act: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let words: Vec<String> = function::command()
        .iter()
        .map(|word| format!("'{}'", word.to_str().expect("text")))
        .collect();
    let script = format!("#!/bin/sh\n{}='{act}' exec {}\n", function::ACT, words.join(" "));
    let path = folder.path().join(name);
    std::fs::write(&path, script).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_internal_extension_is_told_of_invocations_and_ended_by_sigterm() {
    let lab = Lab::start(settings("extension")).await;
    lab.invoke(json!({"do": "echo"})).await;
    lab.emulator.shut_down().await;
    let log = lab.log.text();
    assert!(log.contains("registering for SHUTDOWN: 403"), "{log}");
    assert!(log.contains("EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE]\n"), "{log}");
    assert!(log.contains("extension saw INVOKE"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_external_extension_lives_around_the_function_and_gets_its_telemetry() {
    for enforcement in ways() {
        let folder = folder_with("watcher", "external extension");
        let extensions = Some(folder.path().to_owned());
        let mark = format!("extensions-{enforcement:?}-{}", std::process::id());
        let mut settings = Settings { enforcement, extensions, ..settings("serve") };
        settings.variables.push(("TEST_MARK".to_owned(), mark.clone()));
        let lab = Lab::start(settings).await;
        let (_, report) = lab.invoke(json!({"do": "print lines"})).await;
        assert_eq!(report.status, Status::Success, "{}", lab.log.text());
        lab.invoke(json!({"do": "fail"})).await;
        lab.emulator.shut_down().await;
        assert_eq!(processes_with(&mark), Vec::<String>::new());
        let log = lab.log.text();
        assert!(log.contains("hidden variables seen: [false, false]"), "{log}");
        assert!(
            log.contains("EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n")
        );
        assert_eq!(log.matches("extension saw INVOKE").count(), 2, "{log}");
        assert!(log.contains("extension saw SHUTDOWN spindown"), "{log}");
        let events: Vec<Value> = log
            .lines()
            .filter_map(|line| line.split_once("telemetry {"))
            .map(|(_, json)| serde_json::from_str(&format!("{{{json}")).expect("JSON"))
            .collect();
        let platform: Vec<&str> = events
            .iter()
            .filter_map(|event| event["type"].as_str()?.strip_prefix("platform."))
            .collect();
        let expected = [
            "initStart",
            "telemetrySubscription",
            "initRuntimeDone",
            "extension",
            "initReport",
            "start",
            "runtimeDone",
            "report",
            "start",
            "runtimeDone",
            "report",
        ];
        assert_eq!(platform, expected, "{log}");
        let named = |kind: &'static str| events.iter().filter(move |event| event["type"] == kind);
        let lines: Vec<&str> =
            named("function").filter_map(|event| event["record"].as_str()).collect();
        // The test harness that the function is has begun the first of the lines.
        assert!(lines.iter().any(|line| line.ends_with("line one")), "{lines:?}");
        assert!(lines.contains(&"line two"), "{lines:?}");
        let done: Vec<&Value> =
            named("platform.runtimeDone").map(|event| &event["record"]).collect();
        assert_eq!((&done[0]["status"], &done[1]["status"]), (&json!("success"), &json!("error")));
        assert_eq!(done[0]["requestId"], report.request_id);
        assert_eq!(done[0]["spans"].as_array().map(Vec::len), Some(3));
        let told = &named("platform.report").next().expect("told")["record"]["metrics"];
        assert_eq!(told["billedDurationMs"], report.billed_ms);
        assert_eq!(told["memorySizeMB"], 1769);
        assert!(told["initDurationMs"].as_f64().expect("a number") > 0.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_that_ends_takes_the_environment_with_it() {
    for (act, kind, how) in [
        ("extension that crashes", "Extension.Crash", "Error: exit status 3"),
        ("extension that ends", "Extension.ExitError", "Error: exit status 3"),
    ] {
        let name = act
            .rsplit(' ')
            .next()
            .expect("a word")
            .replace("ends", "ending")
            .replace("crashes", "crashing");
        let folder = folder_with(&name, act);
        let extensions = Some(folder.path().to_owned());
        let lab = Lab::start(Settings { extensions, ..settings("serve") }).await;
        let (error, report) = lab.invoke(json!({"do": "sleep", "ms": 3000})).await;
        assert_eq!(report.status, Status::Error(kind.to_owned()), "{}", lab.log.text());
        let message = error["errorMessage"].as_str().expect("text");
        assert!(error["errorType"] == kind && message.ends_with(how), "{error}");
        let log = lab.log.text();
        assert!(
            log.contains(&format!("brawn: the extension {name} has ended: exit status 3")),
            "{log}"
        );
        lab.emulator.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_extension_that_does_not_end_is_killed_after_two_seconds() {
    let folder = folder_with("staying", "extension that stays");
    let extensions = Some(folder.path().to_owned());
    let mark = format!("staying-{}", std::process::id());
    let mut settings = Settings { extensions, ..settings("serve") };
    settings.variables.push(("TEST_MARK".to_owned(), mark.clone()));
    let lab = Lab::start(settings).await;
    lab.invoke(json!({"do": "echo"})).await;
    let begun = Instant::now();
    lab.emulator.shut_down().await;
    // What it was given, and not the minute that it would take.
    assert!((1900..30_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert!(lab.log.text().contains("it stays"));
    assert_eq!(processes_with(&mark), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environments_end_at_the_same_time() {
    let folder = folder_with("meeting", "extension that meets others at the end");
    let meeting = tempfile::tempdir().expect("a folder");
    let concurrency = std::num::NonZeroUsize::new(2).expect("two");
    let extensions = Some(folder.path().to_owned());
    let mut settings = Settings { extensions, concurrency, ..settings("serve") };
    let place = meeting.path().to_str().expect("text").to_owned();
    settings.variables.push(("TEST_FOLDER".to_owned(), place));
    let lab = Lab::start(settings).await;
    let event = json!({"do": "sleep", "ms": 300});
    tokio::join!(lab.invoke(event.clone()), lab.invoke(event));
    lab.emulator.shut_down().await;
    // Each was told while the other was there.
    assert_eq!(lab.log.text().matches("two are ending").count(), 2, "{}", lab.log.text());
}

#[test]
fn what_cannot_be_started_is_refused_before_anything_is() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("notes.txt"), "x").expect("written");
    let told = |path: std::path::PathBuf| {
        let settings = Settings { extensions: Some(path), ..Settings::new(["sh"]) };
        let refused = Emulator::new(settings, std::sync::Arc::new(brawn_lab::Discard));
        refused.map(drop).expect_err("refused").to_string()
    };
    let text = told(folder.path().to_owned());
    assert!(text.contains("notes.txt` is not executable"), "{text}");
    assert!(told(folder.path().join("none")).contains("cannot read the extensions in"));
}
