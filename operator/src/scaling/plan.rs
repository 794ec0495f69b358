//! What a pass over an installation leaves for those who scale its workers.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;

use super::queue::Key;
use crate::crd::{ResumeMatcher, ScalingSource, Step};
use crate::names::Component;
use crate::release::{Pods, Record, Tier, Wanted};
use crate::resume_matcher::model::Installation;

/// How the workers of one installation are to follow its queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The installation.
    pub key: Key,
    /// The Deployment of the version that serves.
    pub deployment: String,
    /// Pods that it asked for when it was last seen.
    pub pods: i32,
    /// Fewest and most pods.
    pub limits: (i32, i32),
    /// Tasks for which there is one pod.
    pub jobs_per_worker: i32,
    /// How long the queue must have been empty before the last pods go.
    pub cooldown: Duration,
    /// Whether there may be none just now.
    pub may_sleep: bool,
    /// Who scales.
    pub source: ScalingSource,
    /// The object that events are about.
    pub object: ObjectReference,
}

impl Plan {
    /// The plan for a record. None: the number of workers is fixed, or a release has a say in it just now, or there is no
    /// Deployment yet.
    #[must_use]
    pub fn of(
        object: &ResumeMatcher,
        installation: &Installation,
        (record, wanted): (&Record, &Wanted),
        worker: &Tier,
    ) -> Option<Self> {
        let auto = installation.worker.scale.auto()?;
        let colour = wanted.scaled?;
        let slot = wanted.slots.iter().find(|wanted| wanted.slot.colour == colour)?;
        if slot.worker != Pods::Scaled || worker.id.is_none() {
            return None;
        }
        Some(Self {
            key: Key {
                namespace: installation.namespace.clone(),
                name: installation.name.as_str().to_owned(),
            },
            deployment: installation.name.coloured(Component::Worker, colour),
            pods: worker.wanted,
            limits: (auto.min, auto.max),
            jobs_per_worker: auto.jobs_per_worker,
            cooldown: auto.cooldown,
            may_sleep: rests(record),
            source: auto.source,
            object: object.object_ref(&()),
        })
    }

    /// Whether the operator itself scales between none and one.
    #[must_use]
    pub fn wakes(&self) -> bool {
        self.source == ScalingSource::Builtin
    }
}

/// Whether no release is on its way that a version would have to prove itself in.
#[must_use]
pub fn rests(record: &Record) -> bool {
    matches!(record.step, Step::Done | Step::Contract | Step::Window)
}
