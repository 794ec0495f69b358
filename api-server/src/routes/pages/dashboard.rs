//! `GET /dashboard`, and the same page again when one of its forms was refused.

use axum::{extract::State, response::Response};
use serde::Deserialize;

use crate::{
    auth::viewer::Viewer,
    error::{Problem, ProblemKind},
    middleware::problem::Complete,
    pages::{
        Chrome,
        dashboard::DashboardPage,
        items::{JobItem, MatchItem, ResumeItem},
        page,
    },
    request::{paging::PageRequest, path::QueryParameters},
    routes::resumes::list::search_words,
    state::AppState,
    store::{jobs, matches, resumes},
};

/// How many of each kind are listed.
const NEWEST: PageRequest = PageRequest { limit: 50, before: None };

/// What of the address the dashboard goes by.
#[derive(Debug, Deserialize)]
pub struct DashboardQuery {
    q: Option<String>,
}

/// The dashboard.
pub async fn show(
    State(state): State<AppState>,
    viewer: Viewer,
    QueryParameters(query): QueryParameters<DashboardQuery>,
) -> Result<Response, Problem> {
    page(&build(&state, &viewer, None, search_words(query.q.as_deref())?).await?)
}

/// The dashboard with what was wrong with the form that was sent, if the person can mend it.
pub async fn ask_again(state: &AppState, viewer: &Viewer, problem: Problem) -> Result<Response, Problem> {
    let can_be_mended = matches!(
        problem.kind,
        ProblemKind::ValidationFailed
            | ProblemKind::UnsupportedMediaType
            | ProblemKind::PayloadTooLarge
            | ProblemKind::Conflict
            | ProblemKind::NotFound
    );
    if !can_be_mended {
        return Err(problem);
    }
    let notice = match problem.errors.as_slice() {
        [] => problem.detail.to_string(),
        errors => errors.iter().map(|error| error.detail.as_str()).collect::<Vec<_>>().join(" "),
    };
    let mut response = page(&build(state, viewer, Some(notice), None).await?)?;
    *response.status_mut() = problem.kind.status();
    response.extensions_mut().insert(Complete);
    Ok(response)
}

async fn build(
    state: &AppState,
    viewer: &Viewer,
    notice: Option<String>,
    search: Option<String>,
) -> Result<DashboardPage, Problem> {
    let filter = resumes::Filter { status: None, words: search };
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let resumes = resumes::list(&mut tx, NEWEST, &filter).await?;
    let jobs = jobs::list(&mut tx, NEWEST, None).await?;
    let matches = matches::list(&mut tx, NEWEST, matches::Filter::default()).await?;
    tx.commit().await?;
    let resumes: Vec<_> = resumes.items.iter().map(ResumeItem::from).collect();
    let jobs: Vec<_> = jobs.items.iter().map(JobItem::from).collect();
    let matches: Vec<_> = matches.items.iter().map(MatchItem::from).collect();
    Ok(DashboardPage {
        chrome: Chrome::new("Dashboard", Some(viewer)),
        form_token: viewer.form_token.clone(),
        notice,
        busy: DashboardPage::busy_mark(&resumes, &jobs, &matches),
        resumes,
        search: filter.words.unwrap_or_default(),
        jobs,
        matches,
        accept: DashboardPage::accept(),
        accepted_labels: DashboardPage::accepted_labels(),
    })
}
