//! `GET /api/v1/resumes`.

#![allow(unused_qualifications, reason = "utoipa's macro qualifies the types of `params`")]

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::identity::Identity,
    error::{FieldError, Problem, ProblemDocument},
    request::{
        paging::{Page, PageQuery},
        path::QueryParameters,
    },
    state::AppState,
    store::{
        Status,
        resumes::{self, Filter, Resume},
    },
};

/// Most characters of a search.
const MAX_SEARCH: usize = 200;

/// Which resumes to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResumeFilter {
    /// Only those of this status.
    status: Option<Status>,
    /// Only those whose file name and text have these words: all of them, `or` between two for one of them, quotation marks around
    /// words in this order, `-` before a word that must not be there. Upper and lower case are the same; words are taken whole.
    #[param(max_length = 200, example = "kubernetes \"site reliability\" -intern")]
    q: Option<String>,
}

impl ResumeFilter {
    fn check(self) -> Result<Filter, Problem> {
        Ok(Filter { status: self.status, words: search_words(self.q.as_deref())? })
    }
}

/// What is searched for; none when nothing is.
pub fn search_words(text: Option<&str>) -> Result<Option<String>, Problem> {
    let text = text.unwrap_or_default();
    let length = text.chars().count();
    if length > MAX_SEARCH {
        let detail = format!("q must have at most {MAX_SEARCH} characters, not {length}.");
        return Err(Problem::validation(vec![FieldError::in_field("q", detail)]));
    }
    // Postgres takes no NUL in a text, and none of the others is a part of a word.
    let text = text.replace(char::is_control, " ");
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
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
    let (page, filter) = (page.check()?, filter.check()?);
    let mut tx = identity.transaction(&state.pool).await?;
    let resumes = resumes::list(&mut tx, page, &filter).await?;
    tx.commit().await?;
    Ok(Json(resumes))
}
