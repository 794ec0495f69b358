//! Maps every failure to an RFC 9457 problem: the kinds, their status, and how our own error types become one.

use std::{borrow::Cow, error::Error, sync::Arc};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use platform::storage::StorageError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::{password::PasswordError, token::TokenError},
    store::{accounts::CreateError, sessions::SessionError},
};

/// What went wrong, as a client can act on it. Each kind is a stable `type` of a problem document and is
/// described on the page `/problems`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request cannot be read (bad JSON, bad multipart, bad path parameter).
    MalformedRequest,
    /// The request was read, but values in it are not acceptable; `errors` names each of them.
    ValidationFailed,
    /// No valid access token came with the request.
    Unauthenticated,
    /// E-mail address and password do not belong together.
    InvalidCredentials,
    /// The request came from a page of another site, or its form token is wrong.
    CrossSiteRequest,
    /// Nothing of this name exists for the caller.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The client took too long to send the request, or the answer took too long to make.
    Timeout,
    /// An account with this e-mail address exists already.
    AccountExists,
    /// The request contradicts the present state, for example a match on a resume that failed.
    Conflict,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The body or the uploaded file is of a type that cannot be used here.
    UnsupportedMediaType,
    /// The service is at its limit; try again after the time in `Retry-After`.
    Overloaded,
    /// A service that this one depends on does not answer; try again after the time in `Retry-After`.
    DependencyUnavailable,
    /// A fault of the service. Its detail is in the service's log under the request id.
    Internal,
}

impl ProblemKind {
    /// Every kind, in the order of the page `/problems`.
    pub const ALL: [Self; 15] = [
        Self::MalformedRequest,
        Self::ValidationFailed,
        Self::Unauthenticated,
        Self::InvalidCredentials,
        Self::CrossSiteRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::AccountExists,
        Self::Conflict,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::Overloaded,
        Self::DependencyUnavailable,
        Self::Internal,
    ];

    /// The last part of the kind's `type` URI.
    pub fn slug(self) -> &'static str {
        self.description().0
    }

    /// A short summary that is the same for each occurrence.
    pub fn title(self) -> &'static str {
        self.description().1
    }

    /// What the client can do about it.
    pub fn advice(self) -> &'static str {
        self.description().2
    }

    /// The HTTP status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::MalformedRequest => StatusCode::BAD_REQUEST,
            Self::ValidationFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthenticated | Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::CrossSiteRequest => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::AccountExists | Self::Conflict => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Overloaded | Self::DependencyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The kind that fits an error status which some layer set without giving a problem.
    pub fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::CrossSiteRequest,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::ValidationFailed,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overloaded,
            status if status.is_client_error() => Self::MalformedRequest,
            _ => Self::Internal,
        }
    }

    /// After how many seconds a client should try again; none where trying again unchanged cannot help.
    pub fn retry_after_seconds(self) -> Option<u32> {
        match self {
            Self::Overloaded => Some(1),
            Self::DependencyUnavailable => Some(5),
            _ => None,
        }
    }

    fn description(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (
                "malformed-request",
                "The request cannot be read",
                "Correct the syntax that `detail` names and send the request again.",
            ),
            Self::ValidationFailed => (
                "validation-failed",
                "A value in the request is not acceptable",
                "Correct each value that `errors` names.",
            ),
            Self::Unauthenticated => (
                "unauthenticated",
                "A valid access token is needed",
                "Sign in with POST /api/v1/sessions and send `Authorization: Bearer` with the access token.",
            ),
            Self::InvalidCredentials => (
                "invalid-credentials",
                "The e-mail address or the password is wrong",
                "Check both. The answer is the same for an address that has no account.",
            ),
            Self::CrossSiteRequest => (
                "cross-site-request",
                "The form was not sent from this site",
                "Load the page again and send the form from there.",
            ),
            Self::NotFound => (
                "not-found",
                "There is nothing here",
                "Check the address. Things that belong to another account look the same as absent ones.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "This address does not take that method",
                "Use one of the methods in the `Allow` header.",
            ),
            Self::Timeout => (
                "timeout",
                "The request took too long",
                "Send it again, over a faster connection if it is an upload.",
            ),
            Self::AccountExists => (
                "account-exists",
                "There is an account with this e-mail address",
                "Sign in instead, or use another address.",
            ),
            Self::Conflict => (
                "conflict",
                "The request contradicts the present state",
                "Read the state that `detail` names first.",
            ),
            Self::PayloadTooLarge => (
                "payload-too-large",
                "The request is too large",
                "Send at most the size that `detail` names.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                "This type of content cannot be used here",
                "Send one of the types that `detail` names.",
            ),
            Self::Overloaded => (
                "overloaded",
                "The service is at its limit",
                "Send the request again after the seconds in the `Retry-After` header.",
            ),
            Self::DependencyUnavailable => (
                "dependency-unavailable",
                "A part of the service does not answer",
                "Send the request again after the seconds in the `Retry-After` header.",
            ),
            Self::Internal => (
                "internal",
                "The service made a mistake",
                "Tell the operator of the service the `request_id`; the log has the cause under it.",
            ),
        }
    }
}

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
    fn slugs_are_unique() {
        let mut slugs: Vec<_> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
    }

    #[test]
    fn only_overload_and_absence_of_a_dependency_invite_another_try() {
        for kind in ProblemKind::ALL {
            let invites = kind.retry_after_seconds().is_some();
            assert_eq!(invites, kind.status() == StatusCode::SERVICE_UNAVAILABLE, "{kind:?}");
        }
    }

    #[test]
    fn the_cause_never_reaches_the_document() {
        let problem = Problem::internal(std::io::Error::other("password=secret"));
        let document =
            serde_json::to_string(&ProblemDocument::new(&problem, "/api/v1/resumes", "r-1")).unwrap();
        assert!(!document.contains("secret"), "{document}");
        assert!(document.contains("r-1"));
    }
}
