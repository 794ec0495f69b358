//! Whose tokens the application takes beside its own.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::SecretReference;

/// Outside issuers whose tokens are taken.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.issuers.filter(issuer, has(issuer.secretRef)).size() <= 4")
    .message("spec.auth.issuers: at most 4 issuers may have a secretRef")
    .field_path(".issuers"))]
#[x_kube(validation = Rule::new("!has(self.allowedNetworks) || self.allowedNetworks.all(network, isCIDR(network))")
    .message("spec.auth.allowedNetworks must be networks such as 10.0.0.0/8 or fd00::/8")
    .field_path(".allowedNetworks"))]
#[x_kube(validation = Rule::new("(has(self.allowedNetworks) && size(self.allowedNetworks) > 0) || self.issuers.all(issuer, !has(issuer.jwks) || issuer.jwks.url.startsWith('https://'))")
    .message("spec.auth.issuers: jwks.url must be https; http is taken only from networks in spec.auth.allowedNetworks")
    .field_path(".issuers"))]
pub struct AuthSpec {
    /// The issuers. One may stand here twice, with its keys and with its old secret, while it changes over.
    #[schemars(length(min = 1, max = 8))]
    pub issuers: Vec<IssuerSpec>,

    /// Private networks from which keys of issuers may be fetched, also by http, such as that of an identity provider in the
    /// cluster. Default: none; keys come from the internet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 3, max = 64)))]
    pub allowed_networks: Vec<String>,
}

/// One issuer.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.jwks) != has(self.secretRef)")
    .message("spec.auth.issuers: set exactly one of jwks and secretRef")
    .field_path(".jwks"))]
pub struct IssuerSpec {
    /// The claim `iss` of its tokens, to the letter, such as `https://x.supabase.co/auth/v1`.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^\S+$"))]
    pub issuer: String,

    /// What the claim `aud` must be or have, such as `authenticated`.
    #[schemars(length(min = 1, max = 256))]
    pub audience: String,

    /// Its public keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JwksSpec>,

    /// The Secret with the key `secret`: at least 32 bytes by which tokens are signed (HS256). When its content changes, the
    /// API is rolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
}

/// Public keys of an issuer.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct JwksSpec {
    /// Where they are (a JSON Web Key Set).
    #[schemars(length(min = 8, max = 2048), regex(pattern = r"^https?://[^/\s]+(/[^\s#]*)?$"))]
    pub url: String,

    /// The algorithms that are taken. Default: both.
    #[serde(default = "both", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 2))]
    pub algorithms: Vec<SigningAlgorithm>,
}

fn both() -> Vec<SigningAlgorithm> {
    vec![SigningAlgorithm::Rs256, SigningAlgorithm::Es256]
}

/// An algorithm with public keys (RFC 7518).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSA with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}
