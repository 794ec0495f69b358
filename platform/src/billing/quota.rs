//! What of a plan is used: counted before work is begun, in the transaction that asks for it, and given back when it fails.

use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::config::Plan;
use crate::names::TenantId;

/// What a tenant uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Usage {
    /// Matches that were asked for this month and have not failed.
    pub matches: i64,
    /// Resumes that there are.
    pub resumes: i64,
}

/// Which limit of the plan is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// This month's matches.
    MonthlyMatches {
        /// How many the plan has.
        limit: u32,
    },
    /// Stored resumes.
    StoredResumes {
        /// How many the plan has.
        limit: u32,
    },
}

/// What the transaction's tenant uses.
///
/// # Errors
/// When a query fails.
pub async fn usage(transaction: &mut Transaction<'static, Postgres>) -> Result<Usage, sqlx::Error> {
    sqlx::query_as(
        "SELECT coalesce((SELECT matches FROM usage_months WHERE month = date_trunc('month', now() AT TIME ZONE 'utc')::date
                AND tenant_id = app_tenant_id()), 0)::bigint AS matches,
            (SELECT count(*) FROM resumes) AS resumes",
    )
    .fetch_one(&mut **transaction)
    .await
}

/// Counts these new matches to the present month, all of them or none. They must be written before, and be the tenant's.
///
/// # Errors
/// When a query fails.
pub async fn reserve_matches(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    plan: &Plan,
    matches: &[Uuid],
) -> Result<Result<(), Exceeded>, sqlx::Error> {
    let wanted = i32::try_from(matches.len()).unwrap_or(i32::MAX);
    let limit = plan.monthly_matches;
    // The row is locked until the transaction ends, so two requests cannot both take the last one.
    let month: Option<(i32,)> = sqlx::query_as(
        "INSERT INTO usage_months AS used (tenant_id, month, matches)
         SELECT $1, date_trunc('month', now() AT TIME ZONE 'utc')::date, $2 WHERE $3::bigint IS NULL OR $2 <= $3
         ON CONFLICT (tenant_id, month) DO UPDATE SET matches = used.matches + $2
            WHERE $3::bigint IS NULL OR used.matches + $2 <= $3
         RETURNING matches",
    )
    .bind(tenant)
    .bind(wanted)
    .bind(limit.map(i64::from))
    .fetch_optional(&mut **transaction)
    .await?;
    if month.is_none() {
        return Ok(Err(Exceeded::MonthlyMatches { limit: limit.unwrap_or(u32::MAX) }));
    }
    sqlx::query(
        "UPDATE matches SET counted_month = date_trunc('month', now() AT TIME ZONE 'utc')::date WHERE id = ANY($1)",
    )
    .bind(matches)
    .execute(&mut **transaction)
    .await?;
    Ok(Ok(()))
}

/// Gives back what a match was counted for, once.
///
/// # Errors
/// When a query fails.
pub async fn release_match(
    transaction: &mut Transaction<'static, Postgres>,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH counted AS (
            SELECT id, tenant_id, counted_month FROM matches
            WHERE id = $1 AND counted_month IS NOT NULL FOR UPDATE),
         cleared AS (UPDATE matches SET counted_month = NULL FROM counted WHERE matches.id = counted.id)
         UPDATE usage_months SET matches = usage_months.matches - 1 FROM counted
         WHERE usage_months.tenant_id = counted.tenant_id AND usage_months.month = counted.counted_month",
    )
    .bind(id)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Whether one more resume may be stored. Uploads at the same moment wait for each other.
///
/// # Errors
/// When a query fails.
pub async fn admit_resume(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    plan: &Plan,
) -> Result<Result<(), Exceeded>, sqlx::Error> {
    let Some(limit) = plan.stored_resumes else { return Ok(Ok(())) };
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('resumes:' || $1::text, 0))")
        .bind(tenant)
        .execute(&mut **transaction)
        .await?;
    let stored = usage(transaction).await?.resumes;
    Ok(if stored < i64::from(limit) { Ok(()) } else { Err(Exceeded::StoredResumes { limit }) })
}
