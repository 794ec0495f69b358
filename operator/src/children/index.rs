//! The memory itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Kind;
use crate::names::{FIELD_MANAGER, INSTANCE_LABEL, MANAGED_BY, MANAGED_BY_LABEL};

/// Names one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildKey {
    /// Its namespace.
    pub namespace: String,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// What is remembered of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildMeta {
    /// Its UID.
    pub uid: String,
    /// The installation it says it belongs to.
    pub instance: String,
    /// UID of the owner that controls it.
    pub owner: Option<String>,
    /// Hash of the list of fields that this operator owns. When anyone changes or removes one of these fields, the API
    /// server takes the field off the list, so a change of the hash is a change of the object.
    pub owned_fields: u64,
    /// Whether it is being deleted.
    pub deleting: bool,
}

impl ChildMeta {
    /// What is to be remembered of an object, if it is one of ours.
    #[must_use]
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        let labels = metadata.labels.as_ref()?;
        if labels.get(MANAGED_BY_LABEL).map(String::as_str) != Some(MANAGED_BY) {
            return None;
        }
        let mut owners = metadata.owner_references.iter().flatten();
        Some(Self {
            uid: metadata.uid.clone()?,
            instance: labels.get(INSTANCE_LABEL)?.clone(),
            owner: owners.find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.clone()),
            owned_fields: owned_fields(metadata),
            deleting: metadata.deletion_timestamp.is_some(),
        })
    }
}

fn owned_fields(metadata: &ObjectMeta) -> u64 {
    let mut hasher = DefaultHasher::new();
    let entries = metadata.managed_fields.iter().flatten();
    let ours = entries.filter(|entry| {
        entry.manager.as_deref() == Some(FIELD_MANAGER)
            && entry.operation.as_deref() == Some("Apply")
            && entry.subresource.as_deref().unwrap_or_default().is_empty()
    });
    for entry in ours {
        entry.fields_v1.as_ref().map(|fields| fields.0.to_string()).hash(&mut hasher);
    }
    hasher.finish()
}

/// Every object of ours, by name.
#[derive(Debug, Default)]
pub struct ChildIndex {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<ChildKey, ChildMeta>,
    /// What a watch that starts anew has listed so far; objects that it does not list are gone.
    listing: HashMap<(Kind, Option<String>), HashSet<ChildKey>>,
}

impl ChildIndex {
    /// What is remembered of one object.
    #[must_use]
    pub fn get(&self, key: &ChildKey) -> Option<ChildMeta> {
        self.lock().objects.get(key).cloned()
    }

    /// The objects of one installation.
    #[must_use]
    pub fn of_instance(&self, namespace: &str, instance: &str) -> Vec<(ChildKey, ChildMeta)> {
        let state = self.lock();
        let first =
            ChildKey { namespace: namespace.to_owned(), kind: Kind::ServiceAccount, name: String::new() };
        let in_namespace = state.objects.range(first..).take_while(|(key, _)| key.namespace == namespace);
        in_namespace
            .filter(|(_, meta)| meta.instance == instance)
            .map(|(key, meta)| (key.clone(), meta.clone()))
            .collect()
    }

    /// Remembers an object as it is now. Gives the installations that this concerns.
    pub(super) fn applied(&self, key: ChildKey, meta: Option<ChildMeta>) -> BTreeSet<String> {
        let mut state = self.lock();
        for listing in state.listing.iter_mut().filter(|((kind, _), _)| *kind == key.kind) {
            listing.1.insert(key.clone());
        }
        let before = match meta.clone() {
            Some(meta) => state.objects.insert(key, meta),
            None => state.objects.remove(&key),
        };
        before.into_iter().chain(meta).map(|meta| meta.instance).collect()
    }

    /// A watch starts anew.
    pub(super) fn listing_began(&self, kind: Kind, namespace: Option<&str>) {
        self.lock().listing.insert((kind, namespace.map(str::to_owned)), HashSet::new());
    }

    /// A watch has listed all there is. Gives namespace and installation of each object that is gone.
    pub(super) fn listing_ended(&self, kind: Kind, namespace: Option<&str>) -> BTreeSet<(String, String)> {
        let mut state = self.lock();
        let Some(listed) = state.listing.remove(&(kind, namespace.map(str::to_owned))) else {
            return BTreeSet::new();
        };
        let in_scope =
            |key: &ChildKey| key.kind == kind && namespace.is_none_or(|namespace| namespace == key.namespace);
        let gone: Vec<_> =
            state.objects.keys().filter(|key| in_scope(key) && !listed.contains(*key)).cloned().collect();
        gone.into_iter()
            .filter_map(|key| state.objects.remove(&key).map(|meta| (key.namespace, meta.instance)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The map is whole after every statement, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which installations read which Secrets of someone else's.
#[derive(Debug, Default)]
pub struct References {
    by_secret: Mutex<HashMap<(String, String), BTreeSet<String>>>,
}

impl References {
    /// Remembers the Secrets that an installation reads now, and forgets those that it read before.
    pub fn set(&self, namespace: &str, installation: &str, secrets: &[String]) {
        let mut by_secret = self.by_secret.lock().unwrap_or_else(PoisonError::into_inner);
        by_secret.retain(|(of, name), readers| {
            if of == namespace && !secrets.contains(name) {
                readers.remove(installation);
            }
            !readers.is_empty()
        });
        for secret in secrets {
            let readers = by_secret.entry((namespace.to_owned(), secret.clone())).or_default();
            readers.insert(installation.to_owned());
        }
    }

    /// The installations that read a Secret.
    #[must_use]
    pub fn readers(&self, namespace: &str, secret: &str) -> BTreeSet<String> {
        let by_secret = self.by_secret.lock().unwrap_or_else(PoisonError::into_inner);
        by_secret.get(&(namespace.to_owned(), secret.to_owned())).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(namespace: &str, name: &str) -> ChildKey {
        ChildKey { namespace: namespace.into(), kind: Kind::ConfigMap, name: name.into() }
    }

    fn metadata(fields: serde_json::Value) -> ObjectMeta {
        serde_json::from_value(json!({
            "name": "acme-config", "uid": "u",
            "labels": {MANAGED_BY_LABEL: MANAGED_BY, INSTANCE_LABEL: "acme"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "K", "name": "acme", "uid": "owner", "controller": true}],
            "managedFields": [
                {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:other": {}}},
                {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields},
            ],
        }))
        .unwrap()
    }

    fn meta(instance: &str) -> ChildMeta {
        ChildMeta { instance: instance.into(), ..ChildMeta::of(&metadata(json!({}))).unwrap() }
    }

    #[test]
    fn a_field_that_someone_took_shows() {
        let before = ChildMeta::of(&metadata(json!({"f:data": {"f:a": {}, "f:b": {}}}))).unwrap();
        let same = ChildMeta::of(&metadata(json!({"f:data": {"f:a": {}, "f:b": {}}}))).unwrap();
        let after = ChildMeta::of(&metadata(json!({"f:data": {"f:a": {}}}))).unwrap();
        assert_eq!(before, same);
        assert_ne!(before.owned_fields, after.owned_fields);
        assert_eq!(before.owner.as_deref(), Some("owner"));
    }

    #[test]
    fn an_object_without_our_label_is_not_remembered() {
        let mut foreign = metadata(json!({}));
        foreign.labels = None;
        assert_eq!(ChildMeta::of(&foreign), None);
    }

    #[test]
    fn what_a_new_list_does_not_show_is_gone() {
        let index = ChildIndex::default();
        index.applied(key("a", "stays"), Some(meta("one")));
        index.applied(key("a", "goes"), Some(meta("two")));
        index.applied(key("b", "elsewhere"), Some(meta("three")));
        index.listing_began(Kind::ConfigMap, Some("a"));
        index.applied(key("a", "stays"), Some(meta("one")));
        let gone = index.listing_ended(Kind::ConfigMap, Some("a"));
        assert_eq!(gone, BTreeSet::from([("a".to_owned(), "two".to_owned())]));
        assert!(index.get(&key("a", "stays")).is_some() && index.get(&key("b", "elsewhere")).is_some());
    }

    #[test]
    fn an_object_that_changes_hands_concerns_both() {
        let index = ChildIndex::default();
        index.applied(key("a", "x"), Some(meta("one")));
        let concerned = index.applied(key("a", "x"), Some(meta("two")));
        assert_eq!(concerned, BTreeSet::from(["one".to_owned(), "two".to_owned()]));
        assert_eq!(index.applied(key("a", "x"), None), BTreeSet::from(["two".to_owned()]));
    }

    #[test]
    fn the_objects_of_an_installation_are_those_in_its_namespace() {
        let index = ChildIndex::default();
        index.applied(key("a", "x"), Some(meta("one")));
        index.applied(key("a", "y"), Some(meta("two")));
        index.applied(key("b", "x"), Some(meta("one")));
        let found: Vec<_> = index.of_instance("a", "one").into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, [key("a", "x")]);
    }

    #[test]
    fn references_follow_the_spec() {
        let references = References::default();
        references.set("a", "one", &["db".into(), "s3".into()]);
        references.set("a", "two", &["db".into()]);
        references.set("a", "one", &["s3".into()]);
        assert_eq!(references.readers("a", "db"), BTreeSet::from(["two".to_owned()]));
        assert_eq!(references.readers("a", "s3"), BTreeSet::from(["one".to_owned()]));
        assert!(references.readers("b", "db").is_empty());
    }
}
