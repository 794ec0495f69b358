//! `GET /api/v1/jobs/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{path::Id, version::Version},
    state::AppState,
    store::jobs::{self, JobDetail},
};

/// Gives a job with its text.
#[utoipa::path(
    get, path = "/api/v1/jobs/{id}", tag = "Jobs", operation_id = "getJob",
    params(("id" = uuid::Uuid, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "The job", body = JobDetail, headers(("ETag" = String, description = "Version; send it as If-None-Match to get it only when it has changed"))),
        (status = 304, description = "It is still the version of If-None-Match"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_job(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let job = jobs::get(&mut tx, id).await?;
    tx.commit().await?;
    let job = job.ok_or_else(|| Problem::not_found("job"))?;
    Ok(Version::of(job.job.updated_at).answer(&headers, job))
}
