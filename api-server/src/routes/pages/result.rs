//! Pages of a match: ask for it, show its result, accept and reject its advice, delete it.

use axum::{
    extract::{Form, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{account::TokenForm, dashboard};
use crate::{
    actions::{
        jobs::{JobText, add_text},
        matches::{decide, request},
    },
    auth::viewer::Viewer,
    error::{FieldError, Problem},
    pages::{page, result::ResultPage},
    request::path::{AdviceId, Id},
    state::AppState,
    store::{advice::Decision, matches},
};

/// What the form of a match sends: a resume, and either a job that is there or the text of a new one.
#[derive(Debug, Deserialize)]
pub struct MatchForm {
    csrf: String,
    resume_id: Uuid,
    #[serde(default)]
    job_id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
}

/// `POST /matches`.
pub async fn request_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Form(form): Form<MatchForm>,
) -> Result<Response, Problem> {
    viewer.check_form(&state, Some(&form.csrf))?;
    match start(&state, &viewer, &form).await {
        Ok(id) => Ok(Redirect::to(&format!("/matches/{id}")).into_response()),
        Err(problem) => dashboard::ask_again(&state, &viewer, problem).await,
    }
}

async fn start(state: &AppState, viewer: &Viewer, form: &MatchForm) -> Result<Uuid, Problem> {
    let job = if form.text.trim().is_empty() && !form.job_id.is_empty() {
        form.job_id.parse().map_err(|_error| {
            Problem::validation(vec![FieldError::in_field("job_id", "Choose a job from the list.")])
        })?
    } else {
        let text = JobText::check(Some(&form.title), &form.text)?;
        add_text(state, viewer.identity, &text).await?.id.as_uuid()
    };
    let made = request(state, viewer.identity, form.resume_id, job).await?;
    Ok(made.summary.id.as_uuid())
}

/// `GET /matches/{id}`.
pub async fn show(State(state): State<AppState>, viewer: Viewer, Id(id): Id) -> Result<Response, Problem> {
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let found = matches::get(&mut tx, id).await?;
    tx.commit().await?;
    let found = found.ok_or_else(|| Problem::not_found("match"))?;
    page(&ResultPage::new(&viewer, &found))
}

/// What the form of a piece of advice sends.
#[derive(Debug, Deserialize)]
pub struct AdviceForm {
    csrf: String,
    /// Absent to take a decision back.
    decision: Option<Decision>,
}

/// `POST /matches/{id}/advice/{advice}`.
pub async fn decide_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    AdviceId(id, advice): AdviceId,
    Form(form): Form<AdviceForm>,
) -> Result<Response, Problem> {
    viewer.check_form(&state, Some(&form.csrf))?;
    decide(&state, viewer.identity, id, advice, form.decision).await?;
    Ok(Redirect::to(&format!("/matches/{id}#advice")).into_response())
}

/// `POST /matches/{id}/delete`.
pub async fn delete_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Id(id): Id,
    Form(form): Form<TokenForm>,
) -> Result<Response, Problem> {
    form.check(&viewer, &state)?;
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let deleted = matches::delete(&mut tx, id).await?;
    tx.commit().await?;
    if deleted { Ok(Redirect::to("/dashboard").into_response()) } else { Err(Problem::not_found("match")) }
}
