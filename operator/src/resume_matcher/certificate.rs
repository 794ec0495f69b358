//! The certificate that the ingress shows, which someone else makes and renews: whether it fits, and until when. Pure.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::model::Installation;
use super::status::{drop_condition, tell};
use crate::crd::{IngressSpec, ResumeMatcher, ResumeMatcherStatus};
use crate::x509::not_after;

/// The condition.
const VALID: &str = "CertificateValid";
/// How long before its end people are told: whoever renews it should have done so by then.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What the Secret of an ingress holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The Secret.
    pub secret: String,
    /// When the certificate ends, or in a word and in a sentence why the ingress cannot use it.
    pub end: Result<Timestamp, (&'static str, String)>,
}

impl Certificate {
    /// Reads it; `found` is the Secret, if it is there.
    #[must_use]
    pub fn read(ingress: &IngressSpec, found: Option<&Secret>) -> Option<Self> {
        let secret = ingress.tls.as_ref()?.secret_name.clone();
        let end = match found {
            None => Err((
                "CertificateMissing",
                "does not exist; create it, or have cert-manager do so".to_owned(),
            )),
            Some(found) => end(found, &ingress.host),
        };
        Some(Self { secret, end })
    }

    /// What is to be said of it at a moment: whether it can be used, in a word, in a sentence.
    fn verdict(&self, now: Timestamp) -> (bool, &'static str, String) {
        let secret = &self.secret;
        let told = |what: &str| format!("spec.ingress.tls.secretName: Secret {secret:?} {what}");
        match &self.end {
            Err((reason, why)) => (false, reason, told(why)),
            Ok(end) if *end <= now => (
                false,
                "CertificateExpired",
                told(&format!("has a certificate that ended at {end}; renew it")),
            ),
            Ok(end) if end.duration_since(now) < SOON => {
                let why =
                    format!("has a certificate that ends at {end} and was not renewed; see who renews it");
                (true, "CertificateEndsSoon", told(&why))
            }
            Ok(end) => (true, "Valid", format!("the certificate in Secret {secret:?} is valid until {end}")),
        }
    }
}

/// When the certificate in a Secret ends, if a server for this host can use it.
fn end(secret: &Secret, host: &str) -> Result<Timestamp, (&'static str, String)> {
    let unreadable = |what: &str| ("CertificateUnreadable", format!("{what}; put PEM text there"));
    let value =
        |key: &str| secret.data.as_ref().and_then(|data| data.get(key)).map(|value| value.0.as_slice());
    let chain = value("tls.crt").ok_or_else(|| unreadable("lacks the key \"tls.crt\""))?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable("has a key \"tls.crt\" that is no certificate"))?;
    let first = chain.first().ok_or_else(|| unreadable("has no certificate under \"tls.crt\""))?;
    let parsed = webpki::EndEntityCert::try_from(first);
    let (Ok(parsed), Some(end)) = (parsed, not_after(first)) else {
        return Err(unreadable("has a key \"tls.crt\" that is no certificate"));
    };
    let name = ServerName::try_from(host).map_err(|_| unreadable("is for a host that is no name"))?;
    if parsed.verify_is_valid_for_subject_name(&name).is_err() {
        let why = format!("has a certificate that is not for {host:?}; name the host in it");
        return Err(("CertificateForAnotherHost", why));
    }
    let key = value("tls.key").ok_or_else(|| unreadable("lacks the key \"tls.key\""))?;
    let key =
        PrivateKeyDer::from_pem_slice(key).map_err(|_| unreadable("has a key \"tls.key\" that is none"))?;
    // That the key is the certificate's is seen here.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let server = server.map(|server| server.with_no_client_auth().with_single_cert(chain, key));
    match server {
        Ok(Ok(_)) => Ok(end),
        Ok(Err(error)) | Err(error) => Err((
            "CertificateUnusable",
            format!("cannot be used: {error}; put certificate and key of one pair there"),
        )),
    }
}

/// Says it in the status.
pub(super) fn report(
    status: &mut ResumeMatcherStatus,
    object: &ResumeMatcher,
    installation: &Installation,
    now: Timestamp,
) {
    let Some(certificate) = &installation.certificate else {
        drop_condition(status, VALID);
        return;
    };
    let (is_valid, reason, message) = certificate.verdict(now);
    tell(status, object, (VALID, is_valid), (reason, &message), now);
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::object;

    fn now() -> Timestamp {
        "2026-03-01T00:00:00Z".parse().unwrap()
    }

    fn ingress() -> IngressSpec {
        serde_json::from_value(json!({"host": "cv.example.org", "tls": {"secretName": "web"}})).unwrap()
    }

    /// A Secret with a certificate for this name that ends in March 2026, and with its key.
    fn secret(name: &str, day: u8) -> Secret {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 3, day);
        let key = KeyPair::generate().unwrap();
        let certificate = pem("CERTIFICATE", params.self_signed(&key).unwrap().der());
        let data = [("tls.crt", certificate), ("tls.key", pem("PRIVATE KEY", &key.serialize_der()))];
        let data = data.map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())));
        Secret { data: Some(data.into()), ..Secret::default() }
    }

    fn pem(label: &str, der: &[u8]) -> String {
        use base64::Engine;
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    fn verdict(found: Option<&Secret>) -> (bool, &'static str, String) {
        Certificate::read(&ingress(), found).unwrap().verdict(now())
    }

    #[test]
    fn it_is_well_until_it_ends_soon_and_bad_once_it_has_ended() {
        let (is_valid, reason, message) = verdict(Some(&secret("cv.example.org", 20)));
        assert!(is_valid && reason == "Valid" && message.contains("until 2026-03-20T00:00:00Z"), "{message}");
        let (is_valid, reason, message) = verdict(Some(&secret("*.example.org", 10)));
        assert!(is_valid && reason == "CertificateEndsSoon" && message.contains("not renewed"), "{message}");
        let (is_valid, reason, message) = verdict(Some(&secret("cv.example.org", 1)));
        assert!(!is_valid && reason == "CertificateExpired" && message.contains("renew it"), "{message}");
        assert!(message.starts_with("spec.ingress.tls.secretName: Secret \"web\""), "{message}");
    }

    #[test]
    fn what_the_ingress_cannot_use_is_told_with_the_mend() {
        let reason = |found: Option<&Secret>| verdict(found).1;
        assert_eq!(reason(None), "CertificateMissing");
        assert_eq!(reason(Some(&secret("other.example.org", 20))), "CertificateForAnotherHost");
        let (one, mut other) = (secret("cv.example.org", 20), secret("cv.example.org", 20));
        let key = one.data.as_ref().unwrap()["tls.key"].clone();
        other.data.as_mut().unwrap().insert("tls.key".to_owned(), key);
        assert_eq!(reason(Some(&other)), "CertificateUnusable", "the key is another pair's");
        for key in ["tls.crt", "tls.key"] {
            let mut broken = one.clone();
            broken.data.as_mut().unwrap().insert(key.to_owned(), ByteString(b"no PEM".to_vec()));
            assert_eq!(reason(Some(&broken)), "CertificateUnreadable", "{key}");
            broken.data.as_mut().unwrap().remove(key);
            let (_, reason, message) = verdict(Some(&broken));
            assert!(reason == "CertificateUnreadable" && message.contains(key), "{message}");
            assert!(!message.contains("BEGIN"), "{message}");
        }
    }

    #[test]
    fn the_condition_is_there_as_long_as_there_is_a_certificate() {
        let object = object(json!({"ingress": {"host": "cv.example.org", "tls": {"secretName": "web"}}}));
        let found = [("web".to_owned(), Some(secret("cv.example.org", 20)))].into();
        let mut installation = crate::resume_matcher::validate::validate(&object, &found).unwrap();
        let mut status = ResumeMatcherStatus::default();
        report(&mut status, &object, &installation, now());
        assert_eq!(
            (status.conditions[0].type_.as_str(), status.conditions[0].status.as_str()),
            (VALID, "True")
        );
        installation.certificate = None;
        report(&mut status, &object, &installation, now());
        assert!(status.conditions.is_empty());
    }
}
