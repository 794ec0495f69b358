//! What Stripe tells, signed with HMAC-SHA-256 over time and body (`Stripe-Signature: t=…,v1=…`).
//!
//! An event is written down once by its id, with the task of asking Stripe how the tenant's subscription stands now. What
//! the event itself says of it is not taken: events come late, twice and in any order.

use serde::Deserialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::names::TenantId;
use crate::postgres::tenant_transaction;
use crate::tasks::{self, TaskKind};
use crate::timestamp::Timestamp;

/// How far the time of signing may be from now, in seconds: Stripe's own libraries allow that much.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why an event is not believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotBelieved {
    /// The header is missing or malformed.
    #[error("the signature is missing")]
    Unsigned,
    /// It was signed too long ago, or in the future.
    #[error("it was signed more than {TOLERANCE_SECONDS} seconds from now")]
    Stale,
    /// No signature of the header fits.
    #[error("the signature does not fit")]
    Mismatch,
}

/// Why a believed event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The body is no event.
    #[error("the body is not an event")]
    Malformed(#[from] serde_json::Error),
    /// A query failed; Stripe sends the event again.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Written down; Stripe will be asked.
    New,
    /// It came before.
    Known,
    /// It is of no tenant of ours, or says nothing of subscriptions.
    OfNoConcern,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    created: i64,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// Checks the header `Stripe-Signature` of `body` at about `now` (seconds since 1970). A header may have several signatures
/// while the secret is being replaced; one that fits is enough.
///
/// # Errors
/// When Stripe did not sign it, or not lately.
pub fn verify(secret: &str, header: Option<&str>, body: &[u8], now: i64) -> Result<(), NotBelieved> {
    let header = header.ok_or(NotBelieved::Unsigned)?;
    let mut time = None;
    let mut signatures = Vec::new();
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" => time = Some(value),
            "v1" => signatures.extend(from_hex(value)),
            // Other schemes are not ours to judge: taking one would let an attacker choose a weaker.
            _ => {}
        }
    }
    let time = time.ok_or(NotBelieved::Unsigned)?;
    let signed_at: i64 = time.parse().map_err(|_error| NotBelieved::Unsigned)?;
    if signatures.is_empty() {
        return Err(NotBelieved::Unsigned);
    }
    let fits = signatures.iter().any(|signature| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        // In constant time.
        mac.verify_slice(signature).is_ok()
    });
    if !fits {
        return Err(NotBelieved::Mismatch);
    }
    if signed_at.abs_diff(now) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(NotBelieved::Stale);
    }
    Ok(())
}

/// Takes an event that [`verify`] believed.
///
/// # Errors
/// When it is malformed or a query fails.
pub async fn take(pool: &PgPool, body: &[u8]) -> Result<Taken, EventError> {
    let event: Event = serde_json::from_slice(body)?;
    let concerns = ["checkout.session.", "customer.subscription.", "invoice."]
        .iter()
        .any(|prefix| event.kind.starts_with(prefix));
    let (true, Some(tenant)) = (concerns, tenant_of(&event.data.object)) else {
        return Ok(Taken::OfNoConcern);
    };
    if event.id.is_empty() || event.id.len() > 255 || event.kind.len() > 100 {
        return Ok(Taken::OfNoConcern);
    }
    let mut transaction = tenant_transaction(pool, tenant).await?;
    // A tenant that was erased has no subscription to look after.
    let written = sqlx::query(
        "INSERT INTO billing_events (tenant_id, event_id, kind, at)
         SELECT id, $2, $3, $4 FROM tenants WHERE id = $1 ON CONFLICT DO NOTHING",
    )
    .bind(tenant)
    .bind(&event.id)
    .bind(&event.kind)
    .bind(Timestamp::from_microseconds(event.created.saturating_mul(1_000_000)))
    .execute(&mut *transaction)
    .await?;
    if written.rows_affected() == 0 {
        return Ok(Taken::Known);
    }
    tasks::enqueue(&mut transaction, tenant, TaskKind::SyncSubscription, tenant.as_uuid()).await?;
    transaction.commit().await?;
    Ok(Taken::New)
}

/// The tenant that we wrote into the metadata of session and subscription; invoices repeat it, by version of the API here
/// or there.
fn tenant_of(object: &Value) -> Option<TenantId> {
    [
        "/metadata/tenant_id",
        "/subscription_details/metadata/tenant_id",
        "/parent/subscription_details/metadata/tenant_id",
    ]
    .iter()
    .find_map(|pointer| object.pointer(pointer)?.as_str()?.parse::<Uuid>().ok())
    .map(TenantId::from_uuid)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "whsec_test_secret";
    const NOW: i64 = 1_700_000_000;

    fn sign(secret: &str, time: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{time}.").as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_scheme_is_stripes() {
        // Worked out with `printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_test_secret`.
        assert_eq!(sign(SECRET, NOW, b"{}"), OPENSSL);
    }

    const OPENSSL: &str = "ceb8863f7208fa249a6cd8f951e993c7563412aca65866f6272283debe143ab3";

    #[test]
    fn only_stripes_own_fresh_words_are_believed() {
        let body = b"{\"id\":\"evt_1\"}";
        let good = sign(SECRET, NOW, body);
        let check = |header: &str, now| verify(SECRET, Some(header), body, now);
        let header = format!("t={NOW},v1={good},v0=00");
        assert_eq!(check(&header, NOW + 300), Ok(()));
        assert_eq!(check(&header, NOW + 301), Err(NotBelieved::Stale));
        assert_eq!(check(&header, NOW - 301), Err(NotBelieved::Stale));
        // While the secret is being replaced there are two.
        let other = sign("whsec_other", NOW, body);
        assert_eq!(check(&format!("t={NOW},v1={other},v1={good}"), NOW), Ok(()));
        assert_eq!(check(&format!("t={NOW},v1={other}"), NOW), Err(NotBelieved::Mismatch));
        assert_eq!(check(&format!("t={},v1={good}", NOW + 1), NOW), Err(NotBelieved::Mismatch));
        assert_eq!(verify(SECRET, Some(&header), b"{}", NOW), Err(NotBelieved::Mismatch));
        for unsigned in ["", "t=1", "v1=00", &format!("t={NOW},v0={good}"), &format!("t=x,v1={good}")] {
            assert_eq!(check(unsigned, NOW), Err(NotBelieved::Unsigned), "{unsigned}");
        }
        assert_eq!(verify(SECRET, None, body, NOW), Err(NotBelieved::Unsigned));
    }

    #[test]
    fn the_tenant_is_found_wherever_the_version_has_it() {
        let id = "0192f0c1-2345-7abc-8def-0123456789ab";
        let metadata = json!({"metadata": {"tenant_id": id}});
        for object in [
            metadata.clone(),
            json!({"metadata": {}, "subscription_details": metadata}),
            json!({"parent": {"subscription_details": metadata}}),
        ] {
            assert_eq!(tenant_of(&object).unwrap().to_string(), id, "{object}");
        }
        assert_eq!(tenant_of(&json!({"metadata": {"tenant_id": "x"}})), None);
    }
}
