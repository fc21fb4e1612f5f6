//! A function in another language.

use std::process::{Command, Stdio};

use brawn_lab::Settings;
use serde_json::json;

use crate::{Lab, settings};

const PYTHON: &str = r#"
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        id, payload = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    answer = json.dumps({"sum": sum(payload["numbers"])}).encode()
    urllib.request.urlopen(api + id + "/response", data=answer).close()
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_without_any_library_runs() {
    let found = Command::new("python3").arg("-c").arg("").stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("skipped: python3 is not on this machine");
        return;
    }
    let command = Settings::new(["python3", "-c", PYTHON]).command;
    let lab = Lab::start(Settings { command, ..settings("") }).await;
    for numbers in [vec![1, 2, 3], vec![40, 2]] {
        let (answer, _) = lab.invoke(json!({ "numbers": numbers })).await;
        assert_eq!(answer["sum"], numbers.iter().sum::<i32>());
    }
    lab.emulator.shut_down().await;
}
