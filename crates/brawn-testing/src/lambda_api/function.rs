//! The function: `$LATEST`, its versions and aliases, and what may be done to them when.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::wire::{Answer, Request};
use super::{Behaviour, Ran};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:thumbs";
const NAME: &str = "thumbs";
/// How many questions an update, and a version that is made, take to be done.
const QUESTIONS: usize = 2;

#[derive(Clone, Debug, PartialEq)]
struct Configuration {
    memory_mb: u32,
    description: String,
    code_sha256: String,
}

#[derive(Debug)]
pub(super) struct Function {
    latest: Configuration,
    /// Questions until the update is done.
    updating: usize,
    versions: BTreeMap<u64, Configuration>,
    /// Questions until it is active.
    pending: BTreeMap<u64, usize>,
    next: u64,
    /// Version and description.
    aliases: BTreeMap<String, (u64, String)>,
    warm: BTreeSet<u64>,
    pub(super) invocations: Vec<(u32, Value)>,
    deleted: bool,
}

impl Function {
    pub(super) fn new() -> Function {
        let latest = Configuration {
            memory_mb: 512,
            description: "makes thumbs".to_owned(),
            code_sha256: "c29tZSBjb2Rl".to_owned(),
        };
        Function {
            versions: BTreeMap::from([(1, latest.clone())]),
            latest,
            updating: 0,
            pending: BTreeMap::new(),
            next: 2,
            aliases: BTreeMap::from([("prod".to_owned(), (1, String::new()))]),
            warm: BTreeSet::new(),
            invocations: Vec::new(),
            deleted: false,
        }
    }

    pub(super) fn state(&self) -> Value {
        json!({
            "memory": self.latest.memory_mb,
            "description": self.latest.description,
            "versions": self.versions.keys().collect::<Vec<_>>(),
            "aliases": self.aliases.keys().collect::<Vec<_>>(),
            "deleted": self.deleted,
        })
    }

    pub(super) fn deploy(&mut self, code_sha256: &str, memory_mb: u32) {
        self.latest.code_sha256 = code_sha256.to_owned();
        self.latest.memory_mb = memory_mb;
    }

    pub(super) fn name(&mut self, alias: &str) {
        self.aliases.insert(alias.to_owned(), (1, "somebody's".to_owned()));
    }

    pub(super) fn answer(&mut self, request: &Request, behaviour: &Behaviour) -> Answer {
        if request.name != NAME || self.deleted {
            let message = format!("Function not found: {ARN}");
            return Answer::refused(404, "ResourceNotFoundException", &message);
        }
        match request.operation() {
            "GetFunctionConfiguration" => self.get(request),
            "UpdateFunctionConfiguration" => self.update(&request.body, behaviour.most_memory_mb),
            "PublishVersion" => self.publish(&request.body),
            "ListVersionsByFunction" => {
                let versions = self.versions.iter().map(|(version, of)| shown(of, *version));
                Answer::ok(200, json!({ "Versions": versions.collect::<Vec<_>>() }))
            }
            "CreateAlias" => self.create_alias(request),
            "GetAlias" => match self.aliases.get(&request.alias()) {
                None => no_alias(),
                Some((version, description)) => alias(&request.alias(), *version, description, 200),
            },
            "DeleteAlias" => {
                self.aliases.remove(&request.alias());
                Answer::ok(204, Value::Null)
            }
            "DeleteFunction" => self.delete(request.qualifier.as_deref()),
            "DryRun" => Answer::ok(204, Value::Null),
            "Invoke" => self.invoke(request, behaviour),
            _ => Answer::refused(404, "UnknownOperationException", "no such operation"),
        }
    }

    fn version(&self, qualifier: &str) -> Option<u64> {
        self.aliases.get(qualifier).map(|(version, _)| *version).or(qualifier.parse().ok())
    }

    fn get(&mut self, request: &Request) -> Answer {
        let Some(qualifier) = request.qualifier.as_deref() else {
            let mut body = shown(&self.latest, 0);
            body["Version"] = json!("$LATEST");
            if self.updating > 0 {
                self.updating -= 1;
                body["LastUpdateStatus"] = json!("InProgress");
            }
            return Answer::ok(200, body);
        };
        let found = self.version(qualifier).and_then(|v| Some((v, self.versions.get(&v)?)));
        let Some((version, configuration)) = found else {
            return Answer::refused(404, "ResourceNotFoundException", "Function not found");
        };
        let mut body = shown(configuration, version);
        if let Some(left) = self.pending.get_mut(&version).filter(|left| **left > 0) {
            *left -= 1;
            body["State"] = json!("Pending");
        }
        Answer::ok(200, body)
    }

    fn update(&mut self, body: &Value, most: u32) -> Answer {
        if self.updating > 0 {
            return in_progress();
        }
        let memory = body["MemorySize"].as_u64().and_then(|size| u32::try_from(size).ok());
        if memory.is_some_and(|memory| memory > most) {
            let message = format!(
                "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to {most}"
            );
            return Answer::refused(400, "InvalidParameterValueException", &message);
        }
        self.latest.memory_mb = memory.unwrap_or(self.latest.memory_mb);
        if let Some(text) = body["Description"].as_str() {
            self.latest.description = text.to_owned();
        }
        self.updating = QUESTIONS;
        Answer::ok(200, shown(&self.latest, 0))
    }

    fn publish(&mut self, body: &Value) -> Answer {
        if self.updating > 0 {
            return in_progress();
        }
        if body["CodeSha256"].as_str().is_some_and(|code| code != self.latest.code_sha256) {
            let message = "CodeSHA256 is different from current CodeSHA256 in $LATEST. Please try again with the CodeSHA256 in $LATEST.";
            return Answer::refused(400, "InvalidParameterValueException", message);
        }
        // What has not changed is not published again.
        if let Some((version, same)) = self.versions.last_key_value()
            && *same == self.latest
        {
            return Answer::ok(201, shown(same, *version));
        }
        let version = self.next;
        self.next += 1;
        self.versions.insert(version, self.latest.clone());
        self.pending.insert(version, QUESTIONS);
        Answer::ok(201, shown(&self.latest, version))
    }

    fn create_alias(&mut self, request: &Request) -> Answer {
        let name = request.alias();
        if self.aliases.contains_key(&name) {
            let message = format!("Alias already exists: {ARN}:{name}");
            return Answer::refused(409, "ResourceConflictException", &message);
        }
        let version = request.body["FunctionVersion"].as_str().and_then(|v| v.parse().ok());
        let Some(version) = version.filter(|version| self.versions.contains_key(version)) else {
            return Answer::refused(404, "ResourceNotFoundException", "Function not found");
        };
        let description = request.body["Description"].as_str().unwrap_or_default();
        self.aliases.insert(name.clone(), (version, description.to_owned()));
        alias(&name, version, description, 201)
    }

    fn delete(&mut self, qualifier: Option<&str>) -> Answer {
        let Some(version) = qualifier.and_then(|text| text.parse::<u64>().ok()) else {
            self.deleted = true;
            return Answer::ok(204, Value::Null);
        };
        if self.aliases.values().any(|(of, _)| *of == version) {
            return Answer::refused(
                409,
                "ResourceConflictException",
                "The version is referenced by an alias",
            );
        }
        self.versions.remove(&version);
        Answer::ok(204, Value::Null)
    }

    fn invoke(&mut self, request: &Request, behaviour: &Behaviour) -> Answer {
        let version = request.qualifier.as_deref().and_then(|name| self.version(name));
        let Some((version, configuration)) =
            version.and_then(|version| Some((version, self.versions.get(&version)?)))
        else {
            return Answer::refused(404, "ResourceNotFoundException", "Function not found");
        };
        if self.pending.get(&version).is_some_and(|left| *left > 0) {
            let message = "The operation cannot be performed at this time. The function is currently in the following state: Pending";
            return Answer::refused(409, "ResourceConflictException", message);
        }
        let memory_mb = configuration.memory_mb;
        self.invocations.push((memory_mb, request.body.clone()));
        let Ran { duration_ms, peak_mb, error, takes } = (behaviour.runs)(&request.body, memory_mb);
        let init = self.warm.insert(version).then_some(200.0);
        let billed = (duration_ms + init.unwrap_or(0.0)).ceil();
        let mut log = format!(
            "START RequestId: 1 Version: {version}\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: {duration_ms:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory_mb} MB\tMax Memory Used: {peak_mb} MB\t"
        );
        if let Some(init) = init {
            log.push_str(&format!("Init Duration: {init:.2} ms\t"));
        }
        let (body, failed) = match error {
            None => (json!("done"), None),
            Some((body, status)) => {
                log.push_str(status);
                (body, Some("Unhandled".to_owned()))
            }
        };
        let mut answer = Answer::ok(200, body).with("x-amz-log-result", STANDARD.encode(log));
        if let Some(failed) = failed {
            answer = answer.with("x-amz-function-error", failed);
        }
        answer.after = takes;
        answer
    }
}

fn shown(of: &Configuration, version: u64) -> Value {
    json!({
        "FunctionName": NAME,
        "FunctionArn": ARN,
        "Version": version.to_string(),
        "MemorySize": of.memory_mb,
        "Description": of.description,
        "CodeSha256": of.code_sha256,
        "Timeout": 30,
        "Architectures": ["arm64"],
        "State": "Active",
        "LastUpdateStatus": "Successful",
    })
}

fn alias(name: &str, version: u64, description: &str, status: u16) -> Answer {
    let body =
        json!({ "Name": name, "FunctionVersion": version.to_string(), "Description": description });
    Answer::ok(status, body)
}

fn no_alias() -> Answer {
    Answer::refused(404, "ResourceNotFoundException", "Cannot find alias arn")
}

fn in_progress() -> Answer {
    let message = format!(
        "The operation cannot be performed at this time. An update is in progress for resource: {ARN}"
    );
    Answer::refused(409, "ResourceConflictException", &message)
}
