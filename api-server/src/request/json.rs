//! JSON bodies whose errors name the place in the document.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::error::{FieldError, Problem, ProblemKind};

/// A JSON body read into `T`.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(is_json);
        if !is_json {
            return Err(Problem::new(
                ProblemKind::UnsupportedMediaType,
                "Send the body as JSON with `Content-Type: application/json`.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(ProblemKind::PayloadTooLarge, "The JSON body is larger than 1 MiB.")
            } else {
                Problem::new(ProblemKind::MalformedRequest, "The body did not arrive whole.")
            }
        })?;
        parse(&bytes).map(Self)
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads `T` from JSON that is read already; an error names the place.
pub fn read<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let detail = without_position(error.inner());
        Problem::validation(vec![FieldError::at_pointer(pointer(error.path()), detail)])
    })
}

/// A name as a part of a JSON pointer (RFC 6901).
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::validation(vec![FieldError::at_pointer(pointer, without_position(&inner))])
        } else {
            Problem::new(ProblemKind::MalformedRequest, format!("The body is not valid JSON: {inner}."))
        }
    })?;
    deserializer.end().map_err(|error| {
        Problem::new(
            ProblemKind::MalformedRequest,
            format!("There is something behind the JSON value: {error}."),
        )
    })?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

// serde_json ends its messages with a line and column; the pointer says the place better.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its reading is tested")]
        items: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its reading is tested")]
        #[serde(rename = "a/b")]
        number: u8,
    }

    #[test]
    fn a_wrong_type_is_named_by_its_pointer() {
        let problem = parse::<Outer>(br#"{"items":[{"a/b":1},{"a/b":"x"}]}"#).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::ValidationFailed);
        assert_eq!(problem.errors[0].pointer.as_deref(), Some("/items/1/a~1b"));
        assert_eq!(problem.errors[0].detail, "invalid type: string \"x\", expected u8");
    }

    #[test]
    fn broken_json_is_malformed() {
        assert_eq!(parse::<Outer>(b"{\"items\":").unwrap_err().kind, ProblemKind::MalformedRequest);
        assert_eq!(parse::<Outer>(b"{\"items\":[]} x").unwrap_err().kind, ProblemKind::MalformedRequest);
    }

    #[test]
    fn only_json_types_are_read_as_json() {
        assert!(is_json("application/json; charset=utf-8"));
        assert!(is_json("application/merge-patch+json"));
        assert!(!is_json("text/plain"));
    }
}
