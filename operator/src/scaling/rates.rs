//! Counts the requests of installations whose rate someone asks for. Uses the client, to find the API's pods, and HTTP.
//!
//! Every replica of the operator may be asked, and a rate needs two counts: one that is asked for an installation counts its
//! requests from then on, until nobody has asked for a while.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use reqwest::StatusCode;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::meter::{Counted, Meter, requests};
use super::queue::{Key, is_ready};
use crate::names::{COLOUR_LABEL, COMPONENT_LABEL, Component, INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL};
use crate::trial::Probe;

/// How often pods are asked.
const PERIOD: Duration = Duration::from_secs(5);
/// How soon they are asked for the second time, of which there is a first rate.
const SOON: Duration = Duration::from_secs(2);
/// How long someone waits who asks first.
const FIRST_ANSWER: Duration = Duration::from_secs(6);
/// For how long requests are counted for which nobody asks. Autoscalers ask every 15 seconds, one replica or another.
const IDLE: Duration = Duration::from_secs(180);
/// How many pods are asked at a time.
const AT_A_TIME: usize = 16;
/// Longest answer that is quoted, in characters.
const QUOTE: usize = 160;

/// Counts requests, for as long as someone wants to know.
pub struct RateReader {
    client: Client,
    probe: Probe,
    known: Mutex<Known>,
}

/// The installations that are counted, and who counts. The tasks end with the reader.
#[derive(Default)]
struct Known {
    entries: HashMap<Key, Arc<Entry>>,
    tasks: JoinSet<()>,
}

/// One installation.
struct Entry {
    state: Mutex<State>,
    counted: Notify,
}

struct State {
    meter: Meter,
    asked: Instant,
    /// Why the last round could not be begun.
    failure: Option<String>,
    /// Whether nobody counts any more.
    ended: bool,
}

impl Entry {
    fn new() -> Self {
        let state = State { meter: Meter::default(), asked: Instant::now(), failure: None, ended: false };
        Self { state: Mutex::new(state), counted: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RateReader {
    /// One for the whole operator.
    #[must_use]
    pub fn new(client: Client, probe: Probe) -> Self {
        Self { client, probe, known: Mutex::default() }
    }

    /// Requests a second of an installation's API over the last half minute, or less when it was not asked for before, by
    /// the colour of the pods that answered them.
    ///
    /// # Errors
    /// A sentence, when a part of them is unknown. It is never taken for nothing.
    pub async fn read(&self, key: &Key) -> Result<BTreeMap<String, f64>, String> {
        let entry = self.entry(key);
        let deadline = Instant::now() + FIRST_ANSWER;
        loop {
            let mut counted = pin!(entry.counted.notified());
            // From now on: a round that ends before the next line is not missed.
            counted.as_mut().enable();
            let (result, begins) = {
                let state = entry.lock();
                let result = match &state.failure {
                    Some(why) => Err(why.clone()),
                    None => state.meter.rate(Instant::now()),
                };
                (result, state.failure.is_none() && state.meter.begins())
            };
            match result {
                Err(why) if begins => {
                    if timeout_at(deadline, counted).await.is_err() {
                        return Err(why);
                    }
                }
                result => return result,
            }
        }
    }

    /// The entry of an installation, which is counted from now on.
    fn entry(&self, key: &Key) -> Arc<Entry> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.entries.get(key) {
            let mut state = entry.lock();
            if !state.ended {
                state.asked = Instant::now();
                drop(state);
                return entry.clone();
            }
        }
        known.entries.retain(|_, entry| !entry.lock().ended);
        while known.tasks.try_join_next().is_some() {}
        let entry = Arc::new(Entry::new());
        known.entries.insert(key.clone(), entry.clone());
        known.tasks.spawn(count(self.client.clone(), self.probe.clone(), key.clone(), entry.clone()));
        entry
    }
}

/// Asks the pods of one installation, round after round, until nobody wants to know.
async fn count(client: Client, probe: Probe, key: Key, entry: Arc<Entry>) {
    loop {
        let round = round(&client, &probe, &key).await;
        let (pause, ended) = {
            let mut state = entry.lock();
            // Names that anyone may ask for are not collected.
            state.ended = state.asked.elapsed() > IDLE || matches!(&round, Ok(pods) if pods.is_empty());
            match round {
                Ok(pods) => {
                    state.failure = pods.is_empty().then(|| "it has no pods of its API".to_owned());
                    state.meter.take(Instant::now(), pods);
                }
                Err(why) => state.failure = Some(why),
            }
            (if state.meter.begins() { SOON } else { PERIOD }, state.ended)
        };
        entry.counted.notify_waiters();
        if ended {
            return;
        }
        sleep(pause).await;
    }
}

/// What each pod of the API has counted. Those that end are among them: they still answer.
async fn round(client: &Client, probe: &Probe, key: &Key) -> Result<Vec<Counted>, String> {
    let api: Api<Pod> = Api::namespaced(client.clone(), &key.namespace);
    let selector = format!(
        "{MANAGED_BY_LABEL}={MANAGED_BY},{INSTANCE_LABEL}={},{COMPONENT_LABEL}={}",
        key.name,
        Component::Api.as_str()
    );
    let pods = api.list(&ListParams::default().labels(&selector)).await.map_err(|error| {
        tracing::warn!(%error, namespace = key.namespace, name = key.name, "the API's pods cannot be listed");
        "its pods cannot be listed".to_owned()
    })?;
    let asked = pods.items.into_iter().filter_map(|pod| {
        let ip = running(&pod)?;
        Some(async move { ask(probe, &pod, &ip).await })
    });
    Ok(futures::stream::iter(asked).buffer_unordered(AT_A_TIME).collect().await)
}

/// The address of a pod that has begun and not ended.
fn running(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let runs = status.phase.as_deref() == Some("Running");
    status.pod_ip.clone().filter(|_| runs)
}

async fn ask(probe: &Probe, pod: &Pod, ip: &str) -> Counted {
    let count = match probe.pod(ip, "/metrics").await {
        Ok((StatusCode::OK, text)) => requests(&text),
        Ok((status, text)) => {
            let quote: String = text.trim().chars().take(QUOTE).collect();
            Err(format!("{status}: {quote}"))
        }
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(_) => Err("no answer".to_owned()),
    };
    Counted {
        uid: pod.uid().unwrap_or_default(),
        name: pod.name_any(),
        colour: pod.labels().get(COLOUR_LABEL).cloned().unwrap_or_default(),
        serves: is_ready(pod),
        count,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_that_have_not_begun_or_have_ended_are_not_asked() {
        let of = |phase: &str, ip: Option<&str>| {
            running(&serde_json::from_value(json!({"status": {"phase": phase, "podIP": ip}})).unwrap())
        };
        assert_eq!(of("Running", Some("10.0.0.1")).as_deref(), Some("10.0.0.1"));
        // An evicted pod has failed, and stays until someone removes it.
        assert_eq!(of("Failed", Some("10.0.0.1")), None);
        assert_eq!(of("Pending", None), None);
    }
}
