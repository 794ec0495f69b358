//! Services that someone else runs: a right reference is used, and with `deletionPolicy: Delete` nothing stays.

use std::time::Duration;

use e2e::client::{Client, anonymous, text};
use e2e::documents::docx;
use e2e::installation::Installation;
use e2e::wait;
use serde_json::{Value, json};

const READY: Duration = Duration::from_secs(300);

/// Throw-away services: pods of their own, started by explicit commands, which the operator knows nothing of.
const SERVICES: &[(&str, &str, u16, &str)] = &[
    (
        "other-postgres",
        "postgres:15",
        5432,
        "export PATH=$PATH:$(echo /usr/lib/postgresql/*/bin) PGDATA=/data/pg; printf %s throw-away >/tmp/password; \
         initdb -U postgres -A scram-sha-256 --pwfile=/tmp/password >/tmp/initdb.log; \
         echo 'host all all all scram-sha-256' >>$PGDATA/pg_hba.conf; \
         exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp",
    ),
    (
        "other-redis",
        "redis:7.0",
        6379,
        "exec redis-server --requirepass throw-away --dir /data --appendonly yes",
    ),
    (
        "other-storage",
        "versity/versitygw:v1.8.0",
        7070,
        "mkdir -p /data/s3 /data/attributes; exec versitygw --port :7070 posix --sidecar /data/attributes /data/s3",
    ),
];

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn external_services_are_used_and_nothing_stays_with_the_policy_delete() {
    let sample = Installation::from_env().unwrap();
    let installation = sample.in_namespace("external-services", "elsewhere").unwrap();
    let result = use_external_services(&installation).await;
    if std::env::var_os("RM_TEST_KEEP").is_none() {
        installation.kubectl(&["delete", "namespace", &installation.namespace, "--wait=false"]).unwrap();
    }
    result.unwrap();
}

async fn use_external_services(installation: &Installation) -> anyhow::Result<()> {
    for (name, image, port, script) in SERVICES {
        let objects = service(name, image, *port, script);
        installation.kubectl_with(&["apply", "--server-side", "--filename", "-"], &objects.to_string())?;
    }
    installation.kubectl(&["wait", "--for=condition=Ready", "pods", "--all", "--timeout=180s"])?;
    let object = object(installation);
    installation.kubectl_with(&["apply", "--server-side", "--filename", "-"], &object.to_string())?;

    let ready = installation.condition(&installation.name, "Ready", "False", READY).await?;
    anyhow::ensure!(text(&ready, "/reason")? == "SecretNotFound", "{ready}");
    put_secret(installation, "database-url", &json!({"uri": "postgres://…"}))?;
    let missing = wait::until("the missing key to be named", READY, async || {
        let ready = installation.condition(&installation.name, "Ready", "False", READY).await?;
        Ok((text(&ready, "/reason")? == "SecretKeyMissing").then_some(ready))
    })
    .await?;
    let message = text(&missing, "/message")?;
    anyhow::ensure!(message.contains("database-url") && message.contains("url"), "{message}");

    put_secret(
        installation,
        "database-url",
        &json!({
            "url": "postgres://matcher:matcher-throw-away@other-postgres:5432/postgres",
            "ownerUrl": "postgres://postgres:throw-away@other-postgres:5432/postgres",
        }),
    )?;
    put_secret(installation, "cache-url", &json!({"url": "redis://:throw-away@other-redis:6379/0"}))?;
    put_secret(
        installation,
        "storage-key",
        &json!({"accessKeyId": "other", "secretAccessKey": "throw-away"}),
    )?;
    installation.condition(&installation.name, "Ready", "True", READY).await?;
    let own = installation.kubectl(&["get", "statefulsets", "--output=name"])?;
    anyhow::ensure!(own.trim().is_empty(), "an installation with external services has {own}");

    // The ingress controller learns of a new host a moment after the Ingress says it.
    wait::until("the ingress to serve the API", READY, async || {
        let (status, body) = anonymous(installation)?.get("/health").await?;
        anyhow::ensure!(status.is_success(), "{status} {body}");
        Ok(Some(()))
    })
    .await?;
    let client = Client::sign_up(installation).await?;
    let lines = ["Elsewhere Example", "elsewhere@example.org", "Skills", "Rust, PostgreSQL, Kubernetes"];
    let resume = client.upload("elsewhere.docx", docx(&lines)?).await?;
    let job = client.add_job("Engineer\n\nRequirements\n- Rust\n- PostgreSQL\n- Apache Kafka\n").await?;
    let found = client.match_with(&text(&resume, "/id")?, &job).await?;
    anyhow::ensure!(
        found.pointer("/result/matched_skills").is_some_and(|list| list.to_string().contains("Rust")),
        "{found}"
    );

    installation.kubectl(&["delete", "rm", &installation.name, "--timeout=120s"])?;
    let selector = format!("--selector=app.kubernetes.io/instance={}", installation.name);
    let kinds = "deploy,sts,svc,hpa,ing,cm,secret,pvc,pods,networkpolicies,pdb,serviceaccounts";
    wait::until("nothing of it to be left", READY, async || {
        let left = installation.kubectl(&["get", kinds, &selector, "--output=name"])?;
        anyhow::ensure!(left.trim().is_empty(), "{left}");
        Ok(Some(()))
    })
    .await
}

fn object(installation: &Installation) -> Value {
    json!({
        "apiVersion": "resumematcher.io/v1alpha1",
        "kind": "ResumeMatcher",
        "metadata": {"name": installation.name},
        "spec": {
            "environment": "development",
            "deletionPolicy": "Delete",
            "database": {"external": {"secretRef": {"name": "database-url"}}},
            "cache": {"external": {"secretRef": {"name": "cache-url"}}},
            "objectStorage": {"s3": {
                "endpoint": "http://other-storage:7070",
                "bucket": "resumes",
                "forcePathStyle": true,
                "secretRef": {"name": "storage-key"},
            }},
            "ingress": {"host": "elsewhere.localhost"},
        },
    })
}

fn put_secret(installation: &Installation, name: &str, data: &Value) -> anyhow::Result<()> {
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})
            .to_string();
    installation.kubectl_with(&["apply", "--filename", "-"], &secret).map(drop)
}

fn service(name: &str, image: &str, port: u16, script: &str) -> Value {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": port}]},
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 999, "runAsGroup": 999, "fsGroup": 999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "main", "image": image, "imagePullPolicy": "IfNotPresent",
                "command": ["/bin/sh", "-ec", script],
                "env": [
                    {"name": "ROOT_ACCESS_KEY", "value": "other"},
                    {"name": "ROOT_SECRET_KEY", "value": "throw-away"},
                ],
                "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
    });
    json!({"apiVersion": "v1", "kind": "List", "items": [service, pod]})
}
