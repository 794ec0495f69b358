//! Certificates that others give and renew, and short-lived ones of our own.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use serde_json::{Value, json};

use crate::support::World;

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// What a Secret holds of a certificate for a host, valid until the midnight so many days from now.
pub(crate) fn of_host(host: &str, days: i64) -> Value {
    let end = (Timestamp::now() + SignedDuration::from_hours(24 * days)).to_zoned(TimeZone::UTC).date();
    let end = (i32::from(end.year()), end.month().try_into().unwrap(), end.day().try_into().unwrap());
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let signer = KeyPair::generate().unwrap();
    let trusted = authority.self_signed(&signer).unwrap();
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(end.0, end.1, end.2);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &Issuer::new(authority, signer)).unwrap();
    json!({
        "tls.crt": pem("CERTIFICATE", certificate.der()), "tls.key": pem("PRIVATE KEY", &key.serialize_der()),
        "ca.crt": pem("CERTIFICATE", trusted.der()),
    })
}

/// Text of a key of a Secret.
pub(crate) fn text(secret: &Secret, key: &str) -> String {
    let ByteString(bytes) = secret.data.as_ref().unwrap()[key].clone();
    String::from_utf8(bytes).unwrap()
}

/// Plays cert-manager.
async fn renew(world: &World, days: i64) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "web"},
        "stringData": of_host("cv.example.org", days),
    });
    let params = PatchParams::apply("cert-manager").force();
    world.api::<Secret>().patch("web", &params, &Patch::Apply(&secret)).await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_the_ingress_is_followed_from_its_absence_to_its_renewal() {
    let world = World::new("certificates").await;
    let operator = world.operator("only").await;
    let unusable = "resume_matcher_operator_ingress_certificates_unusable";
    let ends = "resume_matcher_operator_earliest_ingress_certificate_expiry_timestamp_seconds";
    world.installed(json!({"ingress": {"host": "cv.example.org", "tls": {"secretName": "web"}}})).await;
    let message = world.condition("CertificateValid", "False", "CertificateMissing").await;
    assert!(message.starts_with("spec.ingress.tls.secretName: Secret \"web\""), "{message}");
    assert_eq!((operator.metric(unusable), operator.metric(ends)), (1, 0));

    renew(&world, 60).await;
    world.condition("CertificateValid", "True", "Valid").await;
    let day = 24 * 3600;
    let now = u64::try_from(Timestamp::now().as_second()).unwrap();
    assert_eq!(operator.metric(unusable), 0);
    assert!((now + 58 * day..now + 61 * day).contains(&operator.metric(ends)), "{}", operator.metric(ends));

    renew(&world, 5).await;
    world.condition("CertificateValid", "True", "CertificateEndsSoon").await;
    renew(&world, -2).await;
    world.condition("CertificateValid", "False", "CertificateExpired").await;
    assert!(operator.metric(ends) < now);
    // It is the ingress controller's to show: the pods have nothing to do with it.
    world.condition("Ready", "True", "Available").await;
    renew(&world, 90).await;
    world.condition("CertificateValid", "True", "Valid").await;
    world.change(json!({"ingress": {"tls": null}})).await.unwrap();
    world
        .until("there is nothing to tell of a certificate", || async {
            let object = world.object::<operator::crd::ResumeMatcher>("acme").await;
            let conditions = object.status.unwrap().conditions;
            conditions.iter().all(|condition| condition.type_ != "CertificateValid").then_some(())
        })
        .await;
    operator.stop().await.unwrap();
}
