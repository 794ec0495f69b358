//! What the operator counts and logs.

mod backups;
mod certificates;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::backups::BackupGauges;
use self::certificates::CertificateGauges;
use crate::children::Kind;
use crate::crd::{ResumeMatcherStatus, Step};
use crate::resume_matcher::model::Installation;

/// What a write to the API server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Verb {
    /// Server-side apply.
    Apply,
    /// Deletion.
    Delete,
    /// Change of status or finalizer.
    Patch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WriteLabels {
    kind: &'static str,
    verb: Verb,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CategoryLabel {
    category: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabel {
    step: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FenceLabel {
    fresh: &'static str,
}

/// What is counted of workers that follow their queues; no labels, sums over all installations.
#[derive(Clone, Debug, Default)]
struct Scaling {
    backlog: Gauge,
    desired: Gauge,
    unreadable: Gauge,
    wakes: Counter,
    sleeps: Counter,
}

impl Scaling {
    fn registered(registry: &mut Registry) -> Self {
        let this = Self::default();
        let tasks = "Tasks that wait or are in flight, of installations whose workers follow their queue";
        registry.register("worker_backlog", tasks, this.backlog.clone());
        registry.register("workers_desired", "Workers that these tasks ask for", this.desired.clone());
        registry.register(
            "queues_unreadable",
            "Queues that workers follow and that cannot be read now",
            this.unreadable.clone(),
        );
        registry.register("worker_wakes", "Times that workers were woken from none", this.wakes.clone());
        registry.register("worker_sleeps", "Times that the last workers went", this.sleeps.clone());
        this
    }
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    reconciles: Counter,
    errors: Family<CategoryLabel, Counter>,
    durations: Histogram,
    writes: Family<WriteLabels, Counter>,
    repairs: Family<KindLabel, Counter>,
    watch_failures: Family<KindLabel, Counter>,
    steps: Family<StepLabel, Counter>,
    rejections: Family<StepLabel, Counter>,
    fences: Family<FenceLabel, Counter>,
    scaling: Scaling,
    in_flight: Gauge,
    leader: Gauge,
    backups: BackupGauges,
    certificates: CertificateGauges,
}

/// The operator's metrics, in the Prometheus text format at `/metrics`. Labels come from enums alone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A set of its own.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("resume_matcher_operator");
        let buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let (reconciles, errors, durations) =
            (Counter::default(), Family::default(), Histogram::new(buckets));
        let (writes, repairs, watch_failures) = (Family::default(), Family::default(), Family::default());
        let (in_flight, leader) = (Gauge::default(), Gauge::default());
        let (steps, rejections, fences) = (Family::default(), Family::default(), Family::default());
        let scaling = Scaling::registered(&mut registry);
        registry.register("release_steps", "Steps that releases entered", steps.clone());
        registry.register(
            "releases_given_up",
            "Releases given up, by the step that failed",
            rejections.clone(),
        );
        registry.register(
            "fences",
            "Passes that were about to write, by whether the object was as read",
            fences.clone(),
        );
        registry.register("reconciles", "Reconciliations that were begun", reconciles.clone());
        registry.register("reconcile_errors", "Reconciliations that failed, by category", errors.clone());
        registry.register("reconcile_duration_seconds", "How long reconciliations took", durations.clone());
        registry.register("api_writes", "Writes to the API server, by kind and verb", writes.clone());
        registry.register(
            "drift_repaired",
            "Objects put back after someone changed them, by kind",
            repairs.clone(),
        );
        registry.register(
            "watch_failures",
            "Watches that failed and started again, by kind",
            watch_failures.clone(),
        );
        registry.register("reconciles_in_flight", "Reconciliations that run now", in_flight.clone());
        registry.register("leader", "1 while this replica leads", leader.clone());
        Self(Arc::new(Inner {
            reconciles,
            errors,
            durations,
            writes,
            repairs,
            watch_failures,
            steps,
            rejections,
            fences,
            scaling,
            in_flight,
            leader,
            backups: BackupGauges::register(&mut registry),
            certificates: CertificateGauges::register(&mut registry),
            registry,
        }))
    }

    /// A reconciliation begins.
    pub fn reconcile_began(&self) {
        self.0.reconciles.inc();
        self.0.in_flight.inc();
    }

    /// A reconciliation ended, well or with an error of this category.
    pub fn reconcile_ended(&self, took: Duration, error: Option<&'static str>) {
        self.0.in_flight.dec();
        self.0.durations.observe(took.as_secs_f64());
        if let Some(category) = error {
            self.0.errors.get_or_create(&CategoryLabel { category }).inc();
        }
    }

    /// An object was written.
    pub fn wrote(&self, kind: Kind, verb: Verb) {
        self.0.writes.get_or_create(&WriteLabels { kind: kind.as_str(), verb }).inc();
    }

    /// The `ResumeMatcher` itself was written: its status or its finalizer.
    pub fn wrote_object(&self) {
        self.0.writes.get_or_create(&WriteLabels { kind: "ResumeMatcher", verb: Verb::Patch }).inc();
    }

    /// The ScaledObject of an installation was written or deleted.
    pub fn wrote_scaled_object(&self) {
        self.0.writes.get_or_create(&WriteLabels { kind: "ScaledObject", verb: Verb::Apply }).inc();
    }

    /// An object that someone had changed was put back.
    pub fn repaired(&self, kind: Kind) {
        self.0.repairs.get_or_create(&KindLabel { kind: kind.as_str() }).inc();
    }

    /// A release entered a step.
    pub fn release_entered(&self, step: Step) {
        self.0.steps.get_or_create(&StepLabel { step: step.as_str() }).inc();
    }

    /// A release was given up in a step.
    pub fn release_given_up(&self, step: Step) {
        self.0.rejections.get_or_create(&StepLabel { step: step.as_str() }).inc();
    }

    /// A pass was about to write; the object was as read, or not.
    pub fn fenced(&self, fresh: bool) {
        self.0.fences.get_or_create(&FenceLabel { fresh: if fresh { "yes" } else { "no" } }).inc();
    }

    /// Workers were woken from none.
    pub fn workers_woken(&self) {
        self.0.scaling.wakes.inc();
    }

    /// The last workers of an installation went.
    pub fn workers_slept(&self) {
        self.0.scaling.sleeps.inc();
    }

    /// The queues that workers follow: tasks in all of them, workers that these ask for, queues that cannot be read.
    pub fn queues(&self, backlog: i64, desired: i64, unreadable: i64) {
        self.0.scaling.backlog.set(backlog);
        self.0.scaling.desired.set(desired);
        self.0.scaling.unreadable.set(unreadable);
    }

    /// A watch failed.
    pub fn watch_failed(&self, kind: Kind) {
        self.0.watch_failures.get_or_create(&KindLabel { kind: kind.as_str() }).inc();
    }

    /// This replica began or ceased to lead.
    pub fn leads(&self, leads: bool) {
        self.0.leader.set(i64::from(leads));
    }

    /// What is known of an installation's backups.
    pub fn backups_known(&self, installation: &Installation, status: &ResumeMatcherStatus) {
        self.0.backups.know(installation, status);
    }

    /// An installation is gone, and its backups are nobody's business any more.
    pub fn backups_forgotten(&self, namespace: &str, name: &str) {
        self.0.backups.forget(namespace, name);
    }

    /// What is known of the certificate of an installation's ingress.
    pub fn certificate_known(&self, installation: &Installation) {
        self.0.certificates.know(installation);
    }

    /// An installation is gone, and its certificate is nobody's business any more.
    pub fn certificate_forgotten(&self, namespace: &str, name: &str) {
        self.0.certificates.forget(namespace, name);
    }

    /// A `ResumeMatcherBackup` or `ResumeMatcherRestore` was written: its status or its finalizer.
    pub fn wrote_request(&self, kind: &'static str) {
        self.0.writes.get_or_create(&WriteLabels { kind, verb: Verb::Patch }).inc();
    }

    /// All metrics as text.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_every_metric_with_its_labels() {
        let metrics = Metrics::new();
        metrics.reconcile_began();
        metrics.reconcile_ended(Duration::from_millis(30), Some("apply"));
        metrics.wrote(Kind::Deployment, Verb::Apply);
        metrics.wrote_object();
        metrics.repaired(Kind::Service);
        metrics.watch_failed(Kind::Secret);
        metrics.leads(true);
        metrics.release_entered(Step::Bake);
        metrics.release_given_up(Step::Analyse);
        metrics.fenced(true);
        metrics.workers_woken();
        metrics.queues(12, 2, 1);
        let text = metrics.encode().unwrap();
        for line in [
            "resume_matcher_operator_reconciles_total 1",
            "resume_matcher_operator_reconciles_in_flight 0",
            r#"resume_matcher_operator_reconcile_errors_total{category="apply"} 1"#,
            r#"resume_matcher_operator_reconcile_duration_seconds_bucket{le="0.05"} 1"#,
            r#"resume_matcher_operator_api_writes_total{kind="Deployment",verb="Apply"} 1"#,
            r#"resume_matcher_operator_api_writes_total{kind="ResumeMatcher",verb="Patch"} 1"#,
            r#"resume_matcher_operator_drift_repaired_total{kind="Service"} 1"#,
            r#"resume_matcher_operator_watch_failures_total{kind="Secret"} 1"#,
            "resume_matcher_operator_leader 1",
            r#"resume_matcher_operator_release_steps_total{step="Bake"} 1"#,
            r#"resume_matcher_operator_releases_given_up_total{step="Analyse"} 1"#,
            r#"resume_matcher_operator_fences_total{fresh="yes"} 1"#,
            "resume_matcher_operator_worker_backlog 12",
            "resume_matcher_operator_workers_desired 2",
            "resume_matcher_operator_queues_unreadable 1",
            "resume_matcher_operator_worker_wakes_total 1",
            "resume_matcher_operator_worker_sleeps_total 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
