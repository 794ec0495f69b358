//! A whole back end for one test: database, queue, bucket, and real worker processes.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

pub(crate) mod files;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use platform::config::{DatabaseConfig, Env, ObjectStorageConfig};
use platform::env_vars as var;
use platform::names::{AccountId, JobId, ResumeId, TaskId, TenantId};
use platform::postgres::{self, tenant_transaction};
use platform::storage::Storage;
use platform::tasks::{self, TaskKind};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgPool;

/// How long a condition may take. Test machines can be very busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Database, queue and bucket of one test, prepared by `worker prepare`.
pub(crate) struct BackEnd {
    pub(crate) variables: BTreeMap<&'static str, String>,
    pub(crate) pool: PgPool,
    pub(crate) storage: Storage,
    pub(crate) bucket: String,
    pub(crate) tenant: TenantId,
}

impl BackEnd {
    pub(crate) async fn start() -> Self {
        let variables = variables().await;
        let prepared = run(&variables, &["prepare"]);
        assert!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
        let env = Env::from_pairs(variables.iter().map(|(name, value)| (*name, value.clone())));
        let pool = postgres::connect(&DatabaseConfig::from_env(&env).unwrap()).await.unwrap();
        let storage = Storage::open(ObjectStorageConfig::from_env(&env).unwrap()).unwrap();
        let tenant = sign_up(&pool).await;
        Self { bucket: variables[var::S3_BUCKET].clone(), variables, pool, storage, tenant }
    }

    /// A running worker.
    pub(crate) fn worker(&self) -> Worker {
        self.worker_with(&[])
    }

    /// A running worker with some variables set otherwise.
    pub(crate) fn worker_with(&self, changes: &[(&'static str, &str)]) -> Worker {
        let mut variables = self.variables.clone();
        variables.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let probes = free_address();
        variables.insert(var::RM_METRICS_LISTEN, probes.to_string());
        let child =
            command(&variables, &["run"]).stdout(Stdio::inherit()).stderr(Stdio::inherit()).spawn().unwrap();
        Worker { child, probes, variables }
    }

    /// Stores a file as the API does, and enqueues its extraction.
    pub(crate) async fn upload_resume(&self, name: &str, bytes: Vec<u8>) -> (ResumeId, TaskId) {
        let stored = self.storage.put(self.tenant, Bytes::from(bytes)).await.unwrap();
        let resume = ResumeId::new();
        let mut transaction = tenant_transaction(&self.pool, self.tenant).await.unwrap();
        sqlx::query(
            "INSERT INTO resumes (id, tenant_id, file_name, media_type, size_bytes, sha256, object_key)
             VALUES ($1, $2, $3, 'application/octet-stream', $4, $5, $6)",
        )
        .bind(resume)
        .bind(self.tenant)
        .bind(name)
        .bind(i64::try_from(stored.size).unwrap())
        .bind(stored.sha256)
        .bind(&stored.key)
        .execute(&mut *transaction)
        .await
        .unwrap();
        let kind = TaskKind::ExtractResume;
        let task = tasks::enqueue(&mut transaction, self.tenant, kind, resume.as_uuid()).await.unwrap();
        transaction.commit().await.unwrap();
        (resume, task)
    }

    /// Stores a job's file as the API does, and enqueues its extraction.
    pub(crate) async fn upload_job(&self, name: &str, bytes: Vec<u8>) -> JobId {
        let stored = self.storage.put(self.tenant, Bytes::from(bytes)).await.unwrap();
        let job = JobId::new();
        let mut transaction = tenant_transaction(&self.pool, self.tenant).await.unwrap();
        sqlx::query(
            "INSERT INTO jobs (id, tenant_id, file_name, media_type, size_bytes, sha256, object_key)
             VALUES ($1, $2, $3, 'text/plain', $4, $5, $6)",
        )
        .bind(job)
        .bind(self.tenant)
        .bind(name)
        .bind(i64::try_from(stored.size).unwrap())
        .bind(stored.sha256)
        .bind(&stored.key)
        .execute(&mut *transaction)
        .await
        .unwrap();
        tasks::enqueue(&mut transaction, self.tenant, TaskKind::ExtractJob, job.as_uuid()).await.unwrap();
        transaction.commit().await.unwrap();
        job
    }

    /// The first row of `query`, which takes the id as `$1`, once there is one.
    pub(crate) async fn eventually<T>(&self, query: &'static str, id: uuid::Uuid) -> T
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        let started = Instant::now();
        loop {
            let mut transaction = tenant_transaction(&self.pool, self.tenant).await.unwrap();
            if let Some(row) = sqlx::query_as(query).bind(id).fetch_optional(&mut *transaction).await.unwrap()
            {
                return row;
            }
            assert!(started.elapsed() < DEADLINE, "no row within {DEADLINE:?}: {query}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Status and error of a resume that is ready or failed.
    pub(crate) async fn settled_resume(&self, resume: ResumeId) -> (String, Option<String>) {
        let query = "SELECT status, error FROM resumes WHERE id = $1 AND status IN ('ready', 'failed')";
        self.eventually(query, resume.as_uuid()).await
    }

    /// How the attempts at a task ended, in order.
    pub(crate) async fn outcomes(&self, task: TaskId) -> Vec<Option<String>> {
        let mut transaction = tenant_transaction(&self.pool, self.tenant).await.unwrap();
        sqlx::query_scalar("SELECT outcome FROM task_attempts WHERE task_id = $1 ORDER BY attempt")
            .bind(task)
            .fetch_all(&mut *transaction)
            .await
            .unwrap()
    }
}

/// A running worker process; dropping it kills it.
pub(crate) struct Worker {
    child: Child,
    pub(crate) probes: SocketAddr,
    pub(crate) variables: BTreeMap<&'static str, String>,
}

impl Worker {
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the process has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < DEADLINE, "the worker does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the process runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        self.child.wait().unwrap();
    }
}

/// Variables of a fresh database, a fresh bucket name and a queue of its own.
pub(crate) async fn variables() -> BTreeMap<&'static str, String> {
    let database = test_services::postgres().create_database().await.unwrap();
    let storage = test_services::object_storage();
    let (id, secret) = storage.credentials();
    BTreeMap::from([
        (var::DATABASE_URL, database.app_url),
        (var::DATABASE_OWNER_URL, database.owner_url),
        (var::REDIS_URL, test_services::redis().url()),
        (var::RM_INSTALLATION, test_services::unique_name("w")),
        (var::S3_ENDPOINT, storage.endpoint()),
        (var::S3_BUCKET, test_services::unique_name("b")),
        (var::AWS_ACCESS_KEY_ID, id.to_owned()),
        (var::AWS_SECRET_ACCESS_KEY, secret.to_owned()),
        (var::RM_TOKEN_KEY, "dGhpcyBrZXkgaXMgZm9yIHRlc3RzIGFuZCBub3RoaW5nIGVsc2U=".to_owned()),
        (var::RM_WORKER_LEASE_SECONDS, "2".to_owned()),
        (var::RM_WORKER_CONCURRENCY, "2".to_owned()),
    ])
}

/// Runs a command of the worker to its end.
pub(crate) fn run(variables: &BTreeMap<&'static str, String>, arguments: &[&str]) -> Output {
    command(variables, arguments).output().unwrap()
}

/// The worker with `variables` and the folders of the user, and nothing else of the environment.
pub(crate) fn command(variables: &BTreeMap<&'static str, String>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.args(arguments).env_clear().envs(variables);
    for kept in ["HOME", "XDG_DATA_HOME", var::RM_MODEL_DIR, var::RM_PDFIUM] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// An address that is free at this moment.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn sign_up(pool: &PgPool) -> TenantId {
    let (tenant, account) = (TenantId::new(), AccountId::new());
    let mut transaction = postgres::member_transaction(pool, tenant, account).await.unwrap();
    sqlx::query("INSERT INTO tenants (id, name) VALUES ($1, 'Test')")
        .bind(tenant)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    tenant
}
