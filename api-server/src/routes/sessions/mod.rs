//! `/api/v1/sessions`: sign-in, refresh, sign-out.

pub mod create;
pub mod delete;
pub mod delete_all;
pub mod refresh;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    actions::accounts::SignedIn,
    auth::token::{LIFETIME, TokenError},
    state::AppState,
};

/// What a client needs to call the API.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Send it as `Authorization: Bearer <access_token>`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// For how many seconds the access token is good.
    #[schema(example = 3600)]
    expires_in: u64,
    /// Gets the next pair from `POST /api/v1/sessions/refresh`, once.
    refresh_token: String,
}

impl Tokens {
    /// An access token for the session, beside its refresh token.
    pub fn issue(state: &AppState, signed_in: &SignedIn) -> Result<Self, TokenError> {
        let session = &signed_in.session;
        let access_token = state.tokens.issue(
            signed_in.account.as_uuid(),
            session.tenant.as_uuid(),
            session.session.as_uuid(),
            jsonwebtoken::get_current_timestamp(),
        )?;
        Ok(Self {
            access_token,
            token_type: "Bearer",
            expires_in: LIFETIME.as_secs(),
            refresh_token: session.expose().to_owned(),
        })
    }
}
