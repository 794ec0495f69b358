//! Tokens of sessions and API keys: the secrets that browsers and programs keep.
//!
//! A token names its tenant and its row, so that the row is found without a look beyond one tenant, and carries 32 random
//! bytes of which the database knows only the hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::{
    digest::Sha256Digest,
    names::{ApiKeyId, SessionId, TenantId},
};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// How an API key begins, so that people and scanners of leaked secrets know one when they see it.
pub const API_KEY_PREFIX: &str = "rmk_";

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

/// A secret that names a row of a tenant.
#[derive(Clone, Debug)]
pub struct RowToken {
    /// The tenant.
    pub tenant: TenantId,
    /// The row.
    pub row: Uuid,
    text: SecretString,
}

impl RowToken {
    /// A new token for `row` of `tenant`.
    pub fn generate(prefix: &str, tenant: TenantId, row: Uuid) -> Result<Self, NoRandomness> {
        let mut secret = [0; SECRET_BYTES];
        SystemRandom::new().fill(&mut secret).map_err(|_unspecified| NoRandomness)?;
        let bytes = [tenant.as_uuid().as_bytes().as_slice(), row.as_bytes(), &secret].concat();
        Ok(Self { tenant, row, text: SecretString::from(prefix.to_owned() + &URL_SAFE_NO_PAD.encode(bytes)) })
    }

    /// Reads a token that a client sent; none if it cannot be one.
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?;
        if bytes.len() != 2 * ID_BYTES + SECRET_BYTES {
            return None;
        }
        let tenant = Uuid::from_slice(bytes.get(..ID_BYTES)?).ok()?;
        let row = Uuid::from_slice(bytes.get(ID_BYTES..2 * ID_BYTES)?).ok()?;
        Some(Self { tenant: TenantId::from_uuid(tenant), row, text: SecretString::from(text) })
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

/// A session token, as it is given out and as it comes back.
#[derive(Clone, Debug)]
pub struct SessionToken {
    /// The tenant of the session.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    token: RowToken,
}

impl SessionToken {
    /// A new token for `session` of `tenant`.
    pub fn generate(tenant: TenantId, session: SessionId) -> Result<Self, NoRandomness> {
        Ok(Self { tenant, session, token: RowToken::generate("", tenant, session.as_uuid())? })
    }

    /// Reads a token that a client sent; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let token = RowToken::parse("", text)?;
        Some(Self { tenant: token.tenant, session: SessionId::from_uuid(token.row), token })
    }

    /// The token as text, for the client only.
    pub fn expose(&self) -> &str {
        self.token.expose()
    }

    /// What the database stores.
    pub fn hash(&self) -> Sha256Digest {
        self.token.hash()
    }
}

/// An API key, as it is given out and as it comes back.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The tenant of the key.
    pub tenant: TenantId,
    /// The key.
    pub id: ApiKeyId,
    token: RowToken,
}

impl ApiKey {
    /// A new key of `tenant`.
    pub fn generate(tenant: TenantId) -> Result<Self, NoRandomness> {
        let id = ApiKeyId::new();
        Ok(Self { tenant, id, token: RowToken::generate(API_KEY_PREFIX, tenant, id.as_uuid())? })
    }

    /// Reads a key that a client sent; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let token = RowToken::parse(API_KEY_PREFIX, text)?;
        Some(Self { tenant: token.tenant, id: ApiKeyId::from_uuid(token.row), token })
    }

    /// The key as text, for the client only.
    pub fn expose(&self) -> &str {
        self.token.expose()
    }

    /// What the database stores.
    pub fn hash(&self) -> Sha256Digest {
        self.token.hash()
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
        let key = ApiKey::generate(TenantId::new()).unwrap();
        let back = ApiKey::parse(key.expose()).unwrap();
        assert_eq!((back.tenant, back.id, back.hash()), (key.tenant, key.id, key.hash()));
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
        // Neither is taken for the other.
        let key = ApiKey::generate(TenantId::new()).unwrap();
        assert!(SessionToken::parse(key.expose()).is_none());
        assert!(ApiKey::parse(token.expose()).is_none());
    }
}
