//! `worker run`: works on the queue until told to stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use platform::billing::stripe::Stripe;
use platform::config::{
    CacheConfig, DatabaseConfig, EncryptionConfig, Env, FetchConfig, InstallationConfig, MailConfig,
    MailTransport, ObjectStorageConfig, ProbesConfig, ScienceConfig, StripeConfig, WorkerConfig,
};
use platform::fetch::Fetcher;
use platform::mail::Mailer;
use platform::probes::{self, Probes, Readiness};
use platform::queue::Queue;
use platform::sealing::Keyring;
use platform::storage::Storage;
use platform::telemetry::{Metrics, Telemetry};
use platform::{migrations, postgres, shutdown};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;
use crate::jobs::Context;
use crate::metrics::WorkerMetrics;
use crate::relay;
use crate::runner::{READ_WAIT, Runner};
use crate::sandbox::Sandbox;
use crate::schedule;
use crate::science::Scorer;

const MODEL: &str = "model";
const DATABASE: &str = "database";
const ACCEPTING_WORK: &str = "accepting work";
/// How long the probes may take to end.
const PROBES_GRACE: Duration = Duration::from_secs(2);

pub(crate) async fn run(env: &Env, telemetry: &Telemetry) -> Result<(), Failure> {
    let stop = shutdown::token_on_signal()?;
    let metrics = Metrics::new();
    telemetry.register(&metrics);
    let readiness = Readiness::new(&[DATABASE, MODEL, ACCEPTING_WORK]);
    let listener = TcpListener::bind(ProbesConfig::from_env(env)?.listen).await?;
    let probes_stop = CancellationToken::new();
    let served = Probes { metrics: metrics.clone(), readiness: readiness.clone() };
    let probes = tokio::spawn(probes::serve(listener, served, probes_stop.clone()));

    let runner = prepare(env, &metrics, &readiness).await?;
    let relayed =
        relay::run(runner.context.pool.clone(), runner.queue.clone(), runner.metrics.clone(), stop.clone());
    let relay = tokio::spawn(relayed);
    let chores = schedule::run(runner.context.pool.clone(), runner.metrics.clone(), stop.clone());
    let schedule = tokio::spawn(chores);
    readiness.met(ACCEPTING_WORK);
    tracing::info!(worker = runner.name, concurrency = runner.config.concurrency, "working");
    runner.run(&stop).await;

    readiness.lost(ACCEPTING_WORK);
    relay.await.map_err(|error| Failure::retryable(&error))?;
    schedule.await.map_err(|error| Failure::retryable(&error))?;
    runner.context.pool.close().await;
    probes_stop.cancel();
    // A client that keeps its connection open does not keep the worker.
    match tokio::time::timeout(PROBES_GRACE, probes).await {
        Ok(ended) => ended.map_err(|error| Failure::retryable(&error))??,
        Err(_) => tracing::debug!("a client of the probes was still connected"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Reads the whole configuration first, so that a mistake shows before anything is waited for.
async fn prepare(env: &Env, metrics: &Metrics, readiness: &Readiness) -> Result<Runner, Failure> {
    let installation = InstallationConfig::from_env(env)?;
    let database = DatabaseConfig::from_env(env)?;
    let queue = Queue::open(&CacheConfig::from_env(env)?, &installation.name)?;
    let storage = Storage::open(ObjectStorageConfig::from_env(env)?)?;
    let science = ScienceConfig::from_env(env)?;
    let model_dir = science.model_dir.clone();
    let sandbox = Sandbox::new(science)?;
    let config = WorkerConfig::from_env(env)?;
    let fetcher =
        Fetcher::new(&FetchConfig::from_env(env)?).map_err(|error| Failure::misconfigured(&error))?;

    let mail = MailConfig::from_env(env)?;
    let mailer = Mailer::open(&mail).map_err(|error| Failure::misconfigured(&error))?;
    let sends_mail = !matches!(mail.transport, MailTransport::None);
    let stripe = StripeConfig::from_env(env)?.as_ref().map(Stripe::new).transpose();
    let stripe = stripe.map_err(|error| Failure::misconfigured(&error))?;
    let keyring =
        Keyring::new(&EncryptionConfig::from_env(env)?).map_err(|error| Failure::misconfigured(&error))?;

    let pool = postgres::connect(&database).await?;
    let missing = migrations::missing(&pool).await?;
    if !missing.is_empty() {
        let told = std::io::Error::other(format!(
            "the database lacks migrations {missing:?}; run `worker migrate up`"
        ));
        return Err(Failure::retryable(&told));
    }
    readiness.met(DATABASE);
    let scorer = Scorer::open(&model_dir).await?;
    readiness.met(MODEL);

    let name = format!("worker-{}", uuid::Uuid::now_v7().simple());
    Ok(Runner {
        consumer: queue.consumer(&name, READ_WAIT)?,
        context: Context { pool, storage, sandbox, scorer, fetcher, mailer, keyring, sends_mail, stripe },
        queue,
        metrics: WorkerMetrics::register(metrics),
        config,
        name,
        held: Arc::new(Mutex::new(HashMap::new())),
    })
}
