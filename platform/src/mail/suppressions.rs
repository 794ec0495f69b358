//! Addresses that get no mail: theirs bounced, or they complained. Known by hash only.

use sqlx::{PgPool, Postgres, Transaction};

use crate::digest::Sha256Digest;
use crate::postgres::post_office_transaction;

/// Why an address gets no mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no such mailbox.
    Bounce,
    /// The person called a mail spam.
    Complaint,
    /// The person wants none.
    Unsubscribe,
}

impl Reason {
    /// The name in Postgres.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// Whether `address` gets no mail.
///
/// # Errors
/// When a query fails.
pub async fn is_suppressed(pool: &PgPool, address: &str) -> Result<bool, sqlx::Error> {
    let mut transaction = post_office_transaction(pool).await?;
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM mail_suppressions WHERE address_hash = $1)")
        .bind(hash(address))
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(found)
}

/// Lets `address` get mail again; whether it got none.
///
/// # Errors
/// When a query fails.
pub async fn lift(pool: &PgPool, address: &str) -> Result<bool, sqlx::Error> {
    let mut transaction = post_office_transaction(pool).await?;
    let lifted = sqlx::query("DELETE FROM mail_suppressions WHERE address_hash = $1")
        .bind(hash(address))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(lifted.rows_affected() > 0)
}

/// Sends no more mail to `address`, within a transaction of the post office.
pub(super) async fn add(
    transaction: &mut Transaction<'static, Postgres>,
    address: &str,
    reason: Reason,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO mail_suppressions (address_hash, reason) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(hash(address))
    .bind(reason.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn hash(address: &str) -> Sha256Digest {
    Sha256Digest::of(address.trim().to_lowercase().as_bytes())
}
