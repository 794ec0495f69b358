//! The person at the web pages, known by a session cookie, and the tokens that make forms safe to send.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::{names::SessionId, postgres};
use ring::hmac;

use super::{identity::Identity, session_token::SessionToken};
use crate::{
    error::{Problem, ProblemKind},
    state::AppState,
    store::{
        accounts::{self, Account},
        sessions,
    },
};

/// A signed-in person. Without a live session the answer is the way to the sign-in page.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Account, tenant and session.
    pub identity: Identity,
    /// The account.
    pub account: Account,
    session: SessionId,
    /// What each form of this session must carry.
    pub form_token: String,
}

impl Viewer {
    /// How the person is called in the page.
    pub fn label(&self) -> &str {
        self.account.name.as_deref().unwrap_or(&self.account.email)
    }

    /// Refuses a form that was not made for this session.
    pub fn check_form(&self, state: &AppState, token: Option<&str>) -> Result<(), Problem> {
        let tag = token.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
        let session = self.session.as_uuid();
        tag.and_then(|tag| hmac::verify(&state.form_key, session.as_bytes(), &tag).ok()).ok_or_else(|| {
            Problem::new(
                ProblemKind::CrossSiteRequest,
                "The form is from another session; load the page again.",
            )
        })
    }
}

impl OptionalFromRequestParts<AppState> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Option<Self>, Problem> {
        let Some(token) = cookie(&parts.headers, cookie_name(state.https)).and_then(SessionToken::parse)
        else {
            return Ok(None);
        };
        let mut tx = postgres::tenant_transaction(&state.pool, token.tenant).await?;
        let Some(account) = sessions::find_by_token(&mut tx, &token).await? else { return Ok(None) };
        let Some((account, _)) = accounts::get(&mut tx, token.tenant, account).await? else {
            return Ok(None);
        };
        tx.commit().await?;
        let writes = !matches!(parts.method, Method::GET | Method::HEAD);
        let identity = Identity::of_session(token.tenant, account.id, token.session, writes);
        let tag = hmac::sign(&state.form_key, token.session.as_uuid().as_bytes());
        Ok(Some(Self { identity, account, session: token.session, form_token: URL_SAFE_NO_PAD.encode(tag) }))
    }
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        match <Self as OptionalFromRequestParts<AppState>>::from_request_parts(parts, state).await {
            Ok(Some(viewer)) => Ok(viewer),
            Ok(None) => Err(Redirect::to("/sign-in").into_response()),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

/// The header that gives `token` to the browser.
pub fn set_cookie(token: &SessionToken, https: bool) -> Option<HeaderValue> {
    let seconds = i64::from(sessions::LIFETIME_DAYS) * 24 * 60 * 60;
    cookie_header(token.expose(), seconds, https)
}

/// The header that takes the token from the browser.
pub fn remove_cookie(https: bool) -> Option<HeaderValue> {
    cookie_header("", 0, https)
}

fn cookie_header(value: &str, max_age: i64, https: bool) -> Option<HeaderValue> {
    let secure = if https { "; Secure" } else { "" };
    let name = cookie_name(https);
    let text = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

// With the prefix, browsers take the cookie over https only and from no other host of the domain.
fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-rm_session" } else { "rm_session" }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use platform::names::TenantId;

    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; rm_session=token; b=2"));
        assert_eq!(cookie(&headers, "rm_session"), Some("token"));
        assert_eq!(cookie(&headers, "session"), None);
    }

    #[test]
    fn the_cookie_is_closed_to_scripts_and_other_sites() {
        let token = SessionToken::generate(TenantId::new(), SessionId::new()).unwrap();
        let plain = set_cookie(&token, false).unwrap();
        assert!(plain.to_str().unwrap().ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"));
        let secure = set_cookie(&token, true).unwrap();
        assert!(secure.to_str().unwrap().starts_with("__Host-rm_session="));
        assert!(secure.to_str().unwrap().ends_with("; Secure"));
    }
}
