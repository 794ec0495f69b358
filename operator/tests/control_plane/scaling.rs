//! Workers between none and one, and by KEDA: on a real API server, with a queue that is played.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, CustomResourceExt};
use operator::crd::ResumeMatcher;
use serde_json::{Value, json};

use crate::application::Application;
use crate::cluster::Cluster;
use crate::support::{Running, World};
use crate::wire::Wire;

/// An installation whose workers follow the queue, and all that it needs.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) application: Application,
    /// Plays the controllers as long as it is here.
    _cluster: Cluster,
}

fn spec(autoscaling: &Value) -> Value {
    json!({
        "version": "1", "api": {"replicas": 1}, "worker": {"autoscaling": autoscaling},
        "release": {"bakeTime": "1s", "scaleDownDelay": "0s", "rollbackWindow": "0s"},
    })
}

impl Stage {
    pub(crate) async fn new(world: World) -> Self {
        let cluster = Cluster::start(world.client.clone(), world.namespace.clone());
        Self { application: Application::start().await, _cluster: cluster, world }
    }

    pub(crate) async fn operator(&self, more: &[&str]) -> Running {
        let arguments = self.application.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        self.world.operator_with("first", &arguments, Wire::default()).await
    }

    /// Installs `acme`, with a pod of its API that tells the queue.
    pub(crate) async fn installed(&self, autoscaling: &Value) {
        self.world.create(spec(autoscaling)).await.unwrap();
        self.world.condition("Ready", "True", "Available").await;
        let template = self.world.object::<Deployment>("acme-api-blue").await.spec.unwrap().template;
        let mut pod =
            Pod { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Pod::default() };
        pod.metadata.name = Some("acme-api-blue-x".to_owned());
        self.world.api::<Pod>().create(&PostParams::default(), &pod).await.unwrap();
        let status = json!({"phase": "Running", "podIP": "10.0.0.9", "conditions": [
            {"type": "Ready", "status": "True"}
        ]});
        self.world.set_status::<Pod>("acme-api-blue-x", status).await;
    }

    fn queue(&self, tasks: Option<u64>) {
        self.application.behaves(|manner| manner.queue = tasks);
    }

    async fn workers(&self) -> i32 {
        let deployment = self.world.object::<Deployment>("acme-worker-blue").await;
        deployment.spec.unwrap().replicas.unwrap()
    }

    async fn has_workers(&self, wanted: i32) {
        self.world
            .until(&format!("{wanted} workers"), || async { (self.workers().await == wanted).then_some(()) })
            .await;
    }

    /// Plays the autoscaler.
    async fn scale(&self, pods: i32) {
        let patch = Patch::Merge(json!({"spec": {"replicas": pods}}));
        let params = PatchParams { field_manager: Some("hpa".to_owned()), ..PatchParams::default() };
        self.world.api::<Deployment>().patch_scale("acme-worker-blue", &params, &patch).await.unwrap();
    }
}

#[tokio::test]
async fn one_task_wakes_a_worker_and_the_last_go_after_the_cooldown_and_never_in_the_dark() {
    let stage = Stage::new(World::new("scaling").await).await;
    let operator = stage.operator(&[]).await;
    stage.installed(&json!({"min": 0, "max": 3, "jobsPerWorker": 2, "cooldownSeconds": 1})).await;
    let autoscaler = stage.world.object::<HorizontalPodAutoscaler>("acme-worker").await.spec.unwrap();
    assert_eq!((autoscaler.min_replicas, autoscaler.max_replicas), (Some(1), 3));
    // The version has shown that its worker runs, and there is nothing to do.
    stage.has_workers(0).await;
    stage.world.condition("WorkerReady", "True", "ScaledToZero").await;

    let begun = Instant::now();
    stage.queue(Some(1));
    stage.has_workers(1).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "a task waited {took:?} for a worker on its way");
    assert!(operator.metric("resume_matcher_operator_worker_wakes_total") >= 1);

    // An autoscaler decides from here on, and nobody undoes it.
    stage.scale(3).await;
    stage.queue(None);
    let message = stage.world.condition("WorkerScaling", "False", "QueueUnreadable").await;
    assert!(message.contains("acme-api-blue-x") && message.contains("503"), "{message}");
    stage.world.condition("Degraded", "True", "QueueUnreadable").await;
    assert_eq!(stage.workers().await, 3, "the last good size is held, for longer than the cooldown");

    stage.queue(Some(0));
    // What is left is that this operator serves no metrics, so that no autoscaler could follow.
    stage.world.condition("WorkerScaling", "False", "AdapterOff").await;
    stage.has_workers(0).await;
    let events = stage.world.api::<Event>();
    for reason in ["WorkersWoken", "WorkersAsleep"] {
        stage
            .world
            .until(&format!("the event {reason}"), || async {
                let list = events.list(&ListParams::default()).await.unwrap();
                list.items.into_iter().find(|event| event.reason.as_deref() == Some(reason)).map(drop)
            })
            .await;
    }
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_put_back_stays_at_the_size_that_it_had() {
    let stage = Stage::new(World::new("size").await).await;
    let operator = stage.operator(&[]).await;
    stage.installed(&json!({"min": 0, "max": 3, "cooldownSeconds": 0})).await;
    stage.has_workers(0).await;
    for pods in [0, 2] {
        stage.queue(Some(u64::try_from(pods).unwrap()));
        stage.has_workers(pods.min(1)).await;
        stage.scale(pods).await;
        let api = stage.world.api::<Deployment>();
        let patch = Patch::Merge(json!({"spec": {"revisionHistoryLimit": 9}}));
        let changed = api.patch("acme-worker-blue", &PatchParams::default(), &patch).await.unwrap();
        assert_eq!(changed.spec.unwrap().revision_history_limit, Some(9));
        stage
            .world
            .until("the Deployment is put back", || async {
                let spec = api.get("acme-worker-blue").await.unwrap().spec.unwrap();
                assert_eq!(spec.replicas, Some(pods), "the number of pods is not the operator's to apply");
                (spec.revision_history_limit == Some(3)).then_some(())
            })
            .await;
    }
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_number_and_a_rule_at_once_are_refused_with_the_mend() {
    let world = World::new("worker-rules").await;
    let refused = |worker: Value| {
        let world = &world;
        async move { world.create(json!({"worker": worker})).await.unwrap_err() }
    };
    let message = refused(json!({"replicas": 1, "autoscaling": {"max": 2}})).await;
    assert!(message.contains("spec.worker") && message.contains("remove replicas"), "{message}");
    let message = refused(json!({"autoscaling": {"min": 3, "max": 2}})).await;
    assert!(message.contains("autoscaling.min") && message.contains("lower min or raise max"), "{message}");
    for wrong in [
        json!({"max": 0}),
        json!({"jobsPerWorker": 0}),
        json!({"cooldownSeconds": -1}),
        json!({"source": "mine"}),
    ] {
        assert!(refused(json!({"autoscaling": wrong})).await.contains("autoscaling"));
    }
}

/// The kind, as far as it matters here; KEDA itself is not there.
fn scaled_objects() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "scaledobjects.keda.sh"},
        "spec": {
            "group": "keda.sh", "scope": "Namespaced",
            "names": {"kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject", "listKind": "ScaledObjectList"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}}, "schema": {
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }}],
        },
    })
}

#[tokio::test]
async fn keda_scales_where_it_is_and_its_absence_is_told() {
    let world = World::with_definition(json!(ResumeMatcher::crd()), "keda").await;
    let stage = Stage::new(world).await;
    let operator = stage.operator(&[]).await;
    let auto = json!({"min": 0, "max": 4, "jobsPerWorker": 5, "source": "keda"});
    stage.installed(&auto).await;
    let message = stage.world.condition("WorkerScaling", "False", "KedaNotInstalled").await;
    assert!(message.contains("install KEDA, or set source to builtin"), "{message}");

    let definitions: Api<CustomResourceDefinition> = Api::all(stage.world.client.clone());
    let definition = serde_json::from_value(scaled_objects()).unwrap();
    definitions.create(&PostParams::default(), &definition).await.unwrap();
    // Any change has the object looked at; else it is within half a minute.
    stage.world.change(json!({"worker": {"autoscaling": {"max": 6}}})).await.unwrap();
    stage.world.condition("WorkerScaling", "True", "FollowsQueue").await;
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("keda.sh", "v1alpha1", "ScaledObject"));
    let api: Api<DynamicObject> =
        Api::namespaced_with(stage.world.client.clone(), &stage.world.namespace, &kind);
    let object = api.get("acme-worker").await.unwrap();
    assert_eq!(object.data["spec"]["maxReplicaCount"], 6);
    assert_eq!(object.data["spec"]["scaleTargetRef"]["name"], "acme-worker-blue");
    assert_eq!(stage.workers().await, 1, "the operator itself leaves the number to KEDA");

    stage.world.change(json!({"worker": {"autoscaling": {"source": "builtin"}}})).await.unwrap();
    stage.world.object::<HorizontalPodAutoscaler>("acme-worker").await;
    stage
        .world
        .until("the ScaledObject is gone", || async {
            api.get_opt("acme-worker").await.unwrap().is_none().then_some(())
        })
        .await;
    operator.stop().await.unwrap();
}
