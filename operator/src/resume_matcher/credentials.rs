//! Credentials of the embedded services and of the application: made once, kept in Secrets, never shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::model::Installation;

/// Key of the embedded database's Secret with the superuser's password.
pub const SUPERUSER_PASSWORD: &str = "superuserPassword";
/// Key of the embedded database's Secret with the application role's password.
pub const APP_PASSWORD: &str = "appPassword";
/// Key of the embedded cache's Secret with its password.
pub const PASSWORD: &str = "password";
/// Key of the storage Secrets with the access key's id.
pub const ACCESS_KEY_ID: &str = "accessKeyId";
/// Key of the storage Secrets with the access key itself.
pub const SECRET_ACCESS_KEY: &str = "secretAccessKey";
/// Key of the application's Secret with the key that signs tokens, in base64.
pub const TOKEN_KEY: &str = "tokenKey";

/// Key of the application's Secret with the token of those who run the installation.
pub const ADMIN_TOKEN: &str = "adminToken";

/// The machine gave no random bytes.
#[derive(Debug, Error)]
#[error("no random bytes for a new credential: {0}")]
pub struct NoRandomness(pub String);

/// Fills a buffer with random bytes.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> Result<(), NoRandomness> + 'a;

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// The text itself, to be put into a Secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[hidden]")
    }
}

/// The credentials Secrets as they are in the cluster.
#[derive(Clone, Debug, Default)]
pub struct Existing {
    /// `NAME-postgres`.
    pub postgres: Option<Secret>,
    /// `NAME-redis`.
    pub redis: Option<Secret>,
    /// `NAME-storage`.
    pub storage: Option<Secret>,
    /// `NAME-app`.
    pub app: Option<Secret>,
}

/// Every credential that an installation needs of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Signs access tokens.
    pub token_key: Hidden,
    /// Opens the part of the API that is for those who run the installation.
    pub admin_token: Hidden,
    /// Of the embedded database.
    pub postgres: Option<PostgresCredentials>,
    /// Of the embedded cache.
    pub redis: Option<Hidden>,
    /// Of the embedded object storage.
    pub storage: Option<StorageCredentials>,
}

/// Passwords of the embedded database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresCredentials {
    /// Of the superuser, who runs the migrations.
    pub superuser: Hidden,
    /// Of the role that the application uses.
    pub app: Hidden,
}

/// Access key of the embedded object storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageCredentials {
    /// Its id.
    pub access_key_id: Hidden,
    /// The key.
    pub secret_access_key: Hidden,
}

impl Credentials {
    /// Takes what exists and makes what is missing. A value that could not stand in a URL as it is counts as
    /// missing, since nothing here ever wrote one.
    ///
    /// # Errors
    /// When the machine gives no random bytes.
    pub fn complete(
        installation: &Installation,
        existing: &Existing,
        random: &mut Random<'_>,
    ) -> Result<Self, NoRandomness> {
        let mut keep_or_make =
            |secret: &Option<Secret>, key: &str, bytes: usize| -> Result<Hidden, NoRandomness> {
                match value(secret.as_ref(), key) {
                    Some(kept) => Ok(kept),
                    None => hex(bytes, random),
                }
            };
        let postgres = match installation.database.embedded() {
            Some(_) => Some(PostgresCredentials {
                superuser: keep_or_make(&existing.postgres, SUPERUSER_PASSWORD, 24)?,
                app: keep_or_make(&existing.postgres, APP_PASSWORD, 24)?,
            }),
            None => None,
        };
        let redis = match installation.cache.embedded() {
            Some(_) => Some(keep_or_make(&existing.redis, PASSWORD, 24)?),
            None => None,
        };
        let storage = match installation.object_storage.embedded() {
            Some(_) => Some(StorageCredentials {
                access_key_id: keep_or_make(&existing.storage, ACCESS_KEY_ID, 10)?,
                secret_access_key: keep_or_make(&existing.storage, SECRET_ACCESS_KEY, 24)?,
            }),
            None => None,
        };
        let admin_token = keep_or_make(&existing.app, ADMIN_TOKEN, 32)?;
        let token_key = match token_key(existing.app.as_ref()) {
            Some(kept) => kept,
            None => make_token_key(random)?,
        };
        Ok(Self { token_key, admin_token, postgres, redis, storage })
    }

    /// A hash of configuration that may contain secrets. It is keyed, so that a weak password cannot be guessed
    /// from an annotation or an object's name. 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self, parts: &[&[u8]]) -> String {
        let mut hash = Sha256::new();
        for part in [self.token_key.0.as_bytes()].iter().chain(parts) {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn text(secret: Option<&Secret>, key: &str) -> Option<String> {
    let data = secret?.data.as_ref()?;
    String::from_utf8(data.get(key)?.0.clone()).ok()
}

fn value(secret: Option<&Secret>, key: &str) -> Option<Hidden> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    text(secret, key)
        .filter(|text| (least(key)..=128).contains(&text.len()) && text.chars().all(plain))
        .map(Hidden)
}

/// Fewest characters: a token that anyone who reaches the API may try is a key and not a password.
fn least(key: &str) -> usize {
    if key == ADMIN_TOKEN { 32 } else { 8 }
}

fn token_key(secret: Option<&Secret>) -> Option<Hidden> {
    let long_enough = |text: &String| STANDARD.decode(text).is_ok_and(|bytes| bytes.len() >= 32);
    text(secret, TOKEN_KEY).filter(long_enough).map(Hidden)
}

fn make_token_key(random: &mut Random<'_>) -> Result<Hidden, NoRandomness> {
    let mut bytes = [0; 48];
    random(&mut bytes)?;
    Ok(Hidden(STANDARD.encode(bytes)))
}

fn hex(length: usize, random: &mut Random<'_>) -> Result<Hidden, NoRandomness> {
    let mut bytes = vec![0; length];
    random(&mut bytes)?;
    Ok(Hidden(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// Random bytes from the operating system.
///
/// # Errors
/// When it gives none.
pub fn system_random(buffer: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(buffer).map_err(|error| NoRandomness(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{credentials, external_installation, installation, secret};

    #[test]
    fn credentials_that_exist_are_kept_and_the_others_are_made() {
        let installation = installation(json!({}));
        let existing = Existing {
            postgres: Some(secret("acme-postgres", &[(APP_PASSWORD, "kept-password")])),
            ..Existing::default()
        };
        let credentials = Credentials::complete(&installation, &existing, &mut system_random).unwrap();
        let postgres = credentials.postgres.unwrap();
        assert_eq!(postgres.app.expose(), "kept-password");
        assert_eq!(postgres.superuser.expose().len(), 48);
        assert_eq!(STANDARD.decode(credentials.token_key.expose()).unwrap().len(), 48);
    }

    #[test]
    fn two_installations_never_share_a_credential() {
        let installation = installation(json!({}));
        let make = || Credentials::complete(&installation, &Existing::default(), &mut system_random).unwrap();
        assert_ne!(make(), make());
    }

    #[test]
    fn a_value_that_would_break_a_url_is_replaced() {
        let installation = installation(json!({}));
        for bad in ["short", "with@sign-in-it", "with space in it"] {
            let existing =
                Existing { redis: Some(secret("acme-redis", &[(PASSWORD, bad)])), ..Existing::default() };
            let credentials = Credentials::complete(&installation, &existing, &mut system_random).unwrap();
            assert_ne!(credentials.redis.unwrap().expose(), bad);
        }
    }

    #[test]
    fn external_services_get_no_credentials_of_ours() {
        let credentials = credentials(&external_installation());
        assert!(
            credentials.postgres.is_none() && credentials.redis.is_none() && credentials.storage.is_none()
        );
    }

    #[test]
    fn nothing_shows_a_credential() {
        let credentials = credentials(&installation(json!({})));
        let shown = format!("{credentials:?}");
        assert!(!shown.contains(credentials.token_key.expose()), "{shown}");
        assert!(!shown.contains(credentials.redis.as_ref().unwrap().expose()), "{shown}");
    }

    #[test]
    fn the_fingerprint_follows_every_part_and_the_key() {
        let one = credentials(&installation(json!({})));
        assert_eq!(one.fingerprint(&[b"a", b"b"]), one.fingerprint(&[b"a", b"b"]));
        assert_ne!(one.fingerprint(&[b"a", b"b"]), one.fingerprint(&[b"ab", b""]));
        let other = Credentials { token_key: Hidden("other".to_owned()), ..one.clone() };
        assert_ne!(one.fingerprint(&[b"a"]), other.fingerprint(&[b"a"]));
    }
}
