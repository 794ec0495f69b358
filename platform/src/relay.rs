//! The relay: moves notice of due tasks from the outbox in Postgres to the queue in Redis.
//!
//! Any number of relays may run; `FOR UPDATE SKIP LOCKED` gives each row to one of them. A notice is added before the
//! transaction commits, so a crash in between doubles it and never loses it.

use std::time::Duration;

use sqlx::PgPool;

use crate::names::{TaskId, TenantId};
use crate::postgres::dispatcher_transaction;
use crate::queue::{Queue, QueueError};
use crate::tasks::Notice;

/// After this time without being claimed, a task is announced again: its message may have been lost.
pub const ANNOUNCE_AGAIN_AFTER: Duration = Duration::from_secs(300);
/// Rows moved in one transaction.
const BATCH: i64 = 200;

/// Why the relay stopped short.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// A query failed.
    #[error("the outbox cannot be read")]
    Query(#[from] sqlx::Error),
    /// Redis is away.
    #[error("the queue takes no notices")]
    Queue(#[from] QueueError),
}

/// Announces all tasks that are due. Returns how many.
///
/// # Errors
/// When Postgres or Redis is away; what was not announced stays due.
pub async fn announce_due(pool: &PgPool, queue: &Queue) -> Result<usize, RelayError> {
    let mut total = 0;
    loop {
        let announced = announce_batch(pool, queue).await?;
        total += announced;
        if announced < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(total);
        }
    }
}

async fn announce_batch(pool: &PgPool, queue: &Queue) -> Result<usize, RelayError> {
    let mut transaction = dispatcher_transaction(pool).await?;
    let due: Vec<(TaskId, TenantId)> = sqlx::query_as(
        "UPDATE outbox SET announced_at = now(), leased = false, available_at = now() + $1 * interval '1 second'
         WHERE task_id IN (
            SELECT task_id FROM outbox WHERE available_at <= now() ORDER BY available_at LIMIT $2
            FOR UPDATE SKIP LOCKED)
         RETURNING task_id, tenant_id",
    )
    .bind(ANNOUNCE_AGAIN_AFTER.as_secs_f64())
    .bind(BATCH)
    .fetch_all(&mut *transaction)
    .await?;
    let notices: Vec<Notice> = due.into_iter().map(|(task, tenant)| Notice { task, tenant }).collect();
    queue.announce(&notices).await?;
    transaction.commit().await?;
    Ok(notices.len())
}

/// What the outbox says of the work that is not done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waiting {
    /// Tasks that are neither done nor dead, those with a worker included.
    pub tasks: i64,
    /// Those of them that are with a worker, or were when it died.
    pub in_flight: i64,
    /// Age of the oldest one that is with no worker, in seconds; 0 when there is none.
    pub oldest_seconds: f64,
}

/// Counts what waits, over all tenants.
///
/// # Errors
/// When a query fails.
pub async fn waiting(pool: &PgPool) -> Result<Waiting, sqlx::Error> {
    let mut transaction = dispatcher_transaction(pool).await?;
    let (tasks, in_flight, oldest_seconds) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE leased),
            coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE NOT leased)), 0)::float8
         FROM outbox",
    )
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Waiting { tasks, in_flight, oldest_seconds })
}

/// Makes due now whatever was announced and is not with a worker, because Redis has lost the notices. Returns how many.
///
/// # Errors
/// When a query fails.
pub async fn announce_again(pool: &PgPool) -> Result<u64, RelayError> {
    let mut transaction = dispatcher_transaction(pool).await?;
    let moved = sqlx::query(
        "UPDATE outbox SET available_at = now()
         WHERE announced_at IS NOT NULL AND NOT leased AND available_at > now()",
    )
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    transaction.commit().await?;
    Ok(moved)
}
