//! `spec.dryRun`: says what the spec would change, and changes nothing. Uses the client.

use super::build::{self, JobKeys, Releases};
use super::credentials::Credentials;
use super::model::Installation;
use super::observe::Observed;
use super::{Context, Error};
use crate::crd::{PlanStatus, Step, Strategy};
use crate::release::{Flow, Pods, Record, SlotWanted, Target, Wanted};

/// What would change.
///
/// # Errors
/// When the API server refuses one of the objects, or is not reached.
pub(super) async fn plan(
    installation: &Installation,
    credentials: &Credentials,
    (record, observed, target): (&Record, &Observed, &Target),
    generation: i64,
    context: &Context,
) -> Result<PlanStatus, Error> {
    let wanted = end(installation, record, target);
    let releases = Releases {
        wanted: &wanted,
        kept: &observed.revisions,
        target: &target.id,
        keys: &JobKeys::default(),
        may_make_jobs: false,
        data_sleeps: installation.hibernate,
    };
    let children = build::build(installation, credentials, &releases);
    let changes = context.applier.preview(installation, &children).await?;
    Ok(PlanStatus { generation, release: release(record, target, &wanted), changes })
}

/// What is there in the end: what is asked for, alone, in the place that it would have.
fn end(installation: &Installation, record: &Record, target: &Target) -> Wanted {
    let active = record.active.as_ref();
    let slot = match active.filter(|active| active.id == target.id) {
        Some(active) => active.clone(),
        None => {
            let first = crate::crd::Colour::Blue;
            let colour = active.map_or(first, |active| match installation.settings.strategy {
                Strategy::BlueGreen => active.colour.other(),
                Strategy::RollingUpdate => active.colour,
            });
            target.slot(colour, record.counter.saturating_add(1))
        }
    };
    let colour = slot.colour;
    let pods = if installation.hibernate { Pods::Exactly(0) } else { Pods::Scaled };
    Wanted {
        slots: vec![SlotWanted { slot, api: pods, worker: pods }],
        service: Some(colour),
        preview: None,
        scaled: Some(colour).filter(|_| !installation.hibernate),
        floor: 0,
        jobs: crate::release::Jobs::default(),
    }
}

/// How the pods would be replaced.
fn release(record: &Record, target: &Target, wanted: &Wanted) -> Option<String> {
    let Some(active) = &record.active else {
        return Some(format!("version {} would be installed", target.version));
    };
    if active.id == target.id {
        return None;
    }
    let under_way = if matches!(record.flow, Flow::Settled) && record.step == Step::Done {
        ""
    } else {
        "; another release is on its way, which would be superseded or ended first"
    };
    let how = match wanted.service {
        Some(colour) if colour != active.colour => {
            format!("beside it in {}, and then switched to", colour.as_str())
        }
        _ => "pod after pod".to_owned(),
    };
    Some(format!(
        "version {} ({}) would be replaced by {} {how}{under_way}",
        active.version, active.id, target.version
    ))
}
