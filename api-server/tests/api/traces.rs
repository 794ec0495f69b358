//! One trace goes from the ingress through request and queue to the worker's job, and says nothing of people.

use platform::{env_vars as var, names::TenantId};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    collector::{Collector, Seen},
    log_scrub::{WORDS, live},
    support::{Process, TestApp, free_address, pdf, problem},
};

/// The variable of the SDK for how often it sends, in milliseconds.
const SEND_EVERY: &str = "OTEL_BSP_SCHEDULE_DELAY";
/// What an ingress sends: a trace, its own span, and that it does not record.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const INGRESS: &str = "00f067aa0ba902b7";

fn variables(app: &TestApp, collector: &str) -> Vec<(&'static str, String)> {
    app.variables_with(&[
        (var::RM_LISTEN, free_address().to_string()),
        (var::OTEL_EXPORTER_OTLP_ENDPOINT, format!("http://{collector}")),
        (var::OTEL_EXPORTER_OTLP_HEADERS, "x-key=hunter2".to_owned()),
        (SEND_EVERY, "100".to_owned()),
    ])
}

fn listen(variables: &[(&'static str, String)]) -> std::net::SocketAddr {
    variables.iter().find(|(name, _)| *name == var::RM_LISTEN).unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_trace_leads_from_the_ingress_to_the_workers_job_and_names_nobody() {
    let mut app = TestApp::start().await;
    let collector = Collector::start().await;
    let variables = variables(&app, &collector.address.to_string());
    let _worker = Process::worker(&variables);
    let _api = Process::api(&variables);
    app.address = listen(&variables);
    app.wait_until("the API answers", async || app.client.get(app.url("/health")).send().await.is_ok()).await;

    let secrets = live(&app).await;
    let user = app.sign_up("somebody@example.org").await;
    let part = Part::bytes(pdf("Quillfeather again").to_vec()).file_name("cv.pdf");
    let uploaded = app
        .client
        .post(app.url("/api/v1/resumes?name=Quillfeather"))
        .header("traceparent", format!("00-{TRACE}-{INGRESS}-00"))
        .bearer_auth(&user.token)
        .multipart(Form::new().part("file", part))
        .send()
        .await
        .unwrap();
    assert_eq!(uploaded.status(), 202);

    let named = |trace: Option<&str>, name: &str| spans_named(&collector, trace, name);
    app.wait_until("the spans are there", async || {
        named(Some(TRACE), "process extract_resume").len() == 1
            && named(Some(TRACE), "POST /api/v1/resumes").len() == 1
            && named(None, "score").first().is_some_and(|span| collector.path(span).len() == 4)
    })
    .await;

    the_parts_hang_together(&collector, user.tenant);
    assert!(collector.each_had("x-key", "hunter2"));
    // Probes are nobody's request.
    assert!(collector.spans(|span| span.name.contains("/health")).is_empty());

    let told = collector.text().to_lowercase();
    let words = WORDS.into_iter().chain(["somebody@example.org", "hunter2", "cv.pdf"]).map(str::to_owned);
    for word in words.chain(secrets).chain([user.token]) {
        assert!(!told.contains(&word.to_lowercase()), "a span has {word:?}");
    }
}

/// The spans of a request and of the jobs that came of it are one tree.
fn the_parts_hang_together(collector: &Collector, tenant: TenantId) {
    let named = |trace: Option<&str>, name: &str| spans_named(collector, trace, name);
    // What came from the ingress hangs below its span, though it did not record: that is decided here.
    let request = &named(Some(TRACE), "POST /api/v1/resumes")[0];
    assert_eq!((request.parent.as_str(), request.service.as_str()), (INGRESS, "resume-matcher-api"));
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/v1/resumes"),
        ("http.response.status_code", "202"),
        ("resume_matcher.tenant", &tenant.to_string()),
    ] {
        assert!(request.attributes.contains(&(key.to_owned(), value.to_owned())), "{request:?}");
    }
    let job = ["POST /api/v1/resumes", "enqueue extract_resume", "process extract_resume"];
    let parts: [(&str, &[&str]); 6] = [
        ("check who asks", &["POST /api/v1/resumes", "check who asks"]),
        ("wait in the queue", &["POST /api/v1/resumes", "enqueue extract_resume", "wait in the queue"]),
        ("read an object", &[job[0], job[1], job[2], "read an object"]),
        ("extract", &[job[0], job[1], job[2], "read the file in the sandbox", "extract"]),
        ("parse", &[job[0], job[1], job[2], "read the file in the sandbox", "parse"]),
        ("settle the task", &[job[0], job[1], job[2], "settle the task"]),
    ];
    for (name, path) in parts {
        let found = named(Some(TRACE), name);
        assert!(!found.is_empty(), "{name}");
        assert_eq!(collector.path(&found[0]), path);
    }
    let processed = &named(Some(TRACE), "process extract_resume")[0];
    assert_eq!(processed.service, "resume-matcher-worker");
    for name in ["embed", "score"] {
        let path = collector.path(&named(None, name)[0]);
        assert_eq!(path, ["POST /api/v1/matches", "enqueue match_resume", "process match_resume", name]);
    }
}

fn spans_named(collector: &Collector, trace: Option<&str>, name: &str) -> Vec<Seen> {
    collector.spans(|span| span.name == name && trace.is_none_or(|trace| span.trace == trace))
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_and_nothing_else() {
    let mut app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("api.log");
    // Nobody listens there.
    let variables = variables(&app, &free_address().to_string());
    let _api = Process::api_logging(&variables, &log);
    app.address = listen(&variables);
    app.wait_until("the API answers", async || app.client.get(app.url("/health")).send().await.is_ok()).await;
    let user = app.sign_up("somebody@example.org").await;
    app.wait_until("failures are counted", async || {
        assert_eq!(app.get("/api/v1/resumes", Some(&user.token)).await.status(), 200);
        let metrics = app.get("/metrics", None).await.text().await.unwrap();
        let failures = metrics.lines().find_map(|line| line.strip_prefix("trace_export_failures_total "));
        failures.unwrap().parse::<u64>().unwrap() >= 2
    })
    .await;
    let lines = std::fs::read_to_string(&log).unwrap();
    assert_eq!(lines.lines().filter(|line| line.contains("spans cannot be exported")).count(), 1);
    assert!(!lines.contains("hunter2"));
}

#[tokio::test]
async fn the_log_names_trace_and_tenant() {
    let mut app = TestApp::start().await;
    let collector = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("api.log");
    let variables = variables(&app, &collector.address.to_string());
    let _api = Process::api_logging(&variables, &log);
    app.address = listen(&variables);
    app.wait_until("the API answers", async || app.client.get(app.url("/health")).send().await.is_ok()).await;
    let user = app.sign_up("somebody@example.org").await;
    let missing = app
        .client
        .get(app.url(&format!("/api/v1/resumes/{}", Uuid::now_v7())))
        .header("traceparent", format!("00-{TRACE}-{INGRESS}-01"))
        .bearer_auth(&user.token)
        .send()
        .await
        .unwrap();
    problem(missing, 404, "not-found").await;
    let tenant = json!(user.tenant.to_string());
    app.wait_until("the line is written", async || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.any(|line| {
            let span = &line["span"];
            line["message"] == "answered" && span["trace_id"] == TRACE && span["tenant"] == tenant
        })
    })
    .await;
}
