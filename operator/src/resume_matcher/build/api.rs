//! Deployment `NAME-api`: the HTTP API and the web pages.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{Container, Lifecycle, LifecycleHandler, SleepAction};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::{APP_USER, DRAIN_SECONDS, Pod, container, http_probe, mount, port, scratch, template};
use super::{Rollout, app_env, owned};
use crate::names::{Component, selector_labels};
use crate::resume_matcher::model::{Installation, Scale};

/// The port of the API and the web pages.
pub(super) const PORT: i32 = 8000;
/// The port of metrics and probes, of API and worker.
pub(super) const METRICS_PORT: i32 = 9090;

/// The Deployment.
pub(super) fn build(installation: &Installation, rollout: &Rollout<'_>) -> Deployment {
    let pod = Pod {
        component: Component::Api,
        service_account: installation.name.component(Component::Api),
        user: APP_USER,
        container: server(installation, &rollout.release.api_image),
        volumes: vec![scratch("tmp")],
        placement: Some(&installation.api.placement),
        config_hash: Some(rollout.config.clone()),
        grace_seconds: 45,
        restart_policy: None,
    };
    let replicas = match installation.api.scale {
        Scale::Fixed(replicas) => Some(replicas),
        // The autoscaler's: two owners of one field would fight.
        Scale::Auto { .. } => None,
    };
    deployment(installation, pod, replicas)
}

/// A Deployment that never has fewer pods than it should while it rolls.
pub(super) fn deployment(installation: &Installation, pod: Pod<'_>, replicas: Option<i32>) -> Deployment {
    let component = pod.component;
    Deployment {
        metadata: owned(installation, installation.name.component(component), Some(component)),
        spec: Some(DeploymentSpec {
            replicas,
            selector: LabelSelector {
                match_labels: Some(selector_labels(&installation.name, component)),
                ..LabelSelector::default()
            },
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_unavailable: Some(IntOrString::Int(0)),
                    max_surge: Some(IntOrString::Int(1)),
                }),
            }),
            revision_history_limit: Some(3),
            template: template(installation, pod),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn server(installation: &Installation, image: &str) -> Container {
    Container {
        env_from: Some(app_env::sources(installation)),
        env: Some(app_env::variables(installation)),
        ports: Some(vec![port("http", PORT), port("metrics", METRICS_PORT)]),
        resources: Some(installation.api.resources.clone()),
        volume_mounts: Some(vec![mount("tmp", "/tmp")]),
        startup_probe: Some(http_probe("/livez", "metrics", 2, 60)),
        readiness_probe: Some(http_probe("/readyz", "metrics", 5, 3)),
        liveness_probe: Some(http_probe("/livez", "metrics", 10, 6)),
        lifecycle: Some(Lifecycle {
            // By the kubelet and not by a command: the image has no shell.
            pre_stop: Some(LifecycleHandler {
                sleep: Some(SleepAction { seconds: DRAIN_SECONDS }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        ..container(installation, "api", image)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    fn replicas(spec: serde_json::Value) -> Option<i32> {
        let installation = installation(spec);
        let rollout = Rollout { release: &installation.release, config: "c".to_owned() };
        build(&installation, &rollout).spec.unwrap().replicas
    }

    #[test]
    fn replicas_are_left_to_the_autoscaler_where_there_is_one() {
        assert_eq!(replicas(json!({"environment": "production"})), None);
        assert_eq!(replicas(json!({"api": {"replicas": 3}})), Some(3));
        assert_eq!(replicas(json!({"environment": "development"})), Some(1));
    }

    #[test]
    fn placement_reaches_the_pods() {
        let installation = installation(json!({"api": {
            "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "k", "operator": "Exists"}],
            "priorityClassName": "high", "topologySpreadConstraints": [],
        }, "imagePullSecrets": [{"name": "pull"}]}));
        let rollout = Rollout { release: &installation.release, config: "c".to_owned() };
        let pod = build(&installation, &rollout).spec.unwrap().template.spec.unwrap();
        assert_eq!(pod.node_selector.unwrap()["disk"], "ssd");
        assert_eq!(pod.tolerations.unwrap()[0].key.as_deref(), Some("k"));
        assert_eq!(pod.priority_class_name.as_deref(), Some("high"));
        assert_eq!(pod.topology_spread_constraints, None);
        assert_eq!(pod.image_pull_secrets.unwrap()[0].name, "pull");
    }
}
