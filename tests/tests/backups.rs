//! The drill: an installation is backed up while it serves, lost with its namespace and volumes, and brought back from the
//! bucket alone, every row and every file the same. Then a deletion is undone in place.

use std::time::{Duration, Instant};

use e2e::client::{Client, text};
use e2e::documents::{docx, pdf};
use e2e::installation::Installation;
use e2e::runbook::Runbook;
use e2e::wait;
use reqwest::StatusCode;
use serde_json::{Value, json};

const READY: Duration = Duration::from_secs(300);
const BUCKET: &str = "backups";
/// Below it the installation keeps its backups, whatever namespace it is in.
const PREFIX: &str = "drill";
const SIGNING_KEY: &str = "YmFja3VwcyBhcmUgc2lnbmVkIHdpdGggdGhpcyBrZXkh";

/// An S3 server in a namespace of its own, which outlives the installation; a folder of it is a bucket.
const STORAGE: &str = "mkdir -p /data/s3/backups /data/attributes; \
     exec versitygw --port :7070 posix --sidecar /data/attributes /data/s3";

/// Rows and a checksum of each table. Notes of restores and of chores belong to the database and not to what is backed up.
const SUMS: &str = "SELECT string_agg(format('%s %s', c.relname, (xpath('/row/sum/text()', query_to_xml(format(\
     'SELECT count(*) || '':'' || coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), ''none'') AS sum \
     FROM public.%I t', c.relname), false, true, '')))[1]), chr(10) ORDER BY c.relname) \
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('_restores', 'schedules')";

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn what_is_lost_with_its_cluster_comes_back_from_the_bucket_alone() {
    let sample = Installation::from_env().unwrap();
    let vault = sample.in_namespace("vault", "vault").unwrap();
    let mut namespaces = vec![vault.clone()];
    let result = drill(&sample, &vault, &mut namespaces).await;
    if std::env::var_os("RM_TEST_KEEP").is_none() {
        for one in &namespaces {
            one.kubectl(&["delete", "namespace", &one.namespace, "--wait=false", "--ignore-not-found"])
                .unwrap();
        }
    }
    result.unwrap();
}

async fn drill(
    sample: &Installation,
    vault: &Installation,
    namespaces: &mut Vec<Installation>,
) -> anyhow::Result<()> {
    let runbook = Runbook::open()?;
    vault.kubectl_with(&["apply", "--server-side", "--filename", "-"], &storage().to_string())?;
    let first = sample.in_namespace("drill", "drill")?;
    namespaces.push(first.clone());
    vault.kubectl(&["wait", "--for=condition=Ready", "pods", "--all", "--timeout=180s"])?;
    install(&first, vault).await?;

    let person = Client::sign_up(&first).await?;
    let lines = ["Drill Example", "drill@example.org", "Skills", "Rust, PostgreSQL, Kubernetes"];
    let resume = person.upload("drill.docx", docx(&lines)?).await?;
    person.upload("second.pdf", pdf(&["Second Example", "second@example.org", "Skills", "Go"])).await?;
    let job = person.add_job("Engineer\n\nRequirements\n- Rust\n- PostgreSQL\n- Apache Kafka\n").await?;
    let found = person.match_with(&text(&resume, "/id")?, &job).await?;

    let backup = under_traffic(&first, &person).await?;
    let (rows, files) = (sums(&first)?, hashes(&first)?);
    anyhow::ensure!(files.lines().count() >= 2, "files: {files}");
    println!("backed up: {backup}");

    let lost = Instant::now();
    first.kubectl(&["delete", "namespace", &first.namespace, "--timeout=240s"])?;
    let second = sample.in_namespace("drill", "drill")?;
    namespaces.push(second.clone());
    install(&second, vault).await?;
    let empty = Instant::now();
    let restored = runbook.run("kubectl resumematcher restore NAME --from latest", &second, "").await?;
    anyhow::ensure!(text(&restored, "/backup")? == text(&backup, "/id")?, "{restored}");
    println!(
        "restored: {restored}; {} s from the empty installation to serving, {} s from the loss, with deleting the namespace",
        empty.elapsed().as_secs(),
        lost.elapsed().as_secs()
    );

    same("rows", &rows, &sums(&second)?)?;
    same("files", &files, &hashes(&second)?)?;
    let again = serving(&person, &second).await?;
    let (_, kept) = again.get(&format!("/api/v1/matches/{}", text(&found, "/id")?)).await?;
    anyhow::ensure!(kept.pointer("/result") == found.pointer("/result"), "{kept}");

    undo_in_place(&runbook, &second, &again, &resume).await?;
    runbook.all_run()
}

/// Backs up and proves, while a reader goes on; none of its requests may fail.
async fn under_traffic(installation: &Installation, person: &Client) -> anyhow::Result<Value> {
    let (reader, stop) = (person.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let ended = stop.clone();
    let reading = tokio::spawn(async move {
        let mut answers = 0_u32;
        while !ended.load(std::sync::atomic::Ordering::Relaxed) {
            let (status, body) = reader.get("/api/v1/resumes").await?;
            anyhow::ensure!(status.is_success(), "during the backup: {status} {body}");
            answers += 1;
        }
        Ok(answers)
    });
    let object = json!({
        "apiVersion": "resumematcher.io/v1alpha1", "kind": "ResumeMatcherBackup", "metadata": {"name": "before-the-loss"},
        "spec": {"resumeMatcher": {"name": installation.name}, "verify": true},
    });
    installation.kubectl_with(&["create", "--filename", "-"], &object.to_string())?;
    let status = ended_as(installation, "resumematcherbackups", "before-the-loss", "Completed").await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let answers = reading.await??;
    let status = status?;
    anyhow::ensure!(answers > 0, "nobody read during the backup");
    anyhow::ensure!(status.pointer("/recoverySeconds").is_some_and(Value::is_number), "{status}");
    let verified = installation.condition(&installation.name, "BackupHealthy", "True", READY).await?;
    anyhow::ensure!(text(&verified, "/message")?.contains("proven by a restore"), "{verified}");
    Ok(status)
}

/// A deletion is undone; while that runs, requests are answered with 503 and Retry-After.
async fn undo_in_place(
    runbook: &Runbook,
    installation: &Installation,
    person: &Client,
    resume: &Value,
) -> anyhow::Result<()> {
    let known = runbook.run("kubectl resumematcher backups NAME", installation, "").await?;
    let id = text(&known, "/restores/0/status/backup")?;
    let path = format!("/api/v1/resumes/{}", text(resume, "/id")?);
    person.delete(&path).await?;
    let closed = wait::until("503 with Retry-After", READY, async || {
        let (status, after) = person.told("/api/v1/resumes").await?;
        Ok((status == StatusCode::SERVICE_UNAVAILABLE && after.is_some()).then_some(()))
    });
    let (status, closed) = tokio::join!(
        runbook.run("kubectl resumematcher restore NAME --from ID --in-place", installation, &id),
        closed
    );
    let status = status?;
    closed?;
    println!("restored in place: {status}");
    anyhow::ensure!(status.pointer("/safetyBackup").is_some_and(Value::is_string), "{status}");
    let again = serving(person, installation).await?;
    let (found, body) = again.get(&path).await?;
    anyhow::ensure!(
        found == StatusCode::OK && body.pointer("/sha256") == resume.pointer("/sha256"),
        "{found} {body}"
    );
    Ok(())
}

/// Signs in once the ingress leads to the installation.
async fn serving(person: &Client, installation: &Installation) -> anyhow::Result<Client> {
    wait::until("the same account to be let in", READY, async || {
        Ok(Some(person.sign_in(installation).await?))
    })
    .await
}

async fn install(installation: &Installation, vault: &Installation) -> anyhow::Result<()> {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "vault"},
        "stringData": {"accessKeyId": "vault", "secretAccessKey": "throw-away", "signingKey": SIGNING_KEY},
    });
    let object = json!({
        "apiVersion": "resumematcher.io/v1alpha1",
        "kind": "ResumeMatcher",
        "metadata": {"name": installation.name},
        "spec": {
            "environment": "development",
            "ingress": {"host": format!("{}.localhost", installation.name)},
            "backup": {
                "schedule": "0 3 * * *",
                "destination": {"s3": {
                    "endpoint": format!("http://vault.{}.svc:7070", vault.namespace),
                    "bucket": BUCKET, "prefix": PREFIX, "forcePathStyle": true, "secretRef": {"name": "vault"},
                }},
            },
        },
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [secret, object]});
    installation.kubectl_with(&["apply", "--server-side", "--filename", "-"], &list.to_string())?;
    installation.condition(&installation.name, "Ready", "True", READY).await?;
    // The ingress controller learns of a new host a moment after the Ingress says it.
    wait::until("the ingress to serve the API", READY, async || {
        let (status, body) = e2e::client::anonymous(installation)?.get("/health").await?;
        anyhow::ensure!(status.is_success(), "{status} {body}");
        Ok(Some(()))
    })
    .await
}

/// Waits until a backup or a restore has ended in this phase; returns its status.
async fn ended_as(installation: &Installation, kind: &str, name: &str, phase: &str) -> anyhow::Result<Value> {
    let status = wait::until(&format!("{name} to end"), READY, async || {
        let text = installation.kubectl(&["get", kind, name, "--output=json"])?;
        let object: Value = serde_json::from_str(&text)?;
        let status = object.pointer("/status").cloned().unwrap_or_default();
        match status.pointer("/phase").and_then(Value::as_str) {
            Some("Completed" | "Failed") => Ok(Some(status)),
            _ => anyhow::bail!("{status}"),
        }
    })
    .await?;
    anyhow::ensure!(status.pointer("/phase") == Some(&json!(phase)), "{name}: {status}");
    Ok(status)
}

/// Rows and checksums of all tables, one a line.
fn sums(installation: &Installation) -> anyhow::Result<String> {
    let script = format!(
        "for f in /usr/lib/postgresql/*/bin; do PATH=\"$f:$PATH\"; done; \
         PGPASSWORD=$(cat /etc/resume-matcher-credentials/superuserPassword) \
         psql -h 127.0.0.1 -U postgres -d resumematcher -v ON_ERROR_STOP=1 -Atc \"{SUMS}\""
    );
    let pod = format!("{}-postgres-0", installation.name);
    let sums = installation.kubectl(&["exec", &pod, "--", "sh", "-c", &script])?;
    anyhow::ensure!(sums.lines().any(|line| line.starts_with("resumes ")), "no table of resumes: {sums}");
    Ok(sums)
}

/// Path and SHA-256 of all files, one a line.
fn hashes(installation: &Installation) -> anyhow::Result<String> {
    let script = "cd /data/buckets && find . -type f -exec sha256sum {} + | sort -k 2";
    let pod = format!("{}-storage-0", installation.name);
    installation.kubectl(&["exec", &pod, "--", "sh", "-c", script])
}

/// Tells the first lines that differ.
fn same(what: &str, before: &str, after: &str) -> anyhow::Result<()> {
    let differ: Vec<_> =
        before.lines().zip(after.lines()).filter(|(one, other)| one != other).take(5).collect();
    anyhow::ensure!(before == after, "{what} differ: {differ:?}");
    Ok(())
}

fn storage() -> Value {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "vault"},
        "spec": {"selector": {"app": "vault"}, "ports": [{"port": 7070}]},
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "vault", "labels": {"app": "vault"}},
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 999, "runAsGroup": 999, "fsGroup": 999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "main", "image": "versity/versitygw:v1.8.0", "imagePullPolicy": "IfNotPresent",
                "command": ["/bin/sh", "-ec", STORAGE],
                "env": [
                    {"name": "ROOT_ACCESS_KEY", "value": "vault"},
                    {"name": "ROOT_SECRET_KEY", "value": "throw-away"},
                ],
                "readinessProbe": {"tcpSocket": {"port": 7070}, "periodSeconds": 1},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
    });
    json!({"apiVersion": "v1", "kind": "List", "items": [service, pod]})
}
