//! `PATCH /api/v1/jobs/{id}`: changes title or text.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    actions::jobs::{Change, edit},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{json::JsonBody, path::Id, version::Version},
    state::AppState,
    store::jobs::JobDetail,
};

/// What to change; what is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditJob {
    /// The new title; empty takes it away.
    #[serde(default)]
    #[schema(max_length = 300, example = "Site reliability engineer")]
    title: Option<String>,
    /// The new text.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100_000)]
    text: Option<String>,
}

/// Changes a job's title or text. Matches that were made before keep their result.
#[utoipa::path(
    patch, path = "/api/v1/jobs/{id}", tag = "Jobs", operation_id = "editJob",
    params(
        ("id" = uuid::Uuid, Path, description = "Id of the job"),
        ("If-Match" = String, Header, description = "The ETag of the version that is edited"),
    ),
    request_body = EditJob,
    responses(
        (status = 200, description = "The job as it is now", body = JobDetail),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The job is still being read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "It has changed meanwhile", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A value is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 428, description = "There is no If-Match", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn edit_job(
    State(state): State<AppState>,
    identity: Identity,
    Id(id): Id,
    headers: HeaderMap,
    JsonBody(body): JsonBody<EditJob>,
) -> Result<Response, Problem> {
    let change = Change::check(body.title.as_deref(), body.text.as_deref())?;
    let job = edit(&state, identity, id, &headers, &change).await?;
    Ok(Version::of(job.job.updated_at).answer(&HeaderMap::new(), job))
}
