//! Asking S3 for the checksums it keeps.
//!
//! `object_store` (0.14) does not ask for them. What it sends goes through here: a request that carries an [`Ask`] gets the header
//! that asks, is signed once more with it, and its answer brings the headers along.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use object_store::aws::{AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{ClientOptions, HeaderMap, HeaderValue};

use super::checksum::{Ask, Said};

/// Credentials of a directory bucket are a session's, which only the client has.
const SESSION: &str = "x-amz-s3session-token";

/// How a client reaches its server.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    region: String,
    /// Known when the client is built.
    credentials: Arc<OnceLock<AwsCredentialProvider>>,
}

impl Asking {
    pub(super) fn new(region: String) -> Asking {
        Asking { region, credentials: Arc::default() }
    }

    /// What requests are signed with.
    pub(super) fn sign_with(&self, credentials: AwsCredentialProvider) {
        let _first_wins = self.credentials.set(credentials);
    }

    async fn ask(&self, request: &mut HttpRequest, ask: Ask) -> Result<(), HttpError> {
        let headers = request.headers_mut();
        if headers.contains_key(SESSION) {
            return Ok(());
        }
        headers.insert("x-amz-checksum-mode", HeaderValue::from_static("ENABLED"));
        let is_signed = headers.remove("authorization").is_some();
        if ask.first_part {
            let uri = request.uri().to_string();
            let mark = if uri.contains('?') { '&' } else { '?' };
            *request.uri_mut() = format!("{uri}{mark}partNumber=1").parse().map_err(unknown)?;
        }
        // A public bucket is asked unsigned.
        if let (true, Some(credentials)) = (is_signed, self.credentials.get()) {
            let credential = credentials.get_credential().await.map_err(unknown)?;
            AwsAuthorizer::new(&credential, "s3", &self.region)
                .try_authorize(request, None)
                .map_err(unknown)?;
        }
        Ok(())
    }
}

fn unknown(error: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, error)
}

impl HttpConnector for Asking {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Service { client, asking: self.clone() }))
    }
}

#[derive(Debug)]
struct Service {
    client: HttpClient,
    asking: Asking,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Some(ask) = request.extensions().get::<Ask>().copied() else {
            return self.client.execute(request).await;
        };
        self.asking.ask(&mut request, ask).await?;
        let mut answer = self.client.execute(request).await?;
        let told: HeaderMap = answer
            .headers()
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("x-amz-checksum-"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        answer.extensions_mut().insert(Said(told));
        Ok(answer)
    }
}
