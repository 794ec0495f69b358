//! Tokens of sessions, API keys, invitations and mails: the secrets that browsers, programs and people keep.
//!
//! A token names whose row it is (a tenant's or an account's) and which, so that the row is found without a look beyond
//! that owner, and carries 32 random bytes of which the database knows only the hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::{
    digest::Sha256Digest,
    names::{AccountId, ApiKeyId, SessionId, TenantId},
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

/// How a token that was sent by mail begins.
const MAIL_PREFIX: &str = "rmm_";

/// A secret that names a row of a tenant or an account.
#[derive(Clone, Debug)]
pub struct RowToken {
    /// The tenant or account.
    pub owner: Uuid,
    /// The row.
    pub row: Uuid,
    text: SecretString,
}

impl RowToken {
    /// A new token for `row` of `owner`.
    pub fn generate(prefix: &str, owner: Uuid, row: Uuid) -> Result<Self, NoRandomness> {
        let mut secret = [0; SECRET_BYTES];
        SystemRandom::new().fill(&mut secret).map_err(|_unspecified| NoRandomness)?;
        let bytes = [owner.as_bytes().as_slice(), row.as_bytes(), &secret].concat();
        Ok(Self { owner, row, text: SecretString::from(prefix.to_owned() + &URL_SAFE_NO_PAD.encode(bytes)) })
    }

    /// Reads a token that a client sent; none if it cannot be one.
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?;
        if bytes.len() != 2 * ID_BYTES + SECRET_BYTES {
            return None;
        }
        let owner = Uuid::from_slice(bytes.get(..ID_BYTES)?).ok()?;
        let row = Uuid::from_slice(bytes.get(ID_BYTES..2 * ID_BYTES)?).ok()?;
        Some(Self { owner, row, text: SecretString::from(text) })
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
        Ok(Self { tenant, session, token: RowToken::generate("", tenant.as_uuid(), session.as_uuid())? })
    }

    /// Reads a token that a client sent; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let token = RowToken::parse("", text)?;
        Some(Self {
            tenant: TenantId::from_uuid(token.owner),
            session: SessionId::from_uuid(token.row),
            token,
        })
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
        Ok(Self { tenant, id, token: RowToken::generate(API_KEY_PREFIX, tenant.as_uuid(), id.as_uuid())? })
    }

    /// Reads a key that a client sent; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let token = RowToken::parse(API_KEY_PREFIX, text)?;
        Some(Self { tenant: TenantId::from_uuid(token.owner), id: ApiKeyId::from_uuid(token.row), token })
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

/// A token that was sent by mail to an account's address.
#[derive(Clone, Debug)]
pub struct AccountToken {
    /// The account.
    pub account: AccountId,
    /// The row.
    pub id: Uuid,
    token: RowToken,
}

impl AccountToken {
    /// A new token of `account`.
    pub fn generate(account: AccountId) -> Result<Self, NoRandomness> {
        let id = Uuid::now_v7();
        Ok(Self { account, id, token: RowToken::generate(MAIL_PREFIX, account.as_uuid(), id)? })
    }

    /// Reads a token that a client sent; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let token = RowToken::parse(MAIL_PREFIX, text)?;
        Some(Self { account: AccountId::from_uuid(token.owner), id: token.row, token })
    }

    /// The token as text, for the mail only.
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
