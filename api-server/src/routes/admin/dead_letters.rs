//! `/api/v1/admin/dead-letters`: tasks that failed too often.

#![allow(unused_qualifications, reason = "utoipa's macro qualifies the types of `params`")]

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    names::{TaskId, TenantId},
    tasks::dead::{self, Attempt, DeadLetter},
    timestamp::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::admin::Admin,
    error::{Problem, ProblemDocument},
    request::{
        paging::{Page, PageQuery},
        path::{Id, QueryParameters},
    },
    state::AppState,
};

/// A task that failed too often. It shows ids and messages of ours, nothing that a tenant wrote.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterView {
    /// The task.
    #[schema(value_type = Uuid)]
    task_id: TaskId,
    /// Its tenant.
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    /// What was to be done.
    #[schema(example = "extract_resume")]
    kind: String,
    /// Id of the resume, job or match.
    subject_id: Uuid,
    /// How many attempts failed.
    failures: i32,
    /// Why the last one failed.
    error: String,
    /// When it was given up.
    #[schema(value_type = String, format = DateTime)]
    died_at: Timestamp,
}

/// One attempt at a task.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptView {
    /// Its number, from 1.
    attempt: i32,
    /// The process that made it.
    worker: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// How it ended.
    #[schema(example = "retry")]
    outcome: Option<String>,
    /// Why it failed.
    error: Option<String>,
}

/// A dead letter with all attempts at it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterDetail {
    #[serde(flatten)]
    letter: DeadLetterView,
    /// The attempts, in order.
    attempts: Vec<AttemptView>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { task, tenant, kind, subject, failures, error, died_at } = letter;
        Self { task_id: task, tenant_id: tenant, kind, subject_id: subject, failures, error, died_at }
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let Attempt { attempt, worker, started_at, ended_at, outcome, error } = attempt;
        Self { attempt, worker, started_at, ended_at, outcome, error }
    }
}

/// Lists the dead letters of all tenants, newest task first.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-letters", tag = "Administration", operation_id = "listDeadLetters",
    params(PageQuery),
    responses(
        (status = 200, description = "One page", body = Page<DeadLetterView>),
        (status = 401, description = "Not the administrator's token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("admin" = []))
)]
pub async fn list_dead_letters(
    State(state): State<AppState>,
    _admin: Admin,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<Page<DeadLetterView>>, Problem> {
    let page = page.check()?;
    let letters = dead::list(&state.pool, page.before.map(TaskId::from_uuid), page.rows_to_fetch()).await?;
    let views = letters.into_iter().map(DeadLetterView::from).collect();
    Ok(Json(page.page(views, |view: &DeadLetterView| view.task_id.as_uuid())))
}

/// Gives a dead letter with all attempts at it.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-letters/{id}", tag = "Administration", operation_id = "getDeadLetter",
    params(("id" = Uuid, Path, description = "Id of the task")),
    responses(
        (status = 200, description = "The dead letter", body = DeadLetterDetail),
        (status = 401, description = "Not the administrator's token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such dead letter", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("admin" = []))
)]
pub async fn get_dead_letter(
    State(state): State<AppState>,
    _admin: Admin,
    Id(id): Id,
) -> Result<Json<DeadLetterDetail>, Problem> {
    let found = dead::inspect(&state.pool, TaskId::from_uuid(id)).await?;
    let (letter, attempts) = found.ok_or_else(|| Problem::not_found("dead letter"))?;
    let attempts = attempts.into_iter().map(AttemptView::from).collect();
    Ok(Json(DeadLetterDetail { letter: letter.into(), attempts }))
}

/// Has the task tried again from the beginning; its resume, job or match waits again.
#[utoipa::path(
    post, path = "/api/v1/admin/dead-letters/{id}/requeue", tag = "Administration", operation_id = "requeueDeadLetter",
    params(("id" = Uuid, Path, description = "Id of the task")),
    responses(
        (status = 202, description = "It will be tried again"),
        (status = 401, description = "Not the administrator's token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such dead letter", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("admin" = []))
)]
pub async fn requeue_dead_letter(
    State(state): State<AppState>,
    _admin: Admin,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let requeued = dead::requeue(&state.pool, TaskId::from_uuid(id)).await?;
    if requeued { Ok(StatusCode::ACCEPTED) } else { Err(Problem::not_found("dead letter")) }
}

/// Takes the task off the list. Its resume, job or match stays failed.
#[utoipa::path(
    delete, path = "/api/v1/admin/dead-letters/{id}", tag = "Administration", operation_id = "dropDeadLetter",
    params(("id" = Uuid, Path, description = "Id of the task")),
    responses(
        (status = 204, description = "Dropped"),
        (status = 401, description = "Not the administrator's token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such dead letter", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("admin" = []))
)]
pub async fn drop_dead_letter(
    State(state): State<AppState>,
    _admin: Admin,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let dropped = dead::drop_letter(&state.pool, TaskId::from_uuid(id)).await?;
    if dropped { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("dead letter")) }
}
