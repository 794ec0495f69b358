//! `DELETE /api/v1/jobs/{id}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    actions::jobs::delete,
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::path::Id,
    state::AppState,
};

/// Deletes a job, its matches and its file.
#[utoipa::path(
    delete, path = "/api/v1/jobs/{id}", tag = "Jobs", operation_id = "deleteJob",
    params(("id" = uuid::Uuid, Path, description = "Id of the job")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_job(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    if delete(&state, identity, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("job"))
    }
}
