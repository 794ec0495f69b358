//! A resume and a job that go all the way: API, outbox, queue, worker, database, storage.

use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Api, ProbeError};

/// How long the workers may take. They may be busy with the work of others.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(500);
const RESUME: &str = "Canary Example\ncanary@example.org\n\nExperience\nSoftware Engineer, Example Ltd, 2019 - 2024\n\
    Built services in Rust and Python on Kubernetes.\n\nSkills\nRust, Python, Kubernetes, PostgreSQL\n";
const JOB: &str = "Software Engineer\n\nRequirements\n- 3 years of experience with Rust\n- Kubernetes\n";

/// The canary's account: one for each installation, made when it is first needed.
#[derive(Clone)]
pub struct Canary {
    /// Its address.
    pub email: String,
    /// Its password, which is derived from the installation's key.
    pub password: String,
}

impl std::fmt::Debug for Canary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Canary").field("email", &self.email).finish_non_exhaustive()
    }
}

impl Canary {
    /// Sends everything, waits for the match, and deletes what was sent.
    pub(super) async fn fly(&self, api: &Api) -> Result<(), ProbeError> {
        let api = api.clone().with_token(self.token(api).await?);
        let mut sent = Vec::new();
        let result = send(&api, &mut sent).await;
        for path in sent.iter().rev() {
            let delete = Api::expect(
                api.request(Method::DELETE, path),
                "DELETE of the canary's documents",
                &[StatusCode::NO_CONTENT, StatusCode::OK, StatusCode::NOT_FOUND],
            );
            // What remains belongs to the canary's account alone, and the trial has its answer.
            if let Err(error) = delete.await {
                tracing::warn!(%error, path, "left behind");
            }
        }
        result
    }

    async fn token(&self, api: &Api) -> Result<String, ProbeError> {
        let body = json!({"email": self.email, "password": self.password});
        let sign_up = api.request(Method::POST, "/api/v1/accounts").json(&body);
        let known = [StatusCode::CREATED, StatusCode::CONFLICT];
        let (status, mut answer) = Api::expect(sign_up, "POST /api/v1/accounts", &known).await?;
        if status == StatusCode::CONFLICT {
            let sign_in = api.request(Method::POST, "/api/v1/sessions").json(&body);
            let fine = [StatusCode::OK, StatusCode::CREATED];
            answer = Api::expect(sign_in, "POST /api/v1/sessions", &fine).await?.1;
        }
        text(&answer, "access_token", "sign-in")
    }
}

async fn send(api: &Api, sent: &mut Vec<String>) -> Result<(), ProbeError> {
    let form = Form::new().part("file", Part::bytes(RESUME.as_bytes()).file_name("canary.txt"));
    let upload = api.request(Method::POST, "/api/v1/resumes").multipart(form);
    let resume = posted(upload, "/api/v1/resumes", sent).await?;
    let job = json!({"title": "Canary", "text": JOB});
    let job = posted(api.request(Method::POST, "/api/v1/jobs").json(&job), "/api/v1/jobs", sent).await?;
    ready(api, &format!("/api/v1/resumes/{resume}")).await?;
    ready(api, &format!("/api/v1/jobs/{job}")).await?;
    let pair = json!({"resume_id": resume, "job_id": job});
    let found =
        posted(api.request(Method::POST, "/api/v1/matches").json(&pair), "/api/v1/matches", sent).await?;
    let found = ready(api, &format!("/api/v1/matches/{found}")).await?;
    match found.get("score").and_then(Value::as_f64) {
        Some(score) if (0.0..=100.0).contains(&score) => Ok(()),
        _ => Err(ProbeError::Wrong {
            request: "the canary's match".to_owned(),
            answer: format!("score {}", found.get("score").unwrap_or(&Value::Null)),
            expected: "a score from 0 to 100".to_owned(),
        }),
    }
}

async fn posted(
    request: reqwest::RequestBuilder,
    path: &str,
    sent: &mut Vec<String>,
) -> Result<String, ProbeError> {
    let what = format!("POST {path}");
    let fine = [StatusCode::ACCEPTED, StatusCode::CREATED, StatusCode::OK];
    let (_, answer) = Api::expect(request, &what, &fine).await?;
    let id = text(&answer, "id", &what)?;
    sent.push(format!("{path}/{id}"));
    Ok(id)
}

/// Waits until the thing at this path has been worked on.
async fn ready(api: &Api, path: &str) -> Result<Value, ProbeError> {
    let begun = Instant::now();
    loop {
        let thing = api.get(path, StatusCode::OK).await?;
        match thing.get("status").and_then(Value::as_str) {
            Some("ready") | None => return Ok(thing),
            Some("failed") => {
                return Err(ProbeError::Wrong {
                    request: format!("GET {path}"),
                    answer: "status failed".to_owned(),
                    expected: "status ready".to_owned(),
                });
            }
            Some(_) if begun.elapsed() > PATIENCE => {
                return Err(ProbeError::Late { what: path.to_owned(), seconds: PATIENCE.as_secs() });
            }
            Some(_) => tokio::time::sleep(POLL).await,
        }
    }
}

fn text(answer: &Value, key: &str, what: &str) -> Result<String, ProbeError> {
    answer.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| ProbeError::Wrong {
        request: what.to_owned(),
        answer: "no such field".to_owned(),
        expected: format!("the field {key}"),
    })
}
