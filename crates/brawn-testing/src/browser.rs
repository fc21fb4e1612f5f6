//! A headless Chromium that opens a page and says what it did.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Names under which it is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Browser {
    program: &'static str,
}

/// What a page became.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The document after its scripts ran, as HTML.
    pub dom: String,
    /// Lines of its console: errors, and what scripts wrote.
    pub console: Vec<String>,
    /// What it asked the network for.
    pub requests: Vec<String>,
}

impl Browser {
    /// `None`, and a line that says so, where none is installed.
    pub fn find() -> Option<Browser> {
        let is_there = |name: &&&str| {
            let version = Command::new(name).arg("--version").stdin(Stdio::null()).output();
            version.is_ok_and(|output| output.status.success())
        };
        let found = NAMES.iter().find(is_there);
        if found.is_none() {
            eprintln!("skipped: no chromium is installed");
        }
        found.map(|program| Browser { program })
    }

    /// Opens a local file.
    ///
    /// # Panics
    /// When the browser does not start or fails.
    pub fn open(&self, page: &Path) -> Opened {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("net.json");
        let output = Command::new(self.program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            // What the browser itself would ask of its maker ends here; a page may only ask this machine.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
            .args(["--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", folder.path().join("user").display()))
            .arg(format!("--log-net-log={}", log.display()))
            .arg(format!("file://{}", page.canonicalize().expect("a page").display()))
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} failed: {errors}", self.program);
        let console = errors.lines().filter(|line| line.contains(":CONSOLE"));
        Opened {
            dom: String::from_utf8_lossy(&output.stdout).into_owned(),
            console: console.map(str::to_owned).collect(),
            requests: requests(&std::fs::read_to_string(log).expect("a log of the network")),
        }
    }
}

/// Addresses that pages of files asked for, of a log in Chromium's form.
fn requests(log: &str) -> Vec<String> {
    let log: Value = serde_json::from_str(log).expect("the log is JSON");
    let events = log["events"].as_array().expect("events");
    let of_a_page = |params: &&Value| {
        // The browser's own requests belong to no file.
        params["network_isolation_key"].as_str().is_some_and(|key| key.contains("file://"))
    };
    let all = events.iter().map(|event| &event["params"]).filter(of_a_page);
    all.filter_map(|params| params["url"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_does_is_seen() {
        let Some(browser) = Browser::find() else { return };
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("a page.html");
        let html = "<!doctype html><title>t</title><link rel=\"icon\" href=\"data:,\"><body><p id=\"p\"></p><script>\
                    p.textContent = 6 * 7; console.error('boom'); fetch('http://127.0.0.1:9/x').catch(() => {});\
                    </script></body>";
        std::fs::write(&page, html).expect("written");
        let Opened { dom, console, requests } = browser.open(&page);
        assert!(dom.contains("<p id=\"p\">42</p>"), "{dom}");
        assert!(console.iter().any(|line| line.contains("boom")), "{console:?}");
        assert_eq!(requests, ["http://127.0.0.1:9/x"]);
    }
}
