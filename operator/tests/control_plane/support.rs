//! One control plane for all tests of this binary, a namespace for each test, and the operator itself.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::Parser;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt};
use operator::crd::{ResumeMatcher, definitions};
use operator::settings::Cli;
use operator::startup::{Ports, RunError, asked_once, run};
use operator::telemetry::Metrics;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use test_cluster::ControlPlane;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::wire::Wire;

/// How long a condition may take to come true; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(240);

/// A control plane that knows the kind.
struct Plane {
    /// Ends when it is dropped.
    _plane: ControlPlane,
    kubeconfig: Kubeconfig,
}

impl Plane {
    fn start(definitions: &[Value]) -> Self {
        let tools = test_cluster::control_plane_tools(&|line| eprintln!("{line}"))
            .expect("the control plane's programs");
        let plane = ControlPlane::start(&tools, &test_cluster::ControlPlaneOptions::default())
            .expect("a control plane");
        let kubeconfig = Kubeconfig::read_from(plane.kubeconfig()).expect("its kubeconfig");
        let file = tempfile::NamedTempFile::new().unwrap();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": definitions});
        std::fs::write(file.path(), list.to_string()).unwrap();
        let path = file.path().to_str().unwrap();
        plane.kubectl(&["apply", "--server-side", "-f", path]).expect("the definition");
        // `kubectl wait` fails at once on an object that has no conditions yet, so it is asked again.
        let deadline = std::time::Instant::now() + PATIENCE;
        let established = ["wait", "--for=condition=Established", "--timeout=60s", "-f", path];
        while let Err(error) = plane.kubectl(&established) {
            assert!(std::time::Instant::now() < deadline, "the definition is established: {error}");
        }
        Self { _plane: plane, kubeconfig }
    }

    /// The one that the first test that asks starts, and all share.
    fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Plane>> = OnceLock::new();
        SHARED.get_or_init(|| Arc::new(Self::start(&definitions().map(|one| json!(one))))).clone()
    }

    async fn config(&self) -> Config {
        let options = KubeConfigOptions::default();
        asked_once(Config::from_custom_kubeconfig(self.kubeconfig.clone(), &options).await.unwrap())
    }
}

/// A namespace of a test.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    plane: Arc<Plane>,
}

/// The operator, running in this process.
pub(crate) struct Running {
    pub(crate) metrics: Metrics,
    /// Requests of the operator that change something, Leases aside.
    pub(crate) writes: Arc<AtomicUsize>,
    /// Where its metrics adapter listens, if it has one.
    pub(crate) adapter: Option<SocketAddr>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

impl Running {
    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(self) -> Result<(), RunError> {
        self.stop.cancel();
        self.task.await.unwrap()
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(self) -> Result<(), RunError> {
        self.task.await.unwrap()
    }

    /// The value of a metric without labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.metrics.encode().unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

impl World {
    pub(crate) async fn new(label: &str) -> Self {
        Self::on(tokio::task::spawn_blocking(Plane::shared).await.unwrap(), label).await
    }

    /// On a control plane of its own, with another definition of the kind.
    pub(crate) async fn with_definition(definition: Value, label: &str) -> Self {
        let [_, backups, restores] = definitions().map(|one| json!(one));
        let all = [definition, backups, restores];
        let plane = tokio::task::spawn_blocking(move || Arc::new(Plane::start(&all))).await.unwrap();
        Self::on(plane, label).await
    }

    async fn on(plane: Arc<Plane>, label: &str) -> Self {
        // The operator's main does this, and there is none here. All tests but the first find it done.
        let _ = rustls::crypto::ring::default_provider().install_default();
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let client = Client::try_from(plane.config().await).unwrap();
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{label}-{number}");
        let mut object = Namespace::default();
        object.metadata.name = Some(namespace.clone());
        // What the operator makes must be let in by the strictest standard.
        object.labels_mut().insert("pod-security.kubernetes.io/enforce".to_owned(), "restricted".to_owned());
        Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        Self { client, namespace, plane }
    }

    /// The administrator's certificate and key, in PEM form.
    pub(crate) fn client_identity(&self) -> String {
        use base64::Engine;
        let engine = base64::engine::general_purpose::STANDARD;
        let user = self.plane.kubeconfig.auth_infos[0].auth_info.clone().unwrap();
        let text = |data: &str| String::from_utf8(engine.decode(data).unwrap()).unwrap();
        let key = secrecy::ExposeSecret::expose_secret(user.client_key_data.as_ref().unwrap());
        text(user.client_certificate_data.as_ref().unwrap()) + &text(key)
    }

    /// Starts an operator that watches this namespace.
    pub(crate) async fn operator(&self, identity: &str) -> Running {
        self.operator_with(identity, &[], Wire::default()).await
    }

    /// Starts an operator with more arguments, whose requests go over this wire.
    pub(crate) async fn operator_with(&self, identity: &str, more: &[&str], wire: Wire) -> Running {
        let arguments =
            ["operator", "--watch-namespaces", &self.namespace, "--lease-namespace", &self.namespace];
        let arguments = arguments.into_iter().chain(["--identity", identity]).chain(more.iter().copied());
        let settings = Cli::parse_from(arguments).settings;
        let writes = Arc::new(AtomicUsize::new(0));
        let counted = writes.clone();
        let counter = tower::util::MapRequestLayer::new(move |request: http::Request<kube::client::Body>| {
            let is_read = request.method() == http::Method::GET;
            if !is_read && !request.uri().path().contains("/leases") {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            request
        });
        let client = ClientBuilder::try_from(self.plane.config().await)
            .unwrap()
            .with_layer(&wire)
            .with_layer(&counter)
            .build();
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.unwrap() };
        let adapter = if settings.adapter().is_some() { Some(listen().await) } else { None };
        let address = adapter.as_ref().map(|listener| listener.local_addr().unwrap());
        let ports = Ports { health: listen().await, metrics: listen().await, adapter };
        let (metrics, stop) = (Metrics::new(), CancellationToken::new());
        let task = tokio::spawn(run(client, settings, ports, metrics.clone(), stop.clone()));
        Running { metrics, writes, adapter: address, stop, task }
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates the object `acme` with this spec; what the API server says when it refuses.
    pub(crate) async fn create(&self, spec: Value) -> Result<ResumeMatcher, String> {
        let object = json!({
            "apiVersion": "resumematcher.io/v1alpha1", "kind": "ResumeMatcher",
            "metadata": {"name": "acme"}, "spec": spec,
        });
        self.create_raw(object).await
    }

    /// Creates an object that the Rust type cannot hold.
    pub(crate) async fn create_unread(&self, object: Value) {
        let _: Value = self.send(self.creation(&object)).await.unwrap();
    }

    /// Creates an object as it is, with unknown fields refused as kubectl has it.
    pub(crate) async fn create_raw(&self, object: Value) -> Result<ResumeMatcher, String> {
        self.send(self.creation(&object)).await
    }

    fn creation(&self, object: &Value) -> http::Request<Vec<u8>> {
        let path = format!(
            "/apis/resumematcher.io/v1alpha1/namespaces/{}/resumematchers?fieldValidation=Strict",
            self.namespace
        );
        let request = http::Request::post(path).header("content-type", "application/json");
        request.body(serde_json::to_vec(object).unwrap()).unwrap()
    }

    /// Merges into the spec of `acme`; what the API server says when it refuses.
    pub(crate) async fn change(&self, spec: Value) -> Result<ResumeMatcher, String> {
        let patch = Patch::Merge(json!({"spec": spec}));
        let changed = self.api::<ResumeMatcher>().patch("acme", &PatchParams::default(), &patch).await;
        changed.map_err(|error| error.to_string())
    }

    async fn send<T: DeserializeOwned>(&self, request: http::Request<Vec<u8>>) -> Result<T, String> {
        self.client.request(request).await.map_err(|error| error.to_string())
    }

    /// Asks until there is an answer; fails with `what` when there is none in time.
    pub(crate) async fn until<T, F>(&self, what: &str, mut ask: impl FnMut() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            if Instant::now() > deadline {
                let objects = self.api::<ResumeMatcher>().list(&ListParams::default()).await.unwrap();
                let status: Vec<_> = objects.into_iter().map(|object| json!(object.status)).collect();
                panic!(
                    "not within {PATIENCE:?}: {what}; status: {}",
                    serde_json::to_string_pretty(&status).unwrap()
                );
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a condition of `acme` has this status and reason. Gives its message.
    pub(crate) async fn condition(&self, name: &str, status: &str, reason: &str) -> String {
        let api = self.api::<ResumeMatcher>();
        self.until(&format!("{name} is {status} because of {reason}"), || async {
            let object = api.get("acme").await.unwrap();
            let conditions = object.status?.conditions;
            let found = conditions.into_iter().find(|condition| condition.type_ == name)?;
            (found.status == status && found.reason == reason).then_some(found.message)
        })
        .await
    }

    /// Waits until an object exists and gives it.
    pub(crate) async fn object<K>(&self, name: &str) -> K
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug,
    {
        let api = self.api::<K>();
        self.until(&format!("{} {name} exists", K::kind(&())), || async { api.get_opt(name).await.unwrap() })
            .await
    }

    pub(crate) async fn set_status<K>(&self, name: &str, status: Value)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug,
    {
        let patch = Patch::Merge(json!({"status": status}));
        self.api::<K>().patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Plays the StatefulSet controller: the data services answer.
    pub(crate) async fn data_services_start(&self) {
        for name in ["acme-postgres", "acme-redis", "acme-storage"] {
            self.object::<StatefulSet>(name).await;
            self.set_status::<StatefulSet>(name, json!({"replicas": 1, "readyReplicas": 1})).await;
        }
    }

    /// Waits for a migration Job that has not ended, and gives its name.
    pub(crate) async fn migration(&self) -> String {
        let api = self.api::<Job>();
        self.until("a migration Job runs", || async {
            let jobs = api.list(&ListParams::default()).await.unwrap();
            let ended = |job: &Job| job.status.as_ref().is_some_and(|status| status.conditions.is_some());
            jobs.into_iter()
                .find(|job| !ended(job) && job.metadata.deletion_timestamp.is_none())
                .map(|job| job.name_any())
        })
        .await
    }

    /// Plays the Job controller: the migration succeeds.
    pub(crate) async fn migration_succeeds(&self) {
        let name = self.migration().await;
        let time = "2026-01-02T03:04:05Z";
        let condition = |name: &str| json!({"type": name, "status": "True", "lastTransitionTime": time});
        let status = json!({
            "startTime": time, "completionTime": time, "succeeded": 1,
            "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
        });
        self.set_status::<Job>(&name, status).await;
    }

    /// Plays the Job controller: the migration fails, for this reason.
    pub(crate) async fn migration_fails(&self, reason: &str, at: &str) {
        let name = self.migration().await;
        let condition =
            |name: &str| json!({"type": name, "status": "True", "reason": reason, "lastTransitionTime": at});
        let status = json!({
            "startTime": at, "failed": 1, "conditions": [condition("FailureTarget"), condition("Failed")],
        });
        self.set_status::<Job>(&name, status).await;
    }

    /// Plays the Deployment controller: all pods of the present template are ready.
    pub(crate) async fn workloads_roll_out(&self) {
        for name in ["acme-api-blue", "acme-worker-blue"] {
            let deployment = self.object::<Deployment>(name).await;
            let pods = deployment.spec.unwrap().replicas.unwrap();
            let status = json!({
                "observedGeneration": deployment.metadata.generation, "replicas": pods, "updatedReplicas": pods,
                "readyReplicas": pods, "availableReplicas": pods,
            });
            self.set_status::<Deployment>(name, status).await;
        }
    }

    /// Creates `acme` and leads it to Ready.
    pub(crate) async fn installed(&self, spec: Value) {
        self.create(spec).await.unwrap();
        self.data_services_start().await;
        self.migration_succeeds().await;
        self.workloads_roll_out().await;
        self.condition("Ready", "True", "Available").await;
        self.condition("Reconciling", "False", "UpToDate").await;
    }
}
