//! Which backups there are, and how well each is proven.

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures::TryStreamExt as _;
use platform::timestamp::Timestamp;
use secrecy::SecretSlice;
use serde::Serialize;

use super::check::Verification;
use super::error::BackupError;
use super::manifest::{self, Kind, Manifest};
use super::store::BackupStore;

/// What a folder below `backups/` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It has a manifest with a good signature.
    Complete,
    /// It has no manifest: it is being made, or its making was interrupted.
    Unfinished,
    /// Its manifest cannot be trusted or read.
    Unreadable,
}

/// A backup as a listing shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) state: State,
    /// Why it is unreadable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Kind>,
    /// Bytes of the dump.
    pub(crate) database_bytes: u64,
    pub(crate) objects: u64,
    pub(crate) object_bytes: u64,
    /// The last check of it, whatever its outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verification: Option<Verification>,
    /// The youngest of its files by the storage's clock.
    #[serde(skip)]
    pub(super) modified: SystemTime,
    /// Paths of its files.
    #[serde(skip)]
    pub(super) files: Vec<String>,
}

impl Entry {
    /// Whether it was restored and found whole.
    pub(crate) fn is_proven(&self) -> bool {
        self.verification.as_ref().is_some_and(|one| one.ok && one.restore.is_some())
    }
}

/// All backups, oldest first.
pub(crate) async fn list(store: &BackupStore, key: &SecretSlice<u8>) -> Result<Vec<Entry>, BackupError> {
    let mut folders: BTreeMap<String, (SystemTime, Vec<String>)> = BTreeMap::new();
    let mut listed = store.list("backups");
    while let Some(file) = listed.try_next().await? {
        let Some(id) = file.path.split('/').nth(1).map(str::to_owned) else { continue };
        let folder = folders.entry(id).or_insert((file.modified, Vec::new()));
        folder.0 = folder.0.max(file.modified);
        folder.1.push(file.path);
    }
    let mut entries = Vec::new();
    for (id, (modified, files)) in folders {
        entries.push(describe(store, key, id, modified, files).await?);
    }
    // Ids tell the second only.
    entries.sort_by_key(|entry| entry.created_at.map_or(entry.modified, |at| SystemTime::from(at.as_jiff())));
    Ok(entries)
}

/// What stands for the id of the newest complete backup.
pub(crate) const LATEST: &str = "latest";

/// The id itself, or that of the newest complete backup for [`LATEST`].
pub(crate) async fn resolve(
    store: &BackupStore,
    key: &SecretSlice<u8>,
    id: &str,
) -> Result<String, BackupError> {
    if id != LATEST {
        return Ok(id.to_owned());
    }
    let entries = list(store, key).await?;
    let complete = entries.into_iter().filter(|entry| entry.state == State::Complete);
    let newest = complete.max_by_key(|entry| entry.created_at);
    newest
        .map(|entry| entry.id)
        .ok_or_else(|| BackupError::Precondition("there is no complete backup below the prefix".to_owned()))
}

async fn describe(
    store: &BackupStore,
    key: &SecretSlice<u8>,
    id: String,
    modified: SystemTime,
    files: Vec<String>,
) -> Result<Entry, BackupError> {
    let found = if files.contains(&manifest::manifest_path(&id)) {
        match manifest::read(store, key, &id).await {
            Ok(manifest) => Ok(Some(manifest)),
            Err(
                error @ (BackupError::Signature(_)
                | BackupError::Unreadable { .. }
                | BackupError::NotFound(_)
                | BackupError::Json(_)),
            ) => Err(error.to_string()),
            Err(error) => return Err(error),
        }
    } else {
        Ok(None)
    };
    let verification = match manifest::read_signed(store, key, &manifest::verification_path(&id)).await {
        Ok(verification) => Some(verification),
        // One that is half written or forged proves nothing.
        Err(BackupError::NotFound(_) | BackupError::Signature(_) | BackupError::Unreadable { .. }) => None,
        Err(error) => return Err(error),
    };
    let (state, manifest, reason): (State, Option<Manifest>, Option<String>) = match found {
        Ok(Some(manifest)) => (State::Complete, Some(manifest), None),
        Ok(None) => (State::Unfinished, None, None),
        Err(reason) => (State::Unreadable, None, Some(reason)),
    };
    let manifest = manifest.as_ref();
    Ok(Entry {
        state,
        reason,
        created_at: manifest.map(|one| one.created_at),
        kind: manifest.map(|one| one.kind),
        database_bytes: manifest.map_or(0, |one| one.database.size),
        objects: manifest.map_or(0, |one| one.objects.count),
        object_bytes: manifest.map_or(0, |one| one.objects.bytes),
        verification,
        modified,
        files,
        id,
    })
}
