//! `ETag`, `If-None-Match` and `If-Match` (RFC 9110, section 13): nobody gets again what has not changed, and nobody
//! overwrites what another has written meanwhile.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use platform::timestamp::Timestamp;
use serde::Serialize;

use crate::error::{Problem, ProblemKind};

/// The version of a row: the moment of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(Timestamp);

impl Version {
    /// The version of a row that was last changed at `updated_at`.
    pub fn of(updated_at: Timestamp) -> Self {
        Self(updated_at)
    }

    /// The entity tag, with its quotes.
    pub fn tag(self) -> String {
        format!("\"{:x}\"", self.0.as_jiff().as_microsecond())
    }

    /// What a client of the API would send with the entity tag `tag`; for forms, which cannot set headers. A tag that no
    /// header can carry fits no version.
    pub fn named(tag: &str) -> HeaderMap {
        let value = HeaderValue::from_str(tag).unwrap_or(HeaderValue::from_static("\"\""));
        HeaderMap::from_iter([(header::IF_MATCH, value)])
    }

    /// The answer to a GET: the body with its tag, or 304 when the client has this version.
    pub fn answer(self, request: &HeaderMap, body: impl Serialize) -> Response {
        // Compressing proxies turn a tag into a weak one; for reading that is the same.
        let known = lists(request, header::IF_NONE_MATCH, |tag| tag.trim_start_matches("W/") == self.tag());
        let mut response = if known == Some(true) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Json(body).into_response()
        };
        if let Ok(tag) = HeaderValue::from_str(&self.tag()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }

    /// Whether an edit may go on: the client must name the version that it has edited.
    pub fn demand(self, request: &HeaderMap) -> Result<(), Problem> {
        match lists(request, header::IF_MATCH, |tag| tag == self.tag()) {
            Some(true) => Ok(()),
            Some(false) => Err(Problem::new(
                ProblemKind::PreconditionFailed,
                "It has changed since you read it; read it again and repeat the edit.",
            )),
            None => Err(Problem::new(
                ProblemKind::PreconditionRequired,
                "Send the `ETag` of the version that you edit as `If-Match`.",
            )),
        }
    }
}

/// Whether the list header has a tag that fits, or `*`; none without the header.
fn lists(headers: &HeaderMap, name: header::HeaderName, fits: impl Fn(&str) -> bool) -> Option<bool> {
    let mut lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).peekable();
    lines.peek()?;
    Some(lines.flat_map(|line| line.split(',')).map(str::trim).any(|tag| tag == "*" || fits(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> Version {
        Version::of(serde_json::from_str("\"2026-11-23T08:00:00.123456Z\"").unwrap())
    }

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let tag = version().tag();
        let status = |value: &str| version().answer(&headers(header::IF_NONE_MATCH, value), 1).status();
        assert_eq!(status(&tag), StatusCode::NOT_MODIFIED);
        assert_eq!(status(&format!("\"1\", W/{tag}")), StatusCode::NOT_MODIFIED);
        assert_eq!(status("*"), StatusCode::NOT_MODIFIED);
        assert_eq!(status("\"1\""), StatusCode::OK);
        assert_eq!(version().answer(&HeaderMap::new(), 1).status(), StatusCode::OK);
    }

    #[test]
    fn an_edit_names_the_version_that_it_edits() {
        let demand = |value: &str| version().demand(&headers(header::IF_MATCH, value)).map_err(|p| p.kind);
        assert_eq!(demand(&version().tag()), Ok(()));
        assert_eq!(demand("\"1\""), Err(ProblemKind::PreconditionFailed));
        // A weak tag does not say that the bytes are the same (RFC 9110, section 13.1.1).
        assert_eq!(demand(&format!("W/{}", version().tag())), Err(ProblemKind::PreconditionFailed));
        let none = version().demand(&HeaderMap::new()).unwrap_err();
        assert_eq!(none.kind, ProblemKind::PreconditionRequired);
    }
}
