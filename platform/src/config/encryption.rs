//! The keys that seal secrets at rest.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

use super::token::base64_bytes;
use super::{ConfigError, Env, TokenConfig};
use crate::env_vars::RM_ENCRYPTION_KEYS;

const MEND: &str = "a comma-separated list of keys as `openssl rand -base64 32` prints, the newest first";

/// Keys of 32 bytes; the first one seals, all of them open.
#[derive(Debug, Clone)]
pub struct EncryptionConfig {
    /// The keys, never empty.
    pub keys: Vec<SecretSlice<u8>>,
}

impl EncryptionConfig {
    /// Reads `RM_ENCRYPTION_KEYS`. A key made from `RM_TOKEN_KEY` comes last, or alone: so an installation has a key from
    /// the beginning, and what was sealed before others were set stays open.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let mut keys = Vec::new();
        for text in env.optional(RM_ENCRYPTION_KEYS).unwrap_or_default().split(',').map(str::trim) {
            if text.is_empty() {
                continue;
            }
            let bytes = base64_bytes(text).ok_or_else(|| invalid("a key is not base64".to_owned()))?;
            if bytes.len() != 32 {
                return Err(invalid(format!("a key has {} bytes and not 32", bytes.len())));
            }
            keys.push(SecretSlice::from(bytes));
        }
        keys.push(derived(&TokenConfig::from_env(env)?)?);
        Ok(Self { keys })
    }
}

// A key of its own purpose, so that neither use of the token key tells anything of the other.
fn derived(token: &TokenConfig) -> Result<SecretSlice<u8>, ConfigError> {
    let mac = Hmac::<Sha256>::new_from_slice(token.key.expose_secret());
    let mut mac = mac.map_err(|error| invalid(error.to_string()))?;
    mac.update(b"encryption at rest");
    Ok(SecretSlice::from(mac.finalize().into_bytes().to_vec()))
}

fn invalid(reason: String) -> ConfigError {
    ConfigError::Invalid { variable: RM_ENCRYPTION_KEYS, reason, mend: MEND }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::env_vars::RM_TOKEN_KEY;

    #[test]
    fn the_key_of_the_beginning_stays_behind_those_that_are_set() {
        let token = STANDARD.encode([7; 32]);
        let alone = EncryptionConfig::from_env(&Env::from_pairs([(RM_TOKEN_KEY, token.clone())])).unwrap();
        let set = format!("{}, {}", STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let env = Env::from_pairs([(RM_TOKEN_KEY, token), (RM_ENCRYPTION_KEYS, set)]);
        let keys = EncryptionConfig::from_env(&env).unwrap().keys;
        assert_eq!((keys[0].expose_secret(), keys[1].expose_secret()), (&[1; 32][..], &[2; 32][..]));
        assert_eq!(keys[2].expose_secret(), alone.keys[0].expose_secret());
        assert_ne!(alone.keys[0].expose_secret(), [7; 32]);
    }

    #[test]
    fn a_short_key_is_refused_without_being_repeated() {
        let short = STANDARD.encode([1; 16]);
        let env =
            Env::from_pairs([(RM_TOKEN_KEY, STANDARD.encode([7; 32])), (RM_ENCRYPTION_KEYS, short.clone())]);
        let error = EncryptionConfig::from_env(&env).unwrap_err().to_string();
        assert!(error.contains("a key has 16 bytes") && !error.contains(&short), "{error}");
    }
}
