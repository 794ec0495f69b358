//! The names of all environment variables that the API server and the worker read.
//!
//! `docs/configuration.md` lists each of them; a test fails when one is missing there.

macro_rules! variables {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])* pub const $name: &str = stringify!($name);)*

        /// All variables, in the order in which the documentation lists them.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

variables! {
    /// `development`, `staging` or `production`; default `development`.
    RM_ENVIRONMENT
    /// Name of the installation, the prefix of its Redis keys; default `resume-matcher`.
    RM_INSTALLATION
    /// Days for which backups are kept; said to people who have themselves erased; default 30.
    RM_BACKUP_RETENTION_DAYS
    /// Postgres URL of the application role, which cannot bypass row-level security.
    DATABASE_URL
    /// Postgres URL of the role that owns the schema; only migrations use it; default `DATABASE_URL`.
    DATABASE_OWNER_URL
    /// Most Postgres connections that one process opens; default 10.
    RM_DATABASE_MAX_CONNECTIONS
    /// `redis://[:password@]host:port/db`.
    REDIS_URL
    /// Seconds for which computed values are kept in Redis, 0 to 86400; 0 keeps none; default 3600.
    RM_CACHE_TTL_SECONDS
    /// URL of the object storage; absent for AWS itself.
    S3_ENDPOINT
    /// Name of the bucket.
    S3_BUCKET
    /// Region of the bucket; default `us-east-1`.
    S3_REGION
    /// `true` when the bucket is the first part of the path and not of the host name; default `true` with `S3_ENDPOINT`.
    S3_FORCE_PATH_STYLE
    /// Key id for the object storage; absent where workload identity gives credentials.
    AWS_ACCESS_KEY_ID
    /// Secret key for the object storage.
    AWS_SECRET_ACCESS_KEY
    /// At least 32 random bytes, base64: signs access tokens of local accounts.
    RM_TOKEN_KEY
    /// Comma-separated keys of 32 bytes in base64 that seal secrets at rest, the newest first; default: one made from
    /// `RM_TOKEN_KEY`.
    RM_ENCRYPTION_KEYS
    /// Address on which the API listens; default `0.0.0.0:8000`.
    RM_LISTEN
    /// Address of metrics and probes; default `0.0.0.0:9090`.
    RM_METRICS_LISTEN
    /// The URL that people use; default `http://localhost:8000`.
    RM_PUBLIC_URL
    /// Comma-separated networks (CIDR) whose `X-Forwarded-*` headers are believed; default none.
    RM_TRUSTED_PROXIES
    /// The header in which those proxies name the client: `x-forwarded-for` or `forwarded`; default `x-forwarded-for`.
    RM_FORWARDED_HEADER
    /// Requests that one client may make on `/api` in a minute; 0 for no limit; default 100.
    RM_RATE_LIMIT_PER_MINUTE
    /// Comma-separated networks (CIDR) whose requests are refused; default none.
    RM_DENIED_NETWORKS
    /// Comma-separated origins whose pages may call the API; default none.
    RM_CORS_ORIGINS
    /// Outside issuers whose tokens are taken, as a JSON array; default none.
    RM_AUTH_ISSUERS
    /// Secret of an outside issuer whose tokens are signed by HS256; `RM_AUTH_ISSUERS` names it.
    RM_AUTH_SECRET_1
    /// Another one.
    RM_AUTH_SECRET_2
    /// Another one.
    RM_AUTH_SECRET_3
    /// Another one.
    RM_AUTH_SECRET_4
    /// Comma-separated private networks from which keys of issuers may be fetched, also by http; default none.
    RM_AUTH_ALLOWED_NETWORKS
    /// At least 32 characters: whoever sends it as bearer token runs the installation; absent, nobody does.
    RM_ADMIN_TOKEN
    /// The sender of mails, such as `Resume Matcher <noreply@example.org>`; required where mail is sent.
    RM_MAIL_FROM
    /// Key of SendGrid, by which mail is sent; absent, mail is sent by `RM_SMTP_URL` or not at all.
    RM_SENDGRID_API_KEY
    /// URL of SendGrid; default `https://api.sendgrid.com`.
    RM_SENDGRID_URL
    /// Public key with which SendGrid signs its event webhook; absent, the webhook is closed.
    RM_SENDGRID_WEBHOOK_KEY
    /// Mail server by which mail is sent: `smtps://user:password@host:465` or `smtp://…:587?tls=required`.
    RM_SMTP_URL
    /// Plans of tenants as a JSON array, the first one for those that pay for none; default: one without limits.
    RM_PLANS
    /// Secret key of Stripe, where plans are sold; absent, nothing is sold.
    RM_STRIPE_SECRET_KEY
    /// URL of Stripe; default `https://api.stripe.com`.
    RM_STRIPE_URL
    /// Secret with which Stripe signs its webhook; absent, the webhook is closed.
    RM_STRIPE_WEBHOOK_SECRET
    /// Folder of the embedding model.
    RM_MODEL_DIR
    /// Path of `libpdfium.so`.
    RM_PDFIUM
    /// Pages of a PDF file that are read; default 50.
    RM_MAX_PAGES
    /// Languages of scans, as tesseract names them; default `eng`.
    RM_OCR_LANGUAGES
    /// Log filter in the syntax of `tracing_subscriber::EnvFilter`; default `info`.
    RM_LOG
    /// URL of an OTLP collector (HTTP, protobuf) to which spans of traces go, without `/v1/traces`; absent, none are made.
    OTEL_EXPORTER_OTLP_ENDPOINT
    /// The same with the path, for traces alone.
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
    /// Headers for the collector: `name=value` pairs joined by commas, values percent-encoded.
    OTEL_EXPORTER_OTLP_HEADERS
    /// Only `http/protobuf`, which is the default.
    OTEL_EXPORTER_OTLP_PROTOCOL
    /// Milliseconds that one request to the collector may take; default 10000.
    OTEL_EXPORTER_OTLP_TIMEOUT
    /// `otlp` (the default) or `none`.
    OTEL_TRACES_EXPORTER
    /// Which traces are exported: `always_on` (the default), `always_off` or `traceidratio`, with or without `parentbased_`.
    OTEL_TRACES_SAMPLER
    /// The share for `traceidratio`, 0 to 1; default 1.
    OTEL_TRACES_SAMPLER_ARG
    /// `true` turns the export off.
    OTEL_SDK_DISABLED
    /// Name of the service in traces; default `resume-matcher-api` and `resume-matcher-worker`.
    OTEL_SERVICE_NAME
    /// More of the service in traces: `key=value` pairs joined by commas.
    OTEL_RESOURCE_ATTRIBUTES
    /// DSN of a project of Sentry, to which errors are reported; absent, they are only logged.
    SENTRY_DSN
    /// The environment that Sentry shows; default `RM_ENVIRONMENT`.
    SENTRY_ENVIRONMENT
    /// The release that Sentry shows; default `resume-matcher@` and the version.
    SENTRY_RELEASE
    /// The share of requests and tasks whose times go to Sentry, 0 to 1; default 0.1.
    SENTRY_TRACES_SAMPLE_RATE
    /// Comma-separated private networks from which the worker may fetch pages of jobs; default none.
    RM_FETCH_ALLOWED_NETWORKS
    /// Tasks that one worker runs at a time; default: the number of cores.
    RM_WORKER_CONCURRENCY
    /// Seconds after which a silent worker's task is given to another one; default 30.
    RM_WORKER_LEASE_SECONDS
    /// Seconds that a worker told to stop lets its tasks run before it hands them back; default 20.
    RM_WORKER_GRACE_SECONDS
    /// URL of the object storage for backups; absent for AWS itself.
    RM_BACKUP_ENDPOINT
    /// Name of the bucket for backups.
    RM_BACKUP_BUCKET
    /// Path in that bucket; default: the name of the installation.
    RM_BACKUP_PREFIX
    /// Region of that bucket; default `us-east-1`.
    RM_BACKUP_REGION
    /// `true` when that bucket is the first part of the path; default `true` with `RM_BACKUP_ENDPOINT`.
    RM_BACKUP_FORCE_PATH_STYLE
    /// Key id for that bucket; absent where workload identity gives credentials.
    RM_BACKUP_ACCESS_KEY_ID
    /// Secret key for that bucket.
    RM_BACKUP_SECRET_ACCESS_KEY
    /// At least 32 random bytes, base64: signs the manifests of backups.
    RM_BACKUP_SIGNING_KEY
    /// Most bytes per second that a backup sends; default no limit.
    RM_BACKUP_BANDWIDTH
    /// Seconds for which a failed request to that bucket is repeated; default 120.
    RM_BACKUP_RETRY_SECONDS
    /// Days for which a backup is kept; default 30.
    RM_BACKUP_KEEP_DAYS
    /// So many of the newest backups are kept whatever their age; default 3.
    RM_BACKUP_KEEP_LAST
    /// The newest backup of each of so many days is kept; default 0.
    RM_BACKUP_KEEP_DAILY
    /// The newest backup of each of so many weeks is kept; default 0.
    RM_BACKUP_KEEP_WEEKLY
    /// The newest backup of each of so many months is kept; default 0.
    RM_BACKUP_KEEP_MONTHLY
    /// Postgres URL of a role that may create databases, where restores are tried; default `DATABASE_OWNER_URL`.
    RM_BACKUP_SCRATCH_URL
    /// Folder of `pg_dump`, `pg_restore` and `psql`; default: the one that fits the server.
    RM_POSTGRES_TOOLS
}
