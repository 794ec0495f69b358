//! Stopping: requests in flight are finished, new ones are sent elsewhere first.

use bytes::Bytes;
use futures::channel::mpsc;
use reqwest::{Body, StatusCode};

use crate::support::TestApp;

#[tokio::test]
async fn a_request_in_flight_is_finished_and_then_the_port_is_closed() {
    let app = TestApp::start().await;
    let user = app.sign_up("ann@example.org").await;
    let (sender, receiver) = mpsc::unbounded::<Result<Bytes, std::io::Error>>();
    let send = |text: &'static str| sender.unbounded_send(Ok(Bytes::from_static(text.as_bytes()))).unwrap();
    send("--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n");
    let request = app
        .client
        .post(app.url("/api/v1/resumes"))
        .bearer_auth(&user.token)
        .header("content-type", "multipart/form-data; boundary=B")
        .body(Body::wrap_stream(receiver));
    let upload = tokio::spawn(request.send());
    // In flight as the server sees it, and not only sent.
    app.wait_until("the upload is in flight", async || {
        let metrics = app.get_probe("/metrics").await.text().await.unwrap();
        metrics.lines().any(|line| line == "http_requests_in_flight 1")
    })
    .await;

    app.stop.cancel();
    app.wait_until("the server is not ready any more", async || {
        app.get_probe("/readyz").await.status() == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    app.wait_until("the port is closed", async || tokio::net::TcpStream::connect(app.address).await.is_err())
        .await;
    assert!(!upload.is_finished());
    send("end\r\n--B--\r\n");
    drop(sender);
    let answer = upload.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    app.stopped().await;
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let app = TestApp::start().await;
    // The client keeps this connection open.
    app.get("/health", None).await;
    let started = std::time::Instant::now();
    app.stop.cancel();
    app.stopped().await;
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}
