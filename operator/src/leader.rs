//! Leader election by a Lease.
//!
//! Every write carries the resource version that was read (compare and swap), so of two candidates that reach for the
//! Lease at once one fails. A holder's time is measured from when *this* process last saw the Lease change and never
//! by comparing clocks of two machines. A leader that cannot renew stops before others may take over.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::PostParams;
use kube::core::ObjectMeta;
use kube::{Api, Client};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How the election goes.
#[derive(Clone, Debug)]
pub struct Election {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Who this candidate is; different for each process.
    pub identity: String,
    /// How long a holder that is not heard of is waited for.
    pub duration: Duration,
    /// How long a leader tries to renew before it gives up. Shorter than `duration`.
    pub renew_deadline: Duration,
    /// Pause between two tries.
    pub retry: Duration,
}

/// Why a candidate does not lead any more.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Lost {
    /// Another holds the Lease.
    #[error("the Lease is held by {0:?}")]
    Taken(String),
    /// The Lease could not be renewed in time.
    #[error("the Lease could not be renewed within {0:?}")]
    NotRenewed(Duration),
}

/// What was last seen of the Lease.
struct Seen {
    lease: Option<Lease>,
    changed: Instant,
}

/// A candidate.
pub struct Candidate {
    api: Api<Lease>,
    election: Election,
    seen: Seen,
}

impl Candidate {
    /// A candidate that has not looked yet.
    #[must_use]
    pub fn new(client: Client, election: Election) -> Self {
        let api = Api::namespaced(client, &election.namespace);
        Self { api, election, seen: Seen { lease: None, changed: Instant::now() } }
    }

    /// Waits until this candidate leads. Errors of the API server are logged and tried again; `heard` is set once
    /// the API server has answered.
    pub async fn acquire(&mut self, heard: &watch::Sender<bool>) {
        loop {
            match self.step().await {
                Ok(true) => {
                    heard.send_replace(true);
                    tracing::info!(identity = self.election.identity, "leads");
                    return;
                }
                Ok(false) => {
                    heard.send_replace(true);
                }
                Err(error) => tracing::warn!(%error, "cannot reach for the Lease; it is tried again"),
            }
            sleep(self.election.retry).await;
        }
    }

    /// Renews as long as that works.
    pub async fn hold(&mut self) -> Lost {
        let mut renewed = Instant::now();
        loop {
            sleep(self.election.retry).await;
            let left = self.election.renew_deadline.saturating_sub(renewed.elapsed());
            match timeout(left, self.step()).await {
                Ok(Ok(true)) => renewed = Instant::now(),
                Ok(Ok(false)) => return Lost::Taken(self.holder().unwrap_or_default().to_owned()),
                Ok(Err(error)) => tracing::warn!(%error, "cannot renew the Lease; it is tried again"),
                Err(_) => return Lost::NotRenewed(self.election.renew_deadline),
            }
        }
    }

    /// Gives the Lease back, so that another candidate need not wait.
    ///
    /// # Errors
    /// When the API server refuses or is not reached; the Lease then runs out.
    pub async fn release(&mut self) -> Result<(), kube::Error> {
        let Some(mut lease) =
            self.seen.lease.take().filter(|lease| holder(lease) == Some(&self.election.identity))
        else {
            return Ok(());
        };
        if let Some(spec) = lease.spec.as_mut() {
            spec.holder_identity = None;
            spec.renew_time = Some(MicroTime(Timestamp::now()));
        }
        self.api.replace(&self.election.name, &PostParams::default(), &lease).await?;
        tracing::info!(identity = self.election.identity, "gave the Lease back");
        Ok(())
    }

    /// Takes or renews the Lease if it is free, ours or run out. Gives whether it is ours now.
    async fn step(&mut self) -> Result<bool, kube::Error> {
        let live = self.api.get_opt(&self.election.name).await?;
        self.look(live);
        let written = match &self.seen.lease {
            None => self.api.create(&PostParams::default(), &self.first()).await,
            Some(lease) if self.is_free(lease) => {
                self.api.replace(&self.election.name, &PostParams::default(), &self.claimed(lease)).await
            }
            Some(_) => return Ok(false),
        };
        match written {
            Ok(lease) => {
                self.look(Some(lease));
                Ok(true)
            }
            // Another was quicker. Whether it took the Lease or only touched it, the next look tells.
            Err(kube::Error::Api(status)) if status.code == 409 => {
                let live = self.api.get_opt(&self.election.name).await?;
                self.look(live);
                Ok(self.holder() == Some(&self.election.identity))
            }
            Err(error) => Err(error),
        }
    }

    fn look(&mut self, live: Option<Lease>) {
        let version =
            |lease: &Option<Lease>| lease.as_ref().and_then(|lease| lease.metadata.resource_version.clone());
        if self.seen.lease.is_none() || version(&live) != version(&self.seen.lease) {
            self.seen = Seen { lease: live, changed: Instant::now() };
        }
    }

    fn holder(&self) -> Option<&str> {
        self.seen.lease.as_ref().and_then(holder)
    }

    fn is_free(&self, lease: &Lease) -> bool {
        let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
        // The holder's own promise counts, should it be longer than ours.
        let promised =
            Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0));
        match holder(lease) {
            None => true,
            Some(holder) if holder == self.election.identity => true,
            Some(_) => self.seen.changed.elapsed() > promised.max(self.election.duration),
        }
    }

    fn first(&self) -> Lease {
        let metadata = ObjectMeta {
            name: Some(self.election.name.clone()),
            namespace: Some(self.election.namespace.clone()),
            ..ObjectMeta::default()
        };
        self.claimed(&Lease { metadata, spec: None })
    }

    fn claimed(&self, lease: &Lease) -> Lease {
        let now = MicroTime(Timestamp::now());
        let before = lease.spec.clone().unwrap_or_default();
        let is_mine = before.holder_identity.as_ref() == Some(&self.election.identity);
        let transitions = before.lease_transitions.unwrap_or_default();
        Lease {
            metadata: lease.metadata.clone(),
            spec: Some(LeaseSpec {
                holder_identity: Some(self.election.identity.clone()),
                lease_duration_seconds: i32::try_from(self.election.duration.as_secs().max(1)).ok(),
                acquire_time: if is_mine { before.acquire_time } else { Some(now.clone()) },
                renew_time: Some(now),
                lease_transitions: Some(if is_mine { transitions } else { transitions.saturating_add(1) }),
                ..LeaseSpec::default()
            }),
        }
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref().filter(|holder| !holder.is_empty())
}
