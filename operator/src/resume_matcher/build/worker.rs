//! Pods of the Deployments `NAME-worker-blue` and `NAME-worker-green`: they read, parse and match documents.

use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};

use super::api::METRICS_PORT;
use super::pod::{APP_USER, Pod, container, http_probe, mount, port, scratch, template, variable};
use super::postgres::words;
use super::{app_env, config};
use crate::crd::Colour;
use crate::names::Component;
use crate::release::Pods;
use crate::resume_matcher::model::{Installation, WorkerScale};

/// Seconds that a pod may take to end: a job in hand is finished, or else given back.
pub const GRACE_SECONDS: i64 = 90;

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
        grace_seconds: GRACE_SECONDS,
        restart_policy: None,
    };
    template(installation, pod)
}

/// The number of pods that is the Deployment's own; none: that of whoever makes it follow the queue.
pub(super) const fn replicas(installation: &Installation, pods: Pods) -> Option<i32> {
    match (pods, &installation.worker.scale) {
        (Pods::Exactly(pods), _) => Some(pods),
        (Pods::Scaled, WorkerScale::Fixed(pods)) => Some(*pods),
        (Pods::Scaled, WorkerScale::Auto(_)) | (Pods::Kept, _) => None,
    }
}

/// The number of pods that a Deployment starts with whose number is not its own; none: where the queue may ask for none,
/// it is left at none.
pub(super) fn least(installation: &Installation) -> Option<i32> {
    match &installation.worker.scale {
        WorkerScale::Fixed(pods) => Some(*pods),
        WorkerScale::Auto(auto) => Some(auto.min).filter(|least| *least > 0),
    }
}

fn consumer(installation: &Installation, colour: Colour) -> Container {
    let mut env = app_env::variables(installation);
    env.extend(app_env::service_variables(installation));
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
    fn the_number_is_left_to_whoever_follows_the_queue() {
        let of = |spec, pods| replicas(&installation(spec), pods);
        let auto = |min: i32| json!({"worker": {"autoscaling": {"min": min}}});
        assert_eq!(of(json!({"worker": {"replicas": 3}}), Pods::Scaled), Some(3));
        assert_eq!(of(auto(0), Pods::Scaled), None);
        assert_eq!(of(auto(0), Pods::Exactly(4)), Some(4));
        assert_eq!(least(&installation(auto(0))), None, "nothing is a size that it may have");
        assert_eq!(least(&installation(auto(2))), Some(2));
    }

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
