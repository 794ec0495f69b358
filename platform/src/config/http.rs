//! How the API is reached, by whom, and how often.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

use super::{ConfigError, Env};
use crate::env_vars::{
    RM_CORS_ORIGINS, RM_DENIED_NETWORKS, RM_FORWARDED_HEADER, RM_LISTEN, RM_PUBLIC_URL,
    RM_RATE_LIMIT_PER_MINUTE, RM_TRUSTED_PROXIES,
};

/// The API's addresses, whose word it takes for a client's address, and what a client may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Address on which the API listens.
    pub listen: SocketAddr,
    /// The URL that people use, without a slash at the end.
    pub public_url: String,
    /// Networks whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which these proxies name the client.
    pub forwarded_header: ForwardedHeader,
    /// Networks whose requests are refused.
    pub denied_networks: Vec<IpNet>,
    /// Origins (scheme, host and port) whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// Requests that one client may make on `/api` in a minute; 0 for no limit.
    pub rate_limit_per_minute: u32,
}

/// A header in which proxies name the client. One only: a proxy passes the other one on as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, which nearly all proxies send.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl FromStr for ForwardedHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(format!("there is no such choice as \"{text}\"")),
        }
    }
}

impl HttpConfig {
    /// Reads `RM_LISTEN`, `RM_PUBLIC_URL`, `RM_TRUSTED_PROXIES`, `RM_FORWARDED_HEADER`, `RM_DENIED_NETWORKS`,
    /// `RM_CORS_ORIGINS` and `RM_RATE_LIMIT_PER_MINUTE`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let public_url = env.optional(RM_PUBLIC_URL).unwrap_or("http://localhost:8000");
        if !(public_url.starts_with("http://") || public_url.starts_with("https://")) {
            return Err(ConfigError::Invalid {
                variable: RM_PUBLIC_URL,
                reason: "it does not begin with http:// or https://".to_owned(),
                mend: "the URL that people use",
            });
        }
        Ok(Self {
            listen: env.parsed_or(
                RM_LISTEN,
                SocketAddr::from((IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8000)),
                "an address and a port such as 0.0.0.0:8000",
            )?,
            public_url: public_url.trim_end_matches('/').to_owned(),
            trusted_proxies: networks(env, RM_TRUSTED_PROXIES)?,
            forwarded_header: env.parsed_or(
                RM_FORWARDED_HEADER,
                ForwardedHeader::XForwardedFor,
                "x-forwarded-for or forwarded",
            )?,
            denied_networks: networks(env, RM_DENIED_NETWORKS)?,
            cors_origins: origins(env)?,
            rate_limit_per_minute: env.parsed_or(
                RM_RATE_LIMIT_PER_MINUTE,
                100,
                "a number of requests, 0 for no limit",
            )?,
        })
    }
}

pub(super) fn networks(env: &Env, variable: &'static str) -> Result<Vec<IpNet>, ConfigError> {
    let list = env.optional(variable).unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse().map_err(|_| ConfigError::Invalid {
                variable,
                reason: format!("\"{part}\" is not a network"),
                mend: "networks such as 10.0.0.0/8,fd00::/8",
            })
        })
        .collect()
}

fn origins(env: &Env) -> Result<Vec<String>, ConfigError> {
    let list = env.optional(RM_CORS_ORIGINS).unwrap_or_default();
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| origin(part).ok_or_else(|| no_origin(part))).collect()
}

/// What a browser sends as `Origin`: no path, no default port.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    is_origin.then(|| url.origin().ascii_serialization())
}

fn no_origin(part: &str) -> ConfigError {
    ConfigError::Invalid {
        variable: RM_CORS_ORIGINS,
        reason: format!("\"{part}\" is not an origin"),
        mend: "origins such as https://app.example.org,https://example.org:8443",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_from_a_list() {
        let env = Env::from_pairs([(RM_TRUSTED_PROXIES, "10.0.0.0/8, fd00::/8")]);
        let config = HttpConfig::from_env(&env).unwrap();
        assert_eq!(config.trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        assert_eq!((config.denied_networks, config.rate_limit_per_minute), (vec![], 100));
    }

    #[test]
    fn an_address_that_is_no_network_is_named() {
        for variable in [RM_TRUSTED_PROXIES, RM_DENIED_NETWORKS] {
            let error = HttpConfig::from_env(&Env::from_pairs([(variable, "10.0.0.0/8,proxy")])).unwrap_err();
            assert!(error.to_string().starts_with(variable), "{error}");
            assert!(error.to_string().contains("\"proxy\" is not a network"), "{error}");
        }
    }

    #[test]
    fn origins_are_brought_to_the_form_that_browsers_send() {
        let read = |text| HttpConfig::from_env(&Env::from_pairs([(RM_CORS_ORIGINS, text)]));
        let origins = read("https://App.example.org/, http://localhost:3000,https://a.b:443").unwrap();
        assert_eq!(origins.cors_origins, ["https://app.example.org", "http://localhost:3000", "https://a.b"]);
        for bad in ["*", "app.example.org", "https://a.b/path", "file:///x"] {
            assert!(read(bad).unwrap_err().to_string().contains("is not an origin"), "{bad}");
        }
    }

    #[test]
    fn the_header_is_one_of_two() {
        let header = |text| HttpConfig::from_env(&Env::from_pairs([(RM_FORWARDED_HEADER, text)]));
        assert_eq!(header("Forwarded").unwrap().forwarded_header, ForwardedHeader::Forwarded);
        assert!(header("x-real-ip").is_err());
    }
}
