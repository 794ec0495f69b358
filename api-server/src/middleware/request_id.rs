//! Gives each request an id that comes back in `X-Request-Id`, in problem documents and in the log.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use platform::{names::TenantId, telemetry::spans};
use tracing::Instrument as _;
use uuid::Uuid;

use super::client::Client;

/// The header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Most characters of an id that a client or proxy may choose.
const MAX_CHARACTERS: usize = 64;

/// The id of the request at hand.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task works on, if it works on one.
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Tells log and trace for which tenant the request is.
pub fn note_tenant(tenant: TenantId) {
    tracing::Span::current().record("tenant", tracing::field::display(tenant));
    spans::Span::current().note(spans::Attribute::id("resume_matcher.tenant", tenant.as_uuid()));
}

/// `work` with the id of the present request, for a task of its own.
pub fn carry_on<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let id = current().unwrap_or_default();
    CURRENT.scope(id, work)
}

/// Takes over the client's id if it is harmless, else makes one; logs the request when it is done.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|value| is_harmless(value))
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    // The path may hold ids, never names; queries may hold anything, so they stay out of the log.
    let client = request.extensions().get::<Client>();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        path = request.uri().path(),
        network = client.map(Client::network),
        https = client.is_some_and(|client| client.https),
        trace_id = spans::Span::current().trace_id(),
        tenant = tracing::field::Empty,
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = std::time::Instant::now();
    let mut response = CURRENT.scope(id.clone(), next.run(request).instrument(span.clone())).await;
    let status = response.status().as_u16();
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status, milliseconds, "answered"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

// An id goes into logs and headers of other services: nothing that could break a line or a query.
fn is_harmless(id: &str) -> bool {
    (1..=MAX_CHARACTERS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_break_a_log_line_are_replaced() {
        assert!(is_harmless("01HV-abc_1.2"));
        assert!(!is_harmless(""));
        assert!(!is_harmless("a b"));
        assert!(!is_harmless("a\"}"));
        assert!(!is_harmless(&"a".repeat(65)));
    }
}
