//! The environment of API, worker and migration Job.

use k8s_openapi::api::core::v1::{ConfigMapEnvSource, EnvFromSource, EnvVar};

use super::config;
use super::pod::secret_variable;
use super::secrets::{APP_KEYS, Keys};
use crate::names::Component;
use crate::resume_matcher::credentials::{
    ACCESS_KEY_ID, ADMIN_TOKEN, Credentials, SECRET_ACCESS_KEY, TOKEN_KEY,
};
use crate::resume_matcher::model::{Auth, Installation, MailTransport, Stripe};

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

/// Variables with secret values that API and worker get, and no Job: those of services that the spec names beside the data
/// services.
pub(super) fn service_variables(installation: &Installation) -> Vec<EnvVar> {
    let mail = installation.mail.as_ref().map(|mail| {
        let (name, key) = match mail.transport {
            MailTransport::SendGrid { .. } => ("RM_SENDGRID_API_KEY", "apiKey"),
            MailTransport::Smtp => ("RM_SMTP_URL", "url"),
        };
        secret_variable(name, &mail.secret.name, key)
    });
    let stripe = stripe(installation)
        .map(|stripe| secret_variable("RM_STRIPE_SECRET_KEY", &stripe.secret.name, "secretKey"));
    let encryption = installation.encryption.as_ref();
    let encryption = encryption.map(|secret| secret_variable("RM_ENCRYPTION_KEYS", &secret.name, "keys"));
    let telemetry = installation.telemetry.as_ref();
    let headers = telemetry.and_then(|telemetry| telemetry.otlp.as_ref()?.headers.as_ref());
    let headers =
        headers.map(|secret| secret_variable("OTEL_EXPORTER_OTLP_HEADERS", &secret.name, "headers"));
    let sentry = telemetry.and_then(|telemetry| telemetry.sentry.as_ref());
    let sentry = sentry.map(|sentry| secret_variable("SENTRY_DSN", &sentry.secret.name, "dsn"));
    [mail, stripe, encryption, headers, sentry].into_iter().flatten().collect()
}

/// The variables that only the API gets: by them it tells who runs it, and who tells it of events.
pub(super) fn api_variables(installation: &Installation) -> Vec<EnvVar> {
    let admin = secret_variable("RM_ADMIN_TOKEN", &installation.name.part(APP_KEYS), ADMIN_TOKEN);
    let mail = installation.mail.as_ref();
    let mail = mail.filter(|mail| matches!(mail.transport, MailTransport::SendGrid { webhook: true, .. }));
    let mail = mail.map(|mail| secret_variable("RM_SENDGRID_WEBHOOK_KEY", &mail.secret.name, "webhookKey"));
    let stripe = stripe(installation)
        .map(|stripe| secret_variable("RM_STRIPE_WEBHOOK_SECRET", &stripe.secret.name, "webhookSecret"));
    let issuers =
        installation.auth.iter().flat_map(Auth::secrets).map(|(number, secret)| {
            secret_variable(&format!("RM_AUTH_SECRET_{number}"), &secret.name, "secret")
        });
    [Some(admin), mail, stripe].into_iter().flatten().chain(issuers).collect()
}

fn stripe(installation: &Installation) -> Option<&Stripe> {
    installation.billing.as_ref()?.stripe.as_ref()
}

/// The variable that only the migration Job gets.
pub(super) fn owner_variable(installation: &Installation) -> EnvVar {
    let key = installation.database.external().map_or("ownerUrl", |external| external.owner_key);
    secret_variable("DATABASE_OWNER_URL", &Keys::of(installation).database, key)
}

/// A hash of all that the application reads at start, secrets included: when it changes, the pods are rolled.
pub(super) fn fingerprint(installation: &Installation, credentials: &Credentials) -> String {
    let pods = hash(installation, credentials, |_| true);
    let mut parts = vec![pods.as_bytes(), credentials.admin_token.expose().as_bytes()];
    let telemetry = installation.telemetry.as_ref();
    let secrets = [
        installation.mail.as_ref().map(|mail| &mail.secret),
        stripe(installation).map(|stripe| &stripe.secret),
        installation.encryption.as_ref(),
        telemetry.and_then(|telemetry| telemetry.otlp.as_ref()?.headers.as_ref()),
        telemetry.and_then(|telemetry| telemetry.sentry.as_ref()).map(|sentry| &sentry.secret),
    ];
    // Each with its place, so that an installation that has none of them hashes as it always did.
    let places = ["mail", "stripe", "encryption", "otlp", "sentry"];
    for (place, secret) in places.iter().zip(secrets) {
        parts.extend(secret.map(|secret| [place.as_bytes(), secret.digest.as_slice()]).into_iter().flatten());
    }
    for (_, secret) in installation.auth.iter().flat_map(Auth::secrets) {
        parts.extend([b"issuer".as_slice(), secret.digest.as_slice()]);
    }
    credentials.fingerprint(&parts)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{
        credentials, installation, installation_with_issuers, installation_with_services,
        installation_with_telemetry,
    };
    use crate::resume_matcher::model::IssuerKeys;

    fn names(variables: &[EnvVar]) -> Vec<&str> {
        variables.iter().map(|variable| variable.name.as_str()).collect()
    }

    #[test]
    fn services_reach_api_and_worker_by_secrets_and_events_the_api_alone() {
        let named = json!({"secretRef": {"name": "given"}});
        let sendgrid = installation_with_services(json!({"sendgrid": named}));
        let both = service_variables(&sendgrid);
        assert_eq!(names(&both), ["RM_SENDGRID_API_KEY", "RM_STRIPE_SECRET_KEY", "RM_ENCRYPTION_KEYS"]);
        let api = api_variables(&sendgrid);
        assert_eq!(names(&api), ["RM_ADMIN_TOKEN", "RM_SENDGRID_WEBHOOK_KEY", "RM_STRIPE_WEBHOOK_SECRET"]);
        assert!(both.iter().chain(&api).all(|variable| variable.value.is_none()));
        let smtp = installation_with_services(json!({"smtp": named}));
        assert_eq!(names(&service_variables(&smtp))[0], "RM_SMTP_URL");
        assert_eq!(names(&api_variables(&smtp)), ["RM_ADMIN_TOKEN", "RM_STRIPE_WEBHOOK_SECRET"]);
    }

    #[test]
    fn keys_of_collector_and_sentry_reach_both_tiers_and_roll_them() {
        let told = installation_with_telemetry();
        assert_eq!(names(&service_variables(&told)), ["OTEL_EXPORTER_OTLP_HEADERS", "SENTRY_DSN"]);
        let mut other = told.clone();
        let sentry = other.telemetry.as_mut().and_then(|telemetry| telemetry.sentry.as_mut()).unwrap();
        sentry.secret.digest = [0; 32];
        let keys = credentials(&installation(json!({})));
        assert_ne!(fingerprint(&told, &keys), fingerprint(&other, &keys));
    }

    #[test]
    fn secrets_of_issuers_reach_the_api_alone_and_roll_it() {
        let told = installation_with_issuers();
        assert_eq!(names(&api_variables(&told)), ["RM_ADMIN_TOKEN", "RM_AUTH_SECRET_1"]);
        assert!(service_variables(&told).is_empty());
        let mut other = told.clone();
        if let Some(IssuerKeys::Secret(_, secret)) = other.auth.as_mut().map(|auth| &mut auth.issuers[1].keys)
        {
            secret.digest = [0; 32];
        }
        let keys = credentials(&installation(json!({})));
        assert_ne!(fingerprint(&told, &keys), fingerprint(&other, &keys));
    }

    #[test]
    fn another_key_of_a_service_rolls_the_pods() {
        let one = installation_with_services(json!({"smtp": {"secretRef": {"name": "given"}}}));
        let mut other = one.clone();
        let stripe = other.billing.as_mut().and_then(|billing| billing.stripe.as_mut()).unwrap();
        stripe.secret.digest = [0; 32];
        let keys = credentials(&installation(json!({})));
        assert_ne!(fingerprint(&one, &keys), fingerprint(&other, &keys));
    }
}
