//! Keeps the adapter reachable: its certificate in a Secret, and the authorities in the APIService. Uses the client. Only the
//! replica that leads does it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use kube::{Api, Client};
use serde_json::json;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::certificate::{CertificateError, Identity, RENEWED_BEFORE};
use super::{GROUP, Place, VERSION};
use crate::names::FIELD_MANAGER;
use crate::scaling::scaler::{Hindrance, Scaler};

/// How often to look while all is well: a day would do for the certificate, not for an APIService that someone edits.
const WELL: Duration = Duration::from_secs(30);
/// How often to look while something is wrong.
const AGAIN: Duration = Duration::from_secs(3);

/// Why the adapter cannot be kept reachable.
#[derive(Debug, Error)]
enum KeepError {
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The API server.
    #[error("cannot {act}")]
    Request {
        /// What was to be done.
        act: &'static str,
        /// What the client says.
        source: Box<kube::Error>,
    },
}

/// How the APIService stands to this operator.
#[derive(Debug, PartialEq, Eq)]
enum Registration {
    /// It leads here, and the API server reaches the adapter.
    Serves,
    /// It leads here with other authorities.
    Outdated,
    /// There is none, it leads elsewhere, or the API server does not reach the adapter.
    Hindered(Hindrance),
}

/// Keeps the adapter reachable until `stop`, and tells the scaler what is wrong with it.
pub async fn keep_registered(client: Client, place: Place, scaler: Arc<Scaler>, stop: CancellationToken) {
    loop {
        let hindrance = match keep(&client, &place, Timestamp::now()).await {
            Ok(hindrance) => hindrance,
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%error, source, "the metrics adapter is not kept reachable; it is tried again");
                let message = format!("the operator's metrics adapter: {error}: {source}");
                Some(Hindrance { reason: "AdapterFailed", message })
            }
        };
        let pause = if hindrance.is_none() { WELL } else { AGAIN };
        scaler.adapter_is(hindrance);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One look: a certificate that lasts, and an APIService that trusts it.
async fn keep(client: &Client, place: &Place, now: Timestamp) -> Result<Option<Hindrance>, KeepError> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &place.namespace);
    let kept = secrets.get_opt(&place.secret()).await.map_err(failed("read the adapter's Secret"))?;
    let last = kept.as_ref().and_then(|kept| Identity::read(kept.data.as_ref()?).ok());
    let until = now + RENEWED_BEFORE;
    match last {
        Some(identity) if identity.check(&place.host(), until).is_ok() => {
            register(client, place, &identity).await
        }
        last => {
            let fresh = Identity::make(&place.host(), now)?;
            let fresh = last.map_or(fresh.clone(), |last| fresh.beside(&last));
            // Trusted first, served afterwards.
            let hindrance = register(client, place, &fresh).await?;
            write(&secrets, place, kept, &fresh).await?;
            tracing::info!(host = place.host(), "made a serving certificate for the metrics adapter");
            Ok(hindrance)
        }
    }
}

/// Compare and swap, so that of two who make one the later fails and looks again.
async fn write(
    secrets: &Api<Secret>,
    place: &Place,
    kept: Option<Secret>,
    identity: &Identity,
) -> Result<(), KeepError> {
    let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    let written = match kept {
        Some(kept) => {
            let secret = Secret { data: Some(identity.data()), ..kept };
            secrets.replace(&place.secret(), &params, &secret).await
        }
        None => {
            let metadata = ObjectMeta {
                name: Some(place.secret()),
                namespace: Some(place.namespace.clone()),
                ..ObjectMeta::default()
            };
            let type_ = Some("kubernetes.io/tls".to_owned());
            let secret = Secret { metadata, type_, data: Some(identity.data()), ..Secret::default() };
            secrets.create(&params, &secret).await
        }
    };
    written.map(drop).map_err(failed("write the adapter's Secret"))
}

/// Has the APIService trust the authorities, if it leads here.
async fn register(
    client: &Client,
    place: &Place,
    identity: &Identity,
) -> Result<Option<Hindrance>, KeepError> {
    let api: Api<APIService> = Api::all(client.clone());
    let name = format!("{VERSION}.{GROUP}");
    let service = api.get_opt(&name).await.map_err(failed("read the APIService"))?;
    match judge(service.as_ref(), place, identity.authorities()) {
        Registration::Serves => Ok(None),
        Registration::Hindered(hindrance) => Ok(Some(hindrance)),
        Registration::Outdated => {
            let bundle = ByteString(identity.authorities().as_bytes().to_vec());
            let version = service.and_then(|service| service.metadata.resource_version);
            let body = json!({
                "metadata": {"resourceVersion": version},
                "spec": {"caBundle": bundle, "insecureSkipTLSVerify": false},
            });
            let params =
                PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
            api.patch(&name, &params, &Patch::Merge(&body)).await.map_err(failed("write the APIService"))?;
            tracing::info!(name, "the API server trusts the metrics adapter's certificate");
            // Whether it reaches the adapter too, the next look tells.
            Ok(None)
        }
    }
}

fn judge(service: Option<&APIService>, place: &Place, authorities: &str) -> Registration {
    let name = format!("{VERSION}.{GROUP}");
    let hindered = |reason, message| Registration::Hindered(Hindrance { reason, message });
    let Some(service) = service else {
        let mend = "install it with the operator's chart (externalMetrics.enabled) or kustomization";
        return hindered("AdapterNotRegistered", format!("there is no APIService {name}: {mend}"));
    };
    let spec = service.spec.clone().unwrap_or_default();
    let leads_to = spec.service.unwrap_or_default();
    let (namespace, to) = (leads_to.namespace.unwrap_or_default(), leads_to.name.unwrap_or_default());
    if (namespace.as_str(), to.as_str()) != (place.namespace.as_str(), place.service.as_str()) {
        let mend = "set spec.worker.autoscaling.source to keda if that is KEDA, or remove that adapter";
        return hindered(
            "MetricsServedByAnother",
            format!("APIService {name} belongs to Service {namespace}/{to}: {mend}"),
        );
    }
    let trusted = spec.ca_bundle.map(|bundle| bundle.0).unwrap_or_default();
    if trusted != authorities.as_bytes() || spec.insecure_skip_tls_verify == Some(true) {
        return Registration::Outdated;
    }
    let conditions = service.status.as_ref().and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    match conditions.find(|condition| condition.type_ == "Available" && condition.status != "True") {
        Some(condition) => {
            let why = condition.message.clone().unwrap_or_default();
            hindered("AdapterUnreachable", format!("APIService {name}: {why}"))
        }
        None => Registration::Serves,
    }
}

fn failed(act: &'static str) -> impl FnOnce(kube::Error) -> KeepError {
    move |source| KeepError::Request { act, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { namespace: "system".to_owned(), service: "metrics".to_owned() }
    }

    fn reason(service: Option<serde_json::Value>) -> String {
        let service: Option<APIService> = service.map(|service| serde_json::from_value(service).unwrap());
        match judge(service.as_ref(), &place(), "ours") {
            Registration::Hindered(hindrance) => hindrance.reason.to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_belongs_to_another_is_left_alone_and_ours_is_kept_right() {
        // "ours" and "else", in base64.
        let service = |name: &str, bundle: &str, available: &str| {
            Some(json!({
                "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
                "spec": {
                    "service": {"namespace": "system", "name": name}, "caBundle": bundle,
                    "groupPriorityMinimum": 100, "versionPriority": 100,
                },
                "status": {"conditions": [{"type": "Available", "status": available, "message": "no"}]},
            }))
        };
        assert_eq!(reason(None), "AdapterNotRegistered");
        assert_eq!(reason(service("keda-metrics", "b3Vycw==", "True")), "MetricsServedByAnother");
        assert_eq!(reason(service("metrics", "ZWxzZQ==", "True")), "Outdated");
        assert_eq!(reason(service("metrics", "b3Vycw==", "False")), "AdapterUnreachable");
        assert_eq!(reason(service("metrics", "b3Vycw==", "True")), "Serves");
    }
}
