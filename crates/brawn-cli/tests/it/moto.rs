//! `brawn tune lambda:NAME` against moto, which knows versions and aliases as boto3's users expect them. It runs no functions without
//! Docker and reports nothing of them: for one test its answer to an invocation is given the line that is missing.
//! Skipped, and said so, where `BRAWN_PEERS` (see `.ci/peers`) has no moto.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::deployed::tune;
use crate::{code, stderr};

const SERVER: &str = r#"
import base64, io, json, sys, zipfile
import boto3
from moto.awslambda.responses import LambdaResponse
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

default_user_config["lambda"]["use_docker"] = False
if sys.argv[1] == "with-reports":
    qualifiers = []
    invoke = LambdaResponse.invoke
    def remember(self):
        qualifiers.append(self.querystring.get("Qualifier", [None])[0])
        return invoke(self)
    def report(self, name, qualifier, body, headers, response_headers):
        function = self.get_function(name, qualifiers.pop())
        ms = 500 / min(function.memory_size / 1769, 1)
        line = f"REPORT RequestId: 1\tDuration: {ms:.2f} ms\tBilled Duration: {ms:.0f} ms\tMemory Size: {function.memory_size} MB\tMax Memory Used: 40 MB\t"
        response_headers["x-amz-log-result"] = base64.b64encode(line.encode()).decode()
        return b'"done"'
    LambdaResponse.invoke = remember
    LambdaSimpleBackend.invoke = report

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
url = "http://%s:%s" % server.get_host_and_port()
client = lambda name: boto3.client(name, endpoint_url=url, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("handler.py", "def handler(event, context): return event")
aws = client("lambda")
aws.create_function(FunctionName="thumbs", Runtime="python3.12", Role=role, Handler="handler.handler", Code={"ZipFile": code.getvalue()}, MemorySize=512, Timeout=30, Description="makes thumbs", Publish=True)
aws.create_alias(FunctionName="thumbs", Name="prod", FunctionVersion="1")
print(url, flush=True)
for _ in sys.stdin:
    latest = aws.get_function_configuration(FunctionName="thumbs")
    print(json.dumps({
        "memory": latest["MemorySize"],
        "description": latest["Description"],
        "versions": [one["Version"] for one in aws.list_versions_by_function(FunctionName="thumbs")["Versions"]],
        "aliases": [one["Name"] for one in aws.list_aliases(FunctionName="thumbs")["Aliases"]],
    }), flush=True)
"#;

struct Moto {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Moto {
    fn start(reports: &str) -> Option<Moto> {
        let peers = std::env::var_os("BRAWN_PEERS").map(PathBuf::from).unwrap_or_default();
        let works = |python: &PathBuf| {
            let mut command = Command::new(python);
            command.args(["-c", "import moto.server, boto3"]).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let found = [peers.join("bin/python3"), PathBuf::from("python3")].into_iter().find(works);
        let Some(python) = found else {
            eprintln!("skipped: no python3 here has moto's server and boto3");
            return None;
        };
        let mut child = Command::new(python)
            .args(["-c", SERVER, reports])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let questions = child.stdin.take().expect("piped");
        let mut answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut url = String::new();
        answers.read_line(&mut url).expect("it says where it listens");
        let url = url.trim().to_owned();
        assert!(url.starts_with("http://"), "moto did not start");
        Some(Moto { child, questions, answers, url })
    }

    fn state(&mut self) -> Value {
        writeln!(self.questions).expect("it listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const WORDS: [&str; 6] =
    ["lambda:thumbs", "--num", "5", "--power-values", "512,1769,3008", "--json"];

fn untouched() -> Value {
    json!({ "memory": 512, "description": "makes thumbs", "versions": ["$LATEST", "1"], "aliases": ["prod"] })
}

#[test]
fn motos_function_is_measured_by_its_versions_and_restored() {
    let Some(mut moto) = Moto::start("with-reports") else { return };
    assert_eq!(moto.state(), untouched());
    for more in [[].as_slice(), &["--only-cold-starts"]] {
        let output = tune(&moto.url, &[WORDS.as_slice(), more].concat()).output().expect("starts");
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        // 1769 and 3008 MB are equally fast, so the memory of each version is what its alias led to.
        let times: Vec<f64> = found["stats"]
            .as_array()
            .expect("stats")
            .iter()
            .map(|point| point["averageDuration"].as_f64().expect("ms").round())
            .collect();
        assert_eq!(times, [1728.0, 500.0, 500.0]);
        assert_eq!(moto.state(), untouched());
    }
}

#[test]
fn moto_as_it_is_reports_no_times_which_is_said_and_restored() {
    let Some(mut moto) = Moto::start("as-it-is") else { return };
    let output = tune(&moto.url, &WORDS).output().expect("starts");
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("has no REPORT line"), "{}", stderr(&output));
    assert_eq!(moto.state(), untouched());
}
