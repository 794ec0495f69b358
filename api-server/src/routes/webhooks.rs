//! `/webhooks`: what services tell us. They sign what they send; nobody else is heard.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
};
use platform::{billing::webhook, mail::events, timestamp::Timestamp};
use secrecy::ExposeSecret as _;

use crate::{
    error::{Problem, ProblemDocument, ProblemKind},
    state::AppState,
};

const MAIL_SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const MAIL_TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";
const STRIPE_SIGNATURE: &str = "stripe-signature";

/// Takes SendGrid's signed event webhook: deliveries, bounces, complaints. Events are written down before they are acted on,
/// each once, in any order.
#[utoipa::path(
    post, path = "/webhooks/sendgrid", tag = "Webhooks", operation_id = "takeMailEvents",
    request_body(content = [Object], description = "A list of events"),
    responses(
        (status = 204, description = "Taken"),
        (status = 400, description = "It is not a list of events", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The signature is missing, wrong or too old", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "This installation has no key of the webhook", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn take_mail_events(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let key =
        state.mailing.webhook_key.as_deref().ok_or_else(|| {
            Problem::new(ProblemKind::NotFound, "This installation takes no events of mails.")
        })?;
    let [signature, timestamp] = [MAIL_SIGNATURE, MAIL_TIMESTAMP].map(|name| text(&headers, name));
    events::verify(key, signature, timestamp, &body, now()).map_err(unsigned)?;
    let taken = events::take(&state.pool, &body).await?;
    tracing::info!(new = taken.new, passed_over = taken.passed_over, "events of mails taken");
    Ok(StatusCode::NO_CONTENT)
}

/// Takes Stripe's signed webhook. An event is written down once, and makes a worker ask Stripe how things stand: so order
/// and number of events do not matter.
#[utoipa::path(
    post, path = "/webhooks/stripe", tag = "Webhooks", operation_id = "takeBillingEvents",
    request_body(content = Object, description = "An event"),
    responses(
        (status = 204, description = "Taken"),
        (status = 400, description = "It is not an event", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "The signature is missing, wrong or too old", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "This installation has no secret of the webhook", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(())
)]
pub async fn take_billing_events(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let secret =
        state.billing.webhook_secret.as_ref().ok_or_else(|| {
            Problem::new(ProblemKind::NotFound, "This installation takes no events of Stripe.")
        })?;
    webhook::verify(secret.expose_secret(), text(&headers, STRIPE_SIGNATURE), &body, now())
        .map_err(unsigned)?;
    let taken = webhook::take(&state.pool, &body).await?;
    tracing::info!(?taken, "event of Stripe");
    Ok(StatusCode::NO_CONTENT)
}

/// A header's value, if it is there and text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok())
}

/// Seconds since 1970, by which signatures grow old.
fn now() -> i64 {
    Timestamp::now().as_jiff().as_second()
}

fn unsigned(error: impl std::error::Error + Send + Sync + 'static) -> Problem {
    Problem::new(ProblemKind::Unauthenticated, "What was sent is not signed as it must be.").caused_by(error)
}
