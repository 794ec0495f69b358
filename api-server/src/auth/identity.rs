//! The caller of the API, known by a bearer token.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use platform::{
    names::{AccountId, SessionId, TenantId},
    postgres,
};
use sqlx::PgPool;

use crate::{
    error::{Problem, ProblemKind},
    state::AppState,
    store::{Tx, sessions},
};

/// Who asks. Rows are reached through [`Identity::transaction`] only, which asks the database whether the session is
/// still good: a token alone opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The tenant whose rows it works on.
    pub tenant: TenantId,
    /// The session it came by.
    pub session: SessionId,
}

impl Identity {
    /// Begins a transaction of the caller's tenant, if the session has not ended.
    pub async fn transaction(&self, pool: &PgPool) -> Result<Tx, Problem> {
        let mut tx = postgres::tenant_transaction(pool, self.tenant).await?;
        if !sessions::is_live(&mut tx, self.session, self.account).await? {
            return Err(Problem::new(ProblemKind::Unauthenticated, "The session has ended; sign in again."));
        }
        Ok(tx)
    }
}

impl FromRequestParts<AppState> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = bearer_token(&parts.headers).map_err(refuse)?;
        // Why a token is not believed helps an attacker more than a client, whose mend is the same.
        let claims = state
            .tokens
            .check(token)
            .map_err(|_error| refuse("The access token is not valid or too old."))?;
        Ok(Self {
            account: AccountId::from_uuid(claims.sub),
            tenant: TenantId::from_uuid(claims.tenant),
            session: SessionId::from_uuid(claims.sid),
        })
    }
}

fn refuse(detail: &'static str) -> Problem {
    Problem::new(ProblemKind::Unauthenticated, detail)
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
