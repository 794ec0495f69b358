//! Where spans of traces go, and how many of them: the standard variables of OpenTelemetry.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use super::{ConfigError, Env};
use crate::env_vars::{
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_PROTOCOL,
    OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_SDK_DISABLED, OTEL_SERVICE_NAME,
    OTEL_TRACES_EXPORTER, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG,
};

/// The path of traces below `OTEL_EXPORTER_OTLP_ENDPOINT` (OTLP specification, section "OTLP/HTTP Request").
const TRACES_PATH: &str = "/v1/traces";
/// The only protocol that is spoken.
const PROTOCOL: &str = "http/protobuf";

/// Export of spans.
#[derive(Debug, Clone)]
pub struct TracesConfig {
    /// Where they are posted to, the path included.
    pub endpoint: Url,
    /// Headers of each request; their values may be secret.
    pub headers: Vec<(String, SecretString)>,
    /// Longest time for one request.
    pub timeout: Duration,
    /// The share of traces that begin here which is exported, 0 to 1.
    pub ratio: f64,
    /// Name of the service, where another one than the program's own is wanted.
    pub service_name: Option<String>,
}

impl TracesConfig {
    /// Reads the `OTEL_` variables; none without an endpoint, or where they turn the export off.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        let disabled = env.parsed_or(OTEL_SDK_DISABLED, false, "true or false")?;
        let exporter = env.optional(OTEL_TRACES_EXPORTER).unwrap_or("otlp");
        if !matches!(exporter, "otlp" | "none") {
            return Err(invalid(OTEL_TRACES_EXPORTER, "there is no such exporter here", "otlp or none"));
        }
        let protocol = env.optional(OTEL_EXPORTER_OTLP_PROTOCOL).unwrap_or(PROTOCOL);
        if protocol != PROTOCOL {
            let mend = "http/protobuf, and the endpoint to the collector's HTTP port (4318 as a rule)";
            return Err(invalid(OTEL_EXPORTER_OTLP_PROTOCOL, "this protocol is not spoken", mend));
        }
        let (endpoint, ratio) = (endpoint(env)?, ratio(env)?);
        let timeout = env.parsed_or(OTEL_EXPORTER_OTLP_TIMEOUT, 10_000_u64, "a number of milliseconds")?;
        let headers = headers(env)?;
        Ok(endpoint.filter(|_| !disabled && exporter == "otlp").map(|endpoint| Self {
            endpoint,
            headers,
            timeout: Duration::from_millis(timeout),
            ratio,
            service_name: env.optional(OTEL_SERVICE_NAME).map(str::to_owned),
        }))
    }
}

fn invalid(variable: &'static str, reason: impl Into<String>, mend: &'static str) -> ConfigError {
    ConfigError::Invalid { variable, reason: reason.into(), mend }
}

fn endpoint(env: &Env) -> Result<Option<Url>, ConfigError> {
    // The one for traces is taken as it is, the general one is a base (specification, "Endpoint URLs for OTLP/HTTP").
    let own = env.optional(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
    let (variable, text) = match (own, env.optional(OTEL_EXPORTER_OTLP_ENDPOINT)) {
        (Some(own), _) => (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, own.to_owned()),
        (None, Some(base)) => {
            (OTEL_EXPORTER_OTLP_ENDPOINT, format!("{}{TRACES_PATH}", base.trim_end_matches('/')))
        }
        (None, None) => return Ok(None),
    };
    let mend = "an http or https URL such as http://collector:4318";
    let url = Url::parse(&text).map_err(|error| invalid(variable, error.to_string(), mend))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(invalid(variable, "it is no http or https URL", mend));
    }
    Ok(Some(url))
}

/// `name=value` pairs joined by commas; values are percent-encoded (W3C Baggage without properties).
fn headers(env: &Env) -> Result<Vec<(String, SecretString)>, ConfigError> {
    let wrong = |number: usize| {
        let mend = "name=value pairs joined by commas, values percent-encoded";
        invalid(OTEL_EXPORTER_OTLP_HEADERS, format!("pair {number} is no header"), mend)
    };
    let list = env.optional(OTEL_EXPORTER_OTLP_HEADERS).unwrap_or_default();
    let pairs = list.split(',').map(str::trim).filter(|pair| !pair.is_empty()).enumerate();
    pairs
        .map(|(index, pair)| {
            let (name, value) = pair.split_once('=').ok_or_else(|| wrong(index + 1))?;
            let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| wrong(index + 1))?;
            let fits = http::HeaderName::try_from(name.trim()).is_ok()
                && http::HeaderValue::try_from(value.as_ref()).is_ok();
            let header = (name.trim().to_ascii_lowercase(), SecretString::from(value.into_owned()));
            fits.then_some(header).ok_or_else(|| wrong(index + 1))
        })
        .collect()
}

/// The share of traces. What a caller decided is not followed, so the names with and without `parentbased_` mean the
/// same here; the worker follows the API.
fn ratio(env: &Env) -> Result<f64, ConfigError> {
    let mend = "always_on, always_off or traceidratio, with or without parentbased_ before it";
    let share = share(env, OTEL_TRACES_SAMPLER_ARG, 1.0)?;
    let sampler = env.optional(OTEL_TRACES_SAMPLER).unwrap_or("parentbased_always_on");
    match sampler.strip_prefix("parentbased_").unwrap_or(sampler) {
        "always_on" => Ok(1.0),
        "always_off" => Ok(0.0),
        "traceidratio" => Ok(share),
        _ => Err(invalid(OTEL_TRACES_SAMPLER, "there is no such sampler here", mend)),
    }
}

/// A number from 0 to 1.
pub(super) fn share(env: &Env, variable: &'static str, default: f64) -> Result<f64, ConfigError> {
    let mend = "a number from 0 to 1";
    let share = env.parsed_or(variable, default, mend)?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(invalid(variable, "it is out of range", mend)) }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Result<Option<TracesConfig>, ConfigError> {
        TracesConfig::from_env(&Env::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn without_an_endpoint_or_when_turned_off_nothing_is_exported() {
        let endpoint = (OTEL_EXPORTER_OTLP_ENDPOINT, "http://collector:4318");
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[endpoint, (OTEL_SDK_DISABLED, "true")]).unwrap().is_none());
        assert!(read(&[endpoint, (OTEL_TRACES_EXPORTER, "none")]).unwrap().is_none());
        assert!(read(&[endpoint]).unwrap().is_some());
    }

    #[test]
    fn the_general_endpoint_is_a_base_and_that_of_traces_is_not() {
        let base = (OTEL_EXPORTER_OTLP_ENDPOINT, "http://collector:4318/otlp/");
        assert_eq!(read(&[base]).unwrap().unwrap().endpoint.as_str(), "http://collector:4318/otlp/v1/traces");
        let own = (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, "https://x.example/in");
        assert_eq!(read(&[base, own]).unwrap().unwrap().endpoint.as_str(), "https://x.example/in");
    }

    #[test]
    fn samplers_become_a_share() {
        let endpoint = (OTEL_EXPORTER_OTLP_ENDPOINT, "http://collector:4318");
        let quarter = (OTEL_TRACES_SAMPLER_ARG, "0.25");
        for (sampler, share) in [
            ("always_off", 0.0),
            ("parentbased_always_on", 1.0),
            ("traceidratio", 0.25),
            ("parentbased_traceidratio", 0.25),
        ] {
            let config = read(&[endpoint, quarter, (OTEL_TRACES_SAMPLER, sampler)]).unwrap().unwrap();
            assert!((config.ratio - share).abs() < 1e-9, "{sampler}: {}", config.ratio);
        }
    }

    #[test]
    fn headers_are_decoded_and_stay_secret() {
        let config = read(&[
            (OTEL_EXPORTER_OTLP_ENDPOINT, "http://collector:4318"),
            (OTEL_EXPORTER_OTLP_HEADERS, "Authorization=Basic%20aHVudGVyMg==, x-team = a"),
        ]);
        let config = config.unwrap().unwrap();
        let plain: Vec<_> = config.headers.iter().map(|(n, v)| (n.as_str(), v.expose_secret())).collect();
        assert_eq!(plain, [("authorization", "Basic aHVudGVyMg=="), ("x-team", "a")]);
        assert!(!format!("{config:?}").contains("aHVudGVyMg"), "{config:?}");
    }

    #[test]
    fn a_wrong_value_is_refused_by_name_and_not_repeated() {
        for (variable, value, told) in [
            (OTEL_EXPORTER_OTLP_ENDPOINT, "collector:4318", "no http or https URL"),
            (OTEL_EXPORTER_OTLP_PROTOCOL, "grpc", "set it to http/protobuf"),
            (OTEL_EXPORTER_OTLP_HEADERS, "hunter2", "pair 1 is no header"),
            (OTEL_TRACES_SAMPLER, "jaeger_remote", "no such sampler"),
            (OTEL_TRACES_SAMPLER_ARG, "7", "out of range"),
            (OTEL_TRACES_EXPORTER, "zipkin", "otlp or none"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable) && error.contains(told), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
