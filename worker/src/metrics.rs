//! The worker's metrics.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use platform::schedule::Chore;
use platform::tasks::TaskKind;
use platform::telemetry::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Labels of what became of a task.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    kind: &'static str,
    outcome: &'static str,
}

/// Labels of how long a task took.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// Labels of scheduled work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChoreLabel {
    chore: &'static str,
}

/// The worker's metrics. Clones share them.
#[derive(Clone)]
pub(crate) struct WorkerMetrics {
    /// Messages in the queue: waiting and in flight.
    pub(crate) backlog: Gauge,
    /// Tasks that are neither done nor dead, over all tenants.
    pub(crate) unfinished: Gauge,
    /// Age in seconds of the oldest task that is with no worker.
    pub(crate) oldest_seconds: Gauge<f64, AtomicU64>,
    /// Tasks that were given up and wait for a person.
    pub(crate) dead_letters: Gauge,
    /// Notices that this process has put into the queue.
    pub(crate) announced: Counter,
    /// Tasks that this process is working on.
    pub(crate) running: Gauge,
    ended: Family<Labels, Counter>,
    chores: Family<ChoreLabel, Counter>,
    seconds: Family<KindLabel, Histogram>,
}

impl WorkerMetrics {
    /// Adds the metrics to `metrics`.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let made = Self {
            backlog: Gauge::default(),
            unfinished: Gauge::default(),
            oldest_seconds: Gauge::default(),
            dead_letters: Gauge::default(),
            announced: Counter::default(),
            running: Gauge::default(),
            ended: Family::default(),
            chores: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.01, 2.0, 14))),
        };
        metrics.register(|registry| {
            registry.register(
                "queue_backlog",
                "Messages in the queue, waiting and in flight",
                made.backlog.clone(),
            );
            registry.register("tasks_unfinished", "Tasks neither done nor dead", made.unfinished.clone());
            registry.register(
                "tasks_oldest_seconds",
                "Age of the oldest task that is with no worker",
                made.oldest_seconds.clone(),
            );
            registry.register(
                "dead_letters",
                "Tasks given up, waiting for a person",
                made.dead_letters.clone(),
            );
            registry.register("queue_announced", "Notices put into the queue", made.announced.clone());
            registry.register("tasks_running", "Tasks being worked on", made.running.clone());
            registry.register("schedule_runs", "Scheduled work done by this process", made.chores.clone());
            registry.register("tasks_ended", "Attempts at tasks, by how they ended", made.ended.clone());
            registry.register("task_duration_seconds", "Time that an attempt took", made.seconds.clone());
        });
        made
    }

    /// Counts scheduled work that was done.
    pub(crate) fn count_chore(&self, chore: Chore) {
        self.chores.get_or_create(&ChoreLabel { chore: chore.as_str() }).inc();
    }

    /// Counts an attempt that ended.
    pub(crate) fn count(&self, kind: TaskKind, outcome: &'static str, took: Duration) {
        let kind = kind.as_str();
        self.ended.get_or_create(&Labels { kind, outcome }).inc();
        self.seconds.get_or_create(&KindLabel { kind }).observe(took.as_secs_f64());
    }
}
