//! Secrets at rest: envelope encryption with keys that can be replaced.
//!
//! Each value is encrypted under a data key of its own (AES-256-GCM), and the data key under the first key of the ring.
//! Replacing that key wraps data keys anew and leaves the values as they are. The context (what the value is and of which
//! row) is authenticated, so a sealed value moved to another row or column does not open.
//!
//! Layout: version (1 byte, 1), id of the wrapping key (4), nonce (12), wrapped data key (32 + 16), nonce (12), value + tag
//! (16). The id is the beginning of the key's SHA-256.

use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretSlice};

use crate::config::EncryptionConfig;

const VERSION: u8 = 1;
const KEY_LEN: usize = 32;
const ID_LEN: usize = 4;
const TAG_LEN: usize = 16;
const WRAPPED_LEN: usize = KEY_LEN + TAG_LEN;
/// Authenticated with a wrapped data key, so that it is never taken for a value.
const WRAPPING: &[u8] = b"data key";

/// Why a value was not sealed or opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Randomness,
    /// A key is not 32 bytes long, or the ring is empty.
    #[error("an encryption key must have 32 bytes, and there must be one")]
    Key,
    /// What was read is no sealed value of this version.
    #[error("the stored value is not a sealed one")]
    Format,
    /// The key is not in the ring.
    #[error(
        "the stored value was sealed by a key that is not in RM_ENCRYPTION_KEYS; put it back at the end of the list"
    )]
    UnknownKey,
    /// The value was changed, or moved from elsewhere.
    #[error("the stored value was changed or belongs elsewhere")]
    Damaged,
}

struct WrappingKey {
    id: [u8; ID_LEN],
    key: LessSafeKey,
}

/// The keys of an installation: the first one seals, all of them open. Clones share them.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<[WrappingKey]>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

/// A sealed value taken apart.
struct Parts<'a> {
    id: [u8; ID_LEN],
    wrap_nonce: [u8; NONCE_LEN],
    wrapped: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a [u8]) -> Option<Self> {
        let (version, sealed) = sealed.split_first()?;
        let (id, sealed) = sealed.split_at_checked(ID_LEN)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let (wrapped, rest) = sealed.split_at_checked(WRAPPED_LEN)?;
        let (id, wrap_nonce) = (id.try_into().ok()?, nonce.try_into().ok()?);
        (*version == VERSION).then_some(Self { id, wrap_nonce, wrapped, rest })
    }
}

impl Keyring {
    /// The keys of the configuration.
    ///
    /// # Errors
    /// When a key has a wrong length or there is none.
    pub fn new(config: &EncryptionConfig) -> Result<Self, SealError> {
        let key_of = |bytes: &SecretSlice<u8>| {
            let id = digest(&SHA256, bytes.expose_secret());
            let id = id.as_ref().get(..ID_LEN).and_then(|id| id.try_into().ok()).ok_or(SealError::Key)?;
            Ok(WrappingKey { id, key: aead_key(bytes.expose_secret())? })
        };
        let keys: Vec<WrappingKey> = config.keys.iter().map(key_of).collect::<Result<_, SealError>>()?;
        if keys.is_empty() {
            return Err(SealError::Key);
        }
        Ok(Self { keys: keys.into() })
    }

    /// Encrypts `plain` for `context`, which must be given again to open it.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let data_key: [u8; KEY_LEN] = random()?;
        let mut sealed = self.wrap(&data_key)?;
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut value = plain.to_vec();
        aead_key(&data_key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut value,
            )
            .map_err(|_unspecified| SealError::Key)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&value);
        Ok(sealed)
    }

    /// Decrypts what was sealed for `context`.
    ///
    /// # Errors
    /// When it is damaged, belongs to another context, or its key is not in the ring.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<SecretSlice<u8>, SealError> {
        let parts = Parts::of(sealed).ok_or(SealError::Format)?;
        let data_key = self.unwrap(&parts)?;
        let (nonce, value) = parts.rest.split_at_checked(NONCE_LEN).ok_or(SealError::Format)?;
        open_with(&aead_key(data_key.expose_secret())?, nonce, context.as_bytes(), value)
    }

    /// The same value with its data key under the first key of the ring; `None` when it is so already.
    ///
    /// # Errors
    /// When its key is not in the ring or it is damaged.
    pub fn rewrap(&self, sealed: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        let parts = Parts::of(sealed).ok_or(SealError::Format)?;
        if self.keys.first().is_some_and(|key| key.id == parts.id) {
            return Ok(None);
        }
        let data_key = self.unwrap(&parts)?;
        let mut again = self.wrap(data_key.expose_secret())?;
        again.extend_from_slice(parts.rest);
        Ok(Some(again))
    }

    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, SealError> {
        let first = self.keys.first().ok_or(SealError::Key)?;
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut wrapped = data_key.to_vec();
        first
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(WRAPPING), &mut wrapped)
            .map_err(|_unspecified| SealError::Key)?;
        Ok([&[VERSION][..], &first.id, &nonce, &wrapped].concat())
    }

    fn unwrap(&self, parts: &Parts<'_>) -> Result<SecretSlice<u8>, SealError> {
        let key = self.keys.iter().find(|key| key.id == parts.id).ok_or(SealError::UnknownKey)?;
        open_with(&key.key, &parts.wrap_nonce, WRAPPING, parts.wrapped)
    }
}

fn open_with(
    key: &LessSafeKey,
    nonce: &[u8],
    aad: &[u8],
    value: &[u8],
) -> Result<SecretSlice<u8>, SealError> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_unspecified| SealError::Format)?;
    let mut value = value.to_vec();
    let length = key
        .open_in_place(nonce, Aad::from(aad), &mut value)
        .map_err(|_unspecified| SealError::Damaged)?
        .len();
    value.truncate(length);
    Ok(SecretSlice::from(value))
}

fn aead_key(bytes: &[u8]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_unspecified| SealError::Key)
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| SealError::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring_of(keys: &[u8]) -> Keyring {
        let keys = keys.iter().map(|byte| SecretSlice::from(vec![*byte; KEY_LEN])).collect();
        Keyring::new(&EncryptionConfig { keys }).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_context_only() {
        let ring = ring_of(&[1]);
        let sealed = ring.seal("totp:1", b"secret").unwrap();
        assert_eq!(ring.open("totp:1", &sealed).unwrap().expose_secret(), b"secret");
        assert_eq!(ring.open("totp:2", &sealed).unwrap_err(), SealError::Damaged);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_ne!(
            sealed,
            ring.seal("totp:1", b"secret").unwrap(),
            "the same value looks different each time"
        );
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let ring = ring_of(&[1]);
        let sealed = ring.seal("c", b"secret").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(ring.open("c", &changed).is_err(), "byte {index}");
            assert!(ring.open("c", &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn keys_are_replaced_one_after_the_other() {
        let sealed = ring_of(&[1]).seal("c", b"secret").unwrap();
        let both = ring_of(&[2, 1]);
        assert_eq!(both.open("c", &sealed).unwrap().expose_secret(), b"secret");
        let again = both.rewrap(&sealed).unwrap().unwrap();
        assert_eq!(both.rewrap(&again).unwrap(), None);
        let new = ring_of(&[2]);
        assert_eq!(new.open("c", &again).unwrap().expose_secret(), b"secret");
        assert_eq!(new.open("c", &sealed).unwrap_err(), SealError::UnknownKey);
    }

    #[test]
    fn a_ring_without_keys_or_with_a_short_one_is_refused() {
        let none = EncryptionConfig { keys: Vec::new() };
        assert_eq!(Keyring::new(&none).unwrap_err(), SealError::Key);
        let short = EncryptionConfig { keys: vec![SecretSlice::from(vec![1; 31])] };
        assert_eq!(Keyring::new(&short).unwrap_err(), SealError::Key);
    }
}
