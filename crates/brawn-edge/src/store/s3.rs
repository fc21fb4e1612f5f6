//! A client for one S3 bucket.

use std::time::Duration;

use brawn_core::{Error, Result};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{ClientOptions, RetryConfig};

/// A server that says nothing for so long is tried again.
const SILENCE: Duration = Duration::from_secs(60);

/// The variables that name an endpoint for S3, the first that is set counts.
const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];

pub(super) fn connect(variables: &[(String, String)], bucket: &str) -> Result<AmazonS3> {
    let mut builder = AmazonS3Builder::new();
    // The one for S3 alone wins over the one for all services, as in AWS's own SDKs. Those of other services are not S3's.
    let endpoint = ENDPOINTS.into_iter().find_map(|wanted| {
        let given = variables.iter().find(|(name, value)| name == wanted && !value.is_empty());
        given.map(|(_, value)| value.clone())
    });
    for (name, value) in variables {
        if name.starts_with("AWS_ENDPOINT") {
            continue;
        }
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    // A request may carry gigabytes: silence ends it, not its length.
    let options = ClientOptions::new()
        .with_timeout_disabled()
        .with_read_timeout(SILENCE)
        .with_allow_http(endpoint.as_deref().is_some_and(|url| url.starts_with("http://")));
    // brawn tries again by itself, bounded by the budget; both together would multiply.
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    builder = builder.with_bucket_name(bucket).with_client_options(options).with_retry(retry);
    builder = match endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false),
        // A dot in the bucket's name would not match AWS's certificate for `*.s3.region.amazonaws.com`.
        None => builder.with_virtual_hosted_style_request(!bucket.contains('.')),
    };
    builder.build().map_err(|error| {
        Error::invalid_options(format!("cannot use `s3://{bucket}/`: {error}"))
            .with_hint("the AWS_* environment variables hold the credentials, region and endpoint")
    })
}
