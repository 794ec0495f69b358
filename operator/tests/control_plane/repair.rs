//! What others change is put back, what is in order is left alone, and what is not asked for any more goes.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::CustomResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use operator::children::{Child, Kind};
use operator::crd::ResumeMatcher;
use serde_json::{Value, json};

use crate::support::{Running, World};

/// How long each object took to be as it should be, and of which kind it is.
#[derive(Default)]
struct Times(Vec<(Kind, Duration)>);

impl Times {
    /// Every kind was there, and most of them took no longer than people are told. The machine may be busy: a single one may
    /// take longer, if not for ever.
    fn are_told(mut self, what: &str) {
        let seen: BTreeSet<Kind> = self.0.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(seen, Kind::ALL.into(), "kinds that are {what}");
        self.0.sort_by_key(|(_, took)| *took);
        let (_, median) = self.0[self.0.len() / 2];
        eprintln!("{what}, median {median:?}: {:?}", self.0);
        assert!(median < Duration::from_secs(2), "{what}: {:?}", self.0);
    }

    /// Changes an object as another program would, and waits until a place in it is again as it was.
    async fn put_back<K: Child>(&mut self, world: &World, name: &str, patch: Value, place: &str) {
        let api = world.api::<K>();
        let before = serde_json::to_value(world.object::<K>(name).await).unwrap();
        let wanted = before.pointer(place).cloned();
        assert!(wanted.is_some(), "{place} is not in {before}");
        let params = PatchParams { field_manager: Some("someone".to_owned()), ..PatchParams::default() };
        let changed = api.patch(name, &params, &Patch::Merge(&patch)).await.unwrap();
        let began = Instant::now();
        let changed = serde_json::to_value(changed).unwrap();
        assert_ne!(changed.pointer(place).cloned(), wanted, "the patch changed nothing at {place}");
        world
            .until(&format!("{place} of {} {name} is put back", K::KIND.as_str()), || async {
                let live = serde_json::to_value(api.get_opt(name).await.unwrap()?).unwrap();
                (live.pointer(place).cloned() == wanted).then_some(())
            })
            .await;
        self.0.push((K::KIND, began.elapsed()));
    }

    /// Changes a label, which every object has.
    async fn label_put_back<K: Child>(&mut self, world: &World, name: &str) {
        let label = json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "x"}}});
        self.put_back::<K>(world, name, label, "/metadata/labels/app.kubernetes.io~1part-of").await;
    }

    /// Deletes an object and waits until there is another of its name.
    async fn made_anew<K: Child>(&mut self, world: &World, name: &str) {
        let api = world.api::<K>();
        let before = world.object::<K>(name).await.meta().uid.clone();
        api.delete(name, &DeleteParams::background()).await.unwrap();
        if K::KIND == Kind::PersistentVolumeClaim {
            // Plays the controller that protects volumes as long as pods use them.
            let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
            api.patch(name, &PatchParams::default(), &free).await.unwrap();
        }
        let began = Instant::now();
        world
            .until(&format!("{} {name} is made anew", K::KIND.as_str()), || async {
                let live = api.get_opt(name).await.unwrap()?;
                (live.meta().uid != before && live.meta().deletion_timestamp.is_none()).then_some(())
            })
            .await;
        self.0.push((K::KIND, began.elapsed()));
    }
}

async fn is_put_back<K: Child>(world: &World, name: &str, patch: Value, place: &str) {
    Times::default().put_back::<K>(world, name, patch, place).await;
}

async fn running(label: &str) -> (World, Running) {
    let world = World::new(label).await;
    let operator = world.operator("only").await;
    world.installed(json!({"ingress": {"host": "cv.example"}})).await;
    (world, operator)
}

/// An installation with an object of each kind, as far as its migration, whose Job is there until it has ended.
async fn migrating(label: &str) -> (World, Running, String) {
    let world = World::new(label).await;
    let key = "YmFja3VwcyBhcmUgc2lnbmVkIHdpdGggdGhpcyBrZXkh";
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "backups"},
        "stringData": {"accessKeyId": "a", "secretAccessKey": "b", "signingKey": key},
    });
    let apply = PatchParams::apply("someone");
    world.api::<Secret>().patch("backups", &apply, &Patch::Apply(&secret)).await.unwrap();
    let bucket =
        json!({"endpoint": "http://elsewhere:9000", "bucket": "backups", "secretRef": {"name": "backups"}});
    let backup = json!({"schedule": "0 3 * * *", "destination": {"s3": bucket}});
    let operator = world.operator("only").await;
    world.create(json!({"ingress": {"host": "cv.example"}, "backup": backup})).await.unwrap();
    world.data_services_start().await;
    let job = world.migration().await;
    (world, operator, job)
}

async fn is_ready(world: &World) {
    world.migration_succeeds().await;
    world.workloads_roll_out().await;
    world.condition("Ready", "True", "Available").await;
    world.condition("Reconciling", "False", "UpToDate").await;
}

#[tokio::test]
async fn a_changed_object_of_each_kind_is_put_back() {
    let (world, operator, job) = migrating("drift").await;
    let (world, mut times) = (&world, Times::default());
    times.label_put_back::<Job>(world, &job).await;
    is_ready(world).await;
    let token = json!({"automountServiceAccountToken": true});
    times.put_back::<ServiceAccount>(world, "acme-api", token, "/automountServiceAccountToken").await;
    times.put_back::<Secret>(world, "acme-redis", json!({"data": {"url": "eA=="}}), "/data/url").await;
    let bucket = json!({"data": {"S3_BUCKET": "x"}});
    times.put_back::<ConfigMap>(world, "acme-config", bucket, "/data/S3_BUCKET").await;
    times.label_put_back::<PersistentVolumeClaim>(world, "acme-postgres").await;
    let selector = json!({"spec": {"selector": {"app.kubernetes.io/component": "x"}}});
    times
        .put_back::<Service>(world, "acme-api", selector, "/spec/selector/app.kubernetes.io~1component")
        .await;
    let open = json!({"spec": {"ingress": []}});
    times.put_back::<NetworkPolicy>(world, "acme-api", open, "/spec/ingress").await;
    let grace = json!({"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 20}}}});
    let place = "/spec/template/spec/terminationGracePeriodSeconds";
    times.put_back::<StatefulSet>(world, "acme-postgres", grace.clone(), place).await;
    times.put_back::<Deployment>(world, "acme-api-blue", grace, place).await;
    times.label_put_back::<ControllerRevision>(world, "acme-release-1").await;
    let often = json!({"spec": {"schedule": "* * * * *"}});
    times.put_back::<CronJob>(world, "acme-backup", often, "/spec/schedule").await;
    let most = json!({"spec": {"maxReplicas": 99}});
    times.put_back::<HorizontalPodAutoscaler>(world, "acme-api", most, "/spec/maxReplicas").await;
    let budget = json!({"spec": {"maxUnavailable": 5}});
    times.put_back::<PodDisruptionBudget>(world, "acme-api", budget, "/spec/maxUnavailable").await;
    let rules = json!({"spec": {"rules": [{"host": "other.example"}]}});
    times.put_back::<Ingress>(world, "acme", rules, "/spec/rules/0/host").await;
    assert!(operator.metrics.encode().unwrap().contains(r#"drift_repaired_total{kind="Ingress"} 1"#));
    times.are_told("put back");
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_label_that_hides_an_object_from_the_operator_is_put_back() {
    let (world, operator) = running("hidden").await;
    let place = "/metadata/labels/app.kubernetes.io~1managed-by";
    let patch = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "someone"}}});
    is_put_back::<Service>(&world, "acme-api", patch, place).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_deleted_object_of_each_kind_is_made_anew() {
    let (world, operator, job) = migrating("deleted").await;
    let (world, mut times) = (&world, Times::default());
    times.made_anew::<Job>(world, &job).await;
    is_ready(world).await;
    times.made_anew::<ServiceAccount>(world, "acme-api").await;
    times.made_anew::<Secret>(world, "acme-storage").await;
    times.made_anew::<ConfigMap>(world, "acme-config").await;
    times.made_anew::<PersistentVolumeClaim>(world, "acme-redis").await;
    times.made_anew::<Service>(world, "acme-postgres").await;
    times.made_anew::<NetworkPolicy>(world, "acme-default-deny").await;
    times.made_anew::<StatefulSet>(world, "acme-redis").await;
    times.made_anew::<ControllerRevision>(world, "acme-release-1").await;
    times.made_anew::<Deployment>(world, "acme-worker-blue").await;
    times.made_anew::<CronJob>(world, "acme-backup").await;
    times.made_anew::<HorizontalPodAutoscaler>(world, "acme-api").await;
    times.made_anew::<PodDisruptionBudget>(world, "acme-worker").await;
    times.made_anew::<Ingress>(world, "acme").await;
    times.are_told("made anew");
    operator.stop().await.unwrap();
}

/// Makes the operator look at the object `times` times: annotations of the object are none of its business.
async fn poke(world: &World, operator: &Running, times: u64) {
    let api = world.api::<ResumeMatcher>();
    for number in 0..times {
        let before = operator.metric("resume_matcher_operator_reconciles_total");
        let patch = json!({"metadata": {"annotations": {"poke": number.to_string()}}});
        api.patch("acme", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        world
            .until("the operator looks at the object", || async {
                let looked = operator.metric("resume_matcher_operator_reconciles_total") > before;
                (looked && operator.metric("resume_matcher_operator_reconciles_in_flight") == 0).then_some(())
            })
            .await;
    }
}

#[tokio::test]
async fn an_installation_in_order_costs_no_write() {
    let (world, operator) = running("quiet").await;
    let before = operator.writes.load(Ordering::SeqCst);
    assert!(before > 20, "the counter counts: {before}");
    poke(&world, &operator, 10).await;
    assert_eq!(operator.writes.load(Ordering::SeqCst), before, "{}", operator.metrics.encode().unwrap());
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn an_operator_that_starts_writes_nothing_to_an_installation_in_order() {
    let (world, operator) = running("restart").await;
    operator.stop().await.unwrap();
    let next = world.operator("next").await;
    world
        .until("the new operator looks at the object", || async {
            let looked = next.metric("resume_matcher_operator_reconciles_total") > 0;
            (looked && next.metric("resume_matcher_operator_reconciles_in_flight") == 0).then_some(())
        })
        .await;
    poke(&world, &next, 3).await;
    assert_eq!(next.writes.load(Ordering::SeqCst), 0, "{}", next.metrics.encode().unwrap());
    next.stop().await.unwrap();
}

async fn is_gone<K: Child>(world: &World, name: &str) {
    let api = world.api::<K>();
    world
        .until(&format!("{} {name} is gone", K::KIND.as_str()), || async {
            api.get_opt(name).await.unwrap().is_none().then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_the_spec_no_longer_asks_for_goes_and_its_data_stays() {
    let (world, operator) = running("orphans").await;
    let params = PatchParams::default();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs"}, "stringData": {"url": "redis://:p@r/0"},
    });
    let apply = PatchParams::apply("someone");
    world.api::<Secret>().patch("theirs", &apply, &Patch::Apply(&secret)).await.unwrap();
    world
        .change(json!({
            "ingress": null, "api": {"replicas": 1}, "network": {"policies": false},
            "cache": {"embedded": null, "external": {"secretRef": {"name": "theirs"}}},
        }))
        .await
        .unwrap();
    is_gone::<Ingress>(&world, "acme").await;
    is_gone::<HorizontalPodAutoscaler>(&world, "acme-api").await;
    is_gone::<PodDisruptionBudget>(&world, "acme-api").await;
    is_gone::<NetworkPolicy>(&world, "acme-default-deny").await;
    is_gone::<StatefulSet>(&world, "acme-redis").await;
    is_gone::<Service>(&world, "acme-redis").await;
    world.object::<PersistentVolumeClaim>("acme-redis").await;
    world.object::<Secret>("acme-redis").await;
    // An object with our labels that the operator did not make is not its to delete.
    let foreign = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "foreign", "labels": {
            "app.kubernetes.io/managed-by": "resume-matcher-operator", "app.kubernetes.io/instance": "acme",
        }},
    });
    world.api::<ConfigMap>().patch("foreign", &apply, &Patch::Apply(&foreign)).await.unwrap();
    poke(&world, &operator, 3).await;
    world.object::<ConfigMap>("foreign").await;
    world.api::<Deployment>().patch("acme-api-blue", &params, &Patch::Merge(json!({}))).await.unwrap();
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn the_number_of_pods_is_the_autoscalers_and_stays_as_it_is_when_it_takes_over() {
    let world = World::new("replicas").await;
    let operator = world.operator("only").await;
    world.installed(json!({"api": {"replicas": 5}})).await;
    let api = world.api::<Deployment>();
    let scale = |pods: i32| json!({"spec": {"replicas": pods}});
    is_put_back::<Deployment>(&world, "acme-api-blue", scale(1), "/spec/replicas").await;
    world.change(json!({"api": {"replicas": null, "autoscaling": {"min": 2, "max": 9}}})).await.unwrap();
    world.object::<HorizontalPodAutoscaler>("acme-api").await;
    assert_eq!(
        api.get("acme-api-blue").await.unwrap().spec.unwrap().replicas,
        Some(5),
        "the hand-over kept the size"
    );
    let hpa =
        PatchParams { field_manager: Some("horizontal-pod-autoscaler".to_owned()), ..PatchParams::default() };
    api.patch_scale("acme-api-blue", &hpa, &Patch::Merge(scale(7))).await.unwrap();
    poke(&world, &operator, 3).await;
    assert_eq!(
        api.get("acme-api-blue").await.unwrap().spec.unwrap().replicas,
        Some(7),
        "the autoscaler's size stays"
    );
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_malformed_neighbour_keeps_nothing_from_working() {
    let mut definition = json!(ResumeMatcher::crd());
    // As an older or newer definition might have let it in.
    let worker = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/worker";
    *definition.pointer_mut(worker).unwrap() =
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let world = World::with_definition(definition, "malformed").await;
    let operator = world.operator("only").await;
    let neighbour = json!({
        "apiVersion": "resumematcher.io/v1alpha1", "kind": "ResumeMatcher",
        "metadata": {"name": "neighbour"}, "spec": {"worker": {"replicas": "many"}},
    });
    world.create_unread(neighbour).await;
    world.installed(json!({})).await;
    let events = world.api::<Event>();
    world
        .until("an event tells of the neighbour", || async {
            let events = events.list(&ListParams::default()).await.unwrap();
            let told = events.into_iter().find(|event| event.reason.as_deref() == Some("Malformed"))?;
            (told.regarding?.name.as_deref() == Some("neighbour")).then_some(())
        })
        .await;
    operator.stop().await.unwrap();
}
