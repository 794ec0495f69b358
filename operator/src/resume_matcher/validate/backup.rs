//! Backups: their bucket, its Secret, and the key that signs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use super::{Found, Invalid, Lookup, bucket};
use crate::crd::{BackupS3Spec, BackupSpec, ResumeMatcher};
use crate::resume_matcher::model::{Backup, ExternalStorage};

/// The keys that are used of the bucket's Secret.
const KEYS: [&str; 3] = ["accessKeyId", "secretAccessKey", "signingKey"];
const KEYS_TOLD: &str = "accessKeyId, secretAccessKey, signingKey";
/// Fewest bytes of a key that signs.
const KEY_BYTES: usize = 32;

/// The names of the Secrets that backups need.
pub(super) fn secrets(spec: &BackupSpec) -> Vec<String> {
    let scratch = spec.scratch_database.as_ref().map(|secret| secret.name.clone());
    [spec.destination.s3.secret_ref.name.clone()].into_iter().chain(scratch).collect()
}

/// What the spec says of backups.
pub(super) fn validate(object: &ResumeMatcher, lookup: &Lookup<'_>) -> Result<Option<Backup>, Invalid> {
    let Some(spec) = &object.spec.backup else { return Ok(None) };
    let destination = destination(&spec.destination.s3, lookup)?;
    let mut ports = vec![destination.port];
    let scratch = match &spec.scratch_database {
        Some(secret) => {
            let found = lookup.secret("spec.backup.scratchDatabase", &secret.name, "url")?;
            ports.push(found.port("url", &["postgres", "postgresql"], 5432)?);
            Some(found.used(&["url"]))
        }
        None => None,
    };
    ports.dedup();
    let own_place = || format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
    Ok(Some(Backup {
        schedule: spec.schedule.clone(),
        verify_schedule: spec.verify_schedule.clone(),
        time_zone: spec.time_zone.clone(),
        suspend: spec.suspend,
        starting_deadline: spec.starting_deadline_seconds,
        active_deadline: spec.active_deadline_seconds,
        history: (spec.successful_jobs_history_limit, spec.failed_jobs_history_limit),
        destination,
        prefix: spec.destination.s3.prefix.clone().unwrap_or_else(own_place),
        retention: spec.retention.clone(),
        before_migration: spec.before_migration,
        scratch,
        bytes_per_second: spec.bytes_per_second,
        ports,
        resources: resources(spec),
    }))
}

fn destination(s3: &BackupS3Spec, lookup: &Lookup<'_>) -> Result<ExternalStorage, Invalid> {
    let secret = lookup.secret("spec.backup.destination.s3.secretRef", &s3.secret_ref.name, KEYS_TOLD)?;
    let place = (s3.bucket.as_str(), s3.region.as_str(), s3.force_path_style);
    let storage = bucket(("spec.backup.destination.s3.endpoint", &s3.endpoint), place, &secret, &KEYS)?;
    signing_key(&secret)?;
    Ok(storage)
}

fn signing_key(secret: &Found<'_>) -> Result<(), Invalid> {
    let is_long = |text: &str| STANDARD.decode(text.trim()).is_ok_and(|bytes| bytes.len() >= KEY_BYTES);
    if is_long(secret.text("signingKey")?) {
        return Ok(());
    }
    let problem = "is not at least 32 random bytes in base64, as `openssl rand -base64 32` prints them";
    Err(secret.invalid("signingKey", problem.to_owned()))
}

fn resources(spec: &BackupSpec) -> ResourceRequirements {
    let quantities = |of: &[(&str, &str)]| {
        of.iter().map(|(name, value)| ((*name).to_owned(), Quantity((*value).to_owned()))).collect()
    };
    spec.resources.clone().unwrap_or_else(|| ResourceRequirements {
        requests: Some(quantities(&[("cpu", "100m"), ("memory", "128Mi")])),
        limits: Some(quantities(&[("memory", "1Gi")])),
        ..ResourceRequirements::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::resume_matcher::fixtures::{BACKUP_KEY, backup_spec, object, secret};
    use crate::resume_matcher::validate::{ReferencedSecrets, validate};

    fn secrets(data: &[(&str, &str)]) -> ReferencedSecrets {
        [("backups".to_owned(), Some(secret("backups", data)))].into()
    }

    #[test]
    fn a_bucket_is_told_by_its_secret() {
        let spec = json!({"backup": backup_spec()});
        let all = [("accessKeyId", "a"), ("secretAccessKey", "b"), ("signingKey", BACKUP_KEY)];
        let installation = validate(&object(spec.clone()), &secrets(&all)).unwrap();
        let backup = installation.backup.unwrap();
        assert_eq!((backup.prefix.as_str(), backup.ports.as_slice()), ("people/acme", [9000].as_slice()));
        for missing in ["accessKeyId", "secretAccessKey", "signingKey"] {
            let some: Vec<_> = all.into_iter().filter(|(key, _)| *key != missing).collect();
            let told = validate(&object(spec.clone()), &secrets(&some)).unwrap_err().to_string();
            assert!(
                told.contains("spec.backup.destination.s3.secretRef") && told.contains(missing),
                "{told}"
            );
        }
    }

    #[test]
    fn a_signing_key_that_is_short_is_refused_and_not_shown() {
        let short = [("accessKeyId", "a"), ("secretAccessKey", "b"), ("signingKey", "aHVudGVyMg==")];
        let error = validate(&object(json!({"backup": backup_spec()})), &secrets(&short)).unwrap_err();
        assert_eq!(error.reason(), "SecretValueInvalid");
        let told = error.to_string();
        assert!(told.contains("signingKey") && !told.contains("aHVudGVyMg"), "{told}");
    }
}
