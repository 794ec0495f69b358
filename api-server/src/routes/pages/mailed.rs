//! The pages of links in mails, and of asking for them. A link only shows a button: readers of mail that look at links in
//! advance use nothing up.

use axum::{
    extract::{Form, Query, State},
    response::Response,
};
use platform::mail::outbox;
use secrecy::SecretString;
use serde::Deserialize;

use super::account::{TokenForm, mendable};
use crate::{
    actions::recovery::{self, RESET_PAGE, VERIFY_PAGE},
    auth::viewer::Viewer,
    error::{Problem, ProblemKind},
    middleware::problem::Complete,
    pages::{
        Chrome,
        form::{FormField, FormPage, OutboxPage},
        page,
    },
    routes::invitations,
    state::AppState,
};

/// The page of an invitation.
pub const INVITATION_PAGE: &str = "/invitations/accept";
const SIGN_IN: (&str, &str) = ("/sign-in", "Sign in");
const DASHBOARD: (&str, &str) = ("/dashboard", "To the dashboard");

/// The token in a link.
#[derive(Debug, Deserialize)]
pub struct LinkToken {
    #[serde(default)]
    token: String,
}

/// Who has forgotten the password.
#[derive(Debug, Deserialize)]
pub struct ForgotForm {
    email: String,
}

/// A new password by a link.
#[derive(Debug, Deserialize)]
pub struct ResetForm {
    token: String,
    new_password: SecretString,
}

/// An invitation to be accepted.
#[derive(Debug, Deserialize)]
pub struct AcceptForm {
    #[serde(flatten)]
    guard: TokenForm,
    token: String,
}

fn forgot_form() -> FormPage {
    let field = FormField::new("email", "E-mail address", "email", "username");
    let form = FormPage::new(
        Chrome::new("Forgotten password", None),
        "/forgot-password",
        "Send me a link",
        vec![field],
    );
    FormPage {
        link: Some((SIGN_IN.0.to_owned(), SIGN_IN.1)),
        ..form.line("We send a link by which you choose a new password.")
    }
}

/// `GET /forgot-password`.
pub async fn show_forgot() -> Result<Response, Problem> {
    page(&forgot_form())
}

/// `POST /forgot-password`.
pub async fn ask_for_link(
    State(state): State<AppState>,
    Form(form): Form<ForgotForm>,
) -> Result<Response, Problem> {
    if let Err(problem) = recovery::ask_for_reset(&state, &form.email).await {
        return again(forgot_form(), problem);
    }
    let note =
        "If there is an account with this address, a mail is on its way. Its link is good for one hour.";
    page(&FormPage::note(Chrome::new("Look into your mail", None), note, SIGN_IN))
}

fn reset_form(token: String) -> FormPage {
    let field = FormField::new("new_password", "New password", "password", "new-password")
        .hint("At least 10 characters. A few words in a row are good.");
    let chrome = Chrome::new("Choose a new password", None);
    FormPage::new(chrome, RESET_PAGE, "Set the password", vec![field]).hide("token", token)
}

/// `GET /reset-password?token=`.
pub async fn show_reset(Query(link): Query<LinkToken>) -> Result<Response, Problem> {
    page(&reset_form(link.token))
}

/// `POST /reset-password`.
pub async fn reset_by_form(
    State(state): State<AppState>,
    Form(form): Form<ResetForm>,
) -> Result<Response, Problem> {
    if let Err(problem) = recovery::reset_password(&state, &form.token, form.new_password).await {
        return again(reset_form(form.token), problem);
    }
    let note = "The password is set, and you are signed out everywhere.";
    page(&FormPage::note(Chrome::new("New password", None), note, SIGN_IN))
}

fn verify_form(token: String) -> FormPage {
    FormPage::new(Chrome::new("Your e-mail address", None), VERIFY_PAGE, "This address is mine", Vec::new())
        .hide("token", token)
}

/// `GET /verify-email?token=`.
pub async fn show_verify(Query(link): Query<LinkToken>) -> Result<Response, Problem> {
    page(&verify_form(link.token))
}

/// `POST /verify-email`.
pub async fn verify_by_form(
    State(state): State<AppState>,
    Form(form): Form<LinkToken>,
) -> Result<Response, Problem> {
    if let Err(problem) = recovery::verify_email(&state, &form.token).await {
        return again(verify_form(form.token), problem);
    }
    page(&FormPage::note(Chrome::new("Thank you", None), "The address is confirmed.", DASHBOARD))
}

fn invitation_form(viewer: &Viewer, token: String) -> FormPage {
    let chrome = Chrome::new("You are invited", Some(viewer));
    FormPage::new(chrome, INVITATION_PAGE, "Accept the invitation", Vec::new())
        .hide("csrf", viewer.form_token.clone())
        .hide("token", token)
}

/// `GET /invitations/accept?token=`. Whoever is not signed in is told to.
pub async fn show_invitation(
    viewer: Option<Viewer>,
    Query(link): Query<LinkToken>,
) -> Result<Response, Problem> {
    let Some(viewer) = viewer else {
        let note = "Sign in, or sign up with the address to which the invitation was sent; then open the link again.";
        return page(&FormPage::note(Chrome::new("You are invited", None), note, SIGN_IN));
    };
    page(&invitation_form(&viewer, link.token))
}

/// `POST /invitations/accept`.
pub async fn accept_by_form(
    State(state): State<AppState>,
    viewer: Viewer,
    Form(form): Form<AcceptForm>,
) -> Result<Response, Problem> {
    form.guard.check(&viewer, &state)?;
    match invitations::accept(&state, viewer.identity, &form.token).await {
        Ok(joined) => {
            let note = format!("You belong to {} now.", joined.name);
            page(&FormPage::note(Chrome::new("Welcome", Some(&viewer)), &note, DASHBOARD))
        }
        Err(problem) => again(invitation_form(&viewer, form.token), problem),
    }
}

/// `GET /outbox`: what would have been sent. Of development only; elsewhere there is no such page.
pub async fn show_outbox(State(state): State<AppState>, viewer: Option<Viewer>) -> Result<Response, Problem> {
    if !state.mailing.is_kept() {
        return Err(Problem::new(ProblemKind::NotFound, "There is no such address."));
    }
    let mails = outbox::kept(&state.pool, state.mailing.keyring()).await?;
    page(&OutboxPage { chrome: Chrome::new("Outbox", viewer.as_ref()), mails })
}

/// The form again if the person can mend what is wrong with it.
fn again(form: FormPage, problem: Problem) -> Result<Response, Problem> {
    if !mendable(problem.kind) {
        return Err(problem);
    }
    let mut response = page(&form.refused(&problem))?;
    *response.status_mut() = problem.kind.status();
    response.extensions_mut().insert(Complete);
    Ok(response)
}
