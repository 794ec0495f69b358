//! `extract_job`: an uploaded job description becomes text.

use platform::postgres::tenant_transaction;
use platform::tasks::{self, Lease, Outcome};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::file::{self, StoredFile};
use super::{Context, Ending, JobError, subject};
use crate::science::{Purpose, Reading};

pub(super) async fn run(context: &Context, lease: &Lease) -> Result<Ending, JobError> {
    let Some(stored) = begin(context, lease).await? else {
        return Ok(Ending::Done);
    };
    let reading = file::read(context, &stored, Purpose::Job).await?;
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    let ending = match reading {
        Ok(Reading::Job(document)) => {
            sqlx::query(
                "UPDATE jobs SET status = 'ready', error = NULL, text = $2, updated_at = now() WHERE id = $1",
            )
            .bind(lease.subject)
            .bind(&document.text)
            .execute(&mut *transaction)
            .await?;
            tasks::finish(&mut transaction, lease, Outcome::Done).await?;
            Ending::Done
        }
        Ok(_) => return Err(file::unexpected()),
        Err(message) => {
            subject::mark_failed(&mut transaction, lease, &message).await?;
            tasks::finish(&mut transaction, lease, Outcome::Failed).await?;
            Ending::Refused
        }
    };
    wake_matches(&mut transaction, lease).await?;
    transaction.commit().await?;
    Ok(ending)
}

/// Marks the job as being worked on. `None` when there is nothing to read: it was deleted, or was given as text. The
/// task is settled then.
async fn begin(context: &Context, lease: &Lease) -> Result<Option<StoredFile>, JobError> {
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    let stored: Option<StoredFile> = sqlx::query_as(
        "SELECT object_key, sha256, file_name FROM jobs WHERE id = $1 AND object_key IS NOT NULL",
    )
    .bind(lease.subject)
    .fetch_optional(&mut *transaction)
    .await?;
    if stored.is_some() {
        subject::mark_processing(&mut transaction, lease).await?;
    } else {
        tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    }
    transaction.commit().await?;
    Ok(stored)
}

/// Matches that waited for this job can go on.
async fn wake_matches(
    transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
) -> Result<(), sqlx::Error> {
    let waiting: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM matches WHERE job_id = $1 AND status = 'queued'")
            .bind(lease.subject)
            .fetch_all(&mut **transaction)
            .await?;
    tasks::wake(transaction, &waiting).await?;
    Ok(())
}
