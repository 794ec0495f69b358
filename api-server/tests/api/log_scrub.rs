//! What people are called, write and keep secret is in no log, however talkative it is set.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Process, TestApp, User, pdf};

const NAME: &str = "Zaphodina Quillfeather";
const MAIL: &str = "zq.unusual@example.org";
const GUEST: &str = "guest.unusual@example.org";
const PASSWORD: &str = "four unusual horses";
const SKILL: &str = "Quillfeatherology";

/// What must be found nowhere.
pub(crate) const WORDS: [&str; 10] =
    [NAME, "Quillfeather", "Zaphodina", MAIL, GUEST, "zq.unusual", PASSWORD, SKILL, "rmm_", "rmi_"];

/// Goes through what people do, with names that are found again; gives the secrets that came up.
pub(crate) async fn live(app: &TestApp) -> Vec<String> {
    let body = json!({"email": MAIL, "password": PASSWORD, "name": NAME});
    let me: Value = app.post_json("/api/v1/accounts", None, &body).await.json().await.unwrap();
    let user = User {
        tenant: me["tenant"]["id"].as_str().unwrap().parse().unwrap(),
        token: me["access_token"].as_str().unwrap().to_owned(),
        refresh_token: me["refresh_token"].as_str().unwrap().to_owned(),
    };
    // What fails is told to the client, and the log has a cause: neither may have what was typed.
    for (path, body) in [
        ("/api/v1/accounts", json!({"email": MAIL, "password": PASSWORD})),
        ("/api/v1/accounts", json!({"email": NAME, "password": "short", "name": NAME})),
        ("/api/v1/sessions", json!({"email": MAIL, "password": format!("{PASSWORD}!")})),
        ("/api/v1/sessions", json!({"email": MAIL, "password": PASSWORD, "more": NAME})),
        ("/api/v1/password-resets", json!({"email": MAIL})),
        ("/api/v1/email-verifications", json!({"token": "rmm_unusual"})),
    ] {
        app.post_json(path, None, &body).await;
    }
    let verification = app.mailed_token(user.tenant, MAIL, "verify_email").await;
    app.post_json("/api/v1/email-verifications", None, &json!({"token": verification})).await;
    let invite = json!({"email": GUEST, "role": "member"});
    app.post_json("/api/v1/invitations", Some(&user.token), &invite).await;
    app.get(&format!("/api/v1/resumes?status={SKILL}"), Some(&user.token)).await;
    app.get(&format!("/verify-email?token={verification}"), None).await;
    let file = pdf(&format!("{NAME} {MAIL} {SKILL}"));
    let resume = app.upload("/api/v1/resumes", &user.token, "Quillfeather-cv.pdf", file).await;
    let resume: Value = resume.json().await.unwrap();
    let broken = bytes::Bytes::from_static(b"%PDF-1.4 Quillfeather");
    app.upload("/api/v1/resumes", &user.token, "Quillfeather-broken.pdf", broken).await;
    let job = json!({"title": NAME, "text": format!("We need {SKILL}")});
    let job: Value = app.post_json("/api/v1/jobs", Some(&user.token), &job).await.json().await.unwrap();
    let wanted = json!({"resume_id": resume["id"], "job_id": job["id"]});
    let made: Value =
        app.post_json("/api/v1/matches", Some(&user.token), &wanted).await.json().await.unwrap();
    let path = format!("/api/v1/matches/{}", made["id"].as_str().unwrap());
    app.wait_until("the match is worked out, and the mails are sent", async || {
        let now: Value = app.get(&path, Some(&user.token)).await.json().await.unwrap();
        let settled = ["ready", "failed"].contains(&now["status"].as_str().unwrap());
        settled && app.waiting_tasks(&user, "send_mail").await.is_empty()
    })
    .await;
    vec![user.token, user.refresh_token, verification]
}

/// The log, once it has `mark`.
async fn read_log(app: &TestApp, path: &Path, mark: &str) -> String {
    app.wait_until(&format!("{} has {mark:?}", path.display()), async || {
        std::fs::read_to_string(path).unwrap_or_default().contains(mark)
    })
    .await;
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn no_log_has_what_people_are_called_write_or_keep_secret() {
    let mut app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (api_log, worker_log) = (folder.path().join("api.log"), folder.path().join("worker.log"));
    let talkative = "info,api_server=trace,worker=trace,platform=trace,sqlx=info,tower_http=trace";
    let listen = crate::support::free_address();
    let variables = app.variables_with(&[
        (platform::env_vars::RM_LOG, talkative.to_owned()),
        (platform::env_vars::RM_LISTEN, listen.to_string()),
    ]);
    let _worker = Process::worker_logging(&variables, &worker_log);
    let _api = Process::api_logging(&variables, &api_log);
    app.address = listen;
    app.wait_until("the API answers", async || app.client.get(app.url("/health")).send().await.is_ok()).await;

    let mut secrets = live(&app).await;
    secrets.extend(WORDS.map(str::to_owned));
    for (path, mark) in
        [(&api_log, "\"path\":\"/api/v1/matches\""), (&worker_log, "\"kind\":\"match_resume\"")]
    {
        let log = read_log(&app, path, mark).await;
        for secret in &secrets {
            let found = log.lines().find(|line| line.to_lowercase().contains(&secret.to_lowercase()));
            assert_eq!(found, None, "{} has {secret:?}", path.display());
        }
    }
}
