//! Making the bucket, which the `object_store` crate has no call for: signed HEAD and PUT requests on the bucket itself.

use http::{Method, Request, StatusCode};
use object_store::aws::{AmazonS3, AwsAuthorizer};
use object_store::client::{HttpConnector as _, HttpRequestBody, ReqwestConnector};

use super::{StorageError, client_options};
use crate::config::ObjectStorageConfig;

pub(super) async fn ensure(store: &AmazonS3, config: &ObjectStorageConfig) -> Result<bool, StorageError> {
    let failed = |reason: String| StorageError::MakeBucket { bucket: config.bucket.clone(), reason };
    let (status, _) = send(store, config, Method::HEAD, String::new()).await?;
    match status {
        StatusCode::OK => return Ok(false),
        StatusCode::NOT_FOUND => {}
        StatusCode::FORBIDDEN => return Err(failed("the credentials may not look at it (403)".to_owned())),
        other => return Err(failed(format!("asked whether it is there, the storage answered {other}"))),
    }
    let (status, answer) = send(store, config, Method::PUT, location(config)).await?;
    match status {
        status if status.is_success() => Ok(true),
        // Another process was quicker; AWS says 200 in us-east-1 and 409 elsewhere.
        StatusCode::CONFLICT if answer.contains("BucketAlreadyOwnedByYou") => Ok(false),
        other => Err(failed(format!("the storage answered {other} {}", error_code(&answer)))),
    }
}

/// AWS wants the region in the body, except for its first one, where it must be absent.
fn location(config: &ObjectStorageConfig) -> String {
    if config.region == "us-east-1" {
        return String::new();
    }
    format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        config.region
    )
}

async fn send(
    store: &AmazonS3,
    config: &ObjectStorageConfig,
    method: Method,
    body: String,
) -> Result<(StatusCode, String), StorageError> {
    let other = |error: Box<dyn std::error::Error + Send + Sync>| {
        StorageError::Request(object_store::Error::Generic { store: "S3", source: error })
    };
    let mut request = Request::builder()
        .method(method)
        .uri(bucket_url(config))
        .body(HttpRequestBody::from(body))
        .map_err(|error| other(error.into()))?;
    let credential = store.credentials().get_credential().await.map_err(StorageError::Request)?;
    AwsAuthorizer::new(&credential, "s3", &config.region)
        .try_authorize(&mut request, None)
        .map_err(StorageError::Request)?;
    let client = ReqwestConnector::default().connect(&client_options()).map_err(StorageError::Request)?;
    let response = client.execute(request).await.map_err(|error| other(error.into()))?;
    let status = response.status();
    let bytes = response.into_body().bytes().await.map_err(|error| other(error.into()))?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

fn bucket_url(config: &ObjectStorageConfig) -> String {
    let endpoint = match &config.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => format!("https://s3.{}.amazonaws.com", config.region),
    };
    if config.force_path_style {
        return format!("{endpoint}/{}", config.bucket);
    }
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{}.{host}/", config.bucket),
        None => endpoint,
    }
}

/// The `<Code>` of an S3 error document.
fn error_code(answer: &str) -> &str {
    answer
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map_or("without a reason", |(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(endpoint: Option<&str>, force_path_style: bool) -> ObjectStorageConfig {
        ObjectStorageConfig {
            endpoint: endpoint.map(str::to_owned),
            bucket: "resumes".to_owned(),
            region: "eu-west-1".to_owned(),
            force_path_style,
            credentials: None,
        }
    }

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_host_name() {
        assert_eq!(bucket_url(&config(Some("http://s:7070"), true)), "http://s:7070/resumes");
        assert_eq!(bucket_url(&config(None, false)), "https://resumes.s3.eu-west-1.amazonaws.com/");
    }

    #[test]
    fn an_error_document_gives_its_code() {
        assert_eq!(error_code("<Error><Code>AccessDenied</Code></Error>"), "AccessDenied");
    }
}
