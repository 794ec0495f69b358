//! Reads the state of an installation's queue from the API's pods. Uses the client, to find them, and HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use reqwest::StatusCode;
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::names::{COMPONENT_LABEL, Component, INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL};
use crate::trial::Probe;

/// How long the addresses of pods are believed. A pod that does not answer has them read again at once.
const ADDRESSES_LAST: Duration = Duration::from_secs(30);
/// How many pods are asked before the queue counts as unreadable.
const PODS_ASKED: usize = 3;
/// Longest answer that is quoted, in characters.
const QUOTE: usize = 160;

/// An installation: its namespace and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// What an API pod tells of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct QueueState {
    /// Tasks that wait for a worker.
    pub waiting: u64,
    /// Tasks that a worker has.
    pub in_flight: u64,
    /// Age of the oldest task that waits, in seconds.
    pub oldest_seconds: f64,
}

impl QueueState {
    /// All tasks that are not done.
    #[must_use]
    pub const fn backlog(&self) -> u64 {
        self.waiting.saturating_add(self.in_flight)
    }
}

/// Why the queue cannot be read.
#[derive(Debug, Error)]
pub enum QueueError {
    /// The pods could not be listed.
    #[error("the API's pods cannot be listed")]
    List(#[source] Box<kube::Error>),
    /// There is no pod to ask.
    #[error("no API pod of {0} is ready to tell its queue")]
    NoPod(String),
    /// A pod did not tell.
    #[error("pod {pod} does not tell its queue: {why}")]
    Pod {
        /// Its name.
        pod: String,
        /// What it answered instead.
        why: String,
    },
}

/// Reads queues, one request at a time for each installation, and keeps what it read for a moment.
pub struct QueueReader {
    client: Client,
    probe: Probe,
    known: Mutex<HashMap<Key, Arc<AsyncMutex<Known>>>>,
}

/// What is known of one installation.
#[derive(Default)]
struct Known {
    /// Name and address of its pods, the one that answered last first.
    pods: Vec<(String, String)>,
    listed: Option<Instant>,
    read: Option<(Instant, QueueState)>,
}

impl QueueReader {
    /// One for the whole operator.
    #[must_use]
    pub fn new(client: Client, probe: Probe) -> Self {
        Self { client, probe, known: Mutex::default() }
    }

    /// The state of a queue, as it was at most `age` ago.
    ///
    /// # Errors
    /// When no pod of the API tells it. It is never taken for empty then.
    pub async fn read(&self, key: &Key, age: Duration) -> Result<QueueState, QueueError> {
        let known = {
            let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(key.clone()).or_default().clone()
        };
        // Those who ask at the same time wait here, and find what the first one read.
        let mut known = known.lock().await;
        if let Some((at, state)) = known.read
            && at.elapsed() <= age
            && !age.is_zero()
        {
            return Ok(state);
        }
        let is_fresh = known.listed.is_some_and(|at| at.elapsed() < ADDRESSES_LAST) && !known.pods.is_empty();
        if is_fresh && let Ok(state) = self.ask(&mut known, key).await {
            return Ok(state);
        }
        known.pods = self.list(key).await?;
        known.listed = Some(Instant::now());
        if known.pods.is_empty() {
            // Perhaps there is no such installation; names that anyone may ask for are not collected.
            self.forget(key);
        }
        self.ask(&mut known, key).await
    }

    /// Forgets an installation that is gone.
    pub fn forget(&self, key: &Key) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Asks one pod after another. The one that answers is the first to be asked the next time.
    async fn ask(&self, known: &mut Known, key: &Key) -> Result<QueueState, QueueError> {
        let mut last = QueueError::NoPod(format!("{}/{}", key.namespace, key.name));
        for index in 0..known.pods.len().min(PODS_ASKED) {
            let Some((pod, ip)) = known.pods.get(index).cloned() else { break };
            match self.probe.pod(&ip, "/queue").await {
                Ok((StatusCode::OK, text)) => match serde_json::from_str::<QueueState>(&text) {
                    Ok(state) => {
                        known.pods.swap(0, index);
                        known.read = Some((Instant::now(), state));
                        return Ok(state);
                    }
                    Err(error) => last = QueueError::Pod { pod, why: error.to_string() },
                },
                Ok((StatusCode::NOT_FOUND, _)) => {
                    let why = "its version has no /queue; release a newer one".to_owned();
                    last = QueueError::Pod { pod, why };
                }
                Ok((status, text)) => {
                    let quote: String = text.trim().chars().take(QUOTE).collect();
                    last = QueueError::Pod { pod, why: format!("{status}: {quote}") };
                }
                Err(error) => last = QueueError::Pod { pod, why: no_answer(&error) },
            }
        }
        Err(last)
    }

    /// The pods of the API that are ready, of whichever version: all see the same database.
    async fn list(&self, key: &Key) -> Result<Vec<(String, String)>, QueueError> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &key.namespace);
        let selector = format!(
            "{MANAGED_BY_LABEL}={MANAGED_BY},{INSTANCE_LABEL}={},{COMPONENT_LABEL}={}",
            key.name,
            Component::Api.as_str()
        );
        let pods = api.list(&ListParams::default().labels(&selector)).await;
        let pods = pods.map_err(|error| QueueError::List(Box::new(error)))?;
        Ok(pods.items.iter().filter_map(ready).collect())
    }
}

/// Whether a pod is ready and stays.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let status = pod.status.as_ref().filter(|_| pod.metadata.deletion_timestamp.is_none());
    let mut conditions = status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Name and address of a pod that is ready and stays.
fn ready(pod: &Pod) -> Option<(String, String)> {
    let status = pod.status.as_ref().filter(|_| is_ready(pod))?;
    Some((pod.name_any(), status.pod_ip.clone()?))
}

fn no_answer(error: &reqwest::Error) -> String {
    if error.is_timeout() { "no answer in time".to_owned() } else { "no answer".to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_pods_that_are_ready_and_stay_are_asked() {
        let pod = |ready: &str, deleted: Option<&str>| {
            let pod = json!({
                "metadata": {"name": "p", "deletionTimestamp": deleted},
                "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": ready}]},
            });
            super::ready(&serde_json::from_value(pod).unwrap())
        };
        assert_eq!(pod("True", None), Some(("p".to_owned(), "10.0.0.1".to_owned())));
        assert_eq!(pod("False", None), None);
        assert_eq!(pod("True", Some("2026-01-02T03:04:05Z")), None);
    }

    #[test]
    fn the_backlog_is_what_waits_and_what_is_in_flight() {
        let state: QueueState = serde_json::from_value(
            json!({"waiting": 3, "in_flight": 2, "backlog": 5, "oldest_seconds": 1.5}),
        )
        .unwrap();
        assert_eq!(state.backlog(), 5);
        assert!(
            serde_json::from_value::<QueueState>(json!({"waiting": 3})).is_err(),
            "half an answer is none"
        );
    }
}
