//! Proving a backup: every byte read and hashed, and on request restored into a scratch database and examined there.

use std::time::Instant;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::digest::Sha256Digest;
use platform::maintenance;
use platform::timestamp::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use url::Url;

use super::create::{self, Source};
use super::error::BackupError;
use super::manifest::{self, Manifest, ObjectLine};
use super::restore::object_lines;
use super::script;
use super::store::BackupStore;
use super::tools::Tools;
use crate::verify;
use crate::verify::report::Report;

const AT_ONCE: usize = 8;
/// So many faults are told one by one.
const TOLD: usize = 50;
/// Scratch databases begin so, and are never anything else.
const SCRATCH: &str = "rm_verify_";

/// The outcome of a check; it is kept, signed, beside the manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Verification {
    pub(crate) format: u32,
    pub(crate) id: String,
    /// The moment that the backup is of.
    pub(crate) taken_at: Timestamp,
    /// By this machine's clock.
    pub(crate) verified_at: Timestamp,
    pub(crate) ok: bool,
    /// Files of the backup that were read, and their bytes.
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    /// What is wrong; empty when nothing is.
    pub(crate) faults: Vec<String>,
    /// The trial of a restore, when one was asked for.
    pub(crate) restore: Option<Trial>,
    pub(crate) duration_ms: u64,
}

/// A restore into a scratch database that was dropped afterwards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// How long restoring the database took.
    pub(crate) restore_ms: u64,
    /// How long examining it took.
    pub(crate) verify_ms: u64,
    pub(crate) rows: u64,
}

/// Checks the backup `id` and writes the outcome beside it.
pub(crate) async fn run(
    source: &Source<'_>,
    store: &BackupStore,
    id: &str,
    restore: bool,
) -> Result<Verification, BackupError> {
    let started = Instant::now();
    let key = &source.config.signing_key;
    let manifest = manifest::read(store, key, id).await?;
    let mut verification = Verification {
        format: Manifest::FORMAT,
        id: id.to_owned(),
        taken_at: manifest.created_at,
        verified_at: Timestamp::now(),
        ok: false,
        objects: 0,
        bytes: 0,
        faults: Vec::new(),
        restore: None,
        duration_ms: 0,
    };
    files(store, &manifest, &mut verification).await?;
    if restore && verification.faults.is_empty() {
        match trial(source, store, &manifest, &mut verification.faults).await {
            Ok(trial) => verification.restore = Some(trial),
            Err(error @ (BackupError::Damaged { .. } | BackupError::Program { .. })) => {
                verification.faults.push(error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    verification.ok = verification.faults.is_empty();
    verification.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    manifest::write_signed(store, key, &manifest::verification_path(id), &verification).await?;
    Ok(verification)
}

/// Reads the dump, the list and each file.
async fn files(
    store: &BackupStore,
    manifest: &Manifest,
    verification: &mut Verification,
) -> Result<(), BackupError> {
    let dump = manifest::dump_path(&manifest.id);
    let database = &manifest.database;
    note(verification, look(store, &dump, database.sha256, database.size).await?, database.size);
    let lines = match object_lines(store, manifest).await {
        Ok(lines) => lines,
        Err(error @ (BackupError::Damaged { .. } | BackupError::NotFound(_))) => {
            verification.faults.push(error.to_string());
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    // Two tenants' files of the same bytes are one.
    let mut wanted: Vec<ObjectLine> = lines.into_iter().filter(|line| !line.missing).collect();
    wanted.sort_unstable_by_key(|line| line.sha256);
    wanted.dedup_by_key(|line| line.sha256);
    let mut looked = stream::iter(wanted)
        .map(|line| async move {
            let path = manifest::object_path(line.sha256);
            Ok::<_, BackupError>((look(store, &path, line.sha256, line.size).await?, line.size))
        })
        .buffer_unordered(AT_ONCE);
    while let Some((fault, size)) = looked.try_next().await? {
        verification.objects += 1;
        note(verification, fault, size);
    }
    Ok(())
}

fn note(verification: &mut Verification, fault: Option<String>, size: u64) {
    match fault {
        None => verification.bytes += size,
        Some(fault) if verification.faults.len() < TOLD => verification.faults.push(fault),
        Some(_) => {}
    }
}

/// What is wrong with a file of the backup.
async fn look(
    store: &BackupStore,
    path: &str,
    sha256: Sha256Digest,
    size: u64,
) -> Result<Option<String>, BackupError> {
    match store.hash(path).await {
        Ok((found, bytes)) if (found, bytes) == (sha256, size) => Ok(None),
        Ok((found, bytes)) => Ok(Some(format!(
            "{path} is damaged: SHA-256 {found} of {bytes} bytes, expected {sha256} of {size}"
        ))),
        Err(BackupError::NotFound(_)) => Ok(Some(format!("{path} is missing"))),
        Err(error) => Err(error),
    }
}

/// Restores into a database that is made for it, examines that, and drops it.
async fn trial(
    source: &Source<'_>,
    store: &BackupStore,
    manifest: &Manifest,
    faults: &mut Vec<String>,
) -> Result<Trial, BackupError> {
    let url = source.config.scratch_url.as_ref().unwrap_or(&source.database.owner_url);
    let mut server = maintenance::connect(url, "RM_BACKUP_SCRATCH_URL").await?;
    drop_leftovers(&mut server).await?;
    let version = create::server_version(&mut server).await?;
    let tools = Tools::find(source.config, version.max(manifest.pg_dump)).await?;
    let name = format!("{SCRATCH}{:016x}", rand::random::<u64>());
    server
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")))
        .await?;
    let scratch = with_database(url, &name)?;
    let tried = examine(&tools, &scratch, store, manifest, faults).await;
    server.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await?;
    tried
}

async fn examine(
    tools: &Tools,
    scratch: &SecretString,
    store: &BackupStore,
    manifest: &Manifest,
    faults: &mut Vec<String>,
) -> Result<Trial, BackupError> {
    let started = Instant::now();
    script::run(tools, scratch, store, manifest).await?;
    let restore_ms = started.elapsed().as_millis();
    let started = Instant::now();
    let mut connection = maintenance::connect(scratch, "RM_BACKUP_SCRATCH_URL").await?;
    let mut report = Report::default();
    verify::database_in(&mut connection, &mut report).await?;
    connection.close().await?;
    if report.damage > 0 {
        faults.push(report.to_string());
    }
    Ok(Trial {
        restore_ms: u64::try_from(restore_ms).unwrap_or(u64::MAX),
        verify_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        rows: report.tables.values().map(|sum| sum.rows).sum(),
    })
}

/// Drops scratch databases that a killed check left: those to which nobody is connected.
async fn drop_leftovers(server: &mut sqlx::PgConnection) -> Result<(), BackupError> {
    let left: Vec<String> = sqlx::query_scalar(
        "SELECT format('DROP DATABASE IF EXISTS %I', d.datname) FROM pg_database d
         WHERE d.datname LIKE 'rm\\_verify\\_%' AND pg_has_role(current_user, d.datdba, 'USAGE')
           AND (pg_stat_file('base/' || d.oid || '/PG_VERSION', true)).modification < now() - interval '1 day'
           AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)",
    )
    .fetch_all(&mut *server)
    .await
    .or_else(|error| match error.as_database_error().and_then(|one| one.code()).as_deref() {
        // Only superusers may ask for a database's age; others' leftovers wait for a person.
        Some("42501") => Ok(Vec::new()),
        _ => Err(error),
    })?;
    for statement in left {
        server.execute(AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

fn with_database(url: &SecretString, name: &str) -> Result<SecretString, BackupError> {
    let wrong = || maintenance::MaintenanceError::ParseUrl { variable: "RM_BACKUP_SCRATCH_URL" };
    let mut url = Url::parse(url.expose_secret()).map_err(|_| wrong())?;
    url.set_path(name);
    Ok(SecretString::from(url.as_str()))
}
