//! ServiceAccounts `NAME-api`, `NAME-worker` and `NAME-data`: identities without any right, so that rights can be
//! given to one of them alone (workload identity), and none comes from the namespace's default.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::owned;
use crate::names::Component;
use crate::resume_matcher::model::Installation;

/// Suffix of the account of all embedded data services.
pub(super) const DATA: &str = "data";

/// The ServiceAccounts.
pub(super) fn build(installation: &Installation) -> Vec<ServiceAccount> {
    let mut names = vec![Component::Api.as_str(), Component::Worker.as_str()];
    let embedded = installation.database.embedded().is_some()
        || installation.cache.embedded().is_some()
        || installation.object_storage.embedded().is_some();
    if embedded {
        names.push(DATA);
    }
    names
        .into_iter()
        .map(|name| ServiceAccount {
            metadata: owned(installation, installation.name.part(name), None),
            automount_service_account_token: Some(false),
            ..ServiceAccount::default()
        })
        .collect()
}
