//! Units of work in Postgres, which alone says what is done.
//!
//! A task is enqueued in the transaction that writes its subject (a resume, a job, a match). A worker claims it with a
//! lease in a short transaction, works, and settles it in the transaction that writes the result. Each claim raises
//! `attempt`; settling demands the same `attempt`, so a worker whose lease has passed to another writes nothing.
//! Messages in the queue are only notices: late, doubled or lost ones change no result.

mod claim;
pub mod dead;
mod enqueue;
mod pick;
mod settle;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use uuid::Uuid;

use crate::names::{TaskId, TenantId};
use crate::telemetry::spans::Parent;

pub use claim::{Claim, claim, extend_lease};
pub use enqueue::{Priority, enqueue, enqueue_many, enqueue_with, wake};
pub use pick::{Preference, pick};
pub use settle::{Disposition, Outcome, SettleError, bury, finish, hand_back, postpone, retry_or_bury};

/// The Postgres channel on which the relay hears that the outbox has something due.
pub const OUTBOX_CHANNEL: &str = "rm_outbox";

/// What is to be done with the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// Extract and parse an uploaded resume; the subject is a resume.
    ExtractResume,
    /// Extract an uploaded job description; the subject is a job.
    ExtractJob,
    /// Fetch the page of a job given by its address; the subject is a job.
    FetchJob,
    /// Match a resume with a job; the subject is a match.
    MatchResume,
    /// Send a mail; the subject is a mail.
    SendMail,
    /// Ask Stripe how a subscription stands; the subject is the tenant.
    SyncSubscription,
}

/// Why a text is no [`TaskKind`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no kind of task \"{0}\"")]
pub struct UnknownKind(String);

impl TaskKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::ExtractResume,
        Self::ExtractJob,
        Self::FetchJob,
        Self::MatchResume,
        Self::SendMail,
        Self::SyncSubscription,
    ];

    /// The name in Postgres, in messages and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExtractResume => "extract_resume",
            Self::ExtractJob => "extract_job",
            Self::FetchJob => "fetch_job",
            Self::MatchResume => "match_resume",
            Self::SendMail => "send_mail",
            Self::SyncSubscription => "sync_subscription",
        }
    }

    /// The name of the span in which a task is enqueued.
    pub(crate) fn enqueueing(self) -> &'static str {
        match self {
            Self::ExtractResume => "enqueue extract_resume",
            Self::ExtractJob => "enqueue extract_job",
            Self::FetchJob => "enqueue fetch_job",
            Self::MatchResume => "enqueue match_resume",
            Self::SendMail => "enqueue send_mail",
            Self::SyncSubscription => "enqueue sync_subscription",
        }
    }

    /// After how many failures a task is dead. Services outside may be away for long: they are tried for about an hour.
    pub(crate) fn max_failures(self) -> i32 {
        match self {
            Self::ExtractResume | Self::ExtractJob | Self::FetchJob | Self::MatchResume => 5,
            Self::SendMail | Self::SyncSubscription => 20,
        }
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaskKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// What the queue carries of a task: enough to claim it, nothing of what the tenant wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notice {
    /// The task.
    pub task: TaskId,
    /// Its tenant.
    pub tenant: TenantId,
}

/// A claimed task. Whoever holds it may settle it, as long as the lease has not passed to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The task.
    pub task: TaskId,
    /// Its tenant.
    pub tenant: TenantId,
    /// What is to be done.
    pub kind: TaskKind,
    /// Id of the resume, job or match.
    pub subject: Uuid,
    /// The number of this claim, from 1.
    pub attempt: i32,
    /// How many earlier attempts failed.
    pub failures: i32,
    /// How long it has been due when it was claimed.
    pub waited: Duration,
    /// The span in which it was enqueued, where traces are made.
    pub parent: Option<Parent>,
}
