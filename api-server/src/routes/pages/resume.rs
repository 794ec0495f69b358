//! Pages of a resume: upload, show, download, delete.

use axum::{
    extract::{Form, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use serde_json::Value;

use super::{account::TokenForm, dashboard};
use crate::{
    actions::{
        resume_versions::restore,
        resumes::{Uploaded, delete, upload},
    },
    auth::viewer::Viewer,
    error::Problem,
    pages::{
        Chrome,
        items::{ResumeItem, ResumePage, VersionItem, sections, skills},
        page,
    },
    request::{
        multipart::UploadForm,
        path::{Id, NumberedId, QueryParameters},
        version::Version,
    },
    routes::resumes::{
        export::{self, ExportQuery},
        original,
    },
    state::AppState,
    store::{resume_versions, resumes},
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
    let detail = resumes::get(&mut tx, id).await?.ok_or_else(|| Problem::not_found("resume"))?;
    let versions = resume_versions::list(&mut tx, id).await?;
    tx.commit().await?;
    let document = detail.document.as_ref().and_then(|document| document.get("resume"));
    let nothing = Value::Null;
    page(&ResumePage {
        chrome: Chrome::new(&detail.resume.file_name, Some(&viewer)),
        form_token: viewer.form_token.clone(),
        resume: ResumeItem::from(&detail.resume),
        sections: sections(document.unwrap_or(&nothing)),
        skills: skills(document.unwrap_or(&nothing)),
        text: detail.text.unwrap_or_default(),
        versions: versions.iter().map(VersionItem::from).collect(),
        tag: Version::of(detail.resume.updated_at).tag(),
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

/// `GET /resumes/{id}/export`.
pub async fn export(
    State(state): State<AppState>,
    viewer: Viewer,
    Id(id): Id,
    QueryParameters(query): QueryParameters<ExportQuery>,
) -> Result<Response, Problem> {
    export::send(&state, viewer.identity, id, &query).await
}

/// Which version a form goes back from.
#[derive(Debug, Deserialize)]
pub struct RestoreForm {
    #[serde(flatten)]
    guard: TokenForm,
    version: String,
}

/// `POST /resumes/{id}/versions/{number}/restore`.
pub async fn restore_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    NumberedId(id, number): NumberedId,
    Form(form): Form<RestoreForm>,
) -> Result<Response, Problem> {
    form.guard.check(&viewer, &state)?;
    restore(&state, viewer.identity, id, number, &Version::named(&form.version)).await?;
    Ok(Redirect::to(&format!("/resumes/{id}")).into_response())
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
