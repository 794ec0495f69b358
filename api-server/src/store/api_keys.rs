//! API keys: what programs sign in with.

use platform::{
    digest::Sha256Digest,
    names::{AccountId, ApiKeyId},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Tx;
use crate::auth::session_token::ApiKey;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Scope {
    /// Look at resumes, jobs and matches.
    Read,
    /// Also add, change and delete them.
    Write,
}

/// An API key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct ApiKeyInfo {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: ApiKeyId,
    /// What its maker calls it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it was last used, to the minute; null when never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

/// Adds a key that is good for `days`.
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    key: &ApiKey,
    name: &str,
    scope: Scope,
    days: u16,
) -> Result<ApiKeyInfo, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO api_keys (id, tenant_id, account_id, name, key_hash, scope, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 day')
         RETURNING id, name, scope, created_at, expires_at, last_used_at",
    )
    .bind(key.id)
    .bind(key.tenant)
    .bind(account)
    .bind(name)
    .bind(key.hash())
    .bind(scope)
    .bind(i32::from(days))
    .fetch_one(&mut **tx)
    .await
}

/// The keys of an account, newest first.
pub async fn list(tx: &mut Tx, account: AccountId) -> Result<Vec<ApiKeyInfo>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, name, scope, created_at, expires_at, last_used_at FROM api_keys
         WHERE account_id = $1 ORDER BY id DESC",
    )
    .bind(account)
    .fetch_all(&mut **tx)
    .await
}

/// Removes a key of an account; whether there was one.
pub async fn delete(tx: &mut Tx, account: AccountId, id: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM api_keys WHERE id = $1 AND account_id = $2")
        .bind(id)
        .bind(account)
        .execute(&mut **tx)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// How many keys an account has.
pub async fn count(tx: &mut Tx, account: AccountId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE account_id = $1")
        .bind(account)
        .fetch_one(&mut **tx)
        .await
}

/// Whose the key is and what it may do, if it is good; writes down that it was used, once a minute at most.
pub async fn use_key(
    tx: &mut Tx,
    id: ApiKeyId,
    hash: Sha256Digest,
) -> Result<Option<(AccountId, Scope)>, sqlx::Error> {
    let found = sqlx::query_as(
        "SELECT account_id, scope FROM api_keys
         WHERE id = $1 AND key_hash = $2 AND expires_at > now()",
    )
    .bind(id)
    .bind(hash)
    .fetch_optional(&mut **tx)
    .await?;
    if found.is_some() {
        sqlx::query(
            "UPDATE api_keys SET last_used_at = now()
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
        )
        .bind(id)
        .execute(&mut **tx)
        .await?;
    }
    Ok(found)
}
