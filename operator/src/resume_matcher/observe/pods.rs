//! What keeps pods from working, in a sentence.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

/// Longest piece of a container's own words in a condition.
const LONGEST: usize = 300;
/// What a container says while nothing is wrong.
const STARTING: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The problem of the first pod that has one, among those that a selector selects.
///
/// # Errors
/// When the API server refuses or is not reached.
pub(crate) async fn problem(
    client: &Client,
    namespace: &str,
    selector: &str,
) -> Result<Option<String>, kube::Error> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let mut pods = api.list(&ListParams::default().labels(selector)).await?.items;
    // The newest first: an old pod's problem may be over.
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.creation_timestamp().map(|time| time.0)));
    Ok(pods.iter().find_map(pod_problem))
}

/// Whether a selector selects pods that have not ended, those included that are ending.
///
/// # Errors
/// When the API server refuses or is not reached.
pub(super) async fn any(client: &Client, namespace: &str, selector: &str) -> Result<bool, kube::Error> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let running = "status.phase!=Succeeded,status.phase!=Failed";
    let pods = api.list_metadata(&ListParams::default().labels(selector).fields(running).limit(1)).await?;
    Ok(!pods.items.is_empty())
}

/// A pod, as far as watching a release needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSeen {
    /// Its name.
    pub name: String,
    /// Its address.
    pub ip: String,
    /// How often its containers were started anew, and why the last time.
    pub restarts: i32,
    /// What its container said when it last ended.
    pub problem: Option<String>,
}

/// The pods that a selector selects and that have an address.
///
/// # Errors
/// When the API server refuses or is not reached.
pub(super) async fn seen(
    client: &Client,
    namespace: &str,
    selector: &str,
) -> Result<Vec<PodSeen>, kube::Error> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pods = api.list(&ListParams::default().labels(selector)).await?.items;
    Ok(pods.iter().filter(|pod| lives(pod)).filter_map(pod_seen).collect())
}

/// Whether a pod is to go on. One that was evicted has failed, and stays until someone removes it.
fn lives(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Failed" | "Succeeded"))
}

fn pod_seen(pod: &Pod) -> Option<PodSeen> {
    let status = pod.status.as_ref()?;
    let restarts = status.container_statuses.iter().flatten().map(|container| container.restart_count).sum();
    let problem = status.container_statuses.iter().flatten().find_map(|container| {
        let last = container.last_state.as_ref()?.terminated.as_ref()?;
        let words = last.message.as_deref().map(shorten).unwrap_or_default();
        Some(format!("{} (exit code {}) {words}", last.reason.as_deref().unwrap_or("Error"), last.exit_code))
    });
    Some(PodSeen { name: pod.name_any(), ip: status.pod_ip.clone()?, restarts, problem })
}

fn pod_problem(pod: &Pod) -> Option<String> {
    let name = pod.name_any();
    let status = pod.status.as_ref()?;
    if status.reason.as_deref() == Some("Evicted") {
        return Some(format!(
            "pod {name} was evicted: {}",
            status.message.as_deref().map(shorten).unwrap_or_default()
        ));
    }
    let containers =
        status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten());
    if let Some((container, problem)) =
        containers.filter_map(|of| Some((&of.name, container_problem(of)?))).next()
    {
        return Some(format!("pod {name}: container {container}: {problem}"));
    }
    let unscheduled = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "PodScheduled" && condition.status == "False" && condition.message.is_some()
    })?;
    Some(format!("pod {name} is not scheduled: {}", unscheduled.message.as_deref().unwrap_or_default()))
}

fn container_problem(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref()?;
    let last = status.last_state.as_ref().and_then(|last| last.terminated.as_ref());
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.as_deref().unwrap_or("Waiting");
        if STARTING.contains(&reason) {
            return None;
        }
        // After a crash the container's own words say more than the kubelet's pause.
        let words = last.and_then(|last| last.message.as_deref()).or(waiting.message.as_deref());
        return Some(
            words.map_or_else(|| reason.to_owned(), |words| format!("{reason}: {}", shorten(words))),
        );
    }
    let ended = state.terminated.as_ref().filter(|ended| ended.exit_code != 0)?;
    let words = ended.message.as_deref().map(shorten).unwrap_or_default();
    let reason = ended.reason.as_deref().unwrap_or("Error");
    let separator = if words.is_empty() { "" } else { ": " };
    Some(format!("{reason} (exit code {}){separator}{words}", ended.exit_code))
}

/// The end of a text, on one line: errors come last.
fn shorten(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = line.chars().count();
    if count <= LONGEST {
        line
    } else {
        format!("…{}", line.chars().skip(count - LONGEST).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problem(status: Value) -> Option<String> {
        pod_problem(&serde_json::from_value(json!({"metadata": {"name": "p"}, "status": status})).unwrap())
    }

    fn container(state: Value, last: Value) -> Value {
        json!({"containerStatuses": [{
            "name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 1, "state": state, "lastState": last
        }]})
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_told() {
        let state =
            json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}});
        let expected = "pod p: container c: ImagePullBackOff: Back-off pulling image \"x\"";
        assert_eq!(problem(container(state, json!({}))).as_deref(), Some(expected));
    }

    #[test]
    fn a_crash_is_told_in_the_containers_own_words() {
        let state = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}});
        let last = json!({"terminated": {"exitCode": 1, "message": "cannot\n  connect"}});
        assert_eq!(
            problem(container(state, last)).as_deref(),
            Some("pod p: container c: CrashLoopBackOff: cannot connect")
        );
    }

    #[test]
    fn a_failed_job_is_told_with_its_exit_code() {
        let state =
            json!({"terminated": {"exitCode": 2, "reason": "Error", "message": "DATABASE_URL is not set"}});
        assert_eq!(
            problem(container(state, json!({}))).as_deref(),
            Some("pod p: container c: Error (exit code 2): DATABASE_URL is not set")
        );
    }

    #[test]
    fn a_pod_without_a_node_is_told() {
        let status = json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu"}]});
        assert_eq!(problem(status).as_deref(), Some("pod p is not scheduled: 0/1 nodes: Insufficient cpu"));
    }

    #[test]
    fn starting_running_and_done_are_no_problems() {
        for state in [
            json!({"waiting": {"reason": "ContainerCreating"}}),
            json!({"running": {}}),
            json!({"terminated": {"exitCode": 0}}),
        ] {
            assert_eq!(problem(container(state, json!({}))), None);
        }
    }

    #[test]
    fn an_eviction_is_told_and_the_pod_is_asked_nothing_more() {
        let status = json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory", "podIP": "10.0.0.1"});
        let expected = "pod p was evicted: The node was low on memory";
        assert_eq!(problem(status.clone()).as_deref(), Some(expected));
        let lives = |status: Value| {
            lives(&serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap())
        };
        assert!(!lives(status) && !lives(json!({"phase": "Succeeded"})));
        assert!(lives(json!({"phase": "Running"})) && lives(json!({})));
    }

    #[test]
    fn long_words_are_cut_at_the_front() {
        let cut = shorten(&format!("{} the end", "x".repeat(500)));
        assert!(cut.starts_with('…') && cut.ends_with(" the end"));
        assert_eq!(cut.chars().count(), LONGEST + 1);
    }
}
