//! Whether an object in the cluster is as it should be.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A hash of an object as it should be. Keys are sorted, so it does not depend on their order.
pub(super) fn desired_hash(desired: &Value) -> String {
    let mut hash = Sha256::new();
    feed(&mut hash, desired);
    hash.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            hash.update(format!("{{{}", keys.len()));
            for key in keys {
                hash.update(format!("{}:{key}", key.len()));
                if let Some(value) = map.get(key) {
                    feed(hash, value);
                }
            }
        }
        Value::Array(list) => {
            hash.update(format!("[{}", list.len()));
            list.iter().for_each(|value| feed(hash, value));
        }
        other => {
            let text = other.to_string();
            hash.update(format!("{}:{text}", text.len()));
        }
    }
}

/// An object without what it does.
pub(super) fn head(object: &Value) -> Value {
    let mut head = object.clone();
    if let Some(fields) = head.as_object_mut() {
        fields.retain(|key, _| key != "spec" && key != "data");
    }
    head
}

/// Whether everything that `desired` says is so in `live`. What only `live` has was defaulted by the API server or
/// belongs to others. Lists of named things (containers, ports, variables) may be longer in `live`.
pub(crate) fn is_contained(desired: &Value, live: &Value) -> bool {
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => {
            desired.iter().all(|(key, desired)| match live.get(key) {
                Some(live) => is_contained(desired, live),
                None => is_empty(desired),
            })
        }
        (Value::Array(desired), Value::Array(live)) => is_list_contained(desired, live),
        (desired, live) => desired == live,
    }
}

/// The API server drops what is empty.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn is_list_contained(desired: &[Value], live: &[Value]) -> bool {
    let named = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    if !desired.is_empty() && desired.iter().all(|item| named(item).is_some()) {
        return desired.iter().all(|item| {
            let name = named(item);
            live.iter().any(|live| named(live) == name && is_contained(item, live))
        });
    }
    desired.len() == live.len() && desired.iter().zip(live).all(|(desired, live)| is_contained(desired, live))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_added_does_not_count() {
        let desired =
            json!({"spec": {"ports": [{"name": "http", "port": 80}], "selector": {"a": "b"}, "empty": {}}});
        let live = json!({
            "spec": {
                "ports": [{"name": "sidecar", "port": 1}, {"name": "http", "port": 80, "nodePort": 0}],
                "selector": {"a": "b"}, "clusterIP": "10.0.0.1",
            },
            "status": {},
        });
        assert!(is_contained(&desired, &live));
    }

    #[test]
    fn a_changed_a_missing_and_a_shortened_value_count() {
        let desired = json!({"list": [1, 2], "map": {"key": "value"}});
        for live in [
            json!({"list": [1, 3], "map": {"key": "value"}}),
            json!({"list": [1], "map": {"key": "value"}}),
            json!({"list": [1, 2, 3], "map": {"key": "value"}}),
            json!({"list": [1, 2], "map": {}}),
            json!({"list": [1, 2], "map": {"key": "other"}}),
            json!({"list": [1, 2]}),
        ] {
            assert!(!is_contained(&desired, &live), "{live}");
        }
    }

    #[test]
    fn the_hash_follows_values_and_not_the_order_of_keys() {
        let one: Value = serde_json::from_str(r#"{"a": 1, "b": [1, 2]}"#).unwrap();
        let same: Value = serde_json::from_str(r#"{"b": [1, 2], "a": 1}"#).unwrap();
        assert_eq!(desired_hash(&one), desired_hash(&same));
        for other in [
            json!({"a": 1, "b": [2, 1]}),
            json!({"a": 1, "b": [1], "c": [2]}),
            json!({"a": "1", "b": [1, 2]}),
        ] {
            assert_ne!(desired_hash(&one), desired_hash(&other), "{other}");
        }
    }
}
