//! What the validation accepts and refuses, and with which words.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::crd::Environment;
use crate::resume_matcher::fixtures::{external_secrets, external_spec, installation, object, secret};
use crate::resume_matcher::model::{Scale, WorkerScale};

#[test]
fn an_empty_spec_is_a_production_installation_with_embedded_services() {
    let installation = installation(json!({}));
    assert_eq!(installation.environment, Environment::Production);
    assert_eq!(installation.api.scale, Scale::Auto { min: 2, max: 10, cpu: 70, requests: None });
    assert_eq!(installation.worker.scale, WorkerScale::Fixed(2));
    assert_eq!(installation.database.embedded().unwrap().image, "postgres:15");
    assert_eq!(installation.cache.embedded().unwrap().image, "redis:7.0");
    assert_eq!(installation.object_storage.embedded().unwrap().storage_size, "50Gi");
    assert_eq!(installation.release.api_image, format!("resumematcher/api-server:{OWN_VERSION}"));
}

#[test]
fn a_registry_goes_before_our_images_that_are_not_given_in_full() {
    let installation = installation(json!({
        "version": "2.0.0",
        "images": {"registry": "ghcr.io/example/", "worker": "other/worker@sha256:abc"},
    }));
    assert_eq!(installation.release.api_image, "ghcr.io/example/resumematcher/api-server:2.0.0");
    assert_eq!(installation.release.worker_image, "other/worker@sha256:abc");
    assert_eq!(installation.database.embedded().unwrap().image, "postgres:15");
}

#[test]
fn fixed_replicas_turn_autoscaling_off() {
    assert_eq!(installation(json!({"api": {"replicas": 4}})).api.scale, Scale::Fixed(4));
}

#[test]
fn external_services_are_read_from_their_secrets() {
    let installation = validate(&object(external_spec()), &external_secrets()).unwrap();
    let database = installation.database.external().unwrap();
    assert_eq!((database.owner_key, database.ports.as_slice()), ("ownerUrl", [6432, 5432].as_slice()));
    assert_eq!(installation.cache.external().unwrap().port, 6379);
    assert_eq!(installation.object_storage.external().unwrap().port, 443);
}

#[test]
fn a_database_secret_without_an_owner_migrates_by_its_only_url() {
    let mut secrets = external_secrets();
    secrets.insert("db".to_owned(), Some(secret("db", &[("url", "postgresql://app:pw@db.example/rm")])));
    let installation = validate(&object(external_spec()), &secrets).unwrap();
    assert_eq!(installation.database.external().unwrap().owner_key, "url");
}

#[test]
fn the_digest_follows_the_used_values_only() {
    let digest = |data: &[(&str, &str)]| {
        let mut secrets = external_secrets();
        secrets.insert("db".to_owned(), Some(secret("db", data)));
        validate(&object(external_spec()), &secrets).unwrap().database.external().unwrap().secret.digest
    };
    let one = digest(&[("url", "postgres://a@h/d")]);
    assert_eq!(one, digest(&[("url", "postgres://a@h/d"), ("note", "unused")]));
    assert_ne!(one, digest(&[("url", "postgres://b@h/d")]));
}

fn refusal(change: impl FnOnce(&mut ReferencedSecrets)) -> Invalid {
    let mut secrets = external_secrets();
    change(&mut secrets);
    validate(&object(external_spec()), &secrets).unwrap_err()
}

#[test]
fn an_absent_secret_is_named_with_its_field_and_keys() {
    let invalid = refusal(|secrets| drop(secrets.insert("db".to_owned(), None)));
    assert_eq!(invalid.reason(), "SecretNotFound");
    assert_eq!(
        invalid.to_string(),
        r#"spec.database.external.secretRef: Secret "db" does not exist in namespace "people"; create it with the keys url, ownerUrl"#
    );
}

#[test]
fn an_absent_or_empty_key_is_named() {
    for data in [&[("accessKeyId", "AKIA")][..], &[("accessKeyId", "AKIA"), ("secretAccessKey", "")]] {
        let invalid = refusal(|secrets| drop(secrets.insert("s3".to_owned(), Some(secret("s3", data)))));
        assert_eq!(invalid.reason(), "SecretKeyMissing");
        assert_eq!(
            invalid.to_string(),
            r#"spec.objectStorage.s3.secretRef: Secret "s3" lacks the key "secretAccessKey"; add it"#
        );
    }
}

#[test]
fn a_value_of_the_wrong_form_is_refused_without_telling_it() {
    for value in ["hunter2", "mysql://root:hunter2@db/x", "postgres://"] {
        let invalid =
            refusal(|secrets| drop(secrets.insert("db".to_owned(), Some(secret("db", &[("url", value)])))));
        assert_eq!(invalid.reason(), "SecretValueInvalid");
        assert!(invalid.to_string().contains(r#"key "url" of Secret "db""#), "{invalid}");
        assert!(!invalid.to_string().contains("hunter2"), "{invalid}");
    }
}

#[test]
fn contradictions_that_an_older_schema_let_pass_are_refused() {
    for (spec, field) in [
        (json!({"api": {"autoscaling": {"min": 5, "max": 2}}}), "spec.api.autoscaling"),
        (json!({"api": {"replicas": 1, "autoscaling": {}}}), "spec.api"),
        (json!({"database": {}}), "spec.database"),
        (json!({"cache": {"embedded": {}, "external": {"secretRef": {"name": "x"}}}}), "spec.cache"),
        (json!({"objectStorage": {}}), "spec.objectStorage"),
    ] {
        let invalid = validate(&object(spec), &BTreeMap::new()).unwrap_err();
        assert_eq!(invalid.reason(), "InvalidSpec");
        assert!(invalid.to_string().starts_with(field), "{invalid}");
    }
}

#[test]
fn a_name_too_long_for_services_is_refused() {
    let mut long = object(json!({}));
    long.metadata.name = Some("x".repeat(41));
    assert!(validate(&long, &BTreeMap::new()).unwrap_err().to_string().contains("metadata.name"));
}

#[test]
fn the_secrets_to_read_are_those_that_the_spec_names_once_each() {
    assert_eq!(referenced_secrets(&object(external_spec()).spec), ["db", "redis", "s3"]);
    assert!(referenced_secrets(&object(json!({})).spec).is_empty());
}
