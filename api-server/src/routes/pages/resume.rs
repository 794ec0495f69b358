//! Pages of a resume: upload, show, download, delete.

use axum::{
    extract::{Form, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde_json::Value;

use super::{account::TokenForm, dashboard};
use crate::{
    actions::resumes::{Uploaded, delete, upload},
    auth::viewer::Viewer,
    error::Problem,
    pages::{
        Chrome,
        items::{ResumeItem, ResumePage, sections, skills},
        page,
    },
    request::{multipart::UploadForm, path::Id},
    routes::resumes::original,
    state::AppState,
    store::resumes,
};

/// `POST /resumes`.
pub async fn upload_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    form: Result<UploadForm, Problem>,
) -> Result<Response, Problem> {
    let mut form = match form {
        Ok(form) => form,
        Err(problem) => return dashboard::ask_again(&state, &viewer, problem).await,
    };
    viewer.check_form(&state, form.fields.get("csrf").map(String::as_str))?;
    let uploaded = match form.require_file() {
        Ok(file) => upload(&state, viewer.identity, file).await,
        Err(problem) => Err(problem),
    };
    match uploaded {
        Ok(Uploaded::New(resume) | Uploaded::Known(resume)) => {
            Ok(Redirect::to(&format!("/resumes/{}", resume.id)).into_response())
        }
        Err(problem) => dashboard::ask_again(&state, &viewer, problem).await,
    }
}

/// `GET /resumes/{id}`.
pub async fn show(State(state): State<AppState>, viewer: Viewer, Id(id): Id) -> Result<Response, Problem> {
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let detail = resumes::get(&mut tx, id).await?;
    tx.commit().await?;
    let detail = detail.ok_or_else(|| Problem::not_found("resume"))?;
    let document = detail.document.as_ref().and_then(|document| document.get("resume"));
    let nothing = Value::Null;
    page(&ResumePage {
        chrome: Chrome::new(&detail.resume.file_name, Some(&viewer)),
        form_token: viewer.form_token.clone(),
        resume: ResumeItem::from(&detail.resume),
        sections: sections(document.unwrap_or(&nothing)),
        skills: skills(document.unwrap_or(&nothing)),
        text: detail.text.unwrap_or_default(),
    })
}

/// `GET /resumes/{id}/original`.
pub async fn download(
    State(state): State<AppState>,
    viewer: Viewer,
    Id(id): Id,
) -> Result<Response, Problem> {
    original::send(&state, viewer.identity, id).await
}

/// `POST /resumes/{id}/delete`.
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
        Err(Problem::not_found("resume"))
    }
}
