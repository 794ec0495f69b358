//! The adapter's few routes, behind the question who asks and whether they may.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::try_join_all;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::core::{Expression, Selector};
use kube::{Api, Client, ResourceExt};
use serde::Deserialize;

use super::answers::{Item, group, refusal, resources, values};
use super::auth::{Peer, Wish, authenticate, authorise};
use super::selector::parse;
use super::{GROUP, VERSION};
use crate::crd::ResumeMatcher;
use crate::names::INSTANCE_LABEL;
use crate::scaling::queue::{Key, QueueReader};
use crate::scaling::{BACKLOG_METRIC, REQUESTS_METRIC, RateReader};

/// How old a value may be. Autoscalers ask every 15 seconds; many may ask at once.
const AGE: Duration = Duration::from_secs(1);

/// What all requests share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) queue: Arc<QueueReader>,
    pub(super) rates: Arc<RateReader>,
}

/// The routes.
pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route(&format!("/apis/{GROUP}"), get(async || Json(group())))
        .route(&format!("/apis/{GROUP}/{VERSION}"), get(async || Json(resources())))
        .route(&format!("/apis/{GROUP}/{VERSION}/namespaces/{{namespace}}/{{metric}}"), get(metric))
        .fallback(async || refusal(StatusCode::NOT_FOUND, "the server could not find the requested resource"))
        .with_state(shared.clone())
        .layer(from_fn_with_state(shared, guard))
}

/// Lets nobody pass whom the API server would not.
async fn guard(
    State(shared): State<Shared>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    // Nothing here needs escapes in its path, and what is authorised must be what is answered.
    if request.uri().path().contains('%') {
        return refusal(StatusCode::NOT_FOUND, "the server could not find the requested resource");
    }
    let user = match authenticate(&shared.client, &peer, request.headers()).await {
        Ok(user) => user,
        Err((code, message)) => return refusal(code, &message),
    };
    if let Err((code, message)) = authorise(&shared.client, &user, &wish(request.uri().path())).await {
        return refusal(code, &message);
    }
    if request.method() != Method::GET {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "metrics can only be read");
    }
    next.run(request).await
}

/// What a path asks for.
fn wish(path: &str) -> Wish {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["apis", GROUP, VERSION, "namespaces", namespace, metric] => {
            Wish::Metric { namespace: (*namespace).to_owned(), metric: (*metric).to_owned() }
        }
        _ => Wish::Path(path.to_owned()),
    }
}

#[derive(Debug, Deserialize)]
struct Selection {
    #[serde(default, rename = "labelSelector")]
    label_selector: String,
}

async fn metric(
    State(shared): State<Shared>,
    Path((namespace, metric)): Path<(String, String)>,
    Query(selection): Query<Selection>,
) -> Response {
    let Some(metric) = [BACKLOG_METRIC, REQUESTS_METRIC].into_iter().find(|known| *known == metric) else {
        let message =
            format!("there is no metric {metric:?}; there are {BACKLOG_METRIC:?} and {REQUESTS_METRIC:?}");
        return refusal(StatusCode::NOT_FOUND, &message);
    };
    let Some(selector) = parse(&selection.label_selector) else {
        let message = format!("labelSelector {:?} cannot be read", selection.label_selector);
        return refusal(StatusCode::BAD_REQUEST, &message);
    };
    match items(&shared, metric, &namespace, &selector).await {
        Ok(items) => Json(values(metric, &items, Timestamp::now())).into_response(),
        // An autoscaler that is told nothing leaves the number as it is.
        Err(message) => refusal(StatusCode::SERVICE_UNAVAILABLE, &message),
    }
}

/// The values of each installation that is selected. All of them, or an error: a part would be taken for the whole.
async fn items(
    shared: &Shared,
    metric: &str,
    namespace: &str,
    selector: &Selector,
) -> Result<Vec<Item>, String> {
    let names = match pinned(selector) {
        Some(name) => vec![name],
        None => list(&shared.client, namespace).await?,
    };
    let reads = names.into_iter().map(|name| async move {
        let key = Key { namespace: namespace.to_owned(), name };
        let items = if metric == BACKLOG_METRIC {
            backlog(shared, &key, selector).await?
        } else {
            requests(shared, &key, selector).await?
        };
        Ok::<_, String>(items)
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

async fn backlog(shared: &Shared, key: &Key, selector: &Selector) -> Result<Vec<Item>, String> {
    // One that is not selected is not asked.
    if !Item::backlog(&key.name, 0).is_selected(selector) {
        return Ok(vec![]);
    }
    let state = shared.queue.read(key, AGE).await.map_err(|error| error.to_string())?;
    Ok(vec![Item::backlog(&key.name, state.backlog())])
}

/// By colour. Which there are is known once the pods were asked.
async fn requests(shared: &Shared, key: &Key, selector: &Selector) -> Result<Vec<Item>, String> {
    let may_be = ["", "blue", "green"].map(|colour| Item::requests(&key.name, colour, 0.0));
    if !may_be.iter().any(|item| item.is_selected(selector)) {
        return Ok(vec![]);
    }
    let rates =
        shared.rates.read(key).await.map_err(|why| format!("{}/{}: {why}", key.namespace, key.name))?;
    let items = rates.into_iter().map(|(colour, rate)| Item::requests(&key.name, &colour, rate));
    Ok(items.filter(|item| item.is_selected(selector)).collect())
}

/// The one installation that a selector can mean, as those of autoscalers do: the API server need not be asked.
fn pinned(selector: &Selector) -> Option<String> {
    selector.clone().into_iter().find_map(|expression| match expression {
        Expression::Equal(key, name) if key == INSTANCE_LABEL => Some(name),
        _ => None,
    })
}

async fn list(client: &Client, namespace: &str) -> Result<Vec<String>, String> {
    let api: Api<ResumeMatcher> = Api::namespaced(client.clone(), namespace);
    let list = api.list_metadata(&ListParams::default()).await;
    let list = list.map_err(|error| {
        tracing::warn!(%error, namespace, "the adapter cannot list installations");
        "the installations cannot be listed".to_owned()
    })?;
    Ok(list.items.iter().map(ResourceExt::name_any).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_known_by_its_path() {
        let metric = "/apis/external.metrics.k8s.io/v1beta1/namespaces/people/m";
        let expected = Wish::Metric { namespace: "people".to_owned(), metric: "m".to_owned() };
        assert_eq!(wish(metric), expected);
        for other in ["/", "/apis/external.metrics.k8s.io/v1beta1", "/openapi/v2"] {
            assert_eq!(wish(other), Wish::Path(other.to_owned()));
        }
    }

    #[test]
    fn an_installation_that_is_named_is_not_looked_for() {
        let of = |text| pinned(&parse(text).unwrap());
        assert_eq!(of("app.kubernetes.io/instance=acme,a=b").as_deref(), Some("acme"));
        assert_eq!(of("app.kubernetes.io/instance in (acme,b)"), None);
        assert_eq!(of(""), None);
    }
}
