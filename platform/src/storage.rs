//! Object storage: uploaded bytes under their tenant and hash.

mod bucket;
mod inventory;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use secrecy::ExposeSecret as _;

pub use inventory::ObjectEntry;

use crate::config::ObjectStorageConfig;
use crate::digest::Sha256Digest;
use crate::names::TenantId;
use crate::telemetry::spans::{Work, within};

/// What can go wrong with the object storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The `S3_*` variables do not make a client.
    #[error("the object storage is not configured rightly; see S3_ENDPOINT, S3_BUCKET and S3_REGION")]
    Configure(#[source] object_store::Error),
    /// The object is not there.
    #[error("the object {key} is not in the storage")]
    NotFound {
        /// Key of the object.
        key: String,
    },
    /// The bytes are not those that were stored.
    #[error("the object {key} is damaged: its hash is {found}, expected {expected}")]
    Damaged {
        /// Key of the object.
        key: String,
        /// The hash of what was stored.
        expected: Sha256Digest,
        /// The hash of what came back.
        found: Sha256Digest,
    },
    /// The storage is away or refuses.
    #[error("the object storage does not answer")]
    Request(#[source] object_store::Error),
    /// The bucket is not there and cannot be made.
    #[error("the bucket \"{bucket}\" cannot be made: {reason}")]
    MakeBucket {
        /// Name of the bucket.
        bucket: String,
        /// What the storage answered.
        reason: String,
    },
}

/// An object as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Key in the bucket: `tenants/<tenant>/sha256/<first two digits>/<other digits>`.
    pub key: String,
    /// Hash of the bytes.
    pub sha256: Sha256Digest,
    /// How many bytes.
    pub size: u64,
}

/// The bucket of one installation. Clones share its connections.
#[derive(Clone)]
pub struct Storage {
    store: Arc<AmazonS3>,
    config: Arc<ObjectStorageConfig>,
}

impl Storage {
    /// Prepares the client; nothing is sent yet.
    ///
    /// # Errors
    /// When the configuration makes no client.
    pub fn open(config: ObjectStorageConfig) -> Result<Self, StorageError> {
        // Its HTTP client takes the provider of the process, and panics where there is none.
        crate::tls::install_provider();
        let mut builder = match &config.credentials {
            Some(pair) => AmazonS3Builder::new()
                .with_access_key_id(pair.access_key_id.expose_secret())
                .with_secret_access_key(pair.secret_access_key.expose_secret()),
            // Web identity tokens and container credentials are announced by variables of their own.
            None => AmazonS3Builder::from_env(),
        };
        builder = builder
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_virtual_hosted_style_request(!config.force_path_style)
            .with_retry(RetryConfig {
                max_retries: 3,
                retry_timeout: Duration::from_secs(20),
                ..Default::default()
            })
            .with_client_options(client_options());
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(StorageError::Configure)?;
        Ok(Self { store: Arc::new(store), config: Arc::new(config) })
    }

    /// Stores `bytes` of `tenant` unless they are there already.
    ///
    /// # Errors
    /// When the storage is away.
    pub async fn put(&self, tenant: TenantId, bytes: Bytes) -> Result<StoredObject, StorageError> {
        within("store an object", Work::Storage, self.put_bytes(tenant, bytes)).await
    }

    async fn put_bytes(&self, tenant: TenantId, bytes: Bytes) -> Result<StoredObject, StorageError> {
        let sha256 = Sha256Digest::of(&bytes);
        let size = bytes.len() as u64;
        let key = object_key(tenant, sha256);
        let path = Path::from(key.as_str());
        let there = match self.store.head(&path).await {
            Ok(found) => found.size == size,
            Err(object_store::Error::NotFound { .. }) => false,
            Err(error) => return Err(StorageError::Request(error)),
        };
        if !there {
            // Two uploads of the same bytes may both get here: they write the same.
            self.store.put(&path, bytes.into()).await.map_err(StorageError::Request)?;
        }
        Ok(StoredObject { key, sha256, size })
    }

    /// The bytes of the object `key`, whose hash must be `expected`.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], [`StorageError::Damaged`], or the storage is away.
    pub async fn get(&self, key: &str, expected: Sha256Digest) -> Result<Bytes, StorageError> {
        within("read an object", Work::Storage, self.get_bytes(key, expected)).await
    }

    async fn get_bytes(&self, key: &str, expected: Sha256Digest) -> Result<Bytes, StorageError> {
        let answer = self.store.get(&Path::from(key)).await.map_err(|error| request_error(key, error))?;
        let bytes = answer.bytes().await.map_err(|error| request_error(key, error))?;
        let found = Sha256Digest::of(&bytes);
        if found != expected {
            return Err(StorageError::Damaged { key: key.to_owned(), expected, found });
        }
        Ok(bytes)
    }

    /// Removes the object `key`; one that is not there is no error.
    ///
    /// # Errors
    /// When the storage is away.
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(StorageError::Request(error)),
        }
    }

    /// Asks the bucket for an answer: it must be there and let us list it.
    ///
    /// # Errors
    /// When none comes. The caller limits the time.
    pub async fn check(&self) -> Result<(), StorageError> {
        self.store
            .list_with_delimiter(Some(&Path::from("health-check")))
            .await
            .map(|_| ())
            .map_err(StorageError::Request)
    }

    /// Makes the bucket unless it is there. `true` when it was made now.
    ///
    /// # Errors
    /// When it is not there and the credentials may not make it, or the storage is away.
    pub async fn ensure_bucket(&self) -> Result<bool, StorageError> {
        bucket::ensure(&self.store, &self.config).await
    }
}

/// The key under which the bytes with hash `sha256` of `tenant` are kept.
pub fn object_key(tenant: TenantId, sha256: Sha256Digest) -> String {
    let digits = sha256.to_string();
    let (first, rest) = digits.split_at(2);
    format!("tenants/{tenant}/sha256/{first}/{rest}")
}

fn client_options() -> ClientOptions {
    ClientOptions::new()
        // Inside a cluster the storage has no certificate.
        .with_allow_http(true)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(Duration::from_secs(30))
}

fn request_error(key: &str, error: object_store::Error) -> StorageError {
    match error {
        object_store::Error::NotFound { .. } => StorageError::NotFound { key: key.to_owned() },
        other => StorageError::Request(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_tenant_and_hash() {
        let tenant = TenantId::new();
        assert_eq!(
            object_key(tenant, Sha256Digest::of(b"abc")),
            format!(
                "tenants/{tenant}/sha256/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            )
        );
    }
}
