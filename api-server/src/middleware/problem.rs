//! Writes the body of every failed answer: a problem document, or a page for a person with a browser.

use std::any::Any;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use super::request_id::RequestId;
use crate::{
    error::{Problem, ProblemDocument, ProblemKind},
    pages,
};

/// Media type of problem documents (RFC 9457, section 3).
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Most bytes of a plain-text rejection that are taken over as `detail`.
const MAX_REJECTION_BYTES: usize = 2048;

/// Marks an answer with an error status whose body is complete already (a form shown again, a health report).
#[derive(Clone, Copy, Debug)]
pub struct Complete;

/// Renders a [`Problem`] that a handler returned, and turns every other error answer into one.
pub async fn render(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let wants_page = wants_page(&path, request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error())
        || response.extensions().get::<Complete>().is_some()
    {
        return response;
    }
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => {
            let detail = rejection_detail(std::mem::take(response.body_mut())).await;
            let kind = ProblemKind::from_status(status);
            Problem::new(kind, detail.unwrap_or_else(|| kind.advice().to_owned()))
        }
    };
    log(&problem);
    let mut rendered = if wants_page {
        let page = pages::error::render(&problem, &id);
        (problem.kind.status(), Html(page)).into_response()
    } else {
        let mut json =
            (problem.kind.status(), Json(ProblemDocument::new(&problem, &path, &id))).into_response();
        json.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        json
    };
    let headers = rendered.headers_mut();
    for (name, value) in response.headers() {
        // What was added around the handler (limits, say) holds for the answer, whatever its body.
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH && !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    if let Some(seconds) = problem.kind.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.kind == ProblemKind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    rendered
}

/// The answer after a handler panicked; the panic itself is in the log.
pub fn from_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("panic without a message");
    Problem::internal(std::io::Error::other(format!("a handler panicked: {message}"))).into_response()
}

// Programs use /api and the probes; a browser that goes anywhere else gets a page.
pub(crate) fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    !path.starts_with("/api/")
        && headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
}

async fn rejection_detail(body: Body) -> Option<String> {
    let bytes = to_bytes(body, MAX_REJECTION_BYTES).await.ok()?;
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    (!text.trim().is_empty()).then_some(text)
}

fn log(problem: &Problem) {
    let Some(cause) = &problem.cause else { return };
    let mut chain = cause.to_string();
    let mut source = cause.source();
    while let Some(error) = source {
        chain.push_str(": ");
        chain.push_str(&error.to_string());
        source = error.source();
    }
    tracing::error!(kind = problem.kind.slug(), cause = chain, "request failed");
}
