//! How a Job of the worker's image ended: its conditions, and what the worker left as its container's termination message.
//! Uses the client; only reads.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde::Deserialize;

use crate::resume_matcher::build::backup::CONTAINER;
use crate::resume_matcher::observe::pod_problem;

/// Exit codes of `worker restore` after which the data was replaced and is not proven whole: damage was found, or what was to
/// follow failed.
const REPLACED: [i32; 2] = [3, 5];
/// From here on a process was ended by a signal, and did not come to say what it had done.
const FIRST_SIGNAL: i32 = 128;

/// The state of a Job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobSeen {
    /// There is none.
    Absent,
    /// It has not ended.
    Running {
        /// What keeps it from running, or what its last try said.
        problem: Option<String>,
    },
    /// It succeeded.
    Succeeded {
        /// When.
        at: Timestamp,
        /// What the worker said; none: its pod is gone, or said something else.
        report: Option<Report>,
    },
    /// It failed.
    Failed {
        /// When.
        at: Timestamp,
        /// Which Job, and its last words.
        message: String,
        /// Whether one of its tries may have replaced data.
        may_have_replaced: bool,
    },
}

/// What a worker says when it succeeded.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "report", rename_all = "lowercase")]
pub enum Report {
    /// A backup was made.
    Backup(BackupReport),
    /// A backup was proven.
    Verification(VerificationReport),
    /// A backup was restored.
    Restore(RestoreReport),
}

/// A backup that was made.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct BackupReport {
    /// Its id.
    pub id: String,
    /// The moment that it is of, in RFC 3339.
    pub taken_at: String,
    /// SHA-256 of the dump.
    pub database_sha256: String,
    /// Bytes of the dump.
    pub database_bytes: i64,
    /// Rows of all tables.
    pub rows: i64,
    /// Files.
    pub objects: i64,
    /// Their bytes.
    pub object_bytes: i64,
    /// Bytes that no earlier backup had.
    pub copied_bytes: i64,
    /// Files that the installation had lost.
    pub missing: i64,
    /// How long it took.
    pub duration_ms: i64,
}

/// A backup that was proven.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct VerificationReport {
    /// Its id.
    pub id: String,
    /// The moment that it is of, in RFC 3339.
    pub taken_at: String,
    /// When it was proven, in RFC 3339.
    pub verified_at: String,
    /// How long restoring and examining took; none: it was only read.
    pub recovery_ms: Option<i64>,
}

/// A backup that was restored.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct RestoreReport {
    /// Its id.
    pub backup: String,
    /// The moment that it is of, in RFC 3339.
    pub taken_at: String,
    /// The backup of what was there before.
    pub safety_backup: Option<String>,
    /// Rows of all tables.
    pub rows: i64,
    /// Files that the rows name.
    pub objects: i64,
    /// How long it took.
    pub recovery_ms: i64,
}

/// Milliseconds as whole seconds, rounded up: a recovery never takes no time.
#[must_use]
pub const fn seconds(milliseconds: i64) -> i64 {
    milliseconds.saturating_add(999) / 1000
}

/// Looks at a Job by its name.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn look(client: &Client, namespace: &str, name: &str) -> Result<JobSeen, kube::Error> {
    let api: Api<Job> = Api::namespaced(client.clone(), namespace);
    match api.get_opt(name).await? {
        Some(job) => look_into(client, namespace, &job).await,
        None => Ok(JobSeen::Absent),
    }
}

/// Looks at a Job that was read already, and at its pods.
///
/// # Errors
/// When the API server refuses or is not reached.
pub async fn look_into(client: &Client, namespace: &str, job: &Job) -> Result<JobSeen, kube::Error> {
    let name = job.name_any();
    let selector = format!("batch.kubernetes.io/job-name={name}");
    let Some(end) = end_of(job) else {
        let problem = pod_problem(client, namespace, &selector).await?;
        return Ok(JobSeen::Running { problem });
    };
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let mut pods = api.list(&ListParams::default().labels(&selector)).await?.items;
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.creation_timestamp().map(|time| time.0)));
    let ends: Vec<ContainerStateTerminated> = pods.iter().filter_map(container_end).collect();
    Ok(match end {
        End::Succeeded { at } => JobSeen::Succeeded { at, report: ends.iter().find_map(report_of) },
        End::Failed { at, words } => {
            let said = ends.iter().find(|end| end.exit_code != 0).map(last_words);
            JobSeen::Failed {
                at,
                message: format!("Job {namespace}/{name} failed: {}", said.unwrap_or(words)),
                // A pod that is gone may have done anything.
                may_have_replaced: ends.is_empty() || ends.iter().any(may_have_replaced),
            }
        }
    })
}

/// How a Job ended.
enum End {
    Succeeded { at: Timestamp },
    Failed { at: Timestamp, words: String },
}

fn end_of(job: &Job) -> Option<End> {
    let status = job.status.as_ref()?;
    status.conditions.iter().flatten().find_map(|condition| {
        let at = condition.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
        match (condition.type_.as_str(), condition.status.as_str()) {
            ("Complete", "True") => Some(End::Succeeded { at }),
            ("Failed", "True") => {
                let words = [&condition.reason, &condition.message];
                let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
                Some(End::Failed { at, words: words.join(": ") })
            }
            _ => None,
        }
    })
}

/// When a Job ended, if it has.
#[must_use]
pub fn ended_at(job: &Job) -> Option<Timestamp> {
    end_of(job).map(|end| match end {
        End::Succeeded { at } | End::Failed { at, .. } => at,
    })
}

fn container_end(pod: &Pod) -> Option<ContainerStateTerminated> {
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    let container = containers.iter().find(|container| container.name == CONTAINER)?;
    container.state.as_ref()?.terminated.clone()
}

fn report_of(end: &ContainerStateTerminated) -> Option<Report> {
    let message = end.message.as_deref().filter(|_| end.exit_code == 0)?;
    match serde_json::from_str(message.trim()) {
        Ok(report) => Some(report),
        Err(error) => {
            // An image of another version may say it in other words; the Job succeeded all the same.
            tracing::warn!(%error, "a worker's report cannot be read");
            None
        }
    }
}

fn last_words(end: &ContainerStateTerminated) -> String {
    let words = end.message.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.chars().take(400).collect();
    format!("exit code {}: {words}", end.exit_code)
}

fn may_have_replaced(end: &ContainerStateTerminated) -> bool {
    REPLACED.contains(&end.exit_code) || end.exit_code >= FIRST_SIGNAL
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn end(value: Value) -> ContainerStateTerminated {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_report_is_read_as_the_worker_writes_it() {
        let message = json!({
            "report": "backup", "id": "20261123T120000Z-1a2b3c4d", "kind": "scheduled", "taken_at": "2026-11-23T12:00:00Z",
            "app_version": "0.1.0", "schema_version": 6, "database_sha256": "ab", "database_bytes": 7, "rows": 3,
            "objects": 2, "object_bytes": 9, "copied_bytes": 4, "missing": 0, "duration_ms": 5, "pruned": 1,
        });
        let Some(Report::Backup(report)) =
            report_of(&end(json!({"exitCode": 0, "message": message.to_string()})))
        else {
            panic!("not read");
        };
        assert_eq!((report.id.as_str(), report.objects), ("20261123T120000Z-1a2b3c4d", 2));
        assert_eq!(report_of(&end(json!({"exitCode": 0, "message": "done"}))), None);
        assert_eq!(report_of(&end(json!({"exitCode": 1, "message": message.to_string()}))), None);
    }

    #[test]
    fn what_was_killed_or_found_damage_may_have_replaced_data() {
        let of = |code: i32| may_have_replaced(&end(json!({"exitCode": code})));
        assert!(of(3) && of(5) && of(137) && of(143));
        assert!(!of(0) && !of(1) && !of(2));
    }

    #[test]
    fn a_recovery_time_is_rounded_up() {
        assert_eq!((seconds(0), seconds(1), seconds(1000), seconds(1001)), (0, 1, 1, 2));
    }
}
