//! Maps every failure to an RFC 9457 problem: the kinds, their status, and how our own error types become one.

mod kind;

use std::{borrow::Cow, error::Error, sync::Arc};

use axum::response::{IntoResponse, Response};
use platform::{
    billing::{stripe::StripeError, webhook},
    mail::{events::EventError, outbox::OutboxError},
    sealing::SealError,
    storage::StorageError,
};
use serde::Serialize;
use utoipa::ToSchema;

pub use kind::ProblemKind;

use crate::{
    auth::{password::PasswordError, session_token::NoRandomness, token::TokenError},
    store::{accounts::CreateError, sessions::SessionError},
};

/// One value of the request that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) of a value in a JSON body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/email")]
    pub pointer: Option<String>,
    /// Name of a form field, query or path parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong with it and how to mend it.
    pub detail: String,
}

impl FieldError {
    /// An error at the JSON pointer `pointer` of the body.
    pub fn at_pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), field: None, detail: detail.into() }
    }

    /// An error in the form field or parameter `field`.
    pub fn in_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: None, field: Some(field.into()), detail: detail.into() }
    }
}

/// A failure on its way to the client. Only kind, detail and field errors leave the service; the cause goes to the
/// log. The body is written by [`crate::middleware::problem::render`], which knows the path and the request id.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What went wrong.
    pub kind: ProblemKind,
    /// A sentence about this occurrence, fit for the client.
    pub detail: Cow<'static, str>,
    /// The values that are not acceptable.
    pub errors: Vec<FieldError>,
    /// The cause, for the log only.
    pub cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of `kind`, explained by `detail`.
    pub fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), cause: None }
    }

    /// Nothing of this kind and id exists for the caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemKind::NotFound, format!("There is no {what} with this id."))
    }

    /// Values of the request that are not acceptable.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} values are not acceptable; see errors.", several.len()),
        };
        Self { errors, ..Self::new(ProblemKind::ValidationFailed, detail) }
    }

    /// A fault of ours; `cause` goes to the log under the request id.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(ProblemKind::Internal, "The cause is in the service's log under the request id.")
            .caused_by(cause)
    }

    /// A dependency does not answer; `cause` goes to the log under the request id.
    pub fn unavailable(what: &'static str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(ProblemKind::DependencyUnavailable, format!("The {what} does not answer.")).caused_by(cause)
    }

    /// The same problem with its cause, for the log.
    #[must_use]
    pub fn caused_by(self, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Arc::new(cause)), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|database| database.code());
        if matches!(code.as_deref(), Some("22021" | "22P05")) {
            return Self::new(
                ProblemKind::ValidationFailed,
                "A text has the character U+0000, which cannot be stored; leave it out.",
            );
        }
        let away = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_) => true,
            // 08: connection, 53: resources, 57P0x: the server shuts down or starts up.
            sqlx::Error::Database(database) => database
                .code()
                .is_some_and(|code| ["08", "53", "57P0"].iter().any(|class| code.starts_with(class))),
            _ => false,
        };
        if away { Self::unavailable("database", error) } else { Self::internal(error) }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Request(_) => Self::unavailable("object storage", error),
            _ => Self::internal(error),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => {
                Self::new(ProblemKind::Overloaded, "Too many people are signing in.").caused_by(error)
            }
            _ => Self::internal(error),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Query(error) => error.into(),
            SessionError::Token(_) => Self::internal(error),
        }
    }
}

impl From<OutboxError> for Problem {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::Query(error) => error.into(),
            _ => Self::internal(error),
        }
    }
}

impl From<StripeError> for Problem {
    fn from(error: StripeError) -> Self {
        if error.may_pass() { Self::unavailable("payment service", error) } else { Self::internal(error) }
    }
}

impl From<webhook::EventError> for Problem {
    fn from(error: webhook::EventError) -> Self {
        match error {
            webhook::EventError::Query(error) => error.into(),
            webhook::EventError::Malformed(_) => {
                Self::new(ProblemKind::MalformedRequest, "The body is not an event.").caused_by(error)
            }
        }
    }
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Query(error) => error.into(),
            EventError::Malformed(_) => {
                Self::new(ProblemKind::MalformedRequest, "The body is not a list of events.").caused_by(error)
            }
        }
    }
}

impl From<SealError> for Problem {
    fn from(error: SealError) -> Self {
        Self::internal(error)
    }
}

impl From<NoRandomness> for Problem {
    fn from(error: NoRandomness) -> Self {
        Self::internal(error)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::internal(error)
    }
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::EmailTaken => Self {
                errors: vec![FieldError::at_pointer(
                    "/email",
                    "There is an account with this e-mail address.",
                )],
                ..Self::new(
                    ProblemKind::AccountExists,
                    "There is an account with this e-mail address; sign in.",
                )
            },
            CreateError::Query(error) => error.into(),
        }
    }
}

/// The document that a client gets for every failure (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// Identifies the kind of problem; a page that describes it.
    #[serde(rename = "type")]
    #[schema(example = "/problems#validation-failed")]
    pub kind: String,
    /// A short summary of the kind.
    pub title: &'static str,
    /// The HTTP status of this answer.
    #[schema(example = 422)]
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// The values of the request that are not acceptable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The id under which the service's log knows the request.
    pub request_id: String,
}

impl ProblemDocument {
    /// The document for `problem` at the path `instance` in the request `request_id`.
    pub fn new(problem: &Problem, instance: &str, request_id: &str) -> Self {
        Self {
            kind: format!("/problems#{}", problem.kind.slug()),
            title: problem.kind.title(),
            status: problem.kind.status().as_u16(),
            detail: problem.detail.to_string(),
            instance: instance.to_owned(),
            errors: problem.errors.clone(),
            request_id: request_id.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_never_reaches_the_document() {
        let problem = Problem::internal(std::io::Error::other("password=secret"));
        let document =
            serde_json::to_string(&ProblemDocument::new(&problem, "/api/v1/resumes", "r-1")).unwrap();
        assert!(!document.contains("secret"), "{document}");
        assert!(document.contains("r-1"));
    }
}
