//! What a change would do, told beforehand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What would change if `spec.dryRun` were false.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// `metadata.generation` of the spec that it is about.
    pub generation: i64,

    /// How the pods would be replaced; absent when none would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,

    /// The objects that would be made, changed or deleted, in the end: what a release makes for a while only (Jobs, the
    /// preview Service) is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PlannedChange>,
}

/// What would become of one object.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// Kind and name, such as `Deployment/acme-api-green`.
    pub object: String,
    /// What would be done to it.
    pub action: PlannedAction,
    /// The fields that would differ, with their values before and after; values of Secrets are not told. For an object of
    /// the next version these are the differences from the version that serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// What would be done to an object.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedAction {
    /// It would be made.
    Create,
    /// Some of its fields would be changed.
    Change,
    /// It would be deleted.
    Delete,
}
