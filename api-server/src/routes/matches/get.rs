//! `GET /api/v1/matches/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{path::Id, version::Version},
    state::AppState,
    store::matches::{self, MatchDetail},
};

/// Gives a match with its result.
#[utoipa::path(
    get, path = "/api/v1/matches/{id}", tag = "Matches", operation_id = "getMatch",
    params(("id" = uuid::Uuid, Path, description = "Id of the match")),
    responses(
        (status = 200, description = "The match", body = MatchDetail, headers(("ETag" = String, description = "Version; send it as If-None-Match to get it only when it has changed"))),
        (status = 304, description = "It is still the version of If-None-Match"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such match", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_match(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let found = matches::get(&mut tx, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found("match"))?;
    Ok(Version::of(found.summary.updated_at).answer(&headers, found))
}
