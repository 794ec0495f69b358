//! Integrity: whether the database and the bucket are what they should be, seen across all tenants.
//!
//! [`run`] only reads, unless it is told to repair: then it moves objects that no row names out of the way.

mod catalogue;
mod objects;
mod orphans;
pub(crate) mod report;
mod rows;

use std::time::{Duration, Instant};

use platform::config::DatabaseConfig;
use platform::maintenance::{self, MaintenanceError};
use platform::storage::{Storage, StorageError};
use sqlx::{Connection as _, PgConnection, PgPool};

use report::{Finding, Report};
pub(crate) use rows::{named_objects_query, sums};

/// Why a check could not be made. A finding is no error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error(transparent)]
    Database(#[from] MaintenanceError),
    #[error("a query of the integrity check failed")]
    Query(#[from] sqlx::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How thoroughly the objects are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ObjectChecks {
    /// Each is read and hashed.
    Full,
    /// Each must be there with its size, by a listing.
    Sizes,
    /// None.
    None,
}

/// What to check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) objects: ObjectChecks,
    /// Whether objects that no row names are moved below `quarantine/`.
    pub(crate) repair: bool,
    /// An upload writes its object first and its row a moment later; younger objects are no orphans yet.
    pub(crate) orphan_age: Duration,
}

/// Checks the installation's database and bucket.
pub(crate) async fn run(
    database: &DatabaseConfig,
    storage: &Storage,
    options: Options,
) -> Result<Report, VerifyError> {
    let started = Instant::now();
    let pool = maintenance::pool(&database.owner_url, "DATABASE_OWNER_URL", 2).await?;
    let mut report = Report::default();
    let mut connection = pool.acquire().await?;
    // One snapshot for everything: rows that come and go meanwhile look neither torn nor lost.
    let mut snapshot = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    database_in(&mut snapshot, &mut report).await?;
    if options.objects != ObjectChecks::None {
        let named = objects::check(&mut snapshot, &pool, storage, options.objects, &mut report).await?;
        snapshot.commit().await?;
        orphans::check(&pool, storage, &named, options, &mut report).await?;
    }
    report.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// Checks a database alone: its catalogue and its rows.
pub(crate) async fn database_in(
    connection: &mut PgConnection,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let tables = maintenance::tables(connection).await?;
    if tables.is_empty() {
        report.add(Finding::damage("schema", "public", "there are no tables; run `worker migrate up`"));
        return Ok(());
    }
    maintenance::refuse_blindness(connection).await?;
    catalogue::check(connection, report).await?;
    rows::check(connection, report).await?;
    report.tables = sums(connection, &tables).await?;
    Ok(())
}

/// Whether a committed row names the object `key` at this moment, asked under the lock that uploads and deletions of the
/// API take for it.
pub(crate) async fn is_named_now(pool: &PgPool, tables: &[String], key: &str) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    lock_object(&mut transaction, key).await?;
    let named = is_named(&mut transaction, tables, key).await?;
    transaction.commit().await?;
    Ok(named)
}

/// Waits for uploads and deletions of the object `key`, and makes later ones wait until the transaction ends.
async fn lock_object(connection: &mut PgConnection, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(key)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a row of `tables` names the object `key`.
async fn is_named(connection: &mut PgConnection, tables: &[String], key: &str) -> Result<bool, sqlx::Error> {
    let exists = |table: &String| {
        format!("EXISTS (SELECT FROM public.{} WHERE object_key = $1)", maintenance::quote_identifier(table))
    };
    let query = format!("SELECT {}", tables.iter().map(exists).collect::<Vec<_>>().join(" OR "));
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(key).fetch_one(connection).await
}
