//! Replacing the keys of secrets at rest: what older keys sealed is sealed by the newest one.
//!
//! The values stay as they are; only their data keys are wrapped anew. It can be broken off and begun again, and runs beside
//! an application that works.

use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::postgres::locksmith_transaction;
use crate::sealing::{Keyring, SealError};

/// Rows of one transaction: it must not last.
const BATCH: i64 = 200;

/// Table, its key and its sealed column: every place where sealed values are kept.
const PLACES: [(&str, &str, &str); 2] =
    [("second_factors", "account_id", "secret"), ("mails", "id", "content")];

/// Why the keys were not replaced everywhere.
#[derive(Debug, thiserror::Error)]
pub enum LocksmithError {
    /// A query failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// A value cannot be opened.
    #[error("a row of {table} cannot be sealed anew")]
    Seal {
        /// Where it is.
        table: &'static str,
        /// What is wrong.
        source: SealError,
    },
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Resealed {
    /// Sealed values that there are.
    pub found: u64,
    /// Those that an older key had sealed.
    pub resealed: u64,
}

/// Seals every value by the first key of `keyring`. Afterwards the other keys can be taken out of the configuration.
///
/// # Errors
/// When a query fails or a value's key is not in the ring; what was sealed before stays so.
pub async fn reseal(pool: &PgPool, keyring: &Keyring) -> Result<Resealed, LocksmithError> {
    let mut done = Resealed::default();
    for place in PLACES {
        let mut after = Uuid::nil();
        while let Some(last) = reseal_batch(pool, keyring, place, after, &mut done).await? {
            after = last;
        }
    }
    Ok(done)
}

/// Seals the rows after the key `after`; gives the last one's key, `None` when there was none.
async fn reseal_batch(
    pool: &PgPool,
    keyring: &Keyring,
    (table, key, column): (&'static str, &'static str, &'static str),
    after: Uuid,
    done: &mut Resealed,
) -> Result<Option<Uuid>, LocksmithError> {
    let mut transaction = locksmith_transaction(pool).await?;
    // The names are those of PLACES, written by us.
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT {key}, {column} FROM {table} WHERE {key} > $1 AND {column} IS NOT NULL ORDER BY {key} LIMIT $2 FOR UPDATE"
    )))
    .bind(after)
    .bind(BATCH)
    .fetch_all(&mut *transaction)
    .await?;
    for (id, sealed) in &rows {
        done.found += 1;
        let again = keyring.rewrap(sealed).map_err(|source| LocksmithError::Seal { table, source })?;
        let Some(again) = again else { continue };
        sqlx::query(AssertSqlSafe(format!("UPDATE {table} SET {column} = $2 WHERE {key} = $1")))
            .bind(id)
            .bind(again)
            .execute(&mut *transaction)
            .await?;
        done.resealed += 1;
    }
    transaction.commit().await?;
    Ok(rows.last().map(|(id, _)| *id))
}
