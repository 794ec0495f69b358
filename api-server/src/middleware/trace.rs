//! Makes a span of each request, as a part of the trace that the ingress names.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use platform::telemetry::spans::{self, Attribute, Parent};

use super::metrics::method_label;

/// Routes that kubelets, load balancers and collectors ask every few seconds: nobody looks for those in traces.
const UNSEEN: [&str; 5] = ["/livez", "/readyz", "/metrics", "/health", "/static/{hash}/{name}"];

/// Carries the request through in a span.
pub async fn follow(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    // The template, not the path: ids have attributes of their own, and a path may be anything.
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    if UNSEEN.contains(&route) {
        return next.run(request).await;
    }
    let parent = Parent::of_request(request.headers());
    let span = spans::request(method_label(request.method()), route, parent.as_ref());
    let response = span.carry(next.run(request)).await;
    let status = response.status();
    span.note(Attribute::number("http.response.status_code", status.as_u16()));
    // A client's mistake is no failure of ours (semantic conventions for HTTP spans).
    if status.is_server_error() {
        span.fail("server_error");
    }
    span.end();
    response
}
