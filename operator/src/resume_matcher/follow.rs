//! Lets the workers follow the queue, by whomever the spec names, and looks whether the API's autoscaler can follow the
//! requests. Uses the client.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::Api;

use super::apply::Fence;
use super::model::{Installation, Scale};
use super::observe::Observed;
use super::{Context, Error};
use crate::crd::{ResumeMatcher, ScalingSource};
use crate::names::Component;
use crate::release::{Pods, Record, SlotWanted, Wanted};
use crate::scaling::{Hindrance, Key, Plan, keda, rests};

/// How soon to look again whether KEDA is there.
const KEDA_AGAIN: Duration = Duration::from_secs(30);

/// How soon to look again whether an autoscaler can read what it follows, while it cannot and while it can: no watch tells
/// of its status.
const REQUESTS_AGAIN: Duration = Duration::from_secs(15);
const REQUESTS_WATCHED: Duration = Duration::from_secs(60);

/// How the numbers of pods come about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// Who makes it follow the queue; none: nobody.
    pub scaled_by: Option<ScalingSource>,
    /// What keeps it from that.
    pub hindrance: Option<Hindrance>,
    /// What keeps the API's autoscaler from following the requests, where it is asked to.
    pub api_hindrance: Option<Hindrance>,
    /// When to look again.
    pub look_again: Option<Duration>,
}

/// The installation that an object is, for those who follow queues.
pub(super) fn key(namespace: &str, name: &str) -> Key {
    Key { namespace: namespace.to_owned(), name: name.to_owned() }
}

/// Nobody changes anything of an installation that is suspended; who would is remembered.
pub(super) fn suspended(object: &ResumeMatcher, installation: &Installation, context: &Context) -> Following {
    context.scaler.follow(&key(&installation.namespace, installation.name.as_str()), None);
    let scaled_by = recorded(object);
    let field = if object.spec.suspend { "suspend" } else { "dryRun" };
    let message = format!("spec.{field} is true; set it to false to go on");
    let hindrance = scaled_by.map(|_| Hindrance { reason: "Suspended", message });
    Following { scaled_by, hindrance, ..Following::default() }
}

/// Before anything is applied: where a release, or a restore, has a say in the number of workers, nobody else has.
pub(super) fn hold(installation: &Installation, wanted: &Wanted, context: &Context) {
    let is_scaled =
        |slot: &SlotWanted| Some(slot.slot.colour) == wanted.scaled && slot.worker == Pods::Scaled;
    if !wanted.slots.iter().any(is_scaled) {
        context.scaler.follow(&key(&installation.namespace, installation.name.as_str()), None);
    }
}

/// Hands the record on to those who scale.
pub(super) async fn follow(
    object: &ResumeMatcher,
    installation: &Installation,
    (record, wanted): (&Record, &Wanted),
    observed: &Observed,
    context: &Context,
) -> Result<Following, Error> {
    let key = key(&installation.namespace, installation.name.as_str());
    let tier = wanted.scaled.map(|colour| &observed.tiers(colour).worker);
    let plan = tier.and_then(|tier| Plan::of(object, installation, (record, wanted), tier));
    context.scaler.follow(&key, plan.clone());
    let source = installation.worker.scale.auto().map(|auto| auto.source);
    let fence = Fence::new(&context.client, object);
    let mut following = Following { scaled_by: source, ..Following::default() };
    match (source, recorded(object)) {
        (Some(ScalingSource::Keda), Some(ScalingSource::Keda)) => {
            following.hindrance =
                by_keda(installation, (record, wanted), plan.is_some(), &fence, context).await?;
            following.look_again = following.hindrance.as_ref().map(|_| KEDA_AGAIN);
        }
        // First it is written down that there may be such an object, so that it is never left behind.
        (Some(ScalingSource::Keda), _) => following.look_again = Some(Duration::ZERO),
        (_, Some(ScalingSource::Keda)) => {
            keda::remove(&context.client, &context.metrics, installation, &fence).await?;
        }
        _ => {}
    }
    following.hindrance = context.scaler.hindrance(&key).or(following.hindrance);
    following.api_hindrance = by_requests(installation, wanted, context).await?;
    let follows = matches!(installation.api.scale, Scale::Auto { requests: Some(_), .. });
    let requests = if following.api_hindrance.is_some() { REQUESTS_AGAIN } else { REQUESTS_WATCHED };
    following.look_again = following.look_again.into_iter().chain(Some(requests).filter(|_| follows)).min();
    Ok(following)
}

/// What keeps the API's autoscaler from following the requests: no metrics are served, or it says itself that it cannot read
/// them.
async fn by_requests(
    installation: &Installation,
    wanted: &Wanted,
    context: &Context,
) -> Result<Option<Hindrance>, Error> {
    let Scale::Auto { requests: Some(_), .. } = installation.api.scale else { return Ok(None) };
    if wanted.scaled.is_none() {
        return Ok(None);
    }
    if let Some(Hindrance { reason, message }) = context.scaler.adapter_hindrance() {
        let message = format!("{message}; or remove spec.api.autoscaling.requestsPerSecond");
        return Ok(Some(Hindrance { reason, message }));
    }
    let api: Api<HorizontalPodAutoscaler> = Api::namespaced(context.client.clone(), &installation.namespace);
    let autoscaler = api.get_opt(&installation.name.component(Component::Api)).await;
    let autoscaler = autoscaler.map_err(|error| Error::Observe(Box::new(error)))?;
    Ok(autoscaler.as_ref().and_then(unreadable))
}

/// What an autoscaler says of a metric that it cannot read.
fn unreadable(autoscaler: &HorizontalPodAutoscaler) -> Option<Hindrance> {
    let mut conditions = autoscaler.status.as_ref()?.conditions.iter().flatten();
    let active = conditions.find(|condition| condition.type_ == "ScalingActive")?;
    let fails = active.status == "False" && active.reason.as_deref() == Some("FailedGetExternalMetric");
    let message = active.message.clone().unwrap_or_default();
    fails.then(|| Hindrance {
        reason: "RequestsUnreadable",
        message: format!("{message}; the API keeps its size"),
    })
}

/// KEDA scales where the version that serves is to be scaled; else its object is as it was, or goes.
async fn by_keda(
    installation: &Installation,
    (record, wanted): (&Record, &Wanted),
    is_scaled: bool,
    fence: &Fence<'_>,
    context: &Context,
) -> Result<Option<Hindrance>, Error> {
    let (client, metrics) = (&context.client, &context.metrics);
    match (installation.worker.scale.auto(), wanted.scaled) {
        (Some(auto), Some(colour)) if is_scaled => {
            let desired = keda::build(installation, auto, colour, rests(record));
            Ok(keda::ensure(client, metrics, installation, &desired, fence).await?)
        }
        _ => {
            keda::remove(client, metrics, installation, fence).await?;
            Ok(None)
        }
    }
}

/// Who scaled when the status was last written.
fn recorded(object: &ResumeMatcher) -> Option<ScalingSource> {
    object.status.as_ref()?.worker.as_ref()?.scaled_by
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(status: &str, reason: &str) -> Option<Hindrance> {
        let condition: Value =
            json!({"type": "ScalingActive", "status": status, "reason": reason, "message": "why"});
        let spec = json!({"maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "d"}});
        let status = json!({"conditions": [condition], "desiredReplicas": 1});
        unreadable(&serde_json::from_value(json!({"metadata": {}, "spec": spec, "status": status})).unwrap())
    }

    #[test]
    fn an_autoscaler_that_cannot_read_the_requests_is_believed() {
        let hindrance = of("False", "FailedGetExternalMetric").unwrap();
        assert_eq!(
            (hindrance.reason, hindrance.message.as_str()),
            ("RequestsUnreadable", "why; the API keeps its size")
        );
        assert_eq!(of("True", "ValidMetricFound"), None);
        assert_eq!(of("False", "ScalingDisabled"), None, "it has nothing to scale");
    }
}
