//! Rules that hold for every object of every installation.

use serde_json::{Value, json};

use super::*;
use crate::crd::{Colour, Step};
use crate::release::{Candidate, Flow, wanted};
use crate::resume_matcher::fixtures::{credentials, external_installation, installation};

fn record(installation: &Installation) -> Record {
    let target = target(installation, &credentials(installation));
    Record {
        active: Some(target.slot(Colour::Blue, 1)),
        flow: Flow::Settled,
        step: Step::Done,
        since: jiff::Timestamp::UNIX_EPOCH,
        rejected: None,
        history: vec![],
        counter: 1,
        migrated: None,
        contracted: vec![],
    }
}

/// The objects of a record, and with `jobs` those of all Jobs too.
fn of_record(installation: &Installation, record: &Record, jobs: bool) -> Children {
    let credentials = credentials(installation);
    let target = target(installation, &credentials);
    let delay = installation.settings.scale_down_delay;
    let mut wanted = wanted(record, None, delay, false, jiff::Timestamp::UNIX_EPOCH);
    if jobs {
        wanted.jobs = crate::release::Jobs { plan: true, migrate: true, contract: true };
    }
    let releases = Releases {
        wanted: &wanted,
        kept: &BTreeMap::new(),
        target: &target.id,
        keys: &job_keys(&credentials, record, &target.migration),
        may_make_jobs: true,
        data_sleeps: false,
    };
    build(installation, &credentials, &releases)
}

fn everything(installation: &Installation) -> Children {
    of_record(installation, &record(installation), true)
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
        cron_jobs,
        revisions,
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
    take(json!(cron_jobs));
    take(json!(revisions));
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
    assert_eq!(pods, 8 + 8 + 5);
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
    let slot = record(&installation).active.unwrap();
    let candidate = Candidate { slot, api_pods: 2, worker_pods: 2, rollback: false };
    let record = Record::first(candidate, None, jiff::Timestamp::UNIX_EPOCH);
    let children = of_record(&installation, &record, false);
    assert!(children.deployments.is_empty() && children.autoscalers.is_empty());
    assert_eq!(children.jobs.len(), 1);
}

#[test]
fn while_a_candidate_is_on_its_way_what_serves_stays_as_it_was() {
    let old = installation(json!({"version": "1"}));
    let new = installation(json!({"version": "2", "api": {"resources": {"limits": {"memory": "9Gi"}}}}));
    let serving = record(&old);
    let target = target(&new, &credentials(&new));
    let candidate =
        Candidate { slot: target.slot(Colour::Green, 2), api_pods: 4, worker_pods: 2, rollback: false };
    let rising = Record { flow: Flow::Rise { candidate }, step: Step::Warm, counter: 2, ..serving.clone() };
    let kept = Revision::of_spec(&old, &serving.active.as_ref().unwrap().id, Colour::Blue);
    let delay = new.settings.scale_down_delay;
    let releases = Releases {
        wanted: &wanted(&rising, None, delay, false, jiff::Timestamp::UNIX_EPOCH),
        kept: &BTreeMap::from([(1, kept.clone())]),
        target: &target.id,
        keys: &JobKeys::default(),
        may_make_jobs: true,
        data_sleeps: false,
    };
    let children = build(&new, &credentials(&new), &releases);
    let of = |name: &str| {
        let named = |deployment: &&Deployment| deployment.metadata.name.as_deref() == Some(name);
        children.deployments.iter().find(named).unwrap().spec.clone().unwrap()
    };
    assert_eq!(of("acme-api-blue").template, kept.api);
    assert_eq!((of("acme-api-green").replicas, of("acme-worker-green").replicas), (Some(4), Some(2)));
    let selector = children.services[0].spec.clone().unwrap().selector.unwrap();
    assert_eq!(selector["resumematcher.io/colour"], "blue");
    assert_eq!(
        children.autoscalers[0].spec.clone().unwrap().min_replicas,
        Some(4),
        "blue must not shrink meanwhile"
    );
}

#[test]
fn a_release_is_told_by_what_reaches_the_pods() {
    let of = |spec: Value| {
        let installation = installation(spec);
        target(&installation, &credentials(&installation))
    };
    let plain = of(json!({}));
    // The number of pods and the way in change no pod.
    assert_eq!(plain.id, of(json!({"worker": {"replicas": 9}, "release": {"bakeTime": "9m"}})).id);
    for change in [
        json!({"version": "9"}),
        json!({"images": {"worker": "w:1"}}),
        json!({"ingress": {"host": "cv.example"}}),
        json!({"worker": {"concurrency": 3}}),
        json!({"api": {"nodeSelector": {"a": "b"}}}),
        json!({"imagePullSecrets": [{"name": "p"}]}),
    ] {
        assert_ne!(plain.id, of(change.clone()).id, "{change}");
    }
    assert_eq!(plain.migration, of(json!({"worker": {"replicas": 9}})).migration);
    assert_eq!(plain.migration, of(json!({"ingress": {"host": "cv.example"}})).migration);
    assert_ne!(plain.migration, of(json!({"version": "9"})).migration);
}

#[test]
fn each_try_of_a_release_has_jobs_of_its_own() {
    let installation = installation(json!({}));
    let of = |number| {
        let record = Record { counter: number, ..record(&installation) };
        job_keys(&credentials(&installation), &record, "m").name(&installation, Task::Expand)
    };
    assert_ne!(of(1), of(2));
    assert_eq!(of(1), of(1));
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
