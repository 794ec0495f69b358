//! What the operator sets in the pods of the application, so that nothing else may set it.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::api::{METRICS_PORT, PORT};
use super::{Task, api, backup, config, migrate, worker};
use crate::crd::Colour;
use crate::resume_matcher::model::Installation;
use crate::resume_matcher::overrides::Overrides;

/// Names and numbers of the ports of the application's containers.
pub const OWN_PORTS: [(&str, i32); 2] = [("http", PORT), ("metrics", METRICS_PORT)];
/// How much is logged has no field of the spec, and is a matter of taste.
const FREE: &str = "RM_LOG";

/// The variables that the operator sets in containers of the application, in those of Jobs too.
#[must_use]
pub fn own_variables(installation: &Installation) -> BTreeSet<String> {
    let mut bare = installation.clone();
    bare.api.overrides = Overrides::default();
    bare.worker.overrides = Overrides::default();
    let jobs = [Task::Expand, Task::Contract].map(|task| migrate::build(&bare, task, ""));
    let crons = backup::cron_jobs(&bare, "").into_iter().filter_map(|cron| cron.spec?.job_template.spec);
    let jobs = jobs.into_iter().filter_map(|job| job.spec).chain(crons).map(|job| job.template);
    let tiers = [api::pods(&bare, Colour::Blue, ""), worker::pods(&bare, Colour::Blue, "")];
    let mut names: BTreeSet<String> = tiers.into_iter().chain(jobs).flat_map(variables).collect();
    names.extend(config::data(&bare).into_keys());
    names.remove(FREE);
    names
}

fn variables(template: PodTemplateSpec) -> Vec<String> {
    let pod = template.spec.unwrap_or_default();
    let containers = pod.containers.into_iter().chain(pod.init_containers.into_iter().flatten());
    containers
        .flat_map(|container| container.env.into_iter().flatten())
        .map(|variable| variable.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume_matcher::fixtures::installation_with_backups;

    #[test]
    fn variables_of_pods_jobs_and_settings_are_the_operators_but_for_the_log() {
        let names = own_variables(&installation_with_backups());
        for name in [
            "DATABASE_URL",
            "DATABASE_OWNER_URL",
            "RM_ADMIN_TOKEN",
            "RM_BACKUP_SIGNING_KEY",
            "RM_INSTALLATION",
            "S3_BUCKET",
        ] {
            assert!(names.contains(name), "{name}");
        }
        assert!(!names.contains("RM_LOG") && !names.contains("HTTPS_PROXY"));
    }
}
