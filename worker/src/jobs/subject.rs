//! The status of a task's subject, whatever its kind.

use platform::billing::quota;
use platform::tasks::{Lease, TaskKind};
use sqlx::{Postgres, Transaction};

/// Marks the subject failed; `message` is for the person who uploaded it.
pub(crate) async fn mark_failed(
    transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
    message: &str,
) -> Result<(), sqlx::Error> {
    let statement = match lease.kind {
        TaskKind::ExtractResume => {
            "UPDATE resumes SET status = 'failed', error = $2, updated_at = now() WHERE id = $1"
        }
        TaskKind::ExtractJob | TaskKind::FetchJob => {
            "UPDATE jobs SET status = 'failed', error = $2, updated_at = now() WHERE id = $1"
        }
        TaskKind::MatchResume => {
            "UPDATE matches SET status = 'failed', error = $2, updated_at = now() WHERE id = $1"
        }
        TaskKind::SendMail => {
            "UPDATE mails SET status = 'failed', error = $2, updated_at = now() WHERE id = $1"
        }
        // A subscription does not say how far we are with it.
        TaskKind::SyncSubscription => return Ok(()),
    };
    sqlx::query(statement).bind(lease.subject).bind(message).execute(&mut **transaction).await?;
    if lease.kind == TaskKind::MatchResume {
        quota::release_match(transaction, lease.subject).await?;
    }
    Ok(())
}

/// Marks the subject as being worked on. `false` when it was deleted meanwhile.
pub(super) async fn mark_processing(
    transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
) -> Result<bool, sqlx::Error> {
    let statement = match lease.kind {
        TaskKind::ExtractResume => {
            "UPDATE resumes SET status = 'processing', error = NULL, updated_at = now() WHERE id = $1"
        }
        TaskKind::ExtractJob | TaskKind::FetchJob => {
            "UPDATE jobs SET status = 'processing', error = NULL, updated_at = now() WHERE id = $1"
        }
        TaskKind::MatchResume => {
            "UPDATE matches SET status = 'processing', error = NULL, updated_at = now() WHERE id = $1"
        }
        TaskKind::SendMail => {
            "UPDATE mails SET status = 'processing', error = NULL, updated_at = now() WHERE id = $1"
        }
        TaskKind::SyncSubscription => return Ok(true),
    };
    let marked = sqlx::query(statement).bind(lease.subject).execute(&mut **transaction).await?;
    Ok(marked.rows_affected() > 0)
}

/// Marks a subject that was being worked on as waiting again.
pub(crate) async fn mark_queued(
    transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
) -> Result<(), sqlx::Error> {
    let statement = match lease.kind {
        TaskKind::ExtractResume => {
            "UPDATE resumes SET status = 'queued', updated_at = now() WHERE id = $1 AND status = 'processing'"
        }
        TaskKind::ExtractJob | TaskKind::FetchJob => {
            "UPDATE jobs SET status = 'queued', updated_at = now() WHERE id = $1 AND status = 'processing'"
        }
        TaskKind::MatchResume => {
            "UPDATE matches SET status = 'queued', updated_at = now() WHERE id = $1 AND status = 'processing'"
        }
        TaskKind::SendMail => {
            "UPDATE mails SET status = 'queued', updated_at = now() WHERE id = $1 AND status = 'processing'"
        }
        TaskKind::SyncSubscription => return Ok(()),
    };
    sqlx::query(statement).bind(lease.subject).execute(&mut **transaction).await?;
    Ok(())
}
