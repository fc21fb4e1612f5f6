//! Asking S3 for the checksums it keeps.
//!
//! `object_store` (0.14) does not ask for them. What it sends goes through here: a request that carries an [`Ask`] gets the header
//! that asks, is signed once more with it, and its answer brings the headers along.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use object_store::aws::{AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{ClientOptions, CredentialProvider, HeaderValue};

use super::remote::{Ask, Told};

/// Of the client, which has this: not to hold each other.
type Credentials = Weak<dyn CredentialProvider<Credential = AwsCredential>>;

/// How a client reaches its server.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    region: String,
    /// Known when the client is built.
    credentials: Arc<OnceLock<Credentials>>,
}

impl Asking {
    pub(super) fn new(region: String) -> Asking {
        Asking { region, credentials: Arc::default() }
    }

    /// What requests are signed with.
    pub(super) fn sign_with(&self, credentials: &AwsCredentialProvider) {
        let _first_wins = self.credentials.set(Arc::downgrade(credentials));
    }

    async fn ask(&self, request: &mut HttpRequest, ask: Ask) -> Result<(), HttpError> {
        let headers = request.headers_mut();
        headers.insert("x-amz-checksum-mode", HeaderValue::from_static("ENABLED"));
        let is_signed = headers.remove("authorization").is_some();
        if let Some(part) = ask.part {
            let uri = request.uri().to_string();
            let mark = if uri.contains('?') { '&' } else { '?' };
            *request.uri_mut() =
                format!("{uri}{mark}partNumber={part}").parse().map_err(unknown)?;
        }
        // A public bucket is asked unsigned.
        if let (true, Some(credentials)) =
            (is_signed, self.credentials.get().and_then(Weak::upgrade))
        {
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
        let told = Told(answer.headers().clone());
        answer.extensions_mut().insert(told);
        Ok(answer)
    }
}
