//! `/api/v1/matches/{id}/advice/{advice}`: accepts or rejects a piece of advice.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    actions::matches::decide,
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{json::JsonBody, path::AdviceId, version::Version},
    state::AppState,
    store::{advice::Decision, matches::MatchDetail},
};

/// What one thinks of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideAdvice {
    /// `accepted` when it is taken up, `rejected` when it is not wanted.
    decision: Decision,
}

/// Accepts or rejects a piece of advice. The decision is kept for the resume and the job: later matches of the two show
/// what was accepted as such, and leave out what was rejected.
#[utoipa::path(
    put, path = "/api/v1/matches/{id}/advice/{advice}", tag = "Matches", operation_id = "decideAdvice",
    params(
        ("id" = uuid::Uuid, Path, description = "Id of the match"),
        ("advice" = String, Path, description = "`id` of the advice in the match's result"),
    ),
    request_body = DecideAdvice,
    responses(
        (status = 200, description = "The match as it is now", body = MatchDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such match, or no such advice in it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn decide_advice(
    State(state): State<AppState>,
    identity: Identity,
    AdviceId(id, advice): AdviceId,
    JsonBody(body): JsonBody<DecideAdvice>,
) -> Result<Response, Problem> {
    let found = decide(&state, identity, id, advice, Some(body.decision)).await?;
    Ok(Version::of(found.summary.updated_at).answer(&HeaderMap::new(), found))
}

/// Takes a decision back.
#[utoipa::path(
    delete, path = "/api/v1/matches/{id}/advice/{advice}", tag = "Matches", operation_id = "undecideAdvice",
    params(
        ("id" = uuid::Uuid, Path, description = "Id of the match"),
        ("advice" = String, Path, description = "`id` of the advice in the match's result"),
    ),
    responses(
        (status = 204, description = "There is no decision any more"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller may only look", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such match, or no such advice in it", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn undecide_advice(
    State(state): State<AppState>,
    identity: Identity,
    AdviceId(id, advice): AdviceId,
) -> Result<StatusCode, Problem> {
    decide(&state, identity, id, advice, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
