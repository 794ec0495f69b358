//! The services that hold data: database, cache, object storage. Each is embedded (run by the operator) or
//! external (run by someone else, reached by a Secret).

use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The PostgreSQL database.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.external) != has(self.embedded)")
    .message("spec.database: set exactly one of external and embedded")
    .field_path(".embedded"))]
#[serde(rename_all = "camelCase")]
pub struct DatabaseSpec {
    /// A database that exists already. The Secret's key `url` is the PostgreSQL URL of the application's role;
    /// its optional key `ownerUrl` is that of the role that owns the tables and runs the migrations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalSpec>,

    /// A database that the operator runs: one PostgreSQL with a volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<EmbeddedSpec>,
}

impl Default for DatabaseSpec {
    fn default() -> Self {
        Self { external: None, embedded: Some(EmbeddedSpec::default()) }
    }
}

/// The Redis cache and job queue.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.external) != has(self.embedded)")
    .message("spec.cache: set exactly one of external and embedded")
    .field_path(".embedded"))]
#[serde(rename_all = "camelCase")]
pub struct CacheSpec {
    /// A Redis that exists already. The Secret's key `url` is its URL, for example `redis://:password@host:6379/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalSpec>,

    /// A Redis that the operator runs, with a volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<EmbeddedSpec>,
}

impl Default for CacheSpec {
    fn default() -> Self {
        Self { external: None, embedded: Some(EmbeddedSpec::default()) }
    }
}

/// The S3 storage of uploaded files.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.s3) != has(self.embedded)")
    .message("spec.objectStorage: set exactly one of s3 and embedded")
    .field_path(".embedded"))]
#[serde(rename_all = "camelCase")]
pub struct ObjectStorageSpec {
    /// A bucket of an S3 service that exists already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Spec>,

    /// An S3 server that the operator runs, with a volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<EmbeddedSpec>,
}

impl Default for ObjectStorageSpec {
    fn default() -> Self {
        Self { s3: None, embedded: Some(EmbeddedSpec::default()) }
    }
}

/// A service that someone else runs.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ExternalSpec {
    /// The Secret that says how to reach it. When its content changes, the pods are rolled.
    pub secret_ref: SecretReference,
}

/// A Secret in the same namespace.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct SecretReference {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A service that the operator runs, with a volume.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedSpec {
    /// Its volume.
    #[serde(default)]
    pub storage: StorageSpec,

    /// Requests and limits of the container. Default: what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
}

/// A volume.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("!has(oldSelf.size) || (has(self.size) && quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0)")
    .message("storage.size cannot shrink or be removed, because volumes only grow")
    .field_path(".size"))]
#[x_kube(validation = Rule::new("has(self.className) == has(oldSelf.className) && (!has(self.className) || self.className == oldSelf.className)")
    .message("storage.className cannot change, because a volume stays in its class")
    .field_path(".className"))]
#[serde(rename_all = "camelCase")]
pub struct StorageSpec {
    /// Its size, for example `10Gi`. It may grow where the storage class allows that, and never shrinks.
    /// Default: what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[1-9][0-9]*(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$"))]
    pub size: Option<String>,

    /// Its storage class. Default: the cluster's default class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub class_name: Option<String>,
}

/// A bucket of an S3 service that exists already.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct S3Spec {
    /// The service's URL, for example `https://s3.eu-central-1.amazonaws.com`.
    #[schemars(length(min = 8, max = 2048), regex(pattern = r"^https?://[^/\s]+/?$"))]
    pub endpoint: String,

    /// The bucket. It is made when it is absent and the credentials may make it.
    #[schemars(length(min = 3, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"))]
    pub bucket: String,

    /// The region.
    #[serde(default = "default_region")]
    #[schemars(length(min = 1, max = 64))]
    pub region: String,

    /// Whether the bucket's name goes into the path (`https://host/bucket/…`) and not into the host name.
    #[serde(default)]
    pub force_path_style: bool,

    /// The Secret with the keys `accessKeyId` and `secretAccessKey`. When its content changes, the pods are rolled.
    pub secret_ref: SecretReference,
}

pub(super) fn default_region() -> String {
    "us-east-1".to_owned()
}
