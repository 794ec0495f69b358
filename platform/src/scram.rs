//! Password verifiers in Postgres' own format, so that a password never reaches the server's log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

/// Postgres' own count (`scram_iterations`).
const ITERATIONS: u32 = 4096;

/// The `SCRAM-SHA-256` verifier of `password` as `ALTER ROLE … PASSWORD` takes it (RFC 5802, RFC 7677).
///
/// The password is taken as it is: SASLprep changes nothing in ASCII, of which generated passwords consist, and
/// Postgres itself falls back to the raw bytes where SASLprep forbids a character.
pub fn verifier(password: &SecretString, salt: [u8; 16]) -> String {
    let salted = salted_password(password.expose_secret().as_bytes(), &salt);
    let stored_key = Sha256::digest(mac(&salted, b"Client Key"));
    let server_key = mac(&salted, b"Server Key");
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored_key),
        STANDARD.encode(server_key)
    )
}

/// PBKDF2 with HMAC-SHA-256 and an output of one block.
fn salted_password(password: &[u8], salt: &[u8]) -> [u8; 32] {
    let mut block = mac(password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut result = block;
    for _ in 1..ITERATIONS {
        block = mac(password, &block);
        result.iter_mut().zip(block).for_each(|(out, byte)| *out ^= byte);
    }
    result
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new(&block_key(key).into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The key as HMAC defines it for SHA-256: hashed when longer than a block of 64 bytes, then filled up with zeros.
fn block_key(key: &[u8]) -> [u8; 64] {
    let hashed: [u8; 32];
    let short = if key.len() > 64 {
        hashed = Sha256::digest(key).into();
        &hashed[..]
    } else {
        key
    };
    let mut block = [0; 64];
    block.iter_mut().zip(short).for_each(|(out, byte)| *out = *byte);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3: user "user", password "pencil".
    #[test]
    fn agrees_with_the_rfc() {
        let salt: [u8; 16] = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        let verifier = verifier(&SecretString::from("pencil"), salt);
        assert_eq!(
            verifier,
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }
}
