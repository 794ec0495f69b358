//! Starts everything in its order, and ends it. The program and the tests start the operator by the same function.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::FutureExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use kube::core::DeserializeGuard;
use kube::runtime::Controller;
use kube::runtime::controller::{Config, Error as ControllerError};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backup_request;
use crate::children::{ChildIndex, References, Watches, relisting, watch_children};
use crate::crd::{ResumeMatcher, ResumeMatcherBackup, ResumeMatcherRestore};
use crate::leader::{Candidate, Election, Lost};
use crate::names::{BACKUP_TASK, FIELD_MANAGER, MANAGED_BY, MANAGED_BY_LABEL};
use crate::resume_matcher::apply::Applier;
use crate::resume_matcher::{Context, error_policy, reconcile};
use crate::scaling::{Parts, QueueReader, RateReader, Scaler, adapter};
use crate::server::{serve_health, serve_metrics};
use crate::settings::Settings;
use crate::telemetry::Metrics;
use crate::trial::{Probe, Urls};
use crate::{requests, restore_request};

/// How long passes that have begun may go on after the stop. Less than the 30 s after which Kubernetes ends a pod: the Lease
/// is given back after them, and any write may be the last one of an operator.
const DRAIN: Duration = Duration::from_secs(10);

/// How the API server is asked: each request once. The client would try a refused one (429, 503, 504) again for minutes, and
/// the pass would go on with what it read before. A pass that fails instead tells its reason, and the next one reads anew.
#[must_use]
pub fn asked_once(mut config: kube::Config) -> kube::Config {
    config.default_retry = false;
    config
}

/// Why the operator ended although nobody asked it to.
#[derive(Debug, Error)]
pub enum RunError {
    /// Another replica leads.
    #[error("does not lead any more")]
    Lost(#[from] Lost),
    /// A server ended.
    #[error("the server for health or metrics ended")]
    Server(#[from] std::io::Error),
    /// The HTTP client for trying releases cannot be built.
    #[error("the HTTP client cannot be built")]
    Probe(#[from] reqwest::Error),
    /// The controllers ended by themselves.
    #[error("the controllers ended")]
    Controllers,
}

/// The ports that the operator serves.
pub struct Ports {
    /// Of the probes.
    pub health: TcpListener,
    /// Of the metrics.
    pub metrics: TcpListener,
    /// Of the metrics adapter, if there is one.
    pub adapter: Option<TcpListener>,
}

/// Runs the operator until `stop`: serves health and metrics, waits for leadership, then reconciles.
///
/// # Errors
/// When leadership is lost or a server ends. What was begun is dropped then, and nothing more is written.
pub async fn run(
    client: Client,
    settings: Settings,
    ports: Ports,
    metrics: Metrics,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let (heard, ready) = watch::channel(false);
    let mut servers = JoinSet::new();
    servers.spawn(serve_health(ports.health, ready));
    servers.spawn(serve_metrics(ports.metrics, metrics.clone()));
    let urls = Urls { service: settings.service_url.clone(), pod: settings.pod_url.clone() };
    let probe = Probe::new(urls)?;
    let queue = Arc::new(QueueReader::new(client.clone(), probe.clone()));
    if let (Some(listener), Some(place)) = (ports.adapter, settings.adapter()) {
        let rates = Arc::new(RateReader::new(client.clone(), probe.clone()));
        servers.spawn(adapter::serve(listener, client.clone(), place, (queue.clone(), rates)));
    }
    tokio::select! {
        Some(ended) = servers.join_next() => match ended {
            Ok(result) => { result?; Err(RunError::Controllers) }
            Err(_) => Err(RunError::Controllers),
        },
        result = lead(client, &settings, (probe, queue, metrics), heard, stop) => result,
    }
}

/// Waits for leadership, reconciles as long as it lasts, and gives it back.
async fn lead(
    client: Client,
    settings: &Settings,
    (probe, queue, metrics): (Probe, Arc<QueueReader>, Metrics),
    heard: watch::Sender<bool>,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let mut candidate = Candidate::new(client.clone(), election(settings));
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = candidate.acquire(&heard) => {}
    }
    metrics.leads(true);
    let outcome = tokio::select! {
        // First: a reconciliation must not go on beside a lost Lease.
        biased;
        lost = candidate.hold() => Err(RunError::Lost(lost)),
        () = reconcile_all(client, settings, (probe, queue, metrics.clone()), stop.clone()) => {
            if stop.is_cancelled() { Ok(()) } else { Err(RunError::Controllers) }
        }
    };
    metrics.leads(false);
    if outcome.is_ok()
        && let Err(error) = candidate.release().await
    {
        tracing::warn!(%error, "the Lease was not given back; it runs out");
    }
    outcome
}

fn election(settings: &Settings) -> Election {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "resume-matcher-operator".to_owned());
    let identity = settings.identity.clone().unwrap_or_else(|| format!("{host}-{}", std::process::id()));
    let duration = Duration::from_secs(settings.lease_seconds.into());
    Election {
        namespace: settings.lease_namespace.clone(),
        name: settings.lease_name.clone(),
        identity,
        duration,
        renew_deadline: duration * 2 / 3,
        // Several tries within the deadline, so that one that is lost costs nothing.
        retry: duration * 2 / 15,
    }
}

/// Watches and reconciles in every scope until `stop`.
async fn reconcile_all(
    client: Client,
    settings: &Settings,
    (probe, queue, metrics): (Probe, Arc<QueueReader>, Metrics),
    stop: CancellationToken,
) {
    let index = Arc::new(ChildIndex::default());
    let references = Arc::new(References::default());
    let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance: settings.identity.clone() };
    let recorder = Recorder::new(client.clone(), reporter);
    let parts = Parts { client: client.clone(), queue, recorder: recorder.clone(), metrics: metrics.clone() };
    let scaler = Arc::new(Scaler::new(parts));
    let context = Arc::new(Context {
        client: client.clone(),
        applier: Arc::new(Applier::new(client.clone(), index.clone(), metrics.clone())),
        references: references.clone(),
        recorder,
        metrics: metrics.clone(),
        resync: settings.resync(),
        cluster_addresses: settings.addresses(),
        failures: Arc::default(),
        trials: Arc::default(),
        probe,
        scaler: scaler.clone(),
    });
    let mut controllers = JoinSet::new();
    for namespace in settings.scopes() {
        let (triggers, triggered) = mpsc::unbounded_channel();
        scaler.tell(namespace.clone(), triggers.clone());
        let watches = Watches {
            index: index.clone(),
            references: references.clone(),
            triggers,
            metrics: metrics.clone(),
            relist: settings.resync(),
        };
        let requests = Scope {
            client: client.clone(),
            namespace: namespace.clone(),
            concurrency: settings.concurrency,
            stop: stop.clone(),
        };
        controllers.spawn(requests.clone().backups(context.clone()));
        controllers.spawn(requests.restores(context.clone()));
        controllers.spawn(reconcile_scope(
            client.clone(),
            namespace,
            settings.concurrency,
            (watches, triggered),
            context.clone(),
            stop.clone(),
        ));
    }
    let scaling = scale(client, settings, scaler, &stop);
    let ended = async { while controllers.join_next().await.is_some() {} };
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = ended => {}
        () = overdue => tracing::warn!(after = ?DRAIN, "passes have not ended; they are broken off"),
    }
    drop(scaling);
}

/// Lets workers follow their queues as long as the set lives.
fn scale(client: Client, settings: &Settings, scaler: Arc<Scaler>, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(scaler.clone().run(stop.clone()));
    match settings.adapter() {
        Some(place) => {
            tasks.spawn(adapter::keep_registered(client, place, scaler, stop.clone()));
        }
        None => scaler.has_no_adapter(),
    }
    tasks
}

/// Watches and reconciles in one namespace, or in all, until `stop`.
async fn reconcile_scope(
    client: Client,
    namespace: Option<String>,
    concurrency: u16,
    (watches, triggered): (Watches, mpsc::UnboundedReceiver<ObjectRef<ResumeMatcher>>),
    context: Arc<Context>,
    stop: CancellationToken,
) {
    let relist = watches.relist;
    let tasks = tokio::select! {
        () = stop.cancelled() => return,
        tasks = watch_children(&client, namespace.as_deref(), &watches) => tasks,
    };
    let api: Api<DeserializeGuard<ResumeMatcher>> = match &namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let triggered = futures::stream::unfold(triggered, |mut triggered| async move {
        triggered.recv().await.map(|object| (object.into_kind_unchecked(()), triggered))
    });
    let (reader, writer) = reflector::store();
    let objects = relisting(api, watcher::Config::default(), relist);
    let objects = reflector::reflector(writer, objects).applied_objects();
    tracing::info!(namespace = namespace.as_deref().unwrap_or("all"), "reconciles");
    Controller::for_stream(objects, reader)
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(triggered)
        .graceful_shutdown_on(stop.cancelled_owned().map(|()| ()))
        .run(reconcile, error_policy, context)
        .for_each(|result| async move { told(result.err()) })
        .await;
    drop(tasks);
}

/// What the controllers of requests for backups and restores need: they work in one namespace, or in all.
#[derive(Clone)]
struct Scope {
    client: Client,
    namespace: Option<String>,
    concurrency: u16,
    stop: CancellationToken,
}

impl Scope {
    fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match &self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// The Jobs that back up, prove or restore.
    fn jobs() -> watcher::Config {
        watcher::Config::default().labels(&format!("{MANAGED_BY_LABEL}={MANAGED_BY},{BACKUP_TASK}"))
    }

    /// Its failures are counted for itself: an installation may have the same name.
    fn context(context: &Context) -> Arc<Context> {
        Arc::new(Context { failures: Arc::default(), ..context.clone() })
    }

    /// Works on `ResumeMatcherBackup` objects until the operator stops.
    async fn backups(self, context: Arc<Context>) {
        Controller::new(self.api::<DeserializeGuard<ResumeMatcherBackup>>(), watcher::Config::default())
            .owns(self.api::<Job>(), Self::jobs())
            .with_config(Config::default().concurrency(self.concurrency))
            .graceful_shutdown_on(self.stop.clone().cancelled_owned().map(|()| ()))
            .run(backup_request::reconcile, requests::error_policy, Self::context(&context))
            .for_each(|result| async move { told(result.err()) })
            .await;
    }

    /// Works on `ResumeMatcherRestore` objects until the operator stops.
    async fn restores(self, context: Arc<Context>) {
        Controller::new(self.api::<DeserializeGuard<ResumeMatcherRestore>>(), watcher::Config::default())
            .owns(self.api::<Job>(), Self::jobs())
            .with_config(Config::default().concurrency(self.concurrency))
            .graceful_shutdown_on(self.stop.clone().cancelled_owned().map(|()| ()))
            .run(restore_request::reconcile, requests::error_policy, Self::context(&context))
            .for_each(|result| async move { told(result.err()) })
            .await;
    }
}

/// Failed passes are told where they are handled; an object that is gone needs nothing.
fn told<E: std::error::Error + 'static, Q: std::error::Error + 'static>(
    error: Option<ControllerError<E, Q>>,
) {
    match error {
        None | Some(ControllerError::ReconcilerFailed(..) | ControllerError::ObjectNotFound(_)) => {}
        Some(error) => tracing::warn!(%error, "controller"),
    }
}
