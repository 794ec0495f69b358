//! Requests: as many as a service can answer, or as many a second as one says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use reqwest::{
    Client, RequestBuilder, StatusCode,
    multipart::{Form, Part},
};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::server::Server;

/// Connections of the closed loop.
const CONNECTIONS: usize = 16;
/// The list that is asked for.
pub(crate) const LIST: &str = "/api/v1/resumes?limit=20";

/// A kind of request.
#[derive(Clone)]
pub(crate) enum Work {
    Health,
    List,
    /// A text of 3 KB, another each time.
    Upload,
    /// With this body.
    Match(Value),
}

impl Work {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::List => "list",
            Self::Upload => "upload",
            Self::Match(_) => "match",
        }
    }

    fn expected(&self) -> StatusCode {
        match self {
            Self::Health | Self::List => StatusCode::OK,
            Self::Upload | Self::Match(_) => StatusCode::ACCEPTED,
        }
    }

    fn request(&self, client: &Client, server: &Server, token: &str) -> RequestBuilder {
        let request = match self {
            Self::Health => return client.get(server.url("/health")),
            Self::List => client.get(server.url(LIST)),
            Self::Upload => {
                static NUMBER: AtomicUsize = AtomicUsize::new(0);
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let line = format!(
                    "Ann Example {number}, engineer: Rust, PostgreSQL, Kubernetes and five years of it.\n"
                );
                let part =
                    Part::text(line.repeat(3000 / line.len())).file_name(format!("resume-{number}.txt"));
                client.post(server.url("/api/v1/resumes")).multipart(Form::new().part("file", part))
            }
            Self::Match(body) => client.post(server.url("/api/v1/matches")).json(body),
        };
        request.bearer_auth(token)
    }

    /// Sends one and reads the whole answer.
    async fn send(&self, client: &Client, server: &Server, token: &str) -> anyhow::Result<()> {
        let answer = self.request(client, server, token).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if status != self.expected() {
            // Gives the service a moment to write down what happened, before it is ended.
            tokio::time::sleep(Duration::from_millis(200)).await;
            bail!("{} answered {status}: {}", self.name(), String::from_utf8_lossy(&body));
        }
        Ok(())
    }
}

/// What a closed loop did.
#[derive(Clone, Copy, Default)]
pub(crate) struct Closed {
    pub(crate) requests: usize,
    took: Duration,
}

impl Closed {
    pub(crate) fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.took += more.took;
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }
}

/// How long requests took.
#[derive(Clone, Default)]
pub(crate) struct Latency(Vec<Duration>);

impl Latency {
    pub(crate) fn add(&mut self, more: Self) {
        self.0.extend(more.0);
        self.0.sort_unstable();
    }

    /// The time that this part of the requests took at most.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        let place = (self.0.len() as f64 * part) as usize;
        self.0.get(place.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

pub(crate) fn client() -> anyhow::Result<Client> {
    Ok(Client::builder().pool_max_idle_per_host(256).build()?)
}

/// Each connection sends its next request when the last is answered.
pub(crate) async fn closed(
    work: &Work,
    server: &Server,
    token: &str,
    spell: Duration,
) -> anyhow::Result<Closed> {
    let client = client()?;
    let begin = Instant::now();
    let loops = (0..CONNECTIONS).map(|_| async {
        let mut requests = 0;
        while begin.elapsed() < spell {
            work.send(&client, server, token).await?;
            requests += 1;
        }
        anyhow::Ok(requests)
    });
    let requests = futures::future::try_join_all(loops).await?.into_iter().sum();
    Ok(Closed { requests, took: begin.elapsed() })
}

/// Requests at a fixed rate, whatever becomes of those before; each is timed from when it was due, so that a service that
/// stalls is charged for those that had to wait (G. Tene: coordinated omission).
pub(crate) async fn open(
    work: &Work,
    server: &Arc<Server>,
    token: &str,
    rate: f64,
    spell: Duration,
) -> anyhow::Result<Latency> {
    let client = client()?;
    let mut sent = JoinSet::new();
    let begin = tokio::time::Instant::now();
    let count = (rate * spell.as_secs_f64()) as u32;
    for number in 0..count.max(1) {
        let due = begin + Duration::from_secs_f64(f64::from(number) / rate);
        tokio::time::sleep_until(due).await;
        let (work, server, client, token) =
            (work.clone(), Arc::clone(server), client.clone(), token.to_owned());
        sent.spawn(async move {
            work.send(&client, &server, &token).await?;
            anyhow::Ok(due.elapsed())
        });
    }
    let took: anyhow::Result<Vec<Duration>> = sent.join_all().await.into_iter().collect();
    Ok(Latency(took.context("a request failed at the offered rate")?))
}
