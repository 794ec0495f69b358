//! Applications: which job somebody goes for, with which resume, and how far it has come.

use platform::{
    names::{AccountId, ApplicationId, JobId, ResumeId, TenantId},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Tx;
use crate::request::paging::{Page, PageRequest};

/// How far an application has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Stage {
    /// Worth a look; nothing is sent.
    Saved,
    /// Sent.
    Applied,
    /// They talk.
    Interviewing,
    /// There is an offer.
    Offer,
    /// They said no.
    Rejected,
    /// The person said no.
    Withdrawn,
}

impl Stage {
    /// All of them, in the order of the board.
    pub const ALL: [Self; 6] =
        [Self::Saved, Self::Applied, Self::Interviewing, Self::Offer, Self::Rejected, Self::Withdrawn];

    /// The name as in JSON and in Postgres.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Applied => "applied",
            Self::Interviewing => "interviewing",
            Self::Offer => "offer",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// An application.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Application {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: ApplicationId,
    /// The job.
    #[schema(value_type = Uuid)]
    pub job_id: JobId,
    /// Title of the job, if it has one.
    pub job_title: Option<String>,
    /// The resume that goes with it, if one is named and still there.
    #[schema(value_type = Option<Uuid>)]
    pub resume_id: Option<ResumeId>,
    /// Name of the resume's file.
    pub resume_name: Option<String>,
    /// How far it has come.
    pub state: Stage,
    /// What somebody has written about it.
    pub note: Option<String>,
    /// The day on which it was sent.
    #[schema(format = Date)]
    pub applied_on: Option<String>,
    /// The day on which something is to be done.
    #[schema(format = Date)]
    pub next_on: Option<String>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A move of an application to a state.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Move {
    /// Where it went.
    pub state: Stage,
    /// The account that moved it; null when that is gone.
    #[schema(value_type = Option<Uuid>)]
    pub account_id: Option<AccountId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// An application and where it has been.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApplicationDetail {
    /// The application.
    #[serde(flatten)]
    pub application: Application,
    /// Its moves, oldest first; the last one is to its state.
    pub moves: Vec<Move>,
}

/// What can be chosen of an application.
#[derive(Clone, Debug)]
pub struct Content {
    /// The resume, of the tenant.
    pub resume: Option<ResumeId>,
    /// How far it has come.
    pub state: Stage,
    /// A note.
    pub note: Option<String>,
    /// A day, as `2026-11-23`.
    pub applied_on: Option<String>,
    /// A day, as `2026-11-23`.
    pub next_on: Option<String>,
}

/// Which applications a list shall have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only those of this state.
    pub state: Option<Stage>,
    /// Only those for this job.
    pub job: Option<Uuid>,
    /// Only those with this resume.
    pub resume: Option<Uuid>,
}

/// One page of the tenant's applications, newest first.
pub async fn list(tx: &mut Tx, page: PageRequest, filter: Filter) -> Result<Page<Application>, sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT a.id, a.job_id, j.title AS job_title, a.resume_id, r.file_name AS resume_name, a.state, a.note,
                a.applied_on::text AS applied_on, a.next_on::text AS next_on, a.created_at, a.updated_at
         FROM applications a
         JOIN jobs j ON (j.tenant_id, j.id) = (a.tenant_id, a.job_id)
         LEFT JOIN resumes r ON (r.tenant_id, r.id) = (a.tenant_id, a.resume_id)
         WHERE ($1::uuid IS NULL OR a.id < $1) AND ($2::text IS NULL OR a.state = $2)
           AND ($3::uuid IS NULL OR a.job_id = $3) AND ($4::uuid IS NULL OR a.resume_id = $4)
         ORDER BY a.id DESC LIMIT $5",
    )
    .bind(page.before)
    .bind(filter.state)
    .bind(filter.job)
    .bind(filter.resume)
    .bind(page.rows_to_fetch())
    .fetch_all(&mut **tx)
    .await?;
    Ok(page.page(rows, |row: &Application| row.id.as_uuid()))
}

/// An application and where it has been.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<ApplicationDetail>, sqlx::Error> {
    let application = sqlx::query_as(
        "SELECT a.id, a.job_id, j.title AS job_title, a.resume_id, r.file_name AS resume_name, a.state, a.note,
                a.applied_on::text AS applied_on, a.next_on::text AS next_on, a.created_at, a.updated_at
         FROM applications a
         JOIN jobs j ON (j.tenant_id, j.id) = (a.tenant_id, a.job_id)
         LEFT JOIN resumes r ON (r.tenant_id, r.id) = (a.tenant_id, a.resume_id)
         WHERE a.id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(application) = application else { return Ok(None) };
    let moves = sqlx::query_as(
        "SELECT state, account_id, at FROM application_moves WHERE application_id = $1 ORDER BY number",
    )
    .bind(id)
    .fetch_all(&mut **tx)
    .await?;
    Ok(Some(ApplicationDetail { application, moves }))
}

/// Nobody else changes the application until the transaction ends; whether there is one.
pub async fn lock(tx: &mut Tx, id: Uuid) -> Result<bool, sqlx::Error> {
    let found: Option<Uuid> = sqlx::query_scalar("SELECT id FROM applications WHERE id = $1 FOR UPDATE")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(found.is_some())
}

/// Adds an application for a job of the tenant.
pub async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    job: Uuid,
    content: &Content,
) -> Result<ApplicationId, sqlx::Error> {
    let id: ApplicationId = sqlx::query_scalar(
        "INSERT INTO applications (id, tenant_id, account_id, job_id, resume_id, state, note, applied_on, next_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8::text::date, CASE $6 WHEN 'applied' THEN current_date END),
            $9::text::date)
         RETURNING id",
    )
    .bind(ApplicationId::new())
    .bind(tenant)
    .bind(account)
    .bind(job)
    .bind(content.resume)
    .bind(content.state)
    .bind(&content.note)
    .bind(&content.applied_on)
    .bind(&content.next_on)
    .fetch_one(&mut **tx)
    .await?;
    write_move(tx, id.as_uuid(), account, content.state).await?;
    Ok(id)
}

/// Writes what was chosen of the locked application, and its move if it has another state now.
pub async fn update(
    tx: &mut Tx,
    account: AccountId,
    before: &Application,
    content: &Content,
) -> Result<(), sqlx::Error> {
    let moved = before.state != content.state;
    sqlx::query(
        "UPDATE applications SET resume_id = $2, state = $3, note = $4, next_on = $6::text::date,
            applied_on = coalesce($5::text::date, CASE WHEN $7 AND $3 = 'applied' THEN current_date END),
            updated_at = clock_timestamp()
         WHERE id = $1",
    )
    .bind(before.id)
    .bind(content.resume)
    .bind(content.state)
    .bind(&content.note)
    .bind(&content.applied_on)
    .bind(&content.next_on)
    .bind(moved)
    .execute(&mut **tx)
    .await?;
    if moved {
        write_move(tx, before.id.as_uuid(), account, content.state).await?;
    }
    Ok(())
}

async fn write_move(tx: &mut Tx, id: Uuid, account: AccountId, state: Stage) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO application_moves (tenant_id, application_id, number, state, account_id, at)
         SELECT app_tenant_id(), $1, coalesce(max(number), 0) + 1, $2, $3, clock_timestamp()
         FROM application_moves WHERE application_id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(account)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes an application; whether there was one.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM applications WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(gone.rows_affected() > 0)
}
