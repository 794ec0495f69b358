//! Sign-up, sign-in and sign-out by form.

use axum::{
    extract::{Form, State},
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    actions::{
        accounts::{SignUp, begin_session, check_credentials, sign_up},
        second_factor,
    },
    auth::{
        challenge,
        session_token::SessionToken,
        viewer::{Viewer, remove_cookie, set_cookie},
    },
    error::{Problem, ProblemKind},
    middleware::problem::Complete,
    pages::{
        Chrome,
        account::AccountFormPage,
        form::{FormField, FormPage},
        page,
    },
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

/// `POST /sign-in`. An account with an authenticator app is asked for a code next.
pub async fn sign_in_by_form(
    State(state): State<AppState>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Problem> {
    let account = match check_credentials(&state, &form.email, form.password).await {
        Ok(account) => account,
        Err(problem) => return ask_again(AccountFormPage::sign_in(), problem, String::new(), form.email),
    };
    if second_factor::state_of(&state, account).await?.0 {
        let note = challenge::issue(&state.challenge_key, account, jsonwebtoken::get_current_timestamp());
        return page(&code_form(note));
    }
    enter(&begin_session(&state, account).await?.session, &state)
}

/// The second step of sign-in.
#[derive(Debug, Deserialize)]
pub struct CodeForm {
    challenge: String,
    code: String,
}

fn code_form(note: String) -> FormPage {
    let field = FormField::new("code", "Code", "text", "one-time-code")
        .hint("Six digits of your authenticator app, or a recovery code.");
    FormPage::new(Chrome::new("Sign in", None), "/sign-in/code", "Sign in", vec![field])
        .hide("challenge", note)
}

/// `POST /sign-in/code`.
pub async fn give_code(
    State(state): State<AppState>,
    Form(form): Form<CodeForm>,
) -> Result<Response, Problem> {
    let now = jsonwebtoken::get_current_timestamp();
    let Some(account) = challenge::check(&state.challenge_key, &form.challenge, now) else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    match second_factor::check(&state, account, &form.code).await {
        Ok(()) => enter(&begin_session(&state, account).await?.session, &state),
        Err(problem) if mendable(problem.kind) || problem.kind == ProblemKind::RateLimited => {
            let mut response = page(&code_form(form.challenge).refused(&problem))?;
            *response.status_mut() = problem.kind.status();
            response.extensions_mut().insert(Complete);
            Ok(response)
        }
        Err(problem) => Err(problem),
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

/// Whether the person at a form can mend what is wrong.
pub fn mendable(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::ValidationFailed
            | ProblemKind::InvalidCredentials
            | ProblemKind::AccountExists
            | ProblemKind::Conflict
            | ProblemKind::NotFound
    )
}

// What the person can mend is shown in the form; the rest gets the page of failures.
fn ask_again(
    form: AccountFormPage,
    problem: Problem,
    name: String,
    email: String,
) -> Result<Response, Problem> {
    if !mendable(problem.kind) {
        return Err(problem);
    }
    let status = problem.kind.status();
    let mut response = page(&form.refused(&problem, name, email))?;
    *response.status_mut() = status;
    response.extensions_mut().insert(Complete);
    Ok(response)
}
