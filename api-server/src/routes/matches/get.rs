//! `GET /api/v1/matches/{id}`.

use axum::{Json, extract::State};

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::path::Id,
    state::AppState,
    store::matches::{self, MatchDetail},
};

/// Gives a match with its result.
#[utoipa::path(
    get, path = "/api/v1/matches/{id}", tag = "Matches", operation_id = "getMatch",
    params(("id" = uuid::Uuid, Path, description = "Id of the match")),
    responses(
        (status = 200, description = "The match", body = MatchDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such match", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_match(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
) -> Result<Json<MatchDetail>, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let found = matches::get(&mut tx, id).await?;
    tx.commit().await?;
    found.map(Json).ok_or_else(|| Problem::not_found("match"))
}
