//! Requests as the SDK sends them, and answers as it reads them.

use std::io::BufRead;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::read_request_with_headers;

const PREFIX: &str = "/2015-03-31/functions/";

#[derive(Debug)]
pub(super) struct Request {
    method: String,
    /// What follows the function's name.
    pub(super) rest: String,
    pub(super) name: String,
    pub(super) qualifier: Option<String>,
    pub(super) dry_run: bool,
    pub(super) body: Value,
}

pub(super) fn read(reader: &mut impl BufRead) -> Option<Request> {
    let (method, path, headers, body) = read_request_with_headers(reader)?;
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let decode = |text: &str| text.replace("%3A", ":").replace("%24", "$");
    let path = path.strip_prefix(PREFIX)?;
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let name = decode(name);
    let value = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)
    };
    Some(Request {
        method,
        rest: rest.to_owned(),
        name: name.rsplit(':').next().unwrap_or_default().to_owned(),
        qualifier: value("Qualifier").map(|(_, qualifier)| decode(qualifier)),
        dry_run: headers
            .iter()
            .any(|(name, value)| name == "x-amz-invocation-type" && value == "DryRun"),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

impl Request {
    pub(super) fn operation(&self) -> &'static str {
        match (self.method.as_str(), self.rest.split('/').next().unwrap_or_default()) {
            ("GET", "configuration") => "GetFunctionConfiguration",
            ("PUT", "configuration") => "UpdateFunctionConfiguration",
            ("POST", "versions") => "PublishVersion",
            ("GET", "versions") => "ListVersionsByFunction",
            ("POST", "aliases") => "CreateAlias",
            ("GET", "aliases") => "GetAlias",
            ("DELETE", "aliases") => "DeleteAlias",
            ("POST", "invocations") if self.dry_run => "DryRun",
            ("POST", "invocations") => "Invoke",
            ("DELETE", "") => "DeleteFunction",
            _ => "unknown",
        }
    }

    /// The name of an alias, in the path or the body.
    pub(super) fn alias(&self) -> String {
        let in_path = self.rest.strip_prefix("aliases/");
        in_path.or(self.body["Name"].as_str()).unwrap_or_default().to_owned()
    }

    /// A line on what it changes.
    pub(super) fn change(&self) -> Option<String> {
        let operation = self.operation();
        let what = match operation {
            "UpdateFunctionConfiguration" => self.body["MemorySize"].to_string(),
            "CreateAlias" | "DeleteAlias" => self.alias(),
            "DeleteFunction" | "Invoke" => self.qualifier.clone().unwrap_or_default(),
            "PublishVersion" => String::new(),
            _ => return None,
        };
        Some(format!("{operation} {what}").trim_end().to_owned())
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
    pub(super) after: Duration,
}

impl Answer {
    pub(super) fn ok(status: u16, body: Value) -> Answer {
        Answer { status, headers: Vec::new(), body, after: Duration::ZERO }
    }

    pub(super) fn refused(status: u16, code: &str, message: &str) -> Answer {
        Answer {
            headers: vec![("x-amzn-ErrorType", code.to_owned())],
            ..Answer::ok(status, json!({ "Type": "User", "message": message }))
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Answer {
        self.headers.push((name, value));
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let body = if self.status == 204 { String::new() } else { self.body.to_string() };
        let mut text = format!("HTTP/1.1 {} X\r\ncontent-type: application/json\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 204 {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(&body);
        text.into_bytes()
    }
}
