//! The differences between an object as it is and as it would be, in words.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::names::DESIRED_HASH;

/// Most differences of one object that are told.
const MOST: usize = 40;
/// Longest text of a value.
const LONGEST: usize = 80;

/// The differences: `path: before -> after`. With `hidden`, values are not told.
pub(super) fn differences(before: &Value, after: &Value, hidden: bool) -> Vec<String> {
    let (before, after) = (essence(before), essence(after));
    let mut walk = Walk { found: Vec::new(), hidden };
    walk.compare(&before, &after, "");
    let left_out = walk.found.len().saturating_sub(MOST);
    walk.found.truncate(MOST);
    if left_out > 0 {
        walk.found.push(format!("and {left_out} more"));
    }
    walk.found
}

/// What people set of an object: without what the API server keeps about it.
fn essence(object: &Value) -> Value {
    let Value::Object(fields) = object else { return object.clone() };
    let mut fields = fields.clone();
    fields.remove("status");
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        metadata.retain(|name, _| matches!(name.as_str(), "labels" | "annotations"));
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            // Written by controllers, and by us to see that nothing has changed.
            annotations.retain(|name, _| name != DESIRED_HASH && name != "deployment.kubernetes.io/revision");
        }
        metadata.retain(|_, value| value.as_object().is_none_or(|map| !map.is_empty()));
    }
    Value::Object(fields)
}

struct Walk {
    found: Vec<String>,
    hidden: bool,
}

impl Walk {
    fn compare(&mut self, before: &Value, after: &Value, path: &str) {
        match (before, after) {
            _ if before == after => {}
            (Value::Object(was), Value::Object(will)) => {
                for key in was.keys().chain(will.keys()).collect::<BTreeSet<_>>() {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    let get =
                        |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                    self.compare(&get(was), &get(will), &path);
                }
            }
            (Value::Array(was), Value::Array(will)) if named(was) && named(will) => {
                let names: BTreeSet<&str> = was.iter().chain(will).filter_map(name).collect();
                for key in names {
                    let get = |list: &[Value]| {
                        list.iter().find(|item| name(item) == Some(key)).cloned().unwrap_or_default()
                    };
                    self.compare(&get(was), &get(will), &format!("{path}[{key}]"));
                }
            }
            _ if self.hidden => self.found.push(format!("{path}: another value")),
            _ => self.found.push(format!("{path}: {} -> {}", short(before), short(after))),
        }
    }
}

/// Items that have names are compared by them, and not by their places.
fn named(list: &[Value]) -> bool {
    list.iter().all(|item| name(item).is_some())
}

fn name(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => return "absent".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        text
    } else {
        format!("{}…", text.chars().take(LONGEST).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_named_with_their_values_before_and_after() {
        let object = |image: &str, replicas: i32| {
            json!({
                "metadata": {"name": "a", "resourceVersion": image, "annotations": {DESIRED_HASH: image}},
                "spec": {"replicas": replicas, "containers": [
                    {"name": "side", "image": "s"}, {"name": "api", "image": image, "args": ["x", image]},
                ]},
                "status": {"replicas": replicas},
            })
        };
        assert_eq!(
            differences(&object("a:1", 2), &object("a:2", 3), false),
            [
                "spec.containers[api].args: [\"x\",\"a:1\"] -> [\"x\",\"a:2\"]",
                "spec.containers[api].image: a:1 -> a:2",
                "spec.replicas: 2 -> 3",
            ]
        );
    }

    #[test]
    fn what_comes_and_goes_is_told_and_values_of_secrets_are_not() {
        let (before, after) = (json!({"data": {"a": "1"}}), json!({"data": {"b": "hunter2"}}));
        assert_eq!(differences(&before, &after, false), ["data.a: 1 -> absent", "data.b: absent -> hunter2"]);
        let hidden = differences(&before, &after, true);
        assert_eq!(hidden, ["data.a: another value", "data.b: another value"]);
    }

    #[test]
    fn long_lists_and_long_values_are_cut() {
        let many: serde_json::Map<String, Value> =
            (0..100).map(|n| (format!("k{n:03}"), json!("x".repeat(500)))).collect();
        let told = differences(&json!({}), &json!({"data": many}), false);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("data: absent -> {") && told[0].ends_with('…'), "{told:?}");
        let empty = json!({"data": {}});
        let told = differences(&empty, &json!({"data": many}), false);
        assert_eq!((told.len(), told.last().unwrap().as_str()), (MOST + 1, "and 60 more"));
    }
}
