//! What the operator remembers of the objects it made: for each, what is needed to see that it is as it should be, and
//! no more. Fed by metadata-only watches that are filtered by label, so foreign objects cost nothing.

mod index;
mod watch;

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use index::{ChildIndex, ChildKey, ChildMeta, References};
pub use watch::{Watches, relisting, watch_children};

/// The kinds of objects that the operator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `v1`
    ServiceAccount,
    /// `v1`
    Secret,
    /// `v1`
    ConfigMap,
    /// `v1`
    PersistentVolumeClaim,
    /// `v1`
    Service,
    /// `networking.k8s.io/v1`
    NetworkPolicy,
    /// `apps/v1`
    StatefulSet,
    /// `batch/v1`
    Job,
    /// `batch/v1`
    CronJob,
    /// `apps/v1`
    ControllerRevision,
    /// `apps/v1`
    Deployment,
    /// `autoscaling/v2`
    HorizontalPodAutoscaler,
    /// `policy/v1`
    PodDisruptionBudget,
    /// `networking.k8s.io/v1`
    Ingress,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::ServiceAccount,
        Self::Secret,
        Self::ConfigMap,
        Self::PersistentVolumeClaim,
        Self::Service,
        Self::NetworkPolicy,
        Self::StatefulSet,
        Self::Job,
        Self::CronJob,
        Self::ControllerRevision,
        Self::Deployment,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
        Self::Ingress,
    ];

    /// The kind's name, also as label of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServiceAccount => "ServiceAccount",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::Service => "Service",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::StatefulSet => "StatefulSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::ControllerRevision => "ControllerRevision",
            Self::Deployment => "Deployment",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::Ingress => "Ingress",
        }
    }

    /// Whether objects of this kind hold data or unlock it. Only the finalizer deletes them, and only when the
    /// object's `deletionPolicy` says so.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::PersistentVolumeClaim | Self::Secret)
    }
}

/// A type of object that the operator makes.
pub trait Child:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Serialize
    + DeserializeOwned
    + Clone
    + Debug
    + Send
    + Sync
    + 'static
{
    /// Its kind.
    const KIND: Kind;
}

macro_rules! children {
    ($($kind:ident),*) => {
        $(impl Child for $kind {
            const KIND: Kind = Kind::$kind;
        })*
    };
}

children!(
    ServiceAccount,
    Secret,
    ConfigMap,
    PersistentVolumeClaim,
    Service,
    NetworkPolicy,
    StatefulSet,
    Job,
    CronJob,
    ControllerRevision,
    Deployment,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    Ingress
);
