//! The bucket as a whole: what is in it, and moving it, for backups and checks.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};

use super::{Storage, StorageError, request_error};
use crate::digest::Sha256Digest;

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    /// Key in the bucket.
    pub key: String,
    /// How many bytes.
    pub size: u64,
    /// When it was written, by the storage's clock.
    pub modified: SystemTime,
}

impl Storage {
    /// All objects whose key begins with the path segments of `prefix`, in no particular order.
    pub fn list(&self, prefix: &str) -> BoxStream<'static, Result<ObjectEntry, StorageError>> {
        let listed = self.store.list(Some(&Path::from(prefix))).map_err(StorageError::Request);
        listed
            .map_ok(|meta| {
                let since_1970 = Duration::from_micros(
                    u64::try_from(meta.last_modified.timestamp_micros()).unwrap_or_default(),
                );
                ObjectEntry {
                    key: meta.location.to_string(),
                    size: meta.size,
                    modified: SystemTime::UNIX_EPOCH + since_1970,
                }
            })
            .boxed()
    }

    /// Hash and size of the object `key`, read without holding it in memory.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], or the storage is away.
    pub async fn hash(&self, key: &str) -> Result<(Sha256Digest, u64), StorageError> {
        let answer = self.store.get(&Path::from(key)).await.map_err(|error| request_error(key, error))?;
        let mut stream = answer.into_stream();
        let (mut hasher, mut size) = (Sha256::new(), 0_u64);
        while let Some(chunk) = stream.try_next().await.map_err(|error| request_error(key, error))? {
            hasher.update(&chunk);
            size += chunk.len() as u64;
        }
        Ok((Sha256Digest::from(<[u8; 32]>::from(hasher.finalize())), size))
    }

    /// Puts `bytes` under `key`, whatever is there.
    ///
    /// # Errors
    /// When the storage is away.
    pub async fn put_at(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.store.put(&Path::from(key), bytes.into()).await.map_err(StorageError::Request)?;
        Ok(())
    }

    /// Moves the object `from` to `to`: copied whole before the first one goes.
    ///
    /// # Errors
    /// [`StorageError::NotFound`], or the storage is away.
    pub async fn rename(&self, from: &str, to: &str) -> Result<(), StorageError> {
        self.store
            .copy(&Path::from(from), &Path::from(to))
            .await
            .map_err(|error| request_error(from, error))?;
        self.delete(from).await
    }
}
