//! Tokens of outside issuers: whose they are, if they are good.
//!
//! The configuration says which issuers are known, for whom their tokens must be, and by which kind of key they are signed.
//! A token chooses among the issuers that are known (by `iss`) and among the keys of its issuer (by `kid`), and nothing else.

mod keys;

use std::{sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, dangerous, decode_header};
use platform::{
    config::{IssuerConfig, IssuerKeys, IssuersConfig, SigningAlgorithm},
    digest::Sha256Digest,
    fetch::{Fetcher, Limits},
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

use super::{email::Email, jwt_provider};
pub use keys::KeyError;
use keys::KeySet;

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 30;
/// Most bytes of a token. Browsers and proxies take no longer headers.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Most characters of a person's name that are taken over.
const MAX_NAME_CHARACTERS: usize = 200;
/// How soon an issuer is asked again for a key that it does not have.
const PAUSE: Duration = Duration::from_secs(60);

/// The outside issuers of this installation. Clones share their keys.
#[derive(Clone, Default)]
pub struct OutsideIssuers(Arc<[Issuer]>);

struct Issuer {
    issuer: String,
    audience: String,
    keys: Keys,
}

enum Keys {
    Fetched(KeySet),
    Secret(DecodingKey),
}

/// Somebody whom an outside issuer knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Hash of the issuer and its name for the person.
    pub identity: Sha256Digest,
    /// The issuer, as it names itself.
    pub issuer: String,
    /// The e-mail address, if the token has one.
    pub email: Option<Email>,
    /// Whether the issuer says that it has verified the address.
    pub email_verified: bool,
    /// How the person is called, if the token says so.
    pub name: Option<String>,
    /// What tells this sign-in from others of the person: the issuer's session, or when the token was issued.
    pub session: String,
    /// When the token was issued, in seconds since 1970.
    pub issued_at: u64,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
}

/// Why a token is refused.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// It is none, or of an issuer that is not known.
    #[error("the token is of no issuer that is known")]
    Unknown,
    /// Its key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature or a claim is wrong.
    #[error("the token is not good")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// A claim that the specification leaves open and we need is missing or wrong.
    #[error("the claim {0} is missing or wrong")]
    Claim(&'static str),
}

/// The one claim that is read before the signature is checked: it chooses the issuer whose keys check it.
#[derive(Deserialize)]
struct Unchecked {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    iat: u64,
    exp: u64,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, alias = "sid")]
    session_id: Option<String>,
}

impl OutsideIssuers {
    /// The issuers of `config`. No key is fetched yet.
    ///
    /// # Errors
    /// When the TLS of the client that fetches keys cannot be set up.
    pub fn new(config: &IssuersConfig) -> Result<Self, reqwest::Error> {
        jwt_provider::install();
        let fetcher = Fetcher::with_limits(&config.fetch, Limits::KEYS)?;
        Ok(Self(config.issuers.iter().map(|issuer| Issuer::new(issuer, &fetcher)).collect()))
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// See [`OutsideError`]. Where an issuer has several entries, that of the last one.
    pub async fn check(&self, token: &str) -> Result<Person, OutsideError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(OutsideError::Unknown);
        }
        let named: Unchecked = dangerous::insecure_decode_claims(token).map_err(|_| OutsideError::Unknown)?;
        let header = decode_header(token)?;
        let mut refusal = OutsideError::Unknown;
        for issuer in self.0.iter().filter(|issuer| issuer.issuer == named.iss) {
            match issuer.check(token, &header).await {
                Ok(person) => return Ok(person),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

impl Issuer {
    fn new(config: &IssuerConfig, fetcher: &Fetcher) -> Self {
        let keys = match &config.keys {
            IssuerKeys::Jwks { url, algorithms } => {
                let algorithms = algorithms.iter().map(|algorithm| match algorithm {
                    SigningAlgorithm::Rs256 => Algorithm::RS256,
                    SigningAlgorithm::Es256 => Algorithm::ES256,
                });
                Keys::Fetched(KeySet::new(fetcher.clone(), url.clone(), algorithms.collect(), PAUSE))
            }
            IssuerKeys::Secret(secret) => {
                Keys::Secret(DecodingKey::from_secret(secret.expose_secret().as_bytes()))
            }
        };
        Self { issuer: config.issuer.clone(), audience: config.audience.clone(), keys }
    }

    async fn check(&self, token: &str, header: &Header) -> Result<Person, OutsideError> {
        // An extension that must be understood is not (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return Err(OutsideError::Claim("crit"));
        }
        let (algorithm, key) = match &self.keys {
            Keys::Secret(key) => (Algorithm::HS256, key.clone()),
            Keys::Fetched(keys) => {
                let key = keys.find(header.kid.as_deref(), header.alg).await?;
                (header.alg, key)
            }
        };
        // The algorithm of the configuration's kind of key alone; a key of another kind is refused once more below.
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)?.claims;
        person(claims)
    }
}

fn person(claims: Claims) -> Result<Person, OutsideError> {
    if claims.sub.is_empty() {
        return Err(OutsideError::Claim("sub"));
    }
    if claims.iat > jsonwebtoken::get_current_timestamp() + LEEWAY {
        return Err(OutsideError::Claim("iat"));
    }
    let email = claims.email.filter(|email| !email.is_empty());
    let email = email.map(|email| Email::parse(&email)).transpose();
    let email = email.map_err(|_invalid| OutsideError::Claim("email"))?;
    let name = claims.name.map(|name| name.trim().chars().take(MAX_NAME_CHARACTERS).collect::<String>());
    Ok(Person {
        // The issuer is a URL as a rule, and has no zero byte: so no two pairs make the same text.
        identity: Sha256Digest::of(format!("{}\0{}", claims.iss, claims.sub).as_bytes()),
        issuer: claims.iss,
        email,
        // Some write it as a text.
        email_verified: matches!(&claims.email_verified, Value::Bool(true))
            || claims.email_verified.as_str() == Some("true"),
        name: name.filter(|name| !name.is_empty()),
        session: claims.session_id.unwrap_or_else(|| claims.iat.to_string()),
        issued_at: claims.iat,
        expires_at: claims.exp,
    })
}

// Names and addresses must not reach a log by `{:?}`.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
