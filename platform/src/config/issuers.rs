//! Outside issuers whose tokens are taken: who they are, for whom the tokens are, and by which keys they are signed.

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::http::networks;
use super::{ConfigError, Env, FetchConfig};
use crate::env_vars::{
    RM_AUTH_ALLOWED_NETWORKS, RM_AUTH_ISSUERS, RM_AUTH_SECRET_1, RM_AUTH_SECRET_2, RM_AUTH_SECRET_3,
    RM_AUTH_SECRET_4,
};

const MEND: &str = "a JSON array such as [{\"issuer\":\"https://x.supabase.co/auth/v1\",\"audience\":\"authenticated\",\
    \"jwks_url\":\"https://x.supabase.co/auth/v1/.well-known/jwks.json\"}], or with \"secret\":\"RM_AUTH_SECRET_1\" in \
    place of jwks_url";
/// The variables that may hold a shared secret.
const SECRETS: [&str; 4] = [RM_AUTH_SECRET_1, RM_AUTH_SECRET_2, RM_AUTH_SECRET_3, RM_AUTH_SECRET_4];
/// Fewest bytes of a shared secret: those of the hash (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// All outside issuers.
#[derive(Debug, Clone, Default)]
pub struct IssuersConfig {
    /// The issuers; none, and only tokens of this installation are taken.
    pub issuers: Vec<IssuerConfig>,
    /// Private networks from which keys may be fetched, also by http.
    pub fetch: FetchConfig,
}

/// One issuer.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The claim `iss` of its tokens, to the letter.
    pub issuer: String,
    /// What the claim `aud` must have.
    pub audience: String,
    /// By what they are signed.
    pub keys: IssuerKeys,
}

/// By what tokens are signed. It decides the algorithm; the token does not.
#[derive(Debug, Clone)]
pub enum IssuerKeys {
    /// Public keys, fetched from the issuer.
    Jwks {
        /// Where they are.
        url: Url,
        /// The algorithms that are taken, never empty.
        algorithms: Vec<SigningAlgorithm>,
    },
    /// A shared secret: HS256.
    Secret(SecretString),
}

/// An algorithm with public keys (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// An issuer as it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    issuer: String,
    audience: String,
    #[serde(default)]
    jwks_url: Option<String>,
    #[serde(default = "all_algorithms")]
    algorithms: Vec<SigningAlgorithm>,
    #[serde(default)]
    secret: Option<String>,
}

fn all_algorithms() -> Vec<SigningAlgorithm> {
    vec![SigningAlgorithm::Rs256, SigningAlgorithm::Es256]
}

impl IssuersConfig {
    /// Reads `RM_AUTH_ISSUERS`, `RM_AUTH_SECRET_1` to `_4` and `RM_AUTH_ALLOWED_NETWORKS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let allowed_networks = networks(env, RM_AUTH_ALLOWED_NETWORKS)?;
        let text = env.optional(RM_AUTH_ISSUERS).unwrap_or("[]");
        let written: Vec<Written> = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        let read = |(index, written)| issuer(env, index, written, &allowed_networks);
        let issuers = written.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { issuers, fetch: FetchConfig { allowed_networks } })
    }
}

fn invalid(reason: String) -> ConfigError {
    ConfigError::Invalid { variable: RM_AUTH_ISSUERS, reason, mend: MEND }
}

fn issuer(env: &Env, index: usize, written: Written, allowed: &[IpNet]) -> Result<IssuerConfig, ConfigError> {
    let wrong = |reason: &str| invalid(format!("[{index}]{reason}"));
    if written.issuer.is_empty() || written.audience.is_empty() {
        return Err(wrong(" has no issuer or no audience"));
    }
    let keys = match (written.jwks_url, written.secret) {
        (Some(url), None) => {
            let url = Url::parse(&url).map_err(|_| wrong(".jwks_url is no URL"))?;
            // By http, keys may come from a private network that is named, and from nowhere else.
            let plain = url.scheme() == "http" && !allowed.is_empty();
            if !(url.scheme() == "https" || plain) || url.host_str().is_none_or(str::is_empty) {
                return Err(wrong(".jwks_url is no https URL"));
            }
            if written.algorithms.is_empty() {
                return Err(wrong(".algorithms is empty"));
            }
            IssuerKeys::Jwks { url, algorithms: written.algorithms }
        }
        (None, Some(name)) => {
            let variable = SECRETS.into_iter().find(|variable| *variable == name);
            let variable = variable
                .ok_or_else(|| wrong(".secret is no name from RM_AUTH_SECRET_1 to RM_AUTH_SECRET_4"))?;
            IssuerKeys::Secret(secret(env, variable)?)
        }
        _ => return Err(wrong(" needs jwks_url or secret, and not both")),
    };
    Ok(IssuerConfig { issuer: written.issuer, audience: written.audience, keys })
}

fn secret(env: &Env, variable: &'static str) -> Result<SecretString, ConfigError> {
    let mend = "the secret of the issuer, at least 32 bytes";
    let secret = SecretString::from(env.required(variable, mend)?);
    let bytes = secret.expose_secret().len();
    if bytes < MIN_SECRET_BYTES {
        return Err(ConfigError::Invalid { variable, reason: format!("it has {bytes} bytes"), mend });
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn read(issuers: &str, more: &[(&'static str, &str)]) -> Result<IssuersConfig, ConfigError> {
        let pairs = [(RM_AUTH_ISSUERS, issuers)].into_iter().chain(more.iter().copied());
        IssuersConfig::from_env(&Env::from_pairs(pairs))
    }

    #[test]
    fn keys_decide_the_algorithms() {
        let config = read(
            r#"[{"issuer":"a","audience":"x","jwks_url":"https://a.example/keys"},
                {"issuer":"b","audience":"x","jwks_url":"https://b.example/keys","algorithms":["ES256"]},
                {"issuer":"c","audience":"x","secret":"RM_AUTH_SECRET_2"}]"#,
            &[(RM_AUTH_SECRET_2, SECRET)],
        )
        .unwrap();
        let algorithms: Vec<usize> = config
            .issuers
            .iter()
            .map(|issuer| match &issuer.keys {
                IssuerKeys::Jwks { algorithms, .. } => algorithms.len(),
                IssuerKeys::Secret(_) => 0,
            })
            .collect();
        assert_eq!(algorithms, [2, 1, 0]);
        assert!(!format!("{config:?}").contains(SECRET));
        assert!(read("", &[]).unwrap().issuers.is_empty());
    }

    #[test]
    fn what_is_not_safe_or_not_whole_is_refused_by_name() {
        let one = |more: &str| format!(r#"[{{"issuer":"a","audience":"x"{more}}}]"#);
        let plain = r#","jwks_url":"http://10.0.0.1/keys""#;
        for (issuers, told) in [
            (one(""), "needs jwks_url or secret"),
            (one(plain), ".jwks_url is no https URL"),
            (one(r#","jwks_url":"https://a.example","algorithms":[]"#), ".algorithms is empty"),
            (one(r#","jwks_url":"https://a.example","algorithms":["none"]"#), "unknown variant"),
            (one(r#","secret":"DATABASE_URL""#), ".secret is no name from RM_AUTH_SECRET_1"),
            (one(r#","secret":"RM_AUTH_SECRET_1""#), "RM_AUTH_SECRET_1 is not set"),
            (one(r#","algorithm":"HS256""#), "unknown field"),
            (r#"[{"issuer":"","audience":"x","secret":"RM_AUTH_SECRET_1"}]"#.to_owned(), "no issuer"),
        ] {
            let error = read(&issuers, &[]).unwrap_err().to_string();
            assert!(error.starts_with("RM_AUTH_") && error.contains(told), "{error}");
        }
        assert!(read(&one(plain), &[(RM_AUTH_ALLOWED_NETWORKS, "10.0.0.0/8")]).is_ok());
        let short = read(&one(r#","secret":"RM_AUTH_SECRET_1""#), &[(RM_AUTH_SECRET_1, "hunter2")]);
        let short = short.unwrap_err().to_string();
        assert!(short.contains("it has 7 bytes") && !short.contains("hunter2"), "{short}");
    }
}
