//! Ids and queries in the address, with problem documents when they cannot be read.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use platform::digest::Sha256Digest;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::{FieldError, Problem, ProblemKind};

/// The `{id}` of the path.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // What is no id names nothing: the answer is the same as for an id that does not exist.
        Path::<Uuid>::from_request_parts(parts, state).await.map(|Path(id)| Self(id)).map_err(|_rejection| {
            Problem::new(ProblemKind::NotFound, "The last part of the path is not an id.")
        })
    }
}

/// The `{id}` and `{number}` of the path.
#[derive(Clone, Copy, Debug)]
pub struct NumberedId(pub Uuid, pub i32);

impl<S: Send + Sync> FromRequestParts<S> for NumberedId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<(Uuid, i32)>::from_request_parts(parts, state).await;
        read.map(|Path((id, number))| Self(id, number)).map_err(|_rejection| {
            Problem::new(ProblemKind::NotFound, "The path has no id and number where they belong.")
        })
    }
}

/// The `{id}` and `{advice}` of the path.
#[derive(Clone, Copy, Debug)]
pub struct AdviceId(pub Uuid, pub Sha256Digest);

impl<S: Send + Sync> FromRequestParts<S> for AdviceId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<(Uuid, Sha256Digest)>::from_request_parts(parts, state).await;
        read.map(|Path((id, advice))| Self(id, advice)).map_err(|_rejection| {
            Problem::new(ProblemKind::NotFound, "The path has no ids of a match and of its advice.")
        })
    }
}

/// The query of the address read into `T`.
#[derive(Clone, Debug)]
pub struct QueryParameters<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::<T>::from_request_parts(parts, state).await.map(|Query(value)| Self(value)).map_err(
            |rejection| {
                let message = rejection.body_text();
                // axum's text is "Failed to deserialize query string: NAME: REASON", or "…: missing field `NAME`".
                let missing = |reason: &str| {
                    Some(reason.strip_prefix("missing field `")?.strip_suffix('`')?.to_owned())
                };
                match message.splitn(3, ": ").collect::<Vec<_>>().as_slice() {
                    [_, name, reason] => Problem::validation(vec![FieldError::in_field(*name, *reason)]),
                    [_, reason] if let Some(name) = missing(reason) => {
                        Problem::validation(vec![FieldError::in_field(name, "Give this parameter.")])
                    }
                    _ => Problem::new(ProblemKind::MalformedRequest, message),
                }
            },
        )
    }
}
