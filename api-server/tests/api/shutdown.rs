//! Stopping: requests in flight are finished, new ones are sent elsewhere first.

use bytes::Bytes;
use futures::channel::mpsc;
use reqwest::{Body, StatusCode};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

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

#[tokio::test]
async fn a_connection_that_was_kept_open_gets_one_more_answer_and_is_asked_to_go_elsewhere() {
    let app = TestApp::start_with(|settings| settings.drain.idle = settings.drain.deadline).await;
    let mut connection = BufReader::new(tokio::net::TcpStream::connect(app.address).await.unwrap());
    let first = ask(&mut connection).await;
    assert!(first.starts_with("http/1.1 200") && !first.contains("connection: close"), "{first}");
    app.stop.cancel();
    app.wait_until("the port is closed", async || tokio::net::TcpStream::connect(app.address).await.is_err())
        .await;
    let last = ask(&mut connection).await;
    assert!(last.starts_with("http/1.1 200") && last.contains("connection: close"), "{last}");
    let mut rest = Vec::new();
    assert_eq!(connection.read_to_end(&mut rest).await.unwrap(), 0, "the server closes after it");
    app.stopped().await;
}

/// Sends a request over a connection that stays open, and gives the head of its answer in lower case.
async fn ask(connection: &mut BufReader<tokio::net::TcpStream>) -> String {
    connection.write_all(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).await.unwrap(), 0, "closed under a request: {head}");
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    connection.read_exact(&mut vec![0; length.parse().unwrap()]).await.unwrap();
    head
}
