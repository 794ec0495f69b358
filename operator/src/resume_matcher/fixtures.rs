//! Objects for the unit tests of the pipeline.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::credentials::{Credentials, Existing};
use super::model::Installation;
use super::validate::{ReferencedSecrets, validate};
use crate::crd::ResumeMatcher;

/// A `ResumeMatcher` named `acme` in namespace `people` with this spec.
pub(crate) fn object(spec: serde_json::Value) -> ResumeMatcher {
    serde_json::from_value(json!({
        "apiVersion": "resumematcher.io/v1alpha1",
        "kind": "ResumeMatcher",
        "metadata": {"name": "acme", "namespace": "people", "uid": "0c1d", "generation": 3},
        "spec": spec,
    }))
    .unwrap()
}

/// A Secret with these keys.
pub(crate) fn secret(name: &str, data: &[(&str, &str)]) -> Secret {
    let data = data.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())));
    let mut secret = Secret { data: Some(data.collect()), ..Secret::default() };
    secret.metadata.name = Some(name.to_owned());
    secret
}

/// Secrets for all three external services, named `db`, `redis` and `s3`.
pub(crate) fn external_secrets() -> ReferencedSecrets {
    [
        secret(
            "db",
            &[
                ("url", "postgres://app:pw@db.example:6432/rm"),
                ("ownerUrl", "postgres://own:pw@db.example/rm"),
            ],
        ),
        secret("redis", &[("url", "rediss://:pw@redis.example/0")]),
        secret("s3", &[("accessKeyId", "AKIA"), ("secretAccessKey", "shh")]),
    ]
    .into_iter()
    .map(|secret| (secret.metadata.name.clone().unwrap(), Some(secret)))
    .collect()
}

/// A spec with all three services external.
pub(crate) fn external_spec() -> serde_json::Value {
    json!({
        "database": {"external": {"secretRef": {"name": "db"}}},
        "cache": {"external": {"secretRef": {"name": "redis"}}},
        "objectStorage": {"s3": {
            "endpoint": "https://s3.example", "bucket": "resumes", "region": "eu-1", "secretRef": {"name": "s3"}
        }},
    })
}

/// The installation of a spec that names no Secrets.
pub(crate) fn installation(spec: serde_json::Value) -> Installation {
    validate(&object(spec), &BTreeMap::new()).unwrap()
}

/// An installation whose services are all external.
pub(crate) fn external_installation() -> Installation {
    validate(&object(external_spec()), &external_secrets()).unwrap()
}

/// A key that signs backups, in base64.
pub(crate) const BACKUP_KEY: &str = "YmFja3VwcyBhcmUgc2lnbmVkIHdpdGggdGhpcyBrZXkh";

/// `spec.backup` with both schedules; its Secret is `backups`.
pub(crate) fn backup_spec() -> serde_json::Value {
    json!({
        "schedule": "0 3 * * *", "verifySchedule": "@weekly", "timeZone": "Europe/Berlin",
        "destination": {"s3": {"endpoint": "http://elsewhere:9000", "bucket": "backups", "secretRef": {"name": "backups"}}},
    })
}

/// An installation with embedded services and backups.
pub(crate) fn installation_with_backups() -> Installation {
    let keys = [("accessKeyId", "a"), ("secretAccessKey", "b"), ("signingKey", BACKUP_KEY)];
    let secrets = [("backups".to_owned(), Some(secret("backups", &keys)))].into();
    validate(&object(json!({"environment": "development", "backup": backup_spec()})), &secrets).unwrap()
}

/// An installation that sends mail and sells plans; `mail` is `spec.mail` without its sender.
pub(crate) fn installation_with_services(mail: serde_json::Value) -> Installation {
    let named = json!({"secretRef": {"name": "given"}});
    let mut mail = mail;
    mail["from"] = json!("noreply@example.org");
    let free = json!({"id": "free", "name": "Free", "storedResumes": 3});
    let spec = json!({"mail": mail, "billing": {"plans": [free], "stripe": named}, "encryption": named});
    let data = [
        ("apiKey", "SG.x"),
        ("webhookKey", "MFk"),
        ("url", "smtps://mail.example"),
        ("secretKey", "sk"),
        ("webhookSecret", "wh"),
        ("keys", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
    ];
    validate(&object(spec), &[("given".to_owned(), Some(secret("given", &data)))].into()).unwrap()
}

/// An installation that sends traces and reports errors; its Secret is `told`.
pub(crate) fn installation_with_telemetry() -> Installation {
    let named = json!({"name": "told"});
    let spec = json!({"telemetry": {
        "otlp": {"endpoint": "http://collector:4318", "headersSecretRef": named, "samplingRatio": 0.25},
        "sentry": {"dsnSecretRef": named, "tracesSampleRate": 0.0},
    }});
    let data = [("headers", "x-key=a"), ("dsn", "http://abc@errors.example:9000/42")];
    validate(&object(spec), &[("told".to_owned(), Some(secret("told", &data)))].into()).unwrap()
}

/// An installation that takes tokens of two issuers: by keys, and by the Secret `issuer`.
pub(crate) fn installation_with_issuers() -> Installation {
    let spec = json!({"auth": {"allowedNetworks": ["10.9.0.0/16"], "issuers": [
        {"issuer": "https://a.example", "audience": "x", "jwks": {"url": "http://10.9.0.1:8080/keys", "algorithms": ["ES256"]}},
        {"issuer": "https://b.example", "audience": "y", "secretRef": {"name": "issuer"}},
    ]}});
    let data = [("secret", "0123456789abcdef0123456789abcdef")];
    validate(&object(spec), &[("issuer".to_owned(), Some(secret("issuer", &data)))].into()).unwrap()
}

/// Credentials that are the same each time.
pub(crate) fn credentials(installation: &Installation) -> Credentials {
    let mut counter = 0_u8;
    Credentials::complete(installation, &Existing::default(), &mut |bytes| {
        counter += 1;
        bytes.fill(counter);
        Ok(())
    })
    .unwrap()
}
