//! What goes by mail: showing that an address is one's own, and choosing a new password.

use std::time::Duration;

use platform::{
    mail::{Letter, outbox::Recipient},
    names::{AccountId, TenantId},
    postgres,
};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::{
    auth::{email::Email, identity::Identity, password::check_password, session_token::AccountToken},
    error::{FieldError, Problem, ProblemKind},
    state::AppState,
    store::{
        Tx,
        account_tokens::{self, Purpose},
        accounts, sessions,
    },
};

/// How long an answer takes at least that must not tell whether there is such an account. Looking and writing take a few
/// milliseconds, not looking further less; a quarter of a second covers both.
const SAME_TIME: Duration = Duration::from_millis(250);

/// The pages that links in mails lead to.
pub const VERIFY_PAGE: &str = "/verify-email";
/// The page on which a new password is chosen.
pub const RESET_PAGE: &str = "/reset-password";

/// Sends the mail that asks whether the address is the person's own, within `tx`, a transaction of account and tenant.
pub async fn ask_to_verify(
    state: &AppState,
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    email: &str,
) -> Result<(), Problem> {
    send_token(state, tx, tenant, account, email, Purpose::VerifyEmail).await
}

/// Sends that mail again, unless the address is verified or the last mail is younger than a minute.
pub async fn ask_again_to_verify(state: &AppState, identity: Identity) -> Result<(), Problem> {
    demand_mail(state)?;
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    let found = accounts::get(&mut entered.tx, identity.tenant, entered.account).await?;
    entered.tx.commit().await?;
    let (account, tenant) = found.ok_or_else(|| Problem::not_found("account"))?;
    if account.email_verified {
        return Ok(());
    }
    let mut tx = postgres::member_transaction(&state.pool, tenant.id, account.id).await?;
    ask_to_verify(state, &mut tx, tenant.id, account.id, &account.email).await?;
    Ok(tx.commit().await?)
}

/// Takes the token of that mail.
pub async fn verify_email(state: &AppState, token: &str) -> Result<(), Problem> {
    let token = AccountToken::parse(token).ok_or_else(link_is_dead)?;
    let mut tx = postgres::account_transaction(&state.pool, token.account).await?;
    let email = account_tokens::redeem(&mut tx, &token, Purpose::VerifyEmail).await?;
    let email = email.ok_or_else(link_is_dead)?;
    account_tokens::mark_verified(&mut tx, token.account, &email).await?;
    Ok(tx.commit().await?)
}

/// Sends a link for a new password to the address if it is an account's. Nothing tells whether it is.
pub async fn ask_for_reset(state: &AppState, email: &str) -> Result<(), Problem> {
    demand_mail(state)?;
    let until = Instant::now() + SAME_TIME;
    let asked = send_reset(state, email).await;
    tokio::time::sleep_until(until).await;
    asked
}

async fn send_reset(state: &AppState, email: &str) -> Result<(), Problem> {
    let Ok(email) = Email::parse(email) else { return Ok(()) };
    let Some((account, _hash)) = accounts::find_credentials(&state.pool, &email).await? else {
        return Ok(());
    };
    let Some(tenant) = accounts::find_tenant(&state.pool, account).await? else { return Ok(()) };
    let mut tx = postgres::member_transaction(&state.pool, tenant, account).await?;
    send_token(state, &mut tx, tenant, account, email.as_str(), Purpose::ResetPassword).await?;
    Ok(tx.commit().await?)
}

/// Takes the token of that mail and writes the new password. All sessions end; the address is shown to be the person's own.
pub async fn reset_password(state: &AppState, token: &str, new: SecretString) -> Result<(), Problem> {
    let token = AccountToken::parse(token).ok_or_else(link_is_dead)?;
    let tenant = accounts::find_tenant(&state.pool, token.account).await?.ok_or_else(link_is_dead)?;
    // A weak password must not use the link up, so it is only looked at first.
    let mut tx = postgres::account_transaction(&state.pool, token.account).await?;
    let email = account_tokens::peek(&mut tx, &token, Purpose::ResetPassword).await?;
    tx.commit().await?;
    let email = email.ok_or_else(link_is_dead)?;
    if let Err(weakness) = check_password(&new, &email) {
        return Err(Problem::validation(vec![FieldError::at_pointer("/new_password", weakness.to_string())]));
    }
    let hash = state.passwords.hash(new).await?;
    let mut tx = postgres::member_transaction(&state.pool, tenant, token.account).await?;
    let email = account_tokens::redeem(&mut tx, &token, Purpose::ResetPassword).await?;
    let email = email.ok_or_else(link_is_dead)?;
    account_tokens::mark_verified(&mut tx, token.account, &email).await?;
    write_password(
        state,
        &mut tx,
        Recipient { tenant, account: Some(token.account), address: &email },
        &hash,
    )
    .await?;
    sessions::revoke_all(&mut tx, token.account, None).await?;
    Ok(tx.commit().await?)
}

/// Writes the password of the recipient's account and tells the person by mail, within a transaction of both.
pub async fn write_password(
    state: &AppState,
    tx: &mut Tx,
    to: Recipient<'_>,
    hash: &str,
) -> Result<(), Problem> {
    if let Some(account) = to.account {
        accounts::set_password(tx, account, hash).await?;
    }
    state.mailing.queue(tx, to, &Letter::PasswordChanged).await?;
    Ok(())
}

async fn send_token(
    state: &AppState,
    tx: &mut Tx,
    tenant: TenantId,
    account: AccountId,
    email: &str,
    purpose: Purpose,
) -> Result<(), Problem> {
    if !state.mailing.is_on() {
        return Ok(());
    }
    let token = AccountToken::generate(account)?;
    if !account_tokens::issue(tx, &token, purpose, email).await? {
        return Ok(());
    }
    let letter = match purpose {
        Purpose::VerifyEmail => Letter::VerifyEmail { link: state.mailing.link(VERIFY_PAGE, token.expose()) },
        Purpose::ResetPassword => {
            Letter::ResetPassword { link: state.mailing.link(RESET_PAGE, token.expose()) }
        }
    };
    state.mailing.queue(tx, Recipient { tenant, account: Some(account), address: email }, &letter).await?;
    Ok(())
}

fn demand_mail(state: &AppState) -> Result<(), Problem> {
    if state.mailing.is_on() {
        return Ok(());
    }
    let detail = "This installation sends no mail; ask the people who run it.";
    Err(Problem::new(ProblemKind::Conflict, detail))
}

/// One answer for all: never made, used, replaced, too old.
fn link_is_dead() -> Problem {
    let detail = "The link was used already, is too old, or a newer one was sent; ask for another.";
    Problem::validation(vec![FieldError::at_pointer("/token", detail)])
}
