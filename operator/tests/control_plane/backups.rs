//! Backups and restores: schedules, requests, and an installation that is closed and opened again.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Pod, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use operator::crd::{
    BackupPhase, RestorePhase, ResumeMatcher, ResumeMatcherBackup, ResumeMatcherBackupStatus,
    ResumeMatcherRestore,
};
use serde_json::{Value, json};

use crate::support::World;

const KEY: &str = "YmFja3VwcyBhcmUgc2lnbmVkIHdpdGggdGhpcyBrZXkh";

fn backup_spec() -> Value {
    json!({
        "schedule": "0 3 * * *", "verifySchedule": "@weekly", "timeZone": "Europe/Berlin",
        "destination": {"s3": {"endpoint": "http://elsewhere:9000", "bucket": "backups", "secretRef": {"name": "backups"}}},
    })
}

/// An installation with backups that is Ready, and its operator.
async fn installed(label: &str) -> (World, crate::support::Running) {
    let world = World::new(label).await;
    let secret: Secret = serde_json::from_value(json!({
        "metadata": {"name": "backups"},
        "stringData": {"accessKeyId": "a", "secretAccessKey": "b", "signingKey": KEY},
    }))
    .unwrap();
    world.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    let operator = world.operator("one").await;
    world.installed(json!({"environment": "development", "backup": backup_spec()})).await;
    (world, operator)
}

/// Plays Job controller and kubelet: a pod of the Job ends with this exit code and these last words, and so does the Job.
async fn job_ends(world: &World, name: &str, code: i32, words: &Value) {
    let job = world.object::<Job>(name).await;
    let template = json!(job.spec.unwrap().template);
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": format!("{name}-pod"), "labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    }))
    .unwrap();
    world.api::<Pod>().create(&PostParams::default(), &pod).await.unwrap();
    let words = words.as_str().map_or_else(|| words.to_string(), str::to_owned);
    let terminated = json!({"exitCode": code, "reason": "Ended", "message": words});
    let status = json!({"phase": if code == 0 { "Succeeded" } else { "Failed" }, "containerStatuses": [{
        "name": "backup", "image": "w", "imageID": "", "ready": false, "restartCount": 0, "started": false,
        "state": {"terminated": terminated},
    }]});
    world.set_status::<Pod>(&format!("{name}-pod"), status).await;
    let time = "2026-01-02T03:04:05Z";
    let condition = |name: &str| json!({"type": name, "status": "True", "lastTransitionTime": time});
    let status = if code == 0 {
        json!({"startTime": time, "completionTime": time, "succeeded": 1,
            "conditions": [condition("SuccessCriteriaMet"), condition("Complete")]})
    } else {
        json!({"startTime": time, "failed": 1, "conditions": [condition("FailureTarget"), condition("Failed")]})
    };
    world.set_status::<Job>(name, status).await;
}

fn backup_report(id: &str) -> Value {
    json!({
        "report": "backup", "id": id, "kind": "manual", "taken_at": "2026-01-02T03:04:00Z", "app_version": "0.1.0",
        "schema_version": 6, "database_sha256": "ab", "database_bytes": 1000, "rows": 30, "objects": 2,
        "object_bytes": 200, "copied_bytes": 200, "missing": 0, "duration_ms": 700,
    })
}

fn restore_report() -> Value {
    json!({
        "report": "restore", "backup": "20260102T030405Z-0a1b2c3d", "taken_at": "2026-01-02T03:04:00Z",
        "safety_backup": "20260103T030405Z-0a1b2c3d", "rows": 30, "objects": 2, "objects_restored": 1, "recovery_ms": 1700,
    })
}

async fn only_job(world: &World, task: &str) -> String {
    let api = world.api::<Job>();
    let selector = format!("resumematcher.io/backup-task={task}");
    world
        .until(&format!("a Job that does {task}"), || async {
            let jobs = api.list(&ListParams::default().labels(&selector)).await.unwrap();
            jobs.items.first().map(ResourceExt::name_any)
        })
        .await
}

#[tokio::test]
async fn schedules_are_cron_jobs_and_what_their_jobs_say_is_in_the_status() {
    let (world, operator) = installed("backup-schedule").await;
    let cron = world.object::<CronJob>("acme-backup").await;
    assert_eq!(cron.spec.as_ref().unwrap().schedule, "0 3 * * *");
    world.object::<CronJob>("acme-verify").await;
    world.object::<NetworkPolicy>("acme-backup").await;
    world.condition("BackupHealthy", "False", "NoBackupYet").await;

    // As `kubectl create job --from=cronjob/acme-backup` and the CronJob controller do it.
    let template = json!(cron.spec.unwrap().job_template);
    let job: Job = serde_json::from_value(json!({
        "metadata": {"name": "acme-backup-1", "labels": template["metadata"]["labels"]}, "spec": template["spec"],
    }))
    .unwrap();
    world.api::<Job>().create(&PostParams::default(), &job).await.unwrap();
    job_ends(&world, "acme-backup-1", 0, &backup_report("20260102T030405Z-0a1b2c3d")).await;
    let told = world.condition("BackupHealthy", "True", "Available").await;
    assert!(told.contains("20260102T030405Z-0a1b2c3d") && told.contains("none was proven"), "{told}");
    let object = world.api::<ResumeMatcher>().get("acme").await.unwrap();
    let last = object.status.unwrap().last_backup.unwrap();
    assert_eq!((last.database_bytes, last.objects), (1000, 2));
    assert_eq!(operator.metric("resume_matcher_operator_backup_schedules"), 1);

    // Without backups the schedules go, and what is known stays.
    world.change(json!({"backup": null})).await.unwrap();
    let crons = world.api::<CronJob>();
    world
        .until("the schedules to be gone", || async {
            crons.list(&ListParams::default()).await.unwrap().items.is_empty().then_some(())
        })
        .await;
    operator.stop().await.unwrap();
}

async fn ask_for_backup(world: &World, name: &str, verify: bool) {
    let request: ResumeMatcherBackup = serde_json::from_value(json!({
        "apiVersion": "resumematcher.io/v1alpha1", "kind": "ResumeMatcherBackup", "metadata": {"name": name},
        "spec": {"resumeMatcher": {"name": "acme"}, "verify": verify},
    }))
    .unwrap();
    world.api::<ResumeMatcherBackup>().create(&PostParams::default(), &request).await.unwrap();
}

/// Waits until a backup is in this phase.
async fn backup_in(world: &World, name: &str, wanted: BackupPhase) -> ResumeMatcherBackupStatus {
    let api = world.api::<ResumeMatcherBackup>();
    world
        .until(&format!("{name} is {wanted:?}"), || async {
            let status = api.get(name).await.unwrap().status?;
            (status.phase == wanted).then_some(status)
        })
        .await
}

#[tokio::test]
async fn a_backup_is_made_and_proven_when_it_is_asked_for() {
    let (world, operator) = installed("backup-request").await;
    ask_for_backup(&world, "first", true).await;
    let job = only_job(&world, "backup").await;
    backup_in(&world, "first", BackupPhase::Running).await;
    job_ends(&world, &job, 0, &backup_report("20260102T030405Z-0a1b2c3d")).await;
    let proof = only_job(&world, "verify").await;
    backup_in(&world, "first", BackupPhase::Verifying).await;
    let pod = world.object::<Job>(&proof).await.spec.unwrap().template.spec.unwrap();
    let arguments = pod.containers[0].args.clone().unwrap();
    assert_eq!(arguments, ["backup", "verify", "20260102T030405Z-0a1b2c3d", "--restore"]);
    let verification = json!({
        "report": "verification", "id": "20260102T030405Z-0a1b2c3d", "taken_at": "2026-01-02T03:04:00Z",
        "verified_at": "2026-01-02T03:05:00Z", "objects": 2, "bytes": 1200, "recovery_ms": 1100, "duration_ms": 1500,
    });
    job_ends(&world, &proof, 0, &verification).await;
    let status = backup_in(&world, "first", BackupPhase::Completed).await;
    assert_eq!(
        (status.recovery_seconds, status.rows, status.sha256.as_deref()),
        (Some(2), Some(30), Some("ab"))
    );
    world
        .until("the proof to be told", || async {
            let told = world.condition("BackupHealthy", "True", "Available").await;
            told.contains("proven by a restore in 2 s").then_some(())
        })
        .await;

    // Its spec is what was carried out.
    let patch = Patch::Merge(json!({"spec": {"verify": false}}));
    let api = world.api::<ResumeMatcherBackup>();
    let refused = api.patch("first", &PatchParams::default(), &patch).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be changed"), "{refused}");
    operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_backup_that_fails_is_told_in_the_workers_words() {
    let (world, operator) = installed("backup-fails").await;
    ask_for_backup(&world, "first", false).await;
    let job = only_job(&world, "backup").await;
    job_ends(&world, &job, 2, &json!("the bucket \"backups\" for backups is not there")).await;
    let status = backup_in(&world, "first", BackupPhase::Failed).await;
    let message = status.message.unwrap();
    assert!(message.contains("exit code 2: the bucket"), "{message}");
    assert_eq!(status.conditions[0].type_, "Failed");
    let told = world.condition("BackupHealthy", "False", "BackupFailed").await;
    assert!(told.contains("the bucket"), "{told}");
    operator.stop().await.unwrap();
}

struct Restoring {
    world: World,
    operator: crate::support::Running,
}

impl Restoring {
    async fn ask(label: &str, in_place: Option<&str>) -> Self {
        let (world, operator) = installed(label).await;
        let uid = world.api::<ResumeMatcher>().get("acme").await.unwrap().uid().unwrap();
        let mut spec = json!({"resumeMatcher": {"name": "acme"}, "backup": "20260102T030405Z-0a1b2c3d"});
        if let Some(target) = in_place {
            spec["inPlace"] = json!({"targetUid": if target == "right" { uid } else { target.to_owned() }});
        }
        let restore: ResumeMatcherRestore = serde_json::from_value(json!({
            "apiVersion": "resumematcher.io/v1alpha1", "kind": "ResumeMatcherRestore", "metadata": {"name": "back"},
            "spec": spec,
        }))
        .unwrap();
        world.api::<ResumeMatcherRestore>().create(&PostParams::default(), &restore).await.unwrap();
        Self { world, operator }
    }

    async fn phase(&self, wanted: RestorePhase) -> operator::crd::ResumeMatcherRestoreStatus {
        let api = self.world.api::<ResumeMatcherRestore>();
        self.world
            .until(&format!("the restore is {wanted:?}"), || async {
                let status = api.get("back").await.unwrap().status?;
                (status.phase == wanted).then_some(status)
            })
            .await
    }

    async fn leads_to(&self, component: &str) {
        let api = self.world.api::<Service>();
        self.world
            .until(&format!("the Service leads to {component}"), || async {
                let selector = api.get("acme-api").await.unwrap().spec?.selector?;
                (selector["app.kubernetes.io/component"] == component).then_some(())
            })
            .await;
    }

    async fn pods_wanted(&self, wanted: i32) {
        let api = self.world.api::<Deployment>();
        for name in ["acme-api-blue", "acme-worker-blue"] {
            self.world
                .until(&format!("{name} has {wanted} pods"), || async {
                    (api.get(name).await.unwrap().spec?.replicas? == wanted).then_some(())
                })
                .await;
        }
    }

    /// Plays the Deployment controller until the installation is closed; gives the restore's Job.
    async fn close(&self) -> String {
        self.world.object::<Deployment>("acme-maintenance").await;
        self.leads_to("api").await;
        let ready = json!({"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1});
        self.world.set_status::<Deployment>("acme-maintenance", ready).await;
        self.leads_to("maintenance").await;
        self.pods_wanted(0).await;
        self.world.condition("Ready", "False", "Maintenance").await;
        self.world.workloads_roll_out().await;
        only_job(&self.world, "restore").await
    }

    async fn opens(&self) {
        self.pods_wanted(1).await;
        self.leads_to("maintenance").await;
        self.world.workloads_roll_out().await;
        self.leads_to("api").await;
        let deployments = self.world.api::<Deployment>();
        self.world
            .until("the page to be gone", || async {
                let page = deployments.get_opt("acme-maintenance").await.unwrap();
                page.is_none_or(|page| page.metadata.deletion_timestamp.is_some()).then_some(())
            })
            .await;
        self.world.condition("Ready", "True", "Available").await;
    }
}

#[tokio::test]
async fn a_restore_closes_the_installation_replaces_the_data_and_opens_it_again() {
    let restoring = Restoring::ask("restore", Some("right")).await;
    let job = restoring.close().await;
    let cron = restoring.world.object::<CronJob>("acme-backup").await;
    assert_eq!(cron.spec.unwrap().suspend, Some(true), "a backup would only wait for the restore");
    let container =
        restoring.world.object::<Job>(&job).await.spec.unwrap().template.spec.unwrap().containers[0].clone();
    assert_eq!(container.args.unwrap(), ["restore", "20260102T030405Z-0a1b2c3d", "--in-place"]);
    restoring.phase(RestorePhase::Restoring).await;
    job_ends(&restoring.world, &job, 0, &restore_report()).await;
    restoring.phase(RestorePhase::Opening).await;
    restoring.opens().await;
    let status = restoring.phase(RestorePhase::Completed).await;
    assert_eq!((status.recovery_seconds, status.rows), (Some(2), Some(30)));
    assert_eq!(status.safety_backup.as_deref(), Some("20260103T030405Z-0a1b2c3d"));
    // What it left can be deleted: nothing waits for it.
    let api = restoring.world.api::<ResumeMatcherRestore>();
    api.delete("back", &DeleteParams::default()).await.unwrap();
    restoring
        .world
        .until("the restore to be gone", || async {
            api.get_opt("back").await.unwrap().is_none().then_some(())
        })
        .await;
    restoring.operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_restore_of_another_installation_of_that_name_changes_nothing() {
    let restoring = Restoring::ask("restore-other", Some("no-such-uid")).await;
    let status = restoring.phase(RestorePhase::Failed).await;
    assert!(status.message.unwrap().contains("not the one that was meant"));
    restoring.leads_to("api").await;
    assert!(restoring.world.api::<Deployment>().get_opt("acme-maintenance").await.unwrap().is_none());
    restoring.operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_restore_that_may_have_replaced_data_keeps_the_installation_closed_until_a_person_opens_it() {
    let restoring = Restoring::ask("restore-closed", Some("right")).await;
    let job = restoring.close().await;
    job_ends(&restoring.world, &job, 3, &json!("2 findings of damage after the restore")).await;
    let status = restoring.phase(RestorePhase::Failed).await;
    let message = status.message.unwrap();
    assert!(message.contains("stays closed") && message.contains("findings of damage"), "{message}");
    restoring.leads_to("maintenance").await;
    // An operator that starts anew does not open it either.
    let Restoring { world, operator } = restoring;
    operator.stop().await.unwrap();
    let restoring = Restoring { operator: world.operator("two").await, world };
    restoring.world.condition("Ready", "False", "Maintenance").await;
    restoring.pods_wanted(0).await;
    let api = restoring.world.api::<ResumeMatcherRestore>();
    api.delete("back", &DeleteParams::default()).await.unwrap();
    restoring.opens().await;
    restoring.operator.stop().await.unwrap();
}

#[tokio::test]
async fn a_restore_that_fails_before_it_replaced_anything_opens_the_old_data() {
    let restoring = Restoring::ask("restore-fails", None).await;
    let job = restoring.close().await;
    job_ends(&restoring.world, &job, 2, &json!("the installation has data; add --in-place to replace it"))
        .await;
    restoring.opens().await;
    let status = restoring.phase(RestorePhase::Failed).await;
    assert!(status.message.unwrap().contains("Nothing was replaced"));
    restoring.operator.stop().await.unwrap();
}
