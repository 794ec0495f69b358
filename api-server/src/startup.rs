//! Builds the application from its settings and runs it: the same for production and tests.

use std::{net::SocketAddr, time::Duration};

use platform::{
    billing::stripe::StripeError,
    cache::{Cache, ParseUrl as CacheParseUrl},
    config::{
        AdminConfig, BillingConfig, CacheConfig, ConfigError, DatabaseConfig, EncryptionConfig, Env,
        HttpConfig, InstallationConfig, IssuersConfig, MailConfig, ObjectStorageConfig, ProbesConfig,
        TokenConfig,
    },
    digest::Sha256Digest,
    postgres::{self, PostgresError},
    probes::{self, Probes, Readiness},
    queue::{Queue, QueueError},
    rate_limit::{ParseUrl, RateLimiter},
    sealing::{Keyring, SealError},
    storage::{Storage, StorageError},
    telemetry::Metrics,
};
use ring::hmac;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{billing::Billing, outside::Outside},
    auth::{
        outside::OutsideIssuers,
        password::{PasswordError, PasswordHasher},
        token::TokenSigner,
    },
    changes::Changes,
    documents::Documents,
    mailing::Mailing,
    middleware::{client::Proxies, limits::Places, metrics::HttpMetrics, rate_limit::Guard},
    queue_state,
    router::{self, Frame},
    server::{self, Farewell},
    state::{AppState, Services},
};

/// The one condition of `/readyz`: it is lost when the process is told to stop.
const ACCEPTING: &str = "accepting requests";
/// For how long Postgres may be away at the start before the process gives up and is started anew.
const CONNECT_DEADLINE: Duration = Duration::from_secs(60);
/// Time from "not ready" to "no new connections": load balancers must have seen it.
const DRAIN_DELAY: Duration = Duration::from_secs(3);
/// Time for clients to send their last request and take its answer; with the delay it stays below Kubernetes' grace period
/// of 30 seconds.
const DRAIN_DEADLINE: Duration = Duration::from_secs(20);
/// Time without a request after which a connection is closed while the process stops: long enough that hardly any client
/// sends a request at the very moment.
const DRAIN_IDLE: Duration = Duration::from_secs(10);

/// Time for the last answers of the probes.
const PROBES_GRACE: Duration = Duration::from_secs(2);

/// Everything that the application reads from its environment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name and environment.
    pub installation: InstallationConfig,
    /// Postgres.
    pub database: DatabaseConfig,
    /// Redis.
    pub cache: CacheConfig,
    /// Object storage.
    pub object_storage: ObjectStorageConfig,
    /// Key of the access tokens.
    pub token: TokenConfig,
    /// Outside issuers whose tokens are taken too.
    pub issuers: IssuersConfig,
    /// Keys of secrets at rest.
    pub encryption: EncryptionConfig,
    /// How mail leaves, if it does.
    pub mail: MailConfig,
    /// Plans, and Stripe.
    pub billing: BillingConfig,
    /// Who runs the installation.
    pub admin: AdminConfig,
    /// Address and URL.
    pub http: HttpConfig,
    /// Address of metrics and probes.
    pub probes: ProbesConfig,
    /// How to stop.
    pub drain: Drain,
    /// How much at once.
    pub limits: router::Limits,
}

/// How to stop.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// Time from "not ready" to "no new connections".
    pub delay: Duration,
    /// Time without a request after which a connection is closed, counted from "not ready".
    pub idle: Duration,
    /// Time for requests in flight to finish after that.
    pub deadline: Duration,
}

impl Settings {
    /// Reads the environment.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            installation: InstallationConfig::from_env(env)?,
            database: DatabaseConfig::from_env(env)?,
            cache: CacheConfig::from_env(env)?,
            object_storage: ObjectStorageConfig::from_env(env)?,
            token: TokenConfig::from_env(env)?,
            issuers: IssuersConfig::from_env(env)?,
            encryption: EncryptionConfig::from_env(env)?,
            mail: MailConfig::from_env(env)?,
            billing: BillingConfig::from_env(env)?,
            admin: AdminConfig::from_env(env)?,
            http: HttpConfig::from_env(env)?,
            probes: ProbesConfig::from_env(env)?,
            drain: Drain { delay: DRAIN_DELAY, idle: DRAIN_IDLE, deadline: DRAIN_DEADLINE },
            limits: router::Limits::default(),
        })
    }
}

/// Why the application did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Postgres is away, or the role is not fit.
    #[error("cannot use Postgres")]
    Database(#[from] PostgresError),
    /// The queue's address is wrong.
    #[error("cannot use Redis")]
    Queue(#[from] QueueError),
    /// The address of the counts of requests is wrong.
    #[error("cannot count requests")]
    RateLimiter(#[from] ParseUrl),
    /// The address of computed values is wrong.
    #[error("cannot keep computed values")]
    Cache(#[from] CacheParseUrl),
    /// The storage's settings make no client.
    #[error("cannot use the object storage")]
    Storage(#[from] StorageError),
    /// The client that fetches keys of outside issuers cannot be made.
    #[error("cannot fetch keys of RM_AUTH_ISSUERS")]
    Issuers(#[source] reqwest::Error),
    /// Passwords cannot be hashed.
    #[error("cannot hash passwords")]
    Passwords(#[from] PasswordError),
    /// Secrets at rest cannot be sealed.
    #[error("cannot use the encryption keys")]
    Encryption(#[from] SealError),
    /// The client of Stripe cannot be made.
    #[error("cannot use Stripe")]
    Stripe(#[from] StripeError),
    /// A port is taken or may not be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The routes cannot be put together.
    #[error("cannot build the routes")]
    Router(#[from] router::RouterError),
}

impl StartError {
    /// Whether the settings are wrong, so that starting again cannot help.
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Database(PostgresError::ParseUrl(_) | PostgresError::PrivilegedRole { .. })
                | Self::Queue(QueueError::ParseUrl(_))
                | Self::RateLimiter(_)
                | Self::Cache(_)
                | Self::Encryption(_)
                | Self::Stripe(_)
                | Self::Storage(StorageError::Configure(_))
                | Self::Router(_)
        )
    }
}

/// An application that is bound to its ports and can run.
pub struct Application {
    listener: TcpListener,
    probes_listener: TcpListener,
    router: axum::Router,
    probes: Probes,
    drain: Drain,
    changes: Changes,
    stopping: CancellationToken,
    pool: PgPool,
}

impl Application {
    /// Connects, binds and builds the routes.
    pub async fn build(settings: &Settings) -> Result<Self, StartError> {
        platform::tls::install_provider();
        let pool = connect(&settings.database).await?;
        let key = settings.token.key.expose_secret();
        let tokens = TokenSigner::new(settings.installation.name.as_str(), key);
        let keyring = Keyring::new(&settings.encryption)?;
        let (changes, stopping) = (Changes::default(), CancellationToken::new());
        let probes = Probes { metrics: Metrics::new(), readiness: Readiness::new(&[ACCEPTING]) };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let state = AppState::new(Services {
            pool: pool.clone(),
            queue: Queue::open(&settings.cache, &settings.installation.name)?,
            storage: Storage::open(settings.object_storage.clone())?,
            cache: Cache::open(&settings.cache, &settings.installation.name, &probes.metrics)?,
            tokens: tokens.clone(),
            outside: Outside::new(OutsideIssuers::new(&settings.issuers).map_err(StartError::Issuers)?),
            admin_token: settings
                .admin
                .token
                .as_ref()
                .map(|t| Sha256Digest::of(t.expose_secret().as_bytes())),
            backup_retention_days: settings.installation.backup_retention_days,
            changes: changes.clone(),
            streams: Places::new(settings.limits.streams),
            stopping: stopping.clone(),
            passwords: PasswordHasher::new(cores)?,
            documents: Documents::new(cores),
            billing: Billing::new(&settings.billing, &settings.http.public_url)?,
            mailing: Mailing::new(&settings.mail, keyring, &settings.http.public_url),
            challenge_key: derived_key(key, b"second factor"),
            form_key: derived_key(key, b"forms"),
            https: settings.http.public_url.starts_with("https://"),
        });
        let limiter = RateLimiter::open(&settings.cache, &settings.installation.name)?;
        let frame = Frame {
            limits: settings.limits,
            metrics: HttpMetrics::register(&probes.metrics),
            public_url: settings.http.public_url.clone(),
            cors_origins: settings.http.cors_origins.clone(),
            proxies: Proxies::new(&settings.http),
            guard: Guard::new(&settings.http, limiter, tokens, &probes.metrics),
        };
        let router = router::build(state, &frame, probes.clone())?;
        Ok(Self {
            listener: bind(settings.http.listen).await?,
            probes_listener: bind(settings.probes.listen).await?,
            router,
            probes,
            drain: settings.drain,
            changes,
            stopping,
            pool,
        })
    }

    /// The address of the API, with the port that the system chose if it was 0.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What is shown at `/metrics`.
    pub fn metrics(&self) -> &Metrics {
        &self.probes.metrics
    }

    /// The address of metrics and probes.
    pub fn probes_address(&self) -> std::io::Result<SocketAddr> {
        self.probes_listener.local_addr()
    }

    /// Serves until `stop` is cancelled, then finishes what is in flight.
    pub async fn run(self, stop: CancellationToken) -> std::io::Result<()> {
        let stop_probes = CancellationToken::new();
        let queue = queue_state::routes(self.pool.clone());
        let probes = tokio::spawn(probes::serve_with(
            self.probes_listener,
            self.probes.clone(),
            queue,
            stop_probes.clone(),
        ));
        self.probes.readiness.met(ACCEPTING);
        let listening = tokio::spawn(self.changes.listen(self.pool.clone(), self.stopping.clone()));
        let (readiness, stopping) = (self.probes.readiness, self.stopping);
        let farewell = Farewell { leaving: stop.clone(), idle: self.drain.idle };
        let told_to_stop = async move {
            stop.cancelled().await;
            readiness.lost(ACCEPTING);
            tokio::time::sleep(self.drain.delay).await;
            // Streams would never end by themselves; their clients come back to another replica.
            stopping.cancel();
        };
        let served = server::serve(self.listener, self.router, farewell, told_to_stop, self.drain.deadline);
        let cut_off = served.await;
        if cut_off > 0 {
            tracing::warn!(connections = cut_off, "connections were cut off at the deadline");
        }
        listening.await.map_err(std::io::Error::other)?;
        self.pool.close().await;
        // The probes answer to the last, so that a stopping pod is seen as live and not ready.
        stop_probes.cancel();
        match tokio::time::timeout(PROBES_GRACE, probes).await {
            Ok(ended) => ended.map_err(std::io::Error::other)?,
            // A client that keeps its connection open does not keep the process.
            Err(_elapsed) => Ok(()),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

// In a new cluster everything starts at once: Postgres may need a moment more than we do.
async fn connect(config: &DatabaseConfig) -> Result<PgPool, PostgresError> {
    let deadline = tokio::time::Instant::now() + CONNECT_DEADLINE;
    let mut pause = Duration::from_millis(200);
    loop {
        match postgres::connect(config).await {
            Err(PostgresError::Connect(error)) if tokio::time::Instant::now() + pause < deadline => {
                tracing::warn!(%error, "Postgres does not answer yet");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            other => return other,
        }
    }
}

// Each use of the one secret gets a key of its own, so that a token of one kind is never taken for another.
fn derived_key(secret: &[u8], purpose: &[u8]) -> hmac::Key {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), purpose);
    hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref())
}
