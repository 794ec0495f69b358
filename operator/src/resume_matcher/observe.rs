//! Reads how far the workloads are. Uses the client; only reads.

mod pods;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use kube::{Api, Client};

use super::decide::JobState;
use super::model::{Installation, Release, Service};
use crate::names::{Component, selector_labels, selector_string};

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The database.
    pub database: PartState,
    /// The cache.
    pub cache: PartState,
    /// The object storage.
    pub storage: PartState,
    /// The migration Job, if it was looked for and is there.
    pub job: Option<JobSeen>,
    /// The API tier.
    pub api: TierState,
    /// The worker tier.
    pub worker: TierState,
}

impl Observed {
    /// Whether all data services answer, as far as the operator can tell.
    #[must_use]
    pub fn data_ready(&self) -> bool {
        [&self.database, &self.cache, &self.storage].into_iter().all(PartState::is_ready)
    }
}

/// State of a data service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    /// Someone else's: the application itself tells whether it answers.
    External {
        /// The Secret that says how to reach it.
        secret: String,
    },
    /// It answers.
    Ready {
        /// Its object, for people.
        object: String,
    },
    /// It does not answer yet.
    NotReady {
        /// Which object, and why, for people.
        message: String,
    },
}

impl PartState {
    /// Whether what depends on it may go on.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        !matches!(self, Self::NotReady { .. })
    }
}

/// The migration Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSeen {
    /// Its state.
    pub state: JobState,
    /// What its pod said last, or what keeps it from running.
    pub message: Option<String>,
}

/// State of API or worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TierState {
    /// Whether its Deployment exists.
    pub exists: bool,
    /// Pods that should be.
    pub wanted: i32,
    /// Pods that are.
    pub replicas: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Whether all pods run the Deployment's present template.
    pub rolled_out: bool,
    /// What keeps a pod from being ready, for people.
    pub problem: Option<String>,
    /// The image of its Deployment.
    pub image: Option<String>,
}

impl Observed {
    /// The release that the Deployments run, for an installation whose status was lost, for example because it was
    /// restored from a backup.
    #[must_use]
    pub fn release(&self) -> Option<Release> {
        let (api_image, worker_image) = (self.api.image.clone()?, self.worker.image.clone()?);
        let tag = api_image.rsplit_once(':').map_or(api_image.as_str(), |(_, tag)| tag);
        Some(Release { version: tag.to_owned(), api_image, worker_image })
    }
}

/// Looks at the workloads; at the migration Job only when its name is given.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn observe(
    client: &Client,
    installation: &Installation,
    job: Option<&str>,
) -> Result<Observed, kube::Error> {
    let external = |secret: &str| PartState::External { secret: secret.to_owned() };
    let part = |component, secret: Option<PartState>| async move {
        match secret {
            Some(state) => Ok(state),
            None => data_service(client, installation, component).await,
        }
    };
    let of = |service: Option<&str>| service.map(external);
    let (database, cache, storage, job, api, worker) = futures::try_join!(
        part(Component::Postgres, of(secret_of(&installation.database, |external| &external.secret.name))),
        part(Component::Redis, of(secret_of(&installation.cache, |external| &external.secret.name))),
        part(
            Component::Storage,
            of(secret_of(&installation.object_storage, |external| &external.secret.name))
        ),
        migration(client, installation, job),
        tier(client, installation, Component::Api),
        tier(client, installation, Component::Worker),
    )?;
    Ok(Observed { database, cache, storage, job, api, worker })
}

fn secret_of<E>(service: &Service<E>, name: impl Fn(&E) -> &String) -> Option<&str> {
    service.external().map(|external| name(external).as_str())
}

async fn data_service(
    client: &Client,
    installation: &Installation,
    component: Component,
) -> Result<PartState, kube::Error> {
    let api: Api<StatefulSet> = Api::namespaced(client.clone(), &installation.namespace);
    let name = installation.name.component(component);
    let object = format!("StatefulSet {}/{name}", installation.namespace);
    let Some(set) = api.get_opt(&name).await? else {
        return Ok(PartState::NotReady { message: format!("{object} is being created") });
    };
    let status = set.status.unwrap_or_default();
    if status.ready_replicas.unwrap_or_default() >= 1 {
        return Ok(PartState::Ready { object });
    }
    let problem = problem(client, installation, component).await?;
    let why = problem.unwrap_or_else(|| "its pod is starting".to_owned());
    Ok(PartState::NotReady { message: format!("{object}: {why}") })
}

async fn problem(
    client: &Client,
    installation: &Installation,
    component: Component,
) -> Result<Option<String>, kube::Error> {
    let selector = selector_string(&selector_labels(&installation.name, component));
    pods::problem(client, &installation.namespace, &selector).await
}

async fn migration(
    client: &Client,
    installation: &Installation,
    name: Option<&str>,
) -> Result<Option<JobSeen>, kube::Error> {
    let Some(name) = name else { return Ok(None) };
    let api: Api<Job> = Api::namespaced(client.clone(), &installation.namespace);
    let Some(job) = api.get_opt(name).await? else { return Ok(None) };
    let state = job_state(&job);
    let message = if state == JobState::Succeeded {
        None
    } else {
        let selector = format!("batch.kubernetes.io/job-name={name}");
        pods::problem(client, &installation.namespace, &selector).await?
    };
    Ok(Some(JobSeen { state, message }))
}

fn job_state(job: &Job) -> JobState {
    if job.metadata.deletion_timestamp.is_some() {
        return JobState::Deleting;
    }
    for condition in job.status.iter().flat_map(|status| status.conditions.iter().flatten()) {
        match (condition.type_.as_str(), condition.status.as_str()) {
            ("Complete", "True") => return JobState::Succeeded,
            ("Failed", "True") => {
                return JobState::Failed {
                    at: condition.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
                    permanent: condition.reason.as_deref() == Some("PodFailurePolicy"),
                };
            }
            _ => {}
        }
    }
    JobState::Running
}

async fn tier(
    client: &Client,
    installation: &Installation,
    component: Component,
) -> Result<TierState, kube::Error> {
    let api: Api<Deployment> = Api::namespaced(client.clone(), &installation.namespace);
    let Some(deployment) = api.get_opt(&installation.name.component(component)).await? else {
        return Ok(TierState::default());
    };
    let mut state = tier_state(&deployment);
    if state.ready < state.wanted || !state.rolled_out {
        state.problem = match failure(&deployment) {
            Some(failure) => Some(failure),
            None => problem(client, installation, component).await?,
        };
    }
    Ok(state)
}

fn tier_state(deployment: &Deployment) -> TierState {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let replicas = status.replicas.unwrap_or_default();
    let ready = status.ready_replicas.unwrap_or_default();
    let updated = status.updated_replicas.unwrap_or_default();
    let is_seen = status.observed_generation >= deployment.metadata.generation;
    TierState {
        exists: deployment.metadata.deletion_timestamp.is_none(),
        wanted,
        replicas,
        ready,
        // A tier that grows has pods missing, but none of an earlier template.
        rolled_out: is_seen && replicas == updated && (updated > 0 || wanted == 0),
        problem: None,
        image: image(deployment),
    }
}

fn image(deployment: &Deployment) -> Option<String> {
    let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
    pod.containers.first()?.image.clone()
}

/// What the Deployment itself says: a quota or an admission rule keeps its pods from being made.
fn failure(deployment: &Deployment) -> Option<String> {
    let mut conditions = deployment.status.as_ref()?.conditions.iter().flatten();
    let failure =
        conditions.find(|condition| condition.type_ == "ReplicaFailure" && condition.status == "True")?;
    failure.message.clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(value: serde_json::Value) -> JobState {
        job_state(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn the_conditions_of_a_job_tell_its_state() {
        assert_eq!(job(json!({"metadata": {}, "status": {"active": 1}})), JobState::Running);
        let complete =
            json!({"metadata": {}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}});
        assert_eq!(job(complete), JobState::Succeeded);
        let failed = |reason: &str| {
            job(json!({"metadata": {}, "status": {"conditions": [
                {"type": "Failed", "status": "True", "reason": reason, "lastTransitionTime": "2026-01-02T03:04:05Z"}
            ]}}))
        };
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(failed("BackoffLimitExceeded"), JobState::Failed { at, permanent: false });
        assert_eq!(failed("PodFailurePolicy"), JobState::Failed { at, permanent: true });
    }

    #[test]
    fn a_job_that_leaves_is_neither_running_nor_done() {
        let leaving = json!({
            "metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"},
            "status": {"conditions": [{"type": "Complete", "status": "True"}]},
        });
        assert_eq!(job(leaving), JobState::Deleting);
    }

    fn state(generation: i64, status: serde_json::Value) -> TierState {
        let deployment = json!({
            "metadata": {"generation": generation},
            "spec": {"replicas": 2, "selector": {}, "template": {}},
            "status": status,
        });
        tier_state(&serde_json::from_value(deployment).unwrap())
    }

    #[test]
    fn a_tier_is_rolled_out_once_only_new_pods_are_left() {
        let done = json!({"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2});
        assert!(state(4, done.clone()).rolled_out);
        assert!(!state(5, done).rolled_out, "the controller has not seen the change");
        let old_left =
            json!({"observedGeneration": 4, "replicas": 3, "updatedReplicas": 2, "readyReplicas": 3});
        assert!(!state(4, old_left).rolled_out);
        let growing =
            json!({"observedGeneration": 4, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1});
        let growing = state(4, growing);
        assert_eq!((growing.rolled_out, growing.ready, growing.wanted), (true, 1, 2));
        let none_yet = json!({"observedGeneration": 4});
        assert!(!state(4, none_yet).rolled_out);
    }

    #[test]
    fn a_quota_that_forbids_pods_is_told() {
        let deployment = serde_json::from_value(json!({"metadata": {}, "status": {"conditions": [
            {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods"}
        ]}}))
        .unwrap();
        assert_eq!(failure(&deployment).as_deref(), Some("exceeded quota: pods"));
    }
}
