//! The schema: its migrations, bringing it up, saying where it stands, and printing it as SQL.
//!
//! Each file of `migrations/` begins with `-- phase: expand` (the version before keeps working) or
//! `-- phase: contract` (removes what only older versions used; runs once the rollback window is over).

mod maintenance;
mod role;
mod sql;
mod up;

use std::time::Duration;

use sqlx::PgPool;
use sqlx::migrate::{Migration, Migrator};

pub use maintenance::maintenance_policies;
pub use role::RoleError;
pub use sql::sql_text;
pub use up::up;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// The table in which applied migrations are written down; the same as that of the `sqlx` command.
const TABLE: &str = "_sqlx_migrations";

/// What can go wrong with migrations.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A URL of the configuration cannot be used.
    #[error("{variable} is not a Postgres URL; set it to postgres://user:password@host:5432/database")]
    ParseUrl {
        /// Name of the variable.
        variable: &'static str,
    },
    /// The server cannot be reached or refuses the owner.
    #[error("cannot connect to Postgres as the owner of the schema")]
    Connect(#[source] sqlx::Error),
    /// A query of the bookkeeping failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// The statements of a migration failed; it was rolled back.
    #[error("migration {version} failed and was rolled back")]
    Apply {
        /// Number of the migration.
        version: i64,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A table stayed locked by running queries. Trying again later helps.
    #[error("migration {version} waited {waited:?} for a lock that running queries hold; try again later")]
    Locked {
        /// Number of the migration.
        version: i64,
        /// How long, over all tries.
        waited: Duration,
    },
    /// A table stayed locked while the policy for backups was to be made. Trying again later helps.
    #[error("the policy maintenance waited {waited:?} for a lock that running queries hold; try again later")]
    PolicyLocked {
        /// How long, over all tries.
        waited: Duration,
    },
    /// A migration was changed after it was applied.
    #[error(
        "migration {version} differs from what was applied; restore its file and write a new migration instead"
    )]
    Changed {
        /// Number of the migration.
        version: i64,
    },
    /// The application role cannot be prepared.
    #[error(transparent)]
    Role(#[from] RoleError),
}

impl MigrationError {
    /// Whether a later try may succeed without any change of the configuration.
    pub fn retry_may_help(&self) -> bool {
        match self {
            Self::ParseUrl { .. } | Self::Changed { .. } => false,
            Self::Role(error) => error.retry_may_help(),
            Self::Connect(_)
            | Self::Query(_)
            | Self::Apply { .. }
            | Self::Locked { .. }
            | Self::PolicyLocked { .. } => true,
        }
    }
}

/// When a migration may run in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the switch: older versions keep working.
    Expand,
    /// After the rollback window: older versions would not work any more.
    Contract,
}

/// The numbers of the expand migrations of this version that are not among `applied`.
pub fn unapplied(applied: &[i64]) -> Vec<i64> {
    let expand = all().filter(|migration| phase(migration) == Phase::Expand);
    expand.map(|migration| migration.version).filter(|version| !applied.contains(version)).collect()
}

/// The newest migration that this version has.
pub fn newest() -> i64 {
    all().map(|migration| migration.version).max().unwrap_or_default()
}

/// One migration and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MigrationStatus {
    /// Number of the migration.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// When it may run.
    pub phase: Phase,
    /// Whether the database has it.
    pub applied: bool,
}

/// Where the database stands, oldest migration first.
///
/// # Errors
/// When a query fails.
pub async fn status(pool: &PgPool) -> Result<Vec<MigrationStatus>, MigrationError> {
    let applied = applied_versions(pool).await?;
    Ok(all()
        .map(|migration| MigrationStatus {
            version: migration.version,
            name: migration.description.to_string(),
            phase: phase(migration),
            applied: applied.contains(&migration.version),
        })
        .collect())
}

/// The expand migrations that this version needs and the database does not have; empty when the schema is up to date.
///
/// # Errors
/// When a query fails.
pub async fn missing(pool: &PgPool) -> Result<Vec<i64>, MigrationError> {
    let status = status(pool).await?;
    let lacking = status.into_iter().filter(|one| one.phase == Phase::Expand && !one.applied);
    Ok(lacking.map(|one| one.version).collect())
}

async fn applied_versions(pool: &PgPool) -> Result<Vec<i64>, MigrationError> {
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(TABLE).fetch_one(pool).await?;
    if !there {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(pool).await?)
}

fn all() -> impl Iterator<Item = &'static Migration> {
    MIGRATOR.iter().filter(|migration| !migration.migration_type.is_down_migration())
}

fn phase(migration: &Migration) -> Phase {
    if migration.sql.as_str().starts_with("-- phase: contract") { Phase::Contract } else { Phase::Expand }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_names_its_phase() {
        for migration in all() {
            let first = migration.sql.as_str().lines().next().unwrap();
            assert!(
                ["-- phase: expand", "-- phase: contract"].contains(&first),
                "migration {} begins with {first:?}",
                migration.version
            );
        }
    }
}
