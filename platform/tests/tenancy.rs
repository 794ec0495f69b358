//! Row-level security on a real Postgres: a tenant sees its own rows and no others, in every table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use platform::names::{AccountId, TenantId};
use platform::postgres::{account_transaction, sign_in_transaction, tenant_transaction};
use platform::tasks::{self, Claim, Notice, TaskKind};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use support::{migrated_pool, sign_up};
use uuid::Uuid;

/// The rows that belong to an account rather than to its work.
async fn populate_account(transaction: &mut PgConnection, tenant: TenantId, account: AccountId) {
    sqlx::query(
        "INSERT INTO sessions (id, tenant_id, account_id, refresh_hash, expires_at)
         VALUES ($1, $2, $3, sha256('x'), now() + interval '1 hour')",
    )
    .bind(Uuid::now_v7())
    .bind(tenant)
    .bind(account)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO api_keys (id, tenant_id, account_id, name, key_hash, scope, expires_at)
         VALUES ($1, $2, $3, 'k', sha256('x'), 'read', now() + interval '1 day')",
    )
    .bind(Uuid::now_v7())
    .bind(tenant)
    .bind(account)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO invitations (id, tenant_id, email, role, token_hash, expires_at)
         VALUES ($1, $2, 'bob@example.org', 'viewer', sha256('x'), now() + interval '1 day')",
    )
    .bind(Uuid::now_v7())
    .bind(tenant)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO idempotency_keys (tenant_id, route, key, fingerprint, locked_until, expires_at)
         VALUES ($1, '/', 'k', sha256('x'), now(), now() + interval '1 day')",
    )
    .bind(tenant)
    .execute(&mut *transaction)
    .await
    .unwrap();
}

/// What goes by mail, and what is paid.
async fn populate_services(transaction: &mut PgConnection, tenant: TenantId, account: AccountId) {
    sqlx::query(
        "INSERT INTO mails (id, tenant_id, account_id, template, recipient, content)
         VALUES ($1, $2, $3, 'verify_email', 'ann@example.org', 'sealed')",
    )
    .bind(Uuid::now_v7())
    .bind(tenant)
    .bind(account)
    .execute(&mut *transaction)
    .await
    .unwrap();
    for statement in [
        "INSERT INTO usage_months (tenant_id, month, matches) VALUES ($1, '2026-11-01', 1)",
        "INSERT INTO subscriptions (tenant_id, customer) VALUES ($1, 'cus_1')",
        "INSERT INTO billing_events (tenant_id, event_id, kind, at) VALUES ($1, 'evt_1', 'invoice.paid', now())",
    ] {
        sqlx::query(statement).bind(tenant).execute(&mut *transaction).await.unwrap();
    }
    sqlx::query(
        "INSERT INTO mail_events (tenant_id, event_id, mail_id, kind, at)
         SELECT tenant_id, 'e', id, 'processed', now() FROM mails WHERE tenant_id = $1",
    )
    .bind(tenant)
    .execute(&mut *transaction)
    .await
    .unwrap();
}

/// What people make of a resume, a job and their match.
async fn populate_plans(
    transaction: &mut PgConnection,
    tenant: TenantId,
    [resume, job, one_match]: [Uuid; 3],
) {
    sqlx::query(
        "INSERT INTO resume_versions (tenant_id, resume_id, number, origin, text, extraction, document)
         VALUES ($1, $2, 1, 'read', 'Ann', '{}', '{}')",
    )
    .bind(tenant)
    .bind(resume)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::query("INSERT INTO applications (id, tenant_id, job_id, resume_id) VALUES ($1, $2, $3, $4)")
        .bind(one_match)
        .bind(tenant)
        .bind(job)
        .bind(resume)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO application_moves (tenant_id, application_id, number, state) VALUES ($1, $2, 1, 'saved')",
    )
    .bind(tenant)
    .bind(one_match)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO advice_decisions (tenant_id, resume_id, job_id, advice_id, decision, match_id)
         VALUES ($1, $2, $3, sha256('x'), 'rejected', $4)",
    )
    .bind(tenant)
    .bind(resume)
    .bind(job)
    .bind(one_match)
    .execute(&mut *transaction)
    .await
    .unwrap();
}

/// A tenant with at least one row in every table.
async fn populate(pool: &PgPool) -> TenantId {
    let (tenant, account) = sign_up(pool).await;
    let mut transaction = tenant_transaction(pool, tenant).await.unwrap();
    let [resume, job, one_match] = [(); 3].map(|()| Uuid::now_v7());
    populate_account(&mut transaction, tenant, account).await;
    populate_services(&mut transaction, tenant, account).await;
    sqlx::query(
        "INSERT INTO resumes (id, tenant_id, account_id, file_name, media_type, size_bytes, sha256, object_key)
         VALUES ($1, $2, $3, 'cv.pdf', 'application/pdf', 1, sha256('x'), 'k')",
    )
    .bind(resume)
    .bind(tenant)
    .bind(account)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::query("INSERT INTO jobs (id, tenant_id, status, text) VALUES ($1, $2, 'ready', 'Rust')")
        .bind(job)
        .bind(tenant)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO batches (id, tenant_id, total) VALUES ($1, $2, 1)")
        .bind(Uuid::now_v7())
        .bind(tenant)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO matches (id, tenant_id, resume_id, job_id) VALUES ($1, $2, $3, $4)")
        .bind(one_match)
        .bind(tenant)
        .bind(resume)
        .bind(job)
        .execute(&mut *transaction)
        .await
        .unwrap();
    populate_plans(&mut transaction, tenant, [resume, job, one_match]).await;
    let dying = tasks::enqueue(&mut transaction, tenant, TaskKind::ExtractResume, resume).await.unwrap();
    tasks::enqueue(&mut transaction, tenant, TaskKind::MatchResume, one_match).await.unwrap();
    transaction.commit().await.unwrap();
    let notice = Notice { task: dying, tenant };
    let Claim::Leased(lease) = tasks::claim(pool, notice, "w", support::DEADLINE).await.unwrap() else {
        panic!("the task is free");
    };
    let mut transaction = tenant_transaction(pool, tenant).await.unwrap();
    tasks::bury(&mut transaction, &lease, "test").await.unwrap();
    transaction.commit().await.unwrap();
    tenant
}

/// Every table that has a tenant.
async fn tenant_tables(pool: &PgPool) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'tenant_id' ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.len() >= 23, "{tables:?}");
    tables
}

#[tokio::test]
async fn every_table_but_the_bookkeeping_has_forced_row_level_security() {
    let pool = migrated_pool().await;
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND NOT (relrowsecurity AND relforcerowsecurity)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(open, ["_sqlx_migrations"]);
}

#[tokio::test]
async fn in_every_table_a_tenant_sees_its_rows_and_no_others() {
    let pool = migrated_pool().await;
    let (mine, yours) = (populate(&pool).await, populate(&pool).await);
    for table in tenant_tables(&pool).await {
        for tenant in [mine, yours] {
            let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
            let owners: Vec<TenantId> =
                sqlx::query_scalar(AssertSqlSafe(format!("SELECT DISTINCT tenant_id FROM {table}")))
                    .fetch_all(&mut *transaction)
                    .await
                    .unwrap();
            assert_eq!(owners, [tenant], "{table}");
        }
        let outside: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(outside, 0, "{table} without a tenant");
    }
}

#[tokio::test]
async fn in_every_table_anothers_rows_cannot_be_changed_or_removed() {
    let pool = migrated_pool().await;
    let (mine, yours) = (populate(&pool).await, populate(&pool).await);
    for table in tenant_tables(&pool).await {
        for statement in [
            format!("UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = $1"),
            format!("DELETE FROM {table} WHERE tenant_id = $1"),
        ] {
            let mut transaction = tenant_transaction(&pool, mine).await.unwrap();
            let done =
                sqlx::query(AssertSqlSafe(statement.clone())).bind(yours).execute(&mut *transaction).await;
            match done {
                Ok(result) => assert_eq!(result.rows_affected(), 0, "{statement}"),
                // Some tables are not to be changed by the application at all.
                Err(error) => {
                    assert_eq!(
                        error.as_database_error().unwrap().code().as_deref(),
                        Some("42501"),
                        "{statement}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_row_cannot_be_given_to_another_tenant() {
    let pool = migrated_pool().await;
    let (mine, yours) = (populate(&pool).await, populate(&pool).await);
    let mut transaction = tenant_transaction(&pool, mine).await.unwrap();
    let error = sqlx::query("INSERT INTO jobs (id, tenant_id, status, text) VALUES ($1, $2, 'ready', 'x')")
        .bind(Uuid::now_v7())
        .bind(yours)
        .execute(&mut *transaction)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
}

#[tokio::test]
async fn a_match_cannot_join_the_rows_of_two_tenants() {
    let pool = migrated_pool().await;
    let (mine, yours) = (populate(&pool).await, populate(&pool).await);
    let mut theirs = tenant_transaction(&pool, yours).await.unwrap();
    let resume: Uuid = sqlx::query_scalar("SELECT id FROM resumes").fetch_one(&mut *theirs).await.unwrap();
    let mut transaction = tenant_transaction(&pool, mine).await.unwrap();
    let job: Uuid = sqlx::query_scalar("SELECT id FROM jobs").fetch_one(&mut *transaction).await.unwrap();
    let error = sqlx::query("INSERT INTO matches (id, tenant_id, resume_id, job_id) VALUES ($1, $2, $3, $4)")
        .bind(Uuid::now_v7())
        .bind(mine)
        .bind(resume)
        .bind(job)
        .execute(&mut *transaction)
        .await
        .unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("23503"), "{error}");
}

#[tokio::test]
async fn a_tenants_setting_does_not_outlive_its_transaction() {
    let pool = migrated_pool().await;
    let tenant = populate(&pool).await;
    for commit in [true, false] {
        let transaction = tenant_transaction(&pool, tenant).await.unwrap();
        if commit {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        let mut connections = Vec::new();
        for _ in 0..pool.size() {
            let mut connection = pool.acquire().await.unwrap();
            let seen: i64 =
                sqlx::query_scalar("SELECT count(*) FROM resumes").fetch_one(&mut *connection).await.unwrap();
            assert_eq!(seen, 0);
            connections.push(connection);
        }
    }
}

#[tokio::test]
async fn signing_in_shows_one_account_and_its_memberships() {
    let pool = migrated_pool().await;
    let (tenant, account) = sign_up(&pool).await;
    sign_up(&pool).await;
    let mut transaction = sign_in_transaction(&pool, &format!("{account}@example.org")).await.unwrap();
    let seen: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM accounts").fetch_all(&mut *transaction).await.unwrap();
    assert_eq!(seen, [account.as_uuid()]);
    let mut transaction = account_transaction(&pool, account).await.unwrap();
    let seen: Vec<TenantId> =
        sqlx::query_scalar("SELECT tenant_id FROM memberships").fetch_all(&mut *transaction).await.unwrap();
    assert_eq!(seen, [tenant]);
    let mut transaction = sign_in_transaction(&pool, "nobody@example.org").await.unwrap();
    let seen: i64 =
        sqlx::query_scalar("SELECT count(*) FROM accounts").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(seen, 0);
}

#[tokio::test]
async fn removing_a_tenant_removes_all_of_its_rows() {
    let pool = migrated_pool().await;
    let (mine, yours) = (populate(&pool).await, populate(&pool).await);
    let mut transaction = tenant_transaction(&pool, mine).await.unwrap();
    let removed = sqlx::query("DELETE FROM tenants").execute(&mut *transaction).await.unwrap();
    assert_eq!(removed.rows_affected(), 1);
    transaction.commit().await.unwrap();
    for table in tenant_tables(&pool).await {
        for (tenant, expected) in [(mine, false), (yours, true)] {
            let mut transaction = tenant_transaction(&pool, tenant).await.unwrap();
            let there: bool =
                sqlx::query_scalar(AssertSqlSafe(format!("SELECT EXISTS (SELECT FROM {table})")))
                    .fetch_one(&mut *transaction)
                    .await
                    .unwrap();
            assert_eq!(there, expected, "{table} of {tenant}");
        }
    }
}

/// Every table whose rows belong to an account and to no tenant.
const OF_ACCOUNTS: [&str; 4] = ["account_tokens", "second_factors", "recovery_codes", "outside_identities"];

/// An account with a row in each of those tables.
async fn account_with_secrets(pool: &PgPool) -> AccountId {
    let (_, account) = sign_up(pool).await;
    let mut transaction = account_transaction(pool, account).await.unwrap();
    for statement in [
        "INSERT INTO account_tokens (id, account_id, kind, token_hash, email, expires_at)
         VALUES (gen_random_uuid(), $1, 'verify_email', sha256('x'), 'a@b.example', now() + interval '1 day')",
        "INSERT INTO second_factors (account_id, secret) VALUES ($1, 'sealed')",
        "INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, sha256('x'))",
        "INSERT INTO outside_identities (identity, account_id, issuer)
         VALUES (sha256(convert_to($1::text, 'UTF8')), $1, 'https://issuer.example')",
    ] {
        sqlx::query(statement).bind(account).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    account
}

#[tokio::test]
async fn what_belongs_to_an_account_is_closed_to_other_accounts_and_to_its_tenants() {
    let pool = migrated_pool().await;
    let (mine, yours) = (account_with_secrets(&pool).await, account_with_secrets(&pool).await);
    let tenant: TenantId = {
        let mut transaction = account_transaction(&pool, mine).await.unwrap();
        sqlx::query_scalar("SELECT tenant_id FROM memberships").fetch_one(&mut *transaction).await.unwrap()
    };
    for table in OF_ACCOUNTS {
        let list = format!("SELECT account_id FROM {table}");
        let mut own = account_transaction(&pool, mine).await.unwrap();
        let seen: Vec<AccountId> =
            sqlx::query_scalar(AssertSqlSafe(list.clone())).fetch_all(&mut *own).await.unwrap();
        assert_eq!(seen, [mine], "{table}");
        let gone = sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE account_id = $1")))
            .bind(yours)
            .execute(&mut *own)
            .await
            .unwrap();
        assert_eq!(gone.rows_affected(), 0, "{table}");
        let mut same_tenant = tenant_transaction(&pool, tenant).await.unwrap();
        let seen: Vec<AccountId> =
            sqlx::query_scalar(AssertSqlSafe(list.clone())).fetch_all(&mut *same_tenant).await.unwrap();
        assert_eq!(seen, [], "{table} by the tenant");
        let seen: Vec<AccountId> = sqlx::query_scalar(AssertSqlSafe(list)).fetch_all(&pool).await.unwrap();
        assert_eq!(seen, [], "{table} by nobody");
    }
}
