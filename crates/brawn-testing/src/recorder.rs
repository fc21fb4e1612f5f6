//! A server that keeps what is posted to it: a collector of OpenTelemetry, for one.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::http::read_request;

/// Path and body of each request so far.
type Requests = Vec<(String, Vec<u8>)>;

/// The server, on a port of its own.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    requests: Arc<Mutex<Requests>>,
}

impl Recorder {
    /// Answers each request with `status`, such as `200 OK`, after `delay`.
    pub fn start(status: &'static str, delay: Duration) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let requests = Arc::<Mutex<Requests>>::default();
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&connection);
                    while let Some((_, path, body)) = read_request(&mut reader) {
                        lock(&kept).push((path, body));
                        std::thread::sleep(delay);
                        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                        if (&connection).write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Recorder { address, requests }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bodies that were posted to `path` so far.
    pub fn posted(&self, path: &str) -> Vec<Vec<u8>> {
        let requests = lock(&self.requests);
        requests.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }
}

fn lock(requests: &Mutex<Requests>) -> MutexGuard<'_, Requests> {
    requests.lock().unwrap_or_else(PoisonError::into_inner)
}
