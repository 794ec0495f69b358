//! Makes the cluster's objects as they were built, and removes those that are no longer asked for. Uses the client.
//!
//! Server-side apply, forced, with one field manager. An object that is as it should be is not written, and mostly
//! not even read: the memory of the watches shows whether a field of ours was changed.

pub(crate) mod compare;
mod differences;
mod fence;
mod preview;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::core::ObjectMeta;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use thiserror::Error;

use self::compare::{desired_hash, head, is_contained};
pub use self::fence::Fence;
use super::build::Children;
use super::model::Installation;
use crate::children::{Child, ChildIndex, ChildKey, ChildMeta, Kind};
use crate::names::{DESIRED_HASH, FIELD_MANAGER, LEAST_PODS};
use crate::telemetry::{Metrics, Verb};

/// Why an object could not be made as it should be.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// An object could not be written as JSON.
    #[error("{kind} {name}: cannot be serialised")]
    Serialise {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What the serialiser says.
        source: serde_json::Error,
    },
    /// The object was changed since it was read: what was decided for it is not carried out.
    #[error("the object was changed meanwhile")]
    Stale(#[source] Box<kube::Error>),
    /// The API server refused, or was not reached.
    #[error("{kind} {name}: cannot {verb} it")]
    Request {
        /// What was to be done.
        verb: &'static str,
        /// The object's kind.
        kind: &'static str,
        /// The object's name.
        name: String,
        /// What the client says.
        source: Box<kube::Error>,
    },
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was as it should be.
    Unchanged,
    /// It was written.
    Written,
    /// It is being deleted and is made anew once it is gone; its watch tells when.
    Leaving,
}

/// What became of all objects: the kinds of which something was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    changed: HashSet<Kind>,
}

impl Applied {
    /// Whether an object of this kind was written, removed, or waits to be made.
    #[must_use]
    pub fn changed(&self, kind: Kind) -> bool {
        self.changed.contains(&kind)
    }
}

/// Applies objects, and remembers what it saw of each.
pub struct Applier {
    client: Client,
    index: Arc<ChildIndex>,
    metrics: Metrics,
    verified: Mutex<HashMap<ChildKey, Verified>>,
}

/// An object that was found, or made, as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verified {
    uid: String,
    owned_fields: u64,
    desired: String,
}

impl Applier {
    /// One for the whole operator.
    #[must_use]
    pub fn new(client: Client, index: Arc<ChildIndex>, metrics: Metrics) -> Self {
        Self { client, index, metrics, verified: Mutex::default() }
    }

    /// Applies everything, in the order in which objects need each other, then deletes orphans. `may_stay` names
    /// Jobs and Deployments that may stay although they are not among the children. Before the first write `fence` makes
    /// sure that the object is the one that all this was decided for.
    ///
    /// # Errors
    /// The first object that cannot be applied. Those before it are as they should be.
    pub async fn apply(
        &self,
        installation: &Installation,
        children: &Children,
        may_stay: &[String],
        fence: &Fence<'_>,
    ) -> Result<Applied, ApplyError> {
        // Without `..`: a new kind cannot be forgotten here.
        let Children {
            service_accounts,
            secrets,
            config_maps,
            volumes,
            services,
            network_policies,
            stateful_sets,
            jobs,
            cron_jobs,
            revisions,
            deployments,
            autoscalers,
            disruption_budgets,
            ingresses,
        } = children;
        let mut pass = Pass { applier: self, fence, wanted: HashSet::new(), applied: Applied::default() };
        // Pods are denied their traffic before they start, and their configuration is there before them.
        pass.all(network_policies).await?;
        pass.all(service_accounts).await?;
        pass.all(secrets).await?;
        pass.all(config_maps).await?;
        pass.all(volumes).await?;
        pass.all(services).await?;
        pass.all(stateful_sets).await?;
        pass.all(jobs).await?;
        pass.all(revisions).await?;
        pass.all(deployments).await?;
        // After the Deployments, which they refer to.
        pass.all(autoscalers).await?;
        pass.all(disruption_budgets).await?;
        pass.all(ingresses).await?;
        // Last: a schedule that the API server refuses must not keep the application from being made.
        pass.all(cron_jobs).await?;
        pass.delete_orphans(installation, may_stay).await?;
        Ok(pass.applied)
    }

    /// Makes one object as it should be.
    async fn ensure<K: Child>(&self, desired: &K, fence: &Fence<'_>) -> Result<Outcome, ApplyError> {
        let name = desired.name_any();
        let namespace = desired.namespace().unwrap_or_default();
        let key = ChildKey { namespace: namespace.clone(), kind: K::KIND, name: name.clone() };
        let mut body = serde_json::to_value(desired).map_err(|source| ApplyError::Serialise {
            kind: K::KIND.as_str(),
            name: name.clone(),
            source,
        })?;
        let hash = desired_hash(&body);
        if self.is_verified(&key, &hash) {
            return Ok(Outcome::Unchanged);
        }
        let api: Api<K> = Api::namespaced(self.client.clone(), &namespace);
        let live = api.get_opt(&name).await.map_err(request::<K>("read", &name))?;
        if let Some(live) = &live {
            if live.meta().deletion_timestamp.is_some() {
                return Ok(Outcome::Leaving);
            }
            if self.is_as_desired(live, &body, &hash) {
                self.remember(key, live.meta(), hash);
                return Ok(Outcome::Unchanged);
            }
            fence.check(&self.metrics).await?;
            self.hand_replicas_over(live, &body).await?;
        }
        fence.check(&self.metrics).await?;
        annotate(&mut body, &hash);
        start_with_least::<K>(live.as_ref(), &mut body);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let written =
            api.patch(&name, &params, &Patch::Apply(&body)).await.map_err(request::<K>("apply", &name))?;
        self.metrics.wrote(K::KIND, Verb::Apply);
        let was_so_before = match &live {
            Some(live) => live.annotations().get(DESIRED_HASH) == Some(&hash),
            None => self.verified_before(&key, &hash),
        };
        if was_so_before {
            self.metrics.repaired(K::KIND);
            tracing::info!(kind = K::KIND.as_str(), %namespace, %name, "put back what was changed");
        }
        self.remember(key, written.meta(), hash);
        Ok(Outcome::Written)
    }

    fn is_verified(&self, key: &ChildKey, hash: &str) -> bool {
        let Some(seen) = self.index.get(key) else { return false };
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        let as_seen = Verified { uid: seen.uid, owned_fields: seen.owned_fields, desired: hash.to_owned() };
        !seen.deleting && verified.get(key) == Some(&as_seen)
    }

    /// Whether this very object was seen in order once, so that its absence means that someone deleted it.
    fn verified_before(&self, key: &ChildKey, hash: &str) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.get(key).is_some_and(|verified| verified.desired == hash)
    }

    fn is_as_desired<K: Child>(&self, live: &K, body: &Value, hash: &str) -> bool {
        let same = live.annotations().get(DESIRED_HASH).map(String::as_str) == Some(hash);
        // What these do cannot be changed, and their names say what it is: one that another version of the operator has made
        // stays. Of one of ours the rest, such as its labels, is put back.
        if matches!(K::KIND, Kind::Job | Kind::ControllerRevision) {
            return !same || serde_json::to_value(live).is_ok_and(|live| is_contained(&head(body), &live));
        }
        same && serde_json::to_value(live).is_ok_and(|live| is_contained(body, &live))
    }

    fn remember(&self, key: ChildKey, metadata: &ObjectMeta, desired: String) {
        let Some(meta) = ChildMeta::of(metadata) else { return };
        let verified = Verified { uid: meta.uid, owned_fields: meta.owned_fields, desired };
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).insert(key, verified);
    }

    /// When an autoscaler takes over, the number of pods must stay as it is. Leaving the field out of an apply that
    /// owned it alone would reset it to 1, so another manager owns it first.
    async fn hand_replicas_over<K: Child>(&self, live: &K, body: &Value) -> Result<(), ApplyError> {
        let leaves_out = K::KIND == Kind::Deployment && body.pointer("/spec/replicas").is_none();
        let owns = live.managed_fields().iter().any(|entry| {
            let fields = entry.fields_v1.as_ref().and_then(|fields| fields.0.pointer("/f:spec/f:replicas"));
            entry.manager.as_deref() == Some(FIELD_MANAGER) && fields.is_some()
        });
        if !leaves_out || !owns {
            return Ok(());
        }
        let name = live.name_any();
        let live = serde_json::to_value(live).ok();
        let Some(replicas) = live.as_ref().and_then(|live| live.pointer("/spec/replicas")) else {
            return Ok(());
        };
        let body = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": replicas},
        });
        let namespace = live.as_ref().and_then(|live| live.pointer("/metadata/namespace")?.as_str());
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), namespace.unwrap_or_default());
        let params = PatchParams::apply("resume-matcher-operator-handover").force();
        api.patch(&name, &params, &Patch::Apply(&body))
            .await
            .map_err(request::<K>("hand the replicas over of", &name))?;
        self.metrics.wrote(K::KIND, Verb::Apply);
        Ok(())
    }

    /// Deletes one object, if it still is the one that was seen.
    ///
    /// # Errors
    /// When the API server refuses or is not reached. An object that is gone already is no error.
    pub async fn delete<K: Child>(&self, key: &ChildKey, uid: &str) -> Result<(), ApplyError> {
        let api: Api<K> = Api::namespaced(self.client.clone(), &key.namespace);
        let only = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        match api.delete(&key.name, &DeleteParams::background().preconditions(only)).await {
            Ok(_) => self.metrics.wrote(K::KIND, Verb::Delete),
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => {}
            Err(source) => return Err(request::<K>("delete", &key.name)(source)),
        }
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Ok(())
    }

    /// Forgets what was seen of an installation that is gone.
    pub fn forget(&self, namespace: &str, instance: &str) {
        let gone: HashSet<ChildKey> =
            self.index.of_instance(namespace, instance).into_iter().map(|(key, _)| key).collect();
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.retain(|key, _| !gone.contains(key));
    }
}

/// One run over all objects of one installation.
struct Pass<'a> {
    applier: &'a Applier,
    fence: &'a Fence<'a>,
    wanted: HashSet<ChildKey>,
    applied: Applied,
}

impl Pass<'_> {
    async fn all<K: Child>(&mut self, desired: &[K]) -> Result<(), ApplyError> {
        for object in desired {
            self.wanted.insert(ChildKey {
                namespace: object.namespace().unwrap_or_default(),
                kind: K::KIND,
                name: object.name_any(),
            });
            if self.applier.ensure(object, self.fence).await? != Outcome::Unchanged {
                self.applied.changed.insert(K::KIND);
            }
        }
        Ok(())
    }

    /// Deletes what this installation owns and no longer asks for. Volumes and credentials have no owner and stay.
    async fn delete_orphans(
        &mut self,
        installation: &Installation,
        may_stay: &[String],
    ) -> Result<(), ApplyError> {
        let applier = self.applier;
        for (key, meta) in applier.index.of_instance(&installation.namespace, installation.name.as_str()) {
            let is_ours =
                meta.owner.as_deref() == Some(installation.owner.uid.as_str()) && !key.kind.is_kept();
            let stays = matches!(key.kind, Kind::Job | Kind::Deployment) && may_stay.contains(&key.name);
            if !is_ours || stays || meta.deleting || self.wanted.contains(&key) {
                continue;
            }
            tracing::info!(
                kind = key.kind.as_str(),
                namespace = key.namespace,
                name = key.name,
                "delete: no longer asked for"
            );
            self.fence.check(&applier.metrics).await?;
            applier.delete_any(&key, &meta.uid).await?;
            self.applied.changed.insert(key.kind);
        }
        Ok(())
    }
}

impl Applier {
    /// Deletes an object of any kind.
    ///
    /// # Errors
    /// As [`Self::delete`].
    pub async fn delete_any(&self, key: &ChildKey, uid: &str) -> Result<(), ApplyError> {
        use k8s_openapi::api::{apps, autoscaling, batch, core, networking, policy};
        match key.kind {
            Kind::ServiceAccount => self.delete::<core::v1::ServiceAccount>(key, uid).await,
            Kind::Secret => self.delete::<core::v1::Secret>(key, uid).await,
            Kind::ConfigMap => self.delete::<core::v1::ConfigMap>(key, uid).await,
            Kind::PersistentVolumeClaim => self.delete::<core::v1::PersistentVolumeClaim>(key, uid).await,
            Kind::Service => self.delete::<core::v1::Service>(key, uid).await,
            Kind::NetworkPolicy => self.delete::<networking::v1::NetworkPolicy>(key, uid).await,
            Kind::StatefulSet => self.delete::<apps::v1::StatefulSet>(key, uid).await,
            Kind::Job => self.delete::<batch::v1::Job>(key, uid).await,
            Kind::CronJob => self.delete::<batch::v1::CronJob>(key, uid).await,
            Kind::ControllerRevision => self.delete::<apps::v1::ControllerRevision>(key, uid).await,
            Kind::Deployment => self.delete::<Deployment>(key, uid).await,
            Kind::HorizontalPodAutoscaler => {
                self.delete::<autoscaling::v2::HorizontalPodAutoscaler>(key, uid).await
            }
            Kind::PodDisruptionBudget => self.delete::<policy::v1::PodDisruptionBudget>(key, uid).await,
            Kind::Ingress => self.delete::<networking::v1::Ingress>(key, uid).await,
        }
    }
}

/// A Deployment whose number of pods is someone else's starts with as many as it says, and not with one; so does one that
/// was scaled to nothing, which an autoscaler would leave as it is.
fn start_with_least<K: Child>(live: Option<&K>, body: &mut Value) {
    let path = format!("/metadata/annotations/{}", LEAST_PODS.replace('/', "~1"));
    let least = body.pointer(&path).and_then(Value::as_str).and_then(|least| least.parse::<i32>().ok());
    let Some(least) = least.filter(|_| K::KIND == Kind::Deployment) else { return };
    let pods = live.and_then(|live| serde_json::to_value(live).ok());
    let pods = pods.as_ref().and_then(|live| live.pointer("/spec/replicas")).and_then(Value::as_i64);
    if pods.is_none_or(|pods| pods == 0)
        && let Some(spec) = body.get_mut("spec").and_then(Value::as_object_mut)
    {
        spec.insert("replicas".to_owned(), json!(least));
    }
}

fn annotate(body: &mut Value, hash: &str) {
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(DESIRED_HASH.to_owned(), Value::String(hash.to_owned()));
        }
    }
}

fn request<K: Child>(verb: &'static str, name: &str) -> impl FnOnce(kube::Error) -> ApplyError {
    let name = name.to_owned();
    move |source| ApplyError::Request { verb, kind: K::KIND.as_str(), name, source: Box::new(source) }
}
