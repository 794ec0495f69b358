//! The common name of a client certificate that the TLS handshake has verified.

use rustls::pki_types::CertificateDer;

use crate::x509::{IDENTIFIER, SEQUENCE, SET, element};

/// The object identifier 2.5.4.3 (`id-at-commonName`, RFC 5280, appendix A.1), encoded.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// UTF8String, PrintableString, TeletexString and IA5String: one byte or one UTF-8 sequence a character.
const STRINGS: [u8; 4] = [0x0c, 0x13, 0x14, 0x16];

/// The last common name in the subject, as Go's `pkix.Name` has it; none: there is none, or it is no text.
pub(super) fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    in_subject(certificate.subject())
}

/// A name is a sequence of sets of pairs of identifier and value (RFC 5280, 4.1.2.4); the outer tag is off already.
fn in_subject(mut subject: &[u8]) -> Option<String> {
    let mut found = None;
    while !subject.is_empty() {
        let (mut set, rest) = element(subject, SET)?;
        subject = rest;
        while !set.is_empty() {
            let (pair, rest) = element(set, SEQUENCE)?;
            set = rest;
            let (identifier, value) = element(pair, IDENTIFIER)?;
            if identifier == COMMON_NAME {
                let tag = *value.first().filter(|tag| STRINGS.contains(tag))?;
                found = Some(String::from_utf8(element(value, tag)?.0.to_vec()).ok()?);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    fn named(names: &[(DnType, &str)]) -> Option<String> {
        let mut params = CertificateParams::new(vec!["host".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, name) in names {
            params.distinguished_name.push(kind.clone(), *name);
        }
        common_name(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    #[test]
    fn the_common_name_is_found_among_others() {
        let organisation = (DnType::OrganizationName, "system:masters");
        let name = (DnType::CommonName, "front-proxy-client");
        assert_eq!(named(&[organisation.clone(), name]).as_deref(), Some("front-proxy-client"));
        assert_eq!(named(&[organisation]), None);
        assert_eq!(named(&[]), None);
        let long = "ü".repeat(100);
        assert_eq!(named(&[(DnType::CommonName, &long)]), Some(long));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = in_subject(&bytes);
        }
    }
}
