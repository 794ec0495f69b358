//! Jobs that resumes are matched with.

use platform::{
    names::{AccountId, JobId, TenantId},
    timestamp::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Status, Tx};
use crate::request::{
    multipart::UploadedFile,
    paging::{Page, PageRequest},
};

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Job {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: JobId,
    /// How far the worker is with it. A job given as text is `ready` at once.
    pub status: Status,
    /// Its title, if one was given.
    pub title: Option<String>,
    /// Address of the page, if it was given by one.
    pub source_url: Option<String>,
    /// Name of the uploaded file, if it came as one.
    pub file_name: Option<String>,
    /// Why the job cannot be read; only when `status` is `failed`.
    pub error: Option<String>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A job with its text.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct JobDetail {
    /// The job.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub job: Job,
    /// Its text; null until `status` is `ready`.
    pub text: Option<String>,
}

/// Adds a job that was given as text.
pub async fn insert_text(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    title: Option<&str>,
    text: &str,
) -> Result<Job, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO jobs (id, tenant_id, account_id, title, text, status) VALUES ($1, $2, $3, $4, $5, 'ready')
         RETURNING id, status, title, source_url, file_name, error, created_at, updated_at",
    )
    .bind(JobId::new())
    .bind(tenant)
    .bind(account)
    .bind(title)
    .bind(text)
    .fetch_one(&mut **tx)
    .await
}

/// Adds a job that was given by the address of its page; the worker fetches it.
pub async fn insert_url(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    title: Option<&str>,
    url: &str,
) -> Result<Job, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO jobs (id, tenant_id, account_id, title, source_url) VALUES ($1, $2, $3, $4, $5)
         RETURNING id, status, title, source_url, file_name, error, created_at, updated_at",
    )
    .bind(JobId::new())
    .bind(tenant)
    .bind(account)
    .bind(title)
    .bind(url)
    .fetch_one(&mut **tx)
    .await
}

/// Adds a job that was given as a file; the worker extracts its text.
pub async fn insert_file(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    title: Option<&str>,
    file: &UploadedFile,
    object_key: &str,
) -> Result<Job, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO jobs (id, tenant_id, account_id, title, file_name, media_type, size_bytes, sha256, object_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         RETURNING id, status, title, source_url, file_name, error, created_at, updated_at",
    )
    .bind(JobId::new())
    .bind(tenant)
    .bind(account)
    .bind(title)
    .bind(&file.name)
    .bind(file.media_type.as_str())
    .bind(i64::try_from(file.content.len()).unwrap_or(i64::MAX))
    .bind(file.sha256)
    .bind(object_key)
    .fetch_one(&mut **tx)
    .await
}

/// One page of the tenant's jobs, newest first.
pub async fn list(tx: &mut Tx, page: PageRequest, status: Option<Status>) -> Result<Page<Job>, sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT id, status, title, source_url, file_name, error, created_at, updated_at
         FROM jobs WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR status = $2)
         ORDER BY id DESC LIMIT $3",
    )
    .bind(page.before)
    .bind(status)
    .bind(page.rows_to_fetch())
    .fetch_all(&mut **tx)
    .await?;
    Ok(page.page(rows, |row: &Job| row.id.as_uuid()))
}

/// A job with its text.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<JobDetail>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, status, title, source_url, file_name, error, created_at, updated_at, text FROM jobs WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await
}

/// The same, and nobody else changes it until the transaction ends.
pub async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<JobDetail>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, status, title, source_url, file_name, error, created_at, updated_at, text FROM jobs WHERE id = $1 FOR UPDATE",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await
}

/// Writes title and text. A job that could not be read from its file is ready once it has a text.
pub async fn update(
    tx: &mut Tx,
    id: Uuid,
    title: Option<&str>,
    text: Option<&str>,
) -> Result<JobDetail, sqlx::Error> {
    sqlx::query_as(
        "UPDATE jobs SET title = $2, text = $3, updated_at = clock_timestamp(),
            status = CASE WHEN $3::text IS NULL THEN status ELSE 'ready' END,
            error = CASE WHEN $3::text IS NULL THEN error END
         WHERE id = $1
         RETURNING id, status, title, source_url, file_name, error, created_at, updated_at, text",
    )
    .bind(id)
    .bind(title)
    .bind(text)
    .fetch_one(&mut **tx)
    .await
}

/// Removes a job and its matches. Gives the key of its file if it came as one (none within), or nothing if there is
/// no such job.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<Option<Option<String>>, sqlx::Error> {
    sqlx::query_scalar("DELETE FROM jobs WHERE id = $1 RETURNING object_key")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await
}
