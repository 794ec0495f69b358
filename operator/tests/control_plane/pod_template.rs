//! What the spec adds to pods: what the API server lets in, how it reaches the pods, and what is refused.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use kube::ResourceExt;
use kube::api::{ListParams, PostParams};
use operator::crd::Step;
use serde_json::{Value, json};

use crate::releases::{PLAIN, Stage};
use crate::support::World;
use crate::wire::Wire;

fn addition() -> Value {
    json!({
        "metadata": {"labels": {"team": "people"}, "annotations": {"scrape.example/port": "2020"}},
        "spec": {
            "tolerations": [{"key": "pool", "operator": "Exists"}],
            "imagePullSecrets": [{"name": "pull"}],
            "containers": [
                {"name": "worker", "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
                    "volumeMounts": [{"name": "ca", "mountPath": "/etc/ssl/company", "readOnly": true}]},
                {"name": "log", "image": "log:1"},
            ],
            "volumes": [{"name": "ca", "configMap": {"name": "company-ca"}}],
        },
    })
}

async fn template(world: &World, name: &str) -> PodTemplateSpec {
    world.object::<Deployment>(name).await.spec.unwrap().template
}

fn containers(template: &PodTemplateSpec) -> Vec<&str> {
    template.spec.as_ref().unwrap().containers.iter().map(|container| container.name.as_str()).collect()
}

/// The API server's own judgment on a pod of this template, under the restricted Pod Security Standard.
async fn is_let_in(world: &World, template: PodTemplateSpec) {
    let mut pod =
        Pod { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Pod::default() };
    pod.metadata.name = Some("tried".to_owned());
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    world.api::<Pod>().create(&dry, &pod).await.unwrap();
}

#[tokio::test]
async fn a_change_is_a_release_and_what_serves_stays_as_it_was() {
    let (stage, operator) = Stage::installed("template", Wire::default().prints(PLAIN)).await;
    let world = &stage.world;
    let before = template(world, "acme-worker-blue").await;
    let change = json!({"worker": {"podTemplate": addition()}, "release": {"promotion": "Manual"}});
    world.change(change).await.unwrap();
    stage.step(Step::Promote).await;
    assert_eq!(template(world, "acme-worker-blue").await, before, "blue is frozen");
    let green = template(world, "acme-worker-green").await;
    assert_eq!(containers(&green), ["worker", "log"]);
    let metadata = green.metadata.clone().unwrap();
    assert_eq!(metadata.labels.as_ref().unwrap()["team"], "people");
    assert_eq!(metadata.annotations.as_ref().unwrap()["scrape.example/port"], "2020");
    let pod = json!(green.spec.as_ref().unwrap());
    assert_eq!(pod["tolerations"][0]["key"], "pool");
    assert_eq!(pod["imagePullSecrets"][0]["name"], "pull");
    assert_eq!(pod["containers"][1]["securityContext"]["readOnlyRootFilesystem"], true);
    assert!(pod["containers"][0]["env"].to_string().contains("DATABASE_URL"), "{pod}");
    assert!(pod["containers"][0]["env"].to_string().contains("HTTPS_PROXY"), "{pod}");
    is_let_in(world, green).await;
    // The API's pods are those of the release too, without what is the worker's.
    assert_eq!(containers(&template(world, "acme-api-green").await), ["api"]);
    jobs_have_it_without_the_sidecar(world).await;

    // A template that cannot be is told with its field; what serves, and what is on its way, goes on.
    let wrong = json!({"spec": {"containers": [{"name": "worker", "image": "mine:1"}]}});
    world.change(json!({"api": {"podTemplate": null}, "worker": {"podTemplate": wrong}})).await.unwrap();
    let message = world.condition("Stalled", "True", "InvalidPodTemplate").await;
    let field = "spec.worker.podTemplate.spec.containers[0].image: ";
    assert!(message.starts_with(field) && message.contains("spec.images.worker"), "{message}");
    world.condition("Ready", "False", "InvalidPodTemplate").await;
    assert_eq!(template(world, "acme-worker-blue").await, before);
    world
        .change(json!({"worker": {"podTemplate": addition()}, "release": {"promotion": "Automatic"}}))
        .await
        .unwrap();
    stage.nothing_is_left_but("green").await;
    stage.serves("1").await;
    assert_eq!(containers(&template(world, "acme-worker-green").await), ["worker", "log"]);
    operator.stop().await.unwrap();
}

/// The plan's Job of the candidate runs where workers run, with what their image needs.
async fn jobs_have_it_without_the_sidecar(world: &World) {
    let jobs = world.api::<Job>().list(&ListParams::default()).await.unwrap().items;
    let plans: BTreeMap<String, PodTemplateSpec> = jobs
        .into_iter()
        .filter(|job| job.name_any().starts_with("acme-plan-"))
        .map(|job| (job.name_any(), job.spec.unwrap().template))
        .collect();
    let has_it = |template: &PodTemplateSpec| json!(template).to_string().contains("HTTPS_PROXY");
    let newest = plans.values().find(|template| has_it(template));
    let newest = newest.unwrap_or_else(|| panic!("no plan with the variable: {:?}", plans.keys()));
    assert_eq!(containers(newest).len(), 1);
    assert!(json!(newest).to_string().contains("/etc/ssl/company"), "{newest:?}");
}

#[tokio::test]
async fn the_definition_refuses_what_it_can_see_and_lets_the_rest_be_checked() {
    let world = World::new("template-admission").await;
    let refused = |template: Value| {
        let world = &world;
        async move { world.create(json!({"api": {"podTemplate": template}})).await.unwrap_err() }
    };
    let label = json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}});
    let message = refused(label).await;
    assert!(message.contains("spec.api.podTemplate.metadata.labels"), "{message}");
    assert!(message.contains("are the operator's; choose others"), "{message}");
    let annotation = json!({"metadata": {"annotations": {"resumematcher.io/release": "x"}}});
    assert!(refused(annotation).await.contains("podTemplate.metadata.annotations"));
    let message = refused(json!({"spek": {}})).await;
    assert!(message.contains("unknown field") && message.contains("spec.api.podTemplate.spek"), "{message}");
    let message = refused(json!({"spec": []})).await;
    assert!(message.contains("spec.api.podTemplate.spec"), "{message}");
    // Fields of Kubernetes' own types are looked at by the operator.
    world.create(json!({"api": {"podTemplate": {"spec": {"nodeSelektor": {}}}}})).await.unwrap();
    let operator = world.operator("only").await;
    let message = world.condition("Stalled", "True", "InvalidPodTemplate").await;
    assert!(
        message.starts_with("spec.api.podTemplate.spec.nodeSelektor: there is no such field"),
        "{message}"
    );
    world.change(json!({"api": {"podTemplate": addition_of_the_api()}})).await.unwrap();
    world.condition("Stalled", "False", "Progresses").await;
    operator.stop().await.unwrap();
}

fn addition_of_the_api() -> Value {
    json!({"spec": {"nodeSelektor": null, "nodeSelector": {"disk": "ssd"}}})
}
