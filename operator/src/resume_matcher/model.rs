//! The validated installation: what the later steps of the pipeline read in place of the raw spec. What cannot
//! be run cannot be written down here.

mod auth;
mod telemetry;

use std::time::Duration;

use ipnet::IpNet;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerBehavior;
use k8s_openapi::api::core::v1::{LocalObjectReference, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::certificate::Certificate;
use super::overrides::Overrides;
use crate::crd::{
    AnalysisSpec, Environment, IngressSpec, NetworkSpec, PlanSpec, PodSpec, PullPolicy, RetentionSpec,
    ScalingSource,
};
use crate::names::InstallationName;
use crate::release::Settings;

pub use auth::{Auth, IssuerKeys, OutsideIssuer};
pub use telemetry::{Otlp, Sentry, Telemetry};

/// One installation, complete and consistent.
#[derive(Clone, Debug, PartialEq)]
pub struct Installation {
    /// Its name.
    pub name: InstallationName,
    /// Its namespace.
    pub namespace: String,
    /// Makes its objects go away with it.
    pub owner: OwnerReference,
    /// What it is for.
    pub environment: Environment,
    /// The release that is asked for.
    pub release: Release,
    /// How images are pulled.
    pub pulling: Pulling,
    /// How releases are made.
    pub settings: Settings,
    /// How a candidate is tried.
    pub analysis: AnalysisSpec,
    /// The API tier.
    pub api: Api,
    /// The worker tier.
    pub worker: Worker,
    /// The database.
    pub database: Service<ExternalDatabase>,
    /// The cache and queue.
    pub cache: Service<ExternalCache>,
    /// The storage of files.
    pub object_storage: Service<ExternalStorage>,
    /// How it is reached from outside.
    pub ingress: Option<IngressSpec>,
    /// The certificate that it shows there; none: it serves no HTTPS.
    pub certificate: Option<Certificate>,
    /// Network policies.
    pub network: NetworkSpec,
    /// How mail leaves it; none: not at all.
    pub mail: Option<Mail>,
    /// Plans and payments; none: one plan without limits.
    pub billing: Option<Billing>,
    /// The keys that seal secrets at rest; none: one made from the key that signs tokens.
    pub encryption: Option<ExternalSecret>,
    /// Outside issuers; none: only its own tokens are taken.
    pub auth: Option<Auth>,
    /// Traces and reports of errors; none: neither.
    pub telemetry: Option<Telemetry>,
    /// Backups; none: they are not configured.
    pub backup: Option<Backup>,
    /// Whether all pods are to be stopped.
    pub hibernate: bool,
}

impl Installation {
    /// Where people reach it: through the ingress, or else inside the cluster.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.ingress {
            Some(IngressSpec { host, tls: Some(_), .. }) => format!("https://{host}"),
            Some(IngressSpec { host, .. }) => format!("http://{host}"),
            None => format!("http://{}.{}.svc", self.name.part("api"), self.namespace),
        }
    }
}

/// The images that belong together, and their version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: String,
    /// The API's image.
    pub api_image: String,
    /// The worker's image; the migration Job runs it too.
    pub worker_image: String,
}

/// How images are pulled.
#[derive(Clone, Debug, PartialEq)]
pub struct Pulling {
    /// When.
    pub policy: PullPolicy,
    /// With which credentials.
    pub secrets: Vec<LocalObjectReference>,
}

/// The API tier.
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// How many pods.
    pub scale: Scale,
    /// Requests of one client in a minute; none: what the API finds right.
    pub rate_limit: Option<i32>,
    /// Origins whose pages may call it.
    pub cors_origins: Vec<String>,
    /// Requests and limits.
    pub resources: ResourceRequirements,
    /// Where the pods run.
    pub placement: PodSpec,
    /// What is merged into the pods.
    pub overrides: Overrides,
}

/// How many pods a tier has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Always that many.
    Fixed(i32),
    /// As many as hold the CPU use at `cpu` percent and the requests at `requests`, within the limits; `min <= max`.
    Auto {
        /// Fewest.
        min: i32,
        /// Most.
        max: i32,
        /// Percent of the CPU request.
        cpu: i32,
        /// Requests a second of one pod; none: not looked at.
        requests: Option<i32>,
    },
}

impl Scale {
    /// The number of pods there always is.
    #[must_use]
    pub const fn least(self) -> i32 {
        match self {
            Self::Fixed(replicas) => replicas,
            Self::Auto { min, .. } => min,
        }
    }
}

/// The worker tier.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// How many pods.
    pub scale: WorkerScale,
    /// Jobs at a time in one pod; none: what the worker finds right.
    pub concurrency: Option<i32>,
    /// Private networks from which pages may be fetched.
    pub fetch_allowed: Vec<IpNet>,
    /// Requests and limits.
    pub resources: ResourceRequirements,
    /// Where the pods run.
    pub placement: PodSpec,
    /// What is merged into the pods.
    pub overrides: Overrides,
}

/// How many pods the worker tier has.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerScale {
    /// Always that many.
    Fixed(i32),
    /// As many as the queue asks for.
    Auto(WorkerAuto),
}

/// How the workers follow the queue; `min <= max`.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerAuto {
    /// Fewest pods.
    pub min: i32,
    /// Most pods.
    pub max: i32,
    /// Tasks for which there is one pod.
    pub jobs_per_worker: i32,
    /// How long the queue must have been empty before the last pods go.
    pub cooldown: Duration,
    /// Who scales.
    pub source: ScalingSource,
    /// How fast; none: as the cluster's default is.
    pub behavior: Option<HorizontalPodAutoscalerBehavior>,
}

impl WorkerScale {
    /// The number of pods there always is.
    #[must_use]
    pub const fn least(&self) -> i32 {
        match self {
            Self::Fixed(replicas) => *replicas,
            Self::Auto(auto) => auto.min,
        }
    }

    /// The number of pods with which a version has to show that it works: where workers may be none, still one.
    #[must_use]
    pub fn start(&self) -> i32 {
        match self {
            Self::Fixed(replicas) => *replicas,
            Self::Auto(auto) => auto.min.max(1),
        }
    }

    /// How they follow the queue, if they do.
    #[must_use]
    pub const fn auto(&self) -> Option<&WorkerAuto> {
        match self {
            Self::Fixed(_) => None,
            Self::Auto(auto) => Some(auto),
        }
    }
}

/// A service that holds data.
#[derive(Clone, Debug, PartialEq)]
pub enum Service<E> {
    /// Run by someone else.
    External(E),
    /// Run by the operator.
    Embedded(Embedded),
}

impl<E> Service<E> {
    /// The embedded service, if it is one.
    pub const fn embedded(&self) -> Option<&Embedded> {
        match self {
            Self::Embedded(embedded) => Some(embedded),
            Self::External(_) => None,
        }
    }

    /// The external service, if it is one.
    pub const fn external(&self) -> Option<&E> {
        match self {
            Self::External(external) => Some(external),
            Self::Embedded(_) => None,
        }
    }
}

/// A service that the operator runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Its image.
    pub image: String,
    /// The size of its volume, as a Kubernetes quantity.
    pub storage_size: String,
    /// The class of its volume; none: the cluster's default class.
    pub storage_class: Option<String>,
    /// Requests and limits.
    pub resources: ResourceRequirements,
}

/// A Secret of someone else's, present and complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalSecret {
    /// Its name.
    pub name: String,
    /// SHA-256 of the values that are used of it.
    pub digest: [u8; 32],
}

/// A database that exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalDatabase {
    /// The Secret with its URL.
    pub secret: ExternalSecret,
    /// The key of the URL that migrations use.
    pub owner_key: &'static str,
    /// The ports that must be reachable.
    pub ports: Vec<i32>,
}

/// A Redis that exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalCache {
    /// The Secret with its URL.
    pub secret: ExternalSecret,
    /// The port that must be reachable.
    pub port: i32,
}

/// How mail leaves an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender.
    pub from: String,
    /// By what it is sent.
    pub transport: MailTransport,
    /// The Secret with the access to it.
    pub secret: ExternalSecret,
    /// The port that must be reachable.
    pub port: i32,
}

/// By what mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTransport {
    /// SendGrid.
    SendGrid {
        /// URL of its API; none: its own.
        endpoint: Option<String>,
        /// Whether the Secret has the key of its events.
        webhook: bool,
    },
    /// A mail server, which the Secret's URL names.
    Smtp,
}

/// Plans and payments of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billing {
    /// The plans, never empty.
    pub plans: Vec<PlanSpec>,
    /// Stripe; none: nothing is sold.
    pub stripe: Option<Stripe>,
}

/// Access to Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripe {
    /// URL of its API; none: its own.
    pub endpoint: Option<String>,
    /// The Secret with its keys.
    pub secret: ExternalSecret,
    /// The port that must be reachable.
    pub port: i32,
}

/// Backups of an installation.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// When a backup is made.
    pub schedule: Option<String>,
    /// When the newest is proven.
    pub verify_schedule: Option<String>,
    /// Time zone of both.
    pub time_zone: Option<String>,
    /// Whether both are stopped.
    pub suspend: bool,
    /// How late one may begin, in seconds.
    pub starting_deadline: Option<i64>,
    /// How long one may take, in seconds.
    pub active_deadline: i64,
    /// How many Jobs stay: that succeeded, that failed.
    pub history: (i32, i32),
    /// The bucket.
    pub destination: ExternalStorage,
    /// Where in it.
    pub prefix: String,
    /// How long backups are kept.
    pub retention: RetentionSpec,
    /// Whether a backup is made before a migration.
    pub before_migration: bool,
    /// The Secret with the URL of the server where backups are proven; none: the installation's own.
    pub scratch: Option<ExternalSecret>,
    /// Most bytes a second.
    pub bytes_per_second: Option<i64>,
    /// The ports that must be reachable.
    pub ports: Vec<i32>,
    /// Requests and limits.
    pub resources: ResourceRequirements,
}

/// A bucket that exists already, or may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalStorage {
    /// The service's URL.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The region.
    pub region: String,
    /// Whether the bucket's name goes into the path.
    pub force_path_style: bool,
    /// The Secret with the access key.
    pub secret: ExternalSecret,
    /// The port that must be reachable.
    pub port: i32,
}
