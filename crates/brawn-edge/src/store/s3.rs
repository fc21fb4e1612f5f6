//! A client for one S3 bucket.

use std::time::Duration;

use brawn_core::{Error, Result};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::{ClientOptions, RetryConfig};

use super::asking::Asking;

/// A server that says nothing for so long is tried again.
const SILENCE: Duration = Duration::from_secs(60);

/// The variables that name an endpoint for S3, the first that is set counts.
const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];

/// Set to `when_required`, no checksum is sent: the word of AWS's own SDKs, for servers that refuse what they do not know.
const CHECKSUMS: &str = "AWS_REQUEST_CHECKSUM_CALCULATION";

/// Set to `when_required`, objects are not asked for theirs.
const VALIDATION: &str = "AWS_RESPONSE_CHECKSUM_VALIDATION";

/// Whether `bucket` is asked for the checksums of its objects. A directory bucket (S3 Express One Zone) is not: its requests are
/// signed by a session that only the client has.
pub(super) fn asks(variables: &[(String, String)], bucket: &str) -> bool {
    !bucket.ends_with("--x-s3") && !is_spared(variables, VALIDATION)
}

fn is_spared(variables: &[(String, String)], which: &str) -> bool {
    variables
        .iter()
        .any(|(name, value)| name == which && value.eq_ignore_ascii_case("when_required"))
}

/// A client that tries each request again up to `retries` times by itself.
pub(super) fn connect(
    variables: &[(String, String)],
    bucket: &str,
    retries: usize,
) -> Result<AmazonS3> {
    let mut builder = AmazonS3Builder::new();
    // The one for S3 alone wins over the one for all services, as in AWS's own SDKs. Those of other services are not S3's.
    let endpoint = ENDPOINTS.into_iter().find_map(|wanted| {
        let given = variables.iter().find(|(name, _)| name == wanted);
        given.map(|(_, value)| value.clone())
    });
    if let Some(endpoint) = &endpoint {
        check_endpoint(endpoint)?;
    }
    if bucket.contains(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))) {
        return Err(Error::invalid_options(format!("`{bucket}` is not the name of a bucket"))
            .with_hint("it has letters, digits, `.` and `-`"));
    }
    if !is_spared(variables, CHECKSUMS) {
        // S3 verifies it and keeps it with the object. `AWS_CHECKSUM_ALGORITHM` may name the other that the client has.
        builder = builder.with_checksum_algorithm(Checksum::CRC64NVME);
    }
    for (name, value) in variables {
        if name.starts_with("AWS_ENDPOINT") {
            continue;
        }
        if matches!(name.as_str(), "AWS_REGION" | "AWS_DEFAULT_REGION")
            && value.contains(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        {
            return Err(Error::invalid_options(format!("{name} is `{value}`, which is no region"))
                .with_hint("a region is such as `eu-central-1`"));
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
    // Where brawn tries again, bounded by the budget, the client must not: both together would multiply.
    let retry = RetryConfig { max_retries: retries, ..RetryConfig::default() };
    builder = builder.with_bucket_name(bucket).with_client_options(options).with_retry(retry);
    builder = match endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false),
        // A dot in the bucket's name would not match AWS's certificate for `*.s3.region.amazonaws.com`.
        None => builder.with_virtual_hosted_style_request(!bucket.contains('.')),
    };
    let region = builder.get_config_value(&AmazonS3ConfigKey::Region);
    let asking = Asking::new(region.unwrap_or_else(|| "us-east-1".to_owned()));
    let store = builder.with_http_connector(asking.clone()).build().map_err(|error| {
        Error::invalid_options(format!("cannot use `s3://{bucket}/`: {error}"))
            .with_hint("the AWS_* environment variables hold the credentials, region and endpoint")
    })?;
    asking.sign_with(store.credentials());
    Ok(store)
}

/// The client panics on what it cannot make a request of.
fn check_endpoint(endpoint: &str) -> Result<()> {
    let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    let is_host = |host: &str| {
        let host = host.split('/').next().unwrap_or_default();
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c))
    };
    if host.is_some_and(is_host)
        && !endpoint.contains(|c: char| c.is_whitespace() || c.is_control())
    {
        return Ok(());
    }
    Err(Error::invalid_options(format!("the S3 endpoint `{endpoint}` is not a URL"))
        .with_hint("write AWS_ENDPOINT_URL as `http://host:port` or `https://host`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(variables: &[(&str, &str)], bucket: &str) -> String {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        connect(&variables, bucket, 0).map(drop).expect_err("it is refused").to_string()
    }

    #[test]
    fn what_no_request_can_be_made_of_is_refused_before_there_is_one() {
        for url in
            ["127.0.0.1:9000", "http://", "http://a b", "http:///x", "ftp://host", "https://h\n"]
        {
            assert!(error(&[("AWS_ENDPOINT_URL", url)], "b").contains("is not a URL"), "{url:?}");
        }
        assert!(error(&[], "In Valid_bucket").contains("is not the name of a bucket"));
        assert!(error(&[("AWS_REGION", "bad region")], "b").contains("region"));
        for url in ["http://127.0.0.1:9000", "https://s3.example.com/path", "http://[::1]:9000"] {
            check_endpoint(url).expect(url);
        }
    }
}
