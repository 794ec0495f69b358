//! The caller of the API, known by an access token of a session or by an API key.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use platform::{
    digest::Sha256Digest,
    names::{AccountId, ApiKeyId, SessionId, TenantId},
    postgres,
    telemetry::spans::{Work, within},
};
use sqlx::PgPool;

use super::session_token::{API_KEY_PREFIX, ApiKey};
use crate::{
    actions::outside,
    error::{Problem, ProblemKind},
    middleware::request_id,
    state::AppState,
    store::{
        Tx,
        api_keys::{self, Scope},
        members::Role,
        standing,
    },
};

/// By what the caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    /// An access token, or the cookie of the pages.
    Session {
        /// The account that the token names.
        account: AccountId,
        /// The session that it came from.
        session: SessionId,
    },
    /// An API key.
    Key {
        /// Its row.
        id: ApiKeyId,
        /// What the row must have.
        hash: Sha256Digest,
    },
}

/// Who asks, as the request says. Rows are reached through the transactions here only, which ask the database whether the
/// session or key is still good and what the caller may do: a token alone opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The tenant whose rows it works on.
    pub tenant: TenantId,
    credential: Credential,
    /// Whether the request changes anything; those that look only are open to viewers and to keys that read.
    writes: bool,
}

/// A transaction of the caller's tenant, and who the caller turned out to be.
pub struct Entered {
    /// The transaction.
    pub tx: Tx,
    /// The account.
    pub account: AccountId,
    /// What it may do here.
    pub role: Role,
}

impl Identity {
    /// A person at the pages. Each form is a request that changes something.
    pub fn of_session(tenant: TenantId, account: AccountId, session: SessionId, writes: bool) -> Self {
        Self { tenant, credential: Credential::Session { account, session }, writes }
    }

    /// Begins a transaction of the caller's tenant, if the caller may do what the request's method says.
    pub async fn transaction(&self, pool: &PgPool) -> Result<Tx, Problem> {
        Ok(self.enter(pool).await?.tx)
    }

    /// The same, with the caller's account and role.
    pub async fn enter(&self, pool: &PgPool) -> Result<Entered, Problem> {
        let (entered, scope) = self.check(pool).await?;
        if self.writes && entered.role == Role::Viewer {
            return Err(forbidden("As a viewer of this organisation you can look, and change nothing."));
        }
        if self.writes && scope == Scope::Read {
            return Err(forbidden("This API key may only read."));
        }
        Ok(entered)
    }

    /// Begins a transaction about the caller's own account: viewers may do that too, API keys may not.
    pub async fn own_transaction(&self, pool: &PgPool) -> Result<(Entered, SessionId), Problem> {
        let Credential::Session { session, .. } = self.credential else {
            return Err(forbidden("An API key cannot manage accounts, sessions and keys; sign in."));
        };
        Ok((self.check(pool).await?.0, session))
    }

    /// Begins a transaction of an owner who manages the organisation.
    pub async fn owner_transaction(&self, pool: &PgPool) -> Result<Entered, Problem> {
        let (entered, _session) = self.own_transaction(pool).await?;
        if entered.role == Role::Owner {
            Ok(entered)
        } else {
            Err(forbidden("Only an owner of the organisation can do that."))
        }
    }

    async fn check(&self, pool: &PgPool) -> Result<(Entered, Scope), Problem> {
        request_id::note_tenant(self.tenant);
        within("check who asks", Work::Postgres, self.verify(pool)).await
    }

    async fn verify(&self, pool: &PgPool) -> Result<(Entered, Scope), Problem> {
        let mut tx = postgres::tenant_transaction(pool, self.tenant).await?;
        let (account, session, scope, actor) = match self.credential {
            Credential::Session { account, session } => {
                (account, Some(session), Scope::Write, format!("account:{account}"))
            }
            Credential::Key { id, hash } => {
                let (account, scope) = api_keys::use_key(&mut tx, id, hash)
                    .await?
                    .ok_or_else(|| refuse("The API key is not valid or has ended."))?;
                (account, None, scope, format!("api-key:{id}"))
            }
        };
        let request = request_id::current().unwrap_or_default();
        let standing = standing::of_caller(&mut tx, account, session, &actor, &request).await?;
        if !standing.live {
            return Err(refuse("The session has ended; sign in again."));
        }
        // Sessions and keys go with the membership, so there is a role as a rule.
        let role = standing.role.ok_or_else(|| refuse("You do not belong to this organisation any more."))?;
        Ok((Entered { tx, account, role }, scope))
    }
}

impl FromRequestParts<AppState> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let writes = !matches!(parts.method, Method::GET | Method::HEAD);
        let token = bearer_token(&parts.headers).map_err(refuse)?;
        if token.starts_with(API_KEY_PREFIX) {
            let key = ApiKey::parse(token).ok_or_else(|| refuse("The API key is not valid or has ended."))?;
            let credential = Credential::Key { id: key.id, hash: key.hash() };
            return Ok(Self { tenant: key.tenant, credential, writes });
        }
        // One that is not ours may be an outside issuer's.
        let Ok(claims) = state.tokens.check(token) else {
            let guest = outside::admit(state, token).await?;
            return Ok(Self::of_session(guest.tenant, guest.account, guest.session, writes));
        };
        Ok(Self::of_session(
            TenantId::from_uuid(claims.tenant),
            AccountId::from_uuid(claims.sub),
            SessionId::from_uuid(claims.sid),
            writes,
        ))
    }
}

fn refuse(detail: &'static str) -> Problem {
    Problem::new(ProblemKind::Unauthenticated, detail)
}

fn forbidden(detail: &'static str) -> Problem {
    Problem::new(ProblemKind::Forbidden, detail)
}

/// The token of the `Authorization` header; the error says how to send one.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, &'static str> {
    let header = headers
        .get(header::AUTHORIZATION)
        .ok_or("Send the access token as `Authorization: Bearer <token>`.")?;
    header
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or("The Authorization header must be `Bearer <token>`.")
}
