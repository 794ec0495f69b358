//! Making a backup: files first, then the dump of the same snapshot, and the manifest last.

use std::collections::HashSet;
use std::time::Instant;

use jiff::fmt::strtime;
use platform::config::{BackupConfig, DatabaseConfig};
use platform::digest::Sha256Digest;
use platform::maintenance;
use platform::migrations;
use platform::storage::Storage;
use platform::timestamp::Timestamp;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::error::BackupError;
use super::lock::Lock;
use super::manifest::{self, Kind, Manifest};
use super::store::BackupStore;
use super::tools::Tools;
use super::{dump, objects};
use crate::verify;

/// A file that goes away between the snapshot and its copy makes the backup take a new snapshot, so often. By then all
/// other files are copied, and the next snapshot needs moments only.
const SNAPSHOTS: u32 = 4;

/// What a backup needs.
pub(crate) struct Source<'a> {
    pub(crate) installation: &'a str,
    pub(crate) database: &'a DatabaseConfig,
    pub(crate) storage: &'a Storage,
    pub(crate) config: &'a BackupConfig,
}

/// Makes a backup and returns its manifest.
pub(crate) async fn run(source: &Source<'_>, kind: Kind) -> Result<Manifest, BackupError> {
    let _lock = Lock::take(source.database).await?;
    locked(source, kind).await
}

/// The same for a caller that holds the lock.
pub(crate) async fn locked(source: &Source<'_>, kind: Kind) -> Result<Manifest, BackupError> {
    let started = Instant::now();
    let store = BackupStore::open(source.config)?;
    store.now().await?;
    let pool = maintenance::pool(&source.database.owner_url, "DATABASE_OWNER_URL", 2).await?;
    let mut present = objects::present(&store).await?;
    for snapshot in 1..=SNAPSHOTS {
        let last = snapshot == SNAPSHOTS;
        if let Some(mut manifest) = attempt(source, kind, &store, &pool, &mut present, last).await? {
            manifest.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let path = manifest::manifest_path(&manifest.id);
            manifest::write_signed(&store, &source.config.signing_key, &path, &manifest).await?;
            tracing::info!(id = manifest.id, kind = ?kind, "the backup is complete");
            return Ok(manifest);
        }
        tracing::info!(snapshot, "files went away while they were copied; taking a new snapshot");
    }
    Err(BackupError::Stopped)
}

/// One snapshot: all but the manifest's time. `None` when files vanished and this was not the last try.
async fn attempt(
    source: &Source<'_>,
    kind: Kind,
    store: &BackupStore,
    pool: &PgPool,
    present: &mut HashSet<Sha256Digest>,
    last: bool,
) -> Result<Option<Manifest>, BackupError> {
    let mut connection = maintenance::connect(&source.database.owner_url, "DATABASE_OWNER_URL").await?;
    let postgres = server_version(&mut connection).await?;
    let tools = Tools::find(source.config, postgres).await?;
    let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let (snapshot, created_at): (String, Timestamp) =
        sqlx::query_as("SELECT pg_export_snapshot(), now()").fetch_one(&mut *transaction).await?;
    let tables = maintenance::tables(&mut transaction).await?;
    if tables.is_empty() {
        let text = "the database of DATABASE_OWNER_URL has no tables; run `worker migrate up` first";
        return Err(BackupError::Precondition(text.to_owned()));
    }
    maintenance::refuse_blindness(&mut transaction).await?;
    let id = new_id(created_at);
    tracing::info!(id, snapshot, "backing up");
    let copied = objects::copy(&mut transaction, pool, source.storage, store, present, &id).await?;
    if copied.vanished > 0 && !last {
        store.delete(&manifest::list_path(&id)).await?;
        return Ok(None);
    }
    let schema_version: i64 =
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM public._sqlx_migrations")
            .fetch_one(&mut *transaction)
            .await?;
    // Both read the same snapshot, each on a connection of its own.
    let (database, sums) =
        tokio::try_join!(dump::run(&tools, source.database, store, &id, &snapshot), async {
            verify::sums(&mut transaction, &tables).await.map_err(BackupError::from)
        })?;
    transaction.commit().await?;
    Ok(Some(Manifest {
        format: Manifest::FORMAT,
        id,
        installation: source.installation.to_owned(),
        kind,
        created_at,
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version,
        postgres,
        pg_dump: tools.version,
        database,
        objects: copied.objects,
        tables: sums,
        duration_ms: 0,
    }))
}

/// Whether the database has tables and lacks a migration of this version: before it gets that one, a backup is worth it.
pub(crate) async fn is_worth_it(database: &DatabaseConfig) -> Result<bool, BackupError> {
    let pool = maintenance::pool(&database.owner_url, "DATABASE_OWNER_URL", 1).await?;
    let is_new = maintenance::tables(&mut *pool.acquire().await?).await?.is_empty();
    let status = migrations::status(&pool).await?;
    Ok(!is_new && status.iter().any(|migration| !migration.applied))
}

/// The server's major version.
pub(super) async fn server_version(connection: &mut PgConnection) -> Result<u32, BackupError> {
    let number: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(connection).await?;
    Ok(u32::try_from(number / 10_000).unwrap_or_default())
}

/// Sorts by time, and is one's own even in the same second: `20261123T120000Z-1a2b3c4d`.
fn new_id(created_at: Timestamp) -> String {
    let moment = strtime::format("%Y%m%dT%H%M%SZ", created_at.as_jiff())
        .unwrap_or_else(|_| created_at.as_jiff().as_second().to_string());
    format!("{moment}-{:08x}", rand::random::<u32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_the_time() {
        let moment: jiff::Timestamp = "2026-11-23T12:00:00.5Z".parse().unwrap();
        let id = new_id(moment.into());
        assert!(id.starts_with("20261123T120000Z-") && id.len() == 25, "{id}");
    }
}
