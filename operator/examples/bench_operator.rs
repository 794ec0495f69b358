//! Measures the operator on a real API server: many installations, rest, repair, and what is not ours. Prints lines for
//! people on standard error and its figures as JSON. `cargo xtask bench operator` starts it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service};
use kube::api::{DeleteParams, DynamicObject, ListParams, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, Config, CustomResourceExt, ResourceExt};
use operator::children::Kind;
use operator::crd::ResumeMatcher;
use operator::names::{MANAGED_BY, MANAGED_BY_LABEL};
use serde_json::{Value, json};
use test_cluster::{ControlPlane, ControlPlaneOptions};

/// The namespace of the installations.
const OURS: &str = "bench";
/// The namespace of the same objects, made by a plain client.
const PLAIN: &str = "plain";
/// Longest time for one part.
const PATIENCE: Duration = Duration::from_secs(1200);

/// Measures the operator.
#[derive(Parser)]
struct Args {
    /// The operator's program.
    #[arg(long)]
    operator: PathBuf,
    /// Installations.
    #[arg(long, default_value_t = 1000)]
    installations: usize,
    /// Objects that the operator works on at a time, and requests of the plain client.
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// Seconds of rest that are watched.
    #[arg(long, default_value_t = 300)]
    rest: u64,
    /// Secrets and as many ConfigMaps of 10 KB of someone else's.
    #[arg(long, default_value_t = 10_000)]
    unrelated: usize,
    /// Children that are deleted one after another.
    #[arg(long, default_value_t = 200)]
    deletions: usize,
}

/// The operator, ended when it is dropped.
struct Operator {
    process: Child,
    metrics: String,
}

impl Drop for Operator {
    fn drop(&mut self) {
        // It has nothing to lose: the control plane goes too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // All of this program's connections are made after it, so it is the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = Args::parse();
    let tools = test_cluster::control_plane_tools(&|line| eprintln!("{line}"))?;
    let plane = ControlPlane::start(&tools, &ControlPlaneOptions::default())?;
    let client = prepare(&plane).await?;
    let operator = Operator::start(&args, &plane)?;
    let mut figures = Vec::new();
    creation(&args, &client, &mut figures).await?;
    operator.rests().await?;
    rest(&args, &operator, &mut figures).await?;
    repair(&args, &client, &mut figures).await?;
    foreign(&args, &client, &operator, &mut figures).await?;
    println!("{:#}", json!({"figures": figures}));
    Ok(())
}

fn figure(name: &str, value: f64, unit: &str, target: Option<f64>) -> Value {
    eprintln!("{name}: {value:.3} {unit}");
    let met = target.map(|target| value <= target);
    json!({"name": format!("operator.{name}"), "value": value, "unit": unit, "target": target, "met": met})
}

/// The kind, the namespaces, and the Secrets of services that are not there.
async fn prepare(plane: &ControlPlane) -> anyhow::Result<Client> {
    let definition = tempfile::NamedTempFile::new()?;
    std::fs::write(definition.path(), serde_json::to_vec(&ResumeMatcher::crd())?)?;
    let path = definition.path().to_str().context("the path of a temporary file")?;
    plane.kubectl(&["apply", "--server-side", "--filename", path])?;
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig())?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.read_timeout = None;
    let client = Client::try_from(config)?;
    for name in [OURS, PLAIN] {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await?;
    }
    for (name, data) in [
        ("db", json!({"url": "postgres://a:b@db.example/rm"})),
        ("queue", json!({"url": "redis://:b@queue.example/0"})),
        ("s3", json!({"accessKeyId": "a", "secretAccessKey": "b"})),
    ] {
        let secret = serde_json::from_value(json!({"metadata": {"name": name}, "stringData": data}))?;
        Api::<Secret>::namespaced(client.clone(), OURS).create(&PostParams::default(), &secret).await?;
    }
    let kinds: Api<ResumeMatcher> = Api::namespaced(client.clone(), OURS);
    until("the kind is served", async || Ok(kinds.list(&ListParams::default()).await.is_ok())).await?;
    Ok(client)
}

/// Asks until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let begin = Instant::now();
    while !is_so().await? {
        anyhow::ensure!(begin.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

impl Operator {
    fn start(args: &Args, plane: &ControlPlane) -> anyhow::Result<Self> {
        let port = || anyhow::Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let (health, metrics) = (port()?, port()?);
        let process = Command::new(&args.operator)
            .env("KUBECONFIG", plane.kubeconfig())
            .args(["--lease-namespace", "default", "--concurrency", &args.concurrency.to_string()])
            .arg(format!("--health-listen=127.0.0.1:{health}"))
            .arg(format!("--metrics-listen=127.0.0.1:{metrics}"))
            .args(["--log", "warn"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("start the operator")?;
        Ok(Self { process, metrics: format!("http://127.0.0.1:{metrics}/metrics") })
    }

    /// Writes to the API server so far, by its own count.
    async fn writes(&self) -> anyhow::Result<f64> {
        let text = reqwest::get(&self.metrics).await?.text().await?;
        let lines = text.lines().filter(|line| line.starts_with("resume_matcher_operator_api_writes_total"));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.sum())
    }

    /// Waits until it has written nothing for ten seconds.
    async fn rests(&self) -> anyhow::Result<()> {
        let (mut last, mut since) = (-1.0, Instant::now());
        until("rest", async || {
            let writes = self.writes().await?;
            if (writes - last).abs() > 0.5 {
                (last, since) = (writes, Instant::now());
            }
            Ok(since.elapsed() > Duration::from_secs(10))
        })
        .await
    }

    /// Resident memory in MiB.
    fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes / 1024.0)
    }

    /// Processor time in seconds.
    fn processor(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().context("stat")?.split_whitespace().collect();
        // utime and stime, fields 14 and 15, in hundredths of a second (USER_HZ is fixed for programs).
        let ticks = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        Ok(ticks.sum::<f64>() / 100.0)
    }
}

async fn creation(args: &Args, client: &Client, figures: &mut Vec<Value>) -> anyhow::Result<()> {
    let api: Api<ResumeMatcher> = Api::namespaced(client.clone(), OURS);
    let external = |name: &str| json!({"external": {"secretRef": {"name": name}}});
    let begin = Instant::now();
    stream::iter(0..args.installations)
        .map(|number| {
            let object = json!({
                "apiVersion": "resumematcher.io/v1alpha1", "kind": "ResumeMatcher",
                "metadata": {"name": format!("rm-{number}")},
                "spec": {"database": external("db"), "cache": external("queue"), "objectStorage": {
                    "s3": {"endpoint": "https://s3.example", "bucket": "files", "secretRef": {"name": "s3"}}
                }},
            });
            let api = api.clone();
            async move { anyhow::Ok(api.create(&PostParams::default(), &serde_json::from_value(object)?).await?) }
        })
        .buffer_unordered(args.concurrency)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    // Made last of what an installation has before its migration.
    let jobs: Api<Job> = Api::namespaced(client.clone(), OURS);
    until("all children are there", async || {
        Ok(jobs.list_metadata(&ListParams::default()).await?.items.len() >= args.installations)
    })
    .await?;
    let ours = begin.elapsed().as_secs_f64();
    let (objects, plain) = plainly(args, client).await?;
    figures.push(figure("creation.objects", f64::from(u32::try_from(objects)?), "objects", None));
    let mut made = figure("creation", ours, "s", Some(plain * 1.25));
    if let Some(made) = made.as_object_mut() {
        made.insert("baselines".to_owned(), json!({"plain client": plain}));
    }
    figures.push(made);
    Ok(())
}

fn resource(kind: Kind) -> ApiResource {
    let (group, version) = match kind {
        Kind::NetworkPolicy | Kind::Ingress => ("networking.k8s.io", "v1"),
        Kind::StatefulSet | Kind::ControllerRevision | Kind::Deployment => ("apps", "v1"),
        Kind::Job | Kind::CronJob => ("batch", "v1"),
        Kind::HorizontalPodAutoscaler => ("autoscaling", "v2"),
        Kind::PodDisruptionBudget => ("policy", "v1"),
        Kind::ServiceAccount
        | Kind::Secret
        | Kind::ConfigMap
        | Kind::PersistentVolumeClaim
        | Kind::Service => ("", "v1"),
    };
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind.as_str()))
}

/// Makes the same objects by a plain client. Gives how many, and the seconds it took.
async fn plainly(args: &Args, client: &Client) -> anyhow::Result<(usize, f64)> {
    let ours = ListParams::default().labels(&format!("{MANAGED_BY_LABEL}={MANAGED_BY}"));
    let mut bodies = Vec::new();
    for kind in Kind::ALL {
        let resource = resource(kind);
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), OURS, &resource);
        for mut object in api.list(&ours).await?.items {
            let labels = object.metadata.labels.take();
            let name = object.metadata.name.take();
            object.metadata = ObjectMeta { name, labels, ..ObjectMeta::default() };
            // Not ours to choose: the API server gives addresses, and Jobs their selectors.
            if matches!(kind, Kind::Service | Kind::Job)
                && let Some(spec) = object.data.get_mut("spec").and_then(Value::as_object_mut)
            {
                spec.retain(|name, _| !matches!(name.as_str(), "clusterIP" | "clusterIPs" | "selector"));
            }
            if let Some(template) =
                object.data.pointer_mut("/spec/template/metadata").filter(|_| kind == Kind::Job)
            {
                *template = json!({});
            }
            bodies.push((resource.clone(), object));
        }
    }
    let (count, begin) = (bodies.len(), Instant::now());
    stream::iter(bodies)
        .map(|(resource, mut object)| {
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), PLAIN, &resource);
            // Or the operator would take them for its own.
            object.labels_mut().remove(MANAGED_BY_LABEL);
            async move { api.create(&PostParams::default(), &object).await }
        })
        .buffer_unordered(args.concurrency)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    Ok((count, begin.elapsed().as_secs_f64()))
}

async fn rest(args: &Args, operator: &Operator, figures: &mut Vec<Value>) -> anyhow::Result<()> {
    let (writes, processor) = (operator.writes().await?, operator.processor()?);
    // What is measured is time itself.
    tokio::time::sleep(Duration::from_secs(args.rest)).await;
    let seconds = Duration::from_secs(args.rest).as_secs_f64();
    figures.push(figure("rest.writes", operator.writes().await? - writes, "writes", Some(0.0)));
    let share = (operator.processor()? - processor) / seconds * 100.0;
    figures.push(figure("rest.processor", share, "% of a core", Some(1.0)));
    figures.push(figure("rest.memory", operator.memory()?, "MiB", Some(64.0)));
    Ok(())
}

/// Deletes Services, and sees how soon each is back.
async fn repair(args: &Args, client: &Client, figures: &mut Vec<Value>) -> anyhow::Result<()> {
    let api: Api<Service> = Api::namespaced(client.clone(), OURS);
    let mut milliseconds = Vec::new();
    for number in 0..args.deletions {
        let name = format!("rm-{}-api", number % args.installations);
        let old = api.get(&name).await?.uid();
        api.delete(&name, &DeleteParams::default()).await?;
        let begin = Instant::now();
        loop {
            let now = api.get_opt(&name).await?.and_then(|service| service.uid());
            if now.is_some() && now != old {
                break;
            }
            anyhow::ensure!(begin.elapsed() < PATIENCE, "{name} is not put back");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        milliseconds.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    milliseconds.sort_by(f64::total_cmp);
    let part =
        |percent: usize| milliseconds.get((milliseconds.len() * percent / 100).min(milliseconds.len() - 1));
    figures.push(figure("repair.p50", part(50).copied().unwrap_or_default(), "ms", None));
    figures.push(figure("repair.p99", part(99).copied().unwrap_or_default(), "ms", Some(1000.0)));
    Ok(())
}

/// Objects of someone else's, which must cost nothing.
async fn foreign(
    args: &Args,
    client: &Client,
    operator: &Operator,
    figures: &mut Vec<Value>,
) -> anyhow::Result<()> {
    let before = operator.memory()?;
    let data = json!({"data": "x".repeat(10_000)});
    let names: BTreeSet<usize> = (0..args.unrelated).collect();
    stream::iter(names)
        .map(|number| {
            let (client, data) = (client.clone(), data.clone());
            async move {
                let metadata = json!({"name": format!("foreign-{number}")});
                let secret = serde_json::from_value(json!({"metadata": metadata, "stringData": data}))?;
                let config = serde_json::from_value(json!({"metadata": metadata, "data": data}))?;
                let secrets: Api<Secret> = Api::namespaced(client.clone(), PLAIN);
                let configs: Api<ConfigMap> = Api::namespaced(client, PLAIN);
                secrets.create(&PostParams::default(), &secret).await?;
                configs.create(&PostParams::default(), &config).await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(args.concurrency)
        .try_for_each(|()| async { Ok(()) })
        .await?;
    operator.rests().await?;
    figures.push(figure("foreign.memory-growth", operator.memory()? - before, "MiB", Some(4.0)));
    Ok(())
}
