//! Keeps a pass that was decided on an outdated object from writing anything. Uses the client.
//!
//! An operator that reads late, or that was replaced without knowing it, would otherwise undo what has been decided
//! since, for example scale down the version that has been switched to.

use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tokio::sync::OnceCell;

use super::ApplyError;
use crate::crd::ResumeMatcher;
use crate::telemetry::Metrics;

/// Makes sure, once a pass and before its first write, that the object is still the one that was read.
pub struct Fence<'a> {
    client: &'a Client,
    object: &'a ResumeMatcher,
    checked: OnceCell<()>,
}

impl<'a> Fence<'a> {
    /// For a pass over this object, as it was read or last written.
    #[must_use]
    pub fn new(client: &'a Client, object: &'a ResumeMatcher) -> Self {
        Self { client, object, checked: OnceCell::new() }
    }

    /// Asks the API server to change nothing, on condition that the object has the resource version that was read: a
    /// compare and swap that writes nothing.
    pub(crate) async fn check(&self, metrics: &Metrics) -> Result<(), ApplyError> {
        self.checked.get_or_try_init(|| self.ask(metrics)).await.copied()
    }

    async fn ask(&self, metrics: &Metrics) -> Result<(), ApplyError> {
        let namespace = self.object.namespace().unwrap_or_default();
        let api: Api<ResumeMatcher> = Api::namespaced(self.client.clone(), &namespace);
        let body = json!({"metadata": {"resourceVersion": self.object.resource_version()}});
        let answer =
            api.patch_status(&self.object.name_any(), &PatchParams::default(), &Patch::Merge(&body)).await;
        metrics.fenced(answer.is_ok());
        answer.map(drop).map_err(|error| ApplyError::Stale(Box::new(error)))
    }
}
