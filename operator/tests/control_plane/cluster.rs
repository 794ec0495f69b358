//! Plays the cluster's controllers for a whole release: Deployments roll out, Jobs end, as long as it lives.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What does not work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Parts of the names of images that do not start.
    pub(crate) images: BTreeSet<&'static str>,
    /// Why the Deployments' pods may not be made.
    pub(crate) quota: Option<&'static str>,
    /// Whether migrations of these images fail.
    pub(crate) migrations: BTreeSet<&'static str>,
    /// Whether pods of these images crash once they run.
    pub(crate) crashes: BTreeSet<&'static str>,
}

/// The controllers.
pub(crate) struct Cluster {
    pub(crate) faults: Arc<Mutex<Faults>>,
    /// Told when the faults are others.
    changed: Arc<Notify>,
    /// Every moment in which the Service selected no ready pod although there had been one.
    pub(crate) gaps: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Cluster {
    pub(crate) fn start(client: Client, namespace: String) -> Self {
        let (faults, gaps) = (Arc::new(Mutex::new(Faults::default())), Arc::default());
        let player = Player { client, namespace, faults: faults.clone(), gaps };
        let gaps = player.gaps.clone();
        let changed = Arc::new(Notify::new());
        let task = tokio::spawn(act(player, changed.clone()));
        Self { faults, changed, gaps, task }
    }

    pub(crate) fn has(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.faults.lock().unwrap());
        self.changed.notify_one();
    }
}

/// Plays whenever something has changed: many installations on one API server would be too many for a player who looks all
/// the time.
async fn act(player: Player, changed: Arc<Notify>) {
    let mut events = futures::stream::select_all([
        player.events::<StatefulSet>(),
        player.events::<Deployment>(),
        player.events::<Job>(),
        player.events::<Service>(),
    ]);
    let mut served = false;
    // An object that changed under it, or a watch that broke, is made up for.
    let mut period = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = period.tick() => {}
            _ = events.next() => {}
            () = changed.notified() => {}
        }
        // Most changes come several at a time.
        tokio::time::sleep(Duration::from_millis(50)).await;
        while events.next().now_or_never().is_some() {}
        let _ = player.play(&mut served).await;
    }
}

struct Player {
    client: Client,
    namespace: String,
    faults: Arc<Mutex<Faults>>,
    gaps: Arc<Mutex<Vec<String>>>,
}

fn image(template: Option<&k8s_openapi::api::core::v1::PodTemplateSpec>) -> String {
    let pod = template.and_then(|template| template.spec.as_ref());
    pod.and_then(|pod| pod.containers[0].image.clone()).unwrap_or_default()
}

impl Player {
    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Something of this kind has changed.
    fn events<K>(&self) -> BoxStream<'static, ()>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + serde::de::DeserializeOwned
            + std::fmt::Debug
            + Send
            + 'static,
    {
        watcher(self.api::<K>(), watcher::Config::default()).default_backoff().map(|_| ()).boxed()
    }

    async fn play(&self, served: &mut bool) -> Result<(), kube::Error> {
        let faults = self.faults.lock().unwrap().clone();
        let all = ListParams::default();
        for set in self.api::<StatefulSet>().list(&all).await? {
            let pods = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
            let status = json!({"replicas": pods, "readyReplicas": pods});
            self.say::<StatefulSet>(&set.name_any(), json!(set.status), status).await?;
        }
        for deployment in self.api::<Deployment>().list(&all).await? {
            self.roll(&deployment, &faults).await?;
        }
        for job in self.api::<Job>().list(&all).await? {
            self.end(&job, &faults).await?;
        }
        self.look_at_service(served).await
    }

    async fn say<K>(&self, name: &str, before: Value, status: Value) -> Result<(), kube::Error>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + serde::de::DeserializeOwned
            + std::fmt::Debug,
    {
        let of = |key: &str| before.get(key).unwrap_or(&Value::Null);
        let same = status.as_object().unwrap().iter().all(|(key, value)| of(key) == value);
        if !same {
            let patch = Patch::Merge(json!({"status": status}));
            self.api::<K>().patch_status(name, &PatchParams::default(), &patch).await?;
        }
        Ok(())
    }

    async fn roll(&self, deployment: &Deployment, faults: &Faults) -> Result<(), kube::Error> {
        let spec = deployment.spec.as_ref().unwrap();
        let image = image(Some(&spec.template));
        let pods = spec.replicas.unwrap_or(1);
        let before = deployment.status.clone().unwrap_or_default().ready_replicas.unwrap_or_default();
        let is_bad = faults.images.iter().any(|bad| image.contains(bad));
        let starts = !is_bad && (faults.quota.is_none() || before > 0);
        // A pod of a template that does not start stands beside those of the one before.
        let surge = i32::from(is_bad && before > 0);
        let ready = if starts { pods } else { before.min(pods) };
        let conditions = faults.quota.map(
            |why| json!([{"type": "ReplicaFailure", "status": "True", "message": why, "reason": "FailedCreate"}]),
        );
        let status = json!({
            "observedGeneration": deployment.metadata.generation, "replicas": pods + surge,
            "updatedReplicas": if surge > 0 { surge } else { pods },
            "readyReplicas": ready, "availableReplicas": ready, "conditions": conditions,
        });
        self.say::<Deployment>(&deployment.name_any(), json!(deployment.status), status).await?;
        if faults.crashes.iter().any(|bad| image.contains(bad)) && pods > 0 {
            self.crash(deployment).await?;
        }
        Ok(())
    }

    /// A pod of the Deployment that has been started anew.
    async fn crash(&self, deployment: &Deployment) -> Result<(), kube::Error> {
        let name = format!("{}-x", deployment.name_any());
        let template = deployment.spec.clone().unwrap().template;
        if self.api::<Pod>().get_opt(&name).await?.is_some() {
            return Ok(());
        }
        let mut pod =
            Pod { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Pod::default() };
        pod.metadata.name = Some(name.clone());
        self.api::<Pod>().create(&PostParams::default(), &pod).await?;
        let status = json!({"phase": "Running", "podIP": "10.0.0.9", "containerStatuses": [{
            "name": "api", "image": "", "imageID": "", "ready": true, "restartCount": 2, "state": {"running": {}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
        }]});
        self.say::<Pod>(&name, Value::Null, status).await
    }

    async fn end(&self, job: &Job, faults: &Faults) -> Result<(), kube::Error> {
        let ended = job.status.as_ref().is_some_and(|status| status.conditions.is_some());
        let name = job.name_any();
        if ended {
            return Ok(());
        }
        let spec = job.spec.as_ref().unwrap();
        if name.contains("-plan-") {
            self.planned(job).await?;
        }
        let image = image(Some(&spec.template));
        let fails = !name.contains("-plan-") && faults.migrations.iter().any(|bad| image.contains(bad));
        let time = "2026-01-02T03:04:05Z";
        let condition = |name: &str| json!({"type": name, "status": "True", "reason": "PodFailurePolicy", "lastTransitionTime": time});
        let status = if fails {
            json!({"startTime": time, "failed": 1, "conditions": [condition("FailureTarget"), condition("Failed")]})
        } else {
            json!({"startTime": time, "completionTime": time, "succeeded": 1,
                "conditions": [condition("SuccessCriteriaMet"), condition("Complete")]})
        };
        self.say::<Job>(&name, Value::Null, status).await
    }

    /// The pod of a plan Job, which has printed its list.
    async fn planned(&self, job: &Job) -> Result<(), kube::Error> {
        let name = format!("{}-x", job.name_any());
        if self.api::<Pod>().get_opt(&name).await?.is_some() {
            return Ok(());
        }
        let template = job.spec.clone().unwrap().template;
        let mut pod =
            Pod { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Pod::default() };
        pod.metadata.name = Some(name.clone());
        self.api::<Pod>().create(&PostParams::default(), &pod).await?;
        self.say::<Pod>(&name, Value::Null, json!({"phase": "Succeeded"})).await
    }

    async fn look_at_service(&self, served: &mut bool) -> Result<(), kube::Error> {
        let Some(service) = self.api::<Service>().get_opt("acme-api").await? else { return Ok(()) };
        let selector = service.spec.unwrap().selector.unwrap_or_default();
        let colour = selector.get("resumematcher.io/colour");
        let mut ready = 0;
        for deployment in self.api::<Deployment>().list(&ListParams::default()).await? {
            let name = deployment.name_any();
            let selected = colour.is_none_or(|colour| name.ends_with(colour.as_str()));
            if name.starts_with("acme-api-") && selected {
                ready += deployment.status.and_then(|status| status.ready_replicas).unwrap_or_default();
            }
        }
        if *served && ready == 0 {
            self.gaps.lock().unwrap().push(format!("no ready pod of {colour:?}"));
        }
        *served |= ready > 0;
        Ok(())
    }
}

/// Deletes pods of Jobs and Deployments that the tests made, which a garbage collector would.
pub(crate) async fn sweep(client: &Client, namespace: &str) {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    pods.delete_collection(&at_once, &ListParams::default()).await.unwrap();
}
