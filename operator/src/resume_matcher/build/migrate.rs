//! Jobs `NAME-plan-KEY`, `NAME-migrate-KEY` and `NAME-contract-KEY`: ask for the schema and change it.

use k8s_openapi::api::batch::v1::{Job, JobSpec, PodFailurePolicy};
use k8s_openapi::api::core::v1::Container;

use super::pod::{APP_USER, Pod, container, mount, scratch, template_after};
use super::postgres::words;
use super::{app_env, backup, config, owned};
use crate::names::Component;
use crate::resume_matcher::model::Installation;

/// What the worker ends with when its configuration is wrong, so that trying again cannot help.
const CONFIGURATION_WRONG: i32 = 2;

/// What a Job of the worker's image does to the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Prints which migrations the image knows, and which of them the database has.
    Plan,
    /// Runs the migrations that older versions can live with, and makes the bucket.
    Expand,
    /// Runs the others.
    Contract,
}

impl Task {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Expand => "migrate",
            Self::Contract => "contract",
        }
    }

    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Plan => &["migrate", "status"],
            Self::Expand => &["prepare"],
            Self::Contract => &["migrate", "up", "--phase", "all"],
        }
    }
}

/// The name of the Job of a task with this key.
pub(super) fn name(installation: &Installation, task: Task, key: &str) -> String {
    format!("{}-{key}", installation.name.part(task.suffix()))
}

/// The Job.
pub(super) fn build(installation: &Installation, task: Task, key: &str) -> Job {
    // As an init container: the Job fails with it, and by its deadline and its rules.
    let dump = (task == Task::Expand).then(|| backup::before_migration(installation)).flatten();
    let mut rules = vec![backup::not_counted(), backup::give_up("migrate", &[CONFIGURATION_WRONG])];
    rules.extend(dump.as_ref().map(|dump| backup::give_up(&dump.name, &[CONFIGURATION_WRONG])));
    let pod = Pod {
        component: Component::Migrate,
        service_account: installation.name.component(Component::Worker),
        user: APP_USER,
        container: migration(installation, task),
        volumes: vec![scratch("tmp")],
        placement: Some(&installation.worker.placement),
        config_hash: None,
        release: None,
        grace_seconds: 30,
        restart_policy: Some("Never"),
    };
    Job {
        metadata: owned(installation, name(installation, task, key), Some(Component::Migrate)),
        spec: Some(JobSpec {
            backoff_limit: Some(4),
            pod_failure_policy: Some(PodFailurePolicy { rules }),
            template: template_after(installation, pod, dump),
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

fn migration(installation: &Installation, task: Task) -> Container {
    let mut env = app_env::variables(installation);
    env.push(app_env::owner_variable(installation));
    Container {
        args: Some(words(task.arguments())),
        env_from: Some(app_env::sources(config::name(installation))),
        env: Some(env),
        resources: Some(installation.worker.resources.clone()),
        volume_mounts: Some(vec![mount("tmp", "/tmp")]),
        ..container(installation, "migrate", &installation.release.worker_image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume_matcher::fixtures::{external_installation, installation_with_backups};

    #[test]
    fn before_it_migrates_the_job_backs_up_where_backups_are_configured() {
        let steps = |installation: &Installation, task| {
            let pod = build(installation, task, "key").spec.unwrap().template.spec.unwrap();
            pod.init_containers
                .unwrap_or_default()
                .into_iter()
                .map(|container| container.args.unwrap())
                .collect::<Vec<_>>()
        };
        let installation = installation_with_backups();
        assert_eq!(
            steps(&installation, Task::Expand),
            [["backup", "--kind", "safety", "--before-migration"]]
        );
        assert!(steps(&installation, Task::Plan).is_empty());
        assert!(steps(&external_installation(), Task::Expand).is_empty());
    }

    #[test]
    fn the_owners_url_is_given_to_the_migration_alone() {
        let installation = external_installation();
        let owner = app_env::owner_variable(&installation);
        let reference = owner.value_from.clone().unwrap().secret_key_ref.unwrap();
        assert_eq!((reference.name.as_str(), reference.key.as_str()), ("db", "ownerUrl"));
        assert!(migration(&installation, Task::Expand).env.unwrap().contains(&owner));
        assert!(!app_env::variables(&installation).contains(&owner));
    }
}
