//! The bucket for backups.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use platform::config::BackupConfig;
use platform::digest::Sha256Digest;
use secrecy::ExposeSecret as _;

use super::error::BackupError;
use super::throttle::Throttle;
use super::upload::Upload;

/// What is asked for when the server's time is wanted.
const CLOCK: &str = "clock";

/// The part of the bucket that belongs to one installation. Clones share connections and bandwidth.
#[derive(Clone)]
pub(crate) struct BackupStore {
    store: Arc<AmazonS3>,
    bucket: String,
    prefix: String,
    throttle: Arc<Throttle>,
}

/// An entry of a listing.
pub(crate) struct Entry {
    /// Path below the prefix.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

impl BackupStore {
    /// Prepares the client; nothing is sent yet.
    pub(crate) fn open(config: &BackupConfig) -> Result<Self, BackupError> {
        platform::tls::install_provider();
        let storage = &config.storage;
        let mut builder = match &storage.credentials {
            Some(pair) => AmazonS3Builder::new()
                .with_access_key_id(pair.access_key_id.expose_secret())
                .with_secret_access_key(pair.secret_access_key.expose_secret()),
            None => AmazonS3Builder::from_env(),
        };
        let options = ClientOptions::new()
            .with_allow_http(true)
            .with_connect_timeout(Duration::from_secs(5))
            // A part of 8 MiB may take its time on a slow line.
            .with_timeout(Duration::from_secs(300));
        let retry = RetryConfig { max_retries: 1000, retry_timeout: config.retry, ..RetryConfig::default() };
        builder = builder
            .with_bucket_name(&storage.bucket)
            .with_region(&storage.region)
            .with_virtual_hosted_style_request(!storage.force_path_style)
            .with_retry(retry)
            .with_client_options(options);
        if let Some(endpoint) = &storage.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        Ok(Self {
            store: Arc::new(builder.build().map_err(BackupError::Configure)?),
            bucket: storage.bucket.clone(),
            prefix: config.prefix.clone(),
            throttle: Arc::new(Throttle::new(config.bandwidth)),
        })
    }

    fn path(&self, relative: &str) -> Path {
        Path::from(format!("{}/{relative}", self.prefix))
    }

    /// Puts a small object, whatever is there.
    pub(crate) async fn put(&self, relative: &str, bytes: Bytes) -> Result<(), BackupError> {
        self.throttle.take(bytes.len() as u64).await;
        let put = self.store.put(&self.path(relative), bytes.into()).await;
        put.map(|_| ()).map_err(|error| self.error(relative, error))
    }

    /// Begins an object whose size is not known yet.
    pub(super) fn upload(&self, relative: &str) -> Upload {
        Upload::new(self.clone(), self.store.clone(), relative.to_owned(), self.path(relative))
    }

    pub(super) fn throttle(&self) -> Arc<Throttle> {
        self.throttle.clone()
    }

    /// The whole object, in pieces as they come.
    pub(crate) async fn stream(
        &self,
        relative: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, BackupError>>, BackupError> {
        let answer =
            self.store.get(&self.path(relative)).await.map_err(|error| self.error(relative, error))?;
        let (this, relative) = (self.clone(), relative.to_owned());
        Ok(answer.into_stream().map_err(move |error| this.error(&relative, error)).boxed())
    }

    /// A small object as a whole.
    pub(crate) async fn get(&self, relative: &str) -> Result<Bytes, BackupError> {
        let answer =
            self.store.get(&self.path(relative)).await.map_err(|error| self.error(relative, error))?;
        answer.bytes().await.map_err(|error| self.error(relative, error))
    }

    /// Hash and size of an object, read without holding it in memory.
    pub(crate) async fn hash(&self, relative: &str) -> Result<(Sha256Digest, u64), BackupError> {
        use sha2::{Digest as _, Sha256};
        let mut stream = self.stream(relative).await?;
        let (mut hasher, mut size) = (Sha256::new(), 0_u64);
        while let Some(chunk) = stream.try_next().await? {
            hasher.update(&chunk);
            size += chunk.len() as u64;
        }
        Ok((Sha256Digest::from(<[u8; 32]>::from(hasher.finalize())), size))
    }

    /// All objects below `relative`.
    pub(crate) fn list(&self, relative: &str) -> BoxStream<'static, Result<Entry, BackupError>> {
        let (this, cut) = (self.clone(), self.prefix.len() + 1);
        let listed = self.store.list(Some(&self.path(relative)));
        let entry = move |meta: object_store::ObjectMeta| Entry {
            path: meta.location.as_ref().get(cut..).unwrap_or_default().to_owned(),
            size: meta.size,
            modified: SystemTime::UNIX_EPOCH
                + Duration::from_micros(meta.last_modified.timestamp_micros().try_into().unwrap_or_default()),
        };
        listed.map_ok(entry).map_err(move |error| this.error("a listing", error)).boxed()
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) async fn delete(&self, relative: &str) -> Result<(), BackupError> {
        match self.store.delete(&self.path(relative)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error(relative, error)),
        }
    }

    /// What time it is by the storage's clock, up to the next full second: it dates an object that is written now, to the
    /// second, and what was made in the same second is not of the future. Fails when the bucket is away or refuses the key,
    /// so it also tells early what a backup would only find at its first part.
    pub(crate) async fn now(&self) -> Result<SystemTime, BackupError> {
        self.put(CLOCK, Bytes::from_static(b"what time is it?\n")).await?;
        let meta = self.store.head(&self.path(CLOCK)).await.map_err(|error| self.error(CLOCK, error))?;
        let micros = meta.last_modified.timestamp_micros().try_into().unwrap_or_default();
        Ok(SystemTime::UNIX_EPOCH + Duration::from_micros(micros) + Duration::from_secs(1))
    }

    pub(super) fn error(&self, what: &str, error: object_store::Error) -> BackupError {
        match error {
            error if error.to_string().contains("NoSuchBucket") => BackupError::NoBucket(self.bucket.clone()),
            object_store::Error::NotFound { .. } => BackupError::NotFound(what.to_owned()),
            error @ (object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. }) => BackupError::Refused(error),
            other => BackupError::Storage(other),
        }
    }
}
