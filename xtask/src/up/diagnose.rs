//! Says what is wrong in a namespace: states of the pods, what they logged last, events.

use serde_json::Value;

use super::kubectl::{Kubectl, list_at, text_at};

/// Lines of a log that are shown.
const LOG_LINES: &str = "--tail=30";

/// Events that are shown.
const EVENTS: usize = 30;

/// Prints the state of the pods in each namespace, the last log lines of those that are not ready, and the last events.
/// It is for a person who reads why something failed, so a part that cannot be read is said and the rest still shown.
pub(crate) fn print(kubectl: &Kubectl, namespaces: &[&str]) {
    for namespace in namespaces {
        eprintln!("\n--- {namespace}: pods");
        show(kubectl, &["get", "pods", "--namespace", namespace, "--output", "wide"]);
        match kubectl.json(&["get", "pods", "--namespace", namespace]) {
            Ok(pods) => logs(kubectl, namespace, &pods),
            Err(error) => eprintln!("{error:#}"),
        }
        eprintln!("\n--- {namespace}: events");
        match kubectl.text(&["get", "events", "--namespace", namespace, "--sort-by=.lastTimestamp"]) {
            Ok(events) => {
                let lines: Vec<&str> = events.lines().collect();
                lines.iter().skip(lines.len().saturating_sub(EVENTS)).for_each(|line| eprintln!("{line}"));
            }
            Err(error) => eprintln!("{error:#}"),
        }
    }
}

/// Prints what the containers that are not ready logged last, before and after their last restart.
fn logs(kubectl: &Kubectl, namespace: &str, pods: &Value) {
    for (pod, container, restarted) in unwell(pods) {
        eprintln!("\n--- {namespace}/{pod}: {container}");
        let log = ["logs", "--namespace", namespace, &pod, "--container", &container, LOG_LINES];
        show(kubectl, &log);
        if restarted {
            eprintln!("--- before its last restart");
            show(kubectl, &[log.as_slice(), &["--previous"]].concat());
        }
    }
}

/// Pod, container, and whether it was restarted, of each container that neither is ready nor has ended well.
fn unwell(pods: &Value) -> Vec<(String, String, bool)> {
    let mut found = Vec::new();
    for pod in list_at(pods, "/items") {
        for statuses in ["/status/initContainerStatuses", "/status/containerStatuses"] {
            for status in list_at(pod, statuses) {
                let ready = status.pointer("/ready").and_then(Value::as_bool).unwrap_or(false);
                let ended = text_at(status, "/state/terminated/reason") == "Completed";
                let restarts = status.pointer("/restartCount").and_then(Value::as_u64).unwrap_or(0);
                if !ready && !ended {
                    let name = text_at(pod, "/metadata/name").to_owned();
                    found.push((name, text_at(status, "/name").to_owned(), restarts > 0));
                }
            }
        }
    }
    found
}

fn show(kubectl: &Kubectl, args: &[&str]) {
    match kubectl.text(args) {
        Ok(text) => eprint!("{text}"),
        Err(error) => eprintln!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unwell;

    #[test]
    fn ready_and_completed_containers_are_well() {
        let pods = json!({"items": [{
            "metadata": {"name": "p"},
            "status": {
                "initContainerStatuses": [
                    {"name": "done", "ready": false, "state": {"terminated": {"reason": "Completed"}}}
                ],
                "containerStatuses": [
                    {"name": "good", "ready": true},
                    {"name": "waiting", "ready": false, "state": {"waiting": {"reason": "ImagePullBackOff"}}},
                    {"name": "crashed", "ready": false, "restartCount": 2}
                ]
            }
        }]});
        assert_eq!(
            unwell(&pods),
            [("p".into(), "waiting".into(), false), ("p".into(), "crashed".into(), true)]
        );
    }
}
