//! `/webhooks`: what services tell us. They sign what they send; nobody else is heard.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use platform::{mail::events, timestamp::Timestamp};

use crate::{
    error::{Problem, ProblemDocument, ProblemKind},
    state::AppState,
};

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

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
    let header = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let now = Timestamp::now().as_jiff().as_second();
    events::verify(key, header(SIGNATURE), header(TIMESTAMP), &body, now).map_err(|error| {
        Problem::new(ProblemKind::Unauthenticated, "The events are not signed as they must be.")
            .caused_by(error)
    })?;
    let taken = events::take(&state.pool, &body).await?;
    tracing::info!(new = taken.new, passed_over = taken.passed_over, "events of mails taken");
    Ok(StatusCode::NO_CONTENT)
}
