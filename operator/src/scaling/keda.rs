//! ScaledObject `NAME-worker` of KEDA: it reads the same state of the queue, from the API's Service. Uses the client.
//!
//! KEDA's definitions are not in every cluster, so this kind is not watched as the others are: each pass reads it.

use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::scaler::Hindrance;
use crate::crd::Colour;
use crate::names::{Component, FIELD_MANAGER, component_labels};
use crate::resume_matcher::apply::compare::is_contained;
use crate::resume_matcher::apply::{ApplyError, Fence};
use crate::resume_matcher::model::{Installation, WorkerAuto};
use crate::telemetry::Metrics;

/// How often KEDA reads the queue, in seconds.
const POLLING_SECONDS: u32 = 2;

fn kind() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("keda.sh", "v1alpha1", "ScaledObject"))
}

fn api(client: &Client, installation: &Installation) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), &installation.namespace, &kind())
}

fn name(installation: &Installation) -> String {
    installation.name.component(Component::Worker)
}

/// The object. While a release is on its way there is always a worker for it to prove itself with.
#[must_use]
pub fn build(installation: &Installation, auto: &WorkerAuto, colour: Colour, may_sleep: bool) -> Value {
    let least = if may_sleep { auto.min } else { auto.min.max(1) };
    let service = installation.name.component(Component::Api);
    let mut spec = json!({
        "scaleTargetRef": {"name": installation.name.coloured(Component::Worker, colour)},
        "pollingInterval": POLLING_SECONDS,
        "cooldownPeriod": auto.cooldown.as_secs(),
        "minReplicaCount": least,
        "maxReplicaCount": auto.max,
        "triggers": [{
            "type": "metrics-api",
            "metricType": "AverageValue",
            "metadata": {
                "url": format!("http://{service}.{}.svc:9090/queue", installation.namespace),
                "format": "json",
                "valueLocation": "backlog",
                "targetValue": auto.jobs_per_worker.to_string(),
            },
        }],
    });
    if let (Some(behavior), Some(spec)) = (&auto.behavior, spec.as_object_mut()) {
        let config = json!({"horizontalPodAutoscalerConfig": {"behavior": behavior}});
        spec.insert("advanced".to_owned(), config);
    }
    json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": name(installation),
            "namespace": installation.namespace,
            "labels": component_labels(&installation.name, Component::Worker),
            "ownerReferences": [installation.owner],
        },
        "spec": spec,
    })
}

/// Makes the object as it should be. Gives what keeps KEDA from scaling, as far as can be told.
///
/// # Errors
/// When the API server refuses for another reason than that KEDA is not there, or is not reached.
pub async fn ensure(
    client: &Client,
    metrics: &Metrics,
    installation: &Installation,
    desired: &Value,
    fence: &Fence<'_>,
) -> Result<Option<Hindrance>, ApplyError> {
    let (api, name) = (api(client, installation), name(installation));
    let live = read(&api, &name).await?;
    if let Some(live) = &live
        && serde_json::to_value(live).is_ok_and(|live| is_contained(desired, &live))
    {
        return Ok(unready(live));
    }
    fence.check(metrics).await?;
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match api.patch(&name, &params, &Patch::Apply(desired)).await {
        Ok(_) => {
            metrics.wrote_scaled_object();
            Ok(None)
        }
        // The object need not exist for this: the kind does not.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Some(Hindrance {
            reason: "KedaNotInstalled",
            message: "spec.worker.autoscaling.source is keda, and this cluster has no ScaledObject of keda.sh/v1alpha1: \
                      install KEDA, or set source to builtin"
                .to_owned(),
        })),
        Err(error) => Err(request("apply", &name)(error)),
    }
}

/// Deletes the object, if it is this installation's. Absent, or without KEDA, there is nothing to do.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn remove(
    client: &Client,
    metrics: &Metrics,
    installation: &Installation,
    fence: &Fence<'_>,
) -> Result<(), ApplyError> {
    let (api, name) = (api(client, installation), name(installation));
    let Some(live) = read(&api, &name).await? else { return Ok(()) };
    if !live.owner_references().iter().any(|owner| owner.uid == installation.owner.uid) {
        return Ok(());
    }
    fence.check(metrics).await?;
    let only = Preconditions { uid: live.uid(), resource_version: None };
    match api.delete(&name, &DeleteParams::background().preconditions(only)).await {
        Ok(_) => metrics.wrote_scaled_object(),
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => {}
        Err(error) => return Err(request("delete", &name)(error)),
    }
    Ok(())
}

/// The object; none: it is absent, or its kind is, of which the API server says no more than that there is no such page.
async fn read(api: &Api<DynamicObject>, name: &str) -> Result<Option<DynamicObject>, ApplyError> {
    match api.get_opt(name).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        read => read.map_err(request("read", name)),
    }
}

/// What KEDA itself says is wrong.
fn unready(live: &DynamicObject) -> Option<Hindrance> {
    let conditions = live.data.pointer("/status/conditions")?.as_array()?;
    let ready = conditions.iter().find(|condition| condition.get("type") == Some(&json!("Ready")))?;
    if ready.get("status") != Some(&json!("False")) {
        return None;
    }
    let why = ready.get("message").and_then(Value::as_str).unwrap_or("it does not say why");
    let name = live.name_any();
    Some(Hindrance { reason: "KedaNotReady", message: format!("ScaledObject {name} is not ready: {why}") })
}

fn request(verb: &'static str, name: &str) -> impl FnOnce(kube::Error) -> ApplyError {
    let name = name.to_owned();
    move |source| ApplyError::Request { verb, kind: "ScaledObject", name, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume_matcher::fixtures::installation;

    fn spec(autoscaling: Value, may_sleep: bool) -> Value {
        let installation = installation(json!({"worker": {"autoscaling": autoscaling}}));
        let auto = installation.worker.scale.auto().unwrap().clone();
        build(&installation, &auto, Colour::Green, may_sleep)["spec"].clone()
    }

    #[test]
    fn it_reads_the_backlog_and_scales_the_version_that_serves() {
        let behavior = json!({"scaleDown": {"stabilizationWindowSeconds": 5}});
        let auto = json!({"source": "keda", "min": 0, "max": 7, "jobsPerWorker": 4, "cooldownSeconds": 9, "behavior": behavior});
        let spec = spec(auto, true);
        assert_eq!(spec["scaleTargetRef"]["name"], "acme-worker-green");
        assert_eq!((&spec["minReplicaCount"], &spec["maxReplicaCount"]), (&json!(0), &json!(7)));
        assert_eq!(spec["cooldownPeriod"], 9);
        let trigger = &spec["triggers"][0]["metadata"];
        assert_eq!(trigger["url"], "http://acme-api.people.svc:9090/queue");
        assert_eq!((&trigger["valueLocation"], &trigger["targetValue"]), (&json!("backlog"), &json!("4")));
        assert_eq!(spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"], behavior);
    }

    #[test]
    fn a_release_on_its_way_keeps_a_worker() {
        assert_eq!(spec(json!({"source": "keda", "min": 0}), false)["minReplicaCount"], 1);
        assert_eq!(spec(json!({"source": "keda", "min": 3}), false)["minReplicaCount"], 3);
    }

    #[test]
    fn what_keda_says_is_told() {
        let object = |status: &str| -> DynamicObject {
            let conditions = json!([{"type": "Ready", "status": status, "message": "no such trigger"}]);
            let object = json!({"metadata": {"name": "acme-worker"}, "status": {"conditions": conditions}});
            serde_json::from_value(object).unwrap()
        };
        assert_eq!(unready(&object("True")), None);
        assert!(
            unready(&object("False")).unwrap().message.contains("acme-worker is not ready: no such trigger")
        );
    }
}
