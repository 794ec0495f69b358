//! The few things that are read of certificates and that rustls does not tell: names and the end. Pure.
//!
//! Distinguished Encoding Rules (X.690), as far as RFC 5280 needs them.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const IDENTIFIER: u8 = 0x06;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which may be absent: `[0]`, explicit.
const VERSION: u8 = 0xa0;

/// Content of the first element, which must have this tag, and what is after it.
pub(crate) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_at_checked(2)?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        // Longer than any certificate that a TLS handshake can carry.
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// When a certificate ends (`notAfter`, RFC 5280, 4.1.2.5); none: it is no certificate.
#[must_use]
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (signed, _) = element(certificate, SEQUENCE)?;
    let signed = element(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_serial, rest) = element(signed, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_from, rest) = element(validity, *validity.first()?)?;
    let tag = *rest.first()?;
    let (until, _) = element(rest, tag)?;
    time(tag, std::str::from_utf8(until).ok()?)
}

/// A moment: `YYMMDDHHMMSSZ` of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let century = if year.parse::<u8>().ok()? >= 50 { "19" } else { "20" };
            (format!("{century}{year}"), rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.to_owned(), rest)
        }
        _ => return None,
    };
    let mut parts = rest.as_bytes().chunks(2).map(std::str::from_utf8);
    let mut part = || parts.next()?.ok();
    let text = format!("{year}-{}-{}T{}:{}:{}Z", part()?, part()?, part()?, part()?, part()?);
    text.parse().ok().filter(|_| rest.len() == 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn ends(year: i32) -> Option<Timestamp> {
        let mut params = CertificateParams::new(vec!["host".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 3);
        not_after(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    #[test]
    fn the_end_is_read_in_both_forms() {
        for year in [2026, 2049, 2050, 2150] {
            let expected: Timestamp = format!("{year}-02-03T00:00:00Z").parse().unwrap();
            assert_eq!(ends(year), Some(expected));
        }
        assert_eq!(time(UTC_TIME, "500101000000Z"), "1950-01-01T00:00:00Z".parse().ok());
        for wrong in ["260203000000", "2602030000Z", "26020300000000Z", "269903000000Z"] {
            assert_eq!(time(UTC_TIME, wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..96)) {
            let _ = not_after(&CertificateDer::from(bytes));
        }
    }
}
