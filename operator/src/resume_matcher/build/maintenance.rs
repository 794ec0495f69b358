//! Deployment `NAME-maintenance` and its network policy: what answers while the installation is closed, and the Service
//! that leads to it.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{Container, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::api::{METRICS_PORT, PORT};
use super::pod::{APP_USER, DRAIN_SECONDS, Pod, container, http_probe, mount, port, scratch, template};
use super::postgres::words;
use super::{Children, app_env, config, network, owned};
use crate::names::{Component, selector_labels};
use crate::resume_matcher::maintenance::Stage;
use crate::resume_matcher::model::Installation;

/// Adds what answers, and leads the Service to it when it is to answer already.
pub(in crate::resume_matcher) fn add(
    children: &mut Children,
    installation: &Installation,
    stage: Stage,
    image: &str,
) {
    if stage == Stage::Open {
        return;
    }
    children.deployments.push(deployment(installation, image));
    // A backup would only wait for the restore's lock, and fail.
    for spec in children.cron_jobs.iter_mut().filter_map(|job| job.spec.as_mut()) {
        spec.suspend = Some(true);
    }
    if installation.network.policies {
        children.network_policies.push(network::maintenance(installation));
    }
    if !stage.answers() {
        return;
    }
    let name = installation.name.component(Component::Api);
    for service in &mut children.services {
        if service.metadata.name.as_ref() == Some(&name)
            && let Some(spec) = &mut service.spec
        {
            spec.selector = Some(selector_labels(&installation.name, Component::Maintenance));
        }
    }
}

fn deployment(installation: &Installation, image: &str) -> Deployment {
    let component = Component::Maintenance;
    let pod = Pod {
        component,
        service_account: installation.name.component(Component::Api),
        user: APP_USER,
        container: page(installation, image),
        volumes: vec![scratch("tmp")],
        placement: Some(&installation.api.placement),
        config_hash: None,
        release: None,
        grace_seconds: 15,
        restart_policy: None,
    };
    Deployment {
        metadata: owned(installation, installation.name.component(component), Some(component)),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            selector: LabelSelector {
                match_labels: Some(selector_labels(&installation.name, component)),
                ..LabelSelector::default()
            },
            template: template(installation, pod),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn page(installation: &Installation, image: &str) -> Container {
    let quantity = |name: &str, value: &str| (name.to_owned(), Quantity(value.to_owned()));
    Container {
        args: Some(words(&["maintenance"])),
        env_from: Some(app_env::sources(config::name(installation))),
        ports: Some(vec![port("http", PORT), port("metrics", METRICS_PORT)]),
        resources: Some(ResourceRequirements {
            requests: Some([quantity("cpu", "10m"), quantity("memory", "32Mi")].into()),
            limits: Some([quantity("memory", "128Mi")].into()),
            ..ResourceRequirements::default()
        }),
        volume_mounts: Some(vec![mount("tmp", "/tmp")]),
        readiness_probe: Some(http_probe("/readyz", "metrics", 1, 3)),
        liveness_probe: Some(http_probe("/livez", "metrics", 10, 6)),
        lifecycle: Some(super::api::drain(DRAIN_SECONDS)),
        ..container(installation, "maintenance", image)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::build::service;
    use crate::resume_matcher::fixtures::installation;

    fn children(stage: Stage) -> Children {
        let installation = installation(json!({}));
        let services = vec![service::api(&installation, None)];
        let mut children = Children { services, ..Children::default() };
        add(&mut children, &installation, stage, "api:9");
        children
    }

    #[test]
    fn the_service_leads_to_the_page_only_when_the_page_is_to_answer() {
        let leads_there = |stage| {
            let children = children(stage);
            let selector = children.services[0].spec.clone().unwrap().selector.unwrap();
            (children.deployments.len(), selector["app.kubernetes.io/component"] == "maintenance")
        };
        assert_eq!(leads_there(Stage::Open), (0, false));
        assert_eq!(leads_there(Stage::Closing), (1, false));
        assert_eq!(leads_there(Stage::Closed), (1, true));
        assert_eq!(leads_there(Stage::Opening), (1, true));
    }

    #[test]
    fn the_page_gets_no_secret() {
        let pod = json!(children(Stage::Closed).deployments[0]);
        assert!(!pod.to_string().contains("secretKeyRef"), "{pod}");
        assert_eq!(pod["spec"]["template"]["spec"]["containers"][0]["image"], "api:9");
    }
}
