//! Which rows use an object of the storage. The same bytes, uploaded as a resume and as a job, are one object.

use super::Tx;

/// Makes every other transaction that adds or removes a user of the object `key` wait for this one. Without it, a
/// deletion could take away the bytes that an upload at the same moment has found there.
pub async fn lock(tx: &mut Tx, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(key).execute(&mut **tx).await?;
    Ok(())
}

/// Whether any resume or job has its bytes in the object `key`. Ask under [`lock`].
pub async fn is_used(tx: &mut Tx, key: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM resumes WHERE object_key = $1)
             OR EXISTS (SELECT FROM jobs WHERE object_key = $1)",
    )
    .bind(key)
    .fetch_one(&mut **tx)
    .await
}
