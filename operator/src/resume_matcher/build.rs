//! Builds every object of an installation. Pure: no client, no clock. One file for each kind of resource or part.

mod api;
mod app_env;
mod autoscaler;
pub mod backup;
mod config;
mod data_service;
mod disruption;
mod ingress;
pub(in crate::resume_matcher) mod maintenance;
mod migrate;
mod network;
mod own;
mod pod;
mod postgres;
mod redis;
mod revision;
mod secrets;
pub(in crate::resume_matcher) mod service;
mod service_account;
mod storage;
mod tier;
mod worker;
mod worker_autoscaler;

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::credentials::Credentials;
use super::model::{Installation, Release};
use crate::names::{Component, component_labels, labels};
use crate::release::{Record, Slot, SlotWanted, Target, Wanted};

pub use api::GRACE_SECONDS as API_GRACE_SECONDS;
pub use migrate::Task;
pub use own::{OWN_PORTS, own_variables};
pub use revision::Revision;
pub use worker::GRACE_SECONDS as WORKER_GRACE_SECONDS;

/// Every object that an installation is to have, by kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Children {
    /// Identities of the pods.
    pub service_accounts: Vec<ServiceAccount>,
    /// Credentials.
    pub secrets: Vec<Secret>,
    /// Configuration.
    pub config_maps: Vec<ConfigMap>,
    /// Volumes.
    pub volumes: Vec<PersistentVolumeClaim>,
    /// Stable addresses.
    pub services: Vec<Service>,
    /// What may connect to what.
    pub network_policies: Vec<NetworkPolicy>,
    /// Embedded data services.
    pub stateful_sets: Vec<StatefulSet>,
    /// What asks for the schema or changes it, when it is to run.
    pub jobs: Vec<Job>,
    /// What backs up and proves by a schedule.
    pub cron_jobs: Vec<CronJob>,
    /// What makes each release that runs.
    pub revisions: Vec<ControllerRevision>,
    /// API and worker, once the database has their schema.
    pub deployments: Vec<Deployment>,
    /// Scaling by load.
    pub autoscalers: Vec<HorizontalPodAutoscaler>,
    /// Protection against drains.
    pub disruption_budgets: Vec<PodDisruptionBudget>,
    /// The way in from outside.
    pub ingresses: Vec<Ingress>,
}

/// What releases are built of.
#[derive(Clone, Copy, Debug)]
pub struct Releases<'a> {
    /// What is to be there.
    pub wanted: &'a Wanted,
    /// What is kept of each release, by number.
    pub kept: &'a BTreeMap<i64, Revision>,
    /// Id of the release that the spec asks for.
    pub target: &'a str,
    /// Keys of the Jobs.
    pub keys: &'a JobKeys,
    /// Whether Jobs may be made: the data services answer, and none is to be made anew.
    pub may_make_jobs: bool,
    /// Whether the embedded data services have no pods: the installation hibernates, and nobody uses them any more.
    pub data_sleeps: bool,
}

/// Keys of the Jobs: the last parts of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobKeys {
    /// Of the plan and of the migration: of the candidate.
    pub candidate: String,
    /// Of the contract migrations: of the version that serves.
    pub active: String,
}

impl JobKeys {
    /// The name of a task's Job.
    #[must_use]
    pub fn name(&self, installation: &Installation, task: Task) -> String {
        migrate::name(installation, task, self.of(task))
    }

    fn of(&self, task: Task) -> &str {
        match task {
            Task::Plan | Task::Expand => &self.candidate,
            Task::Contract => &self.active,
        }
    }
}

/// Builds everything.
#[must_use]
pub fn build(installation: &Installation, credentials: &Credentials, releases: &Releases<'_>) -> Children {
    let wanted = releases.wanted;
    let mut children = Children {
        service_accounts: service_account::build(installation),
        secrets: secrets::build(installation, credentials),
        config_maps: vec![config::build(
            installation,
            config::name(installation),
            config::data(installation),
        )],
        services: vec![service::api(installation, wanted.service)],
        network_policies: network::build(installation),
        ingresses: ingress::build(installation).into_iter().collect(),
        cron_jobs: backup::cron_jobs(installation, worker_image(installation, wanted)),
        ..Children::default()
    };
    postgres::add(&mut children, installation, credentials);
    redis::add(&mut children, installation, credentials);
    storage::add(&mut children, installation, credentials);
    if releases.data_sleeps {
        for spec in children.stateful_sets.iter_mut().filter_map(|set| set.spec.as_mut()) {
            spec.replicas = Some(0);
        }
    }
    children.services.extend(wanted.preview.map(|colour| service::preview(installation, colour)));
    for (task, is_wanted) in [
        (Task::Plan, wanted.jobs.plan),
        (Task::Expand, wanted.jobs.migrate),
        (Task::Contract, wanted.jobs.contract),
    ] {
        if is_wanted && releases.may_make_jobs {
            children.jobs.push(migrate::build(installation, task, releases.keys.of(task)));
        }
    }
    for slot in &wanted.slots {
        add_slot(&mut children, installation, releases, slot);
    }
    if let Some(colour) = wanted.scaled {
        children.autoscalers.extend(autoscaler::build(installation, colour, wanted.floor));
        children.autoscalers.extend(worker_autoscaler::build(installation, colour));
        children.disruption_budgets = disruption::build(installation, colour);
    }
    children
}

/// The worker's image of the version that serves: a candidate that does not work must not end the backups.
fn worker_image<'a>(installation: &'a Installation, wanted: &'a Wanted) -> &'a str {
    let serving = wanted.slots.first().map(|slot| slot.slot.worker_image.as_str());
    serving.unwrap_or(&installation.release.worker_image)
}

/// A version in its place.
fn add_slot(
    children: &mut Children,
    installation: &Installation,
    releases: &Releases<'_>,
    wanted: &SlotWanted,
) {
    let slot = &wanted.slot;
    let revision = revision_of(installation, releases, slot);
    children.revisions.push(revision::build(installation, slot.number, &revision));
    let config = config::of_colour(installation, slot.colour);
    children.config_maps.push(config::build(installation, config, revision.config));
    let api = (Component::Api, slot.colour);
    let least = installation.api.scale.least().max(releases.wanted.floor);
    let pods = api::replicas(installation, wanted.api);
    children.deployments.push(tier::build(installation, api, revision.api, pods, Some(least)));
    let worker = (Component::Worker, slot.colour);
    let pods = worker::replicas(installation, wanted.worker);
    let least = worker::least(installation);
    children.deployments.push(tier::build(installation, worker, revision.worker, pods, least));
}

/// What is kept of a release, or what comes nearest to it.
fn revision_of(installation: &Installation, releases: &Releases<'_>, slot: &Slot) -> Revision {
    if let Some(kept) = releases.kept.get(&slot.number).filter(|kept| kept.id == slot.id) {
        return kept.clone();
    }
    if slot.id == releases.target {
        return Revision::of_spec(installation, &slot.id, slot.colour);
    }
    let release = Release {
        version: slot.version.clone(),
        api_image: slot.api_image.clone(),
        worker_image: slot.worker_image.clone(),
    };
    Revision::nearest(installation, &slot.id, slot.colour, release)
}

/// The release that a spec asks for. Its id is made of what people set and of the Secrets, not of how this version of the
/// operator builds pods: another version of the operator restarts nothing.
#[must_use]
pub fn target(installation: &Installation, credentials: &Credentials) -> Target {
    let Release { version, api_image, worker_image } = installation.release.clone();
    let inputs = serde_json::json!([
        [api_image, worker_image, version],
        installation.pulling.policy.as_str(),
        installation.pulling.secrets,
        installation.api.resources,
        installation.api.placement,
        installation.worker.resources,
        installation.worker.placement,
        installation.worker.concurrency,
    ]);
    let config = app_env::fingerprint(installation, credentials);
    let mut id = credentials.fingerprint(&[inputs.to_string().as_bytes(), config.as_bytes()]);
    id.truncate(10);
    Target {
        id,
        version,
        api_image,
        worker_image,
        migration: migration_key(installation, credentials),
        api_pods: installation.api.scale.least(),
        worker_pods: installation.worker.scale.start(),
        settings: installation.settings,
    }
}

/// The keys of the Jobs for a record. Each try of a release has Jobs of its own.
#[must_use]
pub fn job_keys(credentials: &Credentials, record: &Record, migration: &str) -> JobKeys {
    let key = |number: i64| {
        let mut key = credentials.fingerprint(&[migration.as_bytes(), &number.to_be_bytes()]);
        key.truncate(12);
        key
    };
    JobKeys {
        candidate: key(record.flow.candidate().map_or(record.counter, |candidate| candidate.slot.number)),
        active: key(record.active.as_ref().map_or(0, |active| active.number)),
    }
}

/// The key of the migration that an installation needs: what the Job runs and what it runs against.
fn migration_key(installation: &Installation, credentials: &Credentials) -> String {
    let services = app_env::services_fingerprint(installation, credentials);
    let mut key =
        credentials.fingerprint(&[installation.release.worker_image.as_bytes(), services.as_bytes()]);
    key.truncate(12);
    key
}

/// Metadata of an object that goes away with the installation.
fn owned(installation: &Installation, name: String, component: Option<Component>) -> ObjectMeta {
    ObjectMeta {
        owner_references: Some(vec![installation.owner.clone()]),
        ..kept(installation, name, component)
    }
}

/// Metadata of an object that holds data or unlocks it: without an owner, so that nothing but the finalizer
/// ever deletes it.
fn kept(installation: &Installation, name: String, component: Option<Component>) -> ObjectMeta {
    let labels = component.map_or_else(
        || labels(&installation.name),
        |component| component_labels(&installation.name, component),
    );
    ObjectMeta {
        name: Some(name),
        namespace: Some(installation.namespace.clone()),
        labels: Some(labels),
        ..ObjectMeta::default()
    }
}

/// A map of text, from literals.
fn map<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests;
