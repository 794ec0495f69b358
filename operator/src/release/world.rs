//! What the engine knows of the outside: what is asked for, and what was seen.

use std::time::Duration;

use jiff::Timestamp;

use super::record::Slot;
use crate::crd::{Colour, Promotion, Strategy};

/// How releases are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Beside the old version, or pod after pod.
    pub strategy: Strategy,
    /// Who switches.
    pub promotion: Promotion,
    /// How long the new version is watched after the switch.
    pub bake: Duration,
    /// How long the old version runs on after that.
    pub scale_down_delay: Duration,
    /// How long it can be brought back after that.
    pub rollback_window: Duration,
    /// How long a step before the switch may take.
    pub progress_deadline: Duration,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The release's id.
    pub id: String,
    /// The version.
    pub version: String,
    /// The API's image.
    pub api_image: String,
    /// The worker's image.
    pub worker_image: String,
    /// Key of the migration that it needs.
    pub migration: String,
    /// Fewest API pods.
    pub api_pods: i32,
    /// Worker pods.
    pub worker_pods: i32,
    /// How to release it.
    pub settings: Settings,
}

impl Target {
    /// It in a place, as the release of this number. Its contract migrations are not known yet.
    #[must_use]
    pub fn slot(&self, colour: Colour, number: i64) -> Slot {
        Slot {
            id: self.id.clone(),
            number,
            colour,
            version: self.version.clone(),
            api_image: self.api_image.clone(),
            worker_image: self.worker_image.clone(),
            contracts: vec![],
            pending: false,
        }
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Why database, cache or storage does not answer; none: they do, or are someone else's.
    pub data_problem: Option<String>,
    /// The Deployments of blue.
    pub blue: Tiers,
    /// The Deployments of green.
    pub green: Tiers,
    /// The colour that the Service selects; none: there is no Service, or it selects both.
    pub service: Option<Colour>,
    /// The Job that asks which migrations the candidate brings.
    pub plan: Plan,
    /// The Job that runs the candidate's expand migrations.
    pub migration: Option<JobState>,
    /// The Job that runs the contract migrations of the version that serves.
    pub contract: Option<JobState>,
    /// The trial of the candidate.
    pub analysis: Analysis,
    /// How the version that serves does since the switch.
    pub health: Health,
}

impl World {
    /// The Deployments of a colour.
    #[must_use]
    pub const fn tiers(&self, colour: Colour) -> &Tiers {
        match colour {
            Colour::Blue => &self.blue,
            Colour::Green => &self.green,
        }
    }
}

/// API and worker of one colour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiers {
    /// The API.
    pub api: Tier,
    /// The worker.
    pub worker: Tier,
}

/// One Deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tier {
    /// Id of the release that its template is of; none: it does not exist.
    pub id: Option<String>,
    /// Pods that should be.
    pub wanted: i32,
    /// Pods that are.
    pub replicas: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Whether all pods run the present template.
    pub rolled_out: bool,
    /// What keeps a pod from being ready, for people.
    pub problem: Option<String>,
}

impl Tier {
    /// Whether that many pods of that release are ready, and none of another is left.
    #[must_use]
    pub fn serves(&self, id: &str, pods: i32) -> bool {
        self.id.as_deref() == Some(id)
            && self.wanted >= pods
            && self.ready >= pods
            && (self.rolled_out || pods == 0)
    }
}

/// State of a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It has not ended.
    Running {
        /// What its pod said last, or what keeps it from running.
        problem: Option<String>,
    },
    /// It is being deleted.
    Deleting,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed {
        /// When.
        at: Timestamp,
        /// Whether the configuration is wrong, so that trying again cannot help.
        permanent: bool,
        /// Which Job, and what its pod said.
        message: String,
    },
}

/// What the candidate says of its migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing yet.
    Unknown {
        /// What keeps it from saying, for people.
        problem: Option<String>,
    },
    /// It said.
    Known {
        /// The contract migrations that it knows.
        contracts: Vec<i64>,
        /// Whether the database lacks one of them.
        pending: bool,
    },
    /// It cannot say.
    Failed {
        /// Why.
        message: String,
    },
}

/// The trial of the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Analysis {
    /// It has not ended.
    Running {
        /// What it does, for people.
        doing: String,
    },
    /// All is well.
    Passed,
    /// Something is not.
    Failed {
        /// What was asked, and what came back.
        message: String,
    },
}

/// How the version that serves does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing is wrong.
    Good,
    /// Something is.
    Bad {
        /// What, for people.
        message: String,
    },
}
