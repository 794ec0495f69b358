//! Taking a task, and keeping it while the work goes on.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::{Lease, Notice, TaskKind};
use crate::postgres::tenant_transaction;
use crate::telemetry::spans::Parent;

/// What came of trying to claim a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The task is ours until the lease runs out.
    Leased(Lease),
    /// The task is ours, and has failed or lost its worker too often: [bury](super::bury) it.
    Exhausted(Lease),
    /// The task is done, dead, erased, not due yet, or another worker has it. The notice can be dropped: when there is
    /// still something to do, the outbox announces it again.
    NotAvailable,
    /// The task is of a kind that this version does not know. It is announced again soon, for a worker that does.
    OtherVersion,
}

/// A task as it is claimed.
#[derive(sqlx::FromRow)]
struct Claimed {
    kind: String,
    subject_id: Uuid,
    attempt: i32,
    failures: i32,
    max_failures: i32,
    trace_parent: Option<String>,
    trace_state: Option<String>,
    waited: f64,
}

impl Claimed {
    fn lease(self, notice: Notice, kind: TaskKind) -> Lease {
        let Self { trace_parent, trace_state, .. } = self;
        Lease {
            task: notice.task,
            tenant: notice.tenant,
            kind,
            subject: self.subject_id,
            attempt: self.attempt,
            failures: self.failures,
            waited: Duration::try_from_secs_f64(self.waited).unwrap_or_default(),
            parent: trace_parent.map(|parent| Parent::of_row(parent, trace_state)),
        }
    }
}

/// How soon a task of another version is announced again.
const OTHER_VERSION_DELAY: Duration = Duration::from_secs(5);

/// Claims the task of `notice` for `worker`. The claim is committed when this returns.
///
/// # Errors
/// When a query fails; nothing is claimed then.
pub async fn claim(
    pool: &PgPool,
    notice: Notice,
    worker: &str,
    lease: Duration,
) -> Result<Claim, sqlx::Error> {
    let mut transaction = tenant_transaction(pool, notice.tenant).await?;
    // A task found running has lost its worker: that counts as a failure, or a file that kills workers would live on.
    let claimed: Option<Claimed> = sqlx::query_as(
        "UPDATE tasks SET
            attempt = attempt + 1,
            failures = failures + CASE state WHEN 'running' THEN 1 ELSE 0 END,
            state = 'running', leased_by = $2, lease_until = now() + $3 * interval '1 second'
         WHERE id = $1 AND ((state = 'queued' AND not_before <= now()) OR (state = 'running' AND lease_until < now()))
         RETURNING kind, subject_id, attempt, failures, max_failures, trace_parent, trace_state,
            greatest(extract(epoch FROM now() - not_before), 0)::float8 AS waited",
    )
    .bind(notice.task)
    .bind(worker)
    .bind(lease.as_secs_f64())
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(claimed) = claimed else {
        return Ok(Claim::NotAvailable);
    };
    let Ok(kind) = claimed.kind.parse::<TaskKind>() else {
        transaction.rollback().await?;
        return leave_to_other_version(pool, notice).await;
    };
    let (failures, max_failures) = (claimed.failures, claimed.max_failures);
    let held = claimed.lease(notice, kind);
    record_attempt(&mut transaction, &held, worker).await?;
    move_outbox(&mut transaction, &held, lease).await?;
    transaction.commit().await?;
    Ok(if failures >= max_failures { Claim::Exhausted(held) } else { Claim::Leased(held) })
}

/// Makes the lease run from now. `false` when it has passed to another worker: stop working then.
///
/// # Errors
/// When a query fails; the lease then runs on as it was.
pub async fn extend_lease(pool: &PgPool, held: &Lease, lease: Duration) -> Result<bool, sqlx::Error> {
    let mut transaction = tenant_transaction(pool, held.tenant).await?;
    let extended = sqlx::query(
        "UPDATE tasks SET lease_until = now() + $3 * interval '1 second'
         WHERE id = $1 AND attempt = $2 AND state = 'running'",
    )
    .bind(held.task)
    .bind(held.attempt)
    .bind(lease.as_secs_f64())
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    if extended == 0 {
        return Ok(false);
    }
    move_outbox(&mut transaction, held, lease).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn leave_to_other_version(pool: &PgPool, notice: Notice) -> Result<Claim, sqlx::Error> {
    let mut transaction = tenant_transaction(pool, notice.tenant).await?;
    sqlx::query(
        "UPDATE outbox SET available_at = now() + $2 * interval '1 second', announced_at = NULL
         WHERE task_id = $1 AND NOT leased",
    )
    .bind(notice.task)
    .bind(OTHER_VERSION_DELAY.as_secs_f64())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Claim::OtherVersion)
}

/// Closes the record of an attempt whose worker was lost, and opens one for this attempt.
async fn record_attempt(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    worker: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE task_attempts SET ended_at = now(), outcome = 'lost' WHERE task_id = $1 AND ended_at IS NULL",
    )
    .bind(held.task)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("INSERT INTO task_attempts (tenant_id, task_id, attempt, worker) VALUES ($1, $2, $3, $4)")
        .bind(held.tenant)
        .bind(held.task)
        .bind(held.attempt)
        .bind(worker)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Has the task announced again when the lease has run out.
async fn move_outbox(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    lease: Duration,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET leased = true, available_at = now() + $2 * interval '1 second' WHERE task_id = $1",
    )
    .bind(held.task)
    .bind(lease.as_secs_f64())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
