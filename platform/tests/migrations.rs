//! Migrations on a real Postgres: repeatable, safe to run at once, and ending with a role that is bound.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::config::{DatabaseConfig, Env};
use platform::env_vars::{DATABASE_OWNER_URL, DATABASE_URL};
use platform::migrations::{self, MigrationError, Phase, RoleError};
use platform::postgres::{self, PostgresError};
use sqlx::{Connection as _, Executor as _, PgConnection};
use support::database_config;

const ALL: &[Phase] = &[Phase::Expand, Phase::Contract];

#[tokio::test]
async fn a_second_run_applies_nothing() {
    let config = database_config().await;
    let first = migrations::up(&config, ALL).await.unwrap();
    assert_eq!(first.first(), Some(&1));
    assert_eq!(migrations::up(&config, ALL).await.unwrap(), Vec::<i64>::new());
    let pool = postgres::connect(&config).await.unwrap();
    assert_eq!(migrations::missing(&pool).await.unwrap(), Vec::<i64>::new());
    assert!(migrations::status(&pool).await.unwrap().iter().all(|one| one.applied));
}

#[tokio::test]
async fn five_runs_at_once_apply_each_migration_once() {
    let config = database_config().await;
    let runs = (0..5).map(|_| {
        let config = config.clone();
        tokio::spawn(async move { migrations::up(&config, ALL).await.unwrap() })
    });
    let mut applied = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        applied.extend(run.await.unwrap());
    }
    let expected: Vec<i64> = migrations::status(&postgres::connect(&config).await.unwrap())
        .await
        .unwrap()
        .iter()
        .map(|one| one.version)
        .collect();
    assert_eq!(applied, expected);
}

#[tokio::test]
async fn a_database_without_the_schema_lacks_every_expand_migration() {
    let database = test_services::postgres().create_database().await.unwrap();
    let config = config(&database.owner_url, &database.owner_url);
    let pool = postgres::connect(&config).await.unwrap();
    assert!(migrations::missing(&pool).await.unwrap().contains(&1));
}

#[tokio::test]
async fn the_application_role_owns_nothing_and_cannot_bypass_security() {
    let config = database_config().await;
    migrations::up(&config, ALL).await.unwrap();
    let pool = postgres::connect(&config).await.unwrap();
    let (owned, privileged): (i64, bool) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM pg_class WHERE relowner = r.oid),
            rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles r WHERE rolname = current_user",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((owned, privileged), (0, false));
    for statement in
        ["ALTER TABLE resumes DISABLE ROW LEVEL SECURITY", "DROP TABLE resumes", "TRUNCATE resumes"]
    {
        let error = pool.execute(statement).await.unwrap_err();
        assert_eq!(
            error.as_database_error().unwrap().code().as_deref(),
            Some("42501"),
            "{statement}: {error}"
        );
    }
}

#[tokio::test]
async fn a_changed_password_is_set_by_the_next_run() {
    let database = test_services::postgres().create_database().await.unwrap();
    migrations::up(&config(&database.app_url, &database.owner_url), ALL).await.unwrap();
    let (user, rest) =
        database.app_url.rsplit_once(':').map(|_| database.app_url.split_once('@').unwrap()).unwrap();
    let user = user.rsplit_once(':').unwrap().0;
    let changed = config(&format!("{user}:n%2Fw%40pass@{rest}"), &database.owner_url);
    assert!(matches!(postgres::connect(&changed).await, Err(PostgresError::Connect(_))));
    migrations::up(&changed, ALL).await.unwrap();
    postgres::connect(&changed).await.unwrap();
}

#[tokio::test]
async fn one_role_for_everything_works_and_is_bound_as_well() {
    let database = test_services::postgres().create_database().await.unwrap();
    let config = config(&database.owner_url, &database.owner_url);
    assert!(config.has_one_role());
    migrations::up(&config, ALL).await.unwrap();
    let pool = postgres::connect(&config).await.unwrap();
    support::sign_up(&pool).await;
    let visible: i64 = sqlx::query_scalar("SELECT count(*) FROM tenants").fetch_one(&pool).await.unwrap();
    assert_eq!(visible, 0, "the owner sees no tenant outside a tenant transaction");
}

#[tokio::test]
async fn a_superuser_is_refused_as_application_role() {
    let database = test_services::postgres().create_database().await.unwrap();
    let config = config(&database.superuser_url, &database.superuser_url);
    match migrations::up(&config, ALL).await {
        Err(MigrationError::Role(RoleError::Privileged { role })) => assert_eq!(role, "postgres"),
        other => panic!("{other:?}"),
    }
    match postgres::connect(&config).await {
        Err(PostgresError::PrivilegedRole { role }) => assert_eq!(role, "postgres"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_printed_sql_brings_an_empty_database_up() {
    let config = database_config().await;
    // The role is made by hand where only psql has access; here by migrating, before the schema is dropped again.
    migrations::up(&config, ALL).await.unwrap();
    let mut owner =
        PgConnection::connect(secrecy::ExposeSecret::expose_secret(&config.owner_url)).await.unwrap();
    owner.execute("DROP OWNED BY current_user CASCADE").await.unwrap();
    owner.close().await.unwrap();
    let role = support::user_of(&config.url);
    let sql = migrations::sql_text(ALL, &role).unwrap();
    for _ in 0..2 {
        support::psql(&config.owner_url, &sql);
    }
    let pool = postgres::connect(&config).await.unwrap();
    assert_eq!(migrations::missing(&pool).await.unwrap(), Vec::<i64>::new());
    support::sign_up(&pool).await;
    assert_eq!(migrations::up(&config, ALL).await.unwrap(), Vec::<i64>::new(), "checksums agree");
}

fn config(app: &str, owner: &str) -> DatabaseConfig {
    DatabaseConfig::from_env(&Env::from_pairs([(DATABASE_URL, app), (DATABASE_OWNER_URL, owner)])).unwrap()
}
