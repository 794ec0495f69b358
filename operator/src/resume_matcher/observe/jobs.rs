//! How Jobs end, and what the plan Job prints.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, LogParams};
use kube::{Api, Client, ResourceExt};
use serde::Deserialize;

use super::pods;
use crate::release::{JobState, Plan};

/// Longest output of a plan that is read, in bytes.
const LONGEST: i64 = 1 << 20;

/// The state of a Job, with what its pod said.
pub(super) async fn state(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Option<JobState>, kube::Error> {
    let api: Api<Job> = Api::namespaced(client.clone(), namespace);
    let Some(job) = api.get_opt(name).await? else { return Ok(None) };
    let mut state = job_state(&job);
    if let JobState::Running { .. } | JobState::Failed { .. } = state {
        let selector = format!("batch.kubernetes.io/job-name={name}");
        let said = pods::problem(client, namespace, &selector).await?;
        match &mut state {
            JobState::Running { problem } => *problem = said,
            JobState::Failed { message, .. } => {
                let why = said.map(|said| format!(": {said}")).unwrap_or_default();
                *message = format!("Job {namespace}/{name} failed{why}");
            }
            JobState::Deleting | JobState::Succeeded => {}
        }
    }
    Ok(Some(state))
}

fn job_state(job: &Job) -> JobState {
    if job.metadata.deletion_timestamp.is_some() {
        return JobState::Deleting;
    }
    for condition in job.status.iter().flat_map(|status| status.conditions.iter().flatten()) {
        match (condition.type_.as_str(), condition.status.as_str()) {
            ("Complete", "True") => return JobState::Succeeded,
            ("Failed", "True") => {
                return JobState::Failed {
                    at: condition.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
                    permanent: condition.reason.as_deref() == Some("PodFailurePolicy"),
                    message: String::new(),
                };
            }
            _ => {}
        }
    }
    JobState::Running { problem: None }
}

/// What a plan Job says.
pub(super) async fn plan(client: &Client, namespace: &str, name: &str) -> Result<Plan, kube::Error> {
    match state(client, namespace, name).await? {
        None | Some(JobState::Deleting) => Ok(Plan::Unknown { problem: None }),
        Some(JobState::Running { problem }) => {
            let problem = problem.map(|problem| format!("Job {namespace}/{name}: {problem}"));
            Ok(Plan::Unknown { problem })
        }
        Some(JobState::Failed { message, .. }) => Ok(Plan::Failed { message }),
        Some(JobState::Succeeded) => printed(client, namespace, name).await,
    }
}

/// One migration, as `worker migrate status` prints it.
#[derive(Debug, Deserialize)]
struct Migration {
    version: i64,
    phase: String,
    applied: bool,
}

async fn printed(client: &Client, namespace: &str, name: &str) -> Result<Plan, kube::Error> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let selector = format!("batch.kubernetes.io/job-name={name}");
    let pods = api.list(&ListParams::default().labels(&selector)).await?.items;
    let succeeded =
        |pod: &&Pod| pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Succeeded"));
    let Some(pod) = pods.iter().find(succeeded) else {
        let problem =
            Some(format!("Job {namespace}/{name} ended and its pod is gone; delete the Job to run it again"));
        return Ok(Plan::Unknown { problem });
    };
    let params = LogParams { limit_bytes: Some(LONGEST), ..LogParams::default() };
    match api.logs(&pod.name_any(), &params).await {
        Ok(text) => Ok(parse(&text)),
        // The kubelet may be away for a moment, or the log be gone with its node.
        Err(kube::Error::Api(status)) => {
            let problem =
                Some(format!("the log of pod {} cannot be read: {}", pod.name_any(), status.message));
            Ok(Plan::Unknown { problem })
        }
        Err(error) => Err(error),
    }
}

/// The list is printed on standard output; lines of the log that come before it are not part of it.
fn parse(text: &str) -> Plan {
    let list = text.find("[\n").or_else(|| text.find("[]")).and_then(|start| text.get(start..));
    let mut reader = serde_json::Deserializer::from_str(list.unwrap_or_default()).into_iter();
    let migrations: Vec<Migration> = match reader.next() {
        Some(Ok(migrations)) => migrations,
        _ => {
            return Plan::Failed {
                message: "the image's `migrate status` does not print a list of migrations".to_owned(),
            };
        }
    };
    let contracts: Vec<_> = migrations.iter().filter(|one| one.phase == "contract").collect();
    Plan::Known {
        contracts: contracts.iter().map(|one| one.version).collect(),
        pending: contracts.iter().any(|one| !one.applied),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(value: serde_json::Value) -> JobState {
        job_state(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn the_conditions_of_a_job_tell_its_state() {
        assert_eq!(
            job(json!({"metadata": {}, "status": {"active": 1}})),
            JobState::Running { problem: None }
        );
        let complete =
            json!({"metadata": {}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}});
        assert_eq!(job(complete), JobState::Succeeded);
        let failed = |reason: &str| {
            job(json!({"metadata": {}, "status": {"conditions": [
                {"type": "Failed", "status": "True", "reason": reason, "lastTransitionTime": "2026-01-02T03:04:05Z"}
            ]}}))
        };
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(
            failed("BackoffLimitExceeded"),
            JobState::Failed { at, permanent: false, message: String::new() }
        );
        assert_eq!(
            failed("PodFailurePolicy"),
            JobState::Failed { at, permanent: true, message: String::new() }
        );
    }

    #[test]
    fn a_job_that_leaves_is_neither_running_nor_done() {
        let leaving = json!({
            "metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"},
            "status": {"conditions": [{"type": "Complete", "status": "True"}]},
        });
        assert_eq!(job(leaving), JobState::Deleting);
    }

    #[test]
    fn the_list_of_migrations_is_found_behind_lines_of_the_log() {
        let text = "{\"level\":\"INFO\",\"fields\":{\"list\":[1]}}\n[\n  {\"version\": 1, \"name\": \"a\", \"phase\": \"expand\", \"applied\": true},\n  \
            {\"version\": 2, \"name\": \"b\", \"phase\": \"contract\", \"applied\": false}\n]\n";
        assert_eq!(parse(text), Plan::Known { contracts: vec![2], pending: true });
        assert_eq!(parse("[]\n"), Plan::Known { contracts: vec![], pending: false });
        assert!(matches!(parse("error: unrecognised subcommand"), Plan::Failed { .. }));
    }
}
