//! Who is counted as one client, what happens over the limit, and who is refused altogether.

use reqwest::{RequestBuilder, Response, StatusCode};

use crate::support::{Gates, TestApp, problem};

const MISSING: &str = "/api/v1/nothing";

async fn behind(app: &TestApp, header: &str, value: &str) -> Response {
    app.client.get(app.url(MISSING)).header(header, value).send().await.unwrap()
}

async fn sent(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn over_the_limit_a_client_is_told_when_to_come_back() {
    let app = TestApp::start_with(|settings| settings.http.rate_limit_per_minute = 3).await;
    for left in ["2", "1", "0"] {
        let answer = app.get(MISSING, None).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers()["ratelimit-policy"], "\"default\";q=3;w=60");
        let state = answer.headers()["ratelimit"].to_str().unwrap().to_owned();
        assert!(state.starts_with(&format!("\"default\";r={left};t=")), "{state}");
    }
    let refused = app.get(MISSING, None).await;
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=80).contains(&wait), "{wait}");
    assert!(refused.headers()["ratelimit"].to_str().unwrap().starts_with("\"default\";r=0;"));
    problem(refused, 429, "rate-limited").await;
    // Signing in by the page's form is counted with it: passwords cannot be guessed there either.
    assert_eq!(sent(app.client.post(app.url("/sign-in"))).await, StatusCode::TOO_MANY_REQUESTS);
    // Probes, health and pages to look at are not counted.
    for path in ["/livez", "/readyz", "/health", "/metrics", "/sign-in"] {
        assert_eq!(app.get(path, None).await.status(), StatusCode::OK, "{path}");
    }
    let metrics = app.get_probe("/metrics").await.text().await.unwrap();
    for line in [
        r#"rate_limit_decisions_total{decision="admitted",source="redis"} 3"#,
        r#"rate_limit_decisions_total{decision="limited",source="redis"} 2"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
}

#[tokio::test]
async fn accounts_behind_one_address_are_counted_apart() {
    let app = TestApp::start_with(|settings| settings.http.rate_limit_per_minute = 4).await;
    let (ann, bob) = (app.sign_up("ann@example.org").await, app.sign_up("bob@example.org").await);
    for _ in 0..4 {
        assert_eq!(app.get("/api/v1/account", Some(&ann.token)).await.status(), StatusCode::OK);
    }
    problem(app.get("/api/v1/account", Some(&ann.token)).await, 429, "rate-limited").await;
    assert_eq!(app.get("/api/v1/account", Some(&bob.token)).await.status(), StatusCode::OK);
    // A made-up token is nobody: the address counts, which has signed up twice.
    for _ in 0..2 {
        problem(app.get("/api/v1/account", Some("made.up.token")).await, 401, "unauthenticated").await;
    }
    problem(app.get("/api/v1/account", Some("another.made.up")).await, 429, "rate-limited").await;
}

#[tokio::test]
async fn a_forwarded_address_counts_behind_a_trusted_proxy_only() {
    let limited = |trusted: &'static str| {
        TestApp::start_with(move |settings| {
            settings.http.rate_limit_per_minute = 1;
            settings.http.trusted_proxies = vec![trusted.parse().unwrap()];
        })
    };
    let strange = limited("10.0.0.0/8").await;
    assert_eq!(behind(&strange, "x-forwarded-for", "192.0.2.1").await.status(), StatusCode::NOT_FOUND);
    problem(behind(&strange, "x-forwarded-for", "192.0.2.2").await, 429, "rate-limited").await;

    let trusting = limited("127.0.0.0/8").await;
    for forged in ["192.0.2.1", "198.51.100.1, 192.0.2.2"] {
        assert_eq!(behind(&trusting, "x-forwarded-for", forged).await.status(), StatusCode::NOT_FOUND);
    }
    // Whatever a client writes before it, its own address is the one that the proxy saw.
    problem(behind(&trusting, "x-forwarded-for", "203.0.113.5, 192.0.2.2").await, 429, "rate-limited").await;
}

#[tokio::test]
async fn https_at_the_trusted_proxy_gives_hsts() {
    let app =
        TestApp::start_with(|settings| settings.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
            .await;
    let ask = async |scheme: &str| {
        let request = app.client.get(app.url("/health")).header("x-forwarded-for", "192.0.2.1");
        let answer = request.header("x-forwarded-proto", scheme).send().await.unwrap();
        answer.headers().contains_key("strict-transport-security")
    };
    assert!(ask("https").await);
    assert!(!ask("http").await);
}

#[tokio::test]
async fn denied_networks_are_refused_on_every_path_of_the_api_port() {
    let app = TestApp::start_with(|settings| {
        settings.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        settings.http.denied_networks = vec!["192.0.2.0/24".parse().unwrap()];
    })
    .await;
    problem(behind(&app, "x-forwarded-for", "192.0.2.200").await, 403, "network-denied").await;
    assert_eq!(behind(&app, "x-forwarded-for", "192.0.3.1").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(app.get_probe("/livez").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_redis_the_replica_counts_by_itself() {
    let gates = Gates::open().await;
    let app = TestApp::start_behind_with(&gates, |settings| settings.http.rate_limit_per_minute = 2).await;
    gates.redis.close().await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(app.get(MISSING, None).await.status().as_u16());
    }
    assert_eq!(statuses, [404, 404, 429]);
    let metrics = app.get_probe("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"{decision="limited",source="local"} 1"#), "{metrics}");
}
