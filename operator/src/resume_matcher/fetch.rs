//! Reads what a reconciliation starts from: the object, and the Secrets that it and its services need. Uses the
//! client.

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use super::credentials::Existing;
use super::model::Installation;
use super::validate::{ReferencedSecrets, referenced_secrets};
use crate::crd::{ResumeMatcher, ResumeMatcherSpec};
use crate::names::Component;

/// Reads the object afresh, so that a status written a moment ago is seen. None: it is gone.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn fetch_object(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Option<ResumeMatcher>, kube::Error> {
    Api::namespaced(client.clone(), namespace).get_opt(name).await
}

/// Reads the Secrets that the spec names.
///
/// # Errors
/// When the API server refuses or is not reached. An absent Secret is no error.
pub async fn fetch_secrets(
    client: &Client,
    namespace: &str,
    spec: &ResumeMatcherSpec,
) -> Result<ReferencedSecrets, kube::Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let reads = referenced_secrets(spec).into_iter().map(|name| {
        let api = &api;
        async move { Ok::<_, kube::Error>((name.clone(), api.get_opt(&name).await?)) }
    });
    Ok(try_join_all(reads).await?.into_iter().collect())
}

/// Reads the credentials that were made before, perhaps by an installation of the same name that is gone.
///
/// # Errors
/// When the API server refuses or is not reached. An absent Secret is no error.
pub async fn fetch_credentials(
    client: &Client,
    installation: &Installation,
) -> Result<Existing, kube::Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &installation.namespace);
    let read = |wanted: bool, name: String| {
        let api = &api;
        async move { if wanted { api.get_opt(&name).await } else { Ok(None) } }
    };
    let name = &installation.name;
    let (postgres, redis, storage, app) = futures::try_join!(
        read(installation.database.embedded().is_some(), name.component(Component::Postgres)),
        read(installation.cache.embedded().is_some(), name.component(Component::Redis)),
        read(installation.object_storage.embedded().is_some(), name.component(Component::Storage)),
        read(true, name.part("app")),
    )?;
    Ok(Existing { postgres, redis, storage, app })
}
