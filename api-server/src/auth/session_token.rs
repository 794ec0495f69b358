//! Session tokens: the secret that a browser keeps in its cookie and an API client uses to refresh.
//!
//! A token names its tenant and session, so that the row is found without a look beyond one tenant, and carries 32
//! random bytes of which the database knows only the hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::{
    digest::Sha256Digest,
    names::{SessionId, TenantId},
};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

/// A session token, as it is given out and as it comes back.
#[derive(Clone, Debug)]
pub struct SessionToken {
    /// The tenant of the session.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    text: SecretString,
}

impl SessionToken {
    /// A new token for `session` of `tenant`.
    pub fn generate(tenant: TenantId, session: SessionId) -> Result<Self, NoRandomness> {
        let mut secret = [0; SECRET_BYTES];
        SystemRandom::new().fill(&mut secret).map_err(|_unspecified| NoRandomness)?;
        let bytes = [tenant.as_uuid().as_bytes().as_slice(), session.as_uuid().as_bytes(), &secret].concat();
        Ok(Self { tenant, session, text: SecretString::from(URL_SAFE_NO_PAD.encode(bytes)) })
    }

    /// Reads a token that a client sent; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        if bytes.len() != 2 * ID_BYTES + SECRET_BYTES {
            return None;
        }
        let tenant = Uuid::from_slice(bytes.get(..ID_BYTES)?).ok()?;
        let session = Uuid::from_slice(bytes.get(ID_BYTES..2 * ID_BYTES)?).ok()?;
        Some(Self {
            tenant: TenantId::from_uuid(tenant),
            session: SessionId::from_uuid(session),
            text: SecretString::from(text),
        })
    }

    /// The token as text, for the client only.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// What the database stores. A fast hash is right here: 32 random bytes cannot be guessed.
    pub fn hash(&self) -> Sha256Digest {
        Sha256Digest::of(self.expose().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was_given_out() {
        let token = SessionToken::generate(TenantId::new(), SessionId::new()).unwrap();
        let back = SessionToken::parse(token.expose()).unwrap();
        assert_eq!((back.tenant, back.session, back.hash()), (token.tenant, token.session, token.hash()));
    }

    #[test]
    fn two_tokens_of_one_session_differ() {
        let (tenant, session) = (TenantId::new(), SessionId::new());
        let [a, b] = [(); 2].map(|()| SessionToken::generate(tenant, session).unwrap());
        assert_ne!(a.hash(), b.hash());
    }

    #[test]
    fn what_is_no_token_is_refused_and_none_shows_in_debug() {
        assert!(SessionToken::parse("").is_none());
        assert!(SessionToken::parse("YWJj").is_none());
        let token = SessionToken::generate(TenantId::new(), SessionId::new()).unwrap();
        assert!(!format!("{token:?}").contains(token.expose()));
    }
}
