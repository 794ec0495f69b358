//! `DELETE /api/v1/matches/{id}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::path::Id,
    state::AppState,
    store::matches,
};

/// Deletes a match; the resume and the job stay.
#[utoipa::path(
    delete, path = "/api/v1/matches/{id}", tag = "Matches", operation_id = "deleteMatch",
    params(("id" = uuid::Uuid, Path, description = "Id of the match")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such match", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn delete_match(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let deleted = matches::delete(&mut tx, id).await?;
    tx.commit().await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("match")) }
}
