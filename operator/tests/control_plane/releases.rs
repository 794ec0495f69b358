//! Releases from the change of the spec to their end, good and bad.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret, Service};
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{ListParams, Patch, PatchParams};
use operator::crd::{PlannedAction, ReleaseStatus, ResumeMatcher, Step};
use serde_json::{Value, json};

use crate::application::Application;
use crate::cluster::{Cluster, sweep};
use crate::support::{Running, World};
use crate::wire::Wire;

/// What the plan Job of an image without contract migrations prints.
pub(crate) const PLAIN: &str = r#"[
  {"version": 1, "name": "foundation", "phase": "expand", "applied": true}
]"#;
const CONTRACTS: &str = r#"[
  {"version": 1, "name": "foundation", "phase": "expand", "applied": true},
  {"version": 2, "name": "drop", "phase": "contract", "applied": false}
]"#;

/// An installation of version 1 that is ready, with all that a release needs.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) cluster: Cluster,
    pub(crate) application: Application,
}

pub(crate) fn spec(version: &str) -> Value {
    json!({
        "version": version,
        "api": {"replicas": 3},
        "release": {"bakeTime": "1s", "scaleDownDelay": "0s", "rollbackWindow": "0s", "progressDeadline": "5m"},
    })
}

impl Stage {
    pub(crate) async fn new(label: &str) -> Self {
        let world = World::new(label).await;
        let cluster = Cluster::start(world.client.clone(), world.namespace.clone());
        Self { cluster, application: Application::start().await, world }
    }

    pub(crate) async fn operator(&self, identity: &str, wire: Wire) -> Running {
        self.operator_with(identity, &[], wire).await
    }

    /// With more arguments.
    pub(crate) async fn operator_with(&self, identity: &str, more: &[&str], wire: Wire) -> Running {
        let arguments = self.application.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        self.world.operator_with(identity, &arguments, wire).await
    }

    /// With version 1 serving.
    pub(crate) async fn installed(label: &str, wire: Wire) -> (Self, Running) {
        let stage = Self::new(label).await;
        let operator = stage.operator("first", wire).await;
        stage.world.create(spec("1")).await.unwrap();
        stage.serves("1").await;
        (stage, operator)
    }

    pub(crate) async fn release(&self) -> ReleaseStatus {
        let object = self.world.api::<ResumeMatcher>().get("acme").await.unwrap();
        object.status.and_then(|status| status.release).unwrap_or_default()
    }

    /// Waits until this version serves alone.
    pub(crate) async fn serves(&self, version: &str) {
        self.world
            .until(&format!("version {version} serves alone"), || async {
                let release = self.release().await;
                let serves = release.active.as_ref().is_some_and(|active| active.version == version);
                (serves && release.step == Step::Done).then_some(())
            })
            .await;
        self.world.condition("Ready", "True", "Available").await;
    }

    /// Waits until these contract migrations have run.
    async fn contracted(&self, numbers: &[i64]) {
        self.world
            .until("the contract migrations have run", || async {
                let status = self.world.object::<ResumeMatcher>("acme").await.status?;
                let release = status.release?;
                let has_run = release.step == Step::Done && !release.active?.pending;
                (has_run && status.schema?.contracted == numbers).then_some(())
            })
            .await;
    }

    pub(crate) async fn step(&self, step: Step) -> ReleaseStatus {
        self.world
            .until(&format!("step {}", step.as_str()), || async {
                let release = self.release().await;
                (release.step == step).then_some(release)
            })
            .await
    }

    async fn order(&self, name: &str, value: Value) {
        let patch =
            Patch::Merge(json!({"metadata": {"annotations": {format!("resumematcher.io/{name}"): value}}}));
        self.world.api::<ResumeMatcher>().patch("acme", &PatchParams::default(), &patch).await.unwrap();
    }

    pub(crate) async fn deployments(&self) -> BTreeSet<String> {
        let list = self.world.api::<Deployment>().list(&ListParams::default()).await.unwrap();
        list.iter().map(ResourceExt::name_any).collect()
    }

    /// Waits until what a release needed beside what serves is gone.
    pub(crate) async fn nothing_is_left_but(&self, colour: &str) {
        self.only(colour).await;
        assert_eq!(*self.cluster.gaps.lock().unwrap(), Vec::<String>::new());
    }

    /// The same for an installation that was meant to be without pods for a while.
    async fn only(&self, colour: &str) {
        let expected: BTreeSet<String> =
            ["api", "worker"].iter().map(|tier| format!("acme-{tier}-{colour}")).collect();
        self.world
            .until("the other colour is gone", || async {
                let revisions =
                    self.world.api::<ControllerRevision>().list(&ListParams::default()).await.unwrap();
                let services = self.world.api::<Service>().get_opt("acme-api-preview").await.unwrap();
                (self.deployments().await == expected && revisions.items.len() == 1 && services.is_none())
                    .then_some(())
            })
            .await;
        let service = self.world.object::<Service>("acme-api").await.spec.unwrap().selector.unwrap();
        assert_eq!(service["resumematcher.io/colour"], colour);
    }

    /// How many pods each workload is to have: the API's, then those of the data services, then the worker's.
    async fn pods(&self) -> Vec<i32> {
        let all = ListParams::default();
        let deployments = self.world.api::<Deployment>().list(&all).await.unwrap();
        let sets = self.world.api::<StatefulSet>().list(&all).await.unwrap();
        let mut pods: Vec<(String, i32)> = deployments
            .iter()
            .map(|of| (of.name_any(), of.spec.as_ref().unwrap().replicas.unwrap()))
            .chain(sets.iter().map(|of| (of.name_any(), of.spec.as_ref().unwrap().replicas.unwrap())))
            .collect();
        pods.sort();
        pods.into_iter().map(|(_, pods)| pods).collect()
    }

    pub(crate) async fn images(&self) -> BTreeSet<String> {
        let list = self.world.api::<Deployment>().list(&ListParams::default()).await.unwrap();
        let image = |of: &Deployment| {
            of.spec.clone().unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
        };
        list.iter().map(image).collect()
    }

    /// The release of version 2 is given up for this reason, in this step; version 1 serves on.
    async fn is_given_up(&self, reason: &str, step: Step, words: &[&str]) {
        let message = self.world.condition("Stalled", "True", reason).await;
        self.world.condition("Degraded", "True", reason).await;
        self.world.condition("APIReady", "True", "Available").await;
        let rejected = self.release().await.rejected.unwrap();
        assert_eq!((rejected.reason.as_str(), rejected.step), (reason, step), "{rejected:?}");
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message}");
        }
        self.nothing_is_left_but("blue").await;
        assert!(self.images().await.iter().all(|image| image.ends_with(":1")), "{:?}", self.images().await);
        let events = self.world.api::<Event>();
        self.world
            .until("an event tells why", || async {
                let events = events.list(&ListParams::default()).await.unwrap();
                events.into_iter().find(|event| {
                    event.reason.as_deref() == Some(reason) && event.type_.as_deref() == Some("Warning")
                })
            })
            .await;
    }
}

#[tokio::test]
async fn a_good_release_goes_through_every_step_and_leaves_nothing_behind() {
    let (stage, operator) = Stage::installed("good", Wire::default().prints(CONTRACTS)).await;
    stage.world.change(json!({"version": "2"})).await.unwrap();
    stage.serves("2").await;
    stage.contracted(&[2]).await;
    stage.nothing_is_left_but("green").await;
    let release = stage.release().await;
    assert_eq!(release.history[0].outcome, "Released");
    let metrics = operator.metrics.encode().unwrap();
    for step in
        ["Plan", "Preview", "Migrate", "Warm", "Analyse", "Switch", "Bake", "Drain", "Window", "Contract"]
    {
        let line = format!("release_steps_total{{step=\"{step}\"}} 1");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    let asked = stage.application.asked.lock().unwrap().clone();
    for request in
        ["GET /health/detailed", "GET /openapi.json", "POST /api/v1/matches", "DELETE /api/v1/resumes/1"]
    {
        assert!(asked.contains(&request.to_owned()), "{request} is not in {asked:?}");
    }
    // The next release goes the other way round.
    stage.world.change(json!({"version": "3"})).await.unwrap();
    stage.serves("3").await;
    stage.nothing_is_left_but("blue").await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn an_image_that_does_not_start_is_given_up() {
    let (stage, operator) = Stage::installed("no-start", Wire::default().prints(PLAIN)).await;
    stage.cluster.has(|faults| faults.images = [":2"].into());
    stage.world.change(json!({"version": "2", "release": {"progressDeadline": "10s"}})).await.unwrap();
    stage.is_given_up("DeadlineExceeded", Step::Preview, &["API pods of green", "version 1 serves"]).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_quota_that_forbids_the_pods_is_told_and_the_release_given_up() {
    let (stage, operator) = Stage::installed("quota", Wire::default().prints(PLAIN)).await;
    stage.cluster.has(|faults| faults.quota = Some("exceeded quota: pods=9"));
    stage.world.change(json!({"version": "2", "release": {"progressDeadline": "10s"}})).await.unwrap();
    stage.is_given_up("DeadlineExceeded", Step::Preview, &["exceeded quota: pods=9"]).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_migration_that_fails_is_given_up_and_a_newer_version_is_a_new_try() {
    let (stage, operator) = Stage::installed("bad-migration", Wire::default().prints(PLAIN)).await;
    stage.cluster.has(|faults| faults.migrations = ["worker:2"].into());
    stage.world.change(json!({"version": "2"})).await.unwrap();
    stage.is_given_up("MigrationFailed", Step::Migrate, &["acme-migrate-"]).await;
    stage.world.change(json!({"version": "3"})).await.unwrap();
    stage.serves("3").await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_version_whose_dependencies_do_not_answer_is_given_up() {
    let (stage, operator) = Stage::installed("unhealthy", Wire::default().prints(PLAIN)).await;
    stage.application.behaves(|manner| manner.healthy = false);
    stage.world.change(json!({"version": "2", "release": {"progressDeadline": "5m"}})).await.unwrap();
    stage.is_given_up("AnalysisFailed", Step::Analyse, &["GET /health/detailed", "503"]).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_canary_that_does_not_come_back_is_a_failure() {
    let (stage, operator) = Stage::installed("canary", Wire::default().prints(PLAIN)).await;
    stage.application.behaves(|manner| manner.canary = "failed");
    stage.world.change(json!({"version": "2", "release": {"progressDeadline": "5m"}})).await.unwrap();
    stage.is_given_up("AnalysisFailed", Step::Analyse, &["/api/v1/matches/1", "failed"]).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_version_that_crashes_after_the_switch_is_left_for_the_one_before() {
    let (stage, operator) = Stage::installed("crashes", Wire::default().prints(PLAIN)).await;
    stage.cluster.has(|faults| faults.crashes = ["api-server:2"].into());
    stage.world.change(json!({"version": "2", "release": {"bakeTime": "60s"}})).await.unwrap();
    stage.is_given_up("BakeFailed", Step::Bake, &["OOMKilled"]).await;
    sweep(&stage.world.client, &stage.world.namespace).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_version_that_knows_less_than_the_schema_is_refused_before_anything_changes() {
    let wire = Wire::default().prints(CONTRACTS);
    let (stage, operator) = Stage::installed("too-old", wire.clone()).await;
    stage.world.change(json!({"version": "2"})).await.unwrap();
    stage.serves("2").await;
    stage.contracted(&[2]).await;
    let _ = wire.prints(PLAIN);
    stage.world.change(json!({"version": "1"})).await.unwrap();
    let message = stage.world.condition("Stalled", "True", "SchemaTooNew").await;
    assert!(message.contains("[2]"), "{message}");
    assert!(stage.images().await.iter().all(|image| image.ends_with(":2")));
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_person_promotes_rolls_back_and_tries_again() {
    let (stage, operator) = Stage::installed("orders", Wire::default().prints(PLAIN)).await;
    let manual =
        json!({"version": "2", "release": {"promotion": "Manual", "bakeTime": "1s", "rollbackWindow": "1h"}});
    stage.world.change(manual).await.unwrap();
    let waits = stage.step(Step::Promote).await;
    assert_eq!(waits.active.unwrap().version, "1");
    let number = waits.candidate.unwrap().slot.number;
    stage.order("promote", json!(number.to_string())).await;
    let window = stage.step(Step::Window).await;
    assert_eq!(window.active.unwrap().version, "2");
    assert_eq!(stage.deployments().await.len(), 4, "the version before can be brought back");
    stage.world.condition("Ready", "True", "Available").await;
    stage.order("rollback", json!(number.to_string())).await;
    stage.is_given_up("RolledBack", Step::Preview, &["retry"]).await;
    stage.order("retry", json!(number.to_string())).await;
    let again = stage.step(Step::Promote).await.candidate.unwrap().slot.number;
    assert!(again > number);
    stage.order("abort", json!(again.to_string())).await;
    stage.is_given_up("Aborted", Step::Promote, &[]).await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_paused_release_stays_in_its_step_and_a_newer_spec_supersedes_it() {
    let (stage, operator) = Stage::installed("pause", Wire::default().prints(PLAIN)).await;
    stage.world.change(json!({"release": {"promotion": "Manual"}})).await.unwrap();
    stage.world.change(json!({"version": "2"})).await.unwrap();
    stage.step(Step::Promote).await;
    stage.order("pause", json!("true")).await;
    stage.world.change(json!({"release": {"promotion": "Automatic"}})).await.unwrap();
    stage
        .world
        .until("it says that it is paused", || async {
            let release = stage.release().await;
            (release.waiting_for.as_deref() == Some("the release is paused") && release.step == Step::Promote)
                .then_some(())
        })
        .await;
    stage.world.change(json!({"version": "3"})).await.unwrap();
    stage.order("pause", Value::Null).await;
    stage.serves("3").await;
    let outcomes: Vec<_> =
        stage.release().await.history.into_iter().map(|entry| (entry.version, entry.outcome)).collect();
    assert_eq!(outcomes[1], ("2".to_owned(), "Superseded".to_owned()));
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_rolling_update_needs_no_second_set_of_pods_and_takes_the_old_version_back_when_it_fails() {
    let (stage, operator) = Stage::installed("rolling", Wire::default().prints(PLAIN)).await;
    let rolling = json!({"strategy": "RollingUpdate"});
    stage.world.change(json!({"version": "2", "release": rolling})).await.unwrap();
    stage.serves("2").await;
    stage.nothing_is_left_but("blue").await;
    stage.cluster.has(|faults| faults.images = [":3"].into());
    stage.world.change(json!({"version": "3", "release": {"progressDeadline": "10s"}})).await.unwrap();
    stage.world.condition("Stalled", "True", "DeadlineExceeded").await;
    stage
        .world
        .until("version 2 is back", || async {
            stage.images().await.iter().all(|image| image.ends_with(":2")).then_some(())
        })
        .await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_rotated_secret_is_released_and_what_serves_keeps_its_settings_until_then() {
    let stage = Stage::new("rotation").await;
    let operator = stage.operator("only", Wire::default().prints(PLAIN)).await;
    put_secret(&stage.world, "db", json!({"url": "postgres://a:old@h/d"})).await;
    put_secret(&stage.world, "queue", json!({"url": "redis://:p@r/0"})).await;
    put_secret(&stage.world, "s3", json!({"accessKeyId": "a", "secretAccessKey": "b"})).await;
    let mut external = spec("1");
    external["database"] = json!({"external": {"secretRef": {"name": "db"}}});
    external["cache"] = json!({"external": {"secretRef": {"name": "queue"}}});
    external["objectStorage"] =
        json!({"s3": {"endpoint": "https://s3.example", "bucket": "files", "secretRef": {"name": "s3"}}});
    stage.world.create(external).await.unwrap();
    stage.serves("1").await;
    let before = stage.release().await.active.unwrap();
    put_secret(&stage.world, "db", json!({"url": "postgres://a:new@h/d"})).await;
    stage
        .world
        .until("another release of the same version serves", || async {
            let release = stage.release().await;
            let active = release.active?;
            (active.id != before.id && active.colour != before.colour && release.step == Step::Done)
                .then_some(())
        })
        .await;
    assert_eq!(*stage.cluster.gaps.lock().unwrap(), Vec::<String>::new());
    operator.stop().await.unwrap();
}

async fn put_secret(world: &World, name: &str, data: Value) {
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
    let params = PatchParams::apply("someone").force();
    world.api::<Secret>().patch(name, &params, &Patch::Apply(&secret)).await.unwrap();
}

#[tokio::test]
async fn what_serves_is_frozen_while_a_release_is_on_its_way_and_the_autoscaler_follows_the_switch() {
    let (stage, operator) = Stage::installed("frozen", Wire::default().prints(PLAIN)).await;
    let change = json!({
        "version": "2", "api": {"replicas": null, "autoscaling": {"min": 2, "max": 9}, "resources": {"limits": {"memory": "2Gi"}}},
        "release": {"promotion": "Manual", "rollbackWindow": "1h"},
    });
    stage.world.change(change).await.unwrap();
    let waits = stage.step(Step::Promote).await;
    assert_eq!(waits.candidate.as_ref().unwrap().api_pods, 3, "as many as serve");
    let scaler = stage.world.object::<HorizontalPodAutoscaler>("acme-api").await.spec.unwrap();
    assert_eq!((scaler.scale_target_ref.name.as_str(), scaler.min_replicas), ("acme-api-blue", Some(3)));
    let blue = stage.world.object::<Deployment>("acme-api-blue").await;
    let image = |of: &Deployment| {
        of.spec.clone().unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
    };
    assert!(image(&blue).ends_with(":1"));
    // Even when it is deleted it comes back as it was.
    stage
        .world
        .api::<Deployment>()
        .delete("acme-api-blue", &kube::api::DeleteParams::background())
        .await
        .unwrap();
    let again = stage
        .world
        .until("blue is made anew", || async {
            let again = stage.world.api::<Deployment>().get_opt("acme-api-blue").await.unwrap()?;
            (again.uid() != blue.uid()).then_some(again)
        })
        .await;
    assert_eq!(again.spec.unwrap().template, blue.spec.unwrap().template);
    let number = waits.candidate.unwrap().slot.number;
    stage.order("promote", json!(number.to_string())).await;
    stage.step(Step::Window).await;
    stage
        .world
        .until("the autoscaler looks after green", || async {
            let scaler = stage.world.object::<HorizontalPodAutoscaler>("acme-api").await.spec?;
            (scaler.scale_target_ref.name == "acme-api-green" && scaler.min_replicas == Some(2)).then_some(())
        })
        .await;
    let green = stage.world.object::<Deployment>("acme-api-green").await.spec.unwrap();
    assert_eq!(green.replicas, Some(3), "no dip at the switch");
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_hibernating_installation_has_no_pods_and_wakes_as_it_was() {
    let (stage, operator) = Stage::installed("sleeps", Wire::default().prints(PLAIN)).await;
    let auto = json!({"api": {"replicas": null, "autoscaling": {"min": 2, "max": 5}}});
    stage.world.change(auto).await.unwrap();
    stage.world.object::<HorizontalPodAutoscaler>("acme-api").await;
    stage.world.change(json!({"hibernate": true})).await.unwrap();
    stage.world.condition("Ready", "False", "Hibernated").await;
    stage.world.condition("Reconciling", "False", "Hibernated").await;
    assert_eq!(stage.pods().await, vec![0; 5], "API, worker and the data services");
    assert!(stage.world.api::<HorizontalPodAutoscaler>().get_opt("acme-api").await.unwrap().is_none());
    let volumes = stage.world.api::<PersistentVolumeClaim>().list(&ListParams::default()).await.unwrap();
    assert_eq!(volumes.items.len(), 3, "the data are kept");
    stage.world.condition("Stalled", "False", "Progresses").await;
    // What is asked for meanwhile waits.
    stage.world.change(json!({"version": "2"})).await.unwrap();
    stage.world.change(json!({"hibernate": false})).await.unwrap();
    stage.serves("2").await;
    stage.only("green").await;
    assert_eq!(stage.pods().await, [2, 1, 1, 1, 2], "the fewest that the spec allows");
    stage.world.object::<HorizontalPodAutoscaler>("acme-api").await;
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    let (stage, operator) = Stage::installed("plans", Wire::default().prints(PLAIN)).await;
    let change = json!({
        "dryRun": true, "version": "2", "api": {"rateLimitPerMinute": 7}, "ingress": {"host": "cv.example"},
    });
    stage.world.change(change).await.unwrap();
    stage.world.condition("Reconciling", "False", "DryRun").await;
    let plan = stage.world.object::<ResumeMatcher>("acme").await.status.unwrap().plan.unwrap();
    let told: Vec<_> = plan.changes.iter().map(|change| (change.object.as_str(), change.action)).collect();
    for expected in [
        ("Deployment/acme-api-green", PlannedAction::Create),
        ("ConfigMap/acme-config-green", PlannedAction::Create),
        ("Ingress/acme", PlannedAction::Create),
        ("Service/acme-api", PlannedAction::Change),
        ("ConfigMap/acme-config", PlannedAction::Change),
        ("Deployment/acme-api-blue", PlannedAction::Delete),
    ] {
        assert!(told.contains(&expected), "{expected:?} is not in {told:?}");
    }
    let fields = |name: &str| &plan.changes.iter().find(|change| change.object == name).unwrap().fields;
    let image =
        "spec.template.spec.containers[api].image: resumematcher/api-server:1 -> resumematcher/api-server:2";
    assert!(fields("Deployment/acme-api-green").contains(&image.to_owned()), "{plan:#?}");
    assert!(
        fields("ConfigMap/acme-config-green")
            .contains(&"data.RM_RATE_LIMIT_PER_MINUTE: absent -> 7".to_owned())
    );
    assert!(plan.changes.iter().all(|change| !change.object.starts_with("Secret/")), "{plan:#?}");
    assert!(plan.release.unwrap().contains("beside it in green"));
    assert_eq!(stage.deployments().await.len(), 2);
    assert!(stage.images().await.iter().all(|image| image.ends_with(":1")));
    stage.world.change(json!({"dryRun": false})).await.unwrap();
    stage.serves("2").await;
    stage.nothing_is_left_but("green").await;
    assert_eq!(stage.world.object::<ResumeMatcher>("acme").await.status.unwrap().plan, None);
    operator.stop().await.unwrap();
}
