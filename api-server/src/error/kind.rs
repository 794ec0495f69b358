//! The kinds of problems: their names, status and advice.

use axum::http::StatusCode;

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
    /// The password is right, and sign-in also needs a code of the account's authenticator app.
    SecondFactorRequired,
    /// The caller may not do that.
    Forbidden,
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
    /// A request with this Idempotency-Key is being worked on; try again after the time in `Retry-After`.
    RequestInProgress,
    /// The thing has changed since the client read it.
    PreconditionFailed,
    /// An edit must say which version it edits.
    PreconditionRequired,
    /// The organisation's plan has no more of what was asked for.
    QuotaExceeded,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The body or the uploaded file is of a type that cannot be used here.
    UnsupportedMediaType,
    /// Requests from the client's network are refused.
    NetworkDenied,
    /// The client has asked too often; try again after the time in `Retry-After`.
    RateLimited,
    /// The service is at its limit; try again after the time in `Retry-After`.
    Overloaded,
    /// A service that this one depends on does not answer; try again after the time in `Retry-After`.
    DependencyUnavailable,
    /// A fault of the service. Its detail is in the service's log under the request id.
    Internal,
}

impl ProblemKind {
    /// Every kind, in the order of the page `/problems`.
    pub const ALL: [Self; 23] = [
        Self::MalformedRequest,
        Self::ValidationFailed,
        Self::Unauthenticated,
        Self::InvalidCredentials,
        Self::SecondFactorRequired,
        Self::Forbidden,
        Self::CrossSiteRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::AccountExists,
        Self::Conflict,
        Self::RequestInProgress,
        Self::PreconditionFailed,
        Self::PreconditionRequired,
        Self::QuotaExceeded,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::NetworkDenied,
        Self::RateLimited,
        Self::Overloaded,
        Self::DependencyUnavailable,
        Self::Internal,
    ];

    /// The last part of the kind's `type` URI.
    pub fn slug(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed-request",
            Self::ValidationFailed => "validation-failed",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidCredentials => "invalid-credentials",
            Self::SecondFactorRequired => "second-factor-required",
            Self::Forbidden => "forbidden",
            Self::CrossSiteRequest => "cross-site-request",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Timeout => "timeout",
            Self::AccountExists => "account-exists",
            Self::Conflict => "conflict",
            Self::RequestInProgress => "request-in-progress",
            Self::PreconditionFailed => "precondition-failed",
            Self::PreconditionRequired => "precondition-required",
            Self::QuotaExceeded => "quota-exceeded",
            Self::PayloadTooLarge => "payload-too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::NetworkDenied => "network-denied",
            Self::RateLimited => "rate-limited",
            Self::Overloaded => "overloaded",
            Self::DependencyUnavailable => "dependency-unavailable",
            Self::Internal => "internal",
        }
    }

    /// A short summary that is the same for each occurrence.
    pub fn title(self) -> &'static str {
        match self {
            Self::MalformedRequest => "The request cannot be read",
            Self::ValidationFailed => "A value in the request is not acceptable",
            Self::Unauthenticated => "A valid access token is needed",
            Self::InvalidCredentials => "The e-mail address or the password is wrong",
            Self::SecondFactorRequired => "Sign-in needs a code of the authenticator app",
            Self::Forbidden => "You may not do that",
            Self::CrossSiteRequest => "The form was not sent from this site",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "This address does not take that method",
            Self::Timeout => "The request took too long",
            Self::AccountExists => "There is an account with this e-mail address",
            Self::Conflict => "The request contradicts the present state",
            Self::RequestInProgress => "The same request is being worked on",
            Self::PreconditionFailed => "It has changed meanwhile",
            Self::PreconditionRequired => "The edit does not say which version it edits",
            Self::QuotaExceeded => "The plan has no more of this",
            Self::PayloadTooLarge => "The request is too large",
            Self::UnsupportedMediaType => "This type of content cannot be used here",
            Self::NetworkDenied => "Requests from this network are refused",
            Self::RateLimited => "Too many requests",
            Self::Overloaded => "The service is at its limit",
            Self::DependencyUnavailable => "A part of the service does not answer",
            Self::Internal => "The service made a mistake",
        }
    }

    /// What the client can do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::MalformedRequest => "Correct the syntax that `detail` names and send the request again.",
            Self::ValidationFailed => "Correct each value that `errors` names.",
            Self::Unauthenticated => {
                "Sign in with POST /api/v1/sessions and send `Authorization: Bearer` with the access token."
            }
            Self::InvalidCredentials => {
                "Check both. The answer is the same for an address that has no account."
            }
            Self::SecondFactorRequired => {
                "Send the same again with `code`: six digits of the authenticator app, or a recovery code."
            }
            Self::Forbidden => {
                "Ask an owner of the organisation for another role, or use a credential that may do it."
            }
            Self::CrossSiteRequest => "Load the page again and send the form from there.",
            Self::NotFound => {
                "Check the address. Things that belong to another account look the same as absent ones."
            }
            Self::MethodNotAllowed => "Use one of the methods in the `Allow` header.",
            Self::Timeout => "Send it again, over a faster connection if it is an upload.",
            Self::AccountExists => "Sign in instead, or use another address.",
            Self::Conflict => "Read the state that `detail` names first.",
            Self::RequestInProgress => {
                "Send it again after the seconds in the `Retry-After` header; the answer is then that of the first."
            }
            Self::PreconditionFailed => "Read it again, and repeat the edit on what it is now.",
            Self::PreconditionRequired => "Send the `ETag` that came with it as `If-Match`.",
            Self::QuotaExceeded => {
                "Wait for the next month, make room, or choose another plan; GET /api/v1/billing says what is used."
            }
            Self::PayloadTooLarge => "Send at most the size that `detail` names.",
            Self::UnsupportedMediaType => "Send one of the types that `detail` names.",
            Self::NetworkDenied => "Ask whoever runs the service, or come from another network.",
            Self::RateLimited => {
                "Wait the seconds in the `Retry-After` header; the `RateLimit` header of every answer says what is left."
            }
            Self::Overloaded => "Send the request again after the seconds in the `Retry-After` header.",
            Self::DependencyUnavailable => {
                "Send the request again after the seconds in the `Retry-After` header."
            }
            Self::Internal => {
                "Tell the operator of the service the `request_id`; the log has the cause under it."
            }
        }
    }

    /// The HTTP status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::MalformedRequest => StatusCode::BAD_REQUEST,
            Self::ValidationFailed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthenticated | Self::InvalidCredentials | Self::SecondFactorRequired => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden | Self::CrossSiteRequest | Self::NetworkDenied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::AccountExists | Self::Conflict | Self::RequestInProgress => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::QuotaExceeded => StatusCode::PAYMENT_REQUIRED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::DependencyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The kind that fits an error status which some layer set without giving a problem.
    pub fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::PAYMENT_REQUIRED => Self::QuotaExceeded,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::PRECONDITION_FAILED => Self::PreconditionFailed,
            StatusCode::PRECONDITION_REQUIRED => Self::PreconditionRequired,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::ValidationFailed,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overloaded,
            status if status.is_client_error() => Self::MalformedRequest,
            _ => Self::Internal,
        }
    }

    /// After how many seconds a client should try again; none where trying again unchanged cannot help.
    pub fn retry_after_seconds(self) -> Option<u32> {
        match self {
            Self::Overloaded | Self::RequestInProgress => Some(1),
            Self::DependencyUnavailable => Some(5),
            _ => None,
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
    fn only_what_passes_by_itself_invites_another_try() {
        for kind in ProblemKind::ALL {
            let invites = kind.retry_after_seconds().is_some();
            let passes = kind.status() == StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(invites, passes || kind == ProblemKind::RequestInProgress, "{kind:?}");
        }
    }
}
