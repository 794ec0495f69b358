//! Uploaded resumes.

use platform::{
    digest::Sha256Digest,
    names::{AccountId, ResumeId, TenantId},
    timestamp::Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Status, Tx};
use crate::request::{
    multipart::UploadedFile,
    paging::{Page, PageRequest},
};

/// An uploaded resume.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Resume {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: ResumeId,
    /// How far the worker is with it.
    pub status: Status,
    /// Name of the uploaded file.
    pub file_name: String,
    /// Media type of the file, found by its content.
    pub media_type: String,
    /// Size of the file in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the file, in hexadecimal.
    #[schema(value_type = String)]
    pub sha256: Sha256Digest,
    /// Number of its newest version; 1 is what was read from the file, each edit adds one.
    #[schema(minimum = 1)]
    pub version: i32,
    /// Why the resume cannot be read; only when `status` is `failed`.
    pub error: Option<String>,
    /// When it was uploaded.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// An uploaded resume with what its newest version says.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct ResumeDetail {
    /// The resume.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub resume: Resume,
    /// Its plain text in reading order; null until `status` is `ready`.
    pub text: Option<String>,
    /// Where the text came from: `native` when the file states it, `ocr` when it was recognised in pictures and may
    /// have mistakes; null until `status` is `ready`.
    pub text_source: Option<String>,
    /// The parsed document: `resume` is a JSON Resume document, `evidence` says where each value stands in `text`,
    /// `named_skills` are the skills that the text names, with level, years and places;
    /// null until `status` is `ready`.
    #[schema(value_type = Option<Object>)]
    pub document: Option<Value>,
}

/// Which resumes a list shall have.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those of this status.
    pub status: Option<Status>,
    /// Only those whose file name and text have these words, in the language of `websearch_to_tsquery`.
    pub words: Option<String>,
}

/// Where the bytes of a resume are.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Original {
    /// Key in the object storage.
    pub object_key: String,
    /// Their hash.
    pub sha256: Sha256Digest,
    /// Name of the uploaded file.
    pub file_name: String,
    /// Media type of the file.
    pub media_type: String,
}

/// What a resume with the hash `sha256` is, if the tenant has one.
pub async fn find_by_hash(tx: &mut Tx, sha256: Sha256Digest) -> Result<Option<Resume>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, status, file_name, media_type, size_bytes, sha256, version, error, created_at, updated_at
         FROM resumes WHERE sha256 = $1",
    )
    .bind(sha256)
    .fetch_optional(&mut **tx)
    .await
}

/// Adds a resume; none if the tenant has one of the same bytes (added by another request in the meantime).
pub async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    file: &UploadedFile,
    object_key: &str,
) -> Result<Option<Resume>, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO resumes (id, tenant_id, account_id, file_name, media_type, size_bytes, sha256, object_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, sha256) DO NOTHING
         RETURNING id, status, file_name, media_type, size_bytes, sha256, version, error, created_at, updated_at",
    )
    .bind(ResumeId::new())
    .bind(tenant)
    .bind(account)
    .bind(&file.name)
    .bind(file.media_type.as_str())
    .bind(i64::try_from(file.content.len()).unwrap_or(i64::MAX))
    .bind(file.sha256)
    .bind(object_key)
    .fetch_optional(&mut **tx)
    .await
}

/// One page of the tenant's resumes, newest first.
pub async fn list(tx: &mut Tx, page: PageRequest, filter: &Filter) -> Result<Page<Resume>, sqlx::Error> {
    let Some(words) = &filter.words else { return list_all(tx, page, filter.status).await };
    let rows = sqlx::query_as(
        "SELECT id, status, file_name, media_type, size_bytes, sha256, version, error, created_at, updated_at
         FROM resumes WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR status = $2)
            AND coalesce(words, to_tsvector('simple', translate(file_name, '._-', '   '))
                || to_tsvector('simple', left(coalesce(text, ''), 150000))) @@ websearch_to_tsquery('simple', $4)
         ORDER BY id DESC LIMIT $3",
    )
    .bind(page.before)
    .bind(filter.status)
    .bind(page.rows_to_fetch())
    .bind(words)
    .fetch_all(&mut **tx)
    .await?;
    Ok(page.page(rows, |row: &Resume| row.id.as_uuid()))
}

async fn list_all(
    tx: &mut Tx,
    page: PageRequest,
    status: Option<Status>,
) -> Result<Page<Resume>, sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT id, status, file_name, media_type, size_bytes, sha256, version, error, created_at, updated_at
         FROM resumes WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR status = $2)
         ORDER BY id DESC LIMIT $3",
    )
    .bind(page.before)
    .bind(status)
    .bind(page.rows_to_fetch())
    .fetch_all(&mut **tx)
    .await?;
    Ok(page.page(rows, |row: &Resume| row.id.as_uuid()))
}

/// A resume with what was read from it.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<ResumeDetail>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, status, file_name, media_type, size_bytes, sha256, version, error, created_at, updated_at, text, document,
            extraction->>'source' AS text_source
         FROM resumes WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await
}

/// Where the bytes of a resume are.
pub async fn find_original(tx: &mut Tx, id: Uuid) -> Result<Option<Original>, sqlx::Error> {
    sqlx::query_as("SELECT object_key, sha256, file_name, media_type FROM resumes WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await
}

/// Removes a resume and its matches; gives where its bytes are.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<Option<Original>, sqlx::Error> {
    sqlx::query_as("DELETE FROM resumes WHERE id = $1 RETURNING object_key, sha256, file_name, media_type")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await
}
