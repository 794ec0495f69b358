//! One backup, restore or pruning of an installation at a time: an advisory lock of its database.

use platform::config::DatabaseConfig;
use platform::maintenance;
use sqlx::PgConnection;

use super::error::BackupError;

/// Any number will do, as long as all versions of this program use the same one.
const KEY: i64 = 0x0052_4d5f_4241_434b;

/// Holds the lock; it is gone when this value or the process is.
pub(crate) struct Lock {
    _connection: PgConnection,
}

impl Lock {
    /// Takes the lock or says that it is taken.
    pub(crate) async fn take(database: &DatabaseConfig) -> Result<Self, BackupError> {
        let mut connection = maintenance::connect(&database.owner_url, "DATABASE_OWNER_URL").await?;
        let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(KEY)
            .fetch_one(&mut connection)
            .await?;
        if free { Ok(Self { _connection: connection }) } else { Err(BackupError::Busy) }
    }
}
