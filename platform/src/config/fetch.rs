//! From where pages may be fetched.

use ipnet::IpNet;

use super::http::networks;
use super::{ConfigError, Env};
use crate::env_vars::RM_FETCH_ALLOWED_NETWORKS;

/// What may be fetched beside the internet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchConfig {
    /// Private networks from which pages may be fetched all the same, such as an intranet's job board.
    pub allowed_networks: Vec<IpNet>,
}

impl FetchConfig {
    /// Reads `RM_FETCH_ALLOWED_NETWORKS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { allowed_networks: networks(env, RM_FETCH_ALLOWED_NETWORKS)? })
    }
}
