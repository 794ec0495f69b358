//! Workers that follow the queue, and an API that follows its requests.
//!
//! From one pod on a HorizontalPodAutoscaler decides, by an external metric that the operator itself serves (`adapter`).
//! Between none and one [`decide()`] does, because an autoscaler rests while its target has no pods: the [`Scaler`]
//! asks the API's pods for the state of the queue ([`QueueReader`]) and acts at once. Where KEDA is asked for, it does both
//! (`keda`). The API's autoscaler may follow the requests that its pods count ([`RateReader`]), by another metric. What cannot be read is never taken for nothing: the size stays as it is, and a condition says so.

pub mod adapter;
mod decide;
mod entry;
pub mod keda;
mod meter;
mod plan;
mod queue;
mod rates;
mod scaler;

pub use decide::{Action, Reading, Situation, decide, pods_for};
pub use plan::{Plan, rests};
pub use queue::{Key, QueueError, QueueReader, QueueState};
pub use rates::RateReader;
pub use scaler::{Hindrance, Parts, Scaler};

/// Name of the external metric: tasks of an installation that wait or are in flight. Its label is
/// `app.kubernetes.io/instance`.
pub const BACKLOG_METRIC: &str = "resumematcher_worker_backlog";

/// Name of the external metric: requests a second that an installation's API gets. Its labels are
/// `app.kubernetes.io/instance` and `resumematcher.io/colour`; the sum over both colours is what an autoscaler follows.
pub const REQUESTS_METRIC: &str = "resumematcher_api_requests_per_second";
