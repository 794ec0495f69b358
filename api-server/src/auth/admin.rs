//! The people who run the installation, known by the token of its configuration.

use axum::{extract::FromRequestParts, http::request::Parts};
use platform::digest::Sha256Digest;

use super::identity::bearer_token;
use crate::{
    error::{Problem, ProblemKind},
    state::AppState,
};

/// Somebody who runs the installation. Not an account: what accounts keep stays closed.
#[derive(Clone, Copy, Debug)]
pub struct Admin;

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let refuse = |detail| Problem::new(ProblemKind::Unauthenticated, detail);
        let token = bearer_token(&parts.headers).map_err(refuse)?;
        // Hashes are compared, so the time says nothing of the token.
        let given = Sha256Digest::of(token.as_bytes());
        if state.admin_token == Some(given) {
            Ok(Self)
        } else {
            Err(refuse("This is not the token of the installation's administrator."))
        }
    }
}
