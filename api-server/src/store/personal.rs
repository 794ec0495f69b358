//! Everything that belongs to a person, to be given out or erased.

use platform::names::AccountId;
use serde_json::Value;

use super::Tx;

/// What an account has added to the tenant of the transaction, as one JSON object of arrays.
pub async fn collect(tx: &mut Tx, account: AccountId) -> Result<Value, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT jsonb_build_object(
            'resumes', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'file_name', file_name,
                    'media_type', media_type, 'size_bytes', size_bytes, 'sha256', encode(sha256, 'hex'),
                    'status', status, 'text', text, 'document', document, 'created_at', created_at) ORDER BY id), '[]')
                FROM resumes WHERE account_id = $1),
            'resume_versions', (SELECT coalesce(jsonb_agg(jsonb_build_object('resume_id', resume_id, 'number', number,
                    'origin', origin, 'based_on', based_on, 'document', document, 'created_at', created_at)
                    ORDER BY resume_id, number), '[]')
                FROM resume_versions WHERE account_id = $1),
            'jobs', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'title', title, 'file_name', file_name,
                    'status', status, 'text', text, 'created_at', created_at) ORDER BY id), '[]')
                FROM jobs WHERE account_id = $1),
            'matches', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'resume_id', resume_id, 'job_id', job_id,
                    'status', status, 'score', score, 'result', result, 'created_at', created_at) ORDER BY id), '[]')
                FROM matches WHERE account_id = $1),
            'batches', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'total', total,
                    'created_at', created_at) ORDER BY id), '[]')
                FROM batches WHERE account_id = $1),
            'advice_decisions', (SELECT coalesce(jsonb_agg(jsonb_build_object('resume_id', resume_id, 'job_id', job_id,
                    'match_id', match_id, 'advice_id', encode(advice_id, 'hex'), 'decision', decision,
                    'decided_at', decided_at) ORDER BY decided_at), '[]')
                FROM advice_decisions WHERE account_id = $1),
            'applications', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'job_id', job_id,
                    'resume_id', resume_id, 'state', state, 'note', note, 'applied_on', applied_on, 'next_on', next_on,
                    'created_at', created_at, 'moves', (SELECT jsonb_agg(jsonb_build_object('state', m.state, 'at', m.at)
                        ORDER BY m.number) FROM application_moves m WHERE m.application_id = applications.id))
                    ORDER BY id), '[]')
                FROM applications WHERE account_id = $1),
            'api_keys', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'scope', scope,
                    'created_at', created_at, 'expires_at', expires_at, 'last_used_at', last_used_at) ORDER BY id), '[]')
                FROM api_keys WHERE account_id = $1),
            'sessions', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'created_at', created_at,
                    'last_used_at', last_used_at, 'revoked_at', revoked_at) ORDER BY id), '[]')
                FROM sessions WHERE account_id = $1),
            'mails', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'template', template, 'status', status,
                    'created_at', created_at) ORDER BY id), '[]')
                FROM mails WHERE account_id = $1),
            'audit_events', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', at, 'act', act, 'kind', kind,
                    'subject_id', subject_id) ORDER BY id), '[]')
                FROM audit_events WHERE actor = 'account:' || $1::text))",
    )
    .bind(account)
    .fetch_one(&mut **tx)
    .await
}

/// How many rows were erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Resumes.
    pub resumes: u64,
    /// Jobs.
    pub jobs: u64,
    /// Stored files.
    pub files: u64,
}

/// How many others belong to the tenant, and how many of them own it.
pub async fn others(tx: &mut Tx, account: AccountId) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE role = 'owner') FROM memberships
         WHERE tenant_id = app_tenant_id() AND account_id <> $1",
    )
    .bind(account)
    .fetch_one(&mut **tx)
    .await
}

/// Removes what the account has added, with all matches of it; gives the counts and the keys of the files.
pub async fn erase_rows(tx: &mut Tx, account: AccountId) -> Result<(Erased, Vec<String>), sqlx::Error> {
    sqlx::query("DELETE FROM matches WHERE account_id = $1").bind(account).execute(&mut **tx).await?;
    // Mails of the account go with it; these went to the address before there was one (invitations).
    sqlx::query("DELETE FROM mails WHERE recipient = (SELECT email FROM accounts WHERE id = $1)")
        .bind(account)
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM applications WHERE account_id = $1").bind(account).execute(&mut **tx).await?;
    sqlx::query("DELETE FROM batches WHERE account_id = $1").bind(account).execute(&mut **tx).await?;
    let mut keys: Vec<String> =
        sqlx::query_scalar("DELETE FROM resumes WHERE account_id = $1 RETURNING object_key")
            .bind(account)
            .fetch_all(&mut **tx)
            .await?;
    let resumes = keys.len() as u64;
    let jobs: Vec<Option<String>> =
        sqlx::query_scalar("DELETE FROM jobs WHERE account_id = $1 RETURNING object_key")
            .bind(account)
            .fetch_all(&mut **tx)
            .await?;
    let erased = Erased { resumes, jobs: jobs.len() as u64, files: 0 };
    keys.extend(jobs.into_iter().flatten());
    keys.sort();
    keys.dedup();
    Ok((erased, keys))
}

/// Counts what the tenant has and gives the keys of its files; then it can go with [`erase_tenant`].
pub async fn everything(tx: &mut Tx) -> Result<(Erased, Vec<String>), sqlx::Error> {
    let (resumes, jobs): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM resumes), (SELECT count(*) FROM jobs)")
            .fetch_one(&mut **tx)
            .await?;
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT object_key FROM resumes UNION SELECT object_key FROM jobs WHERE object_key IS NOT NULL",
    )
    .fetch_all(&mut **tx)
    .await?;
    let count = |rows: i64| u64::try_from(rows).unwrap_or(0);
    Ok((Erased { resumes: count(resumes), jobs: count(jobs), files: 0 }, keys))
}

/// Removes the tenant of the transaction and all of its rows.
pub async fn erase_tenant(tx: &mut Tx) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM tenants WHERE id = app_tenant_id()").execute(&mut **tx).await?;
    Ok(())
}

/// Removes the account's membership of the tenant, with its sessions and keys, and its name from the audit log's reach:
/// events keep an id that means nobody any more.
pub async fn leave(tx: &mut Tx, account: AccountId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM memberships WHERE account_id = $1 AND tenant_id = app_tenant_id()")
        .bind(account)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
