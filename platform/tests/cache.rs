//! The cache on a real Redis: computed once, dropped by tags, right without Redis.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};

use platform::cache::{Cache, Key, Kind};
use platform::config::{CacheConfig, Env};
use platform::env_vars::{REDIS_URL, RM_CACHE_TTL_SECONDS};
use platform::names::{InstallationName, TenantId};
use platform::telemetry::Metrics;
use support::eventually;
use tokio::sync::Notify;

const TEXT: Kind<String> = Kind::new("text", 1);

/// A replica: a cache with its own connection and metrics.
struct Replica {
    cache: Cache,
    metrics: Metrics,
    computed: AtomicU32,
}

impl Replica {
    fn new(url: &str, installation: &InstallationName) -> Self {
        Self::with_ttl(url, installation, "3600")
    }

    fn with_ttl(url: &str, installation: &InstallationName, ttl: &str) -> Self {
        let env = Env::from_pairs([(REDIS_URL, url), (RM_CACHE_TTL_SECONDS, ttl)]);
        let metrics = Metrics::new();
        let config = CacheConfig::from_env(&env).unwrap();
        let cache = Cache::open(&config, installation, &metrics).unwrap();
        Self { cache, metrics, computed: AtomicU32::new(0) }
    }

    async fn get_of(&self, kind: &Kind<String>, key: Key<'_>, value: Option<&str>) -> Option<String> {
        let computing = async {
            self.computed.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(value.map(ToOwned::to_owned))
        };
        self.cache.get_or_compute(kind, key, computing).await.unwrap()
    }

    async fn get(&self, key: Key<'_>, value: &str) -> String {
        self.get_of(&TEXT, key, Some(value)).await.unwrap()
    }

    fn computed(&self) -> u32 {
        self.computed.load(Ordering::SeqCst)
    }

    fn counted(&self, outcome: &str) -> bool {
        let text = self.metrics.encode().unwrap();
        text.contains(&format!("cache_requests_total{{cache=\"text\",outcome=\"{outcome}\"}}"))
    }
}

fn installation() -> InstallationName {
    test_services::unique_name("cache").parse().unwrap()
}

fn key(tenant: TenantId) -> Key<'static> {
    Key { tenant, id: "one", tags: &["things"] }
}

#[tokio::test]
async fn replicas_share_a_value_and_tenants_and_versions_do_not() {
    let (url, name, tenant) = (test_services::redis().url(), installation(), TenantId::new());
    let replicas = [Replica::new(&url, &name), Replica::new(&url, &name)];
    assert_eq!(replicas[0].get(key(tenant), "a").await, "a");
    assert_eq!(replicas[1].get(key(tenant), "b").await, "a");
    assert!(replicas[0].counted("miss") && replicas[1].counted("hit"));
    assert_eq!(replicas[1].get(key(TenantId::new()), "other").await, "other");
    let newer = replicas[1].get_of(&Kind::new("text", 2), key(tenant), Some("newer")).await;
    assert_eq!(newer.as_deref(), Some("newer"));
    assert_eq!(Replica::new(&url, &installation()).get(key(tenant), "elsewhere").await, "elsewhere");
}

#[tokio::test]
async fn what_is_not_there_is_remembered_too() {
    let (url, tenant) = (test_services::redis().url(), TenantId::new());
    let replica = Replica::new(&url, &installation());
    for _ in 0..3 {
        assert_eq!(replica.get_of(&TEXT, key(tenant), None).await, None);
    }
    assert_eq!(replica.computed(), 1);
    assert!(replica.counted("negative"));
}

#[tokio::test]
async fn a_key_is_computed_once_at_a_time_by_all_replicas() {
    let (url, name, tenant) = (test_services::redis().url(), installation(), TenantId::new());
    let replicas = [Replica::new(&url, &name), Replica::new(&url, &name)];
    let (begun, go_on) = (Notify::new(), Notify::new());
    let computing = async {
        begun.notify_one();
        go_on.notified().await;
        Ok::<_, Infallible>(Some("first".to_owned()))
    };
    let others = async {
        begun.notified().await;
        let waiting = futures::future::join_all([
            replicas[0].get(key(tenant), "second"),
            replicas[1].get(key(tenant), "third"),
            replicas[1].get(key(tenant), "fourth"),
        ]);
        let released = async {
            // Each has looked and found nothing.
            eventually("all wait", async || {
                let misses = |replica: &Replica, number: u32| {
                    replica.metrics.encode().unwrap().contains(&format!("outcome=\"miss\"}} {number}"))
                };
                (misses(&replicas[0], 2) && misses(&replicas[1], 2)).then_some(())
            })
            .await;
            go_on.notify_one();
        };
        futures::future::join(waiting, released).await.0
    };
    let first = replicas[0].cache.get_or_compute(&TEXT, key(tenant), computing);
    let (first, others) = futures::future::join(first, others).await;
    assert_eq!(first.unwrap().as_deref(), Some("first"));
    assert_eq!(others, ["first", "first", "first"]);
    assert_eq!(replicas.iter().map(Replica::computed).sum::<u32>(), 0);
}

#[tokio::test]
async fn a_replica_that_dies_while_it_computes_holds_up_nobody_for_long() {
    let (url, name, tenant) = (test_services::redis().url(), installation(), TenantId::new());
    let (dying, other) = (Replica::new(&url, &name), Replica::new(&url, &name));
    let begun = Notify::new();
    let never = async {
        begun.notify_one();
        std::future::pending::<Result<Option<String>, Infallible>>().await
    };
    tokio::select! {
        _ = dying.cache.get_or_compute(&TEXT, key(tenant), never) => unreachable!(),
        () = begun.notified() => {}
    }
    assert_eq!(other.get(key(tenant), "computed after all").await, "computed after all");
}

#[tokio::test]
async fn a_failure_is_told_and_not_kept() {
    let replica = Replica::new(&test_services::redis().url(), &installation());
    let tenant = TenantId::new();
    let failing = async { Err::<Option<String>, _>("out of order") };
    let failed = replica.cache.get_or_compute(&TEXT, key(tenant), failing).await;
    assert_eq!(failed, Err("out of order"));
    assert_eq!(replica.get(key(tenant), "in order").await, "in order");
}

#[tokio::test]
async fn dropping_a_tag_drops_its_values_everywhere_and_deletes_them() {
    let (url, name, tenant) = (test_services::redis().url(), installation(), TenantId::new());
    let (one, two) = (Replica::new(&url, &name), Replica::new(&url, &name));
    let untouched = Key { tenant, id: "two", tags: &["others"] };
    assert_eq!(one.get(key(tenant), "old").await, "old");
    assert_eq!(one.get(untouched, "old").await, "old");
    two.cache.invalidate(tenant, &["things"]).await;
    let mut redis = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let left: Vec<String> =
        redis::cmd("KEYS").arg(format!("rm:{name}:cache:value:*")).query_async(&mut redis).await.unwrap();
    assert!(left.len() == 1 && left[0].ends_with(":two"), "{left:?}");
    assert_eq!(one.get(key(tenant), "new").await, "new");
    assert_eq!(two.get(untouched, "new").await, "old");
}

#[tokio::test]
async fn a_value_that_was_old_before_it_was_kept_is_not_used() {
    let replica = Replica::new(&test_services::redis().url(), &installation());
    let tenant = TenantId::new();
    let overtaken = async {
        // The write comes after this has read, and before it ends.
        replica.cache.invalidate(tenant, &["things"]).await;
        Ok::<_, Infallible>(Some("old".to_owned()))
    };
    let got = replica.cache.get_or_compute(&TEXT, key(tenant), overtaken).await.unwrap();
    assert_eq!(got.as_deref(), Some("old"));
    assert_eq!(replica.get(key(tenant), "new").await, "new");
}

#[tokio::test]
async fn without_redis_values_are_computed_and_a_write_meanwhile_is_not_forgotten() {
    let redis = test_services::Redis::start().unwrap();
    let (tenant, replica) = (TenantId::new(), Replica::new(&redis.url(), &installation()));
    assert_eq!(replica.get(key(tenant), "old").await, "old");
    redis.stop();
    assert_eq!(replica.get(key(tenant), "computed").await, "computed");
    assert!(replica.counted("away"));
    replica.cache.invalidate(tenant, &["things"]).await;
    redis.resume().unwrap();
    eventually("the cache is used again", async || {
        let value = replica.get(key(tenant), "new").await;
        assert_eq!(value, "new", "a value of before the write came back");
        replica.counted("hit").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_lost_forgotten_unreadable_or_too_large_is_computed_again() {
    let (url, name, tenant) = (test_services::redis().url(), installation(), TenantId::new());
    let replica = Replica::new(&url, &name);
    let mut redis = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let value = format!("rm:{name}:cache:value:text:v1:{tenant}:one");
    let tag = format!("rm:{name}:cache:tag:{tenant}:things");
    assert_eq!(replica.get(key(tenant), "1").await, "1");
    let _: () = redis::cmd("DEL").arg(&value).query_async(&mut redis).await.unwrap();
    assert_eq!(replica.get(key(tenant), "2").await, "2");
    // Redis may put out a tag when memory is short.
    let _: () = redis::cmd("DEL").arg(&tag).query_async(&mut redis).await.unwrap();
    assert_eq!(replica.get(key(tenant), "3").await, "3");
    let _: () = redis::cmd("SET").arg(&value).arg("rubbish").query_async(&mut redis).await.unwrap();
    assert_eq!(replica.get(key(tenant), "4").await, "4");
    let large = "x".repeat(1024 * 1024 + 1);
    let kept = Key { id: "large", ..key(tenant) };
    assert_eq!(replica.get(kept, &large).await, large);
    assert_eq!(replica.get(kept, "small").await, "small");
}

#[tokio::test]
async fn values_end_and_a_time_of_zero_keeps_none() {
    let (url, tenant) = (test_services::redis().url(), TenantId::new());
    let short = Replica::with_ttl(&url, &installation(), "1");
    assert_eq!(short.get(key(tenant), "first").await, "first");
    eventually("the value ends", async || (short.get(key(tenant), "second").await == "second").then_some(()))
        .await;
    let none = Replica::with_ttl(&url, &installation(), "0");
    assert_eq!(none.get(key(tenant), "first").await, "first");
    assert_eq!(none.get(key(tenant), "second").await, "second");
    let env = Env::from_pairs([(REDIS_URL, url.as_str()), (RM_CACHE_TTL_SECONDS, "90000")]);
    let error = CacheConfig::from_env(&env).unwrap_err().to_string();
    assert!(error.starts_with("RM_CACHE_TTL_SECONDS cannot be used: 90000 is out of range"), "{error}");
}
