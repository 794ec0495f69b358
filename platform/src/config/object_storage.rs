//! Where uploaded files are kept.

use secrecy::SecretString;

use super::{ConfigError, Env};
use crate::env_vars::{
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, S3_BUCKET, S3_ENDPOINT, S3_FORCE_PATH_STYLE, S3_REGION,
};

/// Access to an S3 bucket.
#[derive(Debug, Clone)]
pub struct ObjectStorageConfig {
    /// URL of the service; `None` for AWS itself.
    pub endpoint: Option<String>,
    /// Name of the bucket.
    pub bucket: String,
    /// Region of the bucket.
    pub region: String,
    /// Whether the bucket is the first part of the path (`true`) or of the host name.
    pub force_path_style: bool,
    /// Fixed credentials; `None` leaves it to workload identity (web identity token, instance metadata).
    pub credentials: Option<StaticCredentials>,
}

/// A key pair of the object storage.
#[derive(Debug, Clone)]
pub struct StaticCredentials {
    /// Public half.
    pub access_key_id: SecretString,
    /// Secret half.
    pub secret_access_key: SecretString,
}

impl ObjectStorageConfig {
    /// Reads the `S3_*` variables and the AWS key pair.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let endpoint = match env.optional(S3_ENDPOINT) {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                Some(url.trim_end_matches('/').to_owned())
            }
            Some(_) => {
                return Err(ConfigError::Invalid {
                    variable: S3_ENDPOINT,
                    reason: "it does not begin with http:// or https://".to_owned(),
                    mend: "the URL of the S3 service",
                });
            }
            None => None,
        };
        let force_path_style = env.parsed_or(S3_FORCE_PATH_STYLE, endpoint.is_some(), "true or false")?;
        Ok(Self {
            bucket: env.required(S3_BUCKET, "the name of the bucket")?.to_owned(),
            region: env.optional(S3_REGION).unwrap_or("us-east-1").to_owned(),
            credentials: credentials(env)?,
            endpoint,
            force_path_style,
        })
    }
}

fn credentials(env: &Env) -> Result<Option<StaticCredentials>, ConfigError> {
    match (env.optional(AWS_ACCESS_KEY_ID), env.optional(AWS_SECRET_ACCESS_KEY)) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => Ok(Some(StaticCredentials {
            access_key_id: SecretString::from(id),
            secret_access_key: SecretString::from(secret),
        })),
        (Some(_), None) => Err(ConfigError::Missing {
            variable: AWS_SECRET_ACCESS_KEY,
            mend: "the secret of AWS_ACCESS_KEY_ID",
        }),
        (None, Some(_)) => {
            Err(ConfigError::Missing { variable: AWS_ACCESS_KEY_ID, mend: "the id of AWS_SECRET_ACCESS_KEY" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_key_pair_is_refused() {
        let env = Env::from_pairs([(S3_BUCKET, "b"), (AWS_ACCESS_KEY_ID, "id")]);
        assert_eq!(
            ObjectStorageConfig::from_env(&env).unwrap_err().to_string(),
            "AWS_SECRET_ACCESS_KEY is not set; set it to the secret of AWS_ACCESS_KEY_ID"
        );
    }

    #[test]
    fn a_service_of_ones_own_has_the_bucket_in_the_path() {
        let env = Env::from_pairs([(S3_BUCKET, "b"), (S3_ENDPOINT, "http://storage:7070/")]);
        let config = ObjectStorageConfig::from_env(&env).unwrap();
        assert!(config.force_path_style);
        assert_eq!(config.endpoint.as_deref(), Some("http://storage:7070"));
    }
}
