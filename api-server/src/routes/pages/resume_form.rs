//! `/resumes/{id}/edit`: the form in which people edit what a resume says.

use axum::{
    extract::{Form, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    actions::resume_versions::{edit, not_read},
    auth::viewer::Viewer,
    error::{Problem, ProblemKind},
    middleware::problem::Complete,
    pages::{
        Chrome, page,
        resume_form::{ResumeFormPage, apply, parts},
    },
    request::{path::Id, version::Version},
    state::AppState,
    store::resumes::{self, Resume},
};

/// The form.
pub async fn show(State(state): State<AppState>, viewer: Viewer, Id(id): Id) -> Result<Response, Problem> {
    let (resume, document) = read(&state, &viewer, id).await?;
    page(&build(&viewer, &resume, &document))
}

/// `POST /resumes/{id}/edit`.
pub async fn edit_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, text)| text.as_str());
    viewer.check_form(&state, field("csrf"))?;
    let (resume, mut document) = read(&state, &viewer, id).await?;
    apply(&mut document, &fields);
    let version = Version::named(field("version").unwrap_or_default());
    let problem = match edit(&state, viewer.identity, id, &version, document.clone()).await {
        Ok(_made) => return Ok(Redirect::to(&format!("/resumes/{id}")).into_response()),
        Err(problem) => problem,
    };
    let form = build(&viewer, &resume, &document);
    let form = match problem.kind {
        ProblemKind::ValidationFailed => form.refused(&problem),
        // The other version stays among the versions, so saving over it loses nothing.
        ProblemKind::PreconditionFailed => ResumeFormPage {
            notice: Some(
                "It was edited elsewhere since you opened this page. Below is what you entered; save it again to make it \
                 the newest version. The other one stays in the list of versions."
                    .to_owned(),
            ),
            ..form
        },
        _ => return Err(problem),
    };
    let mut response = page(&form)?;
    *response.status_mut() = problem.kind.status();
    response.extensions_mut().insert(Complete);
    Ok(response)
}

async fn read(state: &AppState, viewer: &Viewer, id: Uuid) -> Result<(Resume, Value), Problem> {
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let found = resumes::get(&mut tx, id).await?.ok_or_else(|| Problem::not_found("resume"))?;
    tx.commit().await?;
    let document = found.document.and_then(|mut document| document.get_mut("resume").map(Value::take));
    Ok((found.resume, document.ok_or_else(not_read)?))
}

fn build(viewer: &Viewer, resume: &Resume, document: &Value) -> ResumeFormPage {
    ResumeFormPage {
        chrome: Chrome::new(format!("Edit {}", resume.file_name), Some(viewer)),
        form_token: viewer.form_token.clone(),
        id: resume.id.to_string(),
        tag: Version::of(resume.updated_at).tag(),
        notice: None,
        parts: parts(document),
    }
}
