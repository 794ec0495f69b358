//! Time-based one-time passwords (RFC 6238 on RFC 4226: HMAC-SHA-1, 6 digits, 30 seconds), as authenticator apps make
//! them, and recovery codes.

use data_encoding::BASE32_NOPAD;
use platform::{digest::Sha256Digest, names::AccountId};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use url::Url;

use super::session_token::NoRandomness;

/// Seconds of a time step.
const STEP_SECONDS: u64 = 30;
/// Bytes of a secret (RFC 4226, 4, R6).
const SECRET_BYTES: usize = 20;
const DIGITS: u32 = 6;
/// Bytes of a recovery code: 80 bits cannot be guessed, so a fast hash is right for them.
const RECOVERY_BYTES: usize = 10;
/// How many recovery codes an account gets.
pub const RECOVERY_CODES: usize = 10;
/// How the issuer is called in the app.
const ISSUER: &str = "Resume Matcher";

/// The secret that an app and the service share.
pub struct TotpSecret(SecretSlice<u8>);

impl TotpSecret {
    /// A new secret.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(SecretSlice::from(random::<SECRET_BYTES>()?.to_vec())))
    }

    /// A secret as it was stored.
    pub fn from_bytes(bytes: SecretSlice<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The secret as people type it into an app: base32 without padding.
    pub fn as_text(&self) -> SecretString {
        SecretString::from(BASE32_NOPAD.encode(self.as_bytes()))
    }

    /// The address that apps read from a picture or a link.
    pub fn address(&self, email: &str) -> Option<SecretString> {
        let mut url = Url::parse("otpauth://totp/").ok()?;
        url.path_segments_mut().ok()?.clear().push(&format!("{ISSUER}:{email}"));
        let text = self.as_text();
        url.query_pairs_mut()
            .append_pair("secret", text.expose_secret())
            .append_pair("issuer", ISSUER)
            .append_pair("algorithm", "SHA1")
            .append_pair("digits", "6")
            .append_pair("period", "30");
        // Apps take a plus in the query for a plus, not for a space.
        let (label, query) = url.as_str().split_once('?')?;
        Some(SecretString::from(format!("{label}?{}", query.replace('+', "%20"))))
    }

    /// The time step whose code this is: the present one, or one before or after it for clocks that differ; never one up to
    /// `last_step`, which were taken already (RFC 6238, 5.2).
    pub fn step_of(&self, code: &str, now: u64, last_step: i64) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != DIGITS as usize || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let present = i64::try_from(now / STEP_SECONDS).ok()?;
        (present - 1..=present + 1)
            .filter(|step| *step > last_step)
            .find(|step| u64::try_from(*step).is_ok_and(|step| self.code(step) == code))
    }

    fn code(&self, step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.as_bytes());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        // Dynamic truncation (RFC 4226, 5.3): the last four bits say where the number begins.
        let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
        let bytes = tag.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; 4]);
        let number = u32::from_be_bytes(bytes) & 0x7fff_ffff;
        format!("{:06}", number % 10_u32.pow(DIGITS))
    }
}

/// A recovery code: four groups of four characters.
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// A new code.
    pub fn generate() -> Result<Self, NoRandomness> {
        let text = BASE32_NOPAD.encode(&random::<RECOVERY_BYTES>()?);
        let groups: Vec<String> =
            text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        Ok(Self(SecretString::from(groups.join("-"))))
    }

    /// A code as a person types it; none if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let plain = plain.to_ascii_uppercase();
        let bytes = BASE32_NOPAD.decode(plain.as_bytes()).ok()?;
        (bytes.len() == RECOVERY_BYTES).then(|| Self(SecretString::from(plain)))
    }

    /// The code as text, for the person only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the database stores. The account is part of it, so that one list serves no other.
    pub fn hash(&self, account: AccountId) -> Sha256Digest {
        let plain = self.expose().replace('-', "");
        Sha256Digest::of(&[account.as_uuid().as_bytes().as_slice(), plain.as_bytes()].concat())
    }
}

fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(SecretSlice::from(b"12345678901234567890".to_vec()))
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, SHA-1; the last six of its eight digits.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = i64::try_from(time / 30).unwrap();
            assert_eq!(secret().step_of(code, time, 0), Some(step), "{time}");
        }
    }

    #[test]
    fn a_code_is_taken_a_step_around_its_time_and_once() {
        let step = 1_111_111_109 / 30;
        let taken = |now, last| secret().step_of("081 804", now, last);
        assert_eq!(taken(1_111_111_109 + 30, 0), Some(step));
        assert_eq!(taken(1_111_111_109 - 30, 0), Some(step));
        assert_eq!(taken(1_111_111_109 + 61, 0), None);
        assert_eq!(taken(1_111_111_109, step), None, "replayed");
        assert_eq!(taken(1_111_111_109, step - 1), Some(step));
        for wrong in ["", "08180", "0818044", "o81804", "081805"] {
            assert_eq!(secret().step_of(wrong, 1_111_111_109, 0), None, "{wrong}");
        }
    }

    #[test]
    fn the_address_is_one_that_apps_read() {
        let address = secret().address("ann+cv@example.org").unwrap();
        let address = address.expose_secret();
        assert!(address.starts_with("otpauth://totp/Resume%20Matcher:ann+cv@example.org?"), "{address}");
        assert!(address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{address}");
        assert!(address.contains("issuer=Resume%20Matcher"), "{address}");
    }

    #[test]
    fn a_recovery_code_comes_back_however_it_is_typed() {
        let account = AccountId::new();
        let code = RecoveryCode::generate().unwrap();
        assert_eq!(code.expose().len(), 19);
        let typed = code.expose().to_lowercase().replace('-', " ");
        assert_eq!(RecoveryCode::parse(&typed).unwrap().hash(account), code.hash(account));
        assert_ne!(code.hash(account), code.hash(AccountId::new()));
        assert!(RecoveryCode::parse("123456").is_none());
    }
}
