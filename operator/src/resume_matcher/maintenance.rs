//! Closing an installation for a restore and opening it again. Looking uses the client; the rest is pure.
//!
//! The restore asks by an annotation of the object, so that a pass that was decided before it was asked for is stopped by
//! the fence and cannot start pods again. Nothing leaves [`Stage::Closed`] but the end of the annotation.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, Client, ResourceExt};

use super::status::tell;
use crate::crd::{MaintenanceStage, MaintenanceStatus, ResumeMatcher, ResumeMatcherStatus};
use crate::names::{Component, MAINTENANCE};
use crate::release::Tier;
use crate::resume_matcher::model::Installation;

/// How far closing or opening is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The installation serves.
    Open,
    /// What answers in its place starts.
    Closing,
    /// Nothing of it runs.
    Closed,
    /// It starts again, and something answers in its place until it is ready.
    Opening,
}

impl Stage {
    /// Whether requests are answered in the installation's place.
    #[must_use]
    pub const fn answers(self) -> bool {
        matches!(self, Self::Closed | Self::Opening)
    }
}

/// Who wants the installation closed.
#[must_use]
pub fn asked_by(object: &ResumeMatcher) -> Option<&str> {
    object.annotations().get(MAINTENANCE).map(String::as_str).filter(|by| !by.is_empty())
}

/// The stage: of who asks, what the status remembers, whether the page is there and answers, and the API that is to serve.
#[must_use]
pub fn stage(asked: bool, before: Option<MaintenanceStage>, page: Option<bool>, api: &Tier) -> Stage {
    let serves = api.wanted > 0 && api.ready > 0;
    match (asked, before, page) {
        // Once closed it stays closed, also when the page's pod dies.
        (true, Some(MaintenanceStage::Closed), _) | (true, _, Some(true)) => Stage::Closed,
        (true, _, _) => Stage::Closing,
        // Given up before anything was closed.
        (false, None | Some(MaintenanceStage::Closing), _) => Stage::Open,
        (false, Some(_), _) if serves => Stage::Open,
        (false, Some(_), _) => Stage::Opening,
    }
}

/// Whether the page is there, and answers. Asked only when someone wants it or it may be left.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn page(
    client: &Client,
    installation: &Installation,
    object: &ResumeMatcher,
) -> Result<Option<bool>, kube::Error> {
    let before = object.status.as_ref().and_then(|status| status.maintenance.as_ref());
    if asked_by(object).is_none() && before.is_none() {
        return Ok(None);
    }
    let api: Api<Deployment> = Api::namespaced(client.clone(), &installation.namespace);
    let page = api.get_opt(&installation.name.component(Component::Maintenance)).await?;
    let ready = |page: Deployment| page.status.and_then(|status| status.ready_replicas).unwrap_or_default();
    Ok(page.map(|page| ready(page) > 0))
}

/// Says in the status how far it is.
pub fn report(status: &mut ResumeMatcherStatus, object: &ResumeMatcher, stage: Stage, now: Timestamp) {
    let before = object.status.as_ref().and_then(|status| status.maintenance.clone());
    let by = asked_by(object).map(str::to_owned).or(before.map(|before| before.by)).unwrap_or_default();
    let (stage, message) = match stage {
        Stage::Open => {
            status.maintenance = None;
            return;
        }
        Stage::Closing => (MaintenanceStage::Closing, "is about to close it"),
        Stage::Closed => (MaintenanceStage::Closed, "keeps it closed; requests are answered with 503"),
        Stage::Opening => (MaintenanceStage::Opening, "has ended; the API starts"),
    };
    let restore = by.split('/').next().unwrap_or_default();
    let message = format!("ResumeMatcherRestore {restore} {message}");
    status.maintenance = Some(MaintenanceStatus { by, stage });
    if stage != MaintenanceStage::Closing {
        tell(status, object, ("Ready", false), ("Maintenance", &message), now);
    }
    tell(status, object, ("Reconciling", true), ("Maintenance", &message), now);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(wanted: i32, ready: i32) -> Tier {
        Tier { wanted, ready, ..Tier::default() }
    }

    #[test]
    fn it_serves_until_the_page_answers_and_the_page_answers_until_it_serves() {
        use MaintenanceStage::{Closed, Closing, Opening};
        assert_eq!(stage(false, None, None, &api(2, 2)), Stage::Open);
        assert_eq!(stage(true, None, None, &api(2, 2)), Stage::Closing);
        assert_eq!(stage(true, Some(Closing), Some(false), &api(2, 2)), Stage::Closing);
        assert_eq!(stage(true, Some(Closing), Some(true), &api(2, 2)), Stage::Closed);
        assert_eq!(stage(true, Some(Closed), Some(true), &api(0, 0)), Stage::Closed);
        assert_eq!(stage(false, Some(Closed), Some(true), &api(0, 0)), Stage::Opening);
        assert_eq!(stage(false, Some(Opening), Some(true), &api(2, 0)), Stage::Opening);
        assert_eq!(stage(false, Some(Opening), Some(true), &api(2, 1)), Stage::Open);
    }

    #[test]
    fn closed_it_stays_closed_when_the_page_dies() {
        for page in [None, Some(false)] {
            assert_eq!(stage(true, Some(MaintenanceStage::Closed), page, &api(0, 0)), Stage::Closed);
        }
    }

    #[test]
    fn one_that_is_called_off_before_it_closed_closes_nothing() {
        assert_eq!(stage(false, Some(MaintenanceStage::Closing), Some(true), &api(2, 2)), Stage::Open);
    }
}
