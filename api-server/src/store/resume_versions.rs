//! Versions of a resume: the first is what was read from its file, each edit adds one. A version is never changed.
//!
//! The resume's own row is its newest version. The first one is written down beside it with the first edit, so a resume
//! that nobody edits is stored once.

use platform::{
    names::{AccountId, ResumeId},
    timestamp::Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Status, Tx};
use crate::documents::ReadBack;

/// Where a version comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Origin {
    /// Read from the uploaded file.
    Read,
    /// A person edited `based_on`.
    Edited,
    /// `based_on` again.
    Restored,
}

/// A version of a resume.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct ResumeVersion {
    /// Its number, from 1; the newest one is the `version` of the resume.
    #[schema(minimum = 1)]
    pub number: i32,
    /// Where it comes from.
    pub origin: Origin,
    /// The version that was edited or restored; null for what was read.
    pub based_on: Option<i32>,
    /// The account that made it; null when that is gone.
    #[schema(value_type = Option<Uuid>)]
    pub account_id: Option<AccountId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A version with what it says.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct ResumeVersionDetail {
    /// The version.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub version: ResumeVersion,
    /// Its plain text, which matches quote.
    pub text: String,
    /// As the `document` of a resume: `resume` is the JSON Resume document, `evidence` says where each value stands in
    /// `text`.
    #[schema(value_type = Object)]
    pub document: Value,
}

/// What an edit must know of the resume.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Current {
    /// The resume.
    pub id: ResumeId,
    /// How far the worker is with it.
    pub status: Status,
    /// Number of its newest version.
    pub version: i32,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// `matching::ParsedResume`, once it is read.
    pub document: Option<Value>,
}

/// The resume as it is now.
pub async fn current(tx: &mut Tx, resume: Uuid) -> Result<Option<Current>, sqlx::Error> {
    sqlx::query_as("SELECT id, status, version, updated_at, document FROM resumes WHERE id = $1")
        .bind(resume)
        .fetch_optional(&mut **tx)
        .await
}

/// The same, and nobody else changes it until the transaction ends.
pub async fn lock(tx: &mut Tx, resume: Uuid) -> Result<Option<Current>, sqlx::Error> {
    sqlx::query_as("SELECT id, status, version, updated_at, document FROM resumes WHERE id = $1 FOR UPDATE")
        .bind(resume)
        .fetch_optional(&mut **tx)
        .await
}

/// All versions of a resume that is read, newest first.
pub async fn list(tx: &mut Tx, resume: Uuid) -> Result<Vec<ResumeVersion>, sqlx::Error> {
    sqlx::query_as(
        "SELECT number, origin, based_on, account_id, created_at FROM resume_versions WHERE resume_id = $1
         UNION ALL SELECT 1, 'read', NULL, account_id, updated_at FROM resumes
            WHERE id = $1 AND version = 1 AND status = 'ready'
         ORDER BY number DESC",
    )
    .bind(resume)
    .fetch_all(&mut **tx)
    .await
}

/// A version with what it says.
pub async fn get(tx: &mut Tx, resume: Uuid, number: i32) -> Result<Option<ResumeVersionDetail>, sqlx::Error> {
    sqlx::query_as(
        "SELECT number, origin, based_on, account_id, created_at, text, document FROM resume_versions
            WHERE resume_id = $1 AND number = $2
         UNION ALL SELECT 1, 'read', NULL, account_id, updated_at, text, document FROM resumes
            WHERE id = $1 AND $2 = 1 AND version = 1 AND status = 'ready'",
    )
    .bind(resume)
    .bind(number)
    .fetch_optional(&mut **tx)
    .await
}

/// Adds what `account` made of the locked resume.
pub async fn insert_edited(
    tx: &mut Tx,
    resume: &Current,
    account: AccountId,
    content: &ReadBack,
) -> Result<(), sqlx::Error> {
    keep_first(tx, resume).await?;
    sqlx::query(
        "INSERT INTO resume_versions (tenant_id, resume_id, number, account_id, origin, based_on, text, extraction,
            document, created_at)
         VALUES (app_tenant_id(), $1, $2 + 1, $3, 'edited', $2, $4, $5, $6, clock_timestamp())",
    )
    .bind(resume.id)
    .bind(resume.version)
    .bind(account)
    .bind(&content.text)
    .bind(&content.extraction)
    .bind(&content.document)
    .execute(&mut **tx)
    .await?;
    show_newest(tx, resume).await
}

/// Adds version `number` of the locked resume again; whether there is one.
pub async fn insert_restored(
    tx: &mut Tx,
    resume: &Current,
    account: AccountId,
    number: i32,
) -> Result<bool, sqlx::Error> {
    let added = sqlx::query(
        "INSERT INTO resume_versions (tenant_id, resume_id, number, account_id, origin, based_on, text, extraction,
            document, created_at)
         SELECT tenant_id, resume_id, $2 + 1, $3, 'restored', number, text, extraction, document, clock_timestamp()
         FROM resume_versions WHERE resume_id = $1 AND number = $4",
    )
    .bind(resume.id)
    .bind(resume.version)
    .bind(account)
    .bind(number)
    .execute(&mut **tx)
    .await?;
    if added.rows_affected() == 0 {
        return Ok(false);
    }
    show_newest(tx, resume).await?;
    Ok(true)
}

/// Writes the first version down, if that is what the row still is.
async fn keep_first(tx: &mut Tx, resume: &Current) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO resume_versions (tenant_id, resume_id, number, account_id, origin, text, extraction, document,
            created_at)
         SELECT tenant_id, id, 1, account_id, 'read', text, extraction, document, updated_at
         FROM resumes WHERE id = $1 AND version = 1",
    )
    .bind(resume.id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the version after that of `resume` what the row says.
async fn show_newest(tx: &mut Tx, resume: &Current) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE resumes SET version = v.number, text = v.text, extraction = v.extraction, document = v.document,
            updated_at = v.created_at
         FROM resume_versions v
         WHERE resumes.id = $1 AND (v.tenant_id, v.resume_id, v.number) = (resumes.tenant_id, $1, $2 + 1)",
    )
    .bind(resume.id)
    .bind(resume.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
