//! `GET /api/v1/resumes/{id}`.

use axum::{Json, extract::State};

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::path::Id,
    state::AppState,
    store::resumes::{self, ResumeDetail},
};

/// Gives a resume with its text and parsed document.
#[utoipa::path(
    get, path = "/api/v1/resumes/{id}", tag = "Resumes", operation_id = "getResume",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume")),
    responses(
        (status = 200, description = "The resume", body = ResumeDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_resume(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<Json<ResumeDetail>, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let resume = resumes::get(&mut tx, id).await?;
    tx.commit().await?;
    resume.map(Json).ok_or_else(|| Problem::not_found("resume"))
}
