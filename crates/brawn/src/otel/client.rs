//! HTTP to a collector on this machine.

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// A collector's answer is a few bytes.
const MOST: usize = 64 << 10;

/// The client. Those that `opentelemetry-http` brings want HTTP/2 or a second TLS stack in every function.
#[derive(Clone, Debug)]
pub(super) struct Plain(Client<HttpConnector, Full<Bytes>>);

impl Plain {
    pub(super) fn new() -> Plain {
        // A connection that was frozen with the process may be dead, and a new one on this machine takes 0.1 ms.
        Plain(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http())
    }
}

#[async_trait]
impl HttpClient for Plain {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = self.0.request(request.map(Full::new)).await?.into_parts();
        let body = Limited::new(body, MOST).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    }
}
