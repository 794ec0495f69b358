//! Sign-up and sign-in.

use platform::{mail::outbox::Recipient, names::AccountId, postgres};
use secrecy::SecretString;

use super::{recovery, second_factor};
use crate::{
    auth::{email::Email, identity::Identity, password::check_password, session_token::SessionToken},
    error::{FieldError, Problem, ProblemKind},
    state::AppState,
    store::{
        accounts::{self, Account, CreateError, NewAccount, Tenant},
        sessions,
    },
};

/// Most characters of a name.
const MAX_NAME_CHARACTERS: usize = 200;

/// What a person fills in to sign up.
#[derive(Debug)]
pub struct SignUp {
    /// The e-mail address as typed.
    pub email: String,
    /// The password as typed.
    pub password: SecretString,
    /// The name as typed; empty counts as none.
    pub name: Option<String>,
}

/// A new session and whose it is.
#[derive(Debug)]
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// The session's token; its tenant and id are in it.
    pub session: SessionToken,
}

/// Makes an account, a tenant of its own and a first session.
pub async fn sign_up(state: &AppState, form: SignUp) -> Result<(SignedIn, Account, Tenant), Problem> {
    let mut errors = Vec::new();
    let email = Email::parse(&form.email)
        .map_err(|error| errors.push(FieldError::at_pointer("/email", error.to_string())));
    let address = email.as_ref().map(Email::as_str).unwrap_or_default();
    if let Err(weakness) = check_password(&form.password, address) {
        errors.push(FieldError::at_pointer("/password", weakness.to_string()));
    }
    let name = form.name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    if name.as_ref().is_some_and(|name| name.chars().count() > MAX_NAME_CHARACTERS) {
        let detail = format!("The name is longer than {MAX_NAME_CHARACTERS} characters.");
        errors.push(FieldError::at_pointer("/name", detail));
    }
    let Ok(email) = email else { return Err(Problem::validation(errors)) };
    if !errors.is_empty() {
        return Err(Problem::validation(errors));
    }
    // Hashing costs most: an address that is taken is refused before.
    if accounts::find_credentials(&state.pool, &email).await?.is_some() {
        return Err(CreateError::EmailTaken.into());
    }
    let password_hash = state.passwords.hash(form.password).await?;
    let new = NewAccount { email, name, password_hash };
    let (mut tx, account, tenant) = accounts::create(&state.pool, &new).await?;
    let session = sessions::create(&mut tx, tenant.id, account.id).await?;
    recovery::ask_to_verify(state, &mut tx, tenant.id, account.id, &account.email).await?;
    tx.commit().await?;
    Ok((SignedIn { account: account.id, session }, account, tenant))
}

/// Begins a session for the account with this address and password, and a code where the account asks for one.
pub async fn sign_in(
    state: &AppState,
    email: &str,
    password: SecretString,
    code: Option<&str>,
) -> Result<SignedIn, Problem> {
    let account = check_credentials(state, email, password).await?;
    if second_factor::state_of(state, account).await?.0 {
        let code = code.filter(|code| !code.is_empty()).ok_or_else(|| {
            Problem::new(
                ProblemKind::SecondFactorRequired,
                "This account asks for a code beside the password.",
            )
        })?;
        second_factor::check(state, account, code).await?;
    }
    begin_session(state, account).await
}

/// The account that address and password belong to: the first step of sign-in.
pub async fn check_credentials(
    state: &AppState,
    email: &str,
    password: SecretString,
) -> Result<AccountId, Problem> {
    // What is no address belongs to no account; it takes the same time as one that might.
    let found = match Email::parse(email) {
        Ok(email) => accounts::find_credentials(&state.pool, &email).await?,
        Err(_invalid) => None,
    };
    let (account, stored) = found.unzip();
    let verified = state.passwords.verify(password, stored).await?;
    account.filter(|_| verified).ok_or_else(wrong_credentials)
}

/// Begins a session for an account that has taken all steps.
pub async fn begin_session(state: &AppState, account: AccountId) -> Result<SignedIn, Problem> {
    // Every account gets a tenant at sign-up; it may have been erased since.
    let tenant = accounts::find_tenant(&state.pool, account).await?.ok_or_else(wrong_credentials)?;
    let mut tx = postgres::tenant_transaction(&state.pool, tenant).await?;
    let session = sessions::create(&mut tx, tenant, account).await?;
    tx.commit().await?;
    Ok(SignedIn { account, session })
}

fn wrong_credentials() -> Problem {
    Problem::new(ProblemKind::InvalidCredentials, "E-mail address and password do not belong together.")
}

/// Changes the caller's password and ends its other sessions.
pub async fn change_password(
    state: &AppState,
    identity: Identity,
    current: SecretString,
    new: SecretString,
) -> Result<(), Problem> {
    let (entered, session) = identity.own_transaction(&state.pool).await?;
    entered.tx.commit().await?;
    let found = accounts::password_of(&state.pool, entered.account).await?;
    let (email, stored) = found.ok_or_else(|| Problem::not_found("account"))?;
    if !state.passwords.verify(current, Some(stored)).await? {
        return Err(Problem::new(ProblemKind::InvalidCredentials, "The present password is wrong."));
    }
    if let Err(weakness) = check_password(&new, &email) {
        return Err(Problem::validation(vec![FieldError::at_pointer("/new_password", weakness.to_string())]));
    }
    let hash = state.passwords.hash(new).await?;
    let account = entered.account;
    let mut tx = postgres::member_transaction(&state.pool, identity.tenant, account).await?;
    let to = Recipient { tenant: identity.tenant, account: Some(account), address: &email };
    recovery::write_password(state, &mut tx, to, &hash).await?;
    sessions::revoke_all(&mut tx, account, Some(session)).await?;
    Ok(tx.commit().await?)
}

/// Replaces a session's token by a new one.
pub async fn refresh(state: &AppState, token: &str) -> Result<SignedIn, Problem> {
    let refused = || {
        Problem::new(
            ProblemKind::Unauthenticated,
            "The refresh token is not valid, was used before or is too old.",
        )
    };
    let token = SessionToken::parse(token).ok_or_else(refused)?;
    let mut tx = postgres::tenant_transaction(&state.pool, token.tenant).await?;
    let rotated = sessions::rotate(&mut tx, &token).await?;
    // Also without a new token: then the session has been ended.
    tx.commit().await?;
    let (account, session) = rotated.ok_or_else(refused)?;
    Ok(SignedIn { account, session })
}
