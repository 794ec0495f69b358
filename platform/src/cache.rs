//! Values that are costly to compute, kept in Redis for all replicas (docs/cache.md).
//!
//! Nothing depends on it: while Redis is away, has lost its data, or holds something unreadable, values are computed, which
//! is only slower. A key is computed once at a time over all replicas, if Redis can be asked.

mod flights;
mod store;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::CacheConfig;
use crate::names::{InstallationName, TenantId};
use crate::telemetry::Metrics;
use flights::Flights;
use store::{Seen, Store};

pub use store::ParseUrl;

/// For how long "there is none" is kept: shorter than a value, for what is not there is often about to come.
const NEGATIVE_TTL: Duration = Duration::from_secs(60);
/// How long to wait for another replica that computes the same before doing it here as well.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between looks at what the other replica is doing.
const LOOK: Duration = Duration::from_millis(25);
/// Largest value that is kept, in bytes: Redis is for many small ones.
const MAX_BYTES: usize = 1024 * 1024;
/// Upper bounds of computations, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// A kind of cached value. The type must be one that postcard can read again: no untagged or flattened parts.
#[derive(Debug)]
pub struct Kind<T> {
    name: &'static str,
    version: u32,
    value: PhantomData<fn() -> T>,
}

impl<T> Kind<T> {
    /// A kind with a name that is part of keys and metrics. `version` rises whenever the type, or how it is computed, changes:
    /// replicas of two releases then do not read each other's values.
    pub const fn new(name: &'static str, version: u32) -> Self {
        Self { name, version, value: PhantomData }
    }
}

/// Which value of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// Whose it is. Values of two tenants never meet.
    pub tenant: TenantId,
    /// What it was computed from: an id with a version, or a hash. What changes the value should change this.
    pub id: &'a str,
    /// Names by which [`Cache::invalidate`] drops it.
    pub tags: &'a [&'a str],
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    cache: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabels {
    cache: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InvalidationLabels {
    outcome: &'static str,
}

#[derive(Clone)]
struct CacheMetrics {
    requests: Family<RequestLabels, Counter>,
    computations: Family<KindLabels, Histogram, fn() -> Histogram>,
    invalidations: Family<InvalidationLabels, Counter>,
}

impl CacheMetrics {
    fn register(metrics: &Metrics) -> Self {
        let found = Self {
            requests: Family::default(),
            computations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            invalidations: Family::default(),
        };
        metrics.register(|registry| {
            let help = "Values asked of the cache, by what was there";
            registry.register("cache_requests", help, found.requests.clone());
            let help = "Time to compute a value that was not there";
            registry.register("cache_compute_seconds", help, found.computations.clone());
            let help = "Tags whose values were dropped, and those that Redis could not be told of yet";
            registry.register("cache_invalidations", help, found.invalidations.clone());
        });
        found
    }

    fn count(&self, cache: &'static str, outcome: &'static str) {
        self.requests.get_or_create(&RequestLabels { cache, outcome }).inc();
    }
}

/// Computes values once and keeps them. Clones share everything.
#[derive(Clone)]
pub struct Cache {
    store: Store,
    flights: Arc<Flights>,
    ttl: Duration,
    metrics: CacheMetrics,
}

impl Cache {
    /// Prepares the connection; an absent Redis is no error.
    ///
    /// # Errors
    /// When the URL is wrong.
    pub fn open(
        config: &CacheConfig,
        installation: &InstallationName,
        metrics: &Metrics,
    ) -> Result<Self, ParseUrl> {
        Ok(Self {
            store: Store::open(config, installation)?,
            flights: Arc::default(),
            ttl: config.ttl,
            metrics: CacheMetrics::register(metrics),
        })
    }

    /// The value of `key`: the kept one, or what `compute` gives, which is then kept. `None` is kept too, for a minute.
    ///
    /// Who may see the value is asked before, each time: the cache knows tenants and no people.
    ///
    /// # Errors
    /// Those of `compute`, which are not kept. Failures of the cache itself are none.
    pub async fn get_or_compute<T, E, F>(
        &self,
        kind: &Kind<T>,
        key: Key<'_>,
        compute: F,
    ) -> Result<Option<T>, E>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<Option<T>, E>>,
    {
        if self.ttl.is_zero() {
            return self.timed(kind, compute).await;
        }
        let name = format!("{}:v{}:{}:{}", kind.name, kind.version, key.tenant, key.id);
        let Some(seen) = self.store.look(&name, key.tenant, key.tags).await else {
            self.metrics.count(kind.name, "away");
            return self.timed(kind, compute).await;
        };
        if let Some(value) = self.read(kind, &seen) {
            return Ok(value);
        }
        // Told apart by the tags' generations: who comes after an invalidation must not get what was begun before it.
        let flight = self.flights.join(format!("{name}|{}", seen.generations.join("|")));
        let bytes = flight.get_or_try_init(|| self.fill(kind, &name, key, seen, compute)).await?;
        // What was just written can be read.
        Ok(bytes.as_deref().and_then(|bytes| postcard::from_bytes(bytes).ok()))
    }

    /// Drops the values of `tenant` that have one of `tags`. Called after the transaction that made them old. While Redis is
    /// away it is remembered and done before this process reads again; values end by themselves after the TTL at the latest.
    pub async fn invalidate(&self, tenant: TenantId, tags: &[&str]) {
        for tag in tags {
            let sent = self.store.drop_tag(tenant, tag).await;
            let outcome = if sent { "done" } else { "delayed" };
            self.metrics.invalidations.get_or_create(&InvalidationLabels { outcome }).inc();
        }
    }

    /// The kept value, if it can be read and no tag was dropped since.
    fn read<T: DeserializeOwned>(&self, kind: &Kind<T>, seen: &Seen) -> Option<Option<T>> {
        let value = match seen.value.as_ref() {
            None => None,
            Some(None) => Some(None),
            Some(Some(bytes)) => postcard::from_bytes(bytes).ok().map(Some),
        };
        let outcome = match &value {
            None => "miss",
            Some(None) => "negative",
            Some(Some(_)) => "hit",
        };
        self.metrics.count(kind.name, outcome);
        value
    }

    /// Computes and keeps the value, unless another replica does; the value as bytes.
    async fn fill<T, E, F>(
        &self,
        kind: &Kind<T>,
        name: &str,
        key: Key<'_>,
        seen: Seen,
        compute: F,
    ) -> Result<Option<Arc<[u8]>>, E>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<Option<T>, E>>,
    {
        let deadline = Instant::now() + PATIENCE;
        let mut lock = self.store.lock(name).await;
        while lock.is_taken() && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
            let now = self.store.look(name, key.tenant, key.tags).await;
            if let Some(Seen { value: Some(value), .. }) = now {
                return Ok(value.map(Arc::from));
            }
            // Its holder may have failed or died.
            lock = self.store.lock(name).await;
        }
        let computed = self.timed(kind, compute).await;
        let bytes = match &computed {
            Ok(Some(value)) => postcard::to_stdvec(value).ok(),
            _ => None,
        };
        let (ttl, fits) = match (&computed, &bytes) {
            (Ok(Some(_)), Some(bytes)) => (self.ttl, bytes.len() <= MAX_BYTES),
            (Ok(None), _) => (NEGATIVE_TTL.min(self.ttl), true),
            _ => (Duration::ZERO, false),
        };
        if fits {
            // Values that were made together must not end together.
            let ttl = ttl.mul_f64(rand::random_range(0.9..=1.0));
            self.store.keep(name, key.tenant, key.tags, &seen.generations, bytes.as_deref(), ttl).await;
        }
        self.store.unlock(name, lock).await;
        computed.map(|_value| bytes.map(Arc::from))
    }

    async fn timed<T, F: Future>(&self, kind: &Kind<T>, compute: F) -> F::Output {
        let started = Instant::now();
        let computed = compute.await;
        let labels = KindLabels { cache: kind.name };
        self.metrics.computations.get_or_create(&labels).observe(started.elapsed().as_secs_f64());
        computed
    }
}
