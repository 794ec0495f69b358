//! Bringing the schema up: one runner at a time, each migration in a transaction, never queueing behind traffic.

use std::collections::HashMap;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use sqlx::migrate::Migration;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use super::{MigrationError, Phase, all, maintenance, phase, role};
use crate::config::DatabaseConfig;

/// Any number will do, as long as all versions of this program use the same one.
const ADVISORY_LOCK: i64 = 0x0052_4d5f_5343_484d;
/// How long a statement waits for a table: queries that come meanwhile wait behind it, so it must be short.
const LOCK_TIMEOUT: &str = "2s";
/// How often a migration that found a table locked is tried.
const LOCK_TRIES: u32 = 15;

/// Applies the migrations of `phases` that the database lacks, then prepares the application role. Returns the versions
/// that were applied now. Safe to repeat and to run many times at once: the others wait.
///
/// # Errors
/// See [`MigrationError`]. What was applied before the error stays applied.
pub async fn up(config: &DatabaseConfig, phases: &[Phase]) -> Result<Vec<i64>, MigrationError> {
    let options = PgConnectOptions::from_str(config.owner_url.expose_secret())
        .map_err(|_| MigrationError::ParseUrl { variable: "DATABASE_OWNER_URL" })?;
    let mut owner = options
        .application_name("resume-matcher-migrate")
        .disable_statement_logging()
        .connect()
        .await
        .map_err(MigrationError::Connect)?;
    // The lock belongs to the connection: it is gone when this process is.
    sqlx::query("SELECT pg_advisory_lock($1)").bind(ADVISORY_LOCK).execute(&mut owner).await?;
    let applied = apply_missing(&mut owner, phases).await?;
    maintenance::prepare(&mut owner).await?;
    role::prepare(&mut owner, config).await?;
    owner.close().await?;
    Ok(applied)
}

async fn apply_missing(owner: &mut PgConnection, phases: &[Phase]) -> Result<Vec<i64>, MigrationError> {
    owner.execute(super::sql::CREATE_TABLE).await?;
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations").fetch_all(&mut *owner).await?;
    let known: HashMap<i64, Vec<u8>> = rows.into_iter().collect();
    let mut applied = Vec::new();
    for migration in all() {
        match known.get(&migration.version) {
            Some(checksum) if checksum[..] == *migration.checksum => {}
            Some(_) => return Err(MigrationError::Changed { version: migration.version }),
            None if phases.contains(&phase(migration)) => {
                apply_patiently(owner, migration).await?;
                applied.push(migration.version);
            }
            None => {}
        }
    }
    Ok(applied)
}

/// Tries again while a table is locked, with pauses in which the traffic goes on.
async fn apply_patiently(
    owner: &mut PgConnection,
    migration: &'static Migration,
) -> Result<(), MigrationError> {
    let started = Instant::now();
    for _ in 0..LOCK_TRIES {
        match apply(owner, migration).await {
            Ok(()) => {
                tracing::info!(version = migration.version, "migration applied");
                return Ok(());
            }
            Err(error) if is_lock_timeout(&error) => {
                tracing::warn!(version = migration.version, "a table is in use; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(source) => return Err(MigrationError::Apply { version: migration.version, source }),
        }
    }
    Err(MigrationError::Locked { version: migration.version, waited: started.elapsed() })
}

async fn apply(owner: &mut PgConnection, migration: &'static Migration) -> Result<(), sqlx::Error> {
    let started = Instant::now();
    let mut transaction = owner.begin().await?;
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(LOCK_TIMEOUT)
        .execute(&mut *transaction)
        .await?;
    transaction.execute(sqlx::raw_sql(migration.sql.clone())).await?;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES ($1, $2, true, $3, $4)",
    )
    .bind(migration.version)
    .bind(&*migration.description)
    .bind(&*migration.checksum)
    .bind(i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

pub(super) fn is_lock_timeout(error: &sqlx::Error) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}
