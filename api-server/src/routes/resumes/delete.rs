//! `DELETE /api/v1/resumes/{id}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    actions::resumes::delete,
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::path::Id,
    state::AppState,
};

/// Deletes a resume, its matches and its file.
#[utoipa::path(
    delete, path = "/api/v1/resumes/{id}", tag = "Resumes", operation_id = "deleteResume",
    params(("id" = uuid::Uuid, Path, description = "Id of the resume")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_resume(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    if delete(&state, identity, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("resume"))
    }
}
