//! `fetch_job`: the page at an address becomes the stored file of a job, which is then extracted like an uploaded one.

use platform::fetch::Page;
use platform::postgres::tenant_transaction;
use platform::tasks::{self, Lease, Outcome, TaskKind};

use super::{Context, Ending, JobError, subject};

pub(super) async fn run(context: &Context, lease: &Lease) -> Result<Ending, JobError> {
    let Some(address) = begin(context, lease).await? else {
        return Ok(Ending::Done);
    };
    match context.fetcher.fetch(&address).await {
        Ok(page) => {
            store(context, lease, page).await?;
            Ok(Ending::Done)
        }
        Err(error) if error.may_pass() && lease.failures < LAST_TRY => Err(error.into()),
        Err(error) => {
            let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
            subject::mark_failed(&mut transaction, lease, &error.to_string()).await?;
            tasks::finish(&mut transaction, lease, Outcome::Failed).await?;
            transaction.commit().await?;
            Ok(Ending::Refused)
        }
    }
}

/// After so many failures the person is told why, instead of the task becoming a dead letter: the fault is not ours.
const LAST_TRY: i32 = 3;

/// Marks the job as being worked on; `None` when it was deleted, and the task is settled then.
async fn begin(context: &Context, lease: &Lease) -> Result<Option<String>, JobError> {
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    let address: Option<String> =
        sqlx::query_scalar("SELECT source_url FROM jobs WHERE id = $1 AND source_url IS NOT NULL")
            .bind(lease.subject)
            .fetch_optional(&mut *transaction)
            .await?;
    if address.is_some() {
        subject::mark_processing(&mut transaction, lease).await?;
    } else {
        tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    }
    transaction.commit().await?;
    Ok(address)
}

async fn store(context: &Context, lease: &Lease, page: Page) -> Result<(), JobError> {
    // What the server says decides the reader only where the content does not.
    let extension = match page.media_type.as_str() {
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/markdown" => "md",
        _ => "html",
    };
    let stored = context.storage.put(lease.tenant, page.bytes).await?;
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    sqlx::query(
        "UPDATE jobs SET file_name = $2, media_type = $3, size_bytes = $4, sha256 = $5, object_key = $6,
            status = 'queued', updated_at = now() WHERE id = $1",
    )
    .bind(lease.subject)
    .bind(format!("page.{extension}"))
    .bind(if page.media_type.is_empty() { "text/html" } else { &page.media_type })
    .bind(i64::try_from(stored.size).unwrap_or(i64::MAX))
    .bind(stored.sha256)
    .bind(&stored.key)
    .execute(&mut *transaction)
    .await?;
    tasks::enqueue(&mut transaction, lease.tenant, TaskKind::ExtractJob, lease.subject).await?;
    tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    transaction.commit().await?;
    Ok(())
}
