//! An object that is written while its bytes come: in parts, with two of them under way and no copy on disk.

use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{MultipartId, PutPayload};
use platform::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::error::BackupError;
use super::manifest::Part;
use super::store::BackupStore;

/// Bytes of a part, except for the last. S3 takes 10,000 parts, so an object may have 156 GiB.
const PART: usize = 16 << 20;
/// Parts that are under way while the next one fills.
const AT_ONCE: usize = 2;

/// An object being written. Without [`Upload::finish`] there is none.
pub(super) struct Upload {
    backup: BackupStore,
    store: Arc<AmazonS3>,
    name: String,
    path: Path,
    id: Option<MultipartId>,
    buffer: Vec<u8>,
    sending: JoinSet<Result<(usize, PartId), object_store::Error>>,
    sent: Vec<(usize, PartId)>,
    parts: usize,
    hasher: Sha256,
    size: u64,
}

impl Upload {
    pub(super) fn new(backup: BackupStore, store: Arc<AmazonS3>, name: String, path: Path) -> Self {
        Self {
            backup,
            store,
            name,
            path,
            id: None,
            buffer: Vec::new(),
            sending: JoinSet::new(),
            sent: Vec::new(),
            parts: 0,
            hasher: Sha256::new(),
            size: 0,
        }
    }

    /// Adds bytes; waits while enough of them are under way.
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = PART - self.buffer.len();
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = rest;
            if self.buffer.len() == PART {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    async fn send_part(&mut self) -> Result<(), BackupError> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => {
                let made = self.store.create_multipart(&self.path).await;
                self.id.insert(made.map_err(|error| self.backup.error(&self.name, error))?).clone()
            }
        };
        while self.sending.len() >= AT_ONCE {
            self.take_sent().await?;
        }
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        self.backup.throttle().take(bytes.len() as u64).await;
        let (store, path, index) = (self.store.clone(), self.path.clone(), self.parts);
        self.parts += 1;
        self.sending.spawn(async move {
            Ok((index, store.put_part(&path, &id, index, PutPayload::from(bytes)).await?))
        });
        Ok(())
    }

    /// Waits for a part; `false` when none is under way.
    async fn take_sent(&mut self) -> Result<bool, BackupError> {
        match self.sending.join_next().await {
            None => Ok(false),
            Some(Ok(Ok(part))) => {
                self.sent.push(part);
                Ok(true)
            }
            Some(Ok(Err(error))) => Err(self.backup.error(&self.name, error)),
            Some(Err(_)) => Err(BackupError::Stopped),
        }
    }

    /// Sends what is left; from now on the object is there.
    pub(super) async fn finish(mut self) -> Result<Part, BackupError> {
        if self.id.is_none() {
            self.backup.put(&self.name, Bytes::from(std::mem::take(&mut self.buffer))).await?;
        } else {
            if !self.buffer.is_empty() {
                self.send_part().await?;
            }
            while self.take_sent().await? {}
            self.sent.sort_unstable_by_key(|(index, _)| *index);
            let parts = std::mem::take(&mut self.sent).into_iter().map(|(_, part)| part).collect();
            if let Some(id) = &self.id {
                let done = self.store.complete_multipart(&self.path, id, parts).await;
                done.map_err(|error| self.backup.error(&self.name, error))?;
            }
        }
        Ok(Part { sha256: Sha256Digest::from(<[u8; 32]>::from(self.hasher.finalize())), size: self.size })
    }

    /// Gives up: the parts that were sent cost nothing any more. A storage that is away keeps them; its own rule for
    /// unfinished uploads removes them then.
    pub(super) async fn abort(mut self) {
        self.sending.shutdown().await;
        if let Some(id) = &self.id
            && let Err(error) = self.store.abort_multipart(&self.path, id).await
        {
            tracing::warn!(%error, object = self.name, "an unfinished upload cannot be removed");
        }
    }
}
