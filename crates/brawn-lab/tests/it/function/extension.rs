//! Extensions, in the function's process and as processes of their own.

use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::call;

/// Registers an extension, and gives its identifier.
pub(super) fn register(name: &str, events: &str) -> String {
    let name = ("Lambda-Extension-Name", name);
    let registered = call("POST", "/2020-01-01/extension/register", &[name], events.as_bytes());
    assert_eq!(registered.status, 200);
    registered.header("lambda-extension-identifier")
}

/// An external extension that subscribes to telemetry and prints all it learns.
pub(super) fn process() -> ! {
    let hidden = ["_HANDLER", "AWS_LAMBDA_LOG_STREAM_NAME"].map(|name| std::env::var(name).is_ok());
    println!("extension starts, hidden variables seen: {hidden:?}");
    let id = register("watcher", r#"{"events":["INVOKE","SHUTDOWN"]}"#);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let (_, body) = read_request(&socket);
            let events: Vec<Value> = serde_json::from_slice(&body).expect("a list of events");
            events.iter().for_each(|event| println!("telemetry {event}"));
            let _ = socket
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    let subscription = json!({
        "schemaVersion": "2022-12-13",
        "types": ["platform", "function"],
        "destination": { "protocol": "HTTP", "URI": format!("http://sandbox.localdomain:{port}") },
        "buffering": { "timeoutMs": 25 },
    });
    let known = ("Lambda-Extension-Identifier", id.as_str());
    let body = subscription.to_string();
    let subscribed = call("PUT", "/2022-07-01/telemetry", &[known], body.as_bytes());
    assert_eq!(subscribed.status, 200, "{}", String::from_utf8_lossy(&subscribed.body));
    listen(&id)
}

/// The head and the body of a request.
fn read_request(socket: &TcpStream) -> (String, Vec<u8>) {
    let mut reader = std::io::BufReader::new(socket);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    (head, body)
}

/// It prints what it is told, until it is told that it is over.
pub(super) fn listen(id: &str) -> ! {
    let known = [("Lambda-Extension-Identifier", id)];
    loop {
        let event = call("GET", "/2020-01-01/extension/event/next", &known, b"");
        let event: Value = serde_json::from_slice(&event.body).expect("JSON");
        let why = event["shutdownReason"].as_str().unwrap_or_default();
        println!("extension saw {} {why}", event["eventType"].as_str().expect("a type"));
        if event["eventType"] == "SHUTDOWN" {
            // What was flushed for the end is still on its way.
            std::thread::sleep(Duration::from_millis(300));
            std::process::exit(0);
        }
    }
}

/// An external extension that ends when a second one is ending.
pub(super) fn meet() -> ! {
    let folder = std::path::PathBuf::from(std::env::var("TEST_FOLDER").expect("a folder"));
    let id = register("meeting", r#"{"events":["SHUTDOWN"]}"#);
    let known = [("Lambda-Extension-Identifier", id.as_str())];
    call("GET", "/2020-01-01/extension/event/next", &known, b"");
    std::fs::write(folder.join(std::process::id().to_string()), "").expect("written");
    while std::fs::read_dir(&folder).expect("it is there").count() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("two are ending");
    std::process::exit(0)
}
