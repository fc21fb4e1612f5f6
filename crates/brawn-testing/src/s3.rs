//! An S3-compatible server in this process: it checks signatures, notes what it is asked, and can be made to fail.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET`, `PUT`, ...
    pub method: String,
    /// `/bucket/key`, as it was encoded.
    pub path: String,
    /// What follows the `?`.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
}

impl Seen {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// What to do instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: answer.
    None,
    /// Answer with a status and an S3 error code.
    Status(u16, &'static str),
    /// Close the connection.
    Reset,
    /// Close the connection after so many bytes of the body.
    Cut(usize),
    /// Never answer.
    Hang,
}

/// What the store keeps with an object besides its bytes.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The header of a checksum, `x-amz-checksum-crc32`.
    pub header: &'static str,
    /// Its value.
    pub value: String,
    /// The sizes of its parts, where it was uploaded in parts.
    pub parts: Vec<u64>,
    /// The ETag of the object it belongs to, where that is another one than is read.
    pub etag: Option<&'static str>,
}

type Faults = Box<dyn FnMut(&Seen) -> Fault + Send>;

/// A server over a temporary folder, with the buckets `inbox` and `outbox`, on threads of its own.
pub struct S3Server {
    root: TempDir,
    endpoint: String,
    notes: Notes,
    /// Serves until this is dropped.
    _running: oneshot::Sender<()>,
}

#[derive(Clone)]
struct Notes {
    seen: Arc<Mutex<Vec<Seen>>>,
    faults: Arc<Mutex<Faults>>,
    shown: Arc<Mutex<Vec<(String, String)>>>,
    kept: Arc<Mutex<HashMap<String, Kept>>>,
}

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

impl S3Server {
    /// Starts listening on a free port of 127.0.0.1.
    pub fn start() -> S3Server {
        let root = tempfile::tempdir().expect("a folder");
        for bucket in ["inbox", "outbox"] {
            std::fs::create_dir(root.path().join(bucket)).expect("a bucket");
        }
        let files = s3s_fs::FileSystem::new(root.path()).expect("a store");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let notes = Notes {
            seen: Arc::default(),
            faults: Arc::new(Mutex::new(Box::new(|_: &Seen| Fault::None) as Faults)),
            shown: Arc::default(),
            kept: Arc::default(),
        };
        let (running, stopped) = oneshot::channel::<()>();
        let shared = notes.clone();
        // A thread of its own, so that tests with and without a runtime can start and drop it.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("within a runtime");
                tokio::select! {
                    () = serve(listener, service, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        S3Server { root, endpoint, notes, _running: running }
    }

    /// The environment of somebody who may use it.
    pub fn variables(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The folder behind a bucket: its files are the objects.
    pub fn bucket(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The folder behind all buckets.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Asks `faults` about every request from now on.
    pub fn fail_with(&self, faults: impl FnMut(&Seen) -> Fault + Send + 'static) {
        *self.notes.faults.lock().expect("alive") = Box::new(faults);
    }

    /// Lists the object `key` as `shown` from now on: a key that no file can have, such as `a//b`.
    ///
    /// Listings are in the order of `key`, and go on after `shown` where they are asked to: no other key may sort
    /// between the two, and `key` not behind `shown`.
    pub fn show_as(&self, key: &str, shown: &str) {
        assert!(key <= shown, "`{key}` would be listed again after `{shown}`");
        self.notes.shown.lock().expect("alive").push((key.to_owned(), shown.to_owned()));
    }

    /// Answers who asks for the checksum of `path` (`/inbox/a.bin`) with `kept`, and who asks for one of its parts with that part's size,
    /// as S3 does.
    pub fn keep(&self, path: &str, kept: Kept) {
        self.notes.kept.lock().expect("alive").insert(path.to_owned(), kept);
    }

    /// What was asked since the last call.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.notes.seen.lock().expect("alive"))
    }
}

impl fmt::Debug for S3Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Server").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

async fn serve(listener: TcpListener, service: S3Service, notes: Notes) {
    while let Ok((socket, _)) = listener.accept().await {
        let (service, notes) = (service.clone(), notes.clone());
        let answer = service_fn(move |request: Request<Incoming>| {
            let this = Seen {
                method: request.method().to_string(),
                path: request.uri().path().to_owned(),
                query: request.uri().query().unwrap_or_default().to_owned(),
                headers: request.headers().clone(),
            };
            let fault = notes.faults.lock().expect("alive")(&this);
            let asks =
                this.method == "HEAD" && this.header("x-amz-checksum-mode") == Some("ENABLED");
            let kept = notes.kept.lock().expect("alive").get(&this.path).filter(|_| asks).cloned();
            let lists = this.query.contains("list-type=2");
            notes.seen.lock().expect("alive").push(this);
            let shown = match lists {
                true => notes.shown.lock().expect("alive").clone(),
                false => Vec::new(),
            };
            answer(service.clone(), request, fault, shown, kept)
        });
        tokio::spawn(async move {
            // A connection that a fault broke ends with an error.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), answer)
                .await;
        });
    }
}

type Answer = Result<Response<s3s::Body>, Box<dyn std::error::Error + Send + Sync>>;

async fn answer(
    service: S3Service,
    request: Request<Incoming>,
    fault: Fault,
    shown: Vec<(String, String)>,
    kept: Option<Kept>,
) -> Answer {
    if let (Fault::None, Some(kept)) = (fault, kept) {
        return with_checksum(service, request, kept).await;
    }
    match fault {
        Fault::Hang => std::future::pending().await,
        Fault::Reset => Err("reset".into()),
        Fault::Status(status, code) => {
            // To its end: who still sends when the connection closes may never see the answer.
            request.into_body().collect().await?;
            let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
            Ok(Response::builder().status(status).body(s3s::Body::from(body))?)
        }
        Fault::None if !shown.is_empty() => {
            let answer = service
                .call(request.map(s3s::Body::from))
                .await
                .map_err(|error| format!("{error:?}"))?;
            let (mut parts, body) = answer.into_parts();
            let whole = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
            let mut text = String::from_utf8(whole.to_vec())?;
            for (key, shown) in shown {
                text = text.replace(&format!("<Key>{key}</Key>"), &format!("<Key>{shown}</Key>"));
            }
            parts.headers.remove("content-length");
            Ok(Response::from_parts(parts, s3s::Body::from(text)))
        }
        Fault::None => service
            .call(request.map(s3s::Body::from))
            .await
            .map_err(|error| format!("{error:?}").into()),
        Fault::Cut(count) => {
            let answer = service
                .call(request.map(s3s::Body::from))
                .await
                .map_err(|error| format!("{error:?}"))?;
            let (parts, body) = answer.into_parts();
            let whole = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
            let kept: Bytes = whole.slice(..count.min(whole.len()));
            let frames: [Result<Frame<Bytes>, std::io::Error>; 2] =
                [Ok(Frame::data(kept)), Err(std::io::Error::other("cut"))];
            let body = StreamBody::new(stream::iter(frames));
            Ok(Response::from_parts(parts, s3s::Body::http_body(body)))
        }
    }
}

async fn with_checksum(service: S3Service, request: Request<Incoming>, kept: Kept) -> Answer {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let part = query.split('&').find_map(|pair| pair.strip_prefix("partNumber=")?.parse().ok());
    let size = part.and_then(|part: usize| kept.parts.get(part.checked_sub(1)?).copied());
    let answer =
        service.call(request.map(s3s::Body::from)).await.map_err(|error| format!("{error:?}"))?;
    let (mut parts, body) = answer.into_parts();
    if parts.status.is_success() {
        parts.headers.insert(kept.header, kept.value.parse()?);
        if let Some(etag) = kept.etag {
            parts.headers.insert("etag", etag.parse()?);
        }
        if let Some(size) = size {
            parts.status = hyper::StatusCode::PARTIAL_CONTENT;
            parts.headers.insert("content-length", size.into());
        }
    }
    Ok(Response::from_parts(parts, body))
}
