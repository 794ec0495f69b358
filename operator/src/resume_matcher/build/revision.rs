//! ControllerRevision `NAME-release-NUMBER`: all that makes a release, as it was when it began. What serves is put back
//! from it, so that a change of the spec, or another version of this operator, changes nothing of it.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde::{Deserialize, Serialize};

use super::{api, config, owned, worker};
use crate::crd::Colour;
use crate::resume_matcher::model::{Installation, Release};

/// All that makes a release in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// The release's id.
    pub id: String,
    /// The settings that are not secret.
    pub config: BTreeMap<String, String>,
    /// The API's pods.
    pub api: PodTemplateSpec,
    /// The worker's pods.
    pub worker: PodTemplateSpec,
}

impl Revision {
    /// What the spec asks for, in a place.
    #[must_use]
    pub fn of_spec(installation: &Installation, id: &str, colour: Colour) -> Self {
        Self {
            id: id.to_owned(),
            config: config::data(installation),
            api: api::pods(installation, colour, id),
            worker: worker::pods(installation, colour, id),
        }
    }

    /// The nearest to a release whose record is lost: what the spec asks for, with that release's images.
    #[must_use]
    pub fn nearest(installation: &Installation, id: &str, colour: Colour, release: Release) -> Self {
        let installation = Installation { release, ..installation.clone() };
        Self::of_spec(&installation, id, colour)
    }

    /// Reads one that was kept. None: it is of another form, as one that another program made.
    #[must_use]
    pub fn read(kept: &ControllerRevision) -> Option<(i64, Self)> {
        let data = kept.data.as_ref()?.0.clone();
        Some((kept.revision, serde_json::from_value(data).ok()?))
    }
}

/// The object that keeps it.
pub(super) fn build(installation: &Installation, number: i64, revision: &Revision) -> ControllerRevision {
    ControllerRevision {
        metadata: owned(installation, installation.name.part(&format!("release-{number}")), None),
        revision: number,
        // Of plain data; a value that could not be written would be one that cannot be held.
        data: serde_json::to_value(revision).ok().map(RawExtension),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    #[test]
    fn what_is_kept_is_read_again() {
        let installation = installation(json!({}));
        let revision = Revision::of_spec(&installation, "id", Colour::Green);
        let kept = build(&installation, 7, &revision);
        assert_eq!(kept.metadata.name.as_deref(), Some("acme-release-7"));
        assert_eq!(Revision::read(&kept), Some((7, revision)));
        assert_eq!(Revision::read(&ControllerRevision::default()), None);
    }
}
