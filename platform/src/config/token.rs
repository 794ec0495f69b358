//! The key that signs access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::SecretSlice;

use super::{ConfigError, Env};
use crate::env_vars::RM_TOKEN_KEY;

const MEND: &str = "at least 32 random bytes in base64, such as `openssl rand -base64 32` prints";

/// The signing key of local accounts' access tokens.
#[derive(Debug, Clone)]
pub struct TokenConfig {
    /// The key's bytes, at least 32.
    pub key: SecretSlice<u8>,
}

impl TokenConfig {
    /// Reads `RM_TOKEN_KEY`: base64, standard or URL-safe alphabet, padded or not.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let text = env.required(RM_TOKEN_KEY, MEND)?;
        let bytes = base64_bytes(text).ok_or_else(|| invalid("it is not base64".to_owned()))?;
        if bytes.len() < 32 {
            return Err(invalid(format!("it has {} bytes", bytes.len())));
        }
        Ok(Self { key: SecretSlice::from(bytes) })
    }
}

/// The bytes of `text` in base64: standard or URL-safe alphabet, padded or not.
pub(super) fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|alphabet| alphabet.decode(text).ok())
}

fn invalid(reason: String) -> ConfigError {
    ConfigError::Invalid { variable: RM_TOKEN_KEY, reason, mend: MEND }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_refused() {
        let error =
            TokenConfig::from_env(&Env::from_pairs([(RM_TOKEN_KEY, STANDARD.encode([7; 31]))])).unwrap_err();
        assert!(error.to_string().contains("it has 31 bytes"), "{error}");
    }
}
