//! `GET /api/v1/matches`.

#![allow(unused_qualifications, reason = "utoipa's macro qualifies the types of `params`")]

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::{
        paging::{Page, PageQuery},
        path::QueryParameters,
    },
    state::AppState,
    store::{
        Status,
        matches::{self, Filter, Match},
    },
};

/// Which matches to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MatchFilter {
    /// Only those of this status.
    status: Option<Status>,
    /// Only those of this resume.
    resume_id: Option<Uuid>,
    /// Only those of this job.
    job_id: Option<Uuid>,
    /// Only those of this batch.
    batch_id: Option<Uuid>,
}

/// Lists the matches, newest first.
#[utoipa::path(
    get, path = "/api/v1/matches", tag = "Matches", operation_id = "listMatches",
    params(PageQuery, MatchFilter),
    responses(
        (status = 200, description = "One page", body = Page<Match>),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_matches(
    State(state): State<AppState>,
    identity: Identity,
    QueryParameters(page): QueryParameters<PageQuery>,
    QueryParameters(filter): QueryParameters<MatchFilter>,
) -> Result<Json<Page<Match>>, Problem> {
    let page = page.check()?;
    let filter = Filter {
        status: filter.status,
        resume: filter.resume_id,
        job: filter.job_id,
        batch: filter.batch_id,
    };
    let mut tx = identity.transaction(&state.pool).await?;
    let matches = matches::list(&mut tx, page, filter).await?;
    tx.commit().await?;
    Ok(Json(matches))
}
