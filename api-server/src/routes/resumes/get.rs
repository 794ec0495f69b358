//! `GET /api/v1/resumes/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{path::Id, version::Version},
    state::AppState,
    store::resumes::{self, ResumeDetail},
};

/// Gives a resume with its text and parsed document.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}", tag = "Resumes", operation_id = "getResume",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume")),
    responses(
        (status = 200, description = "The resume", body = ResumeDetail, headers(("ETag" = String, description = "Version; send it as If-None-Match to get it only when it has changed"))),
        (status = 304, description = "It is still the version of If-None-Match"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_resume(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let resume = resumes::get(&mut tx, id).await?;
    tx.commit().await?;
    let resume = resume.ok_or_else(|| Problem::not_found("resume"))?;
    Ok(Version::of(resume.resume.updated_at).answer(&headers, resume))
}
