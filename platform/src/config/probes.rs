//! Where metrics and probes are served.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{ConfigError, Env};
use crate::env_vars::RM_METRICS_LISTEN;

/// The second port: `/metrics`, `/livez`, `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbesConfig {
    /// Address on which to listen.
    pub listen: SocketAddr,
}

impl ProbesConfig {
    /// Reads `RM_METRICS_LISTEN`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: env.parsed_or(
                RM_METRICS_LISTEN,
                SocketAddr::from((IpAddr::V4(Ipv4Addr::UNSPECIFIED), 9090)),
                "an address and a port such as 0.0.0.0:9090",
            )?,
        })
    }
}
