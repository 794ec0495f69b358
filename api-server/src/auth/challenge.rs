//! What stands between password and code at the sign-in page: a signed note that this account's password was right.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::names::AccountId;
use ring::hmac;
use uuid::Uuid;

/// For how many seconds the note is good: as long as it takes to find the telephone.
const LIFETIME_SECONDS: u64 = 300;
const ID_BYTES: usize = 16;
const TIME_BYTES: usize = 8;

/// A note for `account`, made at `now` (seconds since 1970).
pub fn issue(key: &hmac::Key, account: AccountId, now: u64) -> String {
    let until = (now + LIFETIME_SECONDS).to_be_bytes();
    let said = [account.as_uuid().as_bytes().as_slice(), &until].concat();
    let tag = hmac::sign(key, &said);
    URL_SAFE_NO_PAD.encode([said.as_slice(), tag.as_ref()].concat())
}

/// The account of a note of ours that is still good at `now`.
pub fn check(key: &hmac::Key, text: &str, now: u64) -> Option<AccountId> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (said, tag) = bytes.split_at_checked(ID_BYTES + TIME_BYTES)?;
    hmac::verify(key, said, tag).ok()?;
    let (account, until) = said.split_at_checked(ID_BYTES)?;
    let until = u64::from_be_bytes(until.try_into().ok()?);
    (now <= until).then(|| Uuid::from_slice(account).ok().map(AccountId::from_uuid))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_good_for_its_account_and_time() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let account = AccountId::new();
        let note = issue(&key, account, 1000);
        assert_eq!(check(&key, &note, 1300), Some(account));
        assert_eq!(check(&key, &note, 1301), None);
        let other = hmac::Key::new(hmac::HMAC_SHA256, b"other");
        assert_eq!(check(&other, &note, 1000), None);
        let mut forged = URL_SAFE_NO_PAD.decode(&note).unwrap();
        forged[ID_BYTES + TIME_BYTES - 1] ^= 0xff;
        assert_eq!(check(&key, &URL_SAFE_NO_PAD.encode(forged), 1000), None);
        assert_eq!(check(&key, "", 1000), None);
    }
}
