//! Rules that hold for every object of every installation.

use serde_json::{Value, json};

use super::*;
use crate::resume_matcher::decide::Phase;
use crate::resume_matcher::fixtures::{credentials, external_installation, installation};

fn decision(installation: &Installation) -> Decision {
    Decision {
        phase: Phase::Released,
        job: JobStep::Ensure,
        workloads: Some(installation.release.clone()),
        migrated: None,
        look_again: None,
    }
}

fn everything(installation: &Installation) -> Children {
    build(installation, &credentials(installation), &decision(installation), "0123456789ab")
}

/// All objects as JSON; the destructuring makes a new kind impossible to forget.
fn objects(children: Children) -> Vec<Value> {
    let Children {
        service_accounts,
        secrets,
        config_maps,
        volumes,
        services,
        network_policies,
        stateful_sets,
        jobs,
        deployments,
        autoscalers,
        disruption_budgets,
        ingresses,
    } = children;
    let mut objects = Vec::new();
    let mut take = |value: Value| objects.extend(value.as_array().cloned().unwrap());
    take(json!(service_accounts));
    take(json!(secrets));
    take(json!(config_maps));
    take(json!(volumes));
    take(json!(services));
    take(json!(network_policies));
    take(json!(stateful_sets));
    take(json!(jobs));
    take(json!(deployments));
    take(json!(autoscalers));
    take(json!(disruption_budgets));
    take(json!(ingresses));
    objects
}

fn cases() -> Vec<Installation> {
    vec![
        installation(json!({"ingress": {"host": "cv.example"}})),
        installation(json!({"environment": "development"})),
        external_installation(),
    ]
}

#[test]
fn every_object_says_whose_it_is() {
    for object in cases().iter().flat_map(|case| objects(everything(case))) {
        assert_eq!(object["metadata"]["namespace"], "people", "{object}");
        assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/instance"], "acme", "{object}");
        assert_eq!(
            object["metadata"]["labels"]["app.kubernetes.io/managed-by"], "resume-matcher-operator",
            "{object}"
        );
        let kept = matches!(object["kind"].as_str(), Some("Secret" | "PersistentVolumeClaim"));
        assert_eq!(object["metadata"]["ownerReferences"].is_null(), kept, "{object}");
    }
}

#[test]
fn every_pod_meets_the_restricted_standard() {
    let mut pods = 0;
    for object in cases().iter().flat_map(|case| objects(everything(case))) {
        let pod = &object["spec"]["template"]["spec"];
        let Some(containers) = pod["containers"].as_array() else { continue };
        pods += 1;
        assert_eq!(pod["automountServiceAccountToken"], false, "{object}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{object}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{object}");
        for container in containers {
            let security = &container["securityContext"];
            assert_eq!(security["allowPrivilegeEscalation"], false, "{container}");
            assert_eq!(security["readOnlyRootFilesystem"], true, "{container}");
            assert_eq!(security["capabilities"]["drop"], json!(["ALL"]), "{container}");
            assert!(container["resources"]["requests"]["cpu"].is_string(), "{container}");
        }
    }
    assert_eq!(pods, 6 + 6 + 3);
}

#[test]
fn nothing_but_secrets_holds_a_credential() {
    let installation = installation(json!({}));
    let credentials = credentials(&installation);
    let objects = objects(everything(&installation));
    let postgres = credentials.postgres.as_ref().unwrap();
    let hidden =
        [&credentials.token_key, &postgres.superuser, &postgres.app, credentials.redis.as_ref().unwrap()];
    for object in objects.iter().filter(|object| object["kind"] != "Secret") {
        assert!(hidden.iter().all(|hidden| !object.to_string().contains(hidden.expose())), "{object}");
    }
}

#[test]
fn before_the_migration_there_is_no_workload_and_no_autoscaler() {
    let installation = installation(json!({}));
    let decision = Decision { workloads: None, ..decision(&installation) };
    let children = build(&installation, &credentials(&installation), &decision, "k");
    assert!(children.deployments.is_empty() && children.autoscalers.is_empty());
    assert_eq!(children.jobs.len(), 1);
}

#[test]
fn while_a_migration_waits_the_old_release_goes_on() {
    let installation = installation(json!({"version": "2"}));
    let old = Release { version: "1".into(), api_image: "api:1".into(), worker_image: "worker:1".into() };
    let decision = Decision { workloads: Some(old), ..decision(&installation) };
    let children = build(&installation, &credentials(&installation), &decision, "k");
    let image = |of: &Deployment| {
        of.spec.clone().unwrap().template.spec.unwrap().containers[0].image.clone().unwrap()
    };
    assert_eq!(children.deployments.iter().map(image).collect::<Vec<_>>(), ["api:1", "worker:1"]);
    let job = children.jobs[0].spec.clone().unwrap().template.spec.unwrap();
    assert_eq!(job.containers[0].image.as_deref(), Some("resumematcher/worker:2"));
}

#[test]
fn the_migration_key_follows_image_and_services() {
    let key = |spec: Value| {
        let installation = installation(spec);
        migration_key(&installation, &credentials(&installation))
    };
    assert_eq!(key(json!({})), key(json!({"worker": {"replicas": 9}})));
    assert_ne!(key(json!({})), key(json!({"version": "9"})));
    assert_eq!(key(json!({})), key(json!({"ingress": {"host": "cv.example"}})));
}

#[test]
fn the_longest_name_still_fits() {
    let mut installation = installation(json!({}));
    installation.name = crate::names::InstallationName::parse(&"x".repeat(crate::names::MAX_NAME)).unwrap();
    for object in objects(everything(&installation)) {
        assert!(object["metadata"]["name"].as_str().unwrap().len() <= 63, "{object}");
    }
}

#[test]
fn the_objects_of_an_embedded_installation() {
    let installation = installation(json!({"ingress": {"host": "cv.example"}}));
    let objects: Vec<_> =
        objects(everything(&installation)).into_iter().filter(|object| object["kind"] != "Secret").collect();
    insta::assert_yaml_snapshot!(objects);
}

#[test]
fn the_objects_of_an_external_installation() {
    let objects: Vec<_> = objects(everything(&external_installation()))
        .into_iter()
        .filter(|object| object["kind"] != "Secret")
        .collect();
    insta::assert_yaml_snapshot!(objects);
}
