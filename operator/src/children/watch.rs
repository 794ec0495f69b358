//! The watches that feed the memory, and that say which installation to look at.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch as latch};
use tokio::task::JoinSet;

use super::{Child, ChildIndex, ChildKey, ChildMeta, Kind, References};
use crate::crd::ResumeMatcher;
use crate::names::{MANAGED_BY, MANAGED_BY_LABEL};
use crate::telemetry::Metrics;

/// What all watches of one scope share.
#[derive(Clone)]
pub struct Watches {
    /// What is remembered.
    pub index: Arc<ChildIndex>,
    /// Who reads which Secret.
    pub references: Arc<References>,
    /// Where to say which installation to look at.
    pub triggers: mpsc::UnboundedSender<ObjectRef<ResumeMatcher>>,
    /// Counts what fails.
    pub metrics: Metrics,
    /// How long a watch is believed to tell everything.
    pub relist: Duration,
}

/// A watch that begins anew after `relist`, whatever it has told: should an event ever be lost, by the API server or
/// on the way, the list that it begins with makes up for it.
pub fn relisting<K>(
    api: Api<K>,
    config: watcher::Config,
    relist: Duration,
) -> impl Stream<Item = watcher::Result<Event<K>>> + Send + 'static
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let again = move || {
        let events = watch(api.clone(), config.clone()).default_backoff();
        events.take_until(tokio::time::sleep(relist))
    };
    futures::stream::repeat_with(again).flatten()
}

/// Starts one watch for each kind, in one namespace or in all, and waits until each has listed what there is. The
/// watches end when the set is dropped.
pub async fn watch_children(client: &Client, namespace: Option<&str>, watches: &Watches) -> JoinSet<()> {
    let mut starter = Starter { client, namespace, watches, tasks: JoinSet::new(), listed: Vec::new() };
    starter.start::<ServiceAccount>(true);
    // Also those of others: an external service is reached by a Secret without our label.
    starter.start::<Secret>(false);
    starter.start::<ConfigMap>(true);
    starter.start::<PersistentVolumeClaim>(true);
    starter.start::<Service>(true);
    starter.start::<NetworkPolicy>(true);
    starter.start::<StatefulSet>(true);
    starter.start::<Job>(true);
    starter.start::<CronJob>(true);
    starter.start::<ControllerRevision>(true);
    starter.start::<Deployment>(true);
    starter.start::<HorizontalPodAutoscaler>(true);
    starter.start::<PodDisruptionBudget>(true);
    starter.start::<Ingress>(true);
    let Starter { tasks, listed, .. } = starter;
    for mut listed in listed {
        // An error means that the watch has ended, which only happens at shutdown.
        if listed.wait_for(|listed| *listed).await.is_err() {
            break;
        }
    }
    tasks
}

struct Starter<'a> {
    client: &'a Client,
    namespace: Option<&'a str>,
    watches: &'a Watches,
    tasks: JoinSet<()>,
    listed: Vec<latch::Receiver<bool>>,
}

impl Starter<'_> {
    fn start<K: Child>(&mut self, only_ours: bool) {
        let (sender, receiver) = latch::channel(false);
        self.listed.push(receiver);
        let client = self.client.clone();
        let api: Api<PartialObjectMeta<K>> = match self.namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let config = if only_ours {
            watcher::Config::default().labels(&format!("{MANAGED_BY_LABEL}={MANAGED_BY}"))
        } else {
            watcher::Config::default()
        };
        let feed = Feed {
            kind: K::KIND,
            namespace: self.namespace.map(str::to_owned),
            watches: self.watches.clone(),
            listed: sender,
        };
        // Not all at the same moment.
        let part = u32::try_from(self.listed.len()).unwrap_or_default();
        let relist = self.watches.relist.saturating_add(self.watches.relist / 20 * part);
        self.tasks.spawn(async move {
            let mut events = std::pin::pin!(relisting(api, config, relist));
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => feed.take(event),
                    Err(error) => {
                        feed.watches.metrics.watch_failed(feed.kind);
                        tracing::warn!(kind = feed.kind.as_str(), %error, "watch failed; it starts again");
                    }
                }
            }
        });
    }
}

/// One watch's way into the memory.
struct Feed {
    kind: Kind,
    namespace: Option<String>,
    watches: Watches,
    listed: latch::Sender<bool>,
}

impl Feed {
    fn take<K: Child>(&self, event: Event<PartialObjectMeta<K>>) {
        let index = &self.watches.index;
        match event {
            Event::Init => index.listing_began(self.kind, self.namespace.as_deref()),
            Event::InitApply(object) | Event::Apply(object) => self.changed(&object, false),
            Event::Delete(object) => self.changed(&object, true),
            Event::InitDone => {
                for (namespace, instance) in index.listing_ended(self.kind, self.namespace.as_deref()) {
                    self.trigger(&namespace, &BTreeSet::from([instance]));
                }
                self.listed.send_replace(true);
            }
        }
    }

    fn changed<K: Child>(&self, object: &PartialObjectMeta<K>, deleted: bool) {
        let Some(namespace) = object.namespace() else { return };
        let name = object.name_any();
        if self.kind == Kind::Secret {
            self.trigger(&namespace, &self.watches.references.readers(&namespace, &name));
        }
        let meta = if deleted { None } else { ChildMeta::of(&object.metadata) };
        let key = ChildKey { namespace: namespace.clone(), kind: self.kind, name };
        let concerned = self.watches.index.applied(key, meta);
        self.trigger(&namespace, &concerned);
    }

    fn trigger(&self, namespace: &str, installations: &BTreeSet<String>) {
        for installation in installations {
            let object = ObjectRef::new(installation).within(namespace);
            // Fails only once the controller has ended, and then there is nothing to look at.
            let _ = self.watches.triggers.send(object);
        }
    }
}
