//! What a server that speaks Sentry's protocol gets: errors, panics and times, and nothing of people.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use platform::config::{Env, TelemetryConfig};
use platform::env_vars as var;
use platform::telemetry::spans::{self, Attribute, Parent, Work};
use platform::telemetry::{self, Metrics, ReportingConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const NAME: &str = "Zaphodina Quillfeather";
const MAIL: &str = "zq.unusual@example.org";
const TASK: &str = "0193a1b2-0000-7000-8000-000000000001";

type Taken = Arc<Mutex<Vec<(HeaderMap, String)>>>;

async fn stand_in() -> (SocketAddr, Taken) {
    let taken = Taken::default();
    let take = |State(taken): State<Taken>, headers: HeaderMap, body: Bytes| async move {
        taken.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
        StatusCode::OK
    };
    let router = Router::new().route("/sub/api/42/envelope/", post(take)).with_state(taken.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, taken)
}

/// The items of the envelopes, each checked for its form.
fn items(taken: &Taken) -> Vec<Value> {
    let taken = taken.lock().unwrap();
    taken
        .iter()
        .map(|(headers, envelope)| {
            let auth = headers["x-sentry-auth"].to_str().unwrap();
            assert!(auth.starts_with("Sentry sentry_version=7, ") && auth.ends_with("sentry_key=public"));
            assert_eq!(headers["content-type"], "application/x-sentry-envelope");
            let lines: Vec<&str> = envelope.lines().collect();
            let [header, item_header, item] = lines.as_slice() else { panic!("{envelope}") };
            let item_header: Value = serde_json::from_str(item_header).unwrap();
            let body: Value = serde_json::from_str(item).unwrap();
            assert_eq!(item_header["length"], item.len());
            let header: Value = serde_json::from_str(header).unwrap();
            assert_eq!(header["event_id"], body["event_id"]);
            let of_event = if item_header["type"] == "event" { Value::Null } else { json!("transaction") };
            assert_eq!(body["type"], of_event, "{body}");
            body
        })
        .collect()
}

/// Goes through what is reported, with a name and an address everywhere.
async fn live() {
    let headers = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")];
    let headers = headers.map(|(name, value)| (name.try_into().unwrap(), value.try_into().unwrap()));
    let parent = Parent::of_request(&HeaderMap::from_iter(headers)).unwrap();
    let span = spans::request("POST", "/api/v1/resumes/{id}", Some(&parent));
    span.carry(async {
        let cause = format!("invalid value \"{NAME}\" of {MAIL} at https://x.example/?q=1");
        tracing::error!(target: "api_server::middleware::problem", kind = "internal", task = TASK, user = NAME,
            path = "/zaphodina", cause, "request failed");
        // Neither a warning nor what other crates say is a report.
        tracing::warn!(target: "worker", "{NAME}");
        tracing::error!(target: "hyper", "{NAME}");
        let stored: Result<(), ()> = spans::within("store an object", Work::Storage, async { Err(()) }).await;
        assert_eq!(stored, Err(()));
    })
    .await;
    span.note(Attribute::number("http.response.status_code", 500));
    span.fail("server_error");
    span.end();
    let panicked = std::thread::spawn(|| panic!("byte index 3 is not a char boundary of `{NAME} <{MAIL}>`"));
    assert!(panicked.join().is_err());
}

// One test, for a process starts its telemetry once.
#[tokio::test(flavor = "multi_thread")]
async fn errors_panics_and_times_are_reported_and_name_nobody() {
    platform::tls::install_provider();
    let (address, taken) = stand_in().await;
    let env = Env::from_pairs([
        (var::SENTRY_DSN, format!("http://public@{address}/sub/42")),
        (var::RM_ENVIRONMENT, "staging".to_owned()),
        (var::SENTRY_TRACES_SAMPLE_RATE, "1".to_owned()),
        (var::RM_LOG, "off".to_owned()),
    ]);
    let reporting = ReportingConfig::from_env(&env).unwrap();
    let telemetry =
        telemetry::start(&TelemetryConfig::from_env(&env).unwrap(), &reporting, "resume-matcher-api")
            .unwrap();
    let metrics = Metrics::new();
    telemetry.register(&metrics);
    live().await;
    telemetry.finish().await;

    let items = items(&taken);
    let [error, transaction, panic] = items.as_slice() else { panic!("{items:#?}") };
    for item in [error, transaction, panic] {
        assert_eq!(item["environment"], "staging");
        assert_eq!(item["release"], concat!("resume-matcher@", env!("CARGO_PKG_VERSION")));
        assert_eq!(item["tags"]["service"], "resume-matcher-api");
    }
    assert_eq!(
        (&error["level"], &error["exception"]["values"][0]["value"]),
        (&json!("error"), &json!("request failed"))
    );
    assert_eq!(
        error["extra"],
        json!({"kind": "internal", "task": TASK, "cause": "invalid value … of … at …"})
    );
    let trace = &error["contexts"]["trace"];
    assert_eq!(trace["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");

    assert_eq!(transaction["transaction"], "POST /api/v1/resumes/{id}");
    let root = &transaction["contexts"]["trace"];
    assert_eq!((&root["span_id"], &root["parent_span_id"]), (&trace["span_id"], &json!("00f067aa0ba902b7")));
    assert_eq!((&root["op"], &root["status"]), (&json!("http.server"), &json!("internal_error")));
    let [part] = transaction["spans"].as_array().unwrap().as_slice() else { panic!("{transaction:#}") };
    assert_eq!(
        (&part["description"], &part["status"]),
        (&json!("store an object"), &json!("internal_error"))
    );
    assert_eq!(part["parent_span_id"], root["span_id"]);

    assert_eq!(panic["level"], "fatal");
    let exception = &panic["exception"]["values"][0];
    assert_eq!(exception["value"], "byte index 3 is not a char boundary of …");
    assert!(exception["module"].as_str().unwrap().contains("tests/sentry.rs:"), "{exception}");
    assert_eq!(exception["mechanism"], json!({"type": "panic", "handled": false}));

    let everything = format!("{:?}", taken.lock().unwrap()).to_lowercase();
    for word in ["zaphodina", "quillfeather", "zq.unusual", "example"] {
        assert!(!everything.contains(word), "a report has {word:?}");
    }
    assert!(metrics.encode().unwrap().contains("sentry_envelopes_total{outcome=\"sent\"} 3"));
}
