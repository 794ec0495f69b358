//! Sessions: one for each sign-in, good until sign-out or 30 days without use.

use platform::names::{AccountId, SessionId, TenantId};
use sqlx::postgres::types::PgInterval;

use super::{Tx, outside_identities};
use crate::auth::session_token::{NoRandomness, SessionToken};

/// How long a session lasts without use.
pub const LIFETIME_DAYS: i32 = 30;

/// Why a session was not made or refreshed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A query failed.
    #[error("the session cannot be written")]
    Query(#[from] sqlx::Error),
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] NoRandomness),
}

fn lifetime() -> PgInterval {
    PgInterval { months: 0, days: LIFETIME_DAYS, microseconds: 0 }
}

/// Begins a session and gives its token, the only time that it is known.
pub async fn create(tx: &mut Tx, tenant: TenantId, account: AccountId) -> Result<SessionToken, SessionError> {
    let token = SessionToken::generate(tenant, SessionId::new())?;
    sqlx::query(
        "INSERT INTO sessions (id, tenant_id, account_id, refresh_hash, expires_at)
         VALUES ($1, $2, $3, $4, now() + $5)",
    )
    .bind(token.session)
    .bind(tenant)
    .bind(account)
    .bind(token.hash())
    .bind(lifetime())
    .execute(&mut **tx)
    .await?;
    Ok(token)
}

/// The account whose live session has this token.
pub async fn find_by_token(tx: &mut Tx, token: &SessionToken) -> Result<Option<AccountId>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT account_id FROM sessions
         WHERE id = $1 AND refresh_hash = $2 AND revoked_at IS NULL AND expires_at > now()",
    )
    .bind(token.session)
    .bind(token.hash())
    .fetch_optional(&mut **tx)
    .await
}

/// Replaces the token of a live session. A token that was replaced before ends the session: one of the two who hold
/// it has stolen it, and nobody can tell which.
pub async fn rotate(
    tx: &mut Tx,
    token: &SessionToken,
) -> Result<Option<(AccountId, SessionToken)>, SessionError> {
    let fresh = SessionToken::generate(token.tenant, token.session)?;
    let account: Option<AccountId> = sqlx::query_scalar(
        "UPDATE sessions SET refresh_hash = $3, last_used_at = now(), expires_at = now() + $4
         WHERE id = $1 AND refresh_hash = $2 AND revoked_at IS NULL AND expires_at > now()
         RETURNING account_id",
    )
    .bind(token.session)
    .bind(token.hash())
    .bind(fresh.hash())
    .bind(lifetime())
    .fetch_optional(&mut **tx)
    .await?;
    if account.is_none() {
        revoke(tx, token.session).await?;
    }
    Ok(account.map(|account| (account, fresh)))
}

/// Ends every session of the account in all organisations, but `kept`. `tx` is one of the account.
pub async fn revoke_all(tx: &mut Tx, account: AccountId, kept: Option<SessionId>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE sessions SET revoked_at = now()
         WHERE account_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id <> $2)",
    )
    .bind(account)
    .bind(kept)
    .execute(&mut **tx)
    .await?;
    if kept.is_none() {
        // Also those whose sessions were never seen.
        outside_identities::sign_out(tx, account).await?;
    }
    Ok(())
}

/// Ends a session. Ending it twice changes nothing.
pub async fn revoke(tx: &mut Tx, session: SessionId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL")
        .bind(session)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
