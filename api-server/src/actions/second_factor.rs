//! The second step of sign-in: codes of an authenticator app and recovery codes.

use platform::{
    mail::{Letter, outbox::Recipient},
    names::AccountId,
    postgres,
};
use secrecy::SecretString;

use crate::{
    auth::{
        identity::Identity,
        totp::{RECOVERY_CODES, RecoveryCode, TotpSecret},
    },
    error::{FieldError, Problem, ProblemKind},
    state::AppState,
    store::{
        Tx,
        accounts::{self, Account},
        second_factors::{self, LOCK_MINUTES, SecondFactor},
    },
};

/// A secret that waits for its first code.
pub struct Begun {
    /// The secret, to be typed into an app.
    pub secret: SecretString,
    /// The same as an address that apps read.
    pub address: SecretString,
}

/// Makes a secret for the caller's app. Sign-in asks for codes once [`confirm`] has seen one.
pub async fn begin(state: &AppState, identity: Identity, password: SecretString) -> Result<Begun, Problem> {
    let account = own_account(state, identity, password).await?;
    let secret = TotpSecret::generate()?;
    let sealed = state.mailing.keyring().seal(&context(account.id), secret.as_bytes())?;
    let mut tx = postgres::account_transaction(&state.pool, account.id).await?;
    if !second_factors::begin(&mut tx, account.id, &sealed).await? {
        let detail = "The account has an authenticator app already; take it away first.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    tx.commit().await?;
    let address = secret.address(&account.email);
    let address = address
        .ok_or_else(|| Problem::internal(std::io::Error::other("the app's address cannot be written")))?;
    Ok(Begun { secret: secret.as_text(), address })
}

/// Turns the second step on with a first code; gives the recovery codes, the only time that they are known.
pub async fn confirm(state: &AppState, identity: Identity, code: &str) -> Result<Vec<RecoveryCode>, Problem> {
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    let found = accounts::get(&mut entered.tx, identity.tenant, entered.account).await?;
    entered.tx.commit().await?;
    let (account, _tenant) = found.ok_or_else(|| Problem::not_found("account"))?;
    let mut tx = postgres::member_transaction(&state.pool, identity.tenant, account.id).await?;
    let factor = second_factors::get(&mut tx, account.id).await?.filter(|factor| !factor.confirmed);
    let factor = factor.ok_or_else(|| {
        Problem::new(ProblemKind::Conflict, "There is no authenticator app that waits for its first code.")
    })?;
    let step = step_of(state, account.id, &factor, code)?.ok_or_else(wrong_first_code)?;
    second_factors::take_step(&mut tx, account.id, step).await?;
    let codes = new_recovery_codes(&mut tx, account.id).await?;
    tell(state, &mut tx, identity, &account, true).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Takes the second step away. It needs the password and a code, so that neither a stolen session nor a stolen password
/// is enough.
pub async fn disable(
    state: &AppState,
    identity: Identity,
    password: SecretString,
    code: &str,
) -> Result<(), Problem> {
    let account = own_account(state, identity, password).await?;
    check(state, account.id, code).await?;
    let mut tx = postgres::member_transaction(&state.pool, identity.tenant, account.id).await?;
    second_factors::remove(&mut tx, account.id).await?;
    tell(state, &mut tx, identity, &account, false).await?;
    Ok(tx.commit().await?)
}

/// Whether sign-in asks the account for a code, and how many recovery codes are left.
pub async fn state_of(state: &AppState, account: AccountId) -> Result<(bool, i64), Problem> {
    let mut tx = postgres::account_transaction(&state.pool, account).await?;
    let found = second_factors::state_of(&mut tx, account).await?;
    tx.commit().await?;
    Ok(found)
}

/// Judges a code of the app or a recovery code; each is good once. Nothing to judge is an error as well: whoever asks for
/// it has seen that there is a second factor.
pub async fn check(state: &AppState, account: AccountId, code: &str) -> Result<(), Problem> {
    let mut tx = postgres::account_transaction(&state.pool, account).await?;
    let factor = second_factors::get(&mut tx, account).await?.filter(|factor| factor.confirmed);
    let factor = factor.ok_or_else(wrong_code)?;
    if let Some(recovery) = RecoveryCode::parse(code) {
        // Of 80 bits: it cannot be guessed, so a lock against guessing does not hold it up.
        if second_factors::use_recovery_code(&mut tx, account, recovery.hash(account)).await? {
            return Ok(tx.commit().await?);
        }
    }
    if factor.locked {
        let detail = format!("Too many codes were wrong; try again in {LOCK_MINUTES} minutes.");
        return Err(Problem::new(ProblemKind::RateLimited, detail));
    }
    let step = step_of(state, account, &factor, code)?;
    match step {
        Some(step) => second_factors::take_step(&mut tx, account, step).await?,
        None => second_factors::count_failure(&mut tx, account).await?,
    }
    tx.commit().await?;
    step.map(|_| ()).ok_or_else(wrong_code)
}

fn step_of(
    state: &AppState,
    account: AccountId,
    factor: &SecondFactor,
    code: &str,
) -> Result<Option<i64>, Problem> {
    let secret = state.mailing.keyring().open(&context(account), &factor.secret)?;
    let now = jsonwebtoken::get_current_timestamp();
    Ok(TotpSecret::from_bytes(secret).step_of(code, now, factor.last_step))
}

async fn new_recovery_codes(tx: &mut Tx, account: AccountId) -> Result<Vec<RecoveryCode>, Problem> {
    let codes: Vec<RecoveryCode> =
        (0..RECOVERY_CODES).map(|_| RecoveryCode::generate()).collect::<Result<_, _>>()?;
    let hashes: Vec<_> = codes.iter().map(|code| code.hash(account)).collect();
    second_factors::replace_recovery_codes(tx, account, &hashes).await?;
    Ok(codes)
}

/// The caller's account, if the password is its own.
async fn own_account(
    state: &AppState,
    identity: Identity,
    password: SecretString,
) -> Result<Account, Problem> {
    let (mut entered, _session) = identity.own_transaction(&state.pool).await?;
    let found = accounts::get(&mut entered.tx, identity.tenant, entered.account).await?;
    entered.tx.commit().await?;
    let (account, _tenant) = found.ok_or_else(|| Problem::not_found("account"))?;
    let stored = accounts::password_of(&state.pool, account.id).await?.map(|(_, hash)| hash);
    if state.passwords.verify(password, stored).await? {
        Ok(account)
    } else {
        Err(Problem::new(ProblemKind::InvalidCredentials, "The password is wrong."))
    }
}

async fn tell(
    state: &AppState,
    tx: &mut Tx,
    identity: Identity,
    account: &Account,
    on: bool,
) -> Result<(), Problem> {
    let to = Recipient { tenant: identity.tenant, account: Some(account.id), address: &account.email };
    state.mailing.queue(tx, to, &Letter::SecondFactorChanged { on }).await?;
    Ok(())
}

/// Binds a sealed secret to its account.
pub fn context(account: AccountId) -> String {
    format!("totp:{account}")
}

fn wrong_code() -> Problem {
    Problem::new(ProblemKind::InvalidCredentials, "The code is wrong, too old or was used already.")
}

fn wrong_first_code() -> Problem {
    let detail = "This is not the app's present code; check the clock of the device.";
    Problem::validation(vec![FieldError::at_pointer("/code", detail)])
}
