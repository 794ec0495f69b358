//! Which account an outside issuer's person is.

use platform::{
    digest::Sha256Digest,
    names::{AccountId, SessionId, TenantId},
    postgres,
};
use sqlx::PgPool;

use super::Tx;
use crate::auth::outside::Person;

/// Whose identity it is, and since when its older tokens are refused.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Known {
    /// The account.
    pub account_id: AccountId,
    /// Tokens issued up to that second (since 1970) are refused; 0 for none.
    pub signed_out_at: i64,
}

/// The account of `identity`, if it has been seen before.
pub async fn find(pool: &PgPool, identity: Sha256Digest) -> Result<Option<Known>, sqlx::Error> {
    let mut tx = postgres::outside_transaction(pool, &identity.to_string()).await?;
    let known = sqlx::query_as(
        "SELECT account_id, coalesce(floor(extract(epoch FROM signed_out_at)), 0)::bigint AS signed_out_at
         FROM outside_identities WHERE identity = $1",
    )
    .bind(identity)
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(known)
}

/// Writes down that `person` is `account`, in a transaction of the account. `false` when somebody else just did.
pub async fn insert(tx: &mut Tx, person: &Person, account: AccountId) -> Result<bool, sqlx::Error> {
    let written = sqlx::query(
        "INSERT INTO outside_identities (identity, account_id, issuer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(person.identity)
    .bind(account)
    .bind(&person.issuer)
    .execute(&mut **tx)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// Refuses from now on all tokens of the account that were issued so far, in a transaction of the account.
pub async fn sign_out(tx: &mut Tx, account: AccountId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE outside_identities SET signed_out_at = now() WHERE account_id = $1")
        .bind(account)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that the session is in use until `expires_at` (seconds since 1970), in a transaction of its tenant. One that was
/// ended stays ended.
pub async fn keep_session(
    tx: &mut Tx,
    session: SessionId,
    tenant: TenantId,
    account: AccountId,
    expires_at: i64,
) -> Result<(), sqlx::Error> {
    // No text has this hash that could be a refresh token: those are longer than an id.
    let nobody = Sha256Digest::of(session.as_uuid().as_bytes());
    sqlx::query(
        "INSERT INTO sessions (id, tenant_id, account_id, refresh_hash, expires_at)
         VALUES ($1, $2, $3, $4, to_timestamp($5::float8))
         ON CONFLICT (id) DO UPDATE SET last_used_at = now(),
            expires_at = greatest(sessions.expires_at, EXCLUDED.expires_at)
         WHERE sessions.revoked_at IS NULL",
    )
    .bind(session)
    .bind(tenant)
    .bind(account)
    .bind(nobody)
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What an account must have before another way to sign in is added to it by its address alone.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Standing {
    /// The person has shown to read the mail of the address.
    pub email_verified: bool,
    /// Sign-in asks for a code.
    pub second_factor: bool,
}

/// How the account stands, in a transaction of the account.
pub async fn standing(tx: &mut Tx, account: AccountId) -> Result<Standing, sqlx::Error> {
    sqlx::query_as(
        "SELECT email_verified_at IS NOT NULL AS email_verified,
            EXISTS (SELECT FROM second_factors WHERE account_id = $1 AND confirmed_at IS NOT NULL) AS second_factor
         FROM accounts WHERE id = $1",
    )
    .bind(account)
    .fetch_one(&mut **tx)
    .await
}
