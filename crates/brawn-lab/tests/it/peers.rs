//! Runtimes and clients that others have written, unmodified. Those that are not on this machine are named and skipped;
//! `BRAWN_PEERS` is a folder with their `bin` and `node_modules`, as `.ci/peers` makes it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use brawn_lab::source::sqs::{Mapping, Queues, poll};
use brawn_lab::{Settings, Status};
use serde_json::{Value, json};

use crate::s3::printed;
use crate::{Lab, settings};

fn peers() -> PathBuf {
    std::env::var_os("BRAWN_PEERS").map(PathBuf::from).unwrap_or_default()
}

/// A program of the peers' folder, or of this machine, that `args` succeed with.
fn program(name: &str, args: &[&str]) -> Option<PathBuf> {
    let works = |program: &PathBuf| {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = [peers().join("bin").join(name), PathBuf::from(name)].into_iter().find(works);
    if found.is_none() {
        eprintln!("skipped: `{name} {}` does not work on this machine", args.join(" "));
    }
    found
}

/// A lab whose function is `command`, run where its code is, as in Lambda.
async fn lab_in(folder: &Path, command: &[&str], variables: &[(&str, &str)]) -> Lab {
    let script = r#"cd "$1" && shift && exec "$@""#;
    let folder = folder.to_str().expect("text");
    let words = ["sh", "-c", script, "sh", folder].into_iter().chain(command.iter().copied());
    let variables =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let command = Settings::new(words).command;
    Lab::start(Settings { command, variables, ..settings("") }).await
}

/// The same of every hello world and compute function here: its answers, its errors, and that it stays.
async fn is_a_function(lab: Lab) {
    let (hello, cold) = lab.invoke(json!({"name": "Ada"})).await;
    assert_eq!(hello["hello"], "Ada", "{hello}\n{}", lab.log.text());
    let (sum, warm) = lab.invoke(json!({"primes_below": 20_000})).await;
    assert_eq!(sum["primes"], 2262, "{sum}");
    assert!(cold.init.is_some() && warm.init.is_none() && warm.cpu > std::time::Duration::ZERO);
    let (error, report) = lab.invoke(json!({"name": 7})).await;
    assert!(error["errorMessage"].as_str().expect("text").contains("no name"), "{error}");
    assert_eq!(report.status, Status::Success, "an error of the function's own ends nothing");
    let (again, _) = lab.invoke(json!({"name": "Bob"})).await;
    assert_eq!(again["hello"], "Bob");
    lab.emulator.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lambda_runtime_runs() {
    is_a_function(Lab::start(settings("lambda_runtime")).await).await;
}

const PYTHON: &str = r#"
import math

def handler(event, context):
    assert context.get_remaining_time_in_millis() > 15_000
    assert context.memory_limit_in_mb in (1769, "1769")
    if "primes_below" in event:
        prime = lambda n: n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))
        return {"primes": sum(map(prime, range(event["primes_below"])))}
    if not isinstance(event["name"], str):
        raise ValueError("no name")
    return {"hello": event["name"]}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pythons_runtime_client_runs() {
    let Some(python) = program("python3", &["-c", "import awslambdaric"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("app.py"), PYTHON).expect("written");
    let python = python.to_str().expect("text");
    is_a_function(lab_in(folder.path(), &[python, "-m", "awslambdaric", "app.handler"], &[]).await)
        .await;
}

const NODE: &str = r#"
exports.handler = async (event, context) => {
  if (event.primes_below) {
    let primes = 0;
    for (let n = 2; n < event.primes_below; n++) {
      let prime = true;
      for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
      primes += prime ? 1 : 0;
    }
    return { primes };
  }
  if (typeof event.name !== "string") throw new Error("no name");
  return { hello: event.name };
};
"#;

/// What a runtime of one's own in Node comes to.
const FETCH: &str = r#"
const { handler } = require("./app.js");
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
(async () => {
  for (;;) {
    const event = await fetch(`${api}/next`);
    const id = event.headers.get("lambda-runtime-aws-request-id");
    try {
      const body = JSON.stringify(await handler(await event.json(), {}));
      await fetch(`${api}/${id}/response`, { method: "POST", body });
    } catch (error) {
      const body = JSON.stringify({ errorType: error.name, errorMessage: error.message });
      await fetch(`${api}/${id}/error`, { method: "POST", body });
    }
  }
})();
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_fetch_loop_in_node_runs() {
    let Some(node) = program("node", &["-e", "fetch"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("app.js"), NODE).expect("written");
    std::fs::write(folder.path().join("loop.js"), FETCH).expect("written");
    let node = node.to_str().expect("text");
    is_a_function(lab_in(folder.path(), &[node, "loop.js"], &[]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_runtime_client_runs() {
    let client = peers().join("node_modules/aws-lambda-ric/bin/index.mjs");
    if !client.is_file() {
        eprintln!("skipped: there is no {}", client.display());
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("app.js"), NODE).expect("written");
    let client = client.to_str().expect("text");
    is_a_function(lab_in(folder.path(), &["node", client, "app.handler"], &[]).await).await;
}

/// Runs a client against the lab.
async fn client(program: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.args(args).envs(variables.iter().copied()).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().expect("it starts")).await.expect("ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cargo_lambda_invokes() {
    let Some(cargo_lambda) = program("cargo-lambda", &["lambda", "--version"]) else { return };
    let lab = Lab::start(settings("serve")).await;
    let port = lab.server.address().port().to_string();
    let words = ["lambda", "invoke", "--invoke-port", &port, "under-test", "--data-ascii"];
    let words = |event| words.into_iter().chain([event]).collect::<Vec<_>>();
    let done = client(&cargo_lambda, &words(r#"{"do":"echo","a":[1,2]}"#), &[]).await;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    let answer: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(answer["event"]["a"], json!([1, 2]));
    let failed = client(&cargo_lambda, &words(r#"{"do":"fail"}"#), &[]).await;
    let told = [failed.stdout, failed.stderr].concat();
    assert!(
        String::from_utf8_lossy(&told).contains("it is raining"),
        "{}",
        String::from_utf8_lossy(&told)
    );
    lab.emulator.shut_down().await;
}

const BOTO: &str = r#"
import json, sys, boto3
url = sys.argv[1]
sqs, function = boto3.client("sqs", endpoint_url=url), boto3.client("lambda", endpoint_url=url)
queue = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
attributes = {"n": {"DataType": "Number", "StringValue": "7"}, "b": {"DataType": "Binary", "BinaryValue": b"xyz"}}
sent = sqs.send_message(QueueUrl=queue, MessageBody="from boto", MessageAttributes=attributes)
batch = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": f"m{n}"} for n in range(3)])
assert len(batch["Successful"]) == 3, batch
try:
    sqs.send_message(QueueUrl=queue + "x", MessageBody="lost")
    raise SystemExit("a queue that is not there was found")
except sqs.exceptions.QueueDoesNotExist:
    pass
answer = function.invoke(FunctionName="under-test", Payload=json.dumps({"do": "echo"}))
assert answer["StatusCode"] == 200 and json.load(answer["Payload"])["count"] >= 1, answer
print(sent["MessageId"])
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_sends_messages_and_invokes() {
    let Some(python) = program("python3", &["-c", "import boto3"]) else { return };
    let queues = Queues::new(Mapping { batch_size: 1, ..Mapping::new("jobs") }, "us-east-1");
    let queues = queues.expect("a good mapping");
    let lab = Lab::with_queues(settings("serve"), Some(queues.clone())).await;
    let _source = poll(&lab.emulator, &queues).expect("it polls");
    let url = format!("http://{}", lab.server.address());
    let keys = [
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let done = client(&python, &["-c", BOTO, &url], &keys).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let log = lab.log_with("m2").await;
    let first = &printed(&log)[0][0];
    assert_eq!(first["messageId"], String::from_utf8_lossy(&done.stdout).trim());
    assert_eq!(first["messageAttributes"]["b"]["binaryValue"], "eHl6");
    lab.emulator.shut_down().await;
}
