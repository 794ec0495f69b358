//! What the spec may add to the pods of a tier beyond the fields that it has for them.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A part of a pod template, which is merged into the one that the operator makes.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
pub struct PodTemplateSpec {
    /// Labels and annotations of the pods.
    #[serde(default, skip_serializing_if = "PodTemplateMetadata::is_empty")]
    pub metadata: PodTemplateMetadata,

    /// A part of a pod's `spec`, as Kubernetes has it. Lists are merged by their keys: containers, variables and volumes by
    /// `name`, mounts by `mountPath`. The application's own container is named `api` or `worker`; others are sidecars. What
    /// may be set, and what is refused: docs/pod-templates.md.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "any_object")]
    pub spec: Map<String, Value>,
}

impl PodTemplateSpec {
    /// Whether it adds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.metadata.is_empty() && self.spec.is_empty()
    }
}

/// Labels and annotations that are added to pods.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("!has(self.labels) || self.labels.all(key, !key.startsWith('app.kubernetes.io/') && !key.startsWith('resumematcher.io/'))")
    .message("podTemplate.metadata.labels: labels below app.kubernetes.io/ and resumematcher.io/ are the operator's; choose others")
    .field_path(".labels"))]
#[x_kube(validation = Rule::new("!has(self.annotations) || self.annotations.all(key, !key.startsWith('resumematcher.io/'))")
    .message("podTemplate.metadata.annotations: annotations below resumematcher.io/ are the operator's; choose others")
    .field_path(".annotations"))]
pub struct PodTemplateMetadata {
    /// Labels beside those of the operator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub labels: BTreeMap<String, String>,

    /// Annotations beside those of the operator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64))]
    pub annotations: BTreeMap<String, String>,
}

impl PodTemplateMetadata {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty()
    }
}

/// The whole schema of a pod is longer than all the rest together, and would be here twice: the operator itself checks every
/// field, those included that do not exist.
fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}
