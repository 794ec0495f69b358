//! Dead letters, for the people who run the installation: list, look at, requeue, drop.
//!
//! They show ids, times and our own messages, never what a tenant wrote.

use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::TaskKind;
use super::enqueue::notify;
use crate::names::{TaskId, TenantId};
use crate::postgres::{operator_transaction, tenant_transaction};
use crate::timestamp::Timestamp;

/// A task that failed too often.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct DeadLetter {
    /// The task.
    #[sqlx(rename = "task_id")]
    pub task: TaskId,
    /// Its tenant.
    #[sqlx(rename = "tenant_id")]
    pub tenant: TenantId,
    /// What was to be done: `extract_resume`, `extract_job`, `match_resume`.
    pub kind: String,
    /// Id of the resume, job or match.
    #[sqlx(rename = "subject_id")]
    pub subject: Uuid,
    /// How many attempts failed.
    pub failures: i32,
    /// Why the last one failed.
    pub error: String,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Attempt {
    /// Its number, from 1.
    pub attempt: i32,
    /// The process that made it.
    pub worker: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it goes on.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Up to `limit` dead letters of all tenants, newest task first, older than `before`.
///
/// # Errors
/// When a query fails.
pub async fn list(pool: &PgPool, before: Option<TaskId>, limit: i64) -> Result<Vec<DeadLetter>, sqlx::Error> {
    let mut transaction = operator_transaction(pool).await?;
    let letters = sqlx::query_as(
        "SELECT task_id, tenant_id, kind, subject_id, failures, error, died_at FROM dead_letters
         WHERE $1::uuid IS NULL OR task_id < $1 ORDER BY task_id DESC LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(letters)
}

/// How many dead letters there are, of all tenants.
///
/// # Errors
/// When a query fails.
pub async fn count(pool: &PgPool) -> Result<i64, sqlx::Error> {
    let mut transaction = operator_transaction(pool).await?;
    let letters =
        sqlx::query_scalar("SELECT count(*) FROM dead_letters").fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(letters)
}

/// A dead letter and all attempts at it, if there is one.
///
/// # Errors
/// When a query fails.
pub async fn inspect(pool: &PgPool, task: TaskId) -> Result<Option<(DeadLetter, Vec<Attempt>)>, sqlx::Error> {
    let Some(letter) = find(pool, task).await? else { return Ok(None) };
    let mut transaction = tenant_transaction(pool, letter.tenant).await?;
    let attempts = sqlx::query_as(
        "SELECT attempt, worker, started_at, ended_at, outcome, error FROM task_attempts
         WHERE task_id = $1 ORDER BY attempt",
    )
    .bind(task)
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Some((letter, attempts)))
}

/// Has the task tried again from the beginning, and its subject waits again. `false` when it is no dead letter.
///
/// # Errors
/// When a query fails; nothing has changed then.
pub async fn requeue(pool: &PgPool, task: TaskId) -> Result<bool, sqlx::Error> {
    let Some(letter) = find(pool, task).await? else { return Ok(false) };
    let mut transaction = tenant_transaction(pool, letter.tenant).await?;
    if !remove(&mut transaction, task).await? {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE tasks SET state = 'queued', failures = 0, not_before = now(), finished_at = NULL WHERE id = $1",
    )
    .bind(task)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO outbox (task_id, tenant_id, kind, priority)
         SELECT id, tenant_id, kind, priority FROM tasks WHERE id = $1",
    )
    .bind(task)
    .execute(&mut *transaction)
    .await?;
    if let Ok(kind) = letter.kind.parse::<TaskKind>()
        && let Some(statement) = revive(kind)
    {
        sqlx::query(statement).bind(letter.subject).execute(&mut *transaction).await?;
    }
    notify(&mut transaction).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Takes the task off the list; it stays dead and its subject failed. `false` when it is no dead letter.
///
/// # Errors
/// When a query fails.
pub async fn drop_letter(pool: &PgPool, task: TaskId) -> Result<bool, sqlx::Error> {
    let Some(letter) = find(pool, task).await? else { return Ok(false) };
    let mut transaction = tenant_transaction(pool, letter.tenant).await?;
    let removed = remove(&mut transaction, task).await?;
    transaction.commit().await?;
    Ok(removed)
}

async fn find(pool: &PgPool, task: TaskId) -> Result<Option<DeadLetter>, sqlx::Error> {
    let mut transaction = operator_transaction(pool).await?;
    let letter = sqlx::query_as(
        "SELECT task_id, tenant_id, kind, subject_id, failures, error, died_at FROM dead_letters WHERE task_id = $1",
    )
    .bind(task)
    .fetch_optional(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(letter)
}

async fn remove(transaction: &mut Transaction<'static, Postgres>, task: TaskId) -> Result<bool, sqlx::Error> {
    let removed = sqlx::query("DELETE FROM dead_letters WHERE task_id = $1")
        .bind(task)
        .execute(&mut **transaction)
        .await?;
    Ok(removed.rows_affected() > 0)
}

/// Has the subject wait again, where it says how far its work is.
fn revive(kind: TaskKind) -> Option<&'static str> {
    match kind {
        TaskKind::ExtractResume => Some(
            "UPDATE resumes SET status = 'queued', error = NULL, updated_at = now() WHERE id = $1 AND status = 'failed'",
        ),
        TaskKind::ExtractJob | TaskKind::FetchJob => Some(
            "UPDATE jobs SET status = 'queued', error = NULL, updated_at = now() WHERE id = $1 AND status = 'failed'",
        ),
        TaskKind::MatchResume => Some(
            "UPDATE matches SET status = 'queued', error = NULL, updated_at = now() WHERE id = $1 AND status = 'failed'",
        ),
        // Without its content (it was handed over after all) there is nothing to send.
        TaskKind::SendMail => Some(
            "UPDATE mails SET status = 'queued', error = NULL, updated_at = now()
             WHERE id = $1 AND status = 'failed' AND content IS NOT NULL",
        ),
        TaskKind::SyncSubscription => None,
    }
}
