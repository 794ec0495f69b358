//! Outside issuers.

use ipnet::IpNet;

use super::ExternalSecret;
use crate::crd::SigningAlgorithm;

/// Outside issuers whose tokens are taken, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Auth {
    /// The issuers.
    pub issuers: Vec<OutsideIssuer>,
    /// Private networks from which keys may be fetched.
    pub allowed: Vec<IpNet>,
}

/// One issuer.
#[derive(Clone, Debug, PartialEq)]
pub struct OutsideIssuer {
    /// Who it is.
    pub issuer: String,
    /// For whom its tokens are.
    pub audience: String,
    /// By what they are signed.
    pub keys: IssuerKeys,
}

/// By what tokens are signed.
#[derive(Clone, Debug, PartialEq)]
pub enum IssuerKeys {
    /// Public keys.
    Jwks {
        /// Where they are.
        url: String,
        /// The algorithms that are taken, never empty.
        algorithms: Vec<SigningAlgorithm>,
        /// The port that must be reachable.
        port: i32,
    },
    /// A shared secret, in the variable `RM_AUTH_SECRET_` with this number, from 1.
    Secret(usize, ExternalSecret),
}

impl Auth {
    /// The shared secrets with the numbers of their variables.
    pub fn secrets(&self) -> impl Iterator<Item = (usize, &ExternalSecret)> {
        self.issuers.iter().filter_map(|issuer| match &issuer.keys {
            IssuerKeys::Secret(number, secret) => Some((*number, secret)),
            IssuerKeys::Jwks { .. } => None,
        })
    }

    /// The ports by which keys are fetched.
    pub fn ports(&self) -> impl Iterator<Item = i32> {
        self.issuers.iter().filter_map(|issuer| match &issuer.keys {
            IssuerKeys::Jwks { port, .. } => Some(*port),
            IssuerKeys::Secret(..) => None,
        })
    }
}
