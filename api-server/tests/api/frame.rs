//! What holds for every request: problem documents, ids, headers, compression, metrics.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestApp, problem};

#[tokio::test]
async fn failures_of_the_frame_are_problem_documents() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    problem(app.get("/api/v1/nothing", None).await, 404, "not-found").await;
    problem(app.get("/api/v1/resumes/not-an-id", Some(&user.token)).await, 404, "not-found").await;

    let put = app.client.put(app.url("/api/v1/jobs")).bearer_auth(&user.token).send().await.unwrap();
    let allow = put.headers()["allow"].to_str().unwrap().to_owned();
    problem(put, 405, "method-not-allowed").await;
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");

    let send = async |content_type: &str, body: Vec<u8>| {
        let request =
            app.client.post(app.url("/api/v1/sessions")).header("content-type", content_type).body(body);
        request.send().await.unwrap()
    };
    problem(send("text/plain", b"x".to_vec()).await, 415, "unsupported-media-type").await;
    problem(send("application/json", b"{".to_vec()).await, 400, "malformed-request").await;
    problem(send("application/json", vec![b' '; 1024 * 1024 + 1]).await, 413, "payload-too-large").await;
    let missing = problem(send("application/json", b"{}".to_vec()).await, 422, "validation-failed").await;
    assert_eq!(missing["detail"], "missing field `email`");
}

#[tokio::test]
async fn request_ids_are_made_taken_over_and_refused_when_harmful() {
    let app = TestApp::start().await;
    let made = app.get("/health", None).await;
    assert!(made.headers()["x-request-id"].to_str().unwrap().parse::<uuid::Uuid>().is_ok());
    let ask = async |id: &str| {
        let answer = app.client.get(app.url("/api/v1/x")).header("x-request-id", id).send().await.unwrap();
        let header = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        (header, problem(answer, 404, "not-found").await["request_id"].as_str().unwrap().to_owned())
    };
    assert_eq!(ask("trace-1").await, ("trace-1".to_owned(), "trace-1".to_owned()));
    assert_ne!(ask("a b\"}").await.0, "a b\"}");
}

#[tokio::test]
async fn answers_carry_security_and_cache_headers() {
    let app = TestApp::start().await;
    for path in ["/health", "/", "/api/v1/nothing"] {
        let answer = app.get(path, None).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cache-control"), "no-cache, no-store, must-revalidate");
        assert!(header("content-security-policy").starts_with("default-src 'none'"));
        assert!(!header("content-security-policy").contains("unsafe-inline"));
        // The test's public URL is http.
        assert!(answer.headers().get("strict-transport-security").is_none());
    }
}

#[tokio::test]
async fn static_files_are_for_a_year_and_under_their_hash_only() {
    let app = TestApp::start().await;
    let page = app.get("/", None).await.text().await.unwrap();
    let style =
        page.split("href=\"").find(|part| part.starts_with("/static/") && part.contains("app.css")).unwrap();
    let style = style.split('"').next().unwrap();
    let answer = app.get(style, None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(answer.headers()["content-type"], "text/css; charset=utf-8");
    assert_eq!(app.get("/static/0000000000000000/app.css", None).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn answers_of_the_api_are_compressed_and_pages_are_not() {
    let app = TestApp::start().await;
    let ask = async |path: &str, accept: &str| {
        let answer = app.client.get(app.url(path)).header("accept-encoding", accept).send().await.unwrap();
        answer.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(ask("/openapi.json", "gzip").await.as_deref(), Some("gzip"));
    assert_eq!(ask("/openapi.json", "gzip, br").await.as_deref(), Some("br"));
    assert_eq!(ask("/", "gzip, br").await, None);
}

#[tokio::test]
async fn requests_are_counted_by_route_template() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let missing = format!("/api/v1/resumes/{}", uuid::Uuid::now_v7());
    app.get(&missing, Some(&user.token)).await;
    app.get("/wp-login.php", None).await;
    let metrics = app.get("/metrics", None).await.text().await.unwrap();
    let has = |line: &str| assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    has(r#"http_requests_total{method="GET",endpoint="/api/v1/resumes/{id}",status="404"} 1"#);
    has(r#"http_requests_total{method="POST",endpoint="/api/v1/accounts",status="201"} 1"#);
    has(r#"http_requests_total{method="GET",endpoint="unmatched",status="404"} 1"#);
    has(r#"http_request_duration_seconds_count{method="GET",endpoint="/api/v1/resumes/{id}"} 1"#);
    assert!(!metrics.contains(&missing));
    let second_port = app.get_probe("/metrics").await.text().await.unwrap();
    assert!(second_port.contains("http_requests_total"));
}

#[tokio::test]
async fn a_browser_gets_a_page_and_a_program_gets_json() {
    let app = TestApp::start().await;
    let browser = app.client.get(app.url("/nothing")).header("accept", "text/html,*/*").send().await.unwrap();
    assert_eq!(browser.status(), StatusCode::NOT_FOUND);
    assert_eq!(browser.headers()["content-type"], "text/html; charset=utf-8");
    assert!(browser.text().await.unwrap().contains("There is nothing here"));
    problem(app.get("/nothing", None).await, 404, "not-found").await;
}

#[tokio::test]
async fn more_requests_than_places_are_told_to_come_back() {
    let app = TestApp::start_with(|settings| settings.limits.requests = 0).await;
    let answer = app.get("/api/v1/resumes", None).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    problem(answer, 503, "overloaded").await;
    // The second port still answers: a busy server is alive.
    assert_eq!(app.get_probe("/livez").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let app = TestApp::start_with(|settings| settings.limits.timeout = std::time::Duration::ZERO).await;
    let body = json!({"email": "ann@example.org", "password": crate::support::PASSWORD});
    problem(app.post_json("/api/v1/accounts", None, &body).await, 408, "timeout").await;
}

#[tokio::test]
async fn pages_of_listed_origins_may_call_the_api_and_others_may_not() {
    let app = TestApp::start_with(|settings| {
        settings.http.cors_origins = vec!["https://app.example.org".to_owned()];
        settings.http.rate_limit_per_minute = 1;
    })
    .await;
    let allowed = async |origin: &str| {
        let request = app.client.request(reqwest::Method::OPTIONS, app.url("/api/v1/resumes"));
        let request = request.header("origin", origin).header("access-control-request-method", "POST");
        let answer = request.header("access-control-request-headers", "authorization").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.headers().get("access-control-allow-credentials").is_none());
        answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    // Questions before the request are not counted: the limit of one would refuse the second.
    assert_eq!(allowed("https://app.example.org").await.as_deref(), Some("https://app.example.org"));
    assert_eq!(allowed("https://evil.example.org").await, None);
    let request = app.client.get(app.url("/api/v1/nothing")).header("origin", "https://app.example.org");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example.org");
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap().to_owned();
    assert!(exposed.contains("x-request-id") && exposed.contains("etag"), "{exposed}");
}
