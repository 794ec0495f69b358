//! Says what applying would do, by having the API server do it and keep nothing (`dryRun=All`). Uses the client.

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::differences::differences;
use super::{Applier, ApplyError, request};
use crate::children::{Child, ChildKey, Kind};
use crate::crd::{Colour, PlannedAction, PlannedChange};
use crate::names::FIELD_MANAGER;
use crate::resume_matcher::build::Children;
use crate::resume_matcher::model::Installation;

impl Applier {
    /// What would become of each object. Jobs are passed over: a release makes them and they go.
    ///
    /// # Errors
    /// When the API server refuses one of the objects: so it would when they are applied.
    pub async fn preview(
        &self,
        installation: &Installation,
        children: &Children,
    ) -> Result<Vec<PlannedChange>, ApplyError> {
        // Without `..`: a new kind cannot be forgotten here.
        let Children {
            service_accounts,
            secrets,
            config_maps,
            volumes,
            services,
            network_policies,
            stateful_sets,
            jobs: _,
            cron_jobs,
            revisions,
            deployments,
            autoscalers,
            disruption_budgets,
            ingresses,
        } = children;
        let mut preview = Preview { applier: self, wanted: Vec::new(), changes: Vec::new() };
        preview.all(network_policies).await?;
        preview.all(service_accounts).await?;
        preview.all(secrets).await?;
        preview.all(config_maps).await?;
        preview.all(volumes).await?;
        preview.all(services).await?;
        preview.all(stateful_sets).await?;
        preview.all(cron_jobs).await?;
        preview.all(revisions).await?;
        preview.all(deployments).await?;
        preview.all(autoscalers).await?;
        preview.all(disruption_budgets).await?;
        preview.all(ingresses).await?;
        preview.deletions(installation);
        Ok(preview.changes)
    }
}

struct Preview<'a> {
    applier: &'a Applier,
    wanted: Vec<ChildKey>,
    changes: Vec<PlannedChange>,
}

impl Preview<'_> {
    async fn all<K: Child>(&mut self, desired: &[K]) -> Result<(), ApplyError> {
        for object in desired {
            let namespace = object.namespace().unwrap_or_default();
            self.wanted.push(ChildKey { namespace, kind: K::KIND, name: object.name_any() });
            self.changes.extend(self.one(object).await?);
        }
        Ok(())
    }

    async fn one<K: Child>(&self, desired: &K) -> Result<Option<PlannedChange>, ApplyError> {
        let (name, namespace) = (desired.name_any(), desired.namespace().unwrap_or_default());
        let api: Api<K> = Api::namespaced(self.applier.client.clone(), &namespace);
        let live = api.get_opt(&name).await.map_err(request::<K>("read", &name))?;
        let object = format!("{}/{name}", K::KIND.as_str());
        // Neither is ever changed.
        if live.is_some() && K::KIND == Kind::ControllerRevision {
            return Ok(None);
        }
        let live = live.map(|live| json!(live));
        let mut body = json!(desired);
        keep_pods(live.as_ref(), &mut body);
        let params = PatchParams::apply(FIELD_MANAGER).force().dry_run();
        let applied =
            api.patch(&name, &params, &Patch::Apply(&body)).await.map_err(request::<K>("apply", &name))?;
        let hidden = K::KIND == Kind::Secret;
        if let Some(live) = live {
            let fields = differences(&live, &json!(applied), hidden);
            let change = PlannedChange { object, action: PlannedAction::Change, fields };
            return Ok(Some(change).filter(|change| !change.fields.is_empty()));
        }
        let fields = match twin(&name) {
            Some((twin, colour)) if K::KIND != Kind::ControllerRevision => {
                let before = api.get_opt(&twin).await.map_err(request::<K>("read", &twin))?;
                let before = before.map(|before| colourless(&json!(before), colour.other()));
                let after = colourless(&json!(applied), colour);
                before.map(|before| differences(&before, &after, hidden)).unwrap_or_default()
            }
            _ => vec![],
        };
        Ok(Some(PlannedChange { object, action: PlannedAction::Create, fields }))
    }

    /// What is no longer asked for.
    fn deletions(&mut self, installation: &Installation) {
        let owned = self.applier.index.of_instance(&installation.namespace, installation.name.as_str());
        for (key, meta) in owned {
            let is_ours =
                meta.owner.as_deref() == Some(installation.owner.uid.as_str()) && !key.kind.is_kept();
            if is_ours && key.kind != Kind::Job && !meta.deleting && !self.wanted.contains(&key) {
                let object = format!("{}/{}", key.kind.as_str(), key.name);
                self.changes.push(PlannedChange { object, action: PlannedAction::Delete, fields: vec![] });
            }
        }
    }
}

/// A number of pods that is someone else's stays as it is when we apply without it.
fn keep_pods(live: Option<&Value>, body: &mut Value) {
    let Some(replicas) = live.and_then(|live| live.pointer("/spec/replicas")) else { return };
    if body.get("kind") == Some(&json!("Deployment"))
        && let Some(spec) = body.get_mut("spec").and_then(Value::as_object_mut)
    {
        spec.entry("replicas").or_insert_with(|| replicas.clone());
    }
}

/// The name of the same object in the other place, and the colour of this one.
fn twin(name: &str) -> Option<(String, Colour)> {
    Colour::ALL.into_iter().find_map(|colour| {
        let base = name.strip_suffix(colour.as_str())?.strip_suffix('-')?;
        Some((format!("{base}-{}", colour.other().as_str()), colour))
    })
}

/// The object without the name of its place, so that only what matters differs.
fn colourless(object: &Value, colour: Colour) -> Value {
    match object {
        Value::String(text) if text == colour.as_str() => json!("COLOUR"),
        Value::String(text) => match text.strip_suffix(colour.as_str()) {
            Some(base) if base.ends_with('-') => json!(format!("{base}COLOUR")),
            _ => object.clone(),
        },
        Value::Array(list) => list.iter().map(|item| colourless(item, colour)).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), colourless(value, colour))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_is_the_same_in_the_other_place() {
        assert_eq!(twin("acme-api-green"), Some(("acme-api-blue".to_owned(), Colour::Green)));
        assert_eq!(twin("acme-api"), None);
        assert_eq!(twin("acmegreen"), None);
    }

    #[test]
    fn only_the_place_is_taken_out() {
        let object = json!({"a": ["x-blue", "blue", "bluebell", "x-green"], "blue": 1});
        let expected = json!({"a": ["x-COLOUR", "COLOUR", "bluebell", "x-green"], "blue": 1});
        assert_eq!(colourless(&object, Colour::Blue), expected);
    }
}
