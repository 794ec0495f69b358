//! Releases on a real cluster, under load: a good one loses no request and no job, a bad one is not noticed by those who
//! use what serves, and one whose operator dies is finished by the next operator.

#![allow(
    clippy::unwrap_used,
    reason = "clippy sees tests in test functions alone, and helpers of tests are tests too"
)]

use std::time::Duration;

use e2e::client::{Client, text};
use e2e::documents::pdf;
use e2e::installation::Installation;
use e2e::load::Report;
use e2e::releases::{
    RELEASED, change, keep_small, nothing_is_left_but, pods_are_gone_but, quick, release, serves, tag_images,
};
use e2e::steady::{Reports, Steady};
use e2e::wait;
use reqwest::StatusCode;
use serde_json::{Value, json};

const READY: Duration = Duration::from_secs(300);
/// Requests a second, on each way: through the ingress and straight to the Service.
const RATE: u32 = 50;
const PROGRAM: &str = env!("CARGO_BIN_EXE_load");
/// The namespace that `cargo xtask test` installs the operator into.
const OPERATOR_NAMESPACE: &str = "resume-matcher-system";

async fn ready(installation: &Installation) {
    keep_small(installation).unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
}

fn nothing_failed(reports: &Reports) {
    let failed = |report: &Report| report.failed;
    eprintln!("{reports:#?}");
    assert_eq!((failed(&reports.ingress), failed(&reports.service)), (0, 0), "requests failed");
    assert!(reports.ingress.requests > u64::from(RATE) && reports.service.requests > u64::from(RATE));
}

/// Uploads one resume a second until `done`, and gives their ids.
async fn uploads(client: &Client, done: &tokio::sync::watch::Receiver<bool>) -> Vec<String> {
    let mut ids = Vec::new();
    while !*done.borrow() {
        let name = format!("Steady Example {}", ids.len());
        let id =
            client.send_resume("steady.pdf", pdf(&[&name, "steady@example.org", "Skills", "Rust"])).await;
        ids.push(id.unwrap());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    ids
}

/// Each upload is ready, and there is none more.
async fn no_job_is_lost_or_doubled(client: &Client, ids: &[String]) {
    assert!(!ids.is_empty());
    for id in ids {
        let resume = client.finished(&format!("/api/v1/resumes/{id}")).await.unwrap();
        assert_eq!(resume.pointer("/status"), Some(&json!("ready")), "{resume}");
    }
    let (status, list) = client.get("/api/v1/resumes?limit=100").await.unwrap();
    assert_eq!(status, StatusCode::OK);
    let items = list.pointer("/items").and_then(Value::as_array).unwrap().len();
    assert_eq!(items, ids.len(), "{list}");
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_good_release_under_load_loses_no_request_and_no_job() {
    let installation = Installation::from_env().unwrap();
    ready(&installation).await;
    tag_images("next").unwrap();
    let client = Client::sign_up(&installation).await.unwrap();
    let load = Steady::begin(&installation, PROGRAM, (RATE, RATE)).unwrap();
    let (tell, done) = tokio::sync::watch::channel(false);
    let sent = tokio::spawn({
        let client = client.clone();
        async move { uploads(&client, &done).await }
    });
    // Another version and another configuration at once.
    change(
        &installation,
        &json!({"version": "next", "release": quick(), "api": {"rateLimitPerMinute": 600}}),
    )
    .unwrap();
    let released = serves(&installation, "next").await.unwrap();
    assert!(load.goes_on(), "the load has not ended by itself");
    tell.send_replace(true);
    let ids = sent.await.unwrap();
    let colour = text(&released, "/active/colour").unwrap();
    nothing_is_left_but(&installation, &colour).await.unwrap();
    // The load goes on until then: those who keep their connections have to be led away from the last pod too.
    pods_are_gone_but(&installation, &colour).await.unwrap();
    let reports = load.end().await.unwrap();
    assert!(reports.service.connections > 20, "nobody was led away: {reports:?}");
    nothing_failed(&reports);
    no_job_is_lost_or_doubled(&client, &ids).await;
    assert_eq!(released.pointer("/history/0/outcome"), Some(&json!("Released")), "{released}");
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn a_release_whose_operator_dies_is_finished_by_the_next_one() {
    let installation = Installation::from_env().unwrap();
    ready(&installation).await;
    tag_images("heir").unwrap();
    let load = Steady::begin(&installation, PROGRAM, (RATE, RATE)).unwrap();
    change(&installation, &json!({"version": "heir", "release": quick()})).unwrap();
    wait::until("the release is on its way", RELEASED, async || {
        let step = text(&release(&installation)?, "/step")?;
        Ok(matches!(step.as_str(), "Migrate" | "Warm" | "Analyse").then_some(()))
    })
    .await
    .unwrap();
    let kill = ["delete", "pods", "--all", "--namespace", OPERATOR_NAMESPACE, "--force", "--grace-period=0"];
    installation.kubectl(&kill).unwrap();
    let released = serves(&installation, "heir").await.unwrap();
    nothing_is_left_but(&installation, &text(&released, "/active/colour").unwrap()).await.unwrap();
    nothing_failed(&load.end().await.unwrap());
}

/// The release of this spec is given up with this reason and these words; what serves does not notice.
async fn is_given_up(installation: &Installation, spec: &Value, reason: &str, words: &[&str]) {
    let active = release(installation).unwrap().pointer("/active").cloned().unwrap();
    change(installation, spec).unwrap();
    let stalled = installation.condition(&installation.name, "Stalled", "True", RELEASED).await.unwrap();
    assert_eq!(text(&stalled, "/reason").unwrap(), reason, "{stalled}");
    let message = text(&stalled, "/message").unwrap();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message}");
    }
    let now = release(installation).unwrap();
    assert_eq!(now.pointer("/active"), Some(&active), "{now}");
    assert_eq!(now.pointer("/rejected/reason"), Some(&json!(reason)), "{now}");
    nothing_is_left_but(installation, &text(&active, "/colour").unwrap()).await.unwrap();
    let told = format!("--field-selector=reason={reason},type=Warning");
    wait::until("an event tells why", READY, async || {
        let events = installation.kubectl(&["get", "events.events.k8s.io", &told, "--output=name"])?;
        Ok((!events.trim().is_empty()).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
#[ignore = "needs the cluster of `cargo xtask test --only e2e`"]
async fn bad_releases_are_given_up_and_what_serves_does_not_notice() {
    let installation = Installation::from_env().unwrap();
    ready(&installation).await;
    let load = Steady::begin(&installation, PROGRAM, (RATE, RATE)).unwrap();
    let mut short = quick();
    short["progressDeadline"] = json!("20s");

    let absent = json!({"images": {"apiServer": "resumematcher/api-server:absent"}, "release": short});
    is_given_up(&installation, &absent, "DeadlineExceeded", &["API pods", "resumematcher/api-server:absent"])
        .await;
    // It ends at once with an error: its program is another one.
    let crashes = json!({"images": {"apiServer": "redis:7.0"}, "release": short});
    is_given_up(&installation, &crashes, "DeadlineExceeded", &["API pods"]).await;
    // Its pods become ready, but it is no API.
    let wrong = format!("resumematcher/worker:{}", env!("CARGO_PKG_VERSION"));
    let wrong = json!({"images": {"apiServer": wrong}, "release": quick()});
    is_given_up(&installation, &wrong, "AnalysisFailed", &["GET /health"]).await;

    // What serves is asked for again.
    change(&installation, &json!({"images": {"apiServer": null}})).unwrap();
    installation.condition(&installation.name, "Ready", "True", READY).await.unwrap();
    installation.condition(&installation.name, "Stalled", "False", READY).await.unwrap();
    nothing_failed(&load.end().await.unwrap());
}
