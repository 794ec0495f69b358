//! Password rules and argon2id hashing, kept off the async threads and bounded in memory.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

/// Fewest characters of a password. NIST SP 800-63B asks for 8; length is what counts, so we ask for more.
pub const MIN_CHARACTERS: usize = 10;
/// Most characters of a password: bounds the work of hashing it.
pub const MAX_CHARACTERS: usize = 256;
/// How long a request waits for its turn to hash before it is told to come back.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Passwords of enough length that are among the first that attackers try (from public lists of leaked passwords).
const COMMON: [&str; 20] = [
    "1234567890",
    "0123456789",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "qwertyuiop",
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "iloveyou123",
    "letmein1234",
    "welcome123",
    "welcome1234",
    "adminadmin",
    "administrator",
    "changeme123",
    "football123",
    "qwerty123456",
    "12345678910",
    "123456789a",
];

/// Why a password is not acceptable; the text is for the person who chose it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WeakPassword {
    /// Fewer than [`MIN_CHARACTERS`] characters.
    #[error("The password has {0} characters; use at least {MIN_CHARACTERS}. A few words in a row are good.")]
    TooShort(usize),
    /// More than [`MAX_CHARACTERS`] characters.
    #[error("The password has {0} characters; use at most {MAX_CHARACTERS}.")]
    TooLong(usize),
    /// Hardly any different characters.
    #[error("The password repeats fewer than 4 different characters; mix in more.")]
    Monotonous,
    /// On the list of passwords that are tried first.
    #[error("This password is among the first that attackers try; choose another.")]
    Common,
    /// It is made from the account's e-mail address.
    #[error("The password contains the name in the e-mail address; choose one that does not.")]
    ContainsEmail,
}

/// Why hashing did not take place.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many others are being hashed; the request should come back later.
    #[error("no turn for hashing within {MAX_WAIT:?}")]
    Busy,
    /// The stored hash is damaged or of an unknown kind.
    #[error("the stored password hash cannot be used")]
    Hash(#[from] argon2::password_hash::Error),
    /// The stored hash is not a PHC string.
    #[error("the stored password hash is not a PHC string")]
    Format(#[from] argon2::password_hash::phc::Error),
    /// The thread that hashes ended early.
    #[error("the hashing thread failed")]
    Thread(#[from] tokio::task::JoinError),
}

/// Checks `password` against the rules. `email` is the normalised address of the account.
pub fn check_password(password: &SecretString, email: &str) -> Result<(), WeakPassword> {
    let password = password.expose_secret();
    let characters = password.chars().count();
    if characters < MIN_CHARACTERS {
        return Err(WeakPassword::TooShort(characters));
    }
    if characters > MAX_CHARACTERS {
        return Err(WeakPassword::TooLong(characters));
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 4 {
        return Err(WeakPassword::Monotonous);
    }
    let lower = password.to_lowercase();
    if COMMON.contains(&lower.as_str()) {
        return Err(WeakPassword::Common);
    }
    // A very short name ("al") is part of many good passwords.
    let name = email.split('@').next().unwrap_or_default();
    if name.len() >= 4 && lower.contains(name) {
        return Err(WeakPassword::ContainsEmail);
    }
    Ok(())
}

/// Hashes and verifies passwords with argon2id (OWASP's parameters: 19 MiB, 2 passes, 1 lane).
#[derive(Clone, Debug)]
pub struct PasswordHasher {
    turns: Arc<Semaphore>,
    // Verified against when the account does not exist, so that both answers take the same time.
    decoy: Arc<str>,
}

impl PasswordHasher {
    /// A hasher that lets `at_once` passwords be hashed at the same time (19 MiB and one core each).
    pub fn new(at_once: usize) -> Result<Self, PasswordError> {
        let decoy = Argon2::default().hash_password(uuid::Uuid::new_v4().as_bytes())?.to_string();
        Ok(Self { turns: Arc::new(Semaphore::new(at_once.max(1))), decoy: decoy.into() })
    }

    /// The PHC string of `password` with a salt of its own.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.in_turn(move || {
            Ok(Argon2::default().hash_password(password.expose_secret().as_bytes())?.to_string())
        })
        .await
    }

    /// Whether `password` belongs to `stored`; without a stored hash the answer is no, after the same work.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let decoy = Arc::clone(&self.decoy);
        self.in_turn(move || {
            let known = stored.is_some();
            let phc = PasswordHash::new(stored.as_deref().unwrap_or(&decoy))?;
            match Argon2::default().verify_password(password.expose_secret().as_bytes(), &phc) {
                Ok(()) => Ok(known),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_elapsed| PasswordError::Busy)?
            .map_err(|_closed| PasswordError::Busy)?;
        // The turn moves into the thread: a client that hangs up does not let another one in early.
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), WeakPassword> {
        check_password(&SecretString::from(password), "margaret@example.org")
    }

    #[test]
    fn a_sentence_of_words_is_accepted() {
        assert_eq!(check("correct horse battery"), Ok(()));
    }

    #[test]
    fn weak_passwords_are_refused_with_their_reason() {
        assert_eq!(check("short"), Err(WeakPassword::TooShort(5)));
        assert_eq!(check(&"abcde".repeat(60)), Err(WeakPassword::TooLong(300)));
        assert_eq!(check("aabbaabbaabb"), Err(WeakPassword::Monotonous));
        assert_eq!(check("Password123"), Err(WeakPassword::Common));
        assert_eq!(check("Margaret-1975"), Err(WeakPassword::ContainsEmail));
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(check("пароль"), Err(WeakPassword::TooShort(6)));
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let hasher = PasswordHasher::new(2).unwrap();
        let hash = hasher.hash("correct horse battery".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse battery".into(), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify("correct horse batterz".into(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_account_never_verifies() {
        let hasher = PasswordHasher::new(1).unwrap();
        assert!(!hasher.verify("anything at all".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_refusal() {
        let hasher = PasswordHasher::new(1).unwrap();
        assert!(hasher.verify("anything at all".into(), Some("plain".into())).await.is_err());
    }
}
