//! What the operator is started with: options, or environment variables.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::scaling::adapter::Place;

/// The operator of Resume Matcher.
#[derive(Debug, Parser)]
#[command(name = "resume-matcher-operator", version, about)]
pub struct Cli {
    /// What to do; default: run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to run.
    #[command(flatten)]
    pub settings: Settings,
}

/// What the program can do besides running.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask the operator of this container whether it lives; ends with 0 if it does.
    Healthcheck,
    /// Print a CustomResourceDefinition as YAML.
    Crd {
        /// Its kind, in the plural.
        #[arg(default_value = "resumematchers")]
        plural: String,
    },
    /// Print the API's reference page as Markdown.
    Reference,
}

/// How to run.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Namespaces to watch, separated by commas; empty: all.
    #[arg(long, env = "WATCH_NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,

    /// Namespace of the Lease: the operator's own.
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub lease_namespace: String,

    /// Name of the Lease.
    #[arg(long, env = "LEASE_NAME", default_value = "resume-matcher-operator")]
    pub lease_name: String,

    /// Seconds for which the Lease of a leader that is not heard of is waited for. A leader that cannot renew it for two
    /// thirds of them stops.
    #[arg(long, env = "LEASE_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u16).range(3..=600))]
    pub lease_seconds: u16,

    /// Who this replica is. Default: the host's name and the process id.
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,

    /// Address of `/livez` and `/readyz`.
    #[arg(long, env = "HEALTH_LISTEN", default_value = "0.0.0.0:8081")]
    pub health_listen: SocketAddr,

    /// Address of `/metrics`.
    #[arg(long, env = "METRICS_LISTEN", default_value = "0.0.0.0:8080")]
    pub metrics_listen: SocketAddr,

    /// Objects that are worked on at a time, in each watched scope.
    #[arg(long, env = "CONCURRENCY", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,

    /// Seconds after which a quiet object is looked at again.
    #[arg(long, env = "RESYNC_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    pub resync_seconds: u64,

    /// Where the operator reaches a Service: `{service}`, `{namespace}` and `{port}` are filled in.
    #[arg(long, env = "SERVICE_URL", default_value = "http://{service}.{namespace}.svc:{port}")]
    pub service_url: String,

    /// Where the operator reaches a pod: `{ip}` and `{port}` are filled in.
    #[arg(long, env = "POD_URL", default_value = "http://{ip}:{port}")]
    pub pod_url: String,

    /// Addresses of this cluster, separated by commas: the operator's own and that of the API server, as pods see them.
    /// Networks that have one of them are refused where installations may fetch pages from. Names of hosts are passed over.
    #[arg(long, env = "CLUSTER_ADDRESSES", value_delimiter = ',')]
    pub cluster_addresses: Vec<String>,

    /// Name of the Service, in the operator's own namespace, by which the API server reaches the metrics adapter. Empty:
    /// there is no adapter, and workers cannot follow their queue by the cluster's own autoscaler.
    #[arg(long, env = "ADAPTER_SERVICE", default_value = "")]
    pub adapter_service: String,

    /// Address of the metrics adapter, which serves `external.metrics.k8s.io` over TLS.
    #[arg(long, env = "ADAPTER_LISTEN", default_value = "0.0.0.0:8443")]
    pub adapter_listen: SocketAddr,

    /// What is logged, as a tracing filter.
    #[arg(long, env = "RM_LOG", default_value = "info")]
    pub log: String,
}

impl Settings {
    /// The namespaces to watch, each once; none: all.
    #[must_use]
    pub fn scopes(&self) -> Vec<Option<String>> {
        let mut namespaces: Vec<_> =
            self.watch_namespaces.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        if namespaces.is_empty() {
            vec![None]
        } else {
            namespaces.into_iter().map(|name| Some(name.to_owned())).collect()
        }
    }

    /// The addresses of this cluster. Some clusters know their API server by a name, which is no pod's address.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.cluster_addresses.iter().filter_map(|address| address.trim().parse().ok()).collect()
    }

    /// Where the metrics adapter is known, if there is one.
    #[must_use]
    pub fn adapter(&self) -> Option<Place> {
        let (namespace, service) = (self.lease_namespace.clone(), self.adapter_service.trim().to_owned());
        (!service.is_empty()).then_some(Place { namespace, service })
    }

    /// How often a quiet object is looked at.
    #[must_use]
    pub const fn resync(&self) -> Duration {
        Duration::from_secs(self.resync_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &[&str]) -> Settings {
        let arguments = std::iter::once("resume-matcher-operator").chain(arguments.iter().copied());
        Cli::try_parse_from(arguments).unwrap().settings
    }

    #[test]
    fn without_namespaces_all_are_watched() {
        assert_eq!(settings(&[]).scopes(), [None]);
        assert_eq!(settings(&["--watch-namespaces", ""]).scopes(), [None]);
    }

    #[test]
    fn namespaces_are_watched_once_each() {
        let scopes = settings(&["--watch-namespaces", "b, a,b"]).scopes();
        assert_eq!(scopes, [Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[test]
    fn addresses_of_the_cluster_are_read_and_names_passed_over() {
        let read = settings(&["--cluster-addresses", "10.244.0.7,api.cluster.example,fd00::1"]);
        assert_eq!(read.addresses(), ["10.244.0.7".parse::<IpAddr>().unwrap(), "fd00::1".parse().unwrap()]);
        assert!(settings(&[]).addresses().is_empty());
    }

    #[test]
    fn without_a_service_there_is_no_adapter() {
        assert_eq!(settings(&[]).adapter(), None);
        let place =
            settings(&["--adapter-service", "metrics", "--lease-namespace", "system"]).adapter().unwrap();
        assert_eq!((place.host().as_str(), place.secret().as_str()), ("metrics.system.svc", "metrics-tls"));
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [["x", "--concurrency", "0"], ["x", "--health-listen", "nowhere"]] {
            assert!(Cli::try_parse_from(arguments).is_err(), "{arguments:?}");
        }
    }
}
