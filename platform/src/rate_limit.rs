//! How much a client may ask for in a time, counted over all replicas in Redis, and in this process while Redis is away.
//!
//! A sliding window of two counters: requests of the window before count in proportion to how much of it still lies in
//! the last `window`. That needs two numbers for a client however many requests it makes, and at a window's edge lets
//! nobody through twice, as a fixed window would. (Cloudflare, "How we built rate limiting capable of scaling to millions
//! of domains", 2017: 0.003 % of 400 million requests were judged otherwise than by an exact log.)

mod local;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::ConnectionManager;
use redis::{Client, RedisError, Script};
use secrecy::ExposeSecret as _;

use crate::config::CacheConfig;
use crate::names::InstallationName;
use crate::redis_connection::settings;
use crate::telemetry::spans::{Work, within};
use local::LocalWindows;
use window::Window;

/// How long Redis may take before this process counts by itself: a limit must not slow down what it guards.
const PATIENCE: Duration = Duration::from_millis(250);
/// For how long Redis is left alone after it did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The same arithmetic as [`Window`], by the clock of Redis, so that replicas need not agree on the time. Requests that
/// are refused do not count: a client that keeps asking gets its rate and is not locked out.
const SCRIPT: &str = r"
local now = redis.call('TIME')
local time = now[1] * 1000 + math.floor(now[2] / 1000)
local width, quota = tonumber(ARGV[1]), tonumber(ARGV[2])
local index = math.floor(time / width)
local elapsed = time - index * width
local state = redis.call('HMGET', KEYS[1], 'index', 'current', 'previous')
local seen, current, previous = tonumber(state[1]), tonumber(state[2]) or 0, tonumber(state[3]) or 0
if seen ~= index then
    previous = seen == index - 1 and current or 0
    current = 0
end
local admitted = previous * (width - elapsed) + (current + 1) * width <= quota * width
if admitted then
    current = current + 1
    redis.call('HSET', KEYS[1], 'index', index, 'current', current, 'previous', previous)
    redis.call('PEXPIRE', KEYS[1], 2 * width)
end
return { admitted and 1 or 0, previous, current, elapsed }
";

/// What a client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a window; at least 1.
    pub requests: u32,
    /// Length of the window; at least a millisecond.
    pub window: Duration,
}

/// Where a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In Redis, over all replicas.
    Redis,
    /// In this process, because Redis is away: each replica then counts for itself.
    Local,
}

impl Source {
    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Local => "local",
        }
    }
}

/// Whether a request may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may.
    pub admitted: bool,
    /// How many more requests may follow at this moment.
    pub remaining: u32,
    /// Admitted: until the present window ends. Refused: until one request would be admitted.
    pub wait: Duration,
    /// Where it was decided.
    pub source: Source,
}

/// Why the limiter cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("REDIS_URL is not a Redis URL")]
pub struct ParseUrl(#[source] RedisError);

/// Counts requests by client. Clones share the counts.
#[derive(Clone)]
pub struct RateLimiter {
    connection: ConnectionManager,
    prefix: Arc<str>,
    script: Arc<Script>,
    local: Arc<LocalWindows>,
    started: Instant,
    /// Milliseconds after `started` until which Redis is left alone.
    away_until: Arc<AtomicU64>,
}

impl RateLimiter {
    /// Prepares the connection; an absent Redis is no error.
    ///
    /// # Errors
    /// When the URL is wrong.
    pub fn open(config: &CacheConfig, installation: &InstallationName) -> Result<Self, ParseUrl> {
        let client = Client::open(config.url.expose_secret()).map_err(ParseUrl)?;
        let connection =
            ConnectionManager::new_lazy_with_config(client, settings(PATIENCE)).map_err(ParseUrl)?;
        Ok(Self {
            connection,
            prefix: format!("rm:{installation}:rate:").into(),
            script: Arc::new(Script::new(SCRIPT)),
            local: Arc::default(),
            started: Instant::now(),
            away_until: Arc::default(),
        })
    }

    /// Counts one request of `client` against `quota`. Never fails: without Redis this process decides.
    pub async fn admit(&self, client: &str, quota: Quota) -> Decision {
        let now = self.now();
        if now >= self.away_until.load(Ordering::Relaxed) {
            let asking = within("count the request", Work::Redis, self.ask_redis(client, quota));
            match tokio::time::timeout(PATIENCE, asking).await {
                Ok(Ok(decision)) => return decision,
                Ok(Err(error)) => self.leave_alone(&error),
                Err(elapsed) => self.leave_alone(&elapsed),
            }
        }
        self.local.admit(client, quota, self.now())
    }

    async fn ask_redis(&self, client: &str, quota: Quota) -> Result<Decision, RedisError> {
        let width = window::width(quota);
        let mut call = self.script.key(format!("{}{client}", self.prefix));
        call.arg(width).arg(quota.requests);
        let (admitted, previous, current, elapsed): (u8, u64, u64, u64) =
            call.invoke_async(&mut self.connection.clone()).await?;
        let window = Window { previous, current };
        Ok(window.decision(admitted == 1, elapsed, quota, Source::Redis))
    }

    fn leave_alone(&self, error: &dyn std::error::Error) {
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        self.away_until.store(self.now().saturating_add(pause), Ordering::Relaxed);
        tracing::warn!(%error, "Redis does not count requests; this process does");
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
