//! Mail, sent by the real worker to servers that speak SendGrid's and SMTP's protocols.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use platform::config::{EncryptionConfig, Env};
use platform::env_vars as var;
use platform::mail::Letter;
use platform::mail::outbox::{self, Recipient};
use platform::postgres::tenant_transaction;
use platform::sealing::Keyring;
use serde_json::Value;
use support::BackEnd;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use uuid::Uuid;

const LINK: &str = "https://rm.example/verify-email?token=rmm_abc";

/// What the mail service was told, and what it answers next (then 202).
#[derive(Clone, Default)]
struct Service {
    requests: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

impl Service {
    /// A service on loopback that answers `answers` first; with its address.
    async fn start(answers: &[StatusCode]) -> (Self, String) {
        let service = Self { answers: Arc::new(Mutex::new(answers.to_vec())), ..Self::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v3/mail/send", post(take)).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (service, url)
    }

    fn requests(&self) -> Vec<(HeaderMap, Value)> {
        self.requests.lock().unwrap().clone()
    }
}

/// `POST /v3/mail/send`: demands what the service's reference demands of a mail.
async fn take(State(service): State<Service>, headers: HeaderMap, body: String) -> StatusCode {
    let mail: Value = serde_json::from_str(&body).unwrap();
    let is_valid = headers["content-type"] == "application/json"
        && mail["personalizations"].as_array().is_some_and(|all| {
            (1..=1000).contains(&all.len()) && all.iter().all(|one| one["to"][0]["email"].is_string())
        })
        && mail["from"]["email"].is_string()
        && mail["subject"].as_str().is_some_and(|subject| !subject.is_empty())
        // text/plain must come first.
        && mail["content"].as_array().is_some_and(|parts| parts[0]["type"] == "text/plain")
        && mail["personalizations"][0]["custom_args"].as_object().is_some_and(|all| {
            all.values().all(Value::is_string)
        });
    service.requests.lock().unwrap().push((headers.clone(), mail));
    if headers.get("authorization").is_none_or(|key| key != "Bearer SG.test-key") {
        return StatusCode::UNAUTHORIZED;
    }
    if !is_valid {
        return StatusCode::BAD_REQUEST;
    }
    let mut answers = service.answers.lock().unwrap();
    if answers.is_empty() { StatusCode::ACCEPTED } else { answers.remove(0) }
}

/// Queues a mail as the API does.
async fn queue(back_end: &BackEnd, address: &str) -> Uuid {
    let env = Env::from_pairs(back_end.variables.clone());
    let keyring = Keyring::new(&EncryptionConfig::from_env(&env).unwrap()).unwrap();
    let mut transaction = tenant_transaction(&back_end.pool, back_end.tenant).await.unwrap();
    let to = Recipient { tenant: back_end.tenant, account: None, address };
    let letter = Letter::VerifyEmail { link: LINK.to_owned() };
    outbox::queue(&mut transaction, &keyring, to, &letter).await.unwrap();
    let id = sqlx::query_scalar("SELECT id FROM mails WHERE recipient = $1")
        .bind(address)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    id
}

async fn settled(back_end: &BackEnd, mail: Uuid) -> (String, Option<String>, bool) {
    let query = "SELECT status, error, content IS NULL FROM mails
                 WHERE id = $1 AND status NOT IN ('queued', 'processing')";
    back_end.eventually(query, mail).await
}

fn sendgrid(url: &str) -> [(&'static str, &str); 4] {
    [
        (var::RM_ENVIRONMENT, "staging"),
        (var::RM_SENDGRID_URL, url),
        (var::RM_SENDGRID_API_KEY, "SG.test-key"),
        (var::RM_MAIL_FROM, "Resume Matcher <noreply@example.org>"),
    ]
}

#[tokio::test]
async fn a_mail_is_tried_again_until_the_service_takes_it() {
    let back_end = BackEnd::start().await;
    let busy = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS, StatusCode::FORBIDDEN];
    let (service, url) = Service::start(&busy).await;
    let _worker = back_end.worker_with(&sendgrid(&url));
    let mail = queue(&back_end, "ann@example.org").await;
    assert_eq!(settled(&back_end, mail).await, ("sent".to_owned(), None, true));
    let requests = service.requests();
    assert_eq!(requests.len(), 4);
    let sent = &requests[3].1;
    assert_eq!(sent["personalizations"][0]["to"][0]["email"], "ann@example.org");
    assert_eq!(sent["personalizations"][0]["custom_args"]["mail_id"], mail.to_string());
    assert_eq!(sent["personalizations"][0]["custom_args"]["tenant_id"], back_end.tenant.to_string());
    assert_eq!(sent["from"]["name"], "Resume Matcher");
    assert!(sent["content"][0]["value"].as_str().unwrap().contains(LINK));
    // Links carry tokens: nobody rewrites them for counting.
    assert_eq!(sent["tracking_settings"]["click_tracking"]["enable"], false);
}

#[tokio::test]
async fn a_mail_that_the_service_refuses_fails_at_once_and_a_suppressed_one_is_not_sent() {
    let back_end = BackEnd::start().await;
    let (service, url) = Service::start(&[StatusCode::BAD_REQUEST]).await;
    let mut transaction = back_end.pool.begin().await.unwrap();
    sqlx::query("SELECT set_config('app.post_office', 'on', true)").execute(&mut *transaction).await.unwrap();
    sqlx::query(
        "INSERT INTO mail_suppressions (address_hash, reason) VALUES (sha256('gone@example.org'), 'bounce')",
    )
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    let _worker = back_end.worker_with(&sendgrid(&url));
    let refused = queue(&back_end, "ann@example.org").await;
    let (status, error, _) = settled(&back_end, refused).await;
    let error = error.unwrap();
    assert_eq!(
        (status.as_str(), error.as_str()),
        ("failed", "the mail service refuses the mail (status 400)")
    );
    let suppressed = queue(&back_end, "gone@example.org").await;
    assert_eq!(settled(&back_end, suppressed).await, ("suppressed".to_owned(), None, true));
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn in_development_nothing_leaves_whatever_is_set() {
    let back_end = BackEnd::start().await;
    let (service, url) = Service::start(&[]).await;
    let mut variables = sendgrid(&url);
    variables[0].1 = "development";
    let _worker = back_end.worker_with(&variables);
    let mail = queue(&back_end, "ann@example.org").await;
    assert_eq!(settled(&back_end, mail).await, ("kept".to_owned(), None, false));
    assert_eq!(service.requests().len(), 0);
}

/// A mail server on loopback that refuses mail to `nobody@…`; with its port and the mails that it took.
async fn mail_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let mails = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mails = Arc::clone(&mails);
            tokio::spawn(async move { converse(stream, &mails).await });
        }
    });
    (port, taken)
}

/// One connection, as RFC 5321 has it.
async fn converse(stream: tokio::net::TcpStream, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-mail.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "RCPT" if line.contains("nobody@") => "550 5.1.1 no such mailbox\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.push_str(&line);
                    mail.push('\n');
                }
                mails.lock().unwrap().push(mail);
                "250 taken\r\n"
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => "250 fine\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_mail_goes_out_by_smtp_and_a_refused_mailbox_is_told() {
    let back_end = BackEnd::start().await;
    let (port, taken) = mail_server().await;
    let url = format!("smtp://127.0.0.1:{port}");
    let _worker = back_end.worker_with(&[
        (var::RM_ENVIRONMENT, "staging"),
        (var::RM_SMTP_URL, &url),
        (var::RM_MAIL_FROM, "Resume Matcher <noreply@example.org>"),
    ]);
    let mail = queue(&back_end, "ann@example.org").await;
    assert_eq!(settled(&back_end, mail).await, ("sent".to_owned(), None, true));
    let text = taken.lock().unwrap()[0].clone();
    assert!(text.contains("To: ann@example.org"), "{text}");
    assert!(text.contains(&format!("Message-ID: <{mail}@example.org>")), "{text}");
    assert!(text.contains("Subject: Confirm your e-mail address"), "{text}");
    let refused = queue(&back_end, "nobody@example.org").await;
    let (status, error, _) = settled(&back_end, refused).await;
    let error = error.unwrap();
    assert_eq!(
        (status.as_str(), error.as_str()),
        ("failed", "the mail service refuses the mail (status 550)")
    );
}
