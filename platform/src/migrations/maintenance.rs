//! The policy `maintenance`: lets the owner of the schema see every tenant's rows when it asks for it.
//!
//! FORCE ROW LEVEL SECURITY binds the owner as well, and managed services give nobody BYPASSRLS. Without a policy of its
//! own, a backup by such an owner would be empty.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::MigrationError;

/// How long a table may be waited for; see the limits of `up`.
const LOCK_TIMEOUT: &str = "2s";
const LOCK_TRIES: u32 = 15;

/// Gives each table with row-level security the policy, for the role that runs this; does nothing where it is there.
///
/// It names a role, so that the plans of the application's own role do not change.
pub(super) const POLICIES: &str = "DO $maintenance$
DECLARE one record;
BEGIN
    FOR one IN
        SELECT c.relname, p.oid IS NULL AS absent
        FROM pg_class c
        LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'maintenance'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
          AND pg_has_role(current_user, c.relowner, 'USAGE')
          AND (p.oid IS NULL OR NOT (SELECT oid FROM pg_roles WHERE rolname = current_user) = ANY (p.polroles))
    LOOP
        IF one.absent THEN
            EXECUTE format('CREATE POLICY maintenance ON public.%I TO CURRENT_USER '
                'USING (current_setting(''app.maintenance'', true) = ''on'')', one.relname);
        ELSE
            EXECUTE format('ALTER POLICY maintenance ON public.%I TO CURRENT_USER', one.relname);
        END IF;
    END LOOP;
END $maintenance$";

/// Applies [`POLICIES`]; tries again while a table is locked, with pauses in which the traffic goes on.
pub(super) async fn prepare(owner: &mut PgConnection) -> Result<(), MigrationError> {
    let started = Instant::now();
    for _ in 0..LOCK_TRIES {
        match apply(owner).await {
            Err(error) if super::up::is_lock_timeout(&error) => {
                tracing::warn!("a table is in use; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            other => return Ok(other?),
        }
    }
    Err(MigrationError::PolicyLocked { waited: started.elapsed() })
}

async fn apply(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = owner.begin().await?;
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(LOCK_TIMEOUT)
        .execute(&mut *transaction)
        .await?;
    transaction.execute(POLICIES).await?;
    transaction.commit().await
}

/// SQL that makes the policy for the role that runs it, for scripts that restore a schema.
pub fn maintenance_policies() -> &'static str {
    POLICIES
}
