//! Direct invocations: the recipe and its sources in the event, on local files.

use std::process::{Command, Stdio};
use std::time::Duration;

use brawn_testing::{Fault, RuntimeApi, S3Server};
use serde_json::json;

use crate::{Answer, Function, photos};

#[test]
fn the_report_is_the_reply_and_the_files_are_there() {
    let out = tempfile::tempdir().expect("a folder");
    let function = Function::start(None, &[("AWS_LAMBDA_LOG_FORMAT".into(), "JSON".into())]);
    let event = json!({
        "job": "image", "width": 64, "sources": [photos()], "to": out.path().join("thumbs"),
    });
    let reply = function.respond(&event);
    assert_eq!(reply["summary"]["ok"], 6, "{reply}");
    assert_eq!(reply["items"].as_array().map(Vec::len), Some(6));
    assert!(out.path().join("thumbs/china.jpg").exists());
    // The next invocation is served by the same process.
    assert_eq!(function.respond(&event)["summary"]["ok"], 6);
    let log = function.log();
    let items: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| {
            !["START ", "END ", "REPORT ", "CPU "].iter().any(|own| line.starts_with(own))
        })
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .filter(|line: &serde_json::Value| line["message"] == "item")
        .collect();
    assert_eq!(items.len(), 12, "a line for each item");
    assert!(items.iter().all(|item| {
        item["request_id"]
            .as_str()
            .is_some_and(|id| log.contains(&format!("START RequestId: {id} ")))
    }));
}

#[test]
fn the_event_that_the_command_line_prints_gives_the_same_bytes() {
    let out = tempfile::tempdir().expect("a folder");
    let function = Function::start(None, &[]);
    let event = json!({
        "job": "image", "width": [64, 128], "format": ["webp", "jpeg"],
        "sources": [photos().join("china.jpg")], "to": out.path(),
    });
    assert_eq!(function.respond(&event)["summary"]["outputs"], 4);
    let recipe = brawn_jobs::Recipe::from_json(&json!({
        "job": "image", "width": [64, 128], "format": ["webp", "jpeg"],
    }))
    .expect("a recipe");
    let job = recipe.into_job().expect("a job");
    let bytes = std::fs::read(photos().join("china.jpg")).expect("shipped");
    let mut sink = brawn_core::MemorySink::default();
    job.run(
        brawn_core::Source::bytes("china.jpg", &bytes),
        &mut sink,
        &brawn_core::Budget::unlimited(),
    )
    .expect("it accepts the photo");
    assert_eq!(sink.outputs.len(), 4);
    for output in sink.outputs {
        assert!(
            std::fs::read(out.path().join(&output.name)).expect("delivered") == output.bytes,
            "{}",
            output.name
        );
    }
}

#[test]
fn one_exact_output_has_the_format_that_its_name_says() {
    let out = tempfile::tempdir().expect("a folder");
    let function = Function::start(None, &[]);
    let event = |name: &str| {
        json!({
            "job": "image", "width": 64, "sources": photos().join("china.jpg"),
            "to": out.path().join(name),
        })
    };
    assert_eq!(function.respond(&event("b.webp"))["summary"]["ok"], 1);
    let bytes = std::fs::read(out.path().join("b.webp")).expect("delivered");
    assert_eq!(&bytes[8..12], b"WEBP");
    match function.invoke(&event("b.out")) {
        Answer::Error(error) => assert_eq!(error["errorType"], "Brawn.InvalidOptions", "{error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_deadline_in_the_middle_gives_a_reply_before_the_wall_that_names_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("in");
    std::fs::create_dir(&source).expect("a folder");
    for n in 0..400 {
        std::fs::copy(photos().join("hubble_deep_field.jpg"), source.join(format!("{n}.jpg")))
            .expect("a copy");
    }
    let timeout = Duration::from_secs(4);
    // On a busy machine the default margin may pass before the reply is written, and the wall is real here.
    let margin = ("BRAWN_DEADLINE_MARGIN_MS".into(), "1500".into());
    let variables = [("BRAWN_THREADS".into(), "1".into()), margin];
    let function = Function::start_within(timeout, None, &variables);
    let event = json!({
        "job": "image", "width": 300, "format": "webp", "sources": [source], "to": folder.path().join("out"),
    });
    // At the wall the emulator would have ended it.
    let reply = function.respond(&event);
    let late = reply["summary"]["deadline"].as_u64().expect("a count");
    assert!(late > 0, "{reply}");
    assert!(
        reply["items"].as_array().expect("items").iter().any(|item| item["status"] == "deadline")
    );
}

#[test]
fn an_upload_that_hangs_does_not_take_the_reply_with_it() {
    let server = S3Server::start();
    server.fail_with(|seen| if seen.method == "PUT" { Fault::Hang } else { Fault::None });
    let mut variables = server.variables();
    variables.push(("BRAWN_DEADLINE_MARGIN_MS".to_owned(), "1000".to_owned()));
    let function = Function::start_within(Duration::from_secs(3), None, &variables);
    let event = json!({
        "job": "image", "width": 64, "sources": [photos().join("china.jpg")], "to": "s3://outbox/",
    });
    let reply = function.respond(&event);
    assert_eq!(reply["items"][0]["status"], "deadline", "{reply}");
    assert!(server.take_seen().iter().any(|seen| seen.method == "PUT"), "it was computed in time");
}

#[test]
fn a_stale_deadline_counts_as_none() {
    let out = tempfile::tempdir().expect("a folder");
    // Other tools send what the emulator never would.
    let api = RuntimeApi::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
    let started = command.env_clear().envs(api.environment(1769)).stdout(Stdio::null()).spawn();
    let mut process = started.expect("it starts");
    let event = json!({
        "job": "image", "width": 64, "sources": [photos().join("china.jpg")], "to": out.path(),
    });
    // What `cargo lambda watch` sends.
    let id = api.send_with_deadline(&event, 600_000);
    let answer = api.answer(&id, Duration::from_secs(60));
    process.kill().expect("it runs");
    process.wait().expect("it ends");
    match answer {
        Some(brawn_testing::Answer::Response(reply)) => {
            assert_eq!(reply["summary"]["ok"], 1, "{reply}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_event_is_an_error_with_a_stable_type_and_the_next_one_is_served() {
    let function = Function::start(None, &[]);
    for (event, kind, says) in [
        (json!({ "hello": "world" }), "Brawn.InvalidOptions", "hello"),
        (
            json!({ "job": "image", "widht": 3, "sources": "a.jpg", "to": "s3://out/" }),
            "Brawn.InvalidOptions",
            "widht",
        ),
        (json!({ "job": "image", "to": "s3://out/" }), "Brawn.InvalidOptions", "sources"),
        (
            json!({ "job": "hash", "sources": ["s3://in/a", "-"] }),
            "Brawn.InvalidOptions",
            "a function has no stdin",
        ),
        (
            json!({ "job": "image", "sources": "a.jpg", "to": "out/" }),
            "Brawn.InvalidOptions",
            "`out/`, a folder of the function's own disk",
        ),
    ] {
        match function.invoke(&event) {
            Answer::Error(error) => {
                assert_eq!(error["errorType"], kind, "{error}");
                assert!(
                    error["errorMessage"].as_str().is_some_and(|text| text.contains(says)),
                    "{error}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn of_a_prefix_what_is_passed_over_is_counted() {
    let server = S3Server::start();
    for bucket in ["inbox/logs/2026", "outbox", "plain"] {
        std::fs::create_dir_all(server.bucket(bucket)).expect("a bucket");
    }
    for key in ["a.txt", "b.gz", "2026/c.zst", "2026/d"] {
        let content = format!("the content of {key}");
        std::fs::write(server.bucket("inbox/logs").join(key), content).expect("written");
    }
    let function = Function::start(None, &server.variables());
    let event = json!({ "job": "compress", "sources": "s3://inbox/logs/", "to": "s3://outbox/" });
    let summary = &function.respond(&event)["summary"];
    let counts = ["items", "ok", "passed_over"].map(|name| summary[name].as_u64());
    assert_eq!(counts, [Some(2), Some(2), Some(2)], "{summary}");
    for made in ["2026/d.zst", "a.txt.zst"] {
        assert!(server.bucket("outbox").join(made).exists(), "{made}");
    }
    // The other way round, of what the function wrote and of what lies beside it.
    std::fs::write(server.bucket("outbox").join("note.txt"), "no frame").expect("written");
    let event = json!({ "job": "decompress", "sources": "s3://outbox/", "to": "s3://plain/" });
    let summary = &function.respond(&event)["summary"];
    let counts = ["ok", "passed_over"].map(|name| summary[name].as_u64());
    assert_eq!(counts, [Some(2), Some(1)], "{summary}");
}
