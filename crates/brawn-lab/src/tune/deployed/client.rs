//! The client: region and credentials from where every AWS tool takes them, and errors that name what is missing.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::ProvideCredentials;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use brawn_core::{Error, ErrorKind, Result};

use super::target::Target;

/// An account may ask its control plane fifteen times a second, for all its tools together.
const ATTEMPTS: u32 = 10;
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
/// For one attempt of what is no invocation.
const ATTEMPT: Duration = Duration::from_secs(60);

/// All that is ever asked of Lambda; the last only when the answer to a published version was lost.
pub(super) const PERMISSIONS: &str = "lambda:GetFunctionConfiguration, lambda:GetAlias, lambda:UpdateFunctionConfiguration, \
     lambda:PublishVersion, lambda:CreateAlias, lambda:InvokeFunction, lambda:DeleteAlias, lambda:DeleteFunction, \
     lambda:ListVersionsByFunction";

/// A client for where `target` is, and that region.
pub(super) async fn connect(
    target: &Target,
    region: Option<String>,
    endpoint_url: Option<String>,
) -> Result<(Client, String)> {
    if let (Some(asked), Some(known)) = (&region, &target.region)
        && asked != known
    {
        return Err(Error::invalid_options(format!(
            "the ARN is in {known}, `--region` says {asked}"
        )));
    }
    if let Some(url) = &endpoint_url
        && !(url.starts_with("http://") || url.starts_with("https://"))
    {
        return Err(Error::invalid_options(format!(
            "`--endpoint-url {url}` is no address: http:// or https:// and a host"
        )));
    }
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(
            RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(LONGEST_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .build(),
        )
        // A function that computes for minutes sends nothing meanwhile.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(region) = target.region.clone().or(region) {
        loader = loader.region(Region::new(region));
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let Some(region) = config.region().map(ToString::to_string) else {
        return Err(Error::invalid_options("no region is known")
            .with_hint("`--region NAME`, AWS_REGION, or the profile's `region`"));
    };
    if let Some(provider) = config.credentials_provider() {
        provider.provide_credentials().await.map_err(|error| {
            Error::new(ErrorKind::InvalidOptions, "there are no AWS credentials that work")
                .with_source(error)
                .with_hint("AWS_PROFILE, `aws configure`, `aws sso login`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        })?;
    }
    Ok((Client::new(&config), region))
}

/// How often and how long an invocation is tried: once, for it may have run although its answer was lost.
pub(super) fn one_invocation(limit: Duration) -> aws_sdk_lambda::config::Builder {
    aws_sdk_lambda::config::Builder::new().retry_config(RetryConfig::disabled()).timeout_config(
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(limit).build(),
    )
}

/// Few attempts: for the first question, to which a wrong address is the likely answer.
pub(super) fn first_question() -> aws_sdk_lambda::config::Builder {
    aws_sdk_lambda::config::Builder::new().retry_config(RetryConfig::standard())
}

/// What Lambda answered instead of doing it, or why there is no answer.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// The name of the exception; none when there was no answer.
    pub(super) code: Option<String>,
    /// What is said about it.
    pub(super) message: String,
}

impl<E, R> From<SdkError<E, R>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Failure {
        let answered = error.as_service_error().is_some();
        let code = error.code().map(|code| {
            // Some stand-ins send `Type:http://...`, as the first protocols did.
            code.split(':').next().unwrap_or(code).to_owned()
        });
        let message = match error.message().map(str::trim) {
            Some(message) if !message.is_empty() => message.to_owned(),
            _ => causes(&error),
        };
        let code = code.or_else(|| answered.then(|| "an error without a name".to_owned()));
        Failure { code: code.filter(|_| answered), message }
    }
}

/// What an error says, and what it says of its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some repeat their cause.
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        next = cause.source();
    }
    said
}

impl Failure {
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Another update is in progress, or the version is not ready.
    pub(super) fn is_conflict(&self) -> bool {
        self.is("ResourceConflictException")
    }

    pub(super) fn is_missing(&self) -> bool {
        self.is("ResourceNotFoundException")
    }

    /// Nothing was run: all environments are taken, or something that it needs is not ready yet.
    pub(super) fn is_throttle(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some(
                "TooManyRequestsException"
                    | "ThrottlingException"
                    | "EC2ThrottledException"
                    | "SnapStartNotReadyException"
            )
        )
    }

    /// As an error of what was to be done to `function`, by the permission that it takes.
    pub(super) fn into_error(self, permission: &str, function: &str) -> Error {
        let Failure { code, message } = self;
        let Some(code) = code else {
            return Error::new(
                ErrorKind::Unavailable,
                format!("no answer to {permission} of `{function}`"),
            )
            .with_source(message)
            .with_hint("check the network, the region and `--endpoint-url`");
        };
        match code.as_str() {
            "AccessDeniedException" | "AccessDenied" => Error::new(
                ErrorKind::Storage,
                format!("these credentials may not do {permission} to `{function}`: {message}"),
            )
            .with_hint(format!("all that it takes: {PERMISSIONS}")),
            "ExpiredTokenException"
            | "ExpiredToken"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "IncompleteSignature" => Error::new(
                ErrorKind::Storage,
                format!("AWS does not accept these credentials: {message}"),
            )
            .with_hint("they may have expired: log in again"),
            "ResourceNotFoundException" => {
                Error::new(ErrorKind::NotFound, format!("{permission}: {message}"))
            }
            _ => Error::new(
                ErrorKind::Storage,
                format!("{permission} of `{function}`: {code}: {message}"),
            ),
        }
    }
}
