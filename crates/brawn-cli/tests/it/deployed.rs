//! `brawn tune lambda:NAME` against a stand-in of Lambda that misbehaves as the real one does. However it ends, the function is as
//! it was.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use brawn_testing::{Behaviour, LambdaApi, Ran, Wrong, out_of_memory};
use serde_json::{Value, json};

use crate::{brawn, code, stderr};

/// `brawn tune` with credentials of nobody's.
pub(crate) fn tune(url: &str, words: &[&str]) -> Command {
    let mut command = brawn(["tune"].iter().chain(words));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn done(url: &str, words: &[&str]) -> Output {
    tune(url, words).output().expect("the binary starts")
}

fn result(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

/// As a fresh stand-in is.
fn untouched() -> Value {
    json!({ "memory": 512, "description": "makes thumbs", "versions": [1], "aliases": ["prod"], "deleted": false })
}

fn wrong(of: impl Fn(&str, usize) -> Option<Wrong> + Send + Sync + 'static) -> Behaviour {
    Behaviour { wrong: Box::new(of), ..Behaviour::default() }
}

const FEW: [&str; 6] = ["lambda:thumbs", "--num", "5", "--power-values", "1769,512,3008", "--json"];

#[test]
fn a_deployed_function_is_measured_chosen_for_explained_and_restored() {
    let api = LambdaApi::start(Behaviour::default());
    let page = tempfile::NamedTempFile::new().expect("a file");
    let html = ["--html", page.path().to_str().expect("text")];
    let output = done(&api.url(), &[FEW.as_slice(), &html].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(api.state(), untouched());
    let found = result(&output);
    // One thread: 1769 MB is as fast as 3008, and costs less; less memory costs the same, but for init.
    let by_size: Vec<(u64, f64)> = found["stats"]
        .as_array()
        .expect("stats")
        .iter()
        .map(|point| {
            assert_eq!((&point["cpuMs"], &point["outcome"]), (&Value::Null, &json!("ok")));
            assert_eq!(
                (&point["initDuration"], &point["peakMemoryMb"]),
                (&json!(200.0), &json!(60))
            );
            (point["value"].as_u64().expect("MB"), point["warmDuration"].as_f64().expect("ms"))
        })
        .collect();
    assert_eq!(by_size, [(512, 3455.08), (1769, 1000.0), (3008, 1000.0)]);
    // Power Tuning's price: GB-seconds of the trimmed mean of what is billed, on arm64.
    let price = found["stats"][1]["averagePrice"].as_f64().expect("USD");
    assert!((price - 1769.0 / 1024.0 * 0.000_013_333_4).abs() < 1e-12, "{price}");
    assert_eq!(found["architecture"], "arm64");
    assert_eq!(found["deployed"]["leftBehind"], json!([]));
    let sentence = found["explanation"]["sentence"].as_str().expect("explained");
    assert!(
        sentence.contains("one thread computes") && sentence.contains("times alone"),
        "{sentence}"
    );
    // $LATEST is restored before anything is invoked; 5 invocations of each size, one after the other.
    let operations = api.operations();
    let first = operations.iter().position(|one| one.starts_with("Invoke")).expect("invoked");
    let restored = operations.iter().rposition(|one| one.starts_with("Update")).expect("restored");
    assert!(restored < first && operations[restored].ends_with("512"), "{operations:?}");
    let sizes: Vec<u32> = api.invocations().iter().map(|(memory_mb, _)| *memory_mb).collect();
    assert_eq!(sizes, [[512; 5], [1769; 5], [3008; 5]].concat());
    // It said beforehand what it would do.
    for words in ["512 MB", "RAM512, RAM1769, RAM3008", "15 invocations", "no other version"] {
        assert!(stderr(&output).contains(words), "{words}: {}", stderr(&output));
    }
    let page = std::fs::read_to_string(page.path()).expect("a page");
    assert!(page.contains("arn:aws:lambda:eu-west-1"));
}

#[test]
fn what_kills_a_size_or_is_refused_for_it_is_a_row() {
    let runs = |_: &Value, memory_mb: u32| Ran {
        duration_ms: 100.0,
        peak_mb: memory_mb.min(130),
        error: (memory_mb <= 128).then(out_of_memory),
        takes: Duration::ZERO,
    };
    let api = LambdaApi::start(Behaviour {
        runs: Box::new(runs),
        most_memory_mb: 3008,
        ..Behaviour::default()
    });
    let words = ["lambda:thumbs", "--num", "5", "--power-values", "128,256,10240"];
    let output = done(&api.url(), &words);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let table = String::from_utf8_lossy(&output.stdout);
    for words in [
        "out of memory  peak 128 MB",
        "less than or equal to 3008",
        "choose 256 MB",
        "not explained",
    ] {
        assert!(table.contains(words), "{words}:\n{table}");
    }
    assert_eq!(api.state(), untouched());
    // One kill is enough.
    assert_eq!(api.invocations().iter().filter(|(memory_mb, _)| *memory_mb == 128).count(), 1);
}

#[test]
fn throttles_and_updates_of_others_are_waited_for() {
    let api = LambdaApi::start(wrong(|operation, count| match (operation, count) {
        ("Invoke", 0 | 3) => {
            Some(Wrong::Refused(429, "TooManyRequestsException", "Rate Exceeded."))
        }
        ("GetAlias", 0) => Some(Wrong::Refused(429, "TooManyRequestsException", "Rate Exceeded.")),
        ("UpdateFunctionConfiguration", 0) | ("PublishVersion", 1) => Some(Wrong::Refused(
            409,
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for resource",
        )),
        // Done, but the answer is lost: asked again, Lambda answers with the same version.
        ("PublishVersion", 2) => Some(Wrong::Lost),
        _ => None,
    }));
    let output = done(&api.url(), &FEW);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(api.state(), untouched());
    assert_eq!(api.invocations().len(), 15);
}

#[test]
fn a_failure_in_the_middle_names_the_permission_and_leaves_nothing() {
    for (operation, count, permission) in [
        ("UpdateFunctionConfiguration", 1, "lambda:UpdateFunctionConfiguration"),
        ("PublishVersion", 1, "lambda:PublishVersion"),
        ("CreateAlias", 1, "lambda:CreateAlias"),
        ("Invoke", 7, "lambda:InvokeFunction"),
        ("DryRun", 0, "lambda:InvokeFunction"),
        ("GetAlias", 2, "lambda:GetAlias"),
    ] {
        let api = LambdaApi::start(wrong(move |name, nth| {
            (name == operation && nth == count).then_some(Wrong::Refused(
                403,
                "AccessDeniedException",
                "User: arn:aws:iam::123456789012:user/x is not authorized",
            ))
        }));
        let output = done(&api.url(), &FEW);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{operation}: {said}");
        assert!(said.contains(permission) && said.contains("user/x"), "{operation}: {said}");
        assert_eq!(api.state(), untouched(), "{operation}");
        assert!(output.stdout.is_empty());
        let asked_first = matches!(operation, "DryRun" | "GetAlias");
        assert_eq!(api.operations().is_empty(), asked_first, "{operation}: {:?}", api.operations());
    }
}

#[test]
fn a_version_whose_answer_is_lost_for_good_is_found_and_deleted() {
    let api = LambdaApi::start(wrong(|operation, _| {
        (operation == "PublishVersion").then_some(Wrong::Lost)
    }));
    let output = done(&api.url(), &FEW);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("no answer to lambda:PublishVersion"), "{}", stderr(&output));
    assert_eq!(api.state(), untouched());
    assert!(api.operations().contains(&"DeleteFunction 2".to_owned()), "{:?}", api.operations());
}

#[test]
fn what_cannot_be_taken_back_is_named_with_the_command_that_does() {
    let api = LambdaApi::start(wrong(|operation, _| {
        (operation == "DeleteFunction").then_some(Wrong::Refused(
            403,
            "AccessDeniedException",
            "no",
        ))
    }));
    let output = done(&api.url(), &FEW);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let left = &result(&output)["deployed"]["leftBehind"];
    let command =
        "aws lambda delete-function --region eu-west-1 --function-name thumbs --qualifier 2";
    assert_eq!(left[0], command);
    assert!(stderr(&output).contains(command), "{}", stderr(&output));
    assert_eq!(api.state()["memory"], 512);
    assert_eq!(api.state()["aliases"], json!(["prod"]));
}

#[test]
fn what_somebody_deploys_meanwhile_stays_theirs() {
    let api = LambdaApi::start(wrong(|operation, count| {
        (operation == "PublishVersion" && count == 1).then_some(Wrong::Deployed("bmV3ZXI=", 2048))
    }));
    let output = done(&api.url(), &FEW);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("CodeSHA256"), "{}", stderr(&output));
    let state = json!({ "memory": 2048, "description": "makes thumbs", "versions": [1], "aliases": ["prod"], "deleted": false });
    assert_eq!(api.state(), state);
}

#[test]
fn aliases_that_are_there_are_refused_and_not_touched() {
    let api = LambdaApi::start(Behaviour::default());
    api.name("RAM512");
    let output = done(&api.url(), &FEW);
    assert_eq!(code(&output), 2);
    for words in ["`RAM512` (somebody's)", "delete-alias", "--name RAM512", "--qualifier 1"] {
        assert!(stderr(&output).contains(words), "{words}: {}", stderr(&output));
    }
    assert!(api.operations().is_empty());
    assert_eq!(api.state()["aliases"], json!(["RAM512", "prod"]));
}

#[test]
fn every_cold_start_has_a_version_of_its_own() {
    let api = LambdaApi::start(Behaviour::default());
    let words = [
        "lambda:thumbs",
        "--num",
        "5",
        "--power-values",
        "512,1769",
        "--json",
        "--only-cold-starts",
    ];
    let output = done(&api.url(), &[words.as_slice(), &["--parallel-invocation"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found = result(&output);
    for point in found["stats"].as_array().expect("stats") {
        let ms = |key: &str| point[key].as_f64().expect("ms");
        assert!((ms("averageDuration") - ms("warmDuration") - 200.0).abs() < 1e-6, "{point}");
        assert_eq!(point["invocations"], 5);
    }
    assert_eq!(api.state(), untouched());
    let published = api.operations().iter().filter(|one| *one == "PublishVersion").count();
    assert_eq!(published, 10);
}

#[test]
fn a_qualifier_is_tuned_where_its_code_is_that_of_latest() {
    let api = LambdaApi::start(Behaviour::default());
    let words = ["lambda:thumbs:prod", "--num", "5", "--power-values", "512", "--json"];
    assert_eq!(code(&done(&api.url(), &words)), 0);
    api.deploy("bmV3ZXI=", 512);
    let output = done(&api.url(), &words);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("`thumbs:prod` is not that of $LATEST"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_wrong_from_the_start_is_said_and_changes_nothing() {
    let api = LambdaApi::start(Behaviour::default());
    for (words, said) in [
        (["lambda:thumb", "--num", "5"].as_slice(), "there is no function `thumb` in eu-west-1"),
        (&["lambda:a b"], "`lambda:a b` names no function"),
        (&["lambda:thumbs", "--env", "A=B"], "--env: a function on AWS"),
        (&["lambda:thumbs", "more"], "further arguments"),
        (&["lambda:thumbs", "--num", "3"], "5 at least"),
        (&["lambda:thumbs", "--power-values", "64"], "64 MB is not a memory size"),
        (&["lambda:thumbs", "--architecture", "x86_64"], "the function is arm64"),
        (
            &["arn:aws:lambda:us-east-1:123456789012:function:thumbs", "--region", "eu-west-1"],
            "the ARN is in us-east-1",
        ),
        (&["lambda:thumbs", "--endpoint-url", "localhost:4566"], "is no address"),
        (&["lambda:thumbs", "--endpoint-url", "http://127.0.0.1:1"], "Connection refused"),
        (&["sh", "--endpoint-url", "http://127.0.0.1:1"], "lambda:NAME"),
    ] {
        let output = done(&api.url(), words);
        assert_eq!(code(&output), 2, "{words:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{words:?}: {}", stderr(&output));
    }
    let mut without = tune(&api.url(), &FEW);
    without.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = without.output().expect("starts");
    assert!(stderr(&output).contains("no AWS credentials"), "{}", stderr(&output));
    let mut nowhere = tune(&api.url(), &FEW);
    let output = nowhere.env_remove("AWS_REGION").output().expect("starts");
    assert!(stderr(&output).contains("no region is known"), "{}", stderr(&output));
    assert!(api.operations().is_empty(), "{:?}", api.operations());
}

#[test]
fn a_signal_takes_everything_back_first() {
    let slow = |_: &Value, _: u32| Ran {
        duration_ms: 60_000.0,
        peak_mb: 60,
        error: None,
        takes: Duration::from_secs(60),
    };
    for (signal, expected, after) in
        [("-INT", 130, "Invoke"), ("-TERM", 143, "PublishVersion"), ("-HUP", 129, "Invoke")]
    {
        let api = LambdaApi::start(Behaviour { runs: Box::new(slow), ..Behaviour::default() });
        let mut child = tune(&api.url(), &FEW).spawn().expect("starts");
        let until = Instant::now() + Duration::from_secs(60);
        while !api.operations().iter().any(|one| one.starts_with(after)) {
            assert!(Instant::now() < until, "it never came to {after}");
            std::thread::sleep(Duration::from_millis(10));
        }
        // Whatever is changed by then.
        kill(&mut child, signal);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        assert_eq!(api.state(), untouched(), "{signal}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn after_a_kill_the_next_run_says_what_was_left_and_how_to_take_it_back() {
    let api = LambdaApi::start(Behaviour::default());
    let words =
        ["lambda:thumbs", "--num", "5", "--power-values", "1024", "--json", "--only-cold-starts"];
    let mut child = tune(&api.url(), &words).spawn().expect("starts");
    let until = Instant::now() + Duration::from_secs(60);
    while api.state()["memory"] != 1024 {
        assert!(Instant::now() < until, "it never came to an update");
        std::thread::sleep(Duration::from_millis(1));
    }
    kill(&mut child, "-KILL");
    child.wait_with_output().expect("it ends");
    assert_eq!(api.state()["memory"], 1024);
    let operations = api.operations().len();
    let output = done(&api.url(), &words);
    assert_eq!(code(&output), 2);
    let command = "--function-name thumbs --memory-size 512 --description 'makes thumbs'";
    assert!(stderr(&output).contains(command), "{}", stderr(&output));
    assert_eq!(api.operations().len(), operations, "it changed something");
}

#[test]
fn a_second_signal_leaves_things_and_says_how_to_take_them_back() {
    let slow = |_: &Value, _: u32| Ran {
        duration_ms: 60_000.0,
        peak_mb: 60,
        error: None,
        takes: Duration::from_secs(60),
    };
    let busy = |operation: &str, _| {
        let message = "An update is in progress for resource";
        (operation == "DeleteAlias").then_some(Wrong::Refused(
            409,
            "ResourceConflictException",
            message,
        ))
    };
    let api = LambdaApi::start(Behaviour {
        runs: Box::new(slow),
        wrong: Box::new(busy),
        ..Behaviour::default()
    });
    let mut child = tune(&api.url(), &FEW).spawn().expect("starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut said = |until: &str| {
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains(until));
        line.unwrap_or_else(|| panic!("it never said `{until}`"))
    };
    said("invoking 512 MB");
    kill(&mut child, "-INT");
    said("taking back");
    kill(&mut child, "-INT");
    said("left behind");
    let commands = [said("delete-alias"), said("--qualifier 2")];
    assert!(commands[0].ends_with("--name RAM512"), "{commands:?}");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    // Its memory is restored: that comes first.
    assert_eq!(api.state()["memory"], 512);
}

fn kill(child: &mut Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}
