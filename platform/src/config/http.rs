//! How the API is reached.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::{ConfigError, Env};
use crate::env_vars::{RM_LISTEN, RM_PUBLIC_URL, RM_TRUSTED_PROXIES};

/// The API's addresses and whose word it takes for a client's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Address on which the API listens.
    pub listen: SocketAddr,
    /// The URL that people use, without a slash at the end.
    pub public_url: String,
    /// Networks whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl HttpConfig {
    /// Reads `RM_LISTEN`, `RM_PUBLIC_URL` and `RM_TRUSTED_PROXIES`.
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
            trusted_proxies: trusted_proxies(env.optional(RM_TRUSTED_PROXIES).unwrap_or_default())?,
        })
    }

    /// Whether `address` is a proxy whose headers are believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

fn trusted_proxies(list: &str) -> Result<Vec<IpNet>, ConfigError> {
    list.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse().map_err(|_| ConfigError::Invalid {
                variable: RM_TRUSTED_PROXIES,
                reason: format!("\"{part}\" is not a network"),
                mend: "networks such as 10.0.0.0/8,fd00::/8",
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_networks_are_trusted() {
        let config =
            HttpConfig::from_env(&Env::from_pairs([(RM_TRUSTED_PROXIES, "10.0.0.0/8, fd00::/8")])).unwrap();
        assert!(config.trusts("10.1.2.3".parse().unwrap()));
        assert!(!config.trusts("11.1.2.3".parse().unwrap()));
    }

    #[test]
    fn an_address_that_is_no_network_is_named() {
        let error =
            HttpConfig::from_env(&Env::from_pairs([(RM_TRUSTED_PROXIES, "10.0.0.0/8,proxy")])).unwrap_err();
        assert!(error.to_string().contains("\"proxy\" is not a network"), "{error}");
    }
}
