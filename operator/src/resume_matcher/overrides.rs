//! What the spec adds to pods beyond its own fields: a checked part of a pod template, and how it is merged into the pods
//! that the operator builds. Pure.
//!
//! Lists are merged as a strategic merge patch does it (k8s-openapi's `DeepMerge` has the merge keys of the API). Two lists
//! are not: `envFrom`, which that would replace, and the node selector, which that would replace too.

use std::collections::BTreeMap;

use k8s_openapi::DeepMerge;
use k8s_openapi::api::core::v1::{Capabilities, Container, PodSpec, PodTemplateSpec};

/// A part of a pod template that has passed all checks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// The application's container in the pods of the tier.
    pub own: &'static str,
    /// Labels beside the operator's.
    pub labels: BTreeMap<String, String>,
    /// Annotations beside the operator's.
    pub annotations: BTreeMap<String, String>,
    /// The rest.
    pub pod: PodSpec,
}

/// Which pods something is merged into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those of the tier itself: everything.
    Tier,
    /// Jobs of the tier's image: what its own container is given, and where pods run. No sidecars, with which a Job would
    /// not end.
    Job,
    /// The page that stands in for the tier while it is closed: where pods run. It has nothing to do with variables and
    /// volumes.
    Page,
}

impl Overrides {
    /// Merges into a template. What the operator has set itself stays.
    pub(in crate::resume_matcher) fn merge_into(&self, template: &mut PodTemplateSpec, extent: Extent) {
        let metadata = template.metadata.get_or_insert_default();
        add(&mut metadata.labels, &self.labels);
        add(&mut metadata.annotations, &self.annotations);
        let base = template.spec.get_or_insert_default();
        let mut given = self.given(extent);
        // Without it the merge would take the given one for the whole.
        add(&mut base.node_selector, &given.node_selector.take().unwrap_or_default());
        if extent == Extent::Tier {
            let mut own = Container::default();
            given.containers.retain_mut(|container| {
                let is_own = container.name == self.own;
                if is_own {
                    own = std::mem::take(container);
                }
                !is_own
            });
            let theirs = given.containers.iter_mut().chain(given.init_containers.iter_mut().flatten());
            theirs.for_each(harden);
            let bases = base.containers.iter_mut().filter(|container| container.name == self.own);
            bases.for_each(|container| extend(container, own.clone()));
        } else if extent == Extent::Job {
            let own = self.pod.containers.iter().find(|container| container.name == self.own);
            let own = own.map(for_job).unwrap_or_default();
            let all = base.containers.iter_mut().chain(base.init_containers.iter_mut().flatten());
            all.for_each(|container| extend(container, own.clone()));
        }
        base.merge_from(given);
    }

    /// The pod's part that applies to these pods.
    fn given(&self, extent: Extent) -> PodSpec {
        let given = self.pod.clone();
        match extent {
            Extent::Tier => given,
            // How long a pod may take to end and how the tier's pods spread is about the tier alone.
            Extent::Job | Extent::Page => PodSpec {
                containers: vec![],
                init_containers: None,
                volumes: given.volumes.filter(|_| extent == Extent::Job),
                readiness_gates: None,
                termination_grace_period_seconds: None,
                topology_spread_constraints: None,
                ..given
            },
        }
    }
}

/// What Jobs take over of the tier's container.
fn for_job(own: &Container) -> Container {
    Container {
        env: own.env.clone(),
        env_from: own.env_from.clone(),
        volume_mounts: own.volume_mounts.clone(),
        security_context: own.security_context.clone(),
        ..Container::default()
    }
}

/// Adds to a container of the operator's.
fn extend(base: &mut Container, mut given: Container) {
    given.name.clone_from(&base.name);
    // Of two sources with the same variable the later one counts: the operator's.
    let mut sources = given.env_from.take().unwrap_or_default();
    sources.append(base.env_from.get_or_insert_default());
    base.merge_from(given);
    base.env_from = Some(sources).filter(|sources| !sources.is_empty());
}

/// Gives a sidecar what the operator gives its own containers, as far as it does not say otherwise.
fn harden(container: &mut Container) {
    let security = container.security_context.get_or_insert_default();
    security.allow_privilege_escalation.get_or_insert(false);
    security.read_only_root_filesystem.get_or_insert(true);
    let capabilities = security.capabilities.get_or_insert_with(Capabilities::default);
    capabilities.drop.get_or_insert_with(|| vec!["ALL".to_owned()]);
}

/// Adds entries; those that are there stay.
fn add(base: &mut Option<BTreeMap<String, String>>, given: &BTreeMap<String, String>) {
    if given.is_empty() {
        return;
    }
    let base = base.get_or_insert_default();
    for (key, value) in given {
        base.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn overrides(pod: Value) -> Overrides {
        let labels = [("team".to_owned(), "people".to_owned())].into();
        Overrides {
            own: "api",
            labels,
            annotations: BTreeMap::new(),
            pod: serde_json::from_value(pod).unwrap(),
        }
    }

    fn merged(pod: Value, extent: Extent) -> Value {
        let mut template: PodTemplateSpec = serde_json::from_value(json!({
            "metadata": {"labels": {"team": "ours"}},
            "spec": {
                "nodeSelector": {"disk": "ssd"},
                "tolerations": [{"key": "old", "operator": "Exists"}],
                "containers": [{
                    "name": "api", "image": "api:1", "env": [{"name": "A", "value": "1"}],
                    "envFrom": [{"configMapRef": {"name": "ours"}}],
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
                    "securityContext": {"readOnlyRootFilesystem": true},
                }],
                "initContainers": [{"name": "dump", "image": "api:1"}],
                "volumes": [{"name": "tmp", "emptyDir": {}}],
            },
        }))
        .unwrap();
        overrides(pod).merge_into(&mut template, extent);
        json!(template)
    }

    fn everything() -> Value {
        json!({
            "nodeSelector": {"disk": "hdd", "zone": "a"},
            "tolerations": [{"key": "new", "operator": "Exists"}],
            "terminationGracePeriodSeconds": 300,
            "containers": [
                {"name": "api", "env": [{"name": "HTTPS_PROXY", "value": "http://p"}],
                    "envFrom": [{"secretRef": {"name": "theirs"}}],
                    "resources": {"requests": {"cpu": "2"}},
                    "volumeMounts": [{"name": "ca", "mountPath": "/ca"}],
                    "securityContext": {"runAsUser": 1000}},
                {"name": "log", "image": "log:1"},
            ],
            "volumes": [{"name": "ca", "configMap": {"name": "ca"}}, {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
        })
    }

    #[test]
    fn lists_are_merged_by_their_keys_and_what_is_ours_stays() {
        let template = merged(everything(), Extent::Tier);
        assert_eq!(template["metadata"]["labels"], json!({"team": "ours"}));
        let pod = &template["spec"];
        assert_eq!(pod["nodeSelector"], json!({"disk": "ssd", "zone": "a"}));
        assert_eq!(
            pod["tolerations"],
            json!([{"key": "new", "operator": "Exists"}]),
            "no merge key: replaced"
        );
        assert_eq!(pod["terminationGracePeriodSeconds"], 300);
        let own = &pod["containers"][0];
        let env = json!([{"name": "A", "value": "1"}, {"name": "HTTPS_PROXY", "value": "http://p"}]);
        assert_eq!((own["image"].as_str(), &own["env"]), (Some("api:1"), &env));
        let sources = json!([{"secretRef": {"name": "theirs"}}, {"configMapRef": {"name": "ours"}}]);
        assert_eq!(own["envFrom"], sources, "the later source counts, and it is ours");
        assert_eq!(own["resources"]["requests"], json!({"cpu": "2", "memory": "1Gi"}));
        assert_eq!(own["volumeMounts"].as_array().unwrap().len(), 2);
        assert_eq!(own["securityContext"], json!({"readOnlyRootFilesystem": true, "runAsUser": 1000}));
        let volumes = json!([
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "ca", "configMap": {"name": "ca"}},
        ]);
        assert_eq!(pod["volumes"], volumes);
    }

    #[test]
    fn a_sidecar_comes_after_the_own_container_and_is_hardened() {
        let pod = &merged(everything(), Extent::Tier)["spec"];
        let expected = json!({
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
        });
        assert_eq!(pod["containers"][1]["name"], "log");
        assert_eq!(pod["containers"][1]["securityContext"], expected);
        let writes = json!({"containers": [
            {"name": "log", "image": "log:1", "securityContext": {"readOnlyRootFilesystem": false}},
        ]});
        let writes = &merged(writes, Extent::Tier)["spec"]["containers"][1]["securityContext"];
        assert_eq!(writes["readOnlyRootFilesystem"], false);
        assert_eq!(writes["allowPrivilegeEscalation"], false);
    }

    #[test]
    fn a_job_gets_what_its_image_needs_and_no_sidecar() {
        let pod = &merged(everything(), Extent::Job)["spec"];
        assert_eq!(pod["containers"].as_array().unwrap().len(), 1);
        for container in [&pod["containers"][0], &pod["initContainers"][0]] {
            let env = container["env"].as_array().unwrap();
            assert!(env.contains(&json!({"name": "HTTPS_PROXY", "value": "http://p"})), "{container}");
            assert!(container["volumeMounts"].to_string().contains("/ca"), "{container}");
            assert_eq!(container["securityContext"]["runAsUser"], 1000);
        }
        assert_eq!(pod["containers"][0]["resources"]["requests"]["cpu"], "1", "sizes are the Job's own");
        assert_eq!(pod["volumes"].as_array().unwrap().len(), 2);
        assert_eq!(pod["terminationGracePeriodSeconds"], Value::Null);
        assert_eq!(pod["tolerations"][0]["key"], "new");
    }

    #[test]
    fn the_page_only_runs_where_the_tier_runs() {
        let pod = &merged(everything(), Extent::Page)["spec"];
        assert_eq!(pod["containers"][0]["env"], json!([{"name": "A", "value": "1"}]));
        assert_eq!(pod["volumes"].as_array().unwrap().len(), 1);
        assert_eq!(pod["nodeSelector"]["zone"], "a");
    }
}
