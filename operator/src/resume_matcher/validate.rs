//! Turns the raw spec and the Secrets it names into an [`Installation`]. Pure: no client, no clock.

mod api;
mod application;
mod auth;
mod backup;
mod networks;
mod pod_template;
mod telemetry;
mod times;
mod workers;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ResourceRequirements, Secret};
use kube::{Resource, ResourceExt};
use sha2::{Digest, Sha256};
use thiserror::Error;
use url::Url;

use super::certificate::Certificate;
use super::defaults::Defaults;
use super::model::{
    Api, Embedded, ExternalCache, ExternalDatabase, ExternalSecret, ExternalStorage, Installation, Pulling,
    Release, Service, Worker,
};
use crate::crd::{EmbeddedSpec, ResumeMatcher, ResumeMatcherSpec, S3Spec};
use crate::names::{Component, InstallationName};

pub use networks::outside_of;

/// The keys that are used of the Secret of the files' bucket.
const BUCKET_KEYS: [&str; 2] = ["accessKeyId", "secretAccessKey"];

/// The version of the application that belongs to this operator.
pub const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Secrets that the spec names, as found: absent ones are `None`.
pub type ReferencedSecrets = BTreeMap<String, Option<Secret>>;

/// Why an object cannot be an installation. It waits until the object or the Secret changes.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Invalid {
    /// A Secret is absent.
    #[error(
        "{field}: Secret {name:?} does not exist in namespace {namespace:?}; create it with the keys {keys}"
    )]
    SecretNotFound {
        /// The spec's field that names it.
        field: &'static str,
        /// Its name.
        name: String,
        /// Where it was looked for.
        namespace: String,
        /// The keys it must have.
        keys: &'static str,
    },
    /// A Secret lacks a key, or the key is empty.
    #[error("{field}: Secret {name:?} lacks the key {key:?}; add it")]
    SecretKeyMissing {
        /// The spec's field that names the Secret.
        field: &'static str,
        /// The Secret's name.
        name: String,
        /// The key.
        key: &'static str,
    },
    /// The value of a Secret's key has the wrong form. The value itself is never told.
    #[error("{field}: key {key:?} of Secret {name:?} {problem}")]
    SecretValueInvalid {
        /// The spec's field that names the Secret.
        field: &'static str,
        /// The Secret's name.
        name: String,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// What is to be added to pods does not exist, is the operator's, or would make them weaker.
    #[error("{field}: {problem}")]
    PodTemplate {
        /// The field.
        field: String,
        /// What is wrong with it, and the mend.
        problem: String,
    },
    /// The spec contradicts itself in a way that the schema of an older CustomResourceDefinition let pass.
    #[error("{0}")]
    Spec(String),
}

impl Invalid {
    /// The reason for conditions and events.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::SecretNotFound { .. } => "SecretNotFound",
            Self::SecretKeyMissing { .. } => "SecretKeyMissing",
            Self::SecretValueInvalid { .. } => "SecretValueInvalid",
            Self::PodTemplate { .. } => "InvalidPodTemplate",
            Self::Spec(_) => "InvalidSpec",
        }
    }
}

/// The names of the Secrets that a spec refers to.
#[must_use]
pub fn referenced_secrets(spec: &ResumeMatcherSpec) -> Vec<String> {
    let mut names = Vec::new();
    names.extend(spec.database.external.as_ref().map(|external| external.secret_ref.name.clone()));
    names.extend(spec.cache.external.as_ref().map(|external| external.secret_ref.name.clone()));
    names.extend(spec.object_storage.s3.as_ref().map(|s3| s3.secret_ref.name.clone()));
    let tls = spec.ingress.as_ref().and_then(|ingress| ingress.tls.as_ref());
    names.extend(tls.map(|tls| tls.secret_name.clone()));
    names.extend(application::secrets(spec));
    names.extend(telemetry::secrets(spec));
    names.extend(auth::secrets(spec));
    names.extend(spec.backup.as_ref().map(backup::secrets).unwrap_or_default());
    names.sort();
    names.dedup();
    names
}

/// Validates an object.
///
/// # Errors
/// [`Invalid`] with the field, what is wrong with it, and the mend.
pub fn validate(object: &ResumeMatcher, secrets: &ReferencedSecrets) -> Result<Installation, Invalid> {
    let spec = &object.spec;
    let namespace =
        object.namespace().ok_or_else(|| Invalid::Spec("metadata.namespace is empty".to_owned()))?;
    let owner = object.controller_owner_ref(&()).ok_or_else(|| {
        Invalid::Spec("metadata.uid is empty: the object was not read from the API server".to_owned())
    })?;
    let lookup = Lookup { namespace: &namespace, secrets };
    let defaults = Defaults::of(spec.environment);
    let named = object.name_any();
    let installation = Installation {
        name: InstallationName::parse(&named).map_err(Invalid::Spec)?,
        owner,
        environment: spec.environment,
        release: release(spec),
        settings: times::settings(&spec.release, defaults)?,
        analysis: spec.release.analysis.clone(),
        pulling: Pulling { policy: spec.images.pull_policy, secrets: spec.image_pull_secrets.clone() },
        api: Api {
            scale: api::scale(&spec.api, defaults)?,
            rate_limit: spec.api.rate_limit_per_minute,
            cors_origins: spec.api.cors_origins.clone(),
            resources: resources(spec.api.pod.resources.as_ref(), defaults, Component::Api),
            placement: spec.api.pod.clone(),
            overrides: pod_template::overrides(&pod_template::API, &spec.api.pod.pod_template, &named)?,
        },
        worker: Worker {
            scale: workers::scale(&spec.worker, defaults)?,
            concurrency: spec.worker.concurrency,
            fetch_allowed: networks::fetch_allowed(&spec.worker.fetch_allowed_networks)?,
            resources: resources(spec.worker.pod.resources.as_ref(), defaults, Component::Worker),
            placement: spec.worker.pod.clone(),
            overrides: pod_template::overrides(&pod_template::WORKER, &spec.worker.pod.pod_template, &named)?,
        },
        database: database(spec, &lookup, defaults)?,
        cache: cache(spec, &lookup, defaults)?,
        object_storage: object_storage(spec, &lookup, defaults)?,
        ingress: networks::checked_ingress(spec.ingress.as_ref())?,
        certificate: certificate(spec, secrets),
        network: networks::checked(&spec.network)?,
        hibernate: spec.hibernate,
        mail: application::mail(spec.mail.as_ref(), &lookup)?,
        billing: application::billing(spec.billing.as_ref(), &lookup)?,
        encryption: application::encryption(spec.encryption.as_ref(), &lookup)?,
        auth: auth::auth(spec.auth.as_ref(), &lookup)?,
        telemetry: telemetry::telemetry(spec.telemetry.as_ref(), &lookup)?,
        backup: backup::validate(object, &lookup)?,
        namespace,
    };
    pod_template::unclaimed_by(&installation)?;
    Ok(installation)
}

fn release(spec: &ResumeMatcherSpec) -> Release {
    let version = spec.version.clone().unwrap_or_else(|| OWN_VERSION.to_owned());
    let image = |given: &Option<String>, name: &str| {
        given.clone().unwrap_or_else(|| in_registry(spec, &format!("resumematcher/{name}:{version}")))
    };
    Release {
        api_image: image(&spec.images.api_server, "api-server"),
        worker_image: image(&spec.images.worker, "worker"),
        version,
    }
}

/// The ingress works without it, with the certificate of its controller: it is told of, and nothing waits for it.
fn certificate(spec: &ResumeMatcherSpec, secrets: &ReferencedSecrets) -> Option<Certificate> {
    let ingress = spec.ingress.as_ref()?;
    let secret = secrets.get(&ingress.tls.as_ref()?.secret_name);
    Certificate::read(ingress, secret.and_then(Option::as_ref))
}

fn in_registry(spec: &ResumeMatcherSpec, image: &str) -> String {
    match &spec.images.registry {
        Some(registry) => format!("{}/{image}", registry.trim_end_matches('/')),
        None => image.to_owned(),
    }
}

fn resources(
    given: Option<&ResourceRequirements>,
    defaults: &Defaults,
    component: Component,
) -> ResourceRequirements {
    given.cloned().unwrap_or_else(|| defaults.resources(component))
}

fn embedded(
    given: &EmbeddedSpec,
    defaults: &Defaults,
    component: Component,
    image: (&Option<String>, &str),
) -> Embedded {
    Embedded {
        image: image.0.clone().unwrap_or_else(|| image.1.to_owned()),
        storage_size: given.storage.size.clone().unwrap_or_else(|| defaults.size(component).to_owned()),
        storage_class: given.storage.class_name.clone(),
        resources: resources(given.resources.as_ref(), defaults, component),
    }
}

fn database(
    spec: &ResumeMatcherSpec,
    lookup: &Lookup<'_>,
    defaults: &Defaults,
) -> Result<Service<ExternalDatabase>, Invalid> {
    match (&spec.database.external, &spec.database.embedded) {
        (Some(external), None) => {
            let secret = lookup.secret(
                "spec.database.external.secretRef",
                &external.secret_ref.name,
                "url, ownerUrl",
            )?;
            let schemes = &["postgres", "postgresql"];
            let mut ports = vec![secret.port("url", schemes, 5432)?];
            let owner_key = if secret.has("ownerUrl") { "ownerUrl" } else { "url" };
            ports.push(secret.port(owner_key, schemes, 5432)?);
            ports.dedup();
            let secret = secret.used(&["url", owner_key]);
            Ok(Service::External(ExternalDatabase { secret, owner_key, ports }))
        }
        (None, Some(given)) => {
            let image = (&spec.images.postgres, "postgres:15");
            Ok(Service::Embedded(embedded(given, defaults, Component::Postgres, image)))
        }
        _ => Err(exactly_one("spec.database", "external")),
    }
}

fn cache(
    spec: &ResumeMatcherSpec,
    lookup: &Lookup<'_>,
    defaults: &Defaults,
) -> Result<Service<ExternalCache>, Invalid> {
    match (&spec.cache.external, &spec.cache.embedded) {
        (Some(external), None) => {
            let secret = lookup.secret("spec.cache.external.secretRef", &external.secret_ref.name, "url")?;
            let port = secret.port("url", &["redis", "rediss"], 6379)?;
            Ok(Service::External(ExternalCache { secret: secret.used(&["url"]), port }))
        }
        (None, Some(given)) => {
            let image = (&spec.images.redis, "redis:7.0");
            Ok(Service::Embedded(embedded(given, defaults, Component::Redis, image)))
        }
        _ => Err(exactly_one("spec.cache", "external")),
    }
}

fn object_storage(
    spec: &ResumeMatcherSpec,
    lookup: &Lookup<'_>,
    defaults: &Defaults,
) -> Result<Service<ExternalStorage>, Invalid> {
    match (&spec.object_storage.s3, &spec.object_storage.embedded) {
        (Some(s3), None) => Ok(Service::External(external_storage(s3, lookup)?)),
        (None, Some(given)) => {
            let image = (&spec.images.object_storage, "versity/versitygw:v1.8.0");
            Ok(Service::Embedded(embedded(given, defaults, Component::Storage, image)))
        }
        _ => Err(exactly_one("spec.objectStorage", "s3")),
    }
}

fn external_storage(s3: &S3Spec, lookup: &Lookup<'_>) -> Result<ExternalStorage, Invalid> {
    let told = "accessKeyId, secretAccessKey";
    let secret = lookup.secret("spec.objectStorage.s3.secretRef", &s3.secret_ref.name, told)?;
    let place = (s3.bucket.as_str(), s3.region.as_str(), s3.force_path_style);
    bucket(("spec.objectStorage.s3.endpoint", &s3.endpoint), place, &secret, &BUCKET_KEYS)
}

/// A bucket: its endpoint with the field of it, its name, region and style, and the Secret with these keys.
fn bucket(
    (field, endpoint): (&'static str, &str),
    (bucket, region, force_path_style): (&str, &str, bool),
    secret: &Found<'_>,
    keys: &[&'static str],
) -> Result<ExternalStorage, Invalid> {
    for key in keys {
        secret.text(key)?;
    }
    let port = Url::parse(endpoint).ok().and_then(|url| url.port_or_known_default());
    let port =
        port.ok_or_else(|| Invalid::Spec(format!("{field} {endpoint:?} is not an http or https URL")))?;
    Ok(ExternalStorage {
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        bucket: bucket.to_owned(),
        region: region.to_owned(),
        force_path_style,
        secret: secret.used(keys),
        port: i32::from(port),
    })
}

fn exactly_one(field: &str, external: &str) -> Invalid {
    Invalid::Spec(format!("{field}: set exactly one of {external} and embedded"))
}

/// Finds Secrets among those that were read.
struct Lookup<'a> {
    namespace: &'a str,
    secrets: &'a ReferencedSecrets,
}

impl<'a> Lookup<'a> {
    fn secret(&self, field: &'static str, name: &'a str, keys: &'static str) -> Result<Found<'a>, Invalid> {
        match self.secrets.get(name) {
            Some(Some(secret)) => Ok(Found { field, name, secret }),
            _ => Err(Invalid::SecretNotFound {
                field,
                name: name.to_owned(),
                namespace: self.namespace.to_owned(),
                keys,
            }),
        }
    }
}

/// A Secret that exists.
struct Found<'a> {
    field: &'static str,
    name: &'a str,
    secret: &'a Secret,
}

impl Found<'_> {
    fn bytes(&self, key: &str) -> Option<&[u8]> {
        let data = self.secret.data.as_ref()?;
        data.get(key).map(|value| value.0.as_slice()).filter(|value| !value.is_empty())
    }

    fn has(&self, key: &str) -> bool {
        self.bytes(key).is_some()
    }

    fn text(&self, key: &'static str) -> Result<&str, Invalid> {
        let bytes = self.bytes(key).ok_or_else(|| Invalid::SecretKeyMissing {
            field: self.field,
            name: self.name.to_owned(),
            key,
        })?;
        std::str::from_utf8(bytes).map_err(|_| self.invalid(key, "is not UTF-8 text".to_owned()))
    }

    /// The port of the URL under a key, whose scheme must be one of those named.
    fn port(&self, key: &'static str, schemes: &[&str], default: u16) -> Result<i32, Invalid> {
        let form = || format!("is not a URL of the form {}://user:password@host:port/…", schemes.join("|"));
        let url = Url::parse(self.text(key)?).map_err(|_| self.invalid(key, form()))?;
        if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
            return Err(self.invalid(key, form()));
        }
        Ok(i32::from(url.port().unwrap_or(default)))
    }

    fn invalid(&self, key: &'static str, problem: String) -> Invalid {
        Invalid::SecretValueInvalid { field: self.field, name: self.name.to_owned(), key, problem }
    }

    fn used(&self, keys: &[&str]) -> ExternalSecret {
        let mut hash = Sha256::new();
        for key in keys {
            hash.update(key.as_bytes());
            hash.update([0]);
            let value = self.bytes(key).unwrap_or_default();
            hash.update(value.len().to_be_bytes());
            hash.update(value);
        }
        ExternalSecret { name: self.name.to_owned(), digest: hash.finalize().into() }
    }
}

#[cfg(test)]
mod tests;
