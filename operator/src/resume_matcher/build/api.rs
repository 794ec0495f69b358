//! Pods of the Deployments `NAME-api-blue` and `NAME-api-green`: the HTTP API and the web pages.

use k8s_openapi::api::core::v1::{Container, Lifecycle, LifecycleHandler, PodTemplateSpec, SleepAction};

use super::pod::{APP_USER, DRAIN_SECONDS, Pod, container, http_probe, mount, port, scratch, template};
use super::{app_env, config};
use crate::crd::Colour;
use crate::names::Component;
use crate::release::Pods;
use crate::resume_matcher::model::{Installation, Scale};

/// The name of the API's container.
pub(super) const CONTAINER: &str = "api";
/// The port of the API and the web pages.
pub(super) const PORT: i32 = 8000;
/// The port of metrics and probes, of API and worker.
pub(super) const METRICS_PORT: i32 = 9090;

/// Seconds that a pod may take to end: requests in hand are answered.
pub const GRACE_SECONDS: i64 = 45;

/// The template of its pods.
pub(super) fn pods(installation: &Installation, colour: Colour, id: &str) -> PodTemplateSpec {
    let pod = Pod {
        component: Component::Api,
        service_account: installation.name.component(Component::Api),
        user: APP_USER,
        container: server(installation, colour),
        volumes: vec![scratch("tmp")],
        placement: Some(&installation.api.placement),
        config_hash: None,
        release: Some((colour, id)),
        grace_seconds: GRACE_SECONDS,
        restart_policy: None,
    };
    template(installation, pod)
}

/// The number of pods that is the Deployment's own; none: the autoscaler's, because two owners of one field would
/// fight.
pub(super) fn replicas(installation: &Installation, pods: Pods) -> Option<i32> {
    match (pods, installation.api.scale) {
        (Pods::Exactly(pods), _) | (Pods::Scaled, Scale::Fixed(pods)) => Some(pods),
        (Pods::Scaled, Scale::Auto { .. }) | (Pods::Kept, _) => None,
    }
}

fn server(installation: &Installation, colour: Colour) -> Container {
    let mut env = app_env::variables(installation);
    env.extend(app_env::service_variables(installation));
    env.extend(app_env::api_variables(installation));
    Container {
        env_from: Some(app_env::sources(config::of_colour(installation, colour))),
        env: Some(env),
        ports: Some(vec![port("http", PORT), port("metrics", METRICS_PORT)]),
        resources: Some(installation.api.resources.clone()),
        volume_mounts: Some(vec![mount("tmp", "/tmp")]),
        startup_probe: Some(http_probe("/livez", "metrics", 2, 60)),
        readiness_probe: Some(http_probe("/readyz", "metrics", 5, 3)),
        liveness_probe: Some(http_probe("/livez", "metrics", 10, 6)),
        lifecycle: Some(drain(DRAIN_SECONDS)),
        ..container(installation, CONTAINER, &installation.release.api_image)
    }
}

/// Goes on serving for a moment after the pod was told to stop.
pub(super) fn drain(seconds: i64) -> Lifecycle {
    Lifecycle {
        // By the kubelet and not by a command: the image has no shell.
        pre_stop: Some(LifecycleHandler {
            sleep: Some(SleepAction { seconds }),
            ..LifecycleHandler::default()
        }),
        ..Lifecycle::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    #[test]
    fn replicas_are_left_to_the_autoscaler_where_there_is_one() {
        let of = |spec, pods| replicas(&installation(spec), pods);
        assert_eq!(of(json!({"environment": "production"}), Pods::Scaled), None);
        assert_eq!(of(json!({"api": {"replicas": 3}}), Pods::Scaled), Some(3));
        assert_eq!(of(json!({"environment": "development"}), Pods::Scaled), Some(1));
        assert_eq!(of(json!({"environment": "production"}), Pods::Exactly(7)), Some(7));
        assert_eq!(of(json!({"api": {"replicas": 3}}), Pods::Kept), None);
    }

    #[test]
    fn placement_reaches_the_pods() {
        let installation = installation(json!({"api": {
            "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "k", "operator": "Exists"}],
            "priorityClassName": "high", "topologySpreadConstraints": [],
        }, "imagePullSecrets": [{"name": "pull"}]}));
        let pod = pods(&installation, Colour::Blue, "id").spec.unwrap();
        assert_eq!(pod.node_selector.unwrap()["disk"], "ssd");
        assert_eq!(pod.tolerations.unwrap()[0].key.as_deref(), Some("k"));
        assert_eq!(pod.priority_class_name.as_deref(), Some("high"));
        assert_eq!(pod.topology_spread_constraints, None);
        assert_eq!(pod.image_pull_secrets.unwrap()[0].name, "pull");
    }
}
