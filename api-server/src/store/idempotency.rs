//! Answers kept under the Idempotency-Key of their request.

use platform::{digest::Sha256Digest, names::TenantId};
use serde_json::Value;

use super::Tx;

/// For how long an answer is kept, in seconds.
const KEPT_SECONDS: f64 = 24.0 * 3600.0;
/// For how long a request that is being worked on keeps its key, in seconds: longer than any request may take.
const LOCKED_SECONDS: f64 = 180.0;

/// What a key stands for: one kind of request of one tenant.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// The tenant.
    pub tenant: TenantId,
    /// Path of the request.
    pub route: String,
    /// The key.
    pub key: String,
    /// Hash of the body.
    pub fingerprint: Sha256Digest,
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: i16,
    /// Names and values of headers, as an object.
    pub headers: Value,
    /// The body.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: the request is to be done now.
    Ours,
    /// The request was done: this was the answer.
    Answered(StoredAnswer),
    /// The request is being done by another call.
    Busy,
    /// The key was used for another body.
    OtherBody,
}

#[derive(sqlx::FromRow)]
struct Row {
    fingerprint: Sha256Digest,
    status: Option<i16>,
    headers: Option<Value>,
    body: Option<Vec<u8>>,
}

/// Takes the key for this request, or says what it stands for already.
pub async fn claim(tx: &mut Tx, request: &KeyedRequest) -> Result<Claimed, sqlx::Error> {
    sqlx::query("DELETE FROM idempotency_keys WHERE expires_at < now()").execute(&mut **tx).await?;
    // A lock that has run out is that of a process that died; the key is then taken over by the same request only.
    let taken = sqlx::query(
        "INSERT INTO idempotency_keys (tenant_id, route, key, fingerprint, locked_until, expires_at)
         VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second', now() + $6 * interval '1 second')
         ON CONFLICT (tenant_id, route, key) DO UPDATE SET locked_until = EXCLUDED.locked_until
         WHERE idempotency_keys.status IS NULL AND idempotency_keys.locked_until < now()
           AND idempotency_keys.fingerprint = EXCLUDED.fingerprint",
    )
    .bind(request.tenant)
    .bind(&request.route)
    .bind(&request.key)
    .bind(request.fingerprint)
    .bind(LOCKED_SECONDS)
    .bind(KEPT_SECONDS)
    .execute(&mut **tx)
    .await?;
    if taken.rows_affected() > 0 {
        return Ok(Claimed::Ours);
    }
    let row: Option<Row> = sqlx::query_as(
        "SELECT fingerprint, status, headers, body FROM idempotency_keys WHERE route = $1 AND key = $2",
    )
    .bind(&request.route)
    .bind(&request.key)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(match row {
        Some(row) if row.fingerprint != request.fingerprint => Claimed::OtherBody,
        Some(Row { status: Some(status), headers: Some(headers), body: Some(body), .. }) => {
            Claimed::Answered(StoredAnswer { status, headers, body })
        }
        // Without a row, the other call failed at this very moment; the client may try again.
        Some(_) | None => Claimed::Busy,
    })
}

/// Keeps the answer to a request that [`claim`] gave us.
pub async fn keep(tx: &mut Tx, request: &KeyedRequest, answer: &StoredAnswer) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE idempotency_keys SET status = $3, headers = $4, body = $5 WHERE route = $1 AND key = $2",
    )
    .bind(&request.route)
    .bind(&request.key)
    .bind(answer.status)
    .bind(&answer.headers)
    .bind(&answer.body)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives the key back: the request failed, and may be tried again under it.
pub async fn release(tx: &mut Tx, request: &KeyedRequest) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM idempotency_keys WHERE route = $1 AND key = $2 AND status IS NULL")
        .bind(&request.route)
        .bind(&request.key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
