//! Mail, plans and payments, and keys of secrets at rest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::{Found, Invalid, Lookup};
use crate::crd::{BillingSpec, EncryptionSpec, MailSpec, ResumeMatcherSpec, StripeSpec};
use crate::resume_matcher::model::{Billing, ExternalSecret, Mail, MailTransport, Stripe};

const ENCRYPTION: &str = "spec.encryption.secretRef";
const SMTP: &str = "spec.mail.smtp.secretRef";
/// Bytes of a key that seals.
const KEY_BYTES: usize = 32;
/// The port of HTTPS.
const HTTPS: i32 = 443;

/// The names of the Secrets that these need.
pub(super) fn secrets(spec: &ResumeMatcherSpec) -> Vec<String> {
    let mail = spec.mail.as_ref();
    [
        mail.and_then(|mail| mail.sendgrid.as_ref()).map(|sendgrid| &sendgrid.secret_ref),
        mail.and_then(|mail| mail.smtp.as_ref()).map(|smtp| &smtp.secret_ref),
        spec.billing.as_ref().and_then(|billing| billing.stripe.as_ref()).map(|stripe| &stripe.secret_ref),
        spec.encryption.as_ref().map(|encryption| &encryption.secret_ref),
    ]
    .into_iter()
    .filter_map(|secret| Some(secret?.name.clone()))
    .collect()
}

/// What the spec says of mail.
pub(super) fn mail(spec: Option<&MailSpec>, lookup: &Lookup<'_>) -> Result<Option<Mail>, Invalid> {
    let Some(spec) = spec else { return Ok(None) };
    let (transport, secret, port) = match (&spec.sendgrid, &spec.smtp) {
        (Some(sendgrid), None) => {
            let told = "apiKey and, for its events, webhookKey";
            let secret = lookup.secret("spec.mail.sendgrid.secretRef", &sendgrid.secret_ref.name, told)?;
            secret.text("apiKey")?;
            let webhook = secret.has("webhookKey");
            let endpoint = sendgrid.endpoint.clone();
            let port = port_of("spec.mail.sendgrid.endpoint", endpoint.as_deref())?;
            let used = secret.used(&["apiKey", "webhookKey"]);
            (MailTransport::SendGrid { endpoint, webhook }, used, port)
        }
        (None, Some(smtp)) => {
            let secret = lookup.secret(SMTP, &smtp.secret_ref.name, "url")?;
            let port = smtp_port(&secret)?;
            (MailTransport::Smtp, secret.used(&["url"]), port)
        }
        _ => return Err(Invalid::Spec("spec.mail: set exactly one of sendgrid and smtp".to_owned())),
    };
    Ok(Some(Mail { from: spec.from.clone(), transport, secret, port }))
}

/// The port of a mail server's URL, which must not send a password in the clear: the application would refuse to start.
fn smtp_port(secret: &Found<'_>) -> Result<i32, Invalid> {
    let invalid = |problem: &str| secret.invalid("url", problem.to_owned());
    let form = "is not a URL of the form smtps://user:password@host:465";
    let url = Url::parse(secret.text("url")?).map_err(|_error| invalid(form))?;
    let encrypts = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    let default = match url.scheme() {
        "smtps" => 465,
        "smtp" if encrypts => 587,
        "smtp" if url.password().is_some() => {
            return Err(invalid("would send the password in the clear; add ?tls=required, or use smtps://"));
        }
        "smtp" => 25,
        _ => return Err(invalid(form)),
    };
    if url.host_str().is_none_or(str::is_empty) {
        return Err(invalid(form));
    }
    Ok(i32::from(url.port().unwrap_or(default)))
}

/// What the spec says of plans and payments.
pub(super) fn billing(spec: Option<&BillingSpec>, lookup: &Lookup<'_>) -> Result<Option<Billing>, Invalid> {
    let Some(spec) = spec else { return Ok(None) };
    let wrong = |problem: &str| Err(Invalid::Spec(format!("spec.billing.plans: {problem}")));
    match spec.plans.first() {
        None => return wrong("there is no plan; add one, or leave out spec.billing"),
        Some(first) if first.stripe_price.is_some() => {
            return wrong("the first plan is that of tenants that pay for none; it has no stripePrice");
        }
        Some(_) => {}
    }
    let stripe = spec.stripe.as_ref().map(|stripe| access(stripe, lookup)).transpose()?;
    Ok(Some(Billing { plans: spec.plans.clone(), stripe }))
}

fn access(spec: &StripeSpec, lookup: &Lookup<'_>) -> Result<Stripe, Invalid> {
    let keys = ["secretKey", "webhookSecret"];
    let field = "spec.billing.stripe.secretRef";
    let secret = lookup.secret(field, &spec.secret_ref.name, "secretKey, webhookSecret")?;
    for key in keys {
        secret.text(key)?;
    }
    let port = port_of("spec.billing.stripe.endpoint", spec.endpoint.as_deref())?;
    Ok(Stripe { endpoint: spec.endpoint.clone(), secret: secret.used(&keys), port })
}

/// What the spec says of the keys that seal.
pub(super) fn encryption(
    spec: Option<&EncryptionSpec>,
    lookup: &Lookup<'_>,
) -> Result<Option<ExternalSecret>, Invalid> {
    let Some(spec) = spec else { return Ok(None) };
    let secret = lookup.secret(ENCRYPTION, &spec.secret_ref.name, "keys")?;
    let is_key = |text: &str| STANDARD.decode(text.trim()).is_ok_and(|bytes| bytes.len() == KEY_BYTES);
    if !secret.text("keys")?.split(',').all(is_key) {
        let problem = "is not a list of keys of 32 bytes in base64, as `openssl rand -base64 32` prints one, \
                       separated by commas";
        return Err(secret.invalid("keys", problem.to_owned()));
    }
    Ok(Some(secret.used(&["keys"])))
}

pub(super) fn port_of(field: &str, endpoint: Option<&str>) -> Result<i32, Invalid> {
    let Some(endpoint) = endpoint else { return Ok(HTTPS) };
    let port = Url::parse(endpoint).ok().and_then(|url| url.port_or_known_default());
    port.map(i32::from)
        .ok_or_else(|| Invalid::Spec(format!("{field} {endpoint:?} is not an http or https URL")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::resume_matcher::fixtures::{object, secret};
    use crate::resume_matcher::model::Installation;
    use crate::resume_matcher::validate::validate;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn read(spec: Value, data: &[(&str, &str)]) -> Result<Installation, Invalid> {
        validate(&object(spec), &[("given".to_owned(), Some(secret("given", data)))].into())
    }

    fn smtp(url: &str) -> Result<i32, String> {
        let spec = json!({"mail": {"from": "a@b.example", "smtp": {"secretRef": {"name": "given"}}}});
        let read = read(spec, &[("url", url)]).map_err(|error| error.to_string())?;
        Ok(read.mail.unwrap().port)
    }

    #[test]
    fn a_mail_server_is_reached_by_the_port_of_its_url_and_never_gets_a_password_in_the_clear() {
        assert_eq!(smtp("smtps://ann:hunter2@mail.example"), Ok(465));
        assert_eq!(smtp("smtp://ann:hunter2@mail.example?tls=required"), Ok(587));
        assert_eq!(smtp("smtp://relay.example"), Ok(25));
        assert_eq!(smtp("smtp://relay.example:2525"), Ok(2525));
        let told = smtp("smtp://ann:hunter2@mail.example").unwrap_err();
        assert!(told.contains("in the clear") && !told.contains("hunter2"), "{told}");
        assert!(smtp("https://mail.example").is_err());
    }

    #[test]
    fn the_keys_of_a_service_are_named_when_they_are_missing() {
        let named = json!({"secretRef": {"name": "given"}});
        let sendgrid = json!({"mail": {"from": "a@b.example", "sendgrid": named}});
        let stripe = json!({"billing": {"plans": [{"id": "free", "name": "Free"}], "stripe": named}});
        let keys = json!({"encryption": named});
        for (spec, key) in [(&sendgrid, "apiKey"), (&stripe, "secretKey"), (&keys, "keys")] {
            let error = read(spec.clone(), &[]).unwrap_err();
            assert_eq!(error.reason(), "SecretKeyMissing");
            assert!(error.to_string().contains(key), "{error}");
            let absent = validate(&object(spec.clone()), &[].into()).unwrap_err();
            assert_eq!(absent.reason(), "SecretNotFound");
        }
        let mail = read(sendgrid, &[("apiKey", "SG.x")]).unwrap().mail.unwrap();
        assert_eq!(mail.transport, MailTransport::SendGrid { endpoint: None, webhook: false });
        assert_eq!(mail.port, 443);
    }

    #[test]
    fn a_key_that_seals_has_32_bytes_and_is_not_shown() {
        let spec = json!({"encryption": {"secretRef": {"name": "given"}}});
        let two = format!("{KEY}, {KEY}");
        assert!(read(spec.clone(), &[("keys", &two)]).unwrap().encryption.is_some());
        let told = read(spec, &[("keys", "aHVudGVyMg==")]).unwrap_err().to_string();
        assert!(told.contains("32 bytes") && !told.contains("aHVudGVyMg"), "{told}");
    }

    #[test]
    fn the_first_plan_is_not_sold() {
        let plan = json!({"id": "pro", "name": "Pro", "stripePrice": "price_1"});
        let told = read(json!({"billing": {"plans": [plan]}}), &[]).unwrap_err().to_string();
        assert!(told.contains("the first plan"), "{told}");
    }
}
