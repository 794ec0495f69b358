//! An installation from its first object to its last.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, PodTemplateSpec, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use operator::crd::ResumeMatcher;
use serde_json::{Value, json};

use crate::support::World;

#[tokio::test]
async fn data_services_come_first_then_the_schema_then_the_application() {
    let world = World::new("order").await;
    let operator = world.operator("only").await;
    world.create(json!({"ingress": {"host": "cv.example"}, "api": {"replicas": 2}})).await.unwrap();
    let waiting = world.condition("Ready", "False", "NotReady").await;
    assert!(waiting.contains("acme-postgres"), "{waiting}");
    assert!(world.api::<Job>().list(&ListParams::default()).await.unwrap().items.is_empty());
    world.data_services_start().await;
    world.migration().await;
    world.condition("SchemaUpToDate", "False", "Migrating").await;
    assert!(world.api::<Deployment>().list(&ListParams::default()).await.unwrap().items.is_empty());
    world.migration_succeeds().await;
    world.workloads_roll_out().await;
    let message = world.condition("Ready", "True", "Available").await;
    assert_eq!(message, "serves at http://cv.example");
    world.condition("Stalled", "False", "Progresses").await;
    let object = world.object::<ResumeMatcher>("acme").await;
    let status = object.status.clone().unwrap();
    assert_eq!(status.observed_generation, object.metadata.generation);
    assert_eq!(status.worker.unwrap().summary, "2/2");
    assert_eq!(
        status.release.unwrap().active.unwrap().api_image,
        format!("resumematcher/api-server:{}", env!("CARGO_PKG_VERSION"))
    );
    let api = world.api::<ResumeMatcher>();
    let scale = api.get_scale("acme").await.unwrap();
    let selector = scale.status.unwrap().selector.unwrap();
    assert!(selector.contains("app.kubernetes.io/component=api"), "{selector}");
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    api.patch_scale("acme", &PatchParams::default(), &three).await.unwrap();
    world
        .until("the API has three pods", || async {
            let spec = world.object::<Deployment>("acme-api-blue").await.spec?;
            (spec.replicas == Some(3)).then_some(())
        })
        .await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn networks_of_the_cluster_itself_are_not_fetched_from() {
    let world = World::new("fetches").await;
    let operator = world
        .operator_with("only", &["--cluster-addresses", "10.244.0.7,10.96.0.1"], crate::wire::Wire::default())
        .await;
    world
        .create(json!({"worker": {"fetchAllowedNetworks": ["192.168.7.0/24", "10.96.0.0/12"]}}))
        .await
        .unwrap();
    let message = world.condition("Stalled", "True", "InvalidSpec").await;
    assert!(message.contains("spec.worker.fetchAllowedNetworks: 10.96.0.0/12"), "{message}");
    world.change(json!({"worker": {"fetchAllowedNetworks": ["192.168.7.0/24"]}})).await.unwrap();
    world.condition("Stalled", "False", "Progresses").await;
    operator.stop().await.unwrap();
}

/// The API server's own judgment on a pod of this template.
async fn is_let_in(world: &World, name: &str, template: Option<PodTemplateSpec>) {
    let template = template.unwrap();
    let mut pod =
        Pod { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Pod::default() };
    pod.metadata.name = Some(name.to_owned());
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    world.api::<Pod>().create(&dry, &pod).await.unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[tokio::test]
async fn every_pod_is_let_in_by_a_namespace_under_the_restricted_standard() {
    let world = World::new("restricted").await;
    let operator = world.operator("only").await;
    world.installed(json!({"environment": "development"})).await;
    for name in ["acme-postgres", "acme-redis", "acme-storage"] {
        let set = world.object::<StatefulSet>(name).await;
        is_let_in(&world, name, set.spec.map(|spec| spec.template)).await;
    }
    for name in ["acme-api-blue", "acme-worker-blue"] {
        let deployment = world.object::<Deployment>(name).await;
        is_let_in(&world, name, deployment.spec.map(|spec| spec.template)).await;
    }
    let jobs = world.api::<Job>().list(&ListParams::default()).await.unwrap();
    let template = jobs.items[0].spec.clone().map(|mut spec| {
        // What the API server added for the Job's own sake.
        spec.template.metadata = None;
        spec.template
    });
    is_let_in(&world, "migrate", template).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn people_are_told_by_events_once_for_each_change() {
    let world = World::new("events").await;
    let operator = world.operator("only").await;
    world.installed(json!({})).await;
    let reasons = world
        .until("the last event is there", || async {
            let events = world.api::<Event>().list(&ListParams::default()).await.unwrap();
            let ours = events.into_iter().filter(|event| {
                event
                    .regarding
                    .as_ref()
                    .is_some_and(|regarding| regarding.kind.as_deref() == Some("ResumeMatcher"))
            });
            let reasons: Vec<String> = ours.filter_map(|event| event.reason).collect();
            reasons.contains(&"Available".to_owned()).then_some(reasons)
        })
        .await;
    assert!(reasons.contains(&"UpToDate".to_owned()), "{reasons:?}");
    assert_eq!(reasons.iter().filter(|reason| *reason == "Available").count(), 1, "{reasons:?}");
    operator.stop().await.unwrap();
}

fn external() -> Value {
    json!({
        "database": {"external": {"secretRef": {"name": "db"}}},
        "cache": {"external": {"secretRef": {"name": "queue"}}},
        "objectStorage": {"s3": {"endpoint": "https://s3.example", "bucket": "files", "secretRef": {"name": "s3"}}},
    })
}

async fn put_secret(world: &World, name: &str, data: Value) {
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
    let params = PatchParams::apply("someone").force();
    world.api::<Secret>().patch(name, &params, &Patch::Apply(&secret)).await.unwrap();
}

#[tokio::test]
async fn a_secret_that_is_missing_or_lacks_a_key_is_named_and_its_mending_noticed() {
    let world = World::new("secrets").await;
    let operator = world.operator("only").await;
    put_secret(&world, "queue", json!({"url": "redis://:p@r/0"})).await;
    put_secret(&world, "s3", json!({"accessKeyId": "a", "secretAccessKey": "b"})).await;
    world.create(external()).await.unwrap();
    let message = world.condition("Ready", "False", "SecretNotFound").await;
    assert!(message.contains(r#"Secret "db""#) && message.contains("spec.database"), "{message}");
    put_secret(&world, "db", json!({"uri": "postgres://a:b@h/d"})).await;
    let message = world.condition("Ready", "False", "SecretKeyMissing").await;
    assert!(message.contains(r#"lacks the key "url""#), "{message}");
    put_secret(&world, "db", json!({"url": "postgres://a:b@h/d"})).await;
    // External services count as ready, so the migration starts at once.
    world.migration_succeeds().await;
    world.workloads_roll_out().await;
    world.condition("Ready", "True", "Available").await;
    assert!(world.api::<StatefulSet>().list(&ListParams::default()).await.unwrap().items.is_empty());
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_migration_that_may_succeed_later_is_tried_again() {
    let world = World::new("retry").await;
    let operator = world.operator("only").await;
    world.create(json!({})).await.unwrap();
    world.data_services_start().await;
    let first = world.object::<Job>(&world.migration().await).await.uid();
    // Long ago, so that the pause is over.
    world.migration_fails("BackoffLimitExceeded", "2026-01-02T03:04:05Z").await;
    world
        .until("another Job runs", || async {
            let job = world.object::<Job>(&world.migration().await).await;
            (job.uid() != first).then_some(())
        })
        .await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_suspended_installation_is_left_as_it_is() {
    let world = World::new("suspended").await;
    let operator = world.operator("only").await;
    world.installed(json!({})).await;
    world.change(json!({"suspend": true, "api": {"replicas": 1}})).await.unwrap();
    world.condition("Reconciling", "False", "Suspended").await;
    world.api::<Deployment>().delete("acme-worker-blue", &DeleteParams::background()).await.unwrap();
    world.condition("WorkerReady", "False", "Creating").await;
    assert!(world.api::<Deployment>().get_opt("acme-worker-blue").await.unwrap().is_none());
    world.change(json!({"suspend": false})).await.unwrap();
    world.object::<Deployment>("acme-worker-blue").await;
    operator.stop().await.unwrap();
}

async fn delete_and_wait(world: &World) {
    let api = world.api::<ResumeMatcher>();
    api.delete("acme", &DeleteParams::background()).await.unwrap();
    world
        .until("the object is gone", || async { api.get_opt("acme").await.unwrap().is_none().then_some(()) })
        .await;
}

/// The password of the embedded database.
async fn password(world: &World) -> Vec<u8> {
    world.object::<Secret>("acme-postgres").await.data.unwrap()["appPassword"].0.clone()
}

#[tokio::test]
async fn retained_data_outlives_the_object_and_is_adopted_by_the_next_of_its_name() {
    let world = World::new("retain").await;
    let operator = world.operator("only").await;
    world.installed(json!({})).await;
    let (before, volume) =
        (password(&world).await, world.object::<PersistentVolumeClaim>("acme-postgres").await);
    delete_and_wait(&world).await;
    let kept = world.object::<PersistentVolumeClaim>("acme-postgres").await;
    assert_eq!(kept.uid(), volume.uid());
    assert!(kept.metadata.deletion_timestamp.is_none() && kept.metadata.owner_references.is_none());
    assert_eq!(password(&world).await, before);
    // The garbage collector's part: what the object owned goes.
    world
        .api::<StatefulSet>()
        .delete_collection(&DeleteParams::background(), &ListParams::default())
        .await
        .unwrap();
    world.create(json!({})).await.unwrap();
    world.object::<StatefulSet>("acme-postgres").await;
    assert_eq!(password(&world).await, before);
    assert_eq!(world.object::<PersistentVolumeClaim>("acme-postgres").await.uid(), volume.uid());
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn data_goes_with_the_object_when_the_policy_says_so() {
    let world = World::new("delete").await;
    let operator = world.operator("only").await;
    world.create(json!({"deletionPolicy": "Delete"})).await.unwrap();
    world.object::<PersistentVolumeClaim>("acme-storage").await;
    put_secret(&world, "theirs", json!({"a": "b"})).await;
    delete_and_wait(&world).await;
    for claim in world.api::<PersistentVolumeClaim>().list(&ListParams::default()).await.unwrap() {
        // The API server lets it go once no pod uses it; a controller that does not run here says when.
        assert!(claim.metadata.deletion_timestamp.is_some(), "{}", claim.name_any());
    }
    let secrets: Vec<_> = world
        .api::<Secret>()
        .list(&ListParams::default())
        .await
        .unwrap()
        .iter()
        .map(ResourceExt::name_any)
        .collect();
    assert_eq!(secrets, ["theirs"]);
    operator.stop().await.unwrap();
}
