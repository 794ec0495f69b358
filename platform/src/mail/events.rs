//! What SendGrid tells of mails: batches of events, signed (ECDSA on P-256 with SHA-256 over timestamp and body).
//!
//! Events are written down before they are acted on, each once by its id. They may come late, twice and in any order: a
//! mail that bounced stays failed when "delivered" arrives after it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::suppressions::{self, Reason};
use crate::names::TenantId;
use crate::postgres::mail_event_transaction;
use crate::timestamp::Timestamp;

/// How far the time of signing may be from now, in seconds. SendGrid names no limit; five minutes are the custom of
/// webhooks.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a batch of events is not believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotBelieved {
    /// The signature or the timestamp is missing or malformed.
    #[error("signature or timestamp is missing")]
    Unsigned,
    /// It was signed too long ago, or in the future.
    #[error("it was signed more than {TOLERANCE_SECONDS} seconds from now")]
    Stale,
    /// The signature is of another key or body.
    #[error("the signature does not fit")]
    Mismatch,
}

/// Why a believed batch was not taken.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The body is not a list of events.
    #[error("the body is not a list of events")]
    Malformed(#[from] serde_json::Error),
    /// A query failed; the service sends the batch again.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
}

/// An event, of which only what matters is read.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// `processed`, `delivered`, `deferred`, `bounce`, `dropped`, `spamreport`, `unsubscribe`, …
    pub event: String,
    /// The address of the mail.
    #[serde(default)]
    pub email: String,
    /// When it happened, in seconds since 1970.
    #[serde(default)]
    pub timestamp: i64,
    /// The service's id of the event.
    #[serde(default)]
    pub sg_event_id: String,
    /// Of a bounce: `bounce` for good, or `blocked` for now.
    #[serde(default, rename = "type")]
    pub bounce_type: String,
    /// Our id of the mail.
    #[serde(default)]
    pub mail_id: Value,
    /// Our id of its tenant.
    #[serde(default)]
    pub tenant_id: Value,
}

/// How many events of a batch were new, and how many were known or of no mail of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Written down and acted on now.
    pub new: usize,
    /// Of no consequence.
    pub passed_over: usize,
}

/// Checks that `body` was signed by the service, at about `now` (seconds since 1970).
///
/// `point` is the public key; `signature` and `timestamp` are the headers `X-Twilio-Email-Event-Webhook-Signature` and
/// `X-Twilio-Email-Event-Webhook-Timestamp`.
///
/// # Errors
/// When it was not.
pub fn verify(
    point: &[u8],
    signature: Option<&str>,
    timestamp: Option<&str>,
    body: &[u8],
    now: i64,
) -> Result<(), NotBelieved> {
    let (signature, timestamp) = signature.zip(timestamp).ok_or(NotBelieved::Unsigned)?;
    let signature = STANDARD.decode(signature).map_err(|_error| NotBelieved::Unsigned)?;
    let signed_at: i64 = timestamp.parse().map_err(|_error| NotBelieved::Unsigned)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(&[timestamp.as_bytes(), body].concat(), &signature)
        .map_err(|_unspecified| NotBelieved::Mismatch)?;
    // After the signature, so that the answer tells nothing to whoever cannot sign.
    if signed_at.abs_diff(now) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(NotBelieved::Stale);
    }
    Ok(())
}

/// Takes a batch that [`verify`] believed.
///
/// # Errors
/// When it is malformed or a query fails; events before the failing one are taken, and known when they come again.
pub async fn take(pool: &PgPool, body: &[u8]) -> Result<Taken, EventError> {
    let events: Vec<Event> = serde_json::from_slice(body)?;
    let mut taken = Taken::default();
    for event in &events {
        if take_one(pool, event).await? {
            taken.new += 1;
        } else {
            taken.passed_over += 1;
        }
    }
    Ok(taken)
}

async fn take_one(pool: &PgPool, event: &Event) -> Result<bool, sqlx::Error> {
    // Mails of others who use the same account of the service may have anything here.
    let id = |value: &Value| value.as_str()?.parse::<Uuid>().ok();
    let (Some(mail), Some(tenant)) = (id(&event.mail_id), id(&event.tenant_id)) else { return Ok(false) };
    if event.sg_event_id.is_empty() || event.sg_event_id.len() > 200 || event.event.len() > 50 {
        return Ok(false);
    }
    let tenant = TenantId::from_uuid(tenant);
    let mut transaction = mail_event_transaction(pool, tenant).await?;
    // A mail that was erased meanwhile is no longer there to have events.
    let written = sqlx::query(
        "INSERT INTO mail_events (tenant_id, event_id, mail_id, kind, at)
         SELECT tenant_id, $2, id, $3, $4 FROM mails WHERE id = $1 AND tenant_id = $5 ON CONFLICT DO NOTHING",
    )
    .bind(mail)
    .bind(&event.sg_event_id)
    .bind(&event.event)
    .bind(Timestamp::from_microseconds(event.timestamp.saturating_mul(1_000_000)))
    .bind(tenant)
    .execute(&mut *transaction)
    .await?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    act(&mut transaction, event, mail).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn act(
    transaction: &mut Transaction<'static, Postgres>,
    event: &Event,
    mail: Uuid,
) -> Result<(), sqlx::Error> {
    let (failure, suppressed) = match (event.event.as_str(), event.bounce_type.as_str()) {
        ("delivered", _) => {
            sqlx::query(
                "UPDATE mails SET status = 'delivered', content = NULL, updated_at = now()
                 WHERE id = $1 AND status IN ('processing', 'sent')",
            )
            .bind(mail)
            .execute(&mut **transaction)
            .await?;
            return Ok(());
        }
        ("bounce", "blocked") => (Some("the receiving server refused the mail for now"), None),
        ("bounce", _) => (Some("there is no such mailbox"), Some(Reason::Bounce)),
        ("dropped", _) => (Some("the mail service did not send the mail"), None),
        ("spamreport", _) => (None, Some(Reason::Complaint)),
        ("unsubscribe" | "group_unsubscribe", _) => (None, Some(Reason::Unsubscribe)),
        // processed, deferred, open, click: nothing changes.
        _ => (None, None),
    };
    if let Some(error) = failure {
        sqlx::query(
            "UPDATE mails SET status = 'failed', error = $2, content = NULL, updated_at = now() WHERE id = $1",
        )
        .bind(mail)
        .bind(error)
        .execute(&mut **transaction)
        .await?;
    }
    if let Some(reason) = suppressed {
        suppressions::add(transaction, &event.email, reason).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn key_pair() -> EcdsaKeyPair {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).unwrap()
    }

    fn sign(pair: &EcdsaKeyPair, timestamp: &str, body: &[u8]) -> String {
        let message = [timestamp.as_bytes(), body].concat();
        STANDARD.encode(pair.sign(&SystemRandom::new(), &message).unwrap())
    }

    #[test]
    fn only_the_services_own_fresh_words_are_believed() {
        let (pair, other) = (key_pair(), key_pair());
        let point = pair.public_key().as_ref();
        let (at, body) = (NOW.to_string(), b"[{\"event\":\"delivered\"}]\r\n".as_slice());
        let signature = sign(&pair, &at, body);
        let check =
            |signature: &str, at: &str, body: &[u8], now| verify(point, Some(signature), Some(at), body, now);
        assert_eq!(check(&signature, &at, body, NOW + 299), Ok(()));
        assert_eq!(check(&signature, &at, body, NOW + 301), Err(NotBelieved::Stale));
        assert_eq!(check(&signature, &at, body, NOW - 301), Err(NotBelieved::Stale));
        assert_eq!(check(&signature, &at, b"[]", NOW), Err(NotBelieved::Mismatch));
        assert_eq!(check(&signature, &(NOW + 1).to_string(), body, NOW), Err(NotBelieved::Mismatch));
        assert_eq!(check(&sign(&other, &at, body), &at, body, NOW), Err(NotBelieved::Mismatch));
        assert_eq!(check("!", &at, body, NOW), Err(NotBelieved::Unsigned));
        assert_eq!(verify(point, None, Some(&at), body, NOW), Err(NotBelieved::Unsigned));
    }
}
