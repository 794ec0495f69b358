//! Builds every object of an installation. Pure: no client, no clock. One file for each kind of resource or part.

mod api;
mod app_env;
mod autoscaler;
mod config;
mod data_service;
mod disruption;
mod ingress;
mod migrate;
mod network;
mod pod;
mod postgres;
mod redis;
mod secrets;
mod service;
mod service_account;
mod storage;
mod worker;

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::credentials::Credentials;
use super::decide::{Decision, JobStep};
use super::model::{Installation, Release};
use crate::names::{Component, component_labels, labels};

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
    /// The migration, when it is to run.
    pub jobs: Vec<Job>,
    /// API and worker, once the database has their schema.
    pub deployments: Vec<Deployment>,
    /// Scaling by load.
    pub autoscalers: Vec<HorizontalPodAutoscaler>,
    /// Protection against drains.
    pub disruption_budgets: Vec<PodDisruptionBudget>,
    /// The way in from outside.
    pub ingresses: Vec<Ingress>,
}

/// Builds what the decision asks for.
#[must_use]
pub fn build(
    installation: &Installation,
    credentials: &Credentials,
    decision: &Decision,
    key: &str,
) -> Children {
    let mut children = Children {
        service_accounts: service_account::build(installation),
        secrets: secrets::build(installation, credentials),
        config_maps: vec![config::build(installation)],
        services: vec![service::api(installation)],
        network_policies: network::build(installation),
        disruption_budgets: disruption::build(installation),
        ingresses: ingress::build(installation).into_iter().collect(),
        ..Children::default()
    };
    postgres::add(&mut children, installation, credentials);
    redis::add(&mut children, installation, credentials);
    storage::add(&mut children, installation, credentials);
    if decision.job == JobStep::Ensure {
        children.jobs.push(migrate::build(installation, key));
    }
    if let Some(release) = &decision.workloads {
        let release = Rollout { release, config: app_env::fingerprint(installation, credentials) };
        children.deployments.push(api::build(installation, &release));
        children.deployments.push(worker::build(installation, &release));
        children.autoscalers.extend(autoscaler::build(installation));
    }
    children
}

/// The key of the migration that an installation needs: what the Job runs and what it runs against. It is the last
/// part of the Job's name, and short enough for the longest name of an installation.
#[must_use]
pub fn migration_key(installation: &Installation, credentials: &Credentials) -> String {
    let services = app_env::services_fingerprint(installation, credentials);
    let mut key =
        credentials.fingerprint(&[installation.release.worker_image.as_bytes(), services.as_bytes()]);
    key.truncate(12);
    key
}

/// The name of the migration Job with this key.
#[must_use]
pub fn migration_job_name(installation: &Installation, key: &str) -> String {
    format!("{}-{key}", installation.name.component(Component::Migrate))
}

/// What the application's pods run, and with which configuration.
struct Rollout<'a> {
    release: &'a Release,
    config: String,
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
