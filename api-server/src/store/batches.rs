//! Batches: many resumes matched with many jobs.

use platform::{
    names::{AccountId, BatchId, MatchId, TenantId},
    timestamp::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Tx;
use crate::request::paging::{Page, PageRequest};

/// A batch and how far the workers are with it.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Batch {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: BatchId,
    /// What it is called, if anything.
    pub name: Option<String>,
    /// How many matches it was asked for.
    pub total: i32,
    /// How many wait.
    pub queued: i64,
    /// How many are being worked on.
    pub processing: i64,
    /// How many have a score.
    pub ready: i64,
    /// How many cannot be done.
    pub failed: i64,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A line of a batch's table.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Line {
    /// The match.
    pub id: MatchId,
    /// Name of the resume's file.
    pub resume_name: String,
    /// The resume.
    pub resume_id: Uuid,
    /// Title of the job, if it has one.
    pub job_title: Option<String>,
    /// The job.
    pub job_id: Uuid,
    /// How far the worker is.
    pub status: String,
    /// From 0 to 100.
    pub score: Option<f64>,
    /// Why there is no score.
    pub error: Option<String>,
}

const COUNTED: &str = "SELECT batches.id, batches.name, batches.total, batches.created_at,
        count(matches.id) FILTER (WHERE matches.status = 'queued') AS queued,
        count(matches.id) FILTER (WHERE matches.status = 'processing') AS processing,
        count(matches.id) FILTER (WHERE matches.status = 'ready') AS ready,
        count(matches.id) FILTER (WHERE matches.status = 'failed') AS failed
     FROM (SELECT * FROM batches WHERE ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3) AS batches
     LEFT JOIN matches ON matches.batch_id = batches.id
     GROUP BY batches.id, batches.name, batches.total, batches.created_at ORDER BY batches.id DESC";

/// Adds a batch of `total` matches.
pub async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    name: Option<&str>,
    total: i32,
) -> Result<BatchId, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO batches (id, tenant_id, account_id, name, total) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(BatchId::new())
    .bind(tenant)
    .bind(account)
    .bind(name)
    .bind(total)
    .fetch_one(&mut **tx)
    .await
}

/// Adds a match for each of `pairs` (resume, job); gives their ids.
pub async fn insert_matches(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    batch: BatchId,
    pairs: &[(Uuid, Uuid)],
) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = pairs.iter().map(|_| MatchId::new().as_uuid()).collect();
    let (resumes, jobs): (Vec<Uuid>, Vec<Uuid>) = pairs.iter().copied().unzip();
    sqlx::query(
        "INSERT INTO matches (id, tenant_id, account_id, batch_id, resume_id, job_id)
         SELECT id, $1, $2, $3, resume_id, job_id FROM unnest($4::uuid[], $5::uuid[], $6::uuid[]) AS t (id, resume_id, job_id)",
    )
    .bind(tenant)
    .bind(account)
    .bind(batch)
    .bind(&ids)
    .bind(&resumes)
    .bind(&jobs)
    .execute(&mut **tx)
    .await?;
    Ok(ids)
}

/// A batch.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<Batch>, sqlx::Error> {
    sqlx::query_as(COUNTED).bind(id).bind(None::<Uuid>).bind(1_i64).fetch_optional(&mut **tx).await
}

/// One page of the tenant's batches, newest first.
pub async fn list(tx: &mut Tx, page: PageRequest) -> Result<Page<Batch>, sqlx::Error> {
    let rows = sqlx::query_as(COUNTED)
        .bind(None::<Uuid>)
        .bind(page.before)
        .bind(page.rows_to_fetch())
        .fetch_all(&mut **tx)
        .await?;
    Ok(page.page(rows, |row: &Batch| row.id.as_uuid()))
}

/// All matches of a batch, best first; those without a score last.
pub async fn lines(tx: &mut Tx, id: Uuid) -> Result<Vec<Line>, sqlx::Error> {
    sqlx::query_as(
        "SELECT m.id, r.file_name AS resume_name, m.resume_id, j.title AS job_title, m.job_id, m.status,
                m.score::float8 AS score, m.error
         FROM matches m
         JOIN resumes r ON (r.tenant_id, r.id) = (m.tenant_id, m.resume_id)
         JOIN jobs j ON (j.tenant_id, j.id) = (m.tenant_id, m.job_id)
         WHERE m.batch_id = $1 ORDER BY m.score DESC NULLS LAST, m.id",
    )
    .bind(id)
    .fetch_all(&mut **tx)
    .await
}

/// Removes a batch with its matches; whether there was one.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM batches WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(gone.rows_affected() > 0)
}

/// Which of `ids` are resumes (or jobs) of the tenant that can be matched: read, or still to be read.
pub async fn usable(tx: &mut Tx, side: Side, ids: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    let statement = match side {
        Side::Resumes => "SELECT id FROM resumes WHERE id = ANY($1) AND status <> 'failed'",
        Side::Jobs => "SELECT id FROM jobs WHERE id = ANY($1) AND status <> 'failed'",
    };
    sqlx::query_scalar(statement).bind(ids).fetch_all(&mut **tx).await
}

/// One side of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The resumes.
    Resumes,
    /// The jobs.
    Jobs,
}
