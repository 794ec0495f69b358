//! Plays the application: the HTTP API behind the preview Service, and the metrics of its pods.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::extract::{Extension, Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde_json::json;
use tokio::task::JoinHandle;

/// How the application behaves.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Whether its dependencies answer.
    pub(crate) healthy: bool,
    /// What a match comes to: `ready` or `failed`.
    pub(crate) canary: &'static str,
    /// What its pods count.
    pub(crate) metrics: String,
    /// Requests that each pod counts in a second; none: it does not tell.
    pub(crate) requests: Option<f64>,
    /// Tasks in its queue; none: its database does not answer.
    pub(crate) queue: Option<u64>,
}

/// The application.
pub(crate) struct Application {
    pub(crate) manner: Arc<Mutex<Manner>>,
    /// The requests that the candidate got.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Application {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Shared = (Arc<Mutex<Manner>>, Arc<Mutex<Vec<String>>>);

/// Requests counted so far, and when.
type Count = Arc<Mutex<(f64, Instant)>>;

impl Application {
    pub(crate) async fn start() -> Self {
        let manner = Manner {
            healthy: true,
            canary: "ready",
            metrics: String::new(),
            requests: Some(0.0),
            queue: Some(0),
        };
        let (manner, asked) = (Arc::new(Mutex::new(manner)), Arc::default());
        let shared: Shared = (manner.clone(), asked);
        let asked = shared.1.clone();
        let router = Router::new()
            .route("/service/", any(|| async { "<html>" }))
            .route("/service/{*path}", any(api))
            .route("/pod/queue", any(queue))
            .route("/pod/{*path}", any(metrics))
            .layer(Extension(Count::new(Mutex::new((0.0, Instant::now())))))
            .with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { manner, asked, address, task }
    }

    /// The operator's arguments by which it reaches this application.
    pub(crate) fn arguments(&self) -> [String; 2] {
        [
            format!("--service-url=http://{}/service", self.address),
            format!("--pod-url=http://{}/pod", self.address),
        ]
    }

    pub(crate) fn behaves(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().unwrap());
    }
}

async fn metrics(State((manner, _)): State<Shared>, Extension(count): Extension<Count>) -> Response {
    let manner = manner.lock().unwrap().clone();
    let Some(rate) = manner.requests else {
        return (StatusCode::SERVICE_UNAVAILABLE, "it does not count").into_response();
    };
    if rate == 0.0 {
        return manner.metrics.into_response();
    }
    let mut count = count.lock().unwrap();
    let now = Instant::now();
    *count = (count.0 + rate * now.duration_since(count.1).as_secs_f64(), now);
    let line = format!("http_requests_total{{endpoint=\"/\",status=\"200\"}} {}\n", count.0);
    format!("{}{line}", manner.metrics).into_response()
}

async fn queue(State((manner, _)): State<Shared>) -> Response {
    match manner.lock().unwrap().queue {
        Some(tasks) => {
            let body = json!({"waiting": tasks, "in_flight": 0, "backlog": tasks, "oldest_seconds": 0.0});
            Json(body).into_response()
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "the database is away").into_response(),
    }
}

async fn api(State((manner, asked)): State<Shared>, method: Method, Path(path): Path<String>) -> Response {
    asked.lock().unwrap().push(format!("{method} /{path}"));
    let manner = manner.lock().unwrap().clone();
    let signed_in = path.contains('/') && path.starts_with("api/v1/");
    match (method.as_str(), path.as_str()) {
        ("GET", "health") => Json(json!({"status": "healthy"})).into_response(),
        ("GET", "health/detailed") if manner.healthy => Json(json!({"status": "healthy"})).into_response(),
        ("GET", "health/detailed") => {
            let body = json!({"status": "unhealthy", "checks": {"database": {"status": "unhealthy"}}});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
        ("GET", "openapi.json") => Json(json!({})).into_response(),
        ("GET", "api/v1/resumes") => StatusCode::UNAUTHORIZED.into_response(),
        ("POST", "api/v1/accounts") => {
            (StatusCode::CREATED, Json(json!({"access_token": "t"}))).into_response()
        }
        ("POST", _) if signed_in => (StatusCode::ACCEPTED, Json(json!({"id": "1"}))).into_response(),
        ("GET", "api/v1/matches/1") => {
            Json(json!({"id": "1", "status": manner.canary, "score": 50.0})).into_response()
        }
        ("GET", _) if signed_in => Json(json!({"id": "1", "status": "ready"})).into_response(),
        ("DELETE", _) if signed_in => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
