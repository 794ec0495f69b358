//! `GET /openapi.json`, the page `/docs` made from it, and the page `/problems`.

use std::sync::Arc;

use axum::{
    Router,
    http::header,
    response::{IntoResponse as _, Response},
    routing::get,
};
use utoipa::openapi::OpenApi;

use crate::{
    auth::viewer::Viewer,
    error::{Problem, ProblemKind},
    pages::{
        Chrome, page,
        reference::{ProblemsPage, ReferencePage, groups},
    },
    state::AppState,
};

/// The routes that serve `document` and the page made from it.
pub fn routes(document: &OpenApi) -> Result<Router<AppState>, serde_json::Error> {
    let text: Arc<str> = document.to_json()?.into();
    let groups = Arc::new(groups(&serde_json::to_value(document)?));
    let json = move || async move { ([(header::CONTENT_TYPE, "application/json")], text.to_string()) };
    let reference = move |viewer: Option<Viewer>| async move {
        page(&ReferencePage { chrome: Chrome::new("API reference", viewer.as_ref()), groups: &groups })
    };
    Ok(Router::new().route("/openapi.json", get(json)).route("/docs", get(reference)))
}

/// `GET /problems`: every kind of problem document.
pub async fn show_problems(viewer: Option<Viewer>) -> Result<Response, Problem> {
    let chrome = Chrome::new("Problems and what to do", viewer.as_ref());
    Ok(page(&ProblemsPage { chrome, kinds: &ProblemKind::ALL })?.into_response())
}
