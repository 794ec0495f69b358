//! Health with dependencies that go away and come back.

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{Gates, TestApp, problem};

#[tokio::test]
async fn all_is_healthy_when_every_dependency_answers() {
    let app = TestApp::start().await;
    let summary: Value = app.get("/health", None).await.json().await.unwrap();
    assert_eq!(summary["status"], "healthy");
    assert!(summary["timestamp"].as_str().unwrap().ends_with('Z'));
    let answer = app.get("/health/detailed", None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let detail: Value = answer.json().await.unwrap();
    assert_eq!(detail["status"], "healthy");
    for name in ["database", "redis", "storage"] {
        assert_eq!(detail["checks"][name]["status"], "healthy", "{detail}");
        assert!(detail["checks"][name]["latency_ms"].as_f64().unwrap() > 0.0, "{detail}");
    }
}

#[tokio::test]
async fn each_dependency_that_goes_away_is_named_and_comes_back() {
    let gates = Gates::open().await;
    let app = TestApp::start_behind(&gates).await;
    for (name, gate) in [("database", &gates.postgres), ("redis", &gates.redis), ("storage", &gates.storage)]
    {
        gate.close().await;
        let answer = app.get("/health/detailed", None).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{name}");
        let detail: Value = answer.json().await.unwrap();
        assert_eq!(detail["status"], "unhealthy");
        for other in ["database", "redis", "storage"] {
            let expected = if other == name { "unhealthy" } else { "healthy" };
            assert_eq!(detail["checks"][other]["status"], expected, "{name} is away: {detail}");
        }
        assert!(detail["checks"][name]["error"].is_string(), "{detail}");
        // The process itself is well, and takes requests.
        assert_eq!(app.get("/health", None).await.status(), StatusCode::OK);
        assert_eq!(app.get_probe("/readyz").await.status(), StatusCode::OK);
        gate.open_again().await;
        app.wait_until("every dependency answers", async || {
            app.get("/health/detailed", None).await.status() == StatusCode::OK
        })
        .await;
    }
}

#[tokio::test]
async fn uploads_work_while_redis_is_away_and_say_so_when_storage_or_database_are() {
    let gates = Gates::open().await;
    let app = TestApp::start_behind(&gates).await;
    let user = app.sign_up("ann@example.org").await;
    gates.redis.close().await;
    let upload =
        |name: &'static str| app.upload("/api/v1/resumes", &user.token, "a.pdf", crate::support::pdf(name));
    assert_eq!(upload("one").await.status(), StatusCode::ACCEPTED);

    gates.postgres.close().await;
    let answer = app.get("/api/v1/resumes", Some(&user.token)).await;
    assert_eq!(answer.headers()["retry-after"], "5");
    problem(answer, 503, "dependency-unavailable").await;
    gates.postgres.open_again().await;
    app.wait_until("the database answers", async || {
        app.get("/api/v1/resumes", Some(&user.token)).await.status() == StatusCode::OK
    })
    .await;
}
