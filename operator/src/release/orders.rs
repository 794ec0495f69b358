//! What people order, by annotations of the object.
//!
//! An order names the number of the release that it is about, so that it need not be taken away once it is carried
//! out, carrying it out twice changes nothing, and it can never hit a later release.

use std::collections::BTreeMap;

/// The annotations.
pub mod annotation {
    /// Number of the candidate that is to be switched to.
    pub const PROMOTE: &str = "resumematcher.io/promote";
    /// Number of the candidate that is to be given up.
    pub const ABORT: &str = "resumematcher.io/abort";
    /// Number of the release that is to be left for the one before it.
    pub const ROLLBACK: &str = "resumematcher.io/rollback";
    /// Number of the release that was given up and is to be tried again.
    pub const RETRY: &str = "resumematcher.io/retry";
    /// `true`: the release stays in its step. A version that fails is still left.
    pub const PAUSE: &str = "resumematcher.io/pause";
}

/// What is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// The candidate that is to be switched to.
    pub promote: Option<i64>,
    /// The candidate that is to be given up.
    pub abort: Option<i64>,
    /// The release that is to be left.
    pub rollback: Option<i64>,
    /// The release that is to be tried again.
    pub retry: Option<i64>,
    /// Whether the release is to stay in its step.
    pub pause: bool,
}

impl Orders {
    /// Reads the annotations of an object. What is no number orders nothing.
    #[must_use]
    pub fn of(annotations: &BTreeMap<String, String>) -> Self {
        let number = |name: &str| annotations.get(name).and_then(|value| value.trim().parse().ok());
        Self {
            promote: number(annotation::PROMOTE),
            abort: number(annotation::ABORT),
            rollback: number(annotation::ROLLBACK),
            retry: number(annotation::RETRY),
            pause: annotations.get(annotation::PAUSE).map(String::as_str) == Some("true"),
        }
    }
}
