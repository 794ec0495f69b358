//! ConfigMaps `NAME-config` and `NAME-config-COLOUR`: the application's settings that are not secret, as the spec has
//! them now (for Jobs), and as they were when the release in that place began.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::backup;
use super::owned;
use super::storage;
use crate::crd::{Colour, PlanSpec};
use crate::resume_matcher::defaults::Defaults;
use crate::resume_matcher::model::{Auth, Installation, IssuerKeys, MailTransport, OutsideIssuer, Service};

/// Its name.
pub(super) fn name(installation: &Installation) -> String {
    installation.name.part("config")
}

/// The name of the one of a place.
pub(super) fn of_colour(installation: &Installation, colour: Colour) -> String {
    format!("{}-{}", name(installation), colour.as_str())
}

/// A ConfigMap of this name with this content.
pub(super) fn build(installation: &Installation, name: String, data: BTreeMap<String, String>) -> ConfigMap {
    ConfigMap { metadata: owned(installation, name, None), data: Some(data), ..ConfigMap::default() }
}

/// Its content: names of environment variables and their values.
pub(super) fn data(installation: &Installation) -> BTreeMap<String, String> {
    let (endpoint, bucket, region, path_style) = match &installation.object_storage {
        Service::External(s3) => {
            (s3.endpoint.clone(), s3.bucket.clone(), s3.region.clone(), s3.force_path_style)
        }
        Service::Embedded(_) => {
            (storage::endpoint(installation), storage::BUCKET.to_owned(), storage::REGION.to_owned(), true)
        }
    };
    let mut data = BTreeMap::from([
        ("RM_ENVIRONMENT", installation.environment.as_str().to_owned()),
        ("RM_INSTALLATION", prefix(installation)),
        ("RM_LOG", Defaults::of(installation.environment).log.to_owned()),
        ("RM_PUBLIC_URL", installation.url()),
        ("S3_ENDPOINT", endpoint),
        ("S3_BUCKET", bucket),
        ("S3_REGION", region),
        ("S3_FORCE_PATH_STYLE", path_style.to_string()),
    ]);
    if let Some(backup) = &installation.backup {
        data.insert("RM_BACKUP_RETENTION_DAYS", backup::retention_days(backup).to_string());
    }
    data.extend(exposure(installation));
    data.extend(services(installation));
    data.extend(telemetry(installation));
    data.extend(installation.auth.iter().flat_map(issuers));
    data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Whom the application believes, refuses and limits, as far as the spec says something: the rest is the application's
/// own choice.
fn exposure(installation: &Installation) -> impl Iterator<Item = (&'static str, String)> {
    let ingress = installation.ingress.as_ref();
    let list = |list: &[String]| Some(list.join(",")).filter(|list| !list.is_empty());
    let fetched: Vec<String> = installation.worker.fetch_allowed.iter().map(ToString::to_string).collect();
    [
        ("RM_TRUSTED_PROXIES", ingress.and_then(|ingress| list(&ingress.trusted_proxies))),
        (
            "RM_FORWARDED_HEADER",
            ingress.and_then(|ingress| Some(ingress.forwarded_header?.as_str().to_owned())),
        ),
        ("RM_RATE_LIMIT_PER_MINUTE", installation.api.rate_limit.map(|limit| limit.to_string())),
        ("RM_CORS_ORIGINS", list(&installation.api.cors_origins)),
        ("RM_DENIED_NETWORKS", list(&installation.network.denied_networks)),
        ("RM_FETCH_ALLOWED_NETWORKS", list(&fetched)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// What is not secret of mail, plans and payments, where the spec has them.
fn services(installation: &Installation) -> impl Iterator<Item = (&'static str, String)> {
    let (mail, billing) = (installation.mail.as_ref(), installation.billing.as_ref());
    let sendgrid = mail.and_then(|mail| match &mail.transport {
        MailTransport::SendGrid { endpoint, .. } => endpoint.clone(),
        MailTransport::Smtp => None,
    });
    let stripe = billing.and_then(|billing| billing.stripe.as_ref()?.endpoint.clone());
    [
        ("RM_MAIL_FROM", mail.map(|mail| mail.from.clone())),
        ("RM_SENDGRID_URL", sendgrid),
        ("RM_PLANS", billing.map(|billing| plans(&billing.plans))),
        ("RM_STRIPE_URL", stripe),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// What is not secret of traces and reports, where the spec has them.
fn telemetry(installation: &Installation) -> impl Iterator<Item = (&'static str, String)> {
    let telemetry = installation.telemetry.as_ref();
    let otlp = telemetry.and_then(|telemetry| telemetry.otlp.as_ref());
    let sentry = telemetry.and_then(|telemetry| telemetry.sentry.as_ref());
    let ratio = otlp.and_then(|otlp| otlp.ratio);
    let about = format!(
        "service.namespace={},k8s.namespace.name={},deployment.environment.name={}",
        installation.name,
        installation.namespace,
        installation.environment.as_str()
    );
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", otlp.map(|otlp| otlp.endpoint.clone())),
        ("OTEL_RESOURCE_ATTRIBUTES", otlp.map(|_| about)),
        ("OTEL_TRACES_SAMPLER", ratio.map(|_| "parentbased_traceidratio".to_owned())),
        ("OTEL_TRACES_SAMPLER_ARG", ratio.map(|ratio| ratio.to_string())),
        ("SENTRY_RELEASE", sentry.map(|_| format!("resume-matcher@{}", installation.release.version))),
        ("SENTRY_TRACES_SAMPLE_RATE", sentry.and_then(|sentry| Some(sentry.rate?.to_string()))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// The outside issuers as the application reads them; their secrets are in variables of their own.
fn issuers(auth: &Auth) -> impl Iterator<Item = (&'static str, String)> {
    let issuer = |issuer: &OutsideIssuer| {
        let OutsideIssuer { issuer, audience, keys, .. } = issuer;
        match keys {
            IssuerKeys::Jwks { url, algorithms, .. } => {
                json!({"issuer": issuer, "audience": audience, "jwks_url": url, "algorithms": algorithms})
            }
            IssuerKeys::Secret(number, _) => {
                json!({"issuer": issuer, "audience": audience, "secret": format!("RM_AUTH_SECRET_{number}")})
            }
        }
    };
    let written = auth.issuers.iter().map(issuer).collect::<Value>().to_string();
    let allowed = auth.allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let allowed = Some(("RM_AUTH_ALLOWED_NETWORKS", allowed)).filter(|(_, list)| !list.is_empty());
    [("RM_AUTH_ISSUERS", written)].into_iter().chain(allowed)
}

/// The plans as the application reads them.
fn plans(plans: &[PlanSpec]) -> String {
    let plan = |plan: &PlanSpec| {
        let limits = [
            ("monthly_matches", plan.monthly_matches.map(Value::from)),
            ("stored_resumes", plan.stored_resumes.map(Value::from)),
            ("stripe_price", plan.stripe_price.clone().map(Value::from)),
        ];
        let named = [("id", plan.id.clone().into()), ("name", plan.name.clone().into())];
        let given = limits.into_iter().filter_map(|(name, value)| Some((name, value?)));
        named.into_iter().chain(given).map(|(name, value)| (name.to_owned(), value)).collect::<Value>()
    };
    plans.iter().map(plan).collect::<Value>().to_string()
}

/// The application's name for the installation, the prefix of its keys in Redis. A hash of the namespace keeps two
/// installations of one name apart that share a Redis; the namespace itself might not fit into the 63 characters.
fn prefix(installation: &Installation) -> String {
    let hash = Sha256::digest(installation.namespace.as_bytes());
    let short: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{short}", installation.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume_matcher::fixtures::{
        external_installation, installation, installation_with_issuers, installation_with_telemetry,
    };

    #[test]
    fn an_embedded_store_is_reached_by_its_service() {
        let data = data(&installation(json!({"environment": "staging"})));
        assert_eq!(data["S3_ENDPOINT"], "http://acme-storage:7070");
        assert_eq!(data["S3_FORCE_PATH_STYLE"], "true");
        assert_eq!(data["RM_ENVIRONMENT"], "staging");
        assert_eq!(data["RM_INSTALLATION"], "acme-c9022680");
        assert_eq!(data["RM_PUBLIC_URL"], "http://acme-api.people.svc");
        assert!(!data.contains_key("RM_TRUSTED_PROXIES"));
    }

    #[test]
    fn an_external_store_is_reached_as_the_spec_says() {
        let data = data(&external_installation());
        assert_eq!(data["S3_ENDPOINT"], "https://s3.example");
        assert_eq!((data["S3_BUCKET"].as_str(), data["S3_REGION"].as_str()), ("resumes", "eu-1"));
    }

    #[test]
    fn the_ingress_makes_the_public_url_and_names_its_proxies() {
        let data = data(&installation(json!({"ingress": {
            "host": "cv.example", "tls": {"secretName": "t"}, "trustedProxies": ["10.0.0.0/8", "fd00::/8"]
        }})));
        assert_eq!(data["RM_PUBLIC_URL"], "https://cv.example");
        assert_eq!(data["RM_TRUSTED_PROXIES"], "10.0.0.0/8,fd00::/8");
    }

    #[test]
    fn what_is_not_secret_of_telemetry_reaches_the_application() {
        let data = data(&installation_with_telemetry());
        assert_eq!(data["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://collector:4318");
        assert_eq!(
            data["OTEL_RESOURCE_ATTRIBUTES"],
            "service.namespace=acme,k8s.namespace.name=people,deployment.environment.name=production"
        );
        assert_eq!(data["OTEL_TRACES_SAMPLER"], "parentbased_traceidratio");
        assert_eq!(
            (data["OTEL_TRACES_SAMPLER_ARG"].as_str(), data["SENTRY_TRACES_SAMPLE_RATE"].as_str()),
            ("0.25", "0")
        );
        assert!(data["SENTRY_RELEASE"].starts_with("resume-matcher@"));
        assert!(data.values().all(|value| !value.contains("abc@") && !value.contains("x-key")));
    }

    #[test]
    fn issuers_reach_the_application_in_its_own_words() {
        let data = data(&installation_with_issuers());
        let told: Value = serde_json::from_str(&data["RM_AUTH_ISSUERS"]).unwrap();
        assert_eq!(
            told,
            json!([
                {"issuer": "https://a.example", "audience": "x", "jwks_url": "http://10.9.0.1:8080/keys", "algorithms": ["ES256"]},
                {"issuer": "https://b.example", "audience": "y", "secret": "RM_AUTH_SECRET_1"},
            ])
        );
        assert_eq!(data["RM_AUTH_ALLOWED_NETWORKS"], "10.9.0.0/16");
    }

    #[test]
    fn plans_reach_the_application_in_its_own_words() {
        let plans = json!([
            {"id": "free", "name": "Free", "monthlyMatches": 50, "storedResumes": 3},
            {"id": "team", "name": "Team"},
        ]);
        let data = data(&installation(json!({"billing": {"plans": plans}})));
        let told: Value = serde_json::from_str(&data["RM_PLANS"]).unwrap();
        let free = json!({"id": "free", "name": "Free", "monthly_matches": 50, "stored_resumes": 3});
        assert_eq!(told, json!([free, {"id": "team", "name": "Team"}]));
    }

    #[test]
    fn what_the_spec_says_of_clients_reaches_the_application_and_nothing_else_does() {
        let spec = json!({
            "api": {"rateLimitPerMinute": 0, "corsOrigins": ["https://a.example", "http://b.example:3000"]},
            "worker": {"fetchAllowedNetworks": ["192.168.7.0/24"]},
            "ingress": {"host": "cv.example", "forwardedHeader": "forwarded"},
            "network": {"deniedNetworks": ["203.0.113.0/24", "2001:db8::/32"]},
        });
        let data = data(&installation(spec));
        assert_eq!(data["RM_RATE_LIMIT_PER_MINUTE"], "0");
        assert_eq!(data["RM_CORS_ORIGINS"], "https://a.example,http://b.example:3000");
        assert_eq!(data["RM_FETCH_ALLOWED_NETWORKS"], "192.168.7.0/24");
        assert_eq!(data["RM_FORWARDED_HEADER"], "forwarded");
        assert_eq!(data["RM_DENIED_NETWORKS"], "203.0.113.0/24,2001:db8::/32");
        let bare = super::data(&installation(json!({"ingress": {"host": "cv.example"}})));
        assert!(bare.keys().all(|name| !data.contains_key(name) || !name.contains("NETWORKS")), "{bare:?}");
        assert_eq!(bare.len(), 8, "{bare:?}");
    }
}
