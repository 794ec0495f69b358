//! `/applications`: the board; its forms add, move, change and delete.

use axum::{
    extract::{Form, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::account::TokenForm;
use crate::{
    actions::applications::{Wish, add, edit},
    auth::viewer::Viewer,
    error::{FieldError, Problem, ProblemKind},
    middleware::problem::Complete,
    pages::{
        Chrome,
        applications::{BoardPage, columns},
        items::{JobItem, ResumeItem},
        page,
    },
    request::{paging::PageRequest, path::Id, version::Version},
    state::AppState,
    store::{
        applications::{self, Filter, Stage},
        jobs, resumes,
    },
};

/// Most applications on the board.
const SHOWN: PageRequest = PageRequest { limit: 500, before: None };
/// Most jobs and resumes to choose from.
const CHOICES: PageRequest = PageRequest { limit: 200, before: None };
const BOARD: &str = "/applications";

/// An application to be added.
#[derive(Debug, Deserialize)]
pub struct AddForm {
    #[serde(flatten)]
    guard: TokenForm,
    job_id: Uuid,
    #[serde(default)]
    resume_id: String,
    #[serde(default = "saved")]
    state: Stage,
}

fn saved() -> Stage {
    Stage::Saved
}

/// An application as the form of its card has it.
#[derive(Debug, Deserialize)]
pub struct EditForm {
    #[serde(flatten)]
    guard: TokenForm,
    version: String,
    state: Stage,
    resume_id: String,
    applied_on: String,
    next_on: String,
    note: String,
}

/// The board.
pub async fn show(State(state): State<AppState>, viewer: Viewer) -> Result<Response, Problem> {
    page(&build(&state, &viewer, None).await?)
}

/// `POST /applications`.
pub async fn add_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Form(form): Form<AddForm>,
) -> Result<Response, Problem> {
    form.guard.check(&viewer, &state)?;
    let added = match chosen(&form.resume_id) {
        Ok(resume) => {
            let wish = Wish { resume: Some(resume), state: Some(form.state), ..Wish::default() };
            add(&state, viewer.identity, form.job_id, &wish).await
        }
        Err(problem) => Err(problem),
    };
    go_on(&state, &viewer, added.map(drop)).await
}

/// `POST /applications/{id}`.
pub async fn edit_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Id(id): Id,
    Form(form): Form<EditForm>,
) -> Result<Response, Problem> {
    form.guard.check(&viewer, &state)?;
    let edited = match chosen(&form.resume_id) {
        Ok(resume) => {
            let wish = Wish {
                resume: Some(resume),
                state: Some(form.state),
                note: Some(Some(form.note)),
                applied_on: Some(Some(form.applied_on)),
                next_on: Some(Some(form.next_on)),
            };
            edit(&state, viewer.identity, id, &Version::named(&form.version), &wish).await
        }
        Err(problem) => Err(problem),
    };
    go_on(&state, &viewer, edited.map(drop)).await
}

/// `POST /applications/{id}/delete`.
pub async fn delete_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Id(id): Id,
    Form(form): Form<TokenForm>,
) -> Result<Response, Problem> {
    form.check(&viewer, &state)?;
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let gone = applications::delete(&mut tx, id).await?;
    tx.commit().await?;
    if gone { Ok(Redirect::to(BOARD).into_response()) } else { Err(Problem::not_found("application")) }
}

fn chosen(resume: &str) -> Result<Option<Uuid>, Problem> {
    if resume.is_empty() {
        return Ok(None);
    }
    let wrong =
        |_| Problem::validation(vec![FieldError::in_field("resume_id", "Choose a resume from the list.")]);
    resume.parse().map(Some).map_err(wrong)
}

/// The board after a change; with what was wrong, if the person can mend it.
async fn go_on(state: &AppState, viewer: &Viewer, done: Result<(), Problem>) -> Result<Response, Problem> {
    let Err(problem) = done else { return Ok(Redirect::to(BOARD).into_response()) };
    let notice = match problem.kind {
        ProblemKind::ValidationFailed => {
            problem.errors.iter().map(|error| error.detail.as_str()).collect::<Vec<_>>().join(" ")
        }
        ProblemKind::PreconditionFailed => {
            "Somebody has changed this application meanwhile. Look at what it is now, and change it again."
                .to_owned()
        }
        _ => return Err(problem),
    };
    let mut response = page(&build(state, viewer, Some(notice)).await?)?;
    *response.status_mut() = problem.kind.status();
    response.extensions_mut().insert(Complete);
    Ok(response)
}

async fn build(state: &AppState, viewer: &Viewer, notice: Option<String>) -> Result<BoardPage, Problem> {
    let mut tx = viewer.identity.transaction(&state.pool).await?;
    let all = applications::list(&mut tx, SHOWN, Filter::default()).await?;
    let jobs = jobs::list(&mut tx, CHOICES, None).await?;
    let resumes = resumes::list(&mut tx, CHOICES, &resumes::Filter::default()).await?;
    tx.commit().await?;
    Ok(BoardPage {
        chrome: Chrome::new("Applications", Some(viewer)),
        form_token: viewer.form_token.clone(),
        notice,
        more: all.next_cursor.is_some(),
        columns: columns(&all.items),
        jobs: jobs.items.iter().map(JobItem::from).collect(),
        resumes: resumes.items.iter().map(ResumeItem::from).collect(),
    })
}
