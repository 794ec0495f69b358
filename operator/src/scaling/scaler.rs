//! Watches the queues of all installations whose workers follow theirs, and scales between none and one. Uses the client.
//! One for each operator that leads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::decide::{Action, decide, pods_for};
use super::entry::Entry;
use super::plan::Plan;
use super::queue::{Key, QueueReader};
use crate::crd::ResumeMatcher;
use crate::telemetry::{Metrics, Verb};

/// Field manager of the number of pods, apart from that of everything else: what the operator applies never has it.
const SCALING_MANAGER: &str = "resume-matcher-operator-scaling";
/// How old a reading may be that a decision is made of.
const FRESH: Duration = Duration::from_millis(500);
/// When to look again where there is nothing to look at.
const NEVER: Duration = Duration::from_secs(3600);

/// What keeps workers from following their queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// In a word.
    pub reason: &'static str,
    /// Which object, why, and the mend.
    pub message: String,
}

type Door = (Option<String>, mpsc::UnboundedSender<ObjectRef<ResumeMatcher>>);

/// What a [`Scaler`] works with.
pub struct Parts {
    /// The API server.
    pub client: Client,
    /// Reads queues.
    pub queue: Arc<QueueReader>,
    /// Publishes events.
    pub recorder: Recorder,
    /// Counts.
    pub metrics: Metrics,
}

/// Watches queues and scales between none and one.
pub struct Scaler {
    parts: Parts,
    entries: Mutex<HashMap<Key, Entry>>,
    /// What keeps the autoscalers from reading any queue; none: nothing.
    adapter: Mutex<Option<Hindrance>>,
    changed: Notify,
    doors: Mutex<Vec<Door>>,
}

impl Scaler {
    /// One that watches nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            entries: Mutex::default(),
            adapter: Mutex::default(),
            changed: Notify::new(),
            doors: Mutex::default(),
        }
    }

    /// Where to say which installation to look at, in one namespace or in all.
    pub fn tell(&self, namespace: Option<String>, door: mpsc::UnboundedSender<ObjectRef<ResumeMatcher>>) {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner).push((namespace, door));
    }

    /// From now on, this plan, or none.
    pub fn follow(&self, key: &Key, plan: Option<Plan>) {
        let mut entries = self.lock();
        match (entries.get_mut(key), plan) {
            (Some(entry), Some(plan)) => {
                if entry.plan != plan {
                    entry.plan = plan;
                    entry.due = Instant::now();
                    self.changed.notify_one();
                }
            }
            (None, Some(plan)) => {
                entries.insert(key.clone(), Entry::new(plan));
                self.changed.notify_one();
            }
            (_, None) => {
                entries.remove(key);
                self.parts.queue.forget(key);
            }
        }
        self.count(&entries);
    }

    /// What keeps an installation's workers from following its queue; none: nothing is known to.
    #[must_use]
    pub fn hindrance(&self, key: &Key) -> Option<Hindrance> {
        let entries = self.lock();
        let entry = entries.get(key)?;
        if let Some(why) = entry.trouble(Instant::now()) {
            let message = format!("{why}; the workers stay {} as they are", entry.plan.pods);
            return Some(Hindrance { reason: "QueueUnreadable", message });
        }
        let adapter = self.adapter.lock().unwrap_or_else(PoisonError::into_inner);
        adapter.clone().filter(|_| entry.plan.wakes())
    }

    /// What keeps every autoscaler from reading metrics of this operator; none: nothing is known to.
    #[must_use]
    pub fn adapter_hindrance(&self) -> Option<Hindrance> {
        self.adapter.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This operator serves no metrics.
    pub fn has_no_adapter(&self) {
        let message = "this operator serves no metrics: start it with ADAPTER_SERVICE (the chart's \
                       externalMetrics.enabled), or set spec.worker.autoscaling.source to keda";
        self.adapter_is(Some(Hindrance { reason: "AdapterOff", message: message.to_owned() }));
    }

    /// What keeps every autoscaler from reading its queue, from now on.
    pub(super) fn adapter_is(&self, hindrance: Option<Hindrance>) {
        {
            let mut adapter = self.adapter.lock().unwrap_or_else(PoisonError::into_inner);
            if *adapter == hindrance {
                return;
            }
            *adapter = hindrance;
        }
        let keys: Vec<Key> = self.lock().keys().cloned().collect();
        keys.iter().for_each(|key| self.look_at(key));
    }

    /// Watches until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut polls = JoinSet::new();
        loop {
            let (due, next) = self.take_due(Instant::now());
            for key in due {
                polls.spawn(Arc::clone(&self).poll(key));
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(next) => {}
                () = self.changed.notified() => {}
                Some(_ended) = polls.join_next(), if !polls.is_empty() => {}
            }
        }
    }

    /// The installations whose queue is to be read now, and when the next is.
    fn take_due(&self, now: Instant) -> (Vec<Key>, Instant) {
        let (mut due, mut next) = (Vec::new(), now + NEVER);
        for (key, entry) in self.lock().iter_mut().filter(|(_, entry)| !entry.busy) {
            if entry.due <= now {
                entry.busy = true;
                due.push(key.clone());
            } else {
                next = next.min(entry.due);
            }
        }
        (due, next)
    }

    async fn poll(self: Arc<Self>, key: Key) {
        let reading = self.read(&key, FRESH).await;
        let now = Instant::now();
        let planned = {
            let mut entries = self.lock();
            entries.get_mut(&key).map(|entry| {
                entry.take(&reading, now);
                (entry.plan.clone(), decide(&entry.situation(now)))
            })
        };
        let Some((plan, action)) = planned else { return };
        if action != Action::Keep && plan.wakes() {
            self.act(&plan, action).await;
        }
        let is_news = {
            let mut entries = self.lock();
            let is_news = entries.get_mut(&key).is_some_and(|entry| {
                let now = Instant::now();
                entry.busy = false;
                entry.due = now + entry.pause(now);
                let told = entry.trouble(now).is_some();
                std::mem::replace(&mut entry.told, told) != told
            });
            self.count(&entries);
            is_news
        };
        if is_news {
            self.look_at(&key);
        }
    }

    async fn read(&self, key: &Key, age: Duration) -> Result<u64, String> {
        let read = self.parts.queue.read(key, age).await;
        read.map(|state| state.backlog()).map_err(|error| {
            tracing::debug!(namespace = key.namespace, name = key.name, %error, "queue not read");
            match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            }
        })
    }

    /// Scales, if the Deployment still is as it was thought to be.
    async fn act(&self, plan: &Plan, action: Action) {
        let pods = match action {
            Action::Keep => return,
            Action::Wake(pods) => pods,
            // Once more, now: a task may have come since.
            Action::Sleep => match self.read(&plan.key, Duration::ZERO).await {
                Ok(0) => 0,
                Ok(_) | Err(_) => return,
            },
        };
        let (namespace, name) = (&plan.key.namespace, &plan.key.name);
        match self.scale(plan, pods).await {
            Ok(true) => {
                tracing::info!(namespace, name, deployment = plan.deployment, pods, "scales the workers");
                self.scaled(plan, pods).await;
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(namespace, name, deployment = plan.deployment, %error, "workers not scaled; it is tried again");
            }
        }
    }

    /// Compare and swap on the Deployment's scale. Gives whether it was changed.
    async fn scale(&self, plan: &Plan, pods: i32) -> Result<bool, kube::Error> {
        let api: Api<Deployment> = Api::namespaced(self.parts.client.clone(), &plan.key.namespace);
        let live = api.get_scale(&plan.deployment).await?;
        let now = live.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default();
        // Looked at after the read: whoever takes the plan away and then applies has the patch below fail.
        if !self.is_planned(plan) {
            return Ok(false);
        }
        if (now == 0) == (pods == 0) {
            self.is_now(plan, now);
            return Ok(false);
        }
        let body = json!({
            "metadata": {"resourceVersion": live.metadata.resource_version}, "spec": {"replicas": pods},
        });
        let params =
            PatchParams { field_manager: Some(SCALING_MANAGER.to_owned()), ..PatchParams::default() };
        match api.patch_scale(&plan.deployment, &params, &Patch::Merge(&body)).await {
            Ok(_) => {
                self.parts.metrics.wrote(crate::children::Kind::Deployment, Verb::Patch);
                self.is_now(plan, pods);
                Ok(true)
            }
            // Someone else scaled it or changed it; the next look decides anew.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the plan has not been taken away or changed since.
    fn is_planned(&self, plan: &Plan) -> bool {
        self.lock().get(&plan.key).is_some_and(|entry| {
            entry.plan.deployment == plan.deployment && entry.plan.may_sleep == plan.may_sleep
        })
    }

    /// Remembers the number of pods, if the plan is still for that Deployment.
    fn is_now(&self, plan: &Plan, pods: i32) {
        let mut entries = self.lock();
        if let Some(entry) = entries.get_mut(&plan.key)
            && entry.plan.deployment == plan.deployment
        {
            entry.plan.pods = pods;
        }
    }

    async fn scaled(&self, plan: &Plan, pods: i32) {
        let (reason, note) = if pods == 0 {
            self.parts.metrics.workers_slept();
            let seconds = plan.cooldown.as_secs();
            ("WorkersAsleep", format!("the queue has been empty for {seconds} s: no workers"))
        } else {
            self.parts.metrics.workers_woken();
            ("WorkersWoken", format!("there is work: {pods} workers"))
        };
        let event = Event {
            type_: EventType::Normal,
            reason: reason.to_owned(),
            note: Some(note),
            action: "Scale".to_owned(),
            secondary: None,
        };
        // An event is a courtesy: the number of pods has been written and says the same.
        if let Err(error) = self.parts.recorder.publish(&event, &plan.object).await {
            tracing::warn!(%error, "event not published");
        }
    }

    /// Has the status of an installation written anew.
    fn look_at(&self, key: &Key) {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        for (namespace, door) in doors.iter() {
            if namespace.as_deref().is_none_or(|namespace| namespace == key.namespace) {
                // Fails only once the controller has ended, and then there is nothing to look at.
                let _ = door.send(ObjectRef::new(&key.name).within(&key.namespace));
            }
        }
    }

    fn count(&self, entries: &HashMap<Key, Entry>) {
        let (mut backlog, mut desired, mut unreadable) = (0_u64, 0_i64, 0_i64);
        for entry in entries.values() {
            let plan = &entry.plan;
            unreadable += i64::from(entry.unreadable.is_some());
            if let Some(tasks) = entry.backlog {
                backlog = backlog.saturating_add(tasks);
                desired += i64::from(pods_for(tasks, plan.jobs_per_worker, plan.limits));
            }
        }
        let backlog = i64::try_from(backlog).unwrap_or(i64::MAX);
        self.parts.metrics.queues(backlog, desired, unreadable);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        // The map is whole after every statement, so a panic elsewhere leaves nothing half done.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
