//! What may be added to pods and what may not, and with which words it is refused.

use serde_json::{Value, json};

use crate::resume_matcher::fixtures::{installation, object};
use crate::resume_matcher::validate::{Invalid, validate};

fn refusal_of(spec: Value) -> Invalid {
    validate(&object(spec), &std::collections::BTreeMap::new()).unwrap_err()
}

/// Refuses this part of the API's pods, and names this place of it.
fn refuses(pod: Value, place: &str, words: &str) {
    let invalid = refusal_of(json!({"api": {"podTemplate": {"spec": pod}}}));
    let message = invalid.to_string();
    assert_eq!(invalid.reason(), "InvalidPodTemplate", "{message}");
    let field = format!("spec.api.podTemplate.spec{place}: ");
    assert!(message.starts_with(&field), "{message:?} does not start with {field:?}");
    assert!(message.contains(words), "{words:?} is not in: {message}");
}

/// The same of a container beside the application's.
fn refuses_in_sidecar(more: Value, place: &str, words: &str) {
    let mut sidecar = json!({"name": "log", "image": "log:1"});
    sidecar.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    refuses(json!({"containers": [sidecar]}), &format!(".containers[0]{place}"), words);
}

/// The same of the application's container.
fn refuses_in_own(more: Value, place: &str, words: &str) {
    let mut own = json!({"name": "api"});
    own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    refuses(json!({"containers": [own]}), &format!(".containers[0]{place}"), words);
}

#[test]
fn what_people_need_is_accepted() {
    let pod = json!({
        "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "k", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}}, "priorityClassName": "high", "runtimeClassName": "gvisor",
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"},
        ],
        "imagePullSecrets": [{"name": "pull"}], "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
        "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]}, "terminationGracePeriodSeconds": 60,
        "hostUsers": false, "securityContext": {"runAsUser": 1000, "supplementalGroups": [7]},
        "containers": [
            {"name": "api", "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}, {"name": "RM_LOG", "value": "debug"}],
                "envFrom": [{"secretRef": {"name": "more"}}], "resources": {"limits": {"cpu": 2}},
                "volumeMounts": [{"name": "ca", "mountPath": "/etc/ssl/company", "readOnly": true}]},
            {"name": "log", "image": "log:1", "ports": [{"name": "log", "containerPort": 2020}],
                "securityContext": {"readOnlyRootFilesystem": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
                "livenessProbe": {"httpGet": {"path": "/", "port": 2020}}},
        ],
        "initContainers": [{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}],
        "volumes": [{"name": "ca", "configMap": {"name": "company-ca"}}, {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
    });
    let metadata = json!({"labels": {"team": "people"}, "annotations": {"sidecar.example/inject": "true"}});
    let installation = installation(json!({"api": {"podTemplate": {"metadata": metadata, "spec": pod}}}));
    let overrides = installation.api.overrides;
    assert_eq!((overrides.own, overrides.labels["team"].as_str()), ("api", "people"));
    assert_eq!(overrides.pod.containers.len(), 2);
    assert_eq!(installation.worker.overrides.pod.containers.len(), 0);
}

#[test]
fn the_workers_pods_have_their_own_names() {
    let own = |name: &str| json!({"worker": {"podTemplate": {"spec": {"containers": [{"name": name}]}}}});
    assert_eq!(installation(own("worker")).worker.overrides.pod.containers[0].name, "worker");
    let message = refusal_of(own("api")).to_string();
    assert_eq!(message, "spec.worker.podTemplate.spec.containers[0]: has no image; add it");
}

#[test]
fn a_field_that_does_not_exist_or_says_nothing_is_found() {
    refuses(json!({"nodeSelektor": {"a": "b"}}), ".nodeSelektor", "there is no such field");
    refuses_in_own(json!({"env": [{"name": "A", "valu": "1"}]}), ".env[0].valu", "there is no such field");
    refuses(json!({"affinity": null}), ".affinity", "null changes nothing");
    refuses(
        json!({"containers": [{"name": "api", "$patch": "delete"}]}),
        ".containers[0].$patch",
        "no such field",
    );
    refuses(
        json!({"terminationGracePeriodSeconds": "soon"}),
        ".terminationGracePeriodSeconds",
        "invalid type: string \"soon\"",
    );
    refuses(json!({"tolerations": {"key": "k"}}), ".tolerations", "invalid type");
}

#[test]
fn what_the_operator_owns_is_refused_with_the_field_to_use() {
    refuses_in_own(json!({"image": "mine:1"}), ".image", "set spec.version or spec.images.apiServer");
    refuses_in_own(json!({"imagePullPolicy": "Always"}), ".imagePullPolicy", "spec.images.pullPolicy");
    for field in ["command", "args"] {
        refuses_in_own(json!({field: ["sh"]}), &format!(".{field}"), "belongs to the operator");
    }
    refuses_in_own(json!({"ports": []}), ".ports", "belongs to the operator");
    refuses_in_own(json!({"livenessProbe": {}}), ".livenessProbe", "belongs to the operator");
    refuses_in_own(json!({"lifecycle": {}}), ".lifecycle", "belongs to the operator");
    refuses_in_own(
        json!({"volumeMounts": [{"name": "mine", "mountPath": "/tmp/"}]}),
        ".volumeMounts[0]",
        "mount it elsewhere",
    );
    refuses(json!({"serviceAccountName": "admin"}), ".serviceAccountName", "bind roles to that one");
    refuses(
        json!({"automountServiceAccountToken": true}),
        ".automountServiceAccountToken",
        "projected volume",
    );
    refuses(json!({"nodeName": "n1"}), ".nodeName", "use nodeSelector");
    refuses(json!({"restartPolicy": "Never"}), ".restartPolicy", "remove it");
    refuses(
        json!({"terminationGracePeriodSeconds": 5}),
        ".terminationGracePeriodSeconds",
        "less than the 45 s",
    );
    refuses(
        json!({"initContainers": [{"name": "api", "image": "x"}]}),
        ".initContainers[0]",
        "choose another name",
    );
    refuses_in_sidecar(json!({"ports": [{"containerPort": 8000}]}), ".ports[0]", "is the application's");
    refuses_in_sidecar(
        json!({"ports": [{"name": "metrics", "containerPort": 1}]}),
        ".ports[0]",
        "metrics (9090)",
    );
    let claim = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "acme-postgres"}}]);
    refuses(json!({"volumes": claim}), ".volumes[0].persistentVolumeClaim", "holds the data");
}

#[test]
fn variables_that_the_operator_sets_are_refused_those_of_jobs_too() {
    for name in ["DATABASE_URL", "RM_TOKEN_KEY", "RM_INSTALLATION", "S3_BUCKET", "DATABASE_OWNER_URL"] {
        let env = json!([{"name": name, "value": "mine"}]);
        refuses_in_own_env(env, name);
    }
    // A sidecar's variables are its own.
    let sidecar = json!({"name": "log", "image": "log:1", "env": [{"name": "S3_BUCKET", "value": "logs"}]});
    installation(json!({"api": {"podTemplate": {"spec": {"containers": [sidecar]}}}}));
}

fn refuses_in_own_env(env: Value, name: &str) {
    let own = json!([{"name": "api", "env": env}]);
    refuses(
        json!({"containers": own}),
        &format!(".containers[api].env[{name}]"),
        "the operator sets this variable",
    );
}

#[test]
fn pods_do_not_become_weaker() {
    let restricted = "restricted Pod Security Standard";
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        refuses(json!({field: true}), &format!(".{field}"), restricted);
    }
    refuses(json!({"hostUsers": true}), ".hostUsers", "only false");
    refuses(json!({"shareProcessNamespace": true}), ".shareProcessNamespace", "secrets");
    let context = |context: Value| json!({"securityContext": context});
    for weaker in [json!({"runAsNonRoot": false}), json!({"runAsUser": 0})] {
        let field = weaker.as_object().unwrap().keys().next().unwrap().clone();
        refuses(context(weaker.clone()), &format!(".securityContext.{field}"), restricted);
        refuses_in_own(context(weaker.clone()), &format!(".securityContext.{field}"), restricted);
        refuses_in_sidecar(context(weaker), &format!(".securityContext.{field}"), restricted);
    }
    for weaker in [json!({"privileged": true}), json!({"allowPrivilegeEscalation": true})] {
        let field = weaker.as_object().unwrap().keys().next().unwrap().clone();
        refuses_in_own(context(weaker.clone()), &format!(".securityContext.{field}"), restricted);
        refuses_in_sidecar(context(weaker), &format!(".securityContext.{field}"), restricted);
    }
    let unconfined = json!({"seccompProfile": {"type": "Unconfined"}});
    refuses(
        context(unconfined.clone()),
        ".securityContext.seccompProfile.type",
        "RuntimeDefault or Localhost",
    );
    refuses_in_sidecar(
        context(unconfined),
        ".securityContext.seccompProfile.type",
        "RuntimeDefault or Localhost",
    );
    let added = json!({"capabilities": {"add": ["NET_ADMIN"]}});
    refuses_in_sidecar(context(added.clone()), ".securityContext.capabilities.add", restricted);
    refuses_in_own(context(added), ".securityContext.capabilities.add", restricted);
    let sysctls = json!({"sysctls": [{"name": "kernel.msgmax", "value": "1"}]});
    refuses(context(sysctls), ".securityContext.sysctls[0].name", "must be");
    let spc = json!({"seLinuxOptions": {"type": "spc_t"}});
    refuses_in_sidecar(context(spc), ".securityContext.seLinuxOptions.type", "container_t");
}

#[test]
fn pods_do_not_reach_the_node() {
    let restricted = "restricted Pod Security Standard";
    let context = |context: Value| json!({"securityContext": context});
    let kept = json!({"capabilities": {"drop": ["NET_RAW"]}});
    refuses_in_sidecar(context(kept), ".securityContext.capabilities.drop", "must contain ALL");
    refuses_in_own(
        context(json!({"readOnlyRootFilesystem": false})),
        ".securityContext.readOnlyRootFilesystem",
        "mount a volume",
    );
    refuses(
        json!({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}),
        ".volumes[0].hostPath",
        restricted,
    );
    refuses_in_sidecar(
        json!({"ports": [{"containerPort": 1, "hostPort": 1}]}),
        ".ports[0].hostPort",
        restricted,
    );
    let probe = json!({"livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 1}}});
    refuses_in_sidecar(probe, ".livenessProbe.httpGet.host", restricted);
    let hook = json!({"lifecycle": {"preStop": {"tcpSocket": {"host": "10.0.0.1", "port": 1}}}});
    refuses_in_sidecar(hook, ".lifecycle.preStop.tcpSocket.host", restricted);
    let device = json!({"volumeDevices": [{"name": "d", "devicePath": "/dev/x"}]});
    refuses_in_sidecar(device, ".volumeDevices", restricted);
}

#[test]
fn lists_that_could_not_be_merged_are_refused() {
    refuses(
        json!({"containers": [{"image": "x"}]}),
        ".containers[0]",
        "the application's container is \"api\"",
    );
    refuses(json!({"containers": [{"name": "api"}, {"name": "api"}]}), ".containers[1]", "is there twice");
    let both =
        json!({"containers": [{"name": "x", "image": "x"}], "initContainers": [{"name": "x", "image": "x"}]});
    refuses(both, ".initContainers[0]", "is there twice");
    let twice = json!([{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]);
    refuses(json!({"volumes": twice}), ".volumes[1]", "is there twice");
    refuses(json!({"volumes": [{"name": "v"}]}), ".volumes[0]", "says not what it is");
    let two = json!([{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]);
    refuses(json!({"volumes": two}), ".volumes[0]", "remove one of them");
    refuses(json!({"volumes": [{"name": "tmp", "secret": {}}]}), ".volumes[0].secret", "only its emptyDir");
    refuses_in_sidecar(json!({"restartPolicy": "Always"}), ".restartPolicy", "move it there");
}

#[test]
fn labels_and_annotations_of_the_operator_are_refused_where_an_older_schema_let_them_pass() {
    for (what, key) in [
        ("labels", "app.kubernetes.io/name"),
        ("labels", "resumematcher.io/colour"),
        ("annotations", "resumematcher.io/release"),
    ] {
        let metadata = json!({what: {key: "x"}});
        let message = refusal_of(json!({"api": {"podTemplate": {"metadata": metadata}}})).to_string();
        let field = format!("spec.api.podTemplate.metadata.{what}.{key}: ");
        assert!(message.starts_with(&field) && message.contains("choose another key"), "{message}");
    }
}
