//! The reference page of the API, made from the schema: what `kubectl explain` tells, on one page.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::crd::definitions;

/// Fields whose types are Kubernetes' own and are explained there.
const FOREIGN: [&str; 7] = [
    "affinity",
    "allowApiFrom",
    "allowEgress",
    "allowMetricsFrom",
    "resources",
    "tolerations",
    "topologySpreadConstraints",
];

const HEAD: &str = "\
<!-- Made from operator/src/crd.rs by `cargo xtask generate`. Do not edit. -->
# ResumeMatcher reference

`resumematcher.io/v1alpha1`, kind `ResumeMatcher`, short name `rm`, namespaced, with the subresources `status` and `scale` (the API
tier). `kubectl explain resumematcher.spec` tells the same. What each environment sets by default: [environments](environments.md).
What the conditions mean: [operator](operator.md#conditions).
";

/// What comes before the tables of the other kinds.
const OTHERS: [&str; 2] = [
    "\n# ResumeMatcherBackup reference\n\nShort name `rmb`: one backup, made now. See [backups](backups.md).\n",
    "\n# ResumeMatcherRestore reference\n\nShort name `rmr`: brings an installation back from a backup. See \
     [disaster recovery](disaster-recovery.md).\n",
];

/// The page, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = String::new();
    for (head, definition) in [HEAD].iter().chain(&OTHERS).zip(definitions()) {
        page.push_str(head);
        tables(&json!(definition), &mut page);
    }
    page
}

fn tables(definition: &Value, page: &mut String) {
    for section in ["spec", "status"] {
        let path = format!("/spec/versions/0/schema/openAPIV3Schema/properties/{section}");
        let Some(schema) = definition.pointer(&path) else { continue };
        let mut rows = Vec::new();
        let mut rules = Vec::new();
        walk(schema, section, &mut rows, &mut rules);
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {section}\n\n| field | type | default | what |\n|---|---|---|---|\n");
        page.extend(rows);
        if !rules.is_empty() {
            page.push_str("\nThe API server also holds it to these rules:\n\n");
            page.extend(rules);
        }
    }
}

fn walk(schema: &Value, path: &str, rows: &mut Vec<String>, rules: &mut Vec<String>) {
    for rule in schema.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
        let message = rule.get("message").and_then(Value::as_str).unwrap_or_default();
        rules.push(format!("- `{path}`: {message}\n"));
    }
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        rows.push(row(&path, field));
        if FOREIGN.contains(&name.as_str()) {
            continue;
        }
        walk(field, &path, rows, rules);
        if let Some(items) = field.get("items") {
            walk(items, &format!("{path}[]"), rows, rules);
        }
    }
}

fn row(path: &str, field: &Value) -> String {
    let default = field.get("default").map(|default| format!("`{default}`")).unwrap_or_default();
    let text = field.get("description").and_then(Value::as_str).unwrap_or_default();
    // A cell is one line.
    let what = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    format!("| `{path}` | {} | {default} | {what} |\n", kind(field))
}

fn kind(field: &Value) -> String {
    if field.get("x-kubernetes-int-or-string").is_some() {
        return "integer or string".to_owned();
    }
    let choices: Vec<_> = field.get("enum").and_then(Value::as_array).into_iter().flatten().collect();
    if !choices.is_empty() {
        return choices
            .iter()
            .map(|choice| format!("`{}`", choice.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(", ");
    }
    let kind = field.get("type").and_then(Value::as_str).unwrap_or("object");
    let limits: Vec<String> = [("minimum", "from"), ("maximum", "to")]
        .into_iter()
        .filter_map(|(key, word)| Some(format!("{word} {}", whole(field.get(key)?))))
        .collect();
    if limits.is_empty() { kind.to_owned() } else { format!("{kind}, {}", limits.join(" ")) }
}

fn whole(number: &Value) -> String {
    number.as_f64().map_or_else(|| number.to_string(), |number| format!("{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_explained() {
        let page = page();
        for field in ["spec.environment", "spec.database.embedded.storage.size", "status.conditions[].reason"]
        {
            assert!(page.contains(&format!("| `{field}` |")), "{field}");
        }
        let silent: Vec<_> =
            page.lines().filter(|line| line.starts_with("| `spec.") && line.ends_with("|  |")).collect();
        assert!(silent.is_empty(), "{silent:#?}");
        assert!(page.contains("- `spec.api.autoscaling`: autoscaling.min must not be above autoscaling.max"));
    }

    #[test]
    fn limits_and_choices_are_told() {
        assert_eq!(
            kind(&json!({"type": "integer", "minimum": 1.0, "maximum": 256})),
            "integer, from 1 to 256"
        );
        assert_eq!(kind(&json!({"type": "string", "enum": ["a", "b"]})), "`a`, `b`");
        assert_eq!(kind(&json!({"x-kubernetes-int-or-string": true})), "integer or string");
    }
}
