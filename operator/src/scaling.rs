//! Workers that follow the queue.
//!
//! From one pod on a HorizontalPodAutoscaler decides, by an external metric that the operator itself serves (`adapter`).
//! Between none and one [`decide()`] does, because an autoscaler rests while its target has no pods: the [`Scaler`]
//! asks the API's pods for the state of the queue ([`QueueReader`]) and acts at once. Where KEDA is asked for, it does both
//! (`keda`). What cannot be read is never taken for nothing: the size stays as it is, and a condition says so.

pub mod adapter;
mod decide;
mod entry;
pub mod keda;
mod plan;
mod queue;
mod scaler;

pub use decide::{Action, Reading, Situation, decide, pods_for};
pub use plan::{Plan, rests};
pub use queue::{Key, QueueError, QueueReader, QueueState};
pub use scaler::{Hindrance, Parts, Scaler};

/// Name of the external metric: tasks of an installation that wait or are in flight. Its label is
/// `app.kubernetes.io/instance`.
pub const BACKLOG_METRIC: &str = "resumematcher_worker_backlog";
