//! Letting people in who come with a token of an outside issuer: the first sight of a person makes an account.
//!
//! An account is never taken over by its e-mail address alone: the issuer must say that it has verified the address, the
//! account's own person must have shown to read its mail, and is told by mail.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use platform::{
    digest::Sha256Digest,
    mail::{Letter, outbox::Recipient},
    names::{AccountId, SessionId, TenantId},
    postgres,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::SecretString;
use uuid::{Builder, Uuid};

use super::recovery;
use crate::{
    auth::{
        email::Email,
        outside::{KeyError, OutsideError, OutsideIssuers, Person},
        session_token::NoRandomness,
    },
    error::{Problem, ProblemKind},
    state::AppState,
    store::{
        account_tokens,
        accounts::{self, CreateError, NewAccount},
        outside_identities,
    },
};

/// For how long a token that was found good is not looked at again. Sign-out holds at once all the same: the session is
/// asked for with each request.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Tokens that are remembered.
const MOST_REMEMBERED: usize = 10_000;

/// Whom a token stands for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The tenant that the account works in.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// The session, which is ended by sign-out as any other.
    pub session: SessionId,
}

/// The outside issuers, and what was found good a moment ago.
#[derive(Default)]
pub struct Outside {
    issuers: OutsideIssuers,
    remembered: Mutex<HashMap<Sha256Digest, (Guest, Instant)>>,
}

impl Outside {
    /// With these issuers.
    pub fn new(issuers: OutsideIssuers) -> Self {
        Self { issuers, remembered: Mutex::default() }
    }

    fn recall(&self, token: Sha256Digest) -> Option<Guest> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(&token).filter(|(_, until)| Instant::now() < *until).map(|(guest, _)| *guest)
    }

    fn remember(&self, token: Sha256Digest, guest: Guest, person: &Person) {
        let left = person.expires_at.saturating_sub(jsonwebtoken::get_current_timestamp());
        let until = Instant::now() + REMEMBERED.min(Duration::from_secs(left));
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            let now = Instant::now();
            remembered.retain(|_, (_, until)| now < *until);
        }
        if remembered.len() < MOST_REMEMBERED {
            remembered.insert(token, (guest, until));
        }
    }
}

/// Whom the token of an outside issuer stands for.
pub async fn admit(state: &AppState, token: &str) -> Result<Guest, Problem> {
    if state.outside.issuers.is_empty() {
        return Err(refuse());
    }
    let hash = Sha256Digest::of(token.as_bytes());
    if let Some(guest) = state.outside.recall(hash) {
        return Ok(guest);
    }
    let person = state.outside.issuers.check(token).await.map_err(|error| match error {
        // Not the client's fault, and it passes.
        OutsideError::Key(KeyError::Away) => Problem::unavailable("issuer of the token", error),
        _ => refuse(),
    })?;
    let account = account_of(state, &person).await?;
    let guest = begin_session(state, &person, account).await?;
    state.outside.remember(hash, guest, &person);
    Ok(guest)
}

// Why a token is not believed helps an attacker more than a client, whose mend is the same.
fn refuse() -> Problem {
    Problem::new(ProblemKind::Unauthenticated, "The access token is not valid or too old.")
}

fn forbid(detail: &'static str) -> Problem {
    Problem::new(ProblemKind::Forbidden, detail)
}

async fn account_of(state: &AppState, person: &Person) -> Result<AccountId, Problem> {
    if let Some(known) = outside_identities::find(&state.pool, person.identity).await? {
        let issued_at = i64::try_from(person.issued_at).unwrap_or(i64::MAX);
        // Both are whole seconds: one of the same second may be the older one.
        return if known.signed_out_at > 0 && issued_at <= known.signed_out_at {
            Err(Problem::new(ProblemKind::Unauthenticated, "The session has ended; sign in again."))
        } else {
            Ok(known.account_id)
        };
    }
    let Some(email) = &person.email else {
        return Err(forbid(
            "The token has no e-mail address, which an account needs; have the issuer put the claim email into it.",
        ));
    };
    match accounts::find_credentials(&state.pool, email).await? {
        // The account may be that of a request of the same person that was faster.
        Some((account, _hash)) => match outside_identities::find(&state.pool, person.identity).await? {
            Some(known) => Ok(known.account_id),
            None => link(state, person, account, email).await,
        },
        None => create(state, person, email).await,
    }
}

/// Makes an account with an organisation of its own. It has a password that nobody knows; one can be chosen by mail.
async fn create(state: &AppState, person: &Person, email: &Email) -> Result<AccountId, Problem> {
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).map_err(|_unspecified| NoRandomness)?;
    let secret = secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let password_hash = state.passwords.hash(SecretString::from(secret)).await?;
    let new = NewAccount { email: email.clone(), name: person.name.clone(), password_hash };
    let (mut tx, account, tenant) = match accounts::create(&state.pool, &new).await {
        Ok(made) => made,
        // A request of the same person was faster, as a rule; else it is a matter of linking.
        Err(CreateError::EmailTaken) => return second_look(state, person).await,
        Err(error) => return Err(error.into()),
    };
    if !outside_identities::insert(&mut tx, person, account.id).await? {
        tx.rollback().await?;
        return second_look(state, person).await;
    }
    if person.email_verified {
        account_tokens::mark_verified(&mut tx, account.id, email.as_str()).await?;
    } else {
        recovery::ask_to_verify(state, &mut tx, tenant.id, account.id, email.as_str()).await?;
    }
    tx.commit().await?;
    Ok(account.id)
}

async fn second_look(state: &AppState, person: &Person) -> Result<AccountId, Problem> {
    let known = outside_identities::find(&state.pool, person.identity).await?;
    known.map(|known| known.account_id).ok_or_else(|| {
        Problem::new(
            ProblemKind::Conflict,
            "An account with this address was made at this moment; try again.",
        )
    })
}

/// Adds the identity to the account of the same address.
async fn link(
    state: &AppState,
    person: &Person,
    account: AccountId,
    email: &Email,
) -> Result<AccountId, Problem> {
    if !person.email_verified {
        return Err(forbid(
            "There is an account with this e-mail address, and the issuer does not say that it has verified the address.",
        ));
    }
    let tenant = accounts::find_tenant(&state.pool, account).await?.ok_or_else(refuse)?;
    let mut tx = postgres::member_transaction(&state.pool, tenant, account).await?;
    let standing = outside_identities::standing(&mut tx, account).await?;
    // Somebody may have signed up with the address of another, and wait for that other to come.
    if !standing.email_verified {
        return Err(forbid(
            "There is an account with this e-mail address that was never verified; verify it by mail first.",
        ));
    }
    if standing.second_factor {
        return Err(forbid(
            "There is an account with this e-mail address that asks for a code at sign-in; sign in with its password.",
        ));
    }
    if outside_identities::insert(&mut tx, person, account).await? {
        let to = Recipient { tenant, account: Some(account), address: email.as_str() };
        let letter = Letter::SignInAdded { issuer: person.issuer.clone() };
        state.mailing.queue(&mut tx, to, &letter).await?;
    }
    tx.commit().await?;
    Ok(account)
}

/// The session of this sign-in at the issuer, begun when it is seen first.
async fn begin_session(state: &AppState, person: &Person, account: AccountId) -> Result<Guest, Problem> {
    let tenant = accounts::find_tenant(&state.pool, account).await?.ok_or_else(refuse)?;
    let session = SessionId::from_uuid(session_id(person, tenant));
    let mut tx = postgres::tenant_transaction(&state.pool, tenant).await?;
    let expires_at = i64::try_from(person.expires_at).unwrap_or(i64::MAX);
    outside_identities::keep_session(&mut tx, session, tenant, account, expires_at).await?;
    tx.commit().await?;
    Ok(Guest { tenant, account, session })
}

/// The same for each token of one sign-in (RFC 9562, version 8).
fn session_id(person: &Person, tenant: TenantId) -> Uuid {
    let told = format!("{}\0{tenant}\0{}", person.identity, person.session);
    let digest = Sha256Digest::of(told.as_bytes());
    let mut id = [0; 16];
    id.iter_mut().zip(digest.as_bytes()).for_each(|(id, byte)| *id = *byte);
    Builder::from_custom_bytes(id).into_uuid()
}
