//! `GET /api/v1/resumes`.

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
        resumes::{self, Resume},
    },
};

/// Which resumes to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResumeFilter {
    /// Only those of this status.
    status: Option<Status>,
}

/// Lists the resumes, newest first.
#[utoipa::path(
    get, path = "/api/v1/resumes", tag = "Resumes", operation_id = "listResumes",
    params(PageQuery, ResumeFilter),
    responses(
        (status = 200, description = "One page", body = Page<Resume>),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn list_resumes(
    State(state): State<AppState>,
    identity: Identity,
    QueryParameters(page): QueryParameters<PageQuery>,
    QueryParameters(filter): QueryParameters<ResumeFilter>,
) -> Result<Json<Page<Resume>>, Problem> {
    let page = page.check()?;
    let mut tx = identity.transaction(&state.pool).await?;
    let resumes = resumes::list(&mut tx, page, filter.status).await?;
    tx.commit().await?;
    Ok(Json(resumes))
}
