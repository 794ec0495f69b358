//! The kinds of work, one a file. A job reads its subject, works, and settles its task in the transaction that writes
//! the result.

mod extract_job;
mod extract_resume;
mod fetch_job;
mod file;
mod match_resume;
mod send_mail;
mod subject;
mod sync_subscription;

use std::time::Duration;

use platform::billing::stripe::Stripe;
use platform::billing::sync::SyncError;
use platform::fetch::{FetchError, Fetcher};
use platform::mail::outbox::OutboxError;
use platform::mail::{MailError, Mailer};
use platform::sealing::Keyring;
use platform::storage::{Storage, StorageError};
use platform::tasks::{Lease, SettleError, TaskKind};
use sqlx::PgPool;

use crate::sandbox::{Sandbox, SandboxError};
use crate::science::{ScoreError, Scorer};

pub(crate) use subject::{mark_failed, mark_queued};

/// What the jobs work with. Clones share all of it.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) pool: PgPool,
    pub(crate) storage: Storage,
    pub(crate) sandbox: Sandbox,
    pub(crate) scorer: Scorer,
    pub(crate) fetcher: Fetcher,
    pub(crate) mailer: Mailer,
    pub(crate) keyring: Keyring,
    /// Whether mails are written at all.
    pub(crate) sends_mail: bool,
    pub(crate) stripe: Option<Stripe>,
}

/// How a job ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The subject has its result; the task is settled.
    Done,
    /// The subject is marked failed with a reason for the person who uploaded it; the task is settled.
    Refused,
    /// What the job needs is not there yet. The runner postpones the task.
    NotYet(Duration),
}

/// Why a job failed. Its messages are for the people who run the installation and carry nothing of the subject.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// Another worker has the task by now. Nothing was written.
    #[error("the task's lease has passed to another worker")]
    LeaseLost,
    /// A query failed.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// The stored file cannot be had.
    #[error("the stored file cannot be had")]
    Storage(#[from] StorageError),
    /// The page of a job cannot be had yet.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The mail service does not take the mail.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The mail cannot be read.
    #[error("the mail cannot be read")]
    Outbox(#[from] OutboxError),
    /// Stripe does not say how a subscription stands.
    #[error("the subscription is not up to date")]
    Subscription(#[from] SyncError),
    /// The sandbox does not work on this machine.
    #[error("the sandbox does not work")]
    Sandbox(#[from] SandboxError),
    /// The installation lacks something that reading needs.
    #[error("this installation cannot read files: {0}")]
    Installation(String),
    /// The scorer failed.
    #[error("the match could not be worked out")]
    Score(#[from] ScoreError),
}

impl From<SettleError> for JobError {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::LeaseLost => Self::LeaseLost,
            SettleError::Query(error) => Self::Query(error),
        }
    }
}

/// Does the work of `lease`.
pub(crate) async fn run(context: &Context, lease: &Lease) -> Result<Ending, JobError> {
    match lease.kind {
        TaskKind::ExtractResume => extract_resume::run(context, lease).await,
        TaskKind::ExtractJob => extract_job::run(context, lease).await,
        TaskKind::FetchJob => fetch_job::run(context, lease).await,
        TaskKind::MatchResume => match_resume::run(context, lease).await,
        TaskKind::SendMail => send_mail::run(context, lease).await,
        TaskKind::SyncSubscription => sync_subscription::run(context, lease).await,
    }
}
