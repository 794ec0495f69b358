//! `/api/v1/batches`: many resumes matched with many jobs.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    actions::batches::{csv, request},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{
        json::JsonBody,
        paging::{Page, PageQuery},
        path::{Id, QueryParameters},
    },
    state::AppState,
    store::batches::{self, Batch},
};

/// What to match with what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBatch {
    /// What to call it.
    #[serde(default)]
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The resumes, 1 to 500; they may still be waiting to be read.
    #[schema(min_items = 1, max_items = 500)]
    resume_ids: Vec<Uuid>,
    /// The jobs, 1 to 500; they may still be waiting to be read.
    #[schema(min_items = 1, max_items = 500)]
    job_ids: Vec<Uuid>,
}

/// Asks for a match of each resume with each job, 10000 at most. Results come one by one: list them with
/// `GET /api/v1/matches?batch_id=`.
#[utoipa::path(
    post, path = "/api/v1/batches", tag = "Matches", operation_id = "createBatch",
    request_body = CreateBatch,
    responses(
        (status = 202, description = "Taken; it will be worked out", body = Batch),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 402, description = "The plan has no more of it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable, or an id does not exist", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_batch(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<CreateBatch>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Batch>), Problem> {
    let batch = request(&state, identity, body.name.as_deref(), &body.resume_ids, &body.job_ids).await?;
    let location = format!("/api/v1/batches/{}", batch.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(batch)))
}

/// Lists the batches with their progress, newest first.
#[utoipa::path(
    get, path = "/api/v1/batches", tag = "Matches", operation_id = "listBatches",
    params(PageQuery),
    responses(
        (status = 200, description = "One page", body = Page<Batch>),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_batches(
    State(state): State<AppState>,
    identity: Identity,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<Page<Batch>>, Problem> {
    let page = page.check()?;
    let mut tx = identity.transaction(&state.pool).await?;
    let batches = batches::list(&mut tx, page).await?;
    tx.commit().await?;
    Ok(Json(batches))
}

/// Gives a batch with its progress.
#[utoipa::path(
    get, path = "/api/v1/batches/{id}", tag = "Matches", operation_id = "getBatch",
    params(("id" = Uuid, Path, description = "Id of the batch")),
    responses(
        (status = 200, description = "The batch", body = Batch),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such batch", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_batch(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<Json<Batch>, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let batch = batches::get(&mut tx, id).await?;
    tx.commit().await?;
    batch.map(Json).ok_or_else(|| Problem::not_found("batch"))
}

/// Gives the matches of a batch as a table (CSV, RFC 4180, UTF-8), best first; also while some are not done.
#[utoipa::path(
    get, path = "/api/v1/batches/{id}/results.csv", tag = "Matches", operation_id = "getBatchResults",
    params(("id" = Uuid, Path, description = "Id of the batch")),
    responses(
        (status = 200, description = "The table", body = String, content_type = "text/csv"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such batch", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_batch_results(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<([(HeaderName, &'static str); 2], String), Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let found = batches::get(&mut tx, id).await?;
    let lines = batches::lines(&mut tx, id).await?;
    tx.commit().await?;
    found.ok_or_else(|| Problem::not_found("batch"))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"results.csv\""),
    ];
    Ok((headers, csv(&lines)))
}

/// Deletes a batch and its matches; what was not done yet is not done any more.
#[utoipa::path(
    delete, path = "/api/v1/batches/{id}", tag = "Matches", operation_id = "deleteBatch",
    params(("id" = Uuid, Path, description = "Id of the batch")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such batch", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_batch(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let gone = batches::delete(&mut tx, id).await?;
    tx.commit().await?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("batch")) }
}
