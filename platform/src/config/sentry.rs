//! Where errors are reported to: Sentry, or what speaks its protocol.

use std::fmt;

use secrecy::SecretString;
use url::Url;

use super::traces::share;
use super::{ConfigError, Env, InstallationConfig};
use crate::env_vars::{SENTRY_DSN, SENTRY_ENVIRONMENT, SENTRY_RELEASE, SENTRY_TRACES_SAMPLE_RATE};

const MEND: &str = "the DSN of the project, such as https://KEY@o1.ingest.sentry.io/42";
/// The share of requests and tasks whose times are sent unless the variable says otherwise.
const SAMPLE_RATE: f64 = 0.1;

/// Reports of errors.
#[derive(Debug, Clone)]
pub struct SentryConfig {
    /// Whom they are sent to.
    pub dsn: Dsn,
    /// What the installation is for, as Sentry shows it.
    pub environment: String,
    /// The version, as Sentry shows it.
    pub release: String,
    /// The share of requests and tasks whose times are sent, 0 to 1.
    pub traces_sample_rate: f64,
}

impl SentryConfig {
    /// Reads the `SENTRY_` variables; none without `SENTRY_DSN`.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        let traces_sample_rate = share(env, SENTRY_TRACES_SAMPLE_RATE, SAMPLE_RATE)?;
        let Some(text) = env.optional(SENTRY_DSN) else { return Ok(None) };
        let dsn = Dsn::parse(text).ok_or_else(|| ConfigError::Invalid {
            variable: SENTRY_DSN,
            reason: "it is not of the form https://KEY@HOST/PROJECT".to_owned(),
            mend: MEND,
        })?;
        let own = InstallationConfig::from_env(env)?.environment.as_str();
        let release = concat!("resume-matcher@", env!("CARGO_PKG_VERSION"));
        Ok(Some(Self {
            dsn,
            environment: env.optional(SENTRY_ENVIRONMENT).unwrap_or(own).to_owned(),
            release: env.optional(SENTRY_RELEASE).unwrap_or(release).to_owned(),
            traces_sample_rate,
        }))
    }
}

/// A project of Sentry: `{scheme}://{key}@{host}{path}/{project}` (Sentry's developer documentation, "DSN").
#[derive(Clone)]
pub struct Dsn {
    /// Where envelopes are posted to.
    pub endpoint: Url,
    /// The project's key.
    pub key: SecretString,
}

impl Dsn {
    fn parse(text: &str) -> Option<Self> {
        let dsn = Url::parse(text).ok()?;
        let key = SecretString::from(Some(dsn.username()).filter(|key| !key.is_empty())?);
        let (path, project) = dsn.path().rsplit_once('/')?;
        let is_id = !project.is_empty() && project.bytes().all(|byte| byte.is_ascii_digit());
        if !matches!(dsn.scheme(), "http" | "https") || !is_id {
            return None;
        }
        let mut endpoint = Url::parse(&format!("{}://{}", dsn.scheme(), dsn.host_str()?)).ok()?;
        endpoint.set_port(dsn.port()).ok()?;
        endpoint.set_path(&format!("{path}/api/{project}/envelope/"));
        Some(Self { endpoint, key })
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dsn(…)")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_dsn_names_the_endpoint_and_the_key() {
        for (text, endpoint) in [
            ("https://abc@o1.ingest.sentry.io/42", "https://o1.ingest.sentry.io/api/42/envelope/"),
            ("http://abc:old@errors.example:9000/sub/7", "http://errors.example:9000/sub/api/7/envelope/"),
        ] {
            let dsn = Dsn::parse(text).unwrap();
            assert_eq!((dsn.endpoint.as_str(), dsn.key.expose_secret()), (endpoint, "abc"));
            assert!(!format!("{dsn:?}").contains("abc"));
        }
        for wrong in ["", "https://o1.ingest.sentry.io/42", "https://abc@host/", "https://abc@host/x", "abc"]
        {
            assert!(Dsn::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn environment_and_share_have_defaults() {
        let env = Env::from_pairs([(SENTRY_DSN, "https://abc@host/1"), ("RM_ENVIRONMENT", "staging")]);
        let config = SentryConfig::from_env(&env).unwrap().unwrap();
        assert_eq!(config.environment, "staging");
        assert!(config.release.starts_with("resume-matcher@"));
        assert!((config.traces_sample_rate - 0.1).abs() < 1e-9);
        assert!(SentryConfig::from_env(&Env::from_pairs::<&str, &str>([])).unwrap().is_none());
        let error = SentryConfig::from_env(&Env::from_pairs([(SENTRY_DSN, "hunter2")])).unwrap_err();
        assert!(error.to_string().starts_with("SENTRY_DSN") && !error.to_string().contains("hunter2"));
    }
}
