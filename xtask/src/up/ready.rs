//! Waits until an installation is Ready and shows each change of its conditions on the way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;

use super::kubectl::{Kubectl, list_at, text_at};
use crate::progress::Step;

/// How often the object is read.
const PERIOD: Duration = Duration::from_secs(1);

/// What was last said of each condition.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, String>);

impl Seen {
    /// A line for each condition that says something new.
    pub(crate) fn changes(&mut self, object: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        for condition in list_at(object, "/status/conditions") {
            let part = |name: &str| text_at(condition, name);
            let (name, status) = (part("/type"), part("/status"));
            let now = format!("{status} {}: {}", part("/reason"), part("/message"));
            if self.0.get(name) != Some(&now) {
                lines.push(format!("{name}={now}"));
                self.0.insert(name.to_owned(), now);
            }
        }
        lines
    }
}

/// Whether the object's status is of its present spec and says Ready.
pub(crate) fn is_ready(object: &Value) -> bool {
    let generation = object.pointer("/metadata/generation");
    let condition = |wanted: &str| {
        list_at(object, "/status/conditions").iter().find(|condition| text_at(condition, "/type") == wanted)
    };
    generation.is_some()
        && object.pointer("/status/observedGeneration") == generation
        && condition("Ready").is_some_and(|ready| text_at(ready, "/status") == "True")
}

/// Waits until the object is Ready; returns it as it is then.
///
/// # Errors
/// When `patience` is over; the error has the conditions that are not as they should be.
pub(crate) fn wait(
    kubectl: &Kubectl,
    step: &Step,
    namespace: &str,
    name: &str,
    patience: Duration,
    print: &dyn Fn(&str),
) -> anyhow::Result<Value> {
    let start = Instant::now();
    let mut seen = Seen::default();
    loop {
        // One failed look, as while the API server is busy, is no reason to give up before the patience is over.
        match kubectl.json(&["get", "resumematchers.resumematcher.io", name, "--namespace", namespace]) {
            Ok(object) => {
                for line in seen.changes(&object) {
                    print(&format!("         {:>4} s  {line}", start.elapsed().as_secs()));
                }
                if is_ready(&object) {
                    return Ok(object);
                }
                step.say(seen.0.get("Ready").map_or("no status yet", String::as_str));
            }
            Err(error) if start.elapsed() > patience => return Err(error),
            Err(error) => step.say(&format!("{error:#}")),
        }
        if start.elapsed() > patience {
            let conditions: Vec<String> = seen.0.iter().map(|(name, now)| format!("{name}={now}")).collect();
            bail!(
                "{namespace}/{name} is not Ready after {} s:\n{}",
                patience.as_secs(),
                conditions.join("\n")
            );
        }
        std::thread::sleep(PERIOD);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(generation: u64, observed: u64, ready: &str) -> Value {
        json!({
            "metadata": {"generation": generation},
            "status": {
                "observedGeneration": observed,
                "conditions": [{"type": "Ready", "status": ready, "reason": "R", "message": "m"}]
            }
        })
    }

    #[test]
    fn ready_is_of_the_present_spec() {
        assert!(is_ready(&object(2, 2, "True")));
        assert!(!is_ready(&object(2, 1, "True")), "an old status is not the answer to a new spec");
        assert!(!is_ready(&object(2, 2, "False")));
        assert!(!is_ready(&json!({"metadata": {"generation": 1}})), "no status yet");
        assert!(!is_ready(&json!({})));
    }

    #[test]
    fn only_changes_are_told() {
        let mut seen = Seen::default();
        assert_eq!(seen.changes(&object(1, 1, "False")), ["Ready=False R: m"]);
        assert!(seen.changes(&object(1, 1, "False")).is_empty());
        assert_eq!(seen.changes(&object(1, 1, "True")), ["Ready=True R: m"]);
    }
}
