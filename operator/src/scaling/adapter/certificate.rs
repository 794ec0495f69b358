//! The adapter's serving certificate: how it is made, kept and judged. Pure but for randomness.
//!
//! Each certificate has an authority of its own whose key is thrown away once it has signed: nobody can sign with it again,
//! and a rotation is a new authority that is trusted beside the last one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;

/// How long a certificate is valid. It is renewed well before its end.
const LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long before its end a certificate is renewed.
pub(super) const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);
/// From how long ago it is valid: clocks differ.
const BACKDATED: SignedDuration = SignedDuration::from_hours(24);
/// The keys of the Secret.
const KEYS: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

/// Why a certificate cannot be made or used.
#[derive(Debug, Error)]
pub(super) enum CertificateError {
    /// It cannot be made.
    #[error("the certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// The Secret lacks a key, or its value is no text.
    #[error("the Secret lacks {0}")]
    Missing(&'static str),
    /// A value is not what it should be.
    #[error("{0} is not in PEM form")]
    Pem(&'static str),
    /// What the API server says of its proxy cannot be read.
    #[error("{0} of the API server's authentication settings is not a JSON list of texts")]
    Proxy(&'static str),
    /// The parts do not fit together, or it is not valid at that time for that name.
    #[error("the certificate cannot be used")]
    Unusable(#[source] rustls::Error),
}

/// A certificate with its key, and the authorities by which clients verify it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Identity {
    certificate: String,
    key: String,
    authorities: String,
}

impl Identity {
    /// A new one for a host name.
    pub(super) fn make(host: &str, now: Timestamp) -> Result<Self, CertificateError> {
        let midnight = |(year, month, day)| date_time_ymd(year, month, day);
        let (from, until) = (midnight(date(now - BACKDATED)?), midnight(date(now + LIFETIME)?));
        let mut authority = CertificateParams::default();
        authority
            .distinguished_name
            .push(DnType::CommonName, format!("{host} authority {}", now.as_second()));
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        (authority.not_before, authority.not_after) = (from, until);
        let signer = KeyPair::generate()?;
        let trusted = authority.self_signed(&signer)?;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (params.not_before, params.not_after) = (from, until);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &Issuer::new(authority, signer))?;
        Ok(Self {
            certificate: pem("CERTIFICATE", certificate.der()),
            key: pem("PRIVATE KEY", &key.serialize_der()),
            authorities: pem("CERTIFICATE", trusted.der()),
        })
    }

    /// Trusts the newest authority of another one too, so that both are believed while replicas change over.
    pub(super) fn beside(mut self, last: &Self) -> Self {
        if let Some(Ok(newest)) = CertificateDer::pem_slice_iter(last.authorities.as_bytes()).next() {
            self.authorities.push_str(&pem("CERTIFICATE", &newest));
        }
        self
    }

    /// Reads the one that a Secret keeps.
    pub(super) fn read(data: &BTreeMap<String, ByteString>) -> Result<Self, CertificateError> {
        let text = |key: &'static str| {
            let bytes = data.get(key).ok_or(CertificateError::Missing(key))?;
            String::from_utf8(bytes.0.clone()).map_err(|_| CertificateError::Missing(key))
        };
        let [certificate, key, authorities] = KEYS;
        Ok(Self { certificate: text(certificate)?, key: text(key)?, authorities: text(authorities)? })
    }

    /// As a Secret keeps it.
    pub(super) fn data(&self) -> BTreeMap<String, ByteString> {
        let values = [&self.certificate, &self.key, &self.authorities];
        KEYS.iter()
            .zip(values)
            .map(|(key, value)| ((*key).to_owned(), ByteString(value.clone().into_bytes())))
            .collect()
    }

    /// The authorities, in PEM form.
    pub(super) fn authorities(&self) -> &str {
        &self.authorities
    }

    /// Certificate and key for a server.
    pub(super) fn pair(
        &self,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), CertificateError> {
        let chain = certificates(&self.certificate, "tls.crt")?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|_| CertificateError::Pem("tls.key"))?;
        Ok((chain, key))
    }

    /// Whether clients that trust the authorities will believe it at a time: all that they look at is looked at.
    pub(super) fn check(&self, host: &str, at: Timestamp) -> Result<(), CertificateError> {
        let (chain, key) = self.pair()?;
        let mut roots = RootCertStore::empty();
        for authority in certificates(&self.authorities, "ca.crt")? {
            roots.add(authority).map_err(CertificateError::Unusable)?;
        }
        let verifier = WebPkiServerVerifier::builder(Arc::new(roots))
            .build()
            .map_err(|_| CertificateError::Pem("ca.crt"))?;
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| CertificateError::Missing("host name"))?;
        let seconds = u64::try_from(at.as_second()).unwrap_or_default();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let end = chain.first().ok_or(CertificateError::Pem("tls.crt"))?;
        verifier.verify_server_cert(end, &[], &name, &[], at).map_err(CertificateError::Unusable)?;
        // That the key is the certificate's is seen here.
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        config.map(drop).map_err(CertificateError::Unusable)
    }
}

/// All certificates of a PEM text, at least one.
pub(super) fn certificates(
    text: &str,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or(CertificateError::Pem(what))
}

/// Year, month and day.
fn date(at: Timestamp) -> Result<(i32, u8, u8), CertificateError> {
    let date = at.to_zoned(TimeZone::UTC).date();
    let part = |part: i8| u8::try_from(part).map_err(|_| CertificateError::Missing("a date"));
    Ok((i32::from(date.year()), part(date.month())?, part(date.day())?))
}

/// The textual encoding of RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let body = STANDARD.encode(der);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "metrics.system.svc";

    fn days(days: i64) -> SignedDuration {
        SignedDuration::from_hours(days * 24)
    }

    fn provider() {
        // The operator's main does this. All tests but the first find it done.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }

    #[test]
    fn it_is_believed_for_its_name_until_its_end() {
        provider();
        let now = Timestamp::now();
        let identity = Identity::make(HOST, now).unwrap();
        assert!(identity.check(HOST, now).is_ok());
        assert!(identity.check(HOST, now + days(88)).is_ok());
        assert!(identity.check(HOST, now + days(91)).is_err(), "it has run out");
        assert!(identity.check("other.system.svc", now).is_err());
        let again = Identity::read(&identity.data()).unwrap();
        assert!(again == identity);
    }

    #[test]
    fn a_successor_is_trusted_beside_the_last_and_no_longer_beside_the_one_before() {
        provider();
        let now = Timestamp::now();
        let [first, second, third] =
            [0, 1, 2].map(|second| Identity::make(HOST, now + SignedDuration::from_secs(second)).unwrap());
        let second = second.beside(&first);
        let third = third.beside(&second);
        assert_eq!(certificates(&second.authorities, "ca.crt").unwrap().len(), 2);
        assert_eq!(certificates(&third.authorities, "ca.crt").unwrap().len(), 2);
        let old = Identity { authorities: second.authorities.clone(), ..first.clone() };
        assert!(old.check(HOST, now).is_ok(), "replicas that still serve the old one are believed");
        let oldest = Identity { authorities: third.authorities.clone(), ..first };
        assert!(oldest.check(HOST, now).is_err());
    }

    #[test]
    fn a_strange_key_and_a_broken_secret_are_seen() {
        provider();
        let now = Timestamp::now();
        let (one, other) = (Identity::make(HOST, now).unwrap(), Identity::make(HOST, now).unwrap());
        assert!(Identity { key: other.key, ..one.clone() }.check(HOST, now).is_err());
        assert!(Identity { certificate: "no".to_owned(), ..one.clone() }.check(HOST, now).is_err());
        let mut data = one.data();
        data.remove("ca.crt");
        assert!(Identity::read(&data).is_err_and(|error| error.to_string().contains("ca.crt")));
    }
}
