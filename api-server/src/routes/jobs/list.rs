//! `GET /api/v1/jobs`.

#![allow(unused_qualifications, reason = "utoipa's macro qualifies the types of `params`")]

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

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
        jobs::{self, Job},
    },
};

/// Which jobs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobFilter {
    /// Only those of this status.
    status: Option<Status>,
}

/// Lists the jobs, newest first.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "Jobs", operation_id = "listJobs",
    params(PageQuery, JobFilter),
    responses(
        (status = 200, description = "One page", body = Page<Job>),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_jobs(
    State(state): State<AppState>,
    identity: Identity,
    QueryParameters(page): QueryParameters<PageQuery>,
    QueryParameters(filter): QueryParameters<JobFilter>,
) -> Result<Json<Page<Job>>, Problem> {
    let page = page.check()?;
    let mut tx = identity.transaction(&state.pool).await?;
    let jobs = jobs::list(&mut tx, page, filter.status).await?;
    tx.commit().await?;
    Ok(Json(jobs))
}
