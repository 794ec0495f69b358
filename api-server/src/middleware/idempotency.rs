//! `Idempotency-Key`: a POST sent again under the same key is answered as the first time, and not done twice
//! (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! Only answers of success are kept: what failed has changed nothing and may be tried again. Requests without an access
//! token (sign-up, sign-in, refresh) are passed on, because their answers carry secrets that must not be kept.

use std::collections::BTreeMap;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use platform::{digest::Sha256Digest, postgres};

use super::{limits::Places, request_id};
use crate::{
    auth::identity::Identity,
    error::{FieldError, Problem, ProblemKind},
    request::multipart::MAX_BODY_BYTES,
    state::AppState,
    store::idempotency::{self, Claimed, KeyedRequest, StoredAnswer},
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Headers of an answer that are kept with it.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
/// Most bytes of an answer that is kept. The answers of all our POSTs are far smaller.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// What the middleware works with. Bodies are read whole to compare them, so their number is bounded.
#[derive(Clone)]
pub struct Keeper {
    /// The application.
    pub state: AppState,
    /// How many bodies may be in memory.
    pub places: Places,
}

/// Answers a request whose key is known, and keeps the answer of one whose key is new.
pub async fn replay(State(keeper): State<Keeper>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    keyed(keeper, request, next).await.unwrap_or_else(Problem::into_response)
}

async fn keyed(keeper: Keeper, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Ok(identity) = Identity::from_request_parts(&mut parts, &keeper.state).await else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let key = key_of(&parts.headers)?;
    let place = keeper.places.take()?;
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_too_large_or_broken| {
        Problem::new(ProblemKind::PayloadTooLarge, "The body is larger than 20 MiB or did not arrive whole.")
    })?;
    let request = KeyedRequest {
        tenant: identity.tenant,
        route: parts.uri.path().to_owned(),
        key,
        fingerprint: fingerprint(&parts, &body),
    };
    let mut tx = identity.transaction(&keeper.state.pool).await?;
    let claimed = idempotency::claim(&mut tx, &request).await?;
    tx.commit().await?;
    match claimed {
        Claimed::Answered(answer) => Ok(answer_again(answer)),
        Claimed::Busy => Err(Problem::new(
            ProblemKind::RequestInProgress,
            "A request with this Idempotency-Key is being worked on.",
        )),
        Claimed::OtherBody => Err(Problem {
            errors: vec![FieldError::in_field("Idempotency-Key", "Use a new key for another body.")],
            ..Problem::new(
                ProblemKind::ValidationFailed,
                "This Idempotency-Key was used for a request with another body.",
            )
        }),
        Claimed::Ours => {
            let work = async move {
                let _place = place;
                let response = next.run(Request::from_parts(parts, Body::from(body))).await;
                settle(&keeper.state, &request, response).await
            };
            // On a task of its own: a client that hangs up must not leave a request done and its answer unknown.
            tokio::spawn(request_id::carry_on(work)).await.map_err(Problem::internal)?
        }
    }
}

/// Keeps the answer of success, or gives the key back.
async fn settle(state: &AppState, request: &KeyedRequest, response: Response) -> Result<Response, Problem> {
    // By the tenant alone: the request may have ended the session that it came by.
    let mut tx = postgres::tenant_transaction(&state.pool, request.tenant).await?;
    if !response.status().is_success() {
        idempotency::release(&mut tx, request).await?;
        tx.commit().await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWER_BYTES).await.map_err(Problem::internal)?;
    let kept = KEPT.iter().filter_map(|name| Some((name.as_str(), parts.headers.get(name)?.to_str().ok()?)));
    let headers: BTreeMap<&str, &str> = kept.collect();
    let answer = StoredAnswer {
        status: i16::try_from(parts.status.as_u16()).unwrap_or(200),
        headers: serde_json::to_value(headers).map_err(Problem::internal)?,
        body: body.to_vec(),
    };
    idempotency::keep(&mut tx, request, &answer).await?;
    tx.commit().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn answer_again(answer: StoredAnswer) -> Response {
    let mut response = Body::from(answer.body).into_response();
    let code = u16::try_from(answer.status).ok().and_then(|code| StatusCode::from_u16(code).ok());
    *response.status_mut() = code.unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for name in KEPT {
        let value = answer.headers.get(name.as_str()).and_then(serde_json::Value::as_str);
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The key, with or without the quotes of a structured field.
fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let text = headers.get(KEY).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key.to_owned());
    }
    let detail = "The key must have 1 to 255 visible ASCII characters; a UUID is good.";
    Err(Problem::validation(vec![FieldError::in_field("Idempotency-Key", detail)]))
}

/// A hash of the body. Forms get a new boundary whenever they are sent, so it is left out.
fn fingerprint(parts: &Parts, body: &Bytes) -> Sha256Digest {
    match boundary(&parts.headers) {
        Some(boundary) => {
            let mut rest: &[u8] = body;
            let mut plain = Vec::with_capacity(body.len());
            while let Some(found) = memchr::memmem::find(rest, boundary.as_bytes()) {
                let (before, after) = rest.split_at(found);
                plain.extend_from_slice(before);
                rest = after.get(boundary.len()..).unwrap_or_default();
            }
            plain.extend_from_slice(rest);
            Sha256Digest::of(&plain)
        }
        None => Sha256Digest::of(body),
    }
}

fn boundary(headers: &HeaderMap) -> Option<&str> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !content_type.to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let (_, value) = content_type.split_once("boundary=")?;
    Some(value.split(';').next()?.trim().trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(content_type: &str) -> Parts {
        Request::builder().header(header::CONTENT_TYPE, content_type).body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_form_sent_again_has_the_same_fingerprint() {
        let print = |boundary: &str, file: &str| {
            let body = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{file}\r\n--{boundary}--"
            );
            fingerprint(&parts(&format!("multipart/form-data; boundary={boundary}")), &body.into())
        };
        assert_eq!(print("one", "x"), print("another", "x"));
        assert_ne!(print("one", "x"), print("one", "y"));
    }

    #[test]
    fn keys_come_with_and_without_quotes() {
        let key = |text: &str| key_of(&HeaderMap::from_iter([(KEY, text.parse().unwrap())]));
        assert_eq!(key("\"8e03978e\"").unwrap(), "8e03978e");
        assert_eq!(key("8e03978e").unwrap(), "8e03978e");
        for bad in ["", "\"\"", "a b", &"k".repeat(256)] {
            assert_eq!(key(bad).unwrap_err().kind, ProblemKind::ValidationFailed, "{bad}");
        }
    }
}
