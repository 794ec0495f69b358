//! What an API server needs around it.

use platform::{
    config::{DatabaseConfig, Env, ObjectStorageConfig},
    env_vars as var,
    migrations::{self, Phase},
    storage::Storage,
};

/// A migrated database, a bucket, and the variables of an API server that uses them.
pub(crate) async fn prepare() -> anyhow::Result<Vec<(&'static str, String)>> {
    let database = test_services::postgres().create_database().await?;
    let (key_id, secret) = test_services::object_storage().credentials();
    let variables = vec![
        (var::RM_INSTALLATION, test_services::unique_name("bench")),
        (var::DATABASE_URL, database.app_url.clone()),
        (var::DATABASE_OWNER_URL, database.owner_url.clone()),
        (var::REDIS_URL, test_services::redis().url()),
        (var::S3_ENDPOINT, test_services::object_storage().endpoint()),
        (var::S3_BUCKET, test_services::unique_name("bench")),
        (var::S3_REGION, "us-east-1".to_owned()),
        (var::S3_FORCE_PATH_STYLE, "true".to_owned()),
        (var::AWS_ACCESS_KEY_ID, key_id.to_owned()),
        (var::AWS_SECRET_ACCESS_KEY, secret.to_owned()),
        (var::RM_TOKEN_KEY, "dGhpcyBrZXkgaXMgZm9yIHRlc3RzIGFuZCBub3RoaW5nIGVsc2U=".to_owned()),
        // Asked at each request, and never reached: the load comes from one client.
        (var::RM_RATE_LIMIT_PER_MINUTE, "1000000".to_owned()),
        (var::RM_METRICS_LISTEN, "127.0.0.1:0".to_owned()),
    ];
    let env = Env::from_pairs(variables.clone());
    migrations::up(&DatabaseConfig::from_env(&env)?, &[Phase::Expand]).await?;
    Storage::open(ObjectStorageConfig::from_env(&env)?)?.ensure_bucket().await?;
    Ok(variables)
}
