//! Sign-up, sign-in and sign-out by form.

use axum::{
    extract::{Form, State},
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    actions::accounts::{SignUp, sign_in, sign_up},
    auth::{
        session_token::SessionToken,
        viewer::{Viewer, remove_cookie, set_cookie},
    },
    error::{Problem, ProblemKind},
    middleware::problem::Complete,
    pages::{account::AccountFormPage, page},
    state::AppState,
    store::sessions,
};

/// What the forms send.
#[derive(Debug, Deserialize)]
pub struct AccountForm {
    #[serde(default)]
    name: String,
    email: String,
    password: SecretString,
}

/// A form that carries its token and nothing else.
#[derive(Debug, Deserialize)]
pub struct TokenForm {
    csrf: String,
}

impl TokenForm {
    /// Refuses the form if it is not of the viewer's session.
    pub fn check(&self, viewer: &Viewer, state: &AppState) -> Result<(), Problem> {
        viewer.check_form(state, Some(&self.csrf))
    }
}

/// `GET /sign-up`.
pub async fn show_sign_up() -> Result<Response, Problem> {
    page(&AccountFormPage::sign_up())
}

/// `GET /sign-in`.
pub async fn show_sign_in() -> Result<Response, Problem> {
    page(&AccountFormPage::sign_in())
}

/// `POST /sign-up`.
pub async fn sign_up_by_form(
    State(state): State<AppState>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Problem> {
    let (name, email) = (form.name.clone(), form.email.clone());
    let wanted = SignUp { email: form.email, password: form.password, name: Some(form.name) };
    match sign_up(&state, wanted).await {
        Ok((signed_in, ..)) => enter(&signed_in.session, &state),
        Err(problem) => ask_again(AccountFormPage::sign_up(), problem, name, email),
    }
}

/// `POST /sign-in`.
pub async fn sign_in_by_form(
    State(state): State<AppState>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Problem> {
    match sign_in(&state, &form.email, form.password).await {
        Ok(signed_in) => enter(&signed_in.session, &state),
        Err(problem) => ask_again(AccountFormPage::sign_in(), problem, String::new(), form.email),
    }
}

/// `POST /sign-out`.
pub async fn sign_out(
    State(state): State<AppState>,
    viewer: Viewer,
    Form(form): Form<TokenForm>,
) -> Result<Response, Problem> {
    form.check(&viewer, &state)?;
    let (mut entered, session) = viewer.identity.own_transaction(&state.pool).await?;
    sessions::revoke(&mut entered.tx, session).await?;
    entered.tx.commit().await?;
    let mut response = Redirect::to("/").into_response();
    if let Some(cookie) = remove_cookie(state.https) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn enter(session: &SessionToken, state: &AppState) -> Result<Response, Problem> {
    let cookie = set_cookie(session, state.https)
        .ok_or_else(|| Problem::internal(std::io::Error::other("the session token does not fit a cookie")))?;
    let mut response = Redirect::to("/dashboard").into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

// What the person can mend is shown in the form; the rest gets the page of failures.
fn ask_again(
    form: AccountFormPage,
    problem: Problem,
    name: String,
    email: String,
) -> Result<Response, Problem> {
    let can_be_mended = matches!(
        problem.kind,
        ProblemKind::ValidationFailed | ProblemKind::InvalidCredentials | ProblemKind::AccountExists
    );
    if !can_be_mended {
        return Err(problem);
    }
    let status = problem.kind.status();
    let mut response = page(&form.refused(&problem, name, email))?;
    *response.status_mut() = status;
    response.extensions_mut().insert(Complete);
    Ok(response)
}
