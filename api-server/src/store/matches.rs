//! Matches of one resume with one job.

use platform::{
    billing::quota,
    names::{AccountId, JobId, MatchId, ResumeId, TenantId},
    timestamp::Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Status, Tx, advice};
use crate::request::paging::{Page, PageRequest};

/// A match of one resume with one job.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Match {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: MatchId,
    /// How far the worker is with it.
    pub status: Status,
    /// The resume.
    #[schema(value_type = Uuid)]
    pub resume_id: ResumeId,
    /// Name of the resume's file.
    pub resume_name: String,
    /// Which version of the resume was judged; null until `status` is `ready`, and in matches of before there were
    /// versions.
    pub resume_version: Option<i32>,
    /// The job.
    #[schema(value_type = Uuid)]
    pub job_id: JobId,
    /// Title of the job, if it has one.
    pub job_title: Option<String>,
    /// How well the resume fits, from 0 to 100; null until `status` is `ready`.
    #[schema(minimum = 0, maximum = 100)]
    pub score: Option<f64>,
    /// Why there is no result; only when `status` is `failed`.
    pub error: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A match with its result.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct MatchDetail {
    /// The match.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub summary: Match,
    /// The whole result: score, parts, requirements with evidence, skills, advice and versions; null until `status`
    /// is `ready`. Each piece of advice has an `id` and a `decision`: `accepted`, `rejected` or null.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
}

/// Which matches a list shall have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only those of this status.
    pub status: Option<Status>,
    /// Only those of this resume.
    pub resume: Option<Uuid>,
    /// Only those of this job.
    pub job: Option<Uuid>,
    /// Only those of this batch.
    pub batch: Option<Uuid>,
}

/// Adds a match of a resume and a job of the tenant.
pub async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    resume: ResumeId,
    job: JobId,
) -> Result<MatchId, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO matches (id, tenant_id, account_id, resume_id, job_id) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(MatchId::new())
    .bind(tenant)
    .bind(account)
    .bind(resume)
    .bind(job)
    .fetch_one(&mut **tx)
    .await
}

/// One page of the tenant's matches, newest first.
pub async fn list(tx: &mut Tx, page: PageRequest, filter: Filter) -> Result<Page<Match>, sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT m.id, m.status, m.resume_id, r.file_name AS resume_name, m.resume_version, m.job_id,
                j.title AS job_title, m.score::float8 AS score, m.error, m.created_at, m.updated_at
         FROM matches m
         JOIN resumes r ON (r.tenant_id, r.id) = (m.tenant_id, m.resume_id)
         JOIN jobs j ON (j.tenant_id, j.id) = (m.tenant_id, m.job_id)
         WHERE ($1::uuid IS NULL OR m.id < $1) AND ($2::text IS NULL OR m.status = $2)
           AND ($3::uuid IS NULL OR m.resume_id = $3) AND ($4::uuid IS NULL OR m.job_id = $4)
           AND ($6::uuid IS NULL OR m.batch_id = $6)
         ORDER BY m.id DESC LIMIT $5",
    )
    .bind(page.before)
    .bind(filter.status)
    .bind(filter.resume)
    .bind(filter.job)
    .bind(page.rows_to_fetch())
    .bind(filter.batch)
    .fetch_all(&mut **tx)
    .await?;
    Ok(page.page(rows, |row: &Match| row.id.as_uuid()))
}

/// A match with its result, and what was thought of its advice.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<MatchDetail>, sqlx::Error> {
    let found: Option<MatchDetail> = sqlx::query_as(
        "SELECT m.id, m.status, m.resume_id, r.file_name AS resume_name, m.resume_version, m.job_id,
                j.title AS job_title, m.score::float8 AS score, m.error, m.created_at, m.updated_at, m.result
         FROM matches m
         JOIN resumes r ON (r.tenant_id, r.id) = (m.tenant_id, m.resume_id)
         JOIN jobs j ON (j.tenant_id, j.id) = (m.tenant_id, m.job_id)
         WHERE m.id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(mut found) = found else { return Ok(None) };
    advice::annotate(tx, &mut found).await?;
    Ok(Some(found))
}

/// Removes a match; whether there was one.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<bool, sqlx::Error> {
    // What nobody has begun with is given back to the plan.
    let waits: Option<bool> =
        sqlx::query_scalar("SELECT status = 'queued' FROM matches WHERE id = $1 FOR UPDATE")
            .bind(id)
            .fetch_optional(&mut **tx)
            .await?;
    if waits == Some(true) {
        quota::release_match(tx, id).await?;
    }
    let gone = sqlx::query("DELETE FROM matches WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(gone.rows_affected() > 0)
}
