//! What is remembered of a release between two passes. It is the status of the object, in a form in which most
//! contradictions cannot be written down.

use jiff::Timestamp;

use crate::crd::{Colour, Step};

/// How many ended releases are remembered.
pub(super) const HISTORY: usize = 10;

/// A version in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// A hash of all that makes it.
    pub id: String,
    /// The number of the release, counted up in each installation. The same version tried again gets another.
    pub number: i64,
    /// Where it runs.
    pub colour: Colour,
    /// The version.
    pub version: String,
    /// The API's image.
    pub api_image: String,
    /// The worker's image.
    pub worker_image: String,
    /// Numbers of the contract migrations that it knows.
    pub contracts: Vec<i64>,
    /// Whether the database lacked one of them when the release began.
    pub pending: bool,
}

/// A version that is to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The version in its place.
    pub slot: Slot,
    /// API pods that it starts with.
    pub api_pods: i32,
    /// Worker pods that it starts with.
    pub worker_pods: i32,
    /// Whether it served before and is brought back: nothing is migrated and nothing tried.
    pub rollback: bool,
}

/// Where a release stands. The steps that each kind can be in are those of [`Flow::allows`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The first version, with nothing before it.
    Install {
        /// It.
        candidate: Candidate,
    },
    /// One version serves, and nothing else runs.
    Settled,
    /// Blue serves, green is on its way.
    Rise {
        /// Green.
        candidate: Candidate,
    },
    /// The pods of the version that serves are replaced in place.
    Roll {
        /// What they are replaced by.
        candidate: Candidate,
    },
    /// Green serves, blue is on its way out.
    Fall {
        /// Blue.
        previous: Slot,
        /// Whether blue is the one that failed, so that it is not to come back.
        returned: bool,
    },
}

impl Flow {
    /// Whether this kind can be in that step.
    #[must_use]
    pub const fn allows(&self, step: Step) -> bool {
        match self {
            Self::Install { .. } => matches!(step, Step::Install | Step::Start),
            Self::Settled => matches!(step, Step::Done | Step::Contract),
            Self::Rise { .. } => matches!(
                step,
                Step::Plan | Step::Preview | Step::Migrate | Step::Warm | Step::Analyse | Step::Promote
            ),
            Self::Roll { .. } => matches!(step, Step::Plan | Step::Migrate | Step::Roll),
            Self::Fall { .. } => {
                matches!(step, Step::Switch | Step::Bake | Step::Drain | Step::Window)
            }
        }
    }

    /// The version that is to serve next.
    #[must_use]
    pub const fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Install { candidate } | Self::Rise { candidate } | Self::Roll { candidate } => {
                Some(candidate)
            }
            Self::Settled | Self::Fall { .. } => None,
        }
    }

    /// The version that served before.
    #[must_use]
    pub const fn previous(&self) -> Option<&Slot> {
        match self {
            Self::Fall { previous, .. } => Some(previous),
            _ => None,
        }
    }
}

/// A release that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The number of the release.
    pub number: i64,
    /// The step that failed.
    pub step: Step,
    /// Why, in a word.
    pub reason: String,
    /// Why, with the object that failed.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A release that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its id.
    pub id: String,
    /// The number of the release.
    pub number: i64,
    /// Its version.
    pub version: String,
    /// How it ended.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
}

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The version that serves; none only under [`Flow::Install`].
    pub active: Option<Slot>,
    /// Where the release stands.
    pub flow: Flow,
    /// The step.
    pub step: Step,
    /// When the step began.
    pub since: Timestamp,
    /// The release that was given up last.
    pub rejected: Option<Rejection>,
    /// Releases that ended, newest first.
    pub history: Vec<Outcome>,
    /// The highest number of a release so far.
    pub counter: i64,
    /// Key of the last migration that succeeded.
    pub migrated: Option<String>,
    /// Numbers of the contract migrations that the database has, or may have: they are written down before they run.
    pub contracted: Vec<i64>,
}

impl Record {
    /// The first record of an installation: a version that waits for the data services.
    #[must_use]
    pub fn first(candidate: Candidate, migrated: Option<String>, now: Timestamp) -> Self {
        Self {
            counter: candidate.slot.number,
            active: None,
            flow: Flow::Install { candidate },
            step: Step::Install,
            since: now,
            rejected: None,
            history: vec![],
            migrated,
            contracted: vec![],
        }
    }

    /// The same in another step, that begins now.
    pub(super) fn at(mut self, step: Step, now: Timestamp) -> Self {
        self.step = step;
        self.since = now;
        self
    }

    /// The same with another flow in another step.
    pub(super) fn into_flow(mut self, flow: Flow, step: Step, now: Timestamp) -> Self {
        self.flow = flow;
        self.at(step, now)
    }

    /// Remembers how a release ended.
    pub(super) fn told(mut self, slot: &Slot, outcome: &str, at: Timestamp) -> Self {
        let (id, version) = (slot.id.clone(), slot.version.clone());
        let entry = Outcome { id, number: slot.number, version, outcome: outcome.to_owned(), at };
        self.history.insert(0, entry);
        self.history.truncate(HISTORY);
        self
    }

    /// The release that was given up, when it is this one.
    #[must_use]
    pub fn rejects(&self, id: &str) -> Option<&Rejection> {
        self.rejected.as_ref().filter(|rejection| rejection.id == id)
    }
}
