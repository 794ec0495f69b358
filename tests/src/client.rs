//! Uses the HTTP API as a person's program would: through the ingress, with a token.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::installation::Installation;
use crate::wait;

/// How long reading and matching a document may take here; seconds as a rule, but the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// The API, as one account sees it.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    email: String,
    token: String,
}

/// The password of all accounts of the tests.
const PASSWORD: &str = "correct horse battery staple";

impl Client {
    /// Signs up with an address that nobody has used.
    ///
    /// # Errors
    /// When the installation does not answer or refuses.
    pub async fn sign_up(installation: &Installation) -> anyhow::Result<Self> {
        let mut client = anonymous(installation)?;
        client.email = format!("{}@example.org", uuid::Uuid::new_v4());
        let body = json!({"email": client.email, "password": PASSWORD});
        let (status, account) =
            client.send(client.request(Method::POST, "/api/v1/accounts").json(&body)).await?;
        if status != StatusCode::CREATED {
            bail!("sign-up: {status} {account}");
        }
        client.token = text(&account, "/access_token")?;
        Ok(client)
    }

    /// The same account at this installation, which may be another one with the same data.
    ///
    /// # Errors
    /// When the installation does not answer or does not know the account.
    pub async fn sign_in(&self, installation: &Installation) -> anyhow::Result<Self> {
        let mut client = anonymous(installation)?;
        client.email.clone_from(&self.email);
        let body = json!({"email": client.email, "password": PASSWORD});
        let (status, session) =
            client.send(client.request(Method::POST, "/api/v1/sessions").json(&body)).await?;
        if !status.is_success() {
            bail!("sign-in: {status} {session}");
        }
        client.token = text(&session, "/access_token")?;
        Ok(client)
    }

    /// Calls a path and returns the status and the header `Retry-After`, which is not waited for.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn told(&self, path: &str) -> anyhow::Result<(StatusCode, Option<String>)> {
        let response = self.request(Method::GET, path).send().await?;
        let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        Ok((response.status(), after.map(str::to_owned)))
    }

    /// Deletes the thing at a path.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let (status, answer) = self.send(self.request(Method::DELETE, path)).await?;
        if !status.is_success() {
            bail!("delete {path}: {status} {answer}");
        }
        Ok(())
    }

    /// Calls a path and returns status and JSON body (null when the body is not JSON).
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<(StatusCode, Value)> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Uploads a resume and waits until it is read; returns it.
    ///
    /// # Errors
    /// When it is refused or cannot be read.
    pub async fn upload(&self, file: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
        let id = self.send_resume(file, bytes).await?;
        self.finished(&format!("/api/v1/resumes/{id}")).await
    }

    /// Uploads a resume and does not wait until it is read; returns its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn send_resume(&self, file: &str, bytes: Vec<u8>) -> anyhow::Result<String> {
        let form = Form::new().part("file", Part::bytes(bytes).file_name(file.to_owned()));
        let (status, resume) =
            self.send(self.request(Method::POST, "/api/v1/resumes").multipart(form)).await?;
        if status != StatusCode::ACCEPTED {
            bail!("upload of {file}: {status} {resume}");
        }
        text(&resume, "/id")
    }

    /// Adds a job by its text; returns its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn add_job(&self, job: &str) -> anyhow::Result<String> {
        let body = json!({"title": "Platform engineer", "text": job});
        let (status, job) = self.send(self.request(Method::POST, "/api/v1/jobs").json(&body)).await?;
        if !status.is_success() {
            bail!("job: {status} {job}");
        }
        text(&job, "/id")
    }

    /// Matches a resume with a job and waits for the result; returns the match.
    ///
    /// # Errors
    /// When it is refused or fails.
    pub async fn match_with(&self, resume: &str, job: &str) -> anyhow::Result<Value> {
        let body = json!({"resume_id": resume, "job_id": job});
        let (status, found) = self.send(self.request(Method::POST, "/api/v1/matches").json(&body)).await?;
        if status != StatusCode::ACCEPTED {
            bail!("match: {status} {found}");
        }
        self.finished(&format!("/api/v1/matches/{}", text(&found, "/id")?)).await
    }

    /// Waits until the thing at this path, a resume or a match, is ready; returns it.
    ///
    /// # Errors
    /// When it fails, or takes too long.
    pub async fn finished(&self, path: &str) -> anyhow::Result<Value> {
        let thing = wait::until(path, PATIENCE, async || {
            let (status, thing) = self.get(path).await?;
            match (status, thing.pointer("/status").and_then(Value::as_str)) {
                (StatusCode::OK, Some("ready" | "failed")) => Ok(Some(thing)),
                _ => bail!("{status} {thing}"),
            }
        })
        .await?;
        if thing.pointer("/status") == Some(&json!("failed")) {
            bail!("{path} failed: {thing}");
        }
        Ok(thing)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    async fn send(&self, mut request: RequestBuilder) -> anyhow::Result<(StatusCode, Value)> {
        loop {
            // None for an upload, whose body can be sent once only.
            let again = request.try_clone();
            let response = request.send().await?;
            let status = response.status();
            match again {
                // As any program should: over the rate limit it waits as long as it is told.
                Some(again) if status == StatusCode::TOO_MANY_REQUESTS => {
                    let told = response.headers().get("retry-after").context("429 without Retry-After")?;
                    tokio::time::sleep(Duration::from_secs(told.to_str()?.parse()?)).await;
                    request = again;
                }
                _ => {
                    return Ok((
                        status,
                        serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null),
                    ));
                }
            }
        }
    }
}

/// A client without account, for what needs none.
///
/// # Errors
/// When the installation's URL is not one.
pub fn anonymous(installation: &Installation) -> anyhow::Result<Client> {
    let (email, token) = (String::new(), String::new());
    Ok(Client { http: connection(&installation.url, None)?, url: installation.url.clone(), email, token })
}

/// The text at a JSON pointer.
///
/// # Errors
/// When there is none.
pub fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found.with_context(|| format!("{pointer} is absent in {value}"))?.to_owned())
}

/// An HTTP client to which names below `localhost` are this machine, as they are to browsers; not every C library
/// resolves them. It connects from `address` where one is given.
///
/// # Errors
/// When the URL is not one.
pub fn connection(url: &str, address: Option<IpAddr>) -> anyhow::Result<reqwest::Client> {
    // The first client of the process sets the provider; for those after it there is nothing to do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url: reqwest::Url = url.parse().with_context(|| format!("{url} is not a URL"))?;
    let mut builder =
        reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().local_address(address);
    if let Some(host) = url.host_str().filter(|host| host.ends_with(".localhost")) {
        builder = builder.resolve(host, SocketAddr::from(([127, 0, 0, 1], 0)));
    }
    Ok(builder.build()?)
}
