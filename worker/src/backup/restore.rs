//! Bringing an installation back from a backup: its files, then its database in one transaction, then the proof.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::digest::Sha256Digest;
use platform::maintenance;
use platform::migrations::{self, Phase};
use platform::storage::{Storage, StorageError};
use platform::timestamp::Timestamp;
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::create::{self, Source};
use super::error::BackupError;
use super::lock::Lock;
use super::manifest::{self, Kind, Manifest, ObjectLine};
use super::script;
use super::store::BackupStore;
use super::tools::Tools;
use crate::verify::report::{Report, Severity};
use crate::verify::{self, ObjectChecks, Options};

const AT_ONCE: usize = 8;

/// What a restore did and how long each part of it took.
#[derive(Debug, Serialize)]
pub(crate) struct Restored {
    pub(crate) backup: String,
    /// What was written after this moment is not back: the recovery point.
    pub(crate) taken_at: Timestamp,
    /// The backup of what was there before.
    pub(crate) safety_backup: Option<String>,
    pub(crate) rows: u64,
    /// Files that the rows name.
    pub(crate) objects: u64,
    /// Of these, those that had to be brought back.
    pub(crate) objects_restored: u64,
    pub(crate) object_bytes_restored: u64,
    /// Migrations that the backup did not have.
    pub(crate) migrations: Vec<i64>,
    /// `safety`, `objects`, `database`, `migrate`, `verify`.
    pub(crate) duration_ms: BTreeMap<&'static str, u64>,
    /// The recovery time: from the start until everything was proven whole.
    pub(crate) recovery_ms: u64,
    pub(crate) verification: Report,
}

/// Restores the backup `id`. Data that is there already is replaced only `in_place`, after a backup of it was made.
pub(crate) async fn run(source: &Source<'_>, id: &str, in_place: bool) -> Result<Restored, BackupError> {
    let started = Instant::now();
    let _lock = Lock::take(source.database).await?;
    let store = BackupStore::open(source.config)?;
    let manifest = manifest::read(&store, &source.config.signing_key, id).await?;
    if manifest.schema_version > migrations::newest() {
        let text = format!(
            "the backup {id} has migration {} and this version knows {}; restore it with a worker of version {} or newer",
            manifest.schema_version,
            migrations::newest(),
            manifest.app_version
        );
        return Err(BackupError::Precondition(text));
    }
    let mut connection = maintenance::connect(&source.database.owner_url, "DATABASE_OWNER_URL").await?;
    let tools =
        Tools::find(source.config, create::server_version(&mut connection).await?.max(manifest.pg_dump))
            .await?;
    let filled = filled_table(&mut connection).await?;
    let mut steps = Steps { since: started, durations: BTreeMap::new() };
    let safety_backup = match filled {
        Some(table) if !in_place => {
            let text =
                format!("the installation has data (in the table {table}); add --in-place to replace it");
            return Err(BackupError::Precondition(text));
        }
        Some(_) => Some(create::locked(source, Kind::Safety).await?.id),
        None => None,
    };
    steps.done("safety");
    let lines = object_lines(&store, &manifest).await?;
    let lost: HashSet<String> =
        lines.iter().filter(|line| line.missing).map(|line| line.key.clone()).collect();
    let objects = objects(&store, source.storage, lines).await?;
    steps.done("objects");
    script::run(&tools, &source.database.owner_url, &store, &manifest).await?;
    steps.done("database");
    // From here on the old data is gone from the database; a failure is told as one of that kind.
    let migrations = migrations::up(source.database, &[Phase::Expand])
        .await
        .map_err(|error| BackupError::Unproven(Box::new(error.into())))?;
    steps.done("migrate");
    let verification = prove(source, &lost).await.map_err(|error| BackupError::Unproven(Box::new(error)))?;
    steps.done("verify");
    Ok(Restored {
        backup: manifest.id,
        taken_at: manifest.created_at,
        safety_backup,
        rows: manifest.tables.values().map(|sum| sum.rows).sum(),
        objects: manifest.objects.count,
        objects_restored: objects.0,
        object_bytes_restored: objects.1,
        migrations,
        duration_ms: steps.durations,
        recovery_ms: millis(started),
        verification,
    })
}

struct Steps {
    since: Instant,
    durations: BTreeMap<&'static str, u64>,
}

impl Steps {
    fn done(&mut self, step: &'static str) {
        self.durations.insert(step, millis(self.since));
        self.since = Instant::now();
        tracing::info!(step, "done");
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// When chores were last done: a new installation has it as soon as its worker runs, and it is nobody's data.
const CHORES: &str = "schedules";

/// A table with rows, if there is one; what migrations and chores note does not count.
async fn filled_table(connection: &mut sqlx::PgConnection) -> Result<Option<String>, BackupError> {
    let tables = maintenance::tables(connection).await?;
    if !tables.is_empty() {
        maintenance::refuse_blindness(connection).await?;
    }
    for table in tables.into_iter().filter(|table| !table.starts_with('_') && table != CHORES) {
        let query = format!("SELECT EXISTS (SELECT FROM public.{})", maintenance::quote_identifier(&table));
        if sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *connection).await? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// Brings back each file that is not there whole; returns how many, and their bytes. Files that the present rows name
/// are never removed, so an interrupted restore harms nothing.
async fn objects(
    store: &BackupStore,
    storage: &Storage,
    lines: Vec<ObjectLine>,
) -> Result<(u64, u64), BackupError> {
    storage.ensure_bucket().await?;
    let restored = stream::iter(lines.into_iter().filter(|line| !line.missing))
        .map(|line| restore_one(store, storage, line))
        .buffer_unordered(AT_ONCE);
    let add = |(count, bytes), size: Option<u64>| async move {
        Ok(size.map_or((count, bytes), |size| (count + 1, bytes + size)))
    };
    restored.try_fold((0, 0), add).await
}

/// The lines of `objects.jsonl`, once its hash was compared with the manifest's.
pub(super) async fn object_lines(
    store: &BackupStore,
    manifest: &Manifest,
) -> Result<Vec<ObjectLine>, BackupError> {
    let path = manifest::list_path(&manifest.id);
    let bytes = store.get(&path).await?;
    if Sha256Digest::of(&bytes) != manifest.objects.list.sha256 {
        let reason = "its hash is not that of the manifest".to_owned();
        return Err(BackupError::Damaged { what: path, reason });
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(serde_json::from_slice).collect::<Result<_, _>>()?)
}

/// The size when the file had to be brought back.
async fn restore_one(
    store: &BackupStore,
    storage: &Storage,
    line: ObjectLine,
) -> Result<Option<u64>, BackupError> {
    match storage.hash(&line.key).await {
        Ok((sha256, _)) if sha256 == line.sha256 => return Ok(None),
        Ok(_) | Err(StorageError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let path = manifest::object_path(line.sha256);
    let bytes = store.get(&path).await?;
    let found = Sha256Digest::of(&bytes);
    if found != line.sha256 {
        let reason = format!("its hash is {found}");
        return Err(BackupError::Damaged { what: path, reason });
    }
    storage.put_at(&line.key, bytes).await?;
    Ok(Some(line.size))
}

/// Checks everything. What the backup says was lost before it was made is no damage of the restore.
async fn prove(source: &Source<'_>, lost: &HashSet<String>) -> Result<Report, BackupError> {
    let options = Options {
        objects: ObjectChecks::Full,
        repair: false,
        orphan_age: std::time::Duration::from_secs(3600),
    };
    let mut report = verify::run(source.database, source.storage, options).await?;
    for finding in report.findings.iter_mut().filter(|finding| finding.check == "object") {
        if lost.contains(&finding.subject) && finding.severity == Severity::Damage {
            finding.severity = Severity::Notice;
            finding.detail.push_str(" (it was lost before the backup was made)");
            report.damage -= 1;
        }
    }
    report.ok = report.damage == 0;
    Ok(report)
}
