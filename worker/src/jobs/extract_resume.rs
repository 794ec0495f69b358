//! `extract_resume`: an uploaded file becomes a document and a parsed resume.

use matching::Document;
use matching::parse::ParsedResume;
use platform::postgres::tenant_transaction;
use platform::tasks::{self, Lease, Outcome};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::file::{self, StoredFile};
use super::{Context, Ending, JobError, subject};
use crate::science::{Purpose, Reading};

pub(super) async fn run(context: &Context, lease: &Lease) -> Result<Ending, JobError> {
    let Some(stored) = begin(context, lease).await? else {
        return Ok(Ending::Done);
    };
    let reading = file::read(context, &stored, Purpose::Resume).await?;
    let ending = match reading {
        Ok(Reading::Resume { document, parsed }) => {
            let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
            store(&mut transaction, lease, &document, &parsed).await?;
            tasks::finish(&mut transaction, lease, Outcome::Done).await?;
            wake_matches(&mut transaction, lease).await?;
            transaction.commit().await?;
            Ending::Done
        }
        Ok(_) => return Err(file::unexpected()),
        Err(message) => {
            let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
            subject::mark_failed(&mut transaction, lease, &message).await?;
            tasks::finish(&mut transaction, lease, Outcome::Failed).await?;
            wake_matches(&mut transaction, lease).await?;
            transaction.commit().await?;
            Ending::Refused
        }
    };
    Ok(ending)
}

/// Marks the resume as being worked on; `None` when it was deleted, and the task is settled then.
async fn begin(context: &Context, lease: &Lease) -> Result<Option<StoredFile>, JobError> {
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    let stored = if subject::mark_processing(&mut transaction, lease).await? {
        let statement = "SELECT object_key, sha256, file_name FROM resumes WHERE id = $1";
        Some(sqlx::query_as(statement).bind(lease.subject).fetch_one(&mut *transaction).await?)
    } else {
        tasks::finish(&mut transaction, lease, Outcome::Done).await?;
        None
    };
    transaction.commit().await?;
    Ok(stored)
}

async fn store(
    transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
    document: &Document,
    parsed: &ParsedResume,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE resumes SET status = 'ready', error = NULL, text = $2, extraction = $3, document = $4,
            updated_at = now() WHERE id = $1",
    )
    .bind(lease.subject)
    .bind(&document.text)
    .bind(Json(document))
    .bind(Json(parsed))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Matches that waited for this resume can go on.
async fn wake_matches(
    transaction: &mut Transaction<'static, Postgres>,
    lease: &Lease,
) -> Result<(), sqlx::Error> {
    let waiting: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM matches WHERE resume_id = $1 AND status = 'queued'")
            .bind(lease.subject)
            .fetch_all(&mut **transaction)
            .await?;
    tasks::wake(transaction, &waiting).await?;
    Ok(())
}
