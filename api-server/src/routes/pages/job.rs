//! Pages of a job: show, delete. Jobs are added with the form of a match.

use axum::{
    extract::{Form, State},
    response::{IntoResponse as _, Redirect, Response},
};

use super::account::TokenForm;
use crate::{
    actions::jobs::delete,
    auth::viewer::Viewer,
    error::Problem,
    pages::{
        Chrome,
        items::{JobItem, JobPage},
        page,
    },
    request::path::Id,
    state::AppState,
    store::jobs,
};

/// `GET /jobs/{id}`.
pub async fn show(State(state): State<AppState>, viewer: Viewer, Id(id): Id) -> Result<Response, Problem> {
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let detail = jobs::get(&mut tx, id).await?;
    tx.commit().await?;
    let detail = detail.ok_or_else(|| Problem::not_found("job"))?;
    let job = JobItem::from(&detail.job);
    page(&JobPage {
        chrome: Chrome::new(&job.name, Some(&viewer)),
        form_token: viewer.form_token.clone(),
        job,
        text: detail.text.unwrap_or_default(),
    })
}

/// `POST /jobs/{id}/delete`.
pub async fn delete_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Id(id): Id,
    Form(form): Form<TokenForm>,
) -> Result<Response, Problem> {
    form.check(&viewer, &state)?;
    if delete(&state, viewer.identity, id).await? {
        Ok(Redirect::to("/dashboard").into_response())
    } else {
        Err(Problem::not_found("job"))
    }
}
