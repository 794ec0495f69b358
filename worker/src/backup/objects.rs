//! The files that the rows of a snapshot name: those that no earlier backup has are copied, all are listed.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use platform::digest::Sha256Digest;
use platform::maintenance;
use platform::storage::{Storage, StorageError};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::error::BackupError;
use super::manifest::{self, ObjectLine, Objects};
use super::store::BackupStore;
use super::upload::Upload;
use crate::verify;

/// So many files are read and sent at a time. The API limits their size, so this limits the memory.
const AT_ONCE: usize = 4;

/// What became of the files.
pub(super) struct Copied {
    pub(super) objects: Objects,
    /// How many went away while the backup ran, because their rows did: the snapshot is too old for them.
    pub(super) vanished: u64,
}

/// Where one file stands.
enum Outcome {
    AlreadyThere,
    Copied,
    /// The installation lost or damaged it: its row is there, the bytes are not.
    Missing,
    Vanished,
}

/// The hashes of all files that are in the backup already, by one listing.
pub(super) async fn present(store: &BackupStore) -> Result<HashSet<Sha256Digest>, BackupError> {
    let hash = |path: &str| -> Option<Sha256Digest> {
        let digits: String = path.strip_prefix("objects/")?.chars().filter(|c| *c != '/').collect();
        digits.parse().ok()
    };
    store.list("objects").try_filter_map(|entry| async move { Ok(hash(&entry.path)) }).try_collect().await
}

/// Copies what is missing and writes `objects.jsonl` of the backup `id`.
pub(super) async fn copy(
    snapshot: &mut PgConnection,
    pool: &PgPool,
    source: &Storage,
    store: &BackupStore,
    present: &mut HashSet<Sha256Digest>,
    id: &str,
) -> Result<Copied, BackupError> {
    let mut list = store.upload(&manifest::list_path(id));
    match copy_into(snapshot, pool, source, store, present, &mut list).await {
        Ok(mut copied) => {
            copied.objects.list = list.finish().await?;
            Ok(copied)
        }
        Err(error) => {
            list.abort().await;
            Err(error)
        }
    }
}

async fn copy_into(
    snapshot: &mut PgConnection,
    pool: &PgPool,
    source: &Storage,
    store: &BackupStore,
    present: &mut HashSet<Sha256Digest>,
    list: &mut Upload,
) -> Result<Copied, BackupError> {
    let tables = maintenance::object_tables(snapshot).await?;
    let empty = manifest::Part { sha256: Sha256Digest::of(b""), size: 0 };
    let objects = Objects { list: empty, count: 0, bytes: 0, missing: 0, copied: 0, copied_bytes: 0 };
    let mut done = Copied { objects, vanished: 0 };
    if tables.is_empty() {
        return Ok(done);
    }
    let query = format!("{} ORDER BY 1", verify::named_objects_query(&tables));
    let rows = sqlx::query_as::<_, (String, Sha256Digest, i64)>(AssertSqlSafe(query)).fetch(snapshot);
    let known: &HashSet<Sha256Digest> = present;
    let tables = &tables;
    let mut outcomes = rows
        .map_err(BackupError::from)
        .map_ok(|(key, sha256, size)| async move {
            let outcome = if known.contains(&sha256) {
                Outcome::AlreadyThere
            } else {
                copy_one(pool, tables, source, store, &key, sha256).await?
            };
            let missing = matches!(outcome, Outcome::Missing | Outcome::Vanished);
            let size = u64::try_from(size).unwrap_or_default();
            Ok((ObjectLine { key, sha256, size, missing }, outcome))
        })
        .try_buffered(AT_ONCE);
    let mut new = Vec::new();
    while let Some((line, outcome)) = outcomes.try_next().await? {
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        list.write(&text).await?;
        done.count(&line, &outcome);
        if matches!(outcome, Outcome::Copied) {
            new.push(line.sha256);
        }
    }
    drop(outcomes);
    present.extend(new);
    Ok(done)
}

impl Copied {
    fn count(&mut self, line: &ObjectLine, outcome: &Outcome) {
        self.objects.count += 1;
        self.objects.bytes += line.size;
        match outcome {
            Outcome::AlreadyThere => {}
            Outcome::Copied => {
                self.objects.copied += 1;
                self.objects.copied_bytes += line.size;
            }
            Outcome::Missing => self.objects.missing += 1,
            Outcome::Vanished => {
                self.objects.missing += 1;
                self.vanished += 1;
            }
        }
    }
}

/// Reading checks the hash, so nothing that is damaged already gets into the backup.
async fn copy_one(
    pool: &PgPool,
    tables: &[String],
    source: &Storage,
    store: &BackupStore,
    key: &str,
    sha256: Sha256Digest,
) -> Result<Outcome, BackupError> {
    match source.get(key, sha256).await {
        Ok(bytes) => {
            store.put(&manifest::object_path(sha256), bytes).await?;
            Ok(Outcome::Copied)
        }
        Err(error @ (StorageError::NotFound { .. } | StorageError::Damaged { .. })) => {
            if verify::is_named_now(pool, tables, key).await? {
                tracing::error!(%error, "a file of the installation is lost; the backup goes on without it");
                return Ok(Outcome::Missing);
            }
            Ok(Outcome::Vanished)
        }
        Err(error) => Err(error.into()),
    }
}
