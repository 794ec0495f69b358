//! The next step of an installation: a pure function of what is asked for, what was seen, and the time.
//!
//! It keeps no memory: every step may be interrupted and repeated. The invariants, proved by enumeration in the
//! tests: API and worker only ever run a release whose migration has succeeded; a failed migration leaves the release
//! that runs alone; a migration that can succeed is tried again.

use std::time::Duration;

use jiff::Timestamp;

use super::model::Release;

/// How long after a failure that may pass a migration is tried again. The Job itself has retried with growing pauses
/// before it counts as failed.
pub const MIGRATION_RETRY: Duration = Duration::from_secs(60);

/// What was seen of the world, as far as the next step depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Whether database, cache and storage answer; external ones count as ready.
    pub data_ready: bool,
    /// The migration Job of [`Target::migration`], if there is one.
    pub job: Option<JobState>,
    /// Key of the last migration that succeeded, as recorded in the status.
    pub migrated: Option<String>,
    /// The release that API and worker run, as recorded in the status.
    pub running: Option<Release>,
}

/// State of a migration Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It has not ended.
    Running,
    /// It is being deleted.
    Deleting,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed {
        /// When.
        at: Timestamp,
        /// Whether the configuration is wrong, so that trying again cannot help.
        permanent: bool,
    },
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The release.
    pub release: Release,
    /// Key of the migration that this release needs.
    pub migration: String,
}

/// Where an installation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits for database, cache and storage.
    DataServices,
    /// The migration Job runs.
    Migrating,
    /// The migration Job failed and is not tried again until something changes.
    MigrationStuck,
    /// The migration Job failed and is tried again later.
    MigrationRetrying,
    /// API and worker are to run the release that is asked for.
    Released,
}

/// What to do with the migration Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStep {
    /// Leave it, whether it exists or not.
    Leave,
    /// It must exist.
    Ensure,
    /// Delete it, so that the next pass makes it anew.
    Delete,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where the installation stands.
    pub phase: Phase,
    /// What to do with the migration Job.
    pub job: JobStep,
    /// The release that API and worker are to run; none: they are not to exist yet.
    pub workloads: Option<Release>,
    /// Key of the last migration that succeeded, to be recorded.
    pub migrated: Option<String>,
    /// When to look again even if nothing changes.
    pub look_again: Option<Duration>,
}

/// Decides the next step.
#[must_use]
pub fn decide(target: &Target, world: &World, now: Timestamp) -> Decision {
    let is_migrated = world.migrated.as_ref() == Some(&target.migration);
    if is_migrated || world.job == Some(JobState::Succeeded) {
        return Decision {
            phase: Phase::Released,
            job: JobStep::Leave,
            workloads: Some(target.release.clone()),
            migrated: Some(target.migration.clone()),
            look_again: None,
        };
    }
    let (phase, job, look_again) = migration_step(world, now);
    Decision { phase, job, workloads: world.running.clone(), migrated: world.migrated.clone(), look_again }
}

/// The step of an installation whose migration has not succeeded yet.
fn migration_step(world: &World, now: Timestamp) -> (Phase, JobStep, Option<Duration>) {
    match &world.job {
        Some(JobState::Failed { permanent: true, .. }) => (Phase::MigrationStuck, JobStep::Leave, None),
        Some(JobState::Failed { at, permanent: false }) => {
            let age = Duration::try_from(now.duration_since(*at)).unwrap_or_default();
            match MIGRATION_RETRY.checked_sub(age) {
                Some(rest) if !rest.is_zero() => (Phase::MigrationRetrying, JobStep::Leave, Some(rest)),
                _ => (Phase::MigrationRetrying, JobStep::Delete, None),
            }
        }
        Some(JobState::Running | JobState::Succeeded) => (Phase::Migrating, JobStep::Leave, None),
        Some(JobState::Deleting) => (Phase::Migrating, JobStep::Leave, None),
        None if world.data_ready => (Phase::Migrating, JobStep::Ensure, None),
        None => (Phase::DataServices, JobStep::Leave, None),
    }
}

#[cfg(test)]
mod tests;
