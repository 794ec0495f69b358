//! Rate limits counted in a real Redis: shared by replicas, kept by each alone while Redis is away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::time::Duration;

use platform::config::{CacheConfig, Env};
use platform::env_vars::REDIS_URL;
use platform::names::InstallationName;
use platform::rate_limit::{Quota, RateLimiter, Source};
use support::eventually;

const QUOTA: Quota = Quota { requests: 5, window: Duration::from_secs(3600) };

fn limiter(url: &str, installation: &InstallationName) -> RateLimiter {
    let config = CacheConfig::from_env(&Env::from_pairs([(REDIS_URL, url)])).unwrap();
    RateLimiter::open(&config, installation).unwrap()
}

#[tokio::test]
async fn two_replicas_count_together() {
    let url = test_services::redis().url();
    let installation = test_services::unique_name("rate").parse().unwrap();
    let replicas = [limiter(&url, &installation), limiter(&url, &installation)];
    let mut remaining = Vec::new();
    for n in 0..5 {
        let decision = replicas[n % 2].admit("address:192.0.2.1", QUOTA).await;
        assert!(decision.admitted && decision.source == Source::Redis, "{decision:?}");
        remaining.push(decision.remaining);
    }
    assert_eq!(remaining, [4, 3, 2, 1, 0]);
    for replica in &replicas {
        let refused = replica.admit("address:192.0.2.1", QUOTA).await;
        assert!(!refused.admitted && refused.wait > Duration::ZERO, "{refused:?}");
    }
    assert!(replicas[0].admit("address:192.0.2.2", QUOTA).await.admitted);
}

#[tokio::test]
async fn a_client_is_admitted_again_when_its_requests_leave_the_window() {
    let limiter =
        limiter(&test_services::redis().url(), &test_services::unique_name("rate").parse().unwrap());
    let quota = Quota { requests: 2, window: Duration::from_millis(400) };
    while limiter.admit("a", quota).await.admitted {}
    eventually("another request fits", async || limiter.admit("a", quota).await.admitted.then_some(())).await;
}

#[tokio::test]
async fn without_redis_the_process_counts_by_itself_and_returns_to_redis() {
    let redis = test_services::Redis::start().unwrap();
    let limiter = limiter(&redis.url(), &test_services::unique_name("rate").parse().unwrap());
    assert_eq!(limiter.admit("a", QUOTA).await.source, Source::Redis);
    redis.stop();
    let mut admitted = 0;
    for _ in 0..8 {
        let decision = limiter.admit("a", QUOTA).await;
        assert_eq!(decision.source, Source::Local);
        admitted += u32::from(decision.admitted);
    }
    assert_eq!(admitted, QUOTA.requests);
    redis.resume().unwrap();
    eventually("Redis counts again", async || {
        (limiter.admit("b", QUOTA).await.source == Source::Redis).then_some(())
    })
    .await;
}
