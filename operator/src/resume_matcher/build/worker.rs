//! Pods of the Deployments `NAME-worker-blue` and `NAME-worker-green`: they read, parse and match documents.

use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};

use super::api::METRICS_PORT;
use super::pod::{APP_USER, Pod, container, http_probe, mount, port, scratch, template, variable};
use super::postgres::words;
use super::{app_env, config};
use crate::crd::Colour;
use crate::names::Component;
use crate::release::Pods;
use crate::resume_matcher::model::Installation;

/// The template of its pods.
pub(super) fn pods(installation: &Installation, colour: Colour, id: &str) -> PodTemplateSpec {
    let pod = Pod {
        component: Component::Worker,
        service_account: installation.name.component(Component::Worker),
        user: APP_USER,
        container: consumer(installation, colour),
        volumes: vec![scratch("tmp")],
        placement: Some(&installation.worker.placement),
        config_hash: None,
        release: Some((colour, id)),
        // A job in hand is finished, or else given back.
        grace_seconds: 90,
        restart_policy: None,
    };
    template(installation, pod)
}

/// The number of pods that is the Deployment's own.
pub(super) const fn replicas(installation: &Installation, pods: Pods) -> Option<i32> {
    match pods {
        Pods::Exactly(pods) => Some(pods),
        Pods::Scaled => Some(installation.worker.replicas),
        Pods::Kept => None,
    }
}

fn consumer(installation: &Installation, colour: Colour) -> Container {
    let mut env = app_env::variables(installation);
    if let Some(concurrency) = installation.worker.concurrency {
        env.push(variable("RM_WORKER_CONCURRENCY", &concurrency.to_string()));
    }
    Container {
        args: Some(words(&["run"])),
        env_from: Some(app_env::sources(config::of_colour(installation, colour))),
        env: Some(env),
        ports: Some(vec![port("metrics", METRICS_PORT)]),
        resources: Some(installation.worker.resources.clone()),
        volume_mounts: Some(vec![mount("tmp", "/tmp")]),
        // Loading the model counts as starting.
        startup_probe: Some(http_probe("/livez", "metrics", 2, 150)),
        readiness_probe: Some(http_probe("/readyz", "metrics", 5, 3)),
        liveness_probe: Some(http_probe("/livez", "metrics", 10, 6)),
        ..container(installation, "worker", &installation.release.worker_image)
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
            let container = consumer(&installation(spec), Colour::Blue);
            container.env.unwrap().into_iter().find(|env| env.name == "RM_WORKER_CONCURRENCY")?.value
        };
        assert_eq!(value(json!({"worker": {"concurrency": 3}})).as_deref(), Some("3"));
        assert_eq!(value(json!({})), None);
    }
}
