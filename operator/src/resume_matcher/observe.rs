//! Reads how far the workloads are. Uses the client; only reads.

mod jobs;
mod pods;

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, StatefulSet};
use k8s_openapi::api::core::v1;
use kube::api::ListParams;
use kube::{Api, Client};

use super::build::{JobKeys, Revision, Task};
use super::model::{Installation, Service};
use crate::crd::{Colour, Step};
use crate::names::{
    COLOUR_LABEL, COMPONENT_LABEL, Component, INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL, RELEASE_ID,
    colour_selector, selector_labels, selector_string,
};
use crate::release::{Analysis, Health, JobState, Plan, Record, Tier, Tiers, World};

pub use self::pods::PodSeen;
pub(crate) use self::pods::problem as pod_problem;

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The database.
    pub database: PartState,
    /// The cache.
    pub cache: PartState,
    /// The object storage.
    pub storage: PartState,
    /// Blue.
    pub blue: Tiers,
    /// Green.
    pub green: Tiers,
    /// The colour that the Service selects.
    pub service: Option<Colour>,
    /// What the candidate says of its migrations.
    pub plan: Plan,
    /// The migration Job, in the steps that need it.
    pub migration: Option<JobState>,
    /// The contract Job, in the step that needs it.
    pub contract: Option<JobState>,
    /// What is kept of each release, by number.
    pub revisions: BTreeMap<i64, Revision>,
    /// Whether there are pods of API or workers, those that are ending too. Looked at when all are to stop.
    pub pods_left: bool,
}

impl Observed {
    /// Why the data services do not answer, as far as the operator can tell.
    #[must_use]
    pub fn data_problem(&self) -> Option<String> {
        [&self.database, &self.cache, &self.storage].into_iter().find_map(|part| match part {
            PartState::NotReady { message } => Some(message.clone()),
            PartState::External { .. } | PartState::Ready { .. } => None,
        })
    }

    /// The world as the release engine sees it.
    #[must_use]
    pub fn world(&self, analysis: Analysis, health: Health) -> World {
        World {
            data_problem: self.data_problem(),
            blue: self.blue.clone(),
            green: self.green.clone(),
            service: self.service,
            plan: self.plan.clone(),
            migration: self.migration.clone(),
            contract: self.contract.clone(),
            analysis,
            health,
        }
    }

    /// Whether pods of API or workers run, or are to run, or finish their work.
    #[must_use]
    pub fn application_runs(&self) -> bool {
        let mut tiers = [&self.blue, &self.green].into_iter().flat_map(|tiers| [&tiers.api, &tiers.worker]);
        self.pods_left || tiers.any(|tier| tier.replicas > 0 || tier.wanted > 0)
    }

    /// The Deployments of a colour.
    #[must_use]
    pub const fn tiers(&self, colour: Colour) -> &Tiers {
        match colour {
            Colour::Blue => &self.blue,
            Colour::Green => &self.green,
        }
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

/// Looks at what the record's step depends on.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn observe(
    client: &Client,
    installation: &Installation,
    record: &Record,
    keys: &JobKeys,
) -> Result<Observed, kube::Error> {
    let external = |secret: &str| PartState::External { secret: secret.to_owned() };
    let part = |component, secret: Option<PartState>| async move {
        match secret {
            Some(state) => Ok(state),
            None => data_service(client, installation, component).await,
        }
    };
    let of = |service: Option<&str>| service.map(external);
    let watch = Looker { client, installation, record, keys };
    let (database, cache, storage, blue, green, service, revisions, plan, migration, contract, pods_left) = futures::try_join!(
        part(Component::Postgres, of(secret_of(&installation.database, |external| &external.secret.name))),
        part(Component::Redis, of(secret_of(&installation.cache, |external| &external.secret.name))),
        part(
            Component::Storage,
            of(secret_of(&installation.object_storage, |external| &external.secret.name))
        ),
        watch.tiers(Colour::Blue),
        watch.tiers(Colour::Green),
        watch.service(),
        watch.revisions(),
        watch.plan(),
        watch.job(Task::Expand, &[Step::Install, Step::Migrate]),
        watch.job(Task::Contract, &[Step::Contract]),
        watch.pods_left(),
    )?;
    Ok(Observed {
        database,
        cache,
        storage,
        blue,
        green,
        service,
        plan,
        migration,
        contract,
        revisions,
        pods_left,
    })
}

/// The pods of one tier of a colour.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn pods_of(
    client: &Client,
    installation: &Installation,
    component: Component,
    colour: Colour,
) -> Result<Vec<PodSeen>, kube::Error> {
    let selector = selector_string(&colour_selector(&installation.name, component, colour));
    pods::seen(client, &installation.namespace, &selector).await
}

/// Looks at the parts of a release.
struct Looker<'a> {
    client: &'a Client,
    installation: &'a Installation,
    record: &'a Record,
    keys: &'a JobKeys,
}

impl Looker<'_> {
    async fn pods_left(&self) -> Result<bool, kube::Error> {
        if !self.installation.hibernate {
            return Ok(false);
        }
        let users = [Component::Api, Component::Worker, Component::Migrate].map(Component::as_str).join(",");
        let name = &self.installation.name;
        let selector = format!("{INSTANCE_LABEL}={name},{COMPONENT_LABEL} in ({users})");
        pods::any(self.client, &self.installation.namespace, &selector).await
    }

    async fn tiers(&self, colour: Colour) -> Result<Tiers, kube::Error> {
        let flow = &self.record.flow;
        let candidate = flow.candidate().map(|candidate| candidate.slot.colour);
        let named = [
            self.record.active.as_ref().map(|slot| slot.colour),
            candidate,
            flow.previous().map(|slot| slot.colour),
        ];
        if !named.contains(&Some(colour)) {
            return Ok(Tiers::default());
        }
        let (api, worker) =
            futures::try_join!(self.tier(Component::Api, colour), self.tier(Component::Worker, colour))?;
        Ok(Tiers { api, worker })
    }

    async fn tier(&self, component: Component, colour: Colour) -> Result<Tier, kube::Error> {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &self.installation.namespace);
        let name = &self.installation.name;
        let Some(deployment) = api.get_opt(&name.coloured(component, colour)).await? else {
            return Ok(Tier::default());
        };
        let mut tier = tier_state(&deployment);
        if tier.ready < tier.wanted || !tier.rolled_out {
            let selector = selector_string(&colour_selector(name, component, colour));
            tier.problem = match failure(&deployment) {
                Some(failure) => Some(failure),
                None => pods::problem(self.client, &self.installation.namespace, &selector).await?,
            };
        }
        Ok(tier)
    }

    /// Only the step that waits for the switch needs to know.
    async fn service(&self) -> Result<Option<Colour>, kube::Error> {
        if self.record.step != Step::Switch {
            return Ok(None);
        }
        let api: Api<v1::Service> = Api::namespaced(self.client.clone(), &self.installation.namespace);
        let service = api.get_opt(&self.installation.name.component(Component::Api)).await?;
        let selector = service.and_then(|service| service.spec).and_then(|spec| spec.selector);
        let colour = selector.and_then(|selector| selector.get(COLOUR_LABEL).cloned());
        Ok(Colour::ALL.into_iter().find(|known| Some(known.as_str()) == colour.as_deref()))
    }

    async fn revisions(&self) -> Result<BTreeMap<i64, Revision>, kube::Error> {
        let api: Api<ControllerRevision> = Api::namespaced(self.client.clone(), &self.installation.namespace);
        let ours = format!("{MANAGED_BY_LABEL}={MANAGED_BY},{INSTANCE_LABEL}={}", self.installation.name);
        let list = api.list(&ListParams::default().labels(&ours)).await?;
        Ok(list.items.iter().filter_map(Revision::read).collect())
    }

    async fn job(&self, task: Task, steps: &[Step]) -> Result<Option<JobState>, kube::Error> {
        if !steps.contains(&self.record.step) {
            return Ok(None);
        }
        let name = self.keys.name(self.installation, task);
        jobs::state(self.client, &self.installation.namespace, &name).await
    }

    async fn plan(&self) -> Result<Plan, kube::Error> {
        if self.record.step != Step::Plan {
            return Ok(Plan::Unknown { problem: None });
        }
        let name = self.keys.name(self.installation, Task::Plan);
        jobs::plan(self.client, &self.installation.namespace, &name).await
    }
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
    let selector = selector_string(&selector_labels(&installation.name, component));
    let problem = pods::problem(client, &installation.namespace, &selector).await?;
    let why = problem.unwrap_or_else(|| "its pod is starting".to_owned());
    Ok(PartState::NotReady { message: format!("{object}: {why}") })
}

fn tier_state(deployment: &Deployment) -> Tier {
    let spec = deployment.spec.as_ref();
    let wanted = spec.and_then(|spec| spec.replicas).unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let replicas = status.replicas.unwrap_or_default();
    let updated = status.updated_replicas.unwrap_or_default();
    let is_seen = status.observed_generation >= deployment.metadata.generation;
    let annotations = spec.and_then(|spec| spec.template.metadata.as_ref()?.annotations.as_ref());
    let id = annotations.and_then(|annotations| annotations.get(RELEASE_ID).cloned()).unwrap_or_default();
    Tier {
        id: deployment.metadata.deletion_timestamp.is_none().then_some(id),
        wanted,
        replicas,
        ready: status.ready_replicas.unwrap_or_default(),
        // A tier that grows has pods missing, but none of an earlier template.
        rolled_out: is_seen && replicas == updated && (updated > 0 || wanted == 0),
        problem: None,
    }
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

    fn state(generation: i64, status: serde_json::Value) -> Tier {
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
