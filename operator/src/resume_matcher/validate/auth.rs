//! Outside issuers.

use super::application::port_of;
use super::{Invalid, Lookup, networks};
use crate::crd::{AuthSpec, IssuerSpec, JwksSpec, ResumeMatcherSpec};
use crate::resume_matcher::model::{Auth, IssuerKeys, OutsideIssuer};

/// Issuers that may have a shared secret: the application has so many variables for them.
const MOST_SECRETS: usize = 4;
/// Fewest bytes of a shared secret: those of the hash (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// The names of the Secrets that these need.
pub(super) fn secrets(spec: &ResumeMatcherSpec) -> Vec<String> {
    let issuers = spec.auth.iter().flat_map(|auth| &auth.issuers);
    issuers.filter_map(|issuer| Some(issuer.secret_ref.as_ref()?.name.clone())).collect()
}

/// What the spec says of outside issuers.
pub(super) fn auth(spec: Option<&AuthSpec>, lookup: &Lookup<'_>) -> Result<Option<Auth>, Invalid> {
    let Some(spec) = spec else { return Ok(None) };
    let allowed = networks::read("spec.auth.allowedNetworks", &spec.allowed_networks)?;
    let mut issuers = Vec::new();
    let mut numbers = 1..;
    for (index, issuer) in spec.issuers.iter().enumerate() {
        let keys = match (&issuer.jwks, &issuer.secret_ref) {
            (Some(jwks), None) => fetched(index, jwks, !allowed.is_empty())?,
            (None, Some(_)) => shared(numbers.next().unwrap_or_default(), issuer, lookup)?,
            _ => return Err(wrong(index, "set exactly one of jwks and secretRef")),
        };
        issuers.push(OutsideIssuer {
            issuer: issuer.issuer.clone(),
            audience: issuer.audience.clone(),
            keys,
        });
    }
    let auth = Auth { issuers, allowed };
    if auth.issuers.is_empty() {
        return Err(Invalid::Spec(
            "spec.auth.issuers: there is none; add one, or leave out spec.auth".to_owned(),
        ));
    }
    if auth.secrets().count() > MOST_SECRETS {
        let told = format!("spec.auth.issuers: at most {MOST_SECRETS} issuers may have a secretRef");
        return Err(Invalid::Spec(told));
    }
    Ok(Some(auth))
}

fn wrong(index: usize, problem: &str) -> Invalid {
    Invalid::Spec(format!("spec.auth.issuers[{index}]: {problem}"))
}

fn fetched(index: usize, jwks: &JwksSpec, plain: bool) -> Result<IssuerKeys, Invalid> {
    if !(jwks.url.starts_with("https://") || (plain && jwks.url.starts_with("http://"))) {
        let told = "jwks.url must be https; http is taken only from networks in spec.auth.allowedNetworks";
        return Err(wrong(index, told));
    }
    if jwks.algorithms.is_empty() {
        return Err(wrong(index, "jwks.algorithms is empty; name RS256, ES256 or both"));
    }
    Ok(IssuerKeys::Jwks {
        url: jwks.url.clone(),
        algorithms: jwks.algorithms.clone(),
        port: port_of(&format!("spec.auth.issuers[{index}].jwks.url"), Some(&jwks.url))?,
    })
}

fn shared(number: usize, issuer: &IssuerSpec, lookup: &Lookup<'_>) -> Result<IssuerKeys, Invalid> {
    let name = issuer.secret_ref.as_ref().map_or("", |secret| secret.name.as_str());
    let secret = lookup.secret("spec.auth.issuers.secretRef", name, "secret")?;
    let bytes = secret.text("secret")?.trim().len();
    if bytes < MIN_SECRET_BYTES {
        let problem = format!("has {bytes} bytes; the issuer's secret must have at least {MIN_SECRET_BYTES}");
        return Err(secret.invalid("secret", problem));
    }
    Ok(IssuerKeys::Secret(number, secret.used(&["secret"])))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::resume_matcher::fixtures::{object, secret};
    use crate::resume_matcher::validate::validate;

    fn read(auth: Value, value: &str) -> Result<Auth, String> {
        let secrets = [("given".to_owned(), Some(secret("given", &[("secret", value)])))].into();
        let read = validate(&object(json!({"auth": auth})), &secrets);
        read.map(|installation| installation.auth.unwrap()).map_err(|error| error.to_string())
    }

    fn issuer(keys: Value) -> Value {
        let mut issuer = json!({"issuer": "https://x.example", "audience": "authenticated"});
        for (name, value) in keys.as_object().unwrap() {
            issuer[name] = value.clone();
        }
        issuer
    }

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn secrets_are_numbered_and_keys_have_ports() {
        let fetched = issuer(json!({"jwks": {"url": "https://x.example:8443/keys"}}));
        let shared = issuer(json!({"secretRef": {"name": "given"}}));
        let auth = read(json!({"issuers": [shared, fetched, shared]}), SECRET).unwrap();
        assert_eq!(auth.secrets().map(|(number, _)| number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(auth.ports().collect::<Vec<_>>(), [8443]);
    }

    #[test]
    fn what_the_application_would_refuse_is_refused_here() {
        let plain = issuer(json!({"jwks": {"url": "http://10.0.0.1/keys"}}));
        let shared = issuer(json!({"secretRef": {"name": "given"}}));
        for (issuers, told) in [
            (json!([]), "spec.auth.issuers: there is none"),
            (json!([issuer(json!({}))]), "spec.auth.issuers[0]: set exactly one"),
            (json!([plain]), "spec.auth.issuers[0]: jwks.url must be https"),
            (json!([issuer(json!({"jwks": {"url": "https://x", "algorithms": []}}))]), "algorithms is empty"),
            (json!([shared, shared, shared, shared, shared]), "at most 4 issuers"),
        ] {
            let error = read(json!({"issuers": issuers}), SECRET).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        let short = read(json!({"issuers": [shared]}), "hunter2").unwrap_err();
        assert!(short.contains("has 7 bytes") && !short.contains("hunter2"), "{short}");
        let allowed = json!({"issuers": [plain], "allowedNetworks": ["10.0.0.0/8"]});
        assert!(read(allowed, SECRET).is_ok());
        let wrong = json!({"issuers": [shared], "allowedNetworks": ["10.0.0.0/33"]});
        assert!(read(wrong, SECRET).unwrap_err().starts_with("spec.auth.allowedNetworks"));
    }
}
