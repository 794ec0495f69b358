//! What the integration tests share.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use platform::config::{CacheConfig, DatabaseConfig, Env, ObjectStorageConfig};
use platform::env_vars::{
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, DATABASE_OWNER_URL, DATABASE_URL, REDIS_URL, S3_BUCKET,
    S3_ENDPOINT,
};
use platform::migrations::{self, Phase};
use platform::names::{AccountId, TenantId};
use platform::postgres;
use platform::queue::Queue;
use platform::storage::Storage;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;

/// How long a condition may take. Test machines can be very busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A fresh database without schema.
pub(crate) async fn database_config() -> DatabaseConfig {
    let database = test_services::postgres().create_database().await.unwrap();
    let pairs = [(DATABASE_URL, database.app_url), (DATABASE_OWNER_URL, database.owner_url)];
    DatabaseConfig::from_env(&Env::from_pairs(pairs)).unwrap()
}

/// A pool of the application role on a fresh database with the schema.
pub(crate) async fn migrated_pool() -> PgPool {
    let config = database_config().await;
    migrations::up(&config, &[Phase::Expand, Phase::Contract]).await.unwrap();
    postgres::connect(&config).await.unwrap()
}

/// A queue of its own.
pub(crate) fn queue() -> Queue {
    queue_on(&test_services::redis().url())
}

/// A queue of its own on the Redis at `url`.
pub(crate) fn queue_on(url: &str) -> Queue {
    let config = CacheConfig::from_env(&Env::from_pairs([(REDIS_URL, url)])).unwrap();
    Queue::open(&config, &test_services::unique_name("q").parse().unwrap()).unwrap()
}

/// A bucket of its own, already made, and its name.
pub(crate) async fn storage() -> (Storage, String) {
    let server = test_services::object_storage();
    let bucket = test_services::unique_name("b");
    let storage = Storage::open(storage_config(server, &bucket)).unwrap();
    assert!(storage.ensure_bucket().await.unwrap());
    (storage, bucket)
}

pub(crate) fn storage_config(server: &test_services::ObjectStorage, bucket: &str) -> ObjectStorageConfig {
    let (id, secret) = server.credentials();
    let endpoint = server.endpoint();
    let pairs = [
        (S3_ENDPOINT, endpoint.as_str()),
        (S3_BUCKET, bucket),
        (AWS_ACCESS_KEY_ID, id),
        (AWS_SECRET_ACCESS_KEY, secret),
    ];
    ObjectStorageConfig::from_env(&Env::from_pairs(pairs)).unwrap()
}

/// A tenant with one account, made as sign-up does.
pub(crate) async fn sign_up(pool: &PgPool) -> (TenantId, AccountId) {
    let (tenant, account) = (TenantId::new(), AccountId::new());
    let mut transaction = postgres::member_transaction(pool, tenant, account).await.unwrap();
    sqlx::query("INSERT INTO tenants (id, name) VALUES ($1, 'Test')")
        .bind(tenant)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO accounts (id, email, password_hash) VALUES ($1, $2, 'not a hash')")
        .bind(account)
        .bind(format!("{account}@example.org"))
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO memberships (tenant_id, account_id, role) VALUES ($1, $2, 'owner')")
        .bind(tenant)
        .bind(account)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    (tenant, account)
}

/// The user of a Postgres URL.
pub(crate) fn user_of(url: &SecretString) -> String {
    url.expose_secret().split_once("://").unwrap().1.split_once(':').unwrap().0.to_owned()
}

/// Feeds `sql` to psql, which must succeed. The password goes through the environment, off the command line.
pub(crate) fn psql(url: &SecretString, sql: &str) {
    let (credentials, place) = url.expose_secret().split_once("://").unwrap().1.split_once('@').unwrap();
    let (user, password) = credentials.split_once(':').unwrap();
    let mut child = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"])
        .arg(format!("postgres://{user}@{place}"))
        .env("PGPASSWORD", password)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Asks `condition` until it gives a value.
pub(crate) async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(started.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
