//! Ending an attempt: done, failed, again later, or dead.

use std::time::Duration;

use sqlx::{Postgres, Transaction};

use super::Lease;
use super::enqueue::notify;
use crate::telemetry::spans::{Work, within};

/// Why an attempt could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The lease has passed to another worker. Roll back: that worker writes the result.
    #[error("the task's lease has passed to another worker")]
    LeaseLost,
    /// A query failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
}

/// How the work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The subject has its result.
    Done,
    /// The subject can never be processed, and says why; trying again would not help.
    Failed,
}

/// What became of a task whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is tried again after the delay.
    Retry,
    /// It has failed too often and is among the dead letters. The caller marks the subject failed.
    Dead,
}

/// Settles the task within `transaction`, which also writes the result: both happen or neither.
///
/// # Errors
/// [`SettleError::LeaseLost`] when another worker has the task by now.
pub async fn finish(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    outcome: Outcome,
) -> Result<(), SettleError> {
    within("settle the task", Work::Postgres, write_outcome(transaction, held, outcome)).await
}

async fn write_outcome(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    outcome: Outcome,
) -> Result<(), SettleError> {
    let settled = sqlx::query(
        "UPDATE tasks SET state = 'done', finished_at = now(), leased_by = NULL, lease_until = NULL
         WHERE id = $1 AND attempt = $2 AND state = 'running'",
    )
    .bind(held.task)
    .bind(held.attempt)
    .execute(&mut **transaction)
    .await?;
    demand_lease(settled.rows_affected())?;
    let outcome = match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
    };
    end_attempt(transaction, held, outcome, None).await?;
    remove_from_outbox(transaction, held).await?;
    Ok(())
}

/// Has the task tried again after `delay` because of `error`, or buries it when it has failed too often.
///
/// `error` is for the people who run the installation: it must not carry what the tenant wrote.
///
/// # Errors
/// [`SettleError::LeaseLost`] when another worker has the task by now.
pub async fn retry_or_bury(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    error: &str,
    delay: Duration,
) -> Result<Disposition, SettleError> {
    let failures: Option<(i32, i32)> = sqlx::query_as(
        "UPDATE tasks SET failures = failures + 1, last_error = $3
         WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING failures, max_failures",
    )
    .bind(held.task)
    .bind(held.attempt)
    .bind(error)
    .fetch_optional(&mut **transaction)
    .await?;
    let (failures, max_failures) = failures.ok_or(SettleError::LeaseLost)?;
    if failures >= max_failures {
        bury(transaction, held, error).await?;
        return Ok(Disposition::Dead);
    }
    release(transaction, held, delay).await?;
    end_attempt(transaction, held, "retry", Some(error)).await?;
    Ok(Disposition::Retry)
}

/// Has the task tried again after `delay`, without counting a failure: what it needs is not there yet.
///
/// # Errors
/// [`SettleError::LeaseLost`] when another worker has the task by now.
pub async fn postpone(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    delay: Duration,
) -> Result<(), SettleError> {
    release(transaction, held, delay).await?;
    end_attempt(transaction, held, "postponed", None).await?;
    Ok(())
}

/// Gives the task back, due at once, because this worker stops.
///
/// # Errors
/// [`SettleError::LeaseLost`] when another worker has the task by now.
pub async fn hand_back(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
) -> Result<(), SettleError> {
    release(transaction, held, Duration::ZERO).await?;
    end_attempt(transaction, held, "handed_back", None).await?;
    notify(transaction).await?;
    Ok(())
}

/// Puts the task among the dead letters. The caller marks the subject failed in the same transaction.
///
/// # Errors
/// [`SettleError::LeaseLost`] when another worker has the task by now.
pub async fn bury(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    error: &str,
) -> Result<(), SettleError> {
    let buried = sqlx::query(
        "WITH dead AS (
            UPDATE tasks SET state = 'dead', finished_at = now(), leased_by = NULL, lease_until = NULL, last_error = $3
            WHERE id = $1 AND attempt = $2 AND state = 'running'
            RETURNING tenant_id, id, kind, subject_id, failures)
         INSERT INTO dead_letters (tenant_id, task_id, kind, subject_id, failures, error)
         SELECT tenant_id, id, kind, subject_id, failures, $3 FROM dead",
    )
    .bind(held.task)
    .bind(held.attempt)
    .bind(error)
    .execute(&mut **transaction)
    .await?;
    demand_lease(buried.rows_affected())?;
    end_attempt(transaction, held, "failed", Some(error)).await?;
    remove_from_outbox(transaction, held).await?;
    Ok(())
}

/// Puts the task back among the waiting ones, due after `delay`.
async fn release(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    delay: Duration,
) -> Result<(), SettleError> {
    let released = sqlx::query(
        "UPDATE tasks SET state = 'queued', leased_by = NULL, lease_until = NULL,
            not_before = now() + $3 * interval '1 second'
         WHERE id = $1 AND attempt = $2 AND state = 'running'",
    )
    .bind(held.task)
    .bind(held.attempt)
    .bind(delay.as_secs_f64())
    .execute(&mut **transaction)
    .await?;
    demand_lease(released.rows_affected())?;
    // announced_at is cleared so that a loss of Redis does not shorten the delay.
    sqlx::query(
        "UPDATE outbox SET leased = false, announced_at = NULL, available_at = now() + $2 * interval '1 second'
         WHERE task_id = $1",
    )
    .bind(held.task)
    .bind(delay.as_secs_f64())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn end_attempt(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
    outcome: &str,
    error: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE task_attempts SET ended_at = now(), outcome = $3, error = $4 WHERE task_id = $1 AND attempt = $2",
    )
    .bind(held.task)
    .bind(held.attempt)
    .bind(outcome)
    .bind(error)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn remove_from_outbox(
    transaction: &mut Transaction<'static, Postgres>,
    held: &Lease,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM outbox WHERE task_id = $1").bind(held.task).execute(&mut **transaction).await?;
    Ok(())
}

fn demand_lease(rows: u64) -> Result<(), SettleError> {
    if rows == 0 { Err(SettleError::LeaseLost) } else { Ok(()) }
}
