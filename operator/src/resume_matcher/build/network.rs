//! NetworkPolicies: everything is forbidden, and then each flow that is needed is allowed.

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::api::{METRICS_PORT, PORT};
use super::{owned, postgres, redis, storage};
use crate::crd::ScalingSource;
use crate::names::{COMPONENT_LABEL, Component, INSTANCE_LABEL, MANAGED_BY, selector_labels};
use crate::resume_matcher::model::{Auth, Backup, Installation};

/// The components that use the data services.
const CLIENTS: [Component; 4] = [Component::Api, Component::Worker, Component::Migrate, Component::Backup];
const DNS: i32 = 53;
/// IPv4 networks that are not the internet (IANA's registry of special-purpose addresses): the worker refuses them too.
const NOT_INTERNET: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// All of IPv6 that is given out to the internet.
const INTERNET_6: &str = "2000::/3";

/// The policies, unless the spec turns them off.
pub(super) fn build(installation: &Installation) -> Vec<NetworkPolicy> {
    if !installation.network.policies {
        return vec![];
    }
    let mut policies = vec![
        default_deny(installation),
        clients(installation),
        pages(installation),
        api(installation),
        metrics(installation),
    ];
    for (component, port, embedded) in [
        (Component::Postgres, postgres::PORT, installation.database.embedded()),
        (Component::Redis, redis::PORT, installation.cache.embedded()),
        (Component::Storage, storage::PORT, installation.object_storage.embedded()),
    ] {
        policies.extend(embedded.map(|_| data_service(installation, component, port)));
    }
    policies.extend(services(installation));
    policies.extend(installation.backup.as_ref().map(|backup| backups(installation, backup)));
    policies
}

/// API and worker also reach the mail server, Stripe, where traces and reports go, and
/// issuers of tokens, as far as the spec names them.
fn services(installation: &Installation) -> Option<NetworkPolicy> {
    let mail = installation.mail.as_ref().map(|mail| mail.port);
    let stripe = installation.billing.as_ref().and_then(|billing| Some(billing.stripe.as_ref()?.port));
    let telemetry = installation.telemetry.as_ref();
    let otlp = telemetry.and_then(|telemetry| Some(telemetry.otlp.as_ref()?.port));
    let sentry = telemetry.and_then(|telemetry| Some(telemetry.sentry.as_ref()?.port));
    let mut ports: Vec<i32> = Vec::new();
    let issuers = installation.auth.iter().flat_map(Auth::ports);
    for port in [mail, stripe, otlp, sentry].into_iter().flatten().chain(issuers) {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    let spec = NetworkPolicySpec {
        pod_selector: Some(any_of(installation, &[Component::Api, Component::Worker])),
        policy_types: Some(vec!["Egress".to_owned()]),
        egress: Some(vec![by_port(&ports)]),
        ..NetworkPolicySpec::default()
    };
    (!ports.is_empty()).then(|| policy(installation, "services", spec))
}

/// By port alone: policies know addresses, and the service has a name.
fn by_port(ports: &[i32]) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule { ports: Some(ports.iter().copied().map(tcp).collect()), to: None }
}

/// What backs up also reaches the bucket for backups, and the server where they are proven.
fn backups(installation: &Installation, backup: &Backup) -> NetworkPolicy {
    let spec = NetworkPolicySpec {
        pod_selector: Some(any_of(installation, &[Component::Backup, Component::Migrate])),
        policy_types: Some(vec!["Egress".to_owned()]),
        egress: Some(vec![by_port(&backup.ports)]),
        ..NetworkPolicySpec::default()
    };
    policy(installation, "backup", spec)
}

/// What answers while the installation is closed is reached as the API is.
pub(super) fn maintenance(installation: &Installation) -> NetworkPolicy {
    let spec = NetworkPolicySpec {
        pod_selector: Some(only(installation, Component::Maintenance)),
        policy_types: Some(vec!["Ingress".to_owned()]),
        ingress: Some(vec![NetworkPolicyIngressRule {
            ports: Some(vec![tcp(PORT), tcp(METRICS_PORT)]),
            from: Some(installation.network.allow_api_from.clone()).filter(|from| !from.is_empty()),
        }]),
        ..NetworkPolicySpec::default()
    };
    policy(installation, "maintenance", spec)
}

fn policy(installation: &Installation, suffix: &str, spec: NetworkPolicySpec) -> NetworkPolicy {
    NetworkPolicy { metadata: owned(installation, installation.name.part(suffix), None), spec: Some(spec) }
}

fn default_deny(installation: &Installation) -> NetworkPolicy {
    let all = LabelSelector {
        match_labels: Some([(INSTANCE_LABEL.to_owned(), installation.name.as_str().to_owned())].into()),
        ..LabelSelector::default()
    };
    let spec = NetworkPolicySpec {
        pod_selector: Some(all),
        policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
        ..NetworkPolicySpec::default()
    };
    policy(installation, "default-deny", spec)
}

/// API, worker and migration may look names up and reach the data services that they are configured with.
fn clients(installation: &Installation) -> NetworkPolicy {
    let dns = [protocol(DNS, "UDP"), protocol(DNS, "TCP")];
    let mut egress = vec![NetworkPolicyEgressRule { ports: Some(dns.to_vec()), to: None }];
    let own = |component, port| NetworkPolicyEgressRule {
        ports: Some(vec![tcp(port)]),
        to: Some(vec![pods(only(installation, component))]),
    };
    egress.push(
        installation
            .database
            .external()
            .map_or_else(|| own(Component::Postgres, postgres::PORT), |database| by_port(&database.ports)),
    );
    egress.push(
        installation
            .cache
            .external()
            .map_or_else(|| own(Component::Redis, redis::PORT), |cache| by_port(&[cache.port])),
    );
    egress.push(
        installation
            .object_storage
            .external()
            .map_or_else(|| own(Component::Storage, storage::PORT), |s3| by_port(&[s3.port])),
    );
    egress.extend(installation.network.allow_egress.iter().cloned());
    let spec = NetworkPolicySpec {
        pod_selector: Some(any_of(installation, &CLIENTS)),
        policy_types: Some(vec!["Egress".to_owned()]),
        egress: Some(egress),
        ..NetworkPolicySpec::default()
    };
    policy(installation, "clients", spec)
}

/// The worker may fetch pages of jobs: from the internet, and from the private networks that the spec names.
fn pages(installation: &Installation) -> NetworkPolicy {
    let block = |cidr: &str, except: &[&str]| NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: Some(except.iter().map(|part| (*part).to_owned()).collect())
                .filter(|except: &Vec<String>| !except.is_empty()),
        }),
        ..NetworkPolicyPeer::default()
    };
    let mut egress = vec![NetworkPolicyEgressRule {
        ports: Some(vec![tcp(80), tcp(443)]),
        to: Some(vec![block("0.0.0.0/0", NOT_INTERNET), block(INTERNET_6, &[])]),
    }];
    let allowed = &installation.worker.fetch_allowed;
    if !allowed.is_empty() {
        let to = allowed.iter().map(|network| block(&network.to_string(), &[])).collect();
        egress.push(NetworkPolicyEgressRule { ports: None, to: Some(to) });
    }
    let spec = NetworkPolicySpec {
        pod_selector: Some(only(installation, Component::Worker)),
        policy_types: Some(vec!["Egress".to_owned()]),
        egress: Some(egress),
        ..NetworkPolicySpec::default()
    };
    policy(installation, "pages", spec)
}

fn api(installation: &Installation) -> NetworkPolicy {
    let mut from = installation.network.allow_api_from.clone();
    // No entry means everyone; else the operator is let in too, because it tries each release.
    if !from.is_empty() {
        from.push(operator());
    }
    let spec = NetworkPolicySpec {
        pod_selector: Some(only(installation, Component::Api)),
        policy_types: Some(vec!["Ingress".to_owned()]),
        ingress: Some(vec![NetworkPolicyIngressRule {
            ports: Some(vec![tcp(PORT)]),
            from: Some(from).filter(|from| !from.is_empty()),
        }]),
        ..NetworkPolicySpec::default()
    };
    policy(installation, "api", spec)
}

fn metrics(installation: &Installation) -> NetworkPolicy {
    let given = &installation.network.allow_metrics_from;
    let mut from = if given.is_empty() { vec![pods(LabelSelector::default())] } else { given.clone() };
    // It watches each release by them, and reads the queue there.
    from.push(operator());
    let source = installation.worker.scale.auto().map(|auto| auto.source);
    if source == Some(ScalingSource::Keda) {
        from.push(named("keda-operator"));
    }
    let spec = NetworkPolicySpec {
        pod_selector: Some(any_of(installation, &[Component::Api, Component::Worker])),
        policy_types: Some(vec!["Ingress".to_owned()]),
        ingress: Some(vec![NetworkPolicyIngressRule {
            ports: Some(vec![tcp(METRICS_PORT)]),
            from: Some(from),
        }]),
        ..NetworkPolicySpec::default()
    };
    policy(installation, "metrics", spec)
}

/// An embedded service is reached by its clients and reaches nobody.
fn data_service(installation: &Installation, component: Component, port: i32) -> NetworkPolicy {
    let spec = NetworkPolicySpec {
        pod_selector: Some(only(installation, component)),
        policy_types: Some(vec!["Ingress".to_owned()]),
        ingress: Some(vec![NetworkPolicyIngressRule {
            ports: Some(vec![tcp(port)]),
            from: Some(vec![pods(any_of(installation, &CLIENTS))]),
        }]),
        ..NetworkPolicySpec::default()
    };
    policy(installation, component.as_str(), spec)
}

fn tcp(port: i32) -> NetworkPolicyPort {
    protocol(port, "TCP")
}

fn protocol(port: i32, protocol: &str) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(port)),
        protocol: Some(protocol.to_owned()),
        end_port: None,
    }
}

/// The operator, in whichever namespace it runs.
fn operator() -> NetworkPolicyPeer {
    named(MANAGED_BY)
}

/// Pods of a program that is known by its name, in whichever namespace it runs.
fn named(name: &str) -> NetworkPolicyPeer {
    let name = [("app.kubernetes.io/name".to_owned(), name.to_owned())];
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector::default()),
        pod_selector: Some(LabelSelector { match_labels: Some(name.into()), ..LabelSelector::default() }),
        ..NetworkPolicyPeer::default()
    }
}

fn pods(selector: LabelSelector) -> NetworkPolicyPeer {
    NetworkPolicyPeer { pod_selector: Some(selector), ..NetworkPolicyPeer::default() }
}

fn only(installation: &Installation, component: Component) -> LabelSelector {
    LabelSelector {
        match_labels: Some(selector_labels(&installation.name, component)),
        ..LabelSelector::default()
    }
}

fn any_of(installation: &Installation, components: &[Component]) -> LabelSelector {
    LabelSelector {
        match_labels: Some([(INSTANCE_LABEL.to_owned(), installation.name.as_str().to_owned())].into()),
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: COMPONENT_LABEL.to_owned(),
            operator: "In".to_owned(),
            values: Some(components.iter().map(|component| component.as_str().to_owned()).collect()),
        }]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{
        external_installation, installation, installation_with_services, installation_with_telemetry,
    };

    fn names(installation: &Installation) -> Vec<String> {
        build(installation).into_iter().map(|policy| policy.metadata.name.unwrap()).collect()
    }

    #[test]
    fn each_embedded_service_has_a_policy_of_its_own() {
        assert_eq!(
            names(&installation(json!({}))),
            [
                "acme-default-deny",
                "acme-clients",
                "acme-pages",
                "acme-api",
                "acme-metrics",
                "acme-postgres",
                "acme-redis",
                "acme-storage"
            ]
        );
        assert_eq!(names(&external_installation()).len(), 5);
        assert!(names(&installation(json!({"network": {"policies": false}}))).is_empty());
    }

    #[test]
    fn keda_may_read_the_queue_where_it_scales() {
        let told = |spec| metrics(&installation(spec)).spec.map(|spec| json!(spec).to_string()).unwrap();
        assert!(told(json!({"worker": {"autoscaling": {"source": "keda"}}})).contains("keda-operator"));
        assert!(!told(json!({"worker": {"autoscaling": {}}})).contains("keda-operator"));
    }

    #[test]
    fn external_services_are_reached_by_the_ports_in_their_urls() {
        let egress = clients(&external_installation()).spec.unwrap().egress.unwrap();
        let ports: Vec<Vec<i32>> = egress
            .iter()
            .map(|rule| {
                let ports = rule.ports.iter().flatten();
                ports
                    .map(|port| match port.port {
                        Some(IntOrString::Int(port)) => port,
                        _ => 0,
                    })
                    .collect()
            })
            .collect();
        assert_eq!(ports, [vec![53, 53], vec![6432, 5432], vec![6379], vec![443]]);
    }

    #[test]
    fn mail_server_and_stripe_are_reached_where_the_spec_names_them() {
        let named = json!({"secretRef": {"name": "given"}});
        let policy = services(&installation_with_services(json!({"smtp": named}))).unwrap();
        let spec = json!(policy.spec);
        assert_eq!(
            spec["egress"],
            json!([{"ports": [{"port": 465, "protocol": "TCP"}, {"port": 443, "protocol": "TCP"}]}])
        );
        let both = services(&installation_with_services(json!({"sendgrid": named}))).unwrap();
        assert_eq!(json!(both.spec)["egress"][0]["ports"].as_array().unwrap().len(), 1);
        assert!(services(&installation(json!({}))).is_none());
    }

    #[test]
    fn collector_and_sentry_are_reached_where_the_spec_names_them() {
        let spec = json!({"telemetry": {"otlp": {"endpoint": "http://collector.monitoring:4318"}}});
        let policy = services(&installation(spec)).unwrap();
        let egress = json!(policy.spec)["egress"].clone();
        assert_eq!(egress, json!([{"ports": [{"port": 4318, "protocol": "TCP"}]}]));
        let both = services(&installation_with_telemetry()).unwrap();
        let ports = json!(both.spec)["egress"][0]["ports"].clone();
        assert_eq!(ports, json!([{"port": 4318, "protocol": "TCP"}, {"port": 9000, "protocol": "TCP"}]));
    }

    #[test]
    fn pages_come_from_the_internet_and_from_the_networks_that_are_named() {
        let egress = |spec| serde_json::to_value(pages(&installation(spec)).spec.unwrap().egress).unwrap();
        let usual = egress(json!({}));
        assert_eq!(usual.as_array().unwrap().len(), 1, "{usual}");
        let except = usual[0]["to"][0]["ipBlock"]["except"].as_array().unwrap();
        assert!(except.contains(&json!("10.0.0.0/8")) && except.contains(&json!("169.254.0.0/16")));
        let named = egress(json!({"worker": {"fetchAllowedNetworks": ["192.168.7.9/24"]}}));
        assert_eq!(named[1], json!({"to": [{"ipBlock": {"cidr": "192.168.7.0/24"}}]}));
    }

    #[test]
    fn those_that_the_spec_names_are_let_in_alone_and_the_operator() {
        let peer = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}});
        let installation =
            installation(json!({"network": {"allowApiFrom": [peer], "allowMetricsFrom": [peer]}}));
        for policy in [api(&installation), metrics(&installation)] {
            let from = policy.spec.unwrap().ingress.unwrap()[0].from.clone().unwrap();
            let operator = json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {
                "app.kubernetes.io/name": "resume-matcher-operator"
            }}});
            assert_eq!(serde_json::to_value(from).unwrap(), json!([peer, operator]));
        }
    }
}
