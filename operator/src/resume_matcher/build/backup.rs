//! CronJobs `NAME-backup` and `NAME-verify`, and the Jobs of single backups and restores: the worker's image with what it
//! needs to reach the bucket for backups.

use k8s_openapi::api::batch::v1::{
    CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec, PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::{Container, EnvVar};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::pod::{APP_USER, Pod, container, mount, scratch, secret_variable, template, variable};
use super::{app_env, config, kept, owned};
use crate::names::{BACKUP_TASK, Component};
use crate::resume_matcher::credentials::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::resume_matcher::model::{Backup, Installation};

/// The container that does the work; its termination message tells how it ended.
pub const CONTAINER: &str = "backup";
/// Exit codes after which trying again cannot help: the configuration is wrong, or damage was found.
const FINAL: [i32; 2] = [2, 3];
/// So often a Job is tried again, with growing pauses.
const TRIES: i32 = 3;

/// What a Job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Makes a backup by the schedule, and removes those that are no longer kept.
    Scheduled,
    /// Makes one that someone asked for.
    Manual,
    /// Proves the newest backup, or this one.
    Verify(Option<String>),
    /// Brings this one back.
    Restore {
        /// The backup.
        id: String,
        /// Whether data that is there is replaced.
        in_place: bool,
    },
}

impl Task {
    /// Value of the label that tells what a Job does.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Scheduled | Self::Manual => "backup",
            Self::Verify(_) => "verify",
            Self::Restore { .. } => "restore",
        }
    }

    fn arguments(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match self {
            Self::Scheduled => words(&["backup", "--kind", "scheduled", "--prune"]),
            Self::Manual => words(&["backup", "--kind", "manual"]),
            Self::Verify(id) => words(&["backup", "verify", id.as_deref().unwrap_or("latest"), "--restore"]),
            Self::Restore { id, in_place: false } => words(&["restore", id]),
            Self::Restore { id, in_place: true } => words(&["restore", id, "--in-place"]),
        }
    }
}

/// The CronJobs, run by the image of the version that serves.
pub(super) fn cron_jobs(installation: &Installation, image: &str) -> Vec<CronJob> {
    let Some(backup) = &installation.backup else { return vec![] };
    [
        (backup.schedule.as_ref(), "backup", Task::Scheduled),
        (backup.verify_schedule.as_ref(), "verify", Task::Verify(None)),
    ]
    .into_iter()
    .filter_map(|(schedule, name, task)| {
        Some(cron_job(installation, backup, (schedule?.as_str(), installation.name.part(name)), &task, image))
    })
    .collect()
}

fn cron_job(
    installation: &Installation,
    backup: &Backup,
    (schedule, name): (&str, String),
    task: &Task,
    image: &str,
) -> CronJob {
    let mut metadata = kept(installation, String::new(), Some(Component::Backup));
    (metadata.name, metadata.namespace) = (None, None);
    CronJob {
        metadata: owned(installation, name, Some(Component::Backup)),
        spec: Some(CronJobSpec {
            schedule: schedule.to_owned(),
            time_zone: backup.time_zone.clone(),
            suspend: Some(backup.suspend),
            concurrency_policy: Some("Forbid".to_owned()),
            starting_deadline_seconds: backup.starting_deadline,
            successful_jobs_history_limit: Some(backup.history.0),
            failed_jobs_history_limit: Some(backup.history.1),
            job_template: JobTemplateSpec {
                metadata: Some(tasked(metadata, task)),
                spec: Some(spec(installation, backup, task, image)),
            },
        }),
        ..CronJob::default()
    }
}

/// A single Job of this name, which goes away with `owner`. None: the installation has no backups.
#[must_use]
pub fn job(
    installation: &Installation,
    owner: OwnerReference,
    name: &str,
    task: &Task,
    image: &str,
) -> Option<Job> {
    let backup = installation.backup.as_ref()?;
    let metadata = kept(installation, name.to_owned(), Some(Component::Backup));
    Some(Job {
        metadata: ObjectMeta { owner_references: Some(vec![owner]), ..tasked(metadata, task) },
        spec: Some(spec(installation, backup, task, image)),
        ..Job::default()
    })
}

fn tasked(mut metadata: ObjectMeta, task: &Task) -> ObjectMeta {
    metadata.labels.get_or_insert_default().insert(BACKUP_TASK.to_owned(), task.label().to_owned());
    metadata
}

fn spec(installation: &Installation, backup: &Backup, task: &Task, image: &str) -> JobSpec {
    let pod = Pod {
        component: Component::Backup,
        service_account: installation.name.component(Component::Worker),
        user: APP_USER,
        container: worker(installation, backup, CONTAINER, task.arguments(), image),
        volumes: vec![scratch("tmp")],
        placement: Some(&installation.worker.placement),
        config_hash: None,
        release: None,
        grace_seconds: 30,
        restart_policy: Some("Never"),
    };
    JobSpec {
        backoff_limit: Some(TRIES),
        active_deadline_seconds: Some(backup.active_deadline),
        pod_failure_policy: Some(PodFailurePolicy { rules: vec![not_counted(), give_up(CONTAINER, &FINAL)] }),
        template: template(installation, pod),
        ..JobSpec::default()
    }
}

/// A pod that the cluster itself ends, for a drain or for want of room, was no try.
pub(super) fn not_counted() -> PodFailurePolicyRule {
    PodFailurePolicyRule {
        action: "Ignore".to_owned(),
        on_exit_codes: None,
        on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
            type_: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
        }]),
    }
}

/// Ends a Job when this container ends with one of these exit codes.
pub(super) fn give_up(container: &str, codes: &[i32]) -> PodFailurePolicyRule {
    PodFailurePolicyRule {
        action: "FailJob".to_owned(),
        on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
            container_name: Some(container.to_owned()),
            operator: "In".to_owned(),
            values: codes.to_vec(),
        }),
        on_pod_conditions: None,
    }
}

/// What runs before a migration, where backups are configured and that is asked for.
pub(super) fn before_migration(installation: &Installation) -> Option<Container> {
    let backup = installation.backup.as_ref().filter(|backup| backup.before_migration)?;
    let words = ["backup", "--kind", "safety", "--before-migration"].map(str::to_owned);
    let image = &installation.release.worker_image;
    Some(worker(installation, backup, CONTAINER, words.to_vec(), image))
}

fn worker(
    installation: &Installation,
    backup: &Backup,
    name: &str,
    arguments: Vec<String>,
    image: &str,
) -> Container {
    Container {
        args: Some(arguments),
        env_from: Some(app_env::sources(config::name(installation))),
        env: Some(environment(installation, backup)),
        resources: Some(backup.resources.clone()),
        volume_mounts: Some(vec![mount("tmp", "/tmp")]),
        ..container(installation, name, image)
    }
}

/// Database and files, and the bucket for backups; neither the queue nor the key of sessions.
fn environment(installation: &Installation, backup: &Backup) -> Vec<EnvVar> {
    let needed = |variable: &EnvVar| variable.name == "DATABASE_URL" || variable.name.starts_with("AWS_");
    let mut env: Vec<EnvVar> = app_env::variables(installation).into_iter().filter(needed).collect();
    env.push(app_env::owner_variable(installation));
    let (destination, retention) = (&backup.destination, &backup.retention);
    let secret = destination.secret.name.as_str();
    env.extend([
        variable("RM_BACKUP_ENDPOINT", &destination.endpoint),
        variable("RM_BACKUP_BUCKET", &destination.bucket),
        variable("RM_BACKUP_PREFIX", &backup.prefix),
        variable("RM_BACKUP_REGION", &destination.region),
        variable("RM_BACKUP_FORCE_PATH_STYLE", &destination.force_path_style.to_string()),
        secret_variable("RM_BACKUP_ACCESS_KEY_ID", secret, ACCESS_KEY_ID),
        secret_variable("RM_BACKUP_SECRET_ACCESS_KEY", secret, SECRET_ACCESS_KEY),
        secret_variable("RM_BACKUP_SIGNING_KEY", secret, "signingKey"),
        variable("RM_BACKUP_KEEP_DAYS", &retention.days.to_string()),
        variable("RM_BACKUP_KEEP_LAST", &retention.keep_last.to_string()),
        variable("RM_BACKUP_KEEP_DAILY", &retention.keep_daily.to_string()),
        variable("RM_BACKUP_KEEP_WEEKLY", &retention.keep_weekly.to_string()),
        variable("RM_BACKUP_KEEP_MONTHLY", &retention.keep_monthly.to_string()),
    ]);
    env.extend(backup.bytes_per_second.map(|most| variable("RM_BACKUP_BANDWIDTH", &most.to_string())));
    env.extend(
        backup.scratch.as_ref().map(|scratch| secret_variable("RM_BACKUP_SCRATCH_URL", &scratch.name, "url")),
    );
    env
}

/// After how many days what people erased is gone from backups too, by the rule that keeps longest.
pub(super) fn retention_days(backup: &Backup) -> i32 {
    let of = &backup.retention;
    of.days.max(of.keep_daily).max(of.keep_weekly.saturating_mul(7)).max(of.keep_monthly.saturating_mul(31))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::resume_matcher::fixtures::{installation, installation_with_backups};

    fn one(task: &Task) -> Value {
        let installation = installation_with_backups();
        let owner = installation.owner.clone();
        json!(job(&installation, owner, "name", task, "worker:9").unwrap())
    }

    #[test]
    fn without_backups_there_is_no_job() {
        let installation = installation(json!({}));
        assert!(cron_jobs(&installation, "worker:9").is_empty());
        assert!(before_migration(&installation).is_none());
        assert!(job(&installation, installation.owner.clone(), "name", &Task::Manual, "i").is_none());
    }

    #[test]
    fn schedules_are_those_of_cron_jobs_and_never_overlap() {
        let jobs = json!(cron_jobs(&installation_with_backups(), "worker:9"));
        for (index, name, schedule) in [(0, "acme-backup", "0 3 * * *"), (1, "acme-verify", "@weekly")] {
            let job = &jobs[index];
            assert_eq!(
                (job["metadata"]["name"].as_str(), job["spec"]["schedule"].as_str()),
                (Some(name), Some(schedule))
            );
            assert_eq!(job["spec"]["timeZone"], "Europe/Berlin");
            assert_eq!(job["spec"]["concurrencyPolicy"], "Forbid");
            let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
            assert_eq!(pod["containers"][0]["image"], "worker:9");
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            assert_eq!(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
            // The operator's watch sees the Jobs by these.
            assert_eq!(
                job["spec"]["jobTemplate"]["metadata"]["labels"]["app.kubernetes.io/instance"],
                "acme"
            );
        }
        assert_eq!(jobs.as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_job_says_what_it_does_and_gives_up_where_trying_again_cannot_help() {
        let restore = one(&Task::Restore { id: "x".to_owned(), in_place: true });
        assert_eq!(restore["metadata"]["labels"][BACKUP_TASK], "restore");
        let container = &restore["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["args"], json!(["restore", "x", "--in-place"]));
        let rules = &restore["spec"]["podFailurePolicy"]["rules"];
        // Evictions and drains are no tries; they are looked at first.
        let evicted = json!([{"type": "DisruptionTarget", "status": "True"}]);
        assert_eq!((&rules[0]["action"], &rules[0]["onPodConditions"]), (&json!("Ignore"), &evicted));
        assert_eq!(rules[1]["onExitCodes"]["values"], json!([2, 3]));
        let verify = one(&Task::Verify(None));
        let arguments = &verify["spec"]["template"]["spec"]["containers"][0]["args"];
        assert_eq!(*arguments, json!(["backup", "verify", "latest", "--restore"]));
    }

    #[test]
    fn a_backup_gets_no_key_that_it_does_not_need_and_each_by_its_secret() {
        let manual = one(&Task::Manual);
        let env = manual["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap();
        let named = |name: &str| env.iter().find(|variable| variable["name"] == name);
        for name in ["REDIS_URL", "RM_TOKEN_KEY"] {
            assert!(named(name).is_none(), "{name}");
        }
        for name in ["DATABASE_OWNER_URL", "RM_BACKUP_SIGNING_KEY", "RM_BACKUP_SECRET_ACCESS_KEY"] {
            assert!(named(name).unwrap()["valueFrom"]["secretKeyRef"].is_object(), "{name}");
        }
        assert_eq!(named("RM_BACKUP_PREFIX").unwrap()["value"], "people/acme");
    }

    #[test]
    fn the_longest_rule_tells_when_erased_data_is_gone() {
        let mut backup = installation_with_backups().backup.unwrap();
        assert_eq!(retention_days(&backup), 30);
        backup.retention.keep_weekly = 8;
        assert_eq!(retention_days(&backup), 56);
    }
}
