//! Deployment `NAME-worker`: reads, parses and matches documents.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Container;

use super::api::{METRICS_PORT, deployment};
use super::pod::{APP_USER, Pod, container, http_probe, mount, port, scratch, variable};
use super::postgres::words;
use super::{Rollout, app_env};
use crate::names::Component;
use crate::resume_matcher::model::Installation;

/// The Deployment.
pub(super) fn build(installation: &Installation, rollout: &Rollout<'_>) -> Deployment {
    let pod = Pod {
        component: Component::Worker,
        service_account: installation.name.component(Component::Worker),
        user: APP_USER,
        container: consumer(installation, &rollout.release.worker_image),
        volumes: vec![scratch("tmp")],
        placement: Some(&installation.worker.placement),
        config_hash: Some(rollout.config.clone()),
        // A job in hand is finished, or else given back.
        grace_seconds: 90,
        restart_policy: None,
    };
    deployment(installation, pod, Some(installation.worker.replicas))
}

fn consumer(installation: &Installation, image: &str) -> Container {
    let mut env = app_env::variables(installation);
    if let Some(concurrency) = installation.worker.concurrency {
        env.push(variable("RM_WORKER_CONCURRENCY", &concurrency.to_string()));
    }
    Container {
        args: Some(words(&["run"])),
        env_from: Some(app_env::sources(installation)),
        env: Some(env),
        ports: Some(vec![port("metrics", METRICS_PORT)]),
        resources: Some(installation.worker.resources.clone()),
        volume_mounts: Some(vec![mount("tmp", "/tmp")]),
        // Loading the model counts as starting.
        startup_probe: Some(http_probe("/livez", "metrics", 2, 150)),
        readiness_probe: Some(http_probe("/readyz", "metrics", 5, 3)),
        liveness_probe: Some(http_probe("/livez", "metrics", 10, 6)),
        ..container(installation, "worker", image)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    #[test]
    fn concurrency_is_told_to_the_worker_only_when_it_is_set() {
        let value = |spec| {
            let container = consumer(&installation(spec), "image");
            container.env.unwrap().into_iter().find(|env| env.name == "RM_WORKER_CONCURRENCY")?.value
        };
        assert_eq!(value(json!({"worker": {"concurrency": 3}})).as_deref(), Some("3"));
        assert_eq!(value(json!({})), None);
    }
}
