//! The chart, the kustomizations and the generated files: that they build, agree, and refuse what is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy sees tests in test functions alone, and helpers of tests are tests too"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use operator::children::Kind;
use operator::crd::{ResumeMatcher, definitions};
use operator::telemetry::Metrics;
use serde_json::{Value, json};
use test_cluster::ControlPlaneTools;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn tools() -> &'static ControlPlaneTools {
    static TOOLS: OnceLock<ControlPlaneTools> = OnceLock::new();
    TOOLS.get_or_init(|| {
        test_cluster::control_plane_tools(&|line| eprintln!("{line}")).expect("kubectl and helm")
    })
}

fn helm(arguments: &[&str]) -> Output {
    let chart = root().join("charts/resume-matcher-operator");
    let mut command = Command::new(&tools().helm);
    command.args(["template", "release", "--namespace", "system", "--kube-version", "1.34.0"]).arg(chart);
    command.args(arguments).output().unwrap()
}

/// The chart's objects with these options.
fn chart(arguments: &[&str]) -> Vec<Value> {
    let output = helm(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    documents(&String::from_utf8(output.stdout).unwrap())
}

/// What the chart says when it refuses these options.
fn refusal(arguments: &[&str]) -> String {
    let output = helm(arguments);
    assert!(!output.status.success(), "accepted {arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn kustomize(folder: &Path) -> Vec<Value> {
    let output = Command::new(&tools().kubectl).arg("kustomize").arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    documents(&String::from_utf8(output.stdout).unwrap())
}

fn documents(text: &str) -> Vec<Value> {
    text.split("\n---")
        .map(|document| serde_saphyr::from_str::<Value>(document.trim_start_matches("---")).unwrap())
        .filter(|document| !document.is_null())
        .collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn one<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(objects, kind);
    assert_eq!(found.len(), 1, "{kind}: {found:#?}");
    found[0]
}

/// The only one of this kind whose name begins with the operator's and ends so.
fn named<'a>(objects: &'a [Value], kind: &str, suffix: &str) -> &'a Value {
    let name = format!("resume-matcher-operator{suffix}");
    let is_it = |object: &&Value| object["metadata"]["name"].as_str().unwrap().ends_with(&name);
    let found: Vec<&'a Value> = of_kind(objects, kind).into_iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{kind} {name}: {found:#?}");
    found[0]
}

fn is_restricted(deployment: &Value) {
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let container = &pod["containers"][0];
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
}

#[test]
fn the_committed_definition_is_that_of_the_code() {
    for (definition, end) in definitions().iter().zip(["", "-backups", "-restores"]) {
        let plain = format!("crds/{}.yaml", definition.spec.names.plural);
        for path in [plain, format!("kustomize/base/crd{end}.yaml")] {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            let committed: Value = serde_saphyr::from_str(&text).unwrap();
            assert!(committed == json!(definition), "{path} is not up to date: run `cargo xtask generate`");
        }
    }
}

#[test]
fn the_charts_definition_is_the_same_and_outlives_the_chart() {
    let objects = chart(&[]);
    let found = of_kind(&objects, "CustomResourceDefinition");
    assert_eq!(found.len(), definitions().len());
    for expected in definitions().map(|definition| json!(definition)) {
        let named = |object: &&&Value| object["metadata"]["name"] == expected["metadata"]["name"];
        let mut definition = (*found.iter().find(named).unwrap()).clone();
        let annotations = definition["metadata"].as_object_mut().unwrap().remove("annotations").unwrap();
        assert_eq!(annotations["helm.sh/resource-policy"], "keep");
        assert!(definition == expected, "not up to date: run `cargo xtask generate`");
    }
    assert!(of_kind(&chart(&["--set", "crds.install=false"]), "CustomResourceDefinition").is_empty());
}

#[test]
fn the_committed_reference_is_that_of_the_code() {
    let page = std::fs::read_to_string(root().join("docs/resumematcher-reference.md")).unwrap();
    assert!(page == operator::reference::page(), "not up to date: run `cargo xtask generate`");
}

#[test]
fn chart_and_kustomization_give_the_same_rights() {
    let (chart, kustomization) = (chart(&[]), kustomize(&root().join("kustomize/base")));
    for (kind, suffix) in [
        ("ClusterRole", ""),
        ("ClusterRole", "-adapter"),
        ("ClusterRole", "-backlog-reader"),
        ("Role", ""),
        ("Role", "-adapter"),
    ] {
        let rules = |objects: &[Value]| {
            // The chart's names begin with the release's.
            named(objects, kind, suffix)["rules"].to_string().replace("release-resume-", "resume-")
        };
        assert_eq!(rules(&chart), rules(&kustomization), "{kind} {suffix}");
    }
}

#[test]
fn every_kind_that_the_operator_makes_is_in_its_rights_and_no_right_is_a_wildcard() {
    let objects = chart(&[]);
    for role in of_kind(&objects, "ClusterRole").into_iter().chain(of_kind(&objects, "Role")) {
        assert!(!role["rules"].to_string().contains('*'), "{role}");
    }
    let rules = named(&objects, "ClusterRole", "")["rules"].as_array().unwrap();
    for kind in Kind::ALL {
        let plural = match kind.as_str() {
            "Ingress" => "ingresses".to_owned(),
            "NetworkPolicy" => "networkpolicies".to_owned(),
            other => format!("{}s", other.to_lowercase()),
        };
        let rule = rules.iter().find(|rule| rule["resources"].as_array().unwrap().contains(&json!(plural)));
        let verbs = rule.unwrap_or_else(|| panic!("no right for {plural}"))["verbs"].clone();
        assert_eq!(verbs, json!(["get", "list", "watch", "create", "patch", "delete"]), "{plural}");
    }
}

#[test]
fn the_operators_pods_meet_the_restricted_standard() {
    is_restricted(one(&chart(&[]), "Deployment"));
    is_restricted(one(&kustomize(&root().join("kustomize/base")), "Deployment"));
}

#[test]
fn watched_namespaces_narrow_the_rights() {
    let objects = chart(&["--set", "watchNamespaces={a,b}", "--set", "externalMetrics.enabled=false"]);
    assert!(of_kind(&objects, "ClusterRoleBinding").is_empty());
    let bindings = of_kind(&objects, "RoleBinding");
    let namespaces: Vec<_> =
        bindings.iter().map(|binding| binding["metadata"]["namespace"].clone()).collect();
    assert_eq!(namespaces, ["a", "b", "system"]);
    let env = &one(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"];
    assert!(env.as_array().unwrap().contains(&json!({"name": "WATCH_NAMESPACES", "value": "a,b"})), "{env}");
}

#[test]
fn the_metrics_adapter_is_registered_and_has_its_rights_unless_it_is_turned_off() {
    for objects in [chart(&[]), kustomize(&root().join("kustomize/base"))] {
        let service = &one(&objects, "APIService")["spec"]["service"];
        let deployment = one(&objects, "Deployment");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let env = container["env"].as_array().unwrap();
        assert!(env.contains(&json!({"name": "ADAPTER_SERVICE", "value": service["name"]})), "{env:?}");
        assert_eq!(service["namespace"], deployment["metadata"]["namespace"]);
        let port = json!({"name": "adapter", "containerPort": 8443});
        assert!(container["ports"].as_array().unwrap().contains(&port), "{container}");
        let services = of_kind(&objects, "Service");
        assert!(services.iter().any(|object| object["metadata"]["name"] == service["name"]));
        let reader = &named(&objects, "ClusterRole", "-backlog-reader")["rules"][0];
        let metrics = [operator::scaling::BACKLOG_METRIC, operator::scaling::REQUESTS_METRIC];
        assert_eq!(reader["resources"], json!(metrics));
    }
    let without = chart(&["--set", "externalMetrics.enabled=false"]);
    assert!(of_kind(&without, "APIService").is_empty());
    assert!(!one(&without, "Deployment").to_string().contains("ADAPTER_SERVICE"));
}

#[test]
fn a_digest_stands_in_for_the_tag() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let objects = chart(&["--set", &format!("image.digest={digest}"), "--set", "image.repository=r/o"]);
    let image = &one(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(*image, format!("r/o@{digest}"));
}

#[test]
fn a_single_replica_has_no_disruption_budget() {
    assert_eq!(of_kind(&chart(&[]), "PodDisruptionBudget").len(), 1);
    assert!(of_kind(&chart(&["--set", "replicas=1"]), "PodDisruptionBudget").is_empty());
}

#[test]
fn values_that_are_unknown_or_wrong_are_refused_by_name() {
    for (option, field) in [
        ("replica=3", "replica"),
        ("replicas=0", "replicas"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("image.digest=latest", "digest"),
        ("watchNamespaces={Not_A_Name}", "watchNamespaces"),
        ("metrics.serviceMonitor.interval=often", "interval"),
    ] {
        let message = refusal(&["--set", option]);
        assert!(message.contains(field), "{option}: {message}");
    }
}

#[test]
fn monitoring_is_made_when_asked_for_and_asks_for_metrics_that_exist() {
    assert!(of_kind(&chart(&[]), "ServiceMonitor").is_empty());
    let objects = chart(&[
        "--set=metrics.serviceMonitor.enabled=true",
        "--set=metrics.rules.enabled=true",
        "--set=metrics.dashboard.enabled=true",
    ]);
    one(&objects, "ServiceMonitor");
    let rules = one(&objects, "PrometheusRule");
    let dashboards = of_kind(&objects, "ConfigMap");
    let dashboard = dashboards[0]["data"]["resume-matcher-operator.json"].as_str().unwrap();
    let panels: Value = serde_json::from_str(dashboard).unwrap();
    assert_eq!(panels["panels"].as_array().unwrap().len(), 6);
    let metrics = Metrics::new();
    // A metric with labels shows once it has counted.
    metrics.reconcile_ended(Duration::ZERO, Some("category"));
    metrics.wrote_object();
    metrics.repaired(Kind::Job);
    metrics.watch_failed(Kind::Job);
    let known = metrics.encode().unwrap();
    let asked = format!("{rules} {dashboard}");
    let mut names: Vec<&str> = asked
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("resume_matcher_operator_"))
        .map(|word| word.trim_end_matches("_total").trim_end_matches("_bucket"))
        .collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        assert!(known.contains(&format!("# TYPE {name} ")), "{name} is not a metric");
    }
}

#[test]
fn each_overlay_adds_an_installation_of_its_environment() {
    for environment in ["development", "staging", "production"] {
        let objects = kustomize(&root().join("kustomize/overlays").join(environment));
        let installation = one(&objects, "ResumeMatcher");
        assert_eq!(installation["spec"]["environment"], environment);
        serde_json::from_value::<ResumeMatcher>(installation.clone()).unwrap();
        let namespace = &installation["metadata"]["namespace"];
        let namespaces = of_kind(&objects, "Namespace");
        assert!(namespaces.iter().any(|object| object["metadata"]["name"] == *namespace), "{namespace}");
        is_restricted(one(&objects, "Deployment"));
    }
}

#[test]
fn the_components_can_be_added() {
    let folder = root().join("target").join(format!("kustomize-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../kustomize/base]\n\
        components: [../../kustomize/components/single-namespace, ../../kustomize/components/monitoring, \
        ../../kustomize/components/without-external-metrics]\n";
    std::fs::write(folder.join("kustomization.yaml"), text).unwrap();
    let objects = kustomize(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(of_kind(&objects, "ClusterRoleBinding").is_empty());
    assert!(of_kind(&objects, "APIService").is_empty());
    one(&objects, "ServiceMonitor");
    let env = &one(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"];
    assert_eq!(env[0], json!({"name": "WATCH_NAMESPACES", "value": "resume-matcher"}));
    assert!(!env.to_string().contains("ADAPTER_SERVICE"), "{env}");
    let namespaces: Vec<_> = of_kind(&objects, "RoleBinding")
        .iter()
        .map(|binding| binding["metadata"]["namespace"].clone())
        .collect();
    assert!(namespaces.contains(&json!("resume-matcher")), "{namespaces:?}");
}
