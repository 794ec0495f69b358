//! Traces and reports of errors.

use url::Url;

use super::application::port_of;
use super::{Found, Invalid, Lookup};
use crate::crd::{OtlpSpec, ResumeMatcherSpec, SentrySpec, TelemetrySpec};
use crate::resume_matcher::model::{Otlp, Sentry, Telemetry};

/// The names of the Secrets that these need.
pub(super) fn secrets(spec: &ResumeMatcherSpec) -> Vec<String> {
    let Some(telemetry) = &spec.telemetry else { return vec![] };
    let headers = telemetry.otlp.as_ref().and_then(|otlp| otlp.headers_secret_ref.as_ref());
    let dsn = telemetry.sentry.as_ref().map(|sentry| &sentry.dsn_secret_ref);
    headers.into_iter().chain(dsn).map(|secret| secret.name.clone()).collect()
}

/// What the spec says of traces and reports.
pub(super) fn telemetry(
    spec: Option<&TelemetrySpec>,
    lookup: &Lookup<'_>,
) -> Result<Option<Telemetry>, Invalid> {
    let Some(spec) = spec else { return Ok(None) };
    if spec.otlp.is_none() && spec.sentry.is_none() {
        let told = "spec.telemetry: set otlp, sentry or both, or leave it out";
        return Err(Invalid::Spec(told.to_owned()));
    }
    Ok(Some(Telemetry {
        otlp: spec.otlp.as_ref().map(|spec| otlp(spec, lookup)).transpose()?,
        sentry: spec.sentry.as_ref().map(|spec| sentry(spec, lookup)).transpose()?,
    }))
}

fn otlp(spec: &OtlpSpec, lookup: &Lookup<'_>) -> Result<Otlp, Invalid> {
    let field = "spec.telemetry.otlp.headersSecretRef";
    let secret = spec.headers_secret_ref.as_ref();
    let secret = secret.map(|secret| lookup.secret(field, &secret.name, "headers")).transpose()?;
    if let Some(secret) = &secret {
        check_headers(secret)?;
    }
    Ok(Otlp {
        endpoint: spec.endpoint.clone(),
        headers: secret.map(|secret| secret.used(&["headers"])),
        ratio: ratio("spec.telemetry.otlp.samplingRatio", spec.sampling_ratio)?,
        port: port_of("spec.telemetry.otlp.endpoint", Some(&spec.endpoint))?,
    })
}

/// The application would refuse to start with what is no header.
fn check_headers(secret: &Found<'_>) -> Result<(), Invalid> {
    let is_header = |pair: &str| {
        pair.split_once('=').is_some_and(|(name, value)| {
            let name = name.trim();
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!#$&'*+^`|~".contains(&byte);
            !name.is_empty()
                && name.bytes().all(is_token)
                && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        })
    };
    let mut pairs = secret.text("headers")?.trim().split(',').map(str::trim).filter(|pair| !pair.is_empty());
    if pairs.all(is_header) {
        return Ok(());
    }
    let problem = "is not a list of name=value pairs joined by commas, with values percent-encoded";
    Err(secret.invalid("headers", problem.to_owned()))
}

fn sentry(spec: &SentrySpec, lookup: &Lookup<'_>) -> Result<Sentry, Invalid> {
    let secret = lookup.secret("spec.telemetry.sentry.dsnSecretRef", &spec.dsn_secret_ref.name, "dsn")?;
    let wrong = || secret.invalid("dsn", "is not a DSN of the form https://KEY@HOST/PROJECT".to_owned());
    let dsn = Url::parse(secret.text("dsn")?.trim()).map_err(|_error| wrong())?;
    let project = dsn.path().rsplit('/').next().unwrap_or_default();
    let is_id = !project.is_empty() && project.bytes().all(|byte| byte.is_ascii_digit());
    let port = dsn.port_or_known_default().filter(|_| matches!(dsn.scheme(), "http" | "https"));
    let port = port.filter(|_| is_id && !dsn.username().is_empty()).ok_or_else(wrong)?;
    Ok(Sentry {
        rate: ratio("spec.telemetry.sentry.tracesSampleRate", spec.traces_sample_rate)?,
        port: i32::from(port),
        secret: secret.used(&["dsn"]),
    })
}

fn ratio(field: &str, ratio: Option<f64>) -> Result<Option<f64>, Invalid> {
    match ratio {
        Some(ratio) if !(0.0..=1.0).contains(&ratio) => {
            Err(Invalid::Spec(format!("{field} {ratio} is out of range; set it to a number from 0 to 1")))
        }
        ratio => Ok(ratio),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::resume_matcher::fixtures::{object, secret};
    use crate::resume_matcher::validate::validate;

    fn read(telemetry: Value, data: &[(&str, &str)]) -> Result<Telemetry, String> {
        let secrets = [("given".to_owned(), Some(secret("given", data)))].into();
        let read = validate(&object(json!({"telemetry": telemetry})), &secrets);
        read.map(|installation| installation.telemetry.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_ports_are_those_of_collector_and_sentry() {
        let both = json!({
            "otlp": {"endpoint": "http://collector.monitoring:4318", "headersSecretRef": {"name": "given"}, "samplingRatio": 0.5},
            "sentry": {"dsnSecretRef": {"name": "given"}},
        });
        let data = [
            ("headers", "authorization=Basic%20eA==, x-team=a"),
            ("dsn", "https://abc@o1.ingest.sentry.io/42\n"),
        ];
        let read = read(both, &data).unwrap();
        let (otlp, sentry) = (read.otlp.unwrap(), read.sentry.unwrap());
        assert_eq!((otlp.port, otlp.ratio, sentry.port, sentry.rate), (4318, Some(0.5), 443, None));
        assert!(otlp.headers.is_some());
    }

    #[test]
    fn what_the_application_would_refuse_is_refused_here_and_not_repeated() {
        let otlp = json!({"otlp": {"endpoint": "http://c:4318", "headersSecretRef": {"name": "given"}}});
        let sentry = json!({"sentry": {"dsnSecretRef": {"name": "given"}}});
        for (spec, data, told) in [
            (
                &otlp,
                ("headers", "hunter2"),
                "spec.telemetry.otlp.headersSecretRef: key \"headers\" of Secret \"given\" is not",
            ),
            (&otlp, ("other", "x"), "lacks the key \"headers\""),
            (
                &sentry,
                ("dsn", "https://hunter2.example/42"),
                "spec.telemetry.sentry.dsnSecretRef: key \"dsn\" of Secret \"given\" is not",
            ),
            (&sentry, ("dsn", "https://hunter2@example/x"), "is not a DSN"),
        ] {
            let error = read(spec.clone(), &[data]).unwrap_err();
            assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
        }
        assert!(read(json!({}), &[]).unwrap_err().contains("set otlp, sentry or both"));
        let beyond = json!({"otlp": {"endpoint": "http://c:4318", "samplingRatio": 1.5}});
        assert!(read(beyond, &[]).unwrap_err().contains("samplingRatio 1.5 is out of range"));
    }
}
