//! Work that is due at times, done once whatever the number of workers.
//!
//! The row of a chore in `schedules` is locked while the chore is done, and its next time is written in the same
//! transaction: two workers never do it at once, and one that dies in the middle has done nothing.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Transaction};

use crate::postgres::janitor_transaction;

/// Most rows that one chore removes at a time: a transaction must not last.
const MOST_ROWS: i64 = 10_000;

/// A kind of scheduled work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    /// Removes sessions that ended more than 30 days ago.
    PurgeSessions,
    /// Removes answers whose Idempotency-Key has expired.
    PurgeIdempotencyKeys,
    /// Removes tasks that were done more than 30 days ago, with the record of their attempts.
    PurgeTasks,
    /// Removes mails that were settled more than 30 days ago, with their events.
    PurgeMails,
    /// Removes tokens of mails that have expired.
    PurgeAccountTokens,
}

impl Chore {
    /// All chores.
    pub const ALL: [Self; 5] = [
        Self::PurgeSessions,
        Self::PurgeIdempotencyKeys,
        Self::PurgeTasks,
        Self::PurgeMails,
        Self::PurgeAccountTokens,
    ];

    /// The name in Postgres, in logs and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PurgeSessions => "purge_sessions",
            Self::PurgeIdempotencyKeys => "purge_idempotency_keys",
            Self::PurgeTasks => "purge_tasks",
            Self::PurgeMails => "purge_mails",
            Self::PurgeAccountTokens => "purge_account_tokens",
        }
    }

    /// How long after one run the next is due.
    pub fn period(self) -> Duration {
        Duration::from_secs(3600)
    }

    // Row-level security shows a janitor nothing but what has expired, so the statements need not say it again.
    fn statement(self) -> &'static str {
        match self {
            Self::PurgeSessions => "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions LIMIT $1)",
            Self::PurgeIdempotencyKeys => {
                "DELETE FROM idempotency_keys WHERE (tenant_id, route, key) IN
                    (SELECT tenant_id, route, key FROM idempotency_keys LIMIT $1)"
            }
            Self::PurgeTasks => "DELETE FROM tasks WHERE id IN (SELECT id FROM tasks LIMIT $1)",
            Self::PurgeMails => "DELETE FROM mails WHERE id IN (SELECT id FROM mails LIMIT $1)",
            Self::PurgeAccountTokens => {
                "DELETE FROM account_tokens WHERE id IN (SELECT id FROM account_tokens LIMIT $1)"
            }
        }
    }
}

/// A chore that was done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Which.
    pub chore: Chore,
    /// How many rows it removed.
    pub removed: u64,
}

/// Does the chores that are due and that no other worker is doing.
///
/// # Errors
/// When a query fails; the chore at hand is then still due.
pub async fn run_due(pool: &PgPool) -> Result<Vec<Done>, sqlx::Error> {
    let mut done = Vec::new();
    for chore in Chore::ALL {
        let mut transaction = janitor_transaction(pool).await?;
        if is_due(&mut transaction, chore).await? {
            let removed = sqlx::query(chore.statement())
                .bind(MOST_ROWS)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            write_down(&mut transaction, chore, removed).await?;
            done.push(Done { chore, removed });
        }
        transaction.commit().await?;
    }
    Ok(done)
}

/// Whether the chore is due and now ours, until the transaction ends.
async fn is_due(transaction: &mut Transaction<'static, Postgres>, chore: Chore) -> Result<bool, sqlx::Error> {
    sqlx::query("INSERT INTO schedules (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
        .bind(chore.as_str())
        .execute(&mut **transaction)
        .await?;
    let due: Option<String> = sqlx::query_scalar(
        "SELECT name FROM schedules WHERE name = $1 AND due_at <= now() FOR UPDATE SKIP LOCKED",
    )
    .bind(chore.as_str())
    .fetch_optional(&mut **transaction)
    .await?;
    Ok(due.is_some())
}

async fn write_down(
    transaction: &mut Transaction<'static, Postgres>,
    chore: Chore,
    removed: u64,
) -> Result<(), sqlx::Error> {
    // More than one batch to remove: go on at once instead of in an hour.
    let pause =
        if i64::try_from(removed).unwrap_or(i64::MAX) < MOST_ROWS { chore.period() } else { Duration::ZERO };
    sqlx::query(
        "UPDATE schedules SET due_at = now() + $2 * interval '1 second', last_done_at = now(), last_result = $3
         WHERE name = $1",
    )
    .bind(chore.as_str())
    .bind(pause.as_secs_f64())
    .bind(format!("{removed} rows removed"))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
