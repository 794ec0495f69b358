//! `logs` and `dead-letters`: what the pods of an installation say, and the tasks that failed too often.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::args::{DeadLetters, Installation, LogsArgs};
use crate::kubectl::{kubectl_in_sight, object};

/// Shows the logs of all pods of the installation, or of one part of it.
pub(crate) fn logs(args: &LogsArgs) -> Result<()> {
    let mut selector = format!("--selector=app.kubernetes.io/instance={}", args.of.name);
    if let Some(component) = &args.component {
        selector = format!("{selector},app.kubernetes.io/component={component}");
    }
    let tail = format!("--tail={}", args.tail);
    // More pods than kubectl follows by itself are usual here: two tiers in two places, and the data services.
    let mut arguments =
        vec!["logs", &selector, &tail, "--prefix", "--all-containers", "--max-log-requests=100"];
    if args.follow {
        arguments.push("--follow");
    }
    kubectl_in_sight(&args.of, &arguments)
}

/// Has a worker list, show, requeue or drop dead letters: it has the database, and no token has to be handed about.
pub(crate) fn dead_letters(of: &Installation, action: &DeadLetters) -> Result<()> {
    let worker = worker(of, &object(of)?)?;
    let mut arguments = vec!["exec", worker.as_str(), "--", "/usr/bin/worker", "dead-letters"];
    let limit;
    match action {
        DeadLetters::List { limit: most } => {
            limit = most.to_string();
            arguments.extend(["list", "--limit", &limit]);
        }
        DeadLetters::Show { task } => arguments.extend(["show", "--", task]),
        DeadLetters::Requeue { task } => arguments.extend(["requeue", "--", task]),
        DeadLetters::Drop { task } => arguments.extend(["drop", "--", task]),
    }
    kubectl_in_sight(of, &arguments)
}

/// The worker Deployment of the version that serves, as kubectl names it.
fn worker(of: &Installation, object: &Value) -> Result<String> {
    let colour = object.pointer("/status/release/active/colour").and_then(Value::as_str);
    let colour =
        colour.with_context(|| format!("{}: nothing serves yet, so no worker can be asked", of.name))?;
    Ok(format!("deployment/{}-worker-{colour}", of.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_worker_that_serves_is_asked() {
        let of = Installation { name: "acme".to_owned(), namespace: None, context: None };
        let object = json!({"status": {"release": {"active": {"colour": "green"}}}});
        assert_eq!(worker(&of, &object).unwrap(), "deployment/acme-worker-green");
        assert!(worker(&of, &json!({})).unwrap_err().to_string().contains("acme: nothing serves yet"));
    }
}
