//! The environment of API, worker and migration Job.

use k8s_openapi::api::core::v1::{ConfigMapEnvSource, EnvFromSource, EnvVar};

use super::config;
use super::pod::secret_variable;
use super::secrets::{APP_KEYS, Keys};
use crate::names::Component;
use crate::resume_matcher::credentials::{
    ACCESS_KEY_ID, ADMIN_TOKEN, Credentials, SECRET_ACCESS_KEY, TOKEN_KEY,
};
use crate::resume_matcher::model::Installation;

/// Variables with plain values come from the ConfigMap.
pub(super) fn sources(config_map: String) -> Vec<EnvFromSource> {
    vec![EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource { name: config_map, optional: None }),
        ..EnvFromSource::default()
    }]
}

/// Variables with secret values.
pub(super) fn variables(installation: &Installation) -> Vec<EnvVar> {
    let keys = Keys::of(installation);
    vec![
        secret_variable("DATABASE_URL", &keys.database, "url"),
        secret_variable("REDIS_URL", &keys.cache, "url"),
        secret_variable("AWS_ACCESS_KEY_ID", &keys.storage, ACCESS_KEY_ID),
        secret_variable("AWS_SECRET_ACCESS_KEY", &keys.storage, SECRET_ACCESS_KEY),
        secret_variable("RM_TOKEN_KEY", &installation.name.part(APP_KEYS), TOKEN_KEY),
    ]
}

/// The variable that only the API gets.
pub(super) fn admin_variable(installation: &Installation) -> EnvVar {
    secret_variable("RM_ADMIN_TOKEN", &installation.name.part(APP_KEYS), ADMIN_TOKEN)
}

/// The variable that only the migration Job gets.
pub(super) fn owner_variable(installation: &Installation) -> EnvVar {
    let key = installation.database.external().map_or("ownerUrl", |external| external.owner_key);
    secret_variable("DATABASE_OWNER_URL", &Keys::of(installation).database, key)
}

/// A hash of all that the application reads at start, secrets included: when it changes, the pods are rolled.
pub(super) fn fingerprint(installation: &Installation, credentials: &Credentials) -> String {
    let pods = hash(installation, credentials, |_| true);
    credentials.fingerprint(&[pods.as_bytes(), credentials.admin_token.expose().as_bytes()])
}

/// A hash of what the migration works on: the data services and how they are reached.
pub(super) fn services_fingerprint(installation: &Installation, credentials: &Credentials) -> String {
    hash(installation, credentials, |key| key.starts_with("S3_"))
}

fn hash(installation: &Installation, credentials: &Credentials, counts: impl Fn(&str) -> bool) -> String {
    let mut parts: Vec<Vec<u8>> = config::data(installation)
        .into_iter()
        .filter(|(key, _)| counts(key))
        .flat_map(|(key, value)| [key.into_bytes(), value.into_bytes()])
        .collect();
    for digest in [
        installation.database.external().map(|external| external.secret.digest),
        installation.cache.external().map(|external| external.secret.digest),
        installation.object_storage.external().map(|external| external.secret.digest),
    ] {
        parts.push(digest.map(Vec::from).unwrap_or_default());
    }
    for component in [Component::Postgres, Component::Redis, Component::Storage] {
        parts.push(super::secrets::material(credentials, component).into_bytes());
    }
    credentials.fingerprint(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}
