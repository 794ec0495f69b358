//! The end of an installation. Uses the client.
//!
//! What the installation owns goes with it by garbage collection. Volumes and credentials have no owner: they stay,
//! unless `deletionPolicy` is `Delete`.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use thiserror::Error;

use super::apply::{Applier, ApplyError};
use crate::children::{Child, ChildKey};
use crate::crd::{DeletionPolicy, ResumeMatcher};
use crate::names::{FINALIZER, INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL};
use crate::telemetry::Metrics;

/// Why an installation could not be ended, or prepared for its end.
#[derive(Debug, Error)]
pub enum FinalizeError {
    /// The finalizer could not be set or removed.
    #[error("cannot change the finalizer")]
    Finalizer(#[source] Box<kube::Error>),
    /// The data could not be listed.
    #[error("cannot list what is to be deleted")]
    List(#[source] Box<kube::Error>),
    /// The data could not be deleted.
    #[error("cannot delete the data")]
    Delete(#[from] ApplyError),
}

/// Makes sure that the object cannot vanish without [`finalize`]. Gives whether it had to be written.
///
/// # Errors
/// When the API server refuses, also because the object was changed meanwhile.
pub async fn ensure_finalizer(
    client: &Client,
    metrics: &Metrics,
    object: &ResumeMatcher,
) -> Result<bool, FinalizeError> {
    if object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(false);
    }
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    set_finalizers(client, metrics, object, &finalizers).await?;
    Ok(true)
}

/// Ends an installation that is being deleted.
///
/// # Errors
/// When the API server refuses or is not reached; it is tried again then.
pub async fn finalize(
    client: &Client,
    metrics: &Metrics,
    applier: &Applier,
    object: &ResumeMatcher,
) -> Result<(), FinalizeError> {
    if !object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(());
    }
    let namespace = object.namespace().unwrap_or_default();
    if object.spec.deletion_policy == DeletionPolicy::Delete {
        delete_all::<PersistentVolumeClaim>(client, applier, &namespace, &object.name_any()).await?;
        delete_all::<Secret>(client, applier, &namespace, &object.name_any()).await?;
    }
    applier.forget(&namespace, &object.name_any());
    let others: Vec<_> =
        object.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).cloned().collect();
    set_finalizers(client, metrics, object, &others).await
}

/// Deletes what there is and not what the memory knows of: it may be behind.
async fn delete_all<K: Child>(
    client: &Client,
    applier: &Applier,
    namespace: &str,
    instance: &str,
) -> Result<(), FinalizeError> {
    let api: Api<PartialObjectMeta<K>> = Api::namespaced(client.clone(), namespace);
    let ours = format!("{MANAGED_BY_LABEL}={MANAGED_BY},{INSTANCE_LABEL}={instance}");
    let list = api.list(&ListParams::default().labels(&ours)).await;
    for object in list.map_err(|error| FinalizeError::List(Box::new(error)))? {
        let key = ChildKey { namespace: namespace.to_owned(), kind: K::KIND, name: object.name_any() };
        applier.delete::<K>(&key, &object.uid().unwrap_or_default()).await?;
    }
    Ok(())
}

async fn set_finalizers(
    client: &Client,
    metrics: &Metrics,
    object: &ResumeMatcher,
    finalizers: &[String],
) -> Result<(), FinalizeError> {
    let api: Api<ResumeMatcher> = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
    // With the resource version: a finalizer that someone else set meanwhile must not get lost.
    let body = json!({"metadata": {"finalizers": finalizers, "resourceVersion": object.resource_version()}});
    match api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&body)).await {
        Ok(_) => {
            metrics.wrote_object();
            Ok(())
        }
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(error) => Err(FinalizeError::Finalizer(Box::new(error))),
    }
}
