//! `POST /api/v1/matches`: asks how well a resume fits a job.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    actions::matches::request,
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
    store::matches::MatchDetail,
};

/// What to match.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMatch {
    /// The resume; it may still be waiting to be read.
    resume_id: Uuid,
    /// The job; it may still be waiting to be read.
    job_id: Uuid,
}

/// Asks how well a resume fits a job. The answer is worked out in the background: ask for the match until `status` is
/// `ready` or `failed`.
#[utoipa::path(
    post, path = "/api/v1/matches", tag = "Matches", operation_id = "createMatch",
    request_body = CreateMatch,
    responses(
        (status = 202, description = "Taken; it will be worked out", body = MatchDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 402, description = "The plan has no more of it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such resume or job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The resume or the job could not be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_match(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<CreateMatch>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<MatchDetail>), Problem> {
    let made = request(&state, identity, body.resume_id, body.job_id).await?;
    let location = format!("/api/v1/matches/{}", made.summary.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(made)))
}
