//! Access tokens: short-lived JWTs that name the account, its tenant and the session they came from.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::jwt_provider;

/// How long an access token is good for. Sign-out ends it at once, because the session is looked up as well.
pub const LIFETIME: Duration = Duration::from_secs(3600);
/// The audience of our tokens: this API and nothing else that may share the key.
const AUDIENCE: &str = "resume-matcher-api";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who made the token: the installation.
    pub iss: String,
    /// For whom: this API.
    pub aud: String,
    /// The account.
    pub sub: Uuid,
    /// The tenant whose rows the account works on.
    pub tenant: Uuid,
    /// The session that the token came from.
    pub sid: Uuid,
    /// When it was made, in seconds since 1970.
    pub iat: u64,
    /// When it ends, in seconds since 1970.
    pub exp: u64,
}

/// Why a token was not made or not believed.
#[derive(Debug, thiserror::Error)]
#[error("the access token cannot be {act}")]
pub struct TokenError {
    act: &'static str,
    source: jsonwebtoken::errors::Error,
}

/// Makes and checks access tokens of one installation. Clones share the keys: each request takes one.
#[derive(Clone)]
pub struct TokenSigner(Arc<Keys>);

struct Keys {
    issuer: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl TokenSigner {
    /// A signer for the installation `issuer` with the secret `key` (at least 32 bytes).
    pub fn new(issuer: &str, key: &[u8]) -> Self {
        jwt_provider::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Replicas share a clock to well under this.
        validation.leeway = 5;
        Self(Arc::new(Keys {
            issuer: issuer.to_owned(),
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
        }))
    }

    /// A token for `account` of `tenant` in `session`, made at `now` (seconds since 1970).
    pub fn issue(&self, account: Uuid, tenant: Uuid, session: Uuid, now: u64) -> Result<String, TokenError> {
        let claims = Claims {
            iss: self.0.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: account,
            tenant,
            sid: session,
            iat: now,
            exp: now + LIFETIME.as_secs(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.0.encoding)
            .map_err(|source| TokenError { act: "made", source })
    }

    /// The claims of `token`, if it is ours and still good.
    pub fn check(&self, token: &str) -> Result<Claims, TokenError> {
        jsonwebtoken::decode::<Claims>(token, &self.0.decoding, &self.0.validation)
            .map(|data| data.claims)
            .map_err(|source| TokenError { act: "believed", source })
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::errors::ErrorKind;

    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn now() -> u64 {
        jsonwebtoken::get_current_timestamp()
    }

    fn refusal(signer: &TokenSigner, token: &str) -> ErrorKind {
        signer.check(token).unwrap_err().source.into_kind()
    }

    #[test]
    fn a_token_says_what_was_put_in() {
        let signer = TokenSigner::new("sample", KEY);
        let (account, tenant, session) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let claims = signer.check(&signer.issue(account, tenant, session, now()).unwrap()).unwrap();
        assert_eq!((claims.sub, claims.tenant, claims.sid), (account, tenant, session));
        assert_eq!(claims.exp - claims.iat, 3600);
    }

    #[test]
    fn tokens_of_another_installation_or_key_are_refused() {
        let signer = TokenSigner::new("sample", KEY);
        let id = Uuid::now_v7();
        let other_key =
            TokenSigner::new("sample", b"another key of thirty-two bytes!").issue(id, id, id, now()).unwrap();
        assert_eq!(refusal(&signer, &other_key), ErrorKind::InvalidSignature);
        let other_issuer = TokenSigner::new("other", KEY).issue(id, id, id, now()).unwrap();
        assert_eq!(refusal(&signer, &other_issuer), ErrorKind::InvalidIssuer);
    }

    #[test]
    fn an_old_token_is_refused() {
        let signer = TokenSigner::new("sample", KEY);
        let id = Uuid::now_v7();
        let token = signer.issue(id, id, id, now() - 3600 - 60).unwrap();
        assert_eq!(refusal(&signer, &token), ErrorKind::ExpiredSignature);
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        let signer = TokenSigner::new("sample", KEY);
        let id = Uuid::now_v7();
        let token = signer.issue(id, id, id, now()).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"JWT"}
        assert!(signer.check(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")).is_err());
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        assert!(signer.check(&format!("{unsigned}.AAAA")).is_err());
    }
}
