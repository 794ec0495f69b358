//! What the cache has in Redis.
//!
//! | key, behind `rm:INSTALLATION:cache:` | holds |
//! |---|---|
//! | `value:KIND:vN:TENANT:ID` | the value with the generations of its tags at the time before it was computed |
//! | `lock:KIND:vN:TENANT:ID` | who computes it now |
//! | `tag:TENANT:TAG` | the tag's generation, a random text; another one makes all its values old |
//! | `keys:TENANT:TAG` | the keys of the tag's values, to delete them |

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::ConnectionManager;
use redis::{Client, FromRedisValue, RedisError, Script};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::CacheConfig;
use crate::names::{InstallationName, TenantId};
use crate::redis_connection::settings;
use crate::telemetry::spans::{Work, within};

/// How long Redis may take: a cache must not slow down what it speeds up.
const PATIENCE: Duration = Duration::from_millis(250);
/// For how long Redis is left alone after it did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// After how long a lock ends whose holder died.
const LEASE_MILLISECONDS: u64 = 30_000;
/// How long a tag is remembered without use, in seconds: longer than any value. One that is forgotten gets a new generation, so
/// that its values are computed again.
const TAG_SECONDS: u64 = 2 * 86_400;

/// Reads a value and its tags' generations. A tag that has none gets one, so that a forgotten tag never looks like an old one.
const LOOK: &str = r"
local generations = {}
for i = 2, #KEYS do
    redis.call('SET', KEYS[i], ARGV[1], 'NX', 'EX', ARGV[2])
    generations[i - 1] = redis.call('GET', KEYS[i])
end
return { redis.call('GET', KEYS[1]), generations }
";
/// Makes a tag's values old, and deletes them.
const DROP: &str = r"
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
local found = redis.call('SPOP', KEYS[2], 1000)
while #found > 0 do
    redis.call('UNLINK', unpack(found))
    found = redis.call('SPOP', KEYS[2], 1000)
end
return 1
";
/// Ends a lock, if it is still one's own.
const UNLOCK: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
";

/// Why the cache cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("REDIS_URL is not a Redis URL")]
pub struct ParseUrl(#[source] RedisError);

/// A value as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    generations: Vec<String>,
    value: Option<Vec<u8>>,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Seen {
    /// The value, if there is one and it is not old; `Some(None)` says that there is no such thing.
    pub(super) value: Option<Option<Vec<u8>>>,
    /// The generations of the tags now.
    pub(super) generations: Vec<String>,
}

/// Whether one may compute alone.
#[derive(Debug)]
pub(super) enum Lock {
    /// One may, and nobody else does.
    Held(String),
    /// Somebody else does.
    Taken,
    /// Nobody can tell.
    Unknown,
}

impl Lock {
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::Taken)
    }
}

struct Scripts {
    look: Script,
    drop: Script,
    unlock: Script,
}

/// The connection and what is known of it.
#[derive(Clone)]
pub(super) struct Store {
    connection: ConnectionManager,
    prefix: Arc<str>,
    scripts: Arc<Scripts>,
    started: Instant,
    /// Milliseconds after `started` until which Redis is left alone.
    away_until: Arc<AtomicU64>,
    /// Tags that Redis could not be told of.
    delayed: Arc<Mutex<BTreeSet<(TenantId, String)>>>,
}

impl Store {
    pub(super) fn open(config: &CacheConfig, installation: &InstallationName) -> Result<Self, ParseUrl> {
        let client = Client::open(config.url.expose_secret()).map_err(ParseUrl)?;
        let connection =
            ConnectionManager::new_lazy_with_config(client, settings(PATIENCE)).map_err(ParseUrl)?;
        Ok(Self {
            connection,
            prefix: format!("rm:{installation}:cache:").into(),
            scripts: Arc::new(Scripts {
                look: Script::new(LOOK),
                drop: Script::new(DROP),
                unlock: Script::new(UNLOCK),
            }),
            started: Instant::now(),
            away_until: Arc::default(),
            delayed: Arc::default(),
        })
    }

    /// What there is of `name`; none while Redis is away.
    pub(super) async fn look(&self, name: &str, tenant: TenantId, tags: &[&str]) -> Option<Seen> {
        if !self.send_delayed().await {
            return None;
        }
        let mut call = self.scripts.look.key(self.key("value", name));
        for tag in tags {
            call.key(self.key("tag", &format!("{tenant}:{tag}")));
        }
        call.arg(Uuid::new_v4().to_string()).arg(TAG_SECONDS);
        let mut connection = self.connection.clone();
        let asking = call.invoke_async(&mut connection);
        let (bytes, generations): (Option<Vec<u8>>, Vec<String>) = self.ask(asking).await?;
        let kept = bytes.and_then(|bytes| postcard::from_bytes::<Kept>(&bytes).ok());
        let value = kept.filter(|kept| kept.generations == generations).map(|kept| kept.value);
        Some(Seen { value, generations })
    }

    /// Keeps a value that was computed after its tags had these generations.
    pub(super) async fn keep(
        &self,
        name: &str,
        tenant: TenantId,
        tags: &[&str],
        generations: &[String],
        value: Option<&[u8]>,
        ttl: Duration,
    ) {
        let kept = Kept { generations: generations.to_vec(), value: value.map(<[u8]>::to_vec) };
        let Ok(bytes) = postcard::to_stdvec(&kept) else { return };
        let key = self.key("value", name);
        let milliseconds = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut pipe = redis::pipe();
        pipe.atomic();
        for tag in tags {
            let keys = self.key("keys", &format!("{tenant}:{tag}"));
            pipe.cmd("SADD").arg(&keys).arg(&key).ignore();
            pipe.cmd("EXPIRE").arg(&keys).arg(TAG_SECONDS).ignore();
        }
        pipe.cmd("SET").arg(&key).arg(bytes).arg("PX").arg(milliseconds).ignore();
        let mut connection = self.connection.clone();
        let _: Option<()> = self.ask(pipe.query_async(&mut connection)).await;
    }

    /// Makes the values of a tag old; whether Redis was told.
    pub(super) async fn drop_tag(&self, tenant: TenantId, tag: &str) -> bool {
        self.delayed().insert((tenant, tag.to_owned()));
        self.send_delayed().await
    }

    /// Takes the right to compute `name`.
    pub(super) async fn lock(&self, name: &str) -> Lock {
        let token = Uuid::new_v4().to_string();
        let mut command = redis::cmd("SET");
        command.arg(self.key("lock", name)).arg(&token).arg("NX").arg("PX").arg(LEASE_MILLISECONDS);
        let mut connection = self.connection.clone();
        match self.ask(command.query_async::<Option<String>>(&mut connection)).await {
            Some(Some(_)) => Lock::Held(token),
            Some(None) => Lock::Taken,
            None => Lock::Unknown,
        }
    }

    /// Gives the right to compute `name` back.
    pub(super) async fn unlock(&self, name: &str, lock: Lock) {
        let Lock::Held(token) = lock else { return };
        let mut call = self.scripts.unlock.key(self.key("lock", name));
        call.arg(token);
        let mut connection = self.connection.clone();
        let _: Option<u64> = self.ask(call.invoke_async(&mut connection)).await;
    }

    /// Tells Redis of the tags that it could not be told of before; whether it knows of all now.
    async fn send_delayed(&self) -> bool {
        loop {
            let Some((tenant, tag)) = self.delayed().first().cloned() else { return !self.is_away() };
            let name = format!("{tenant}:{tag}");
            let mut call = self.scripts.drop.key(self.key("tag", &name));
            call.key(self.key("keys", &name)).arg(Uuid::new_v4().to_string()).arg(TAG_SECONDS);
            let mut connection = self.connection.clone();
            let told: Option<u64> = self.ask(call.invoke_async(&mut connection)).await;
            if told.is_none() {
                return false;
            }
            self.delayed().remove(&(tenant, tag));
        }
    }

    fn delayed(&self) -> std::sync::MutexGuard<'_, BTreeSet<(TenantId, String)>> {
        self.delayed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of Redis; none if it is away, and then it is left alone for a while.
    async fn ask<T: FromRedisValue>(&self, asking: impl Future<Output = Result<T, RedisError>>) -> Option<T> {
        if self.is_away() {
            return None;
        }
        let asked = tokio::time::timeout(PATIENCE, within("ask the cache", Work::Redis, asking)).await;
        let error: Box<dyn std::error::Error + Send + Sync> = match asked {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.into(),
            Err(elapsed) => elapsed.into(),
        };
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        self.away_until.store(self.now().saturating_add(pause), Ordering::Relaxed);
        tracing::warn!(%error, "the cache is not used while Redis does not answer");
        None
    }

    fn is_away(&self) -> bool {
        self.now() < self.away_until.load(Ordering::Relaxed)
    }

    fn key(&self, part: &str, name: &str) -> String {
        format!("{}{part}:{name}", self.prefix)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
