//! What people think of the advice of matches: taken up, or not wanted.
//!
//! A piece of advice is known by what it says, so a decision holds for every match of the same resume and job that says it.

use std::collections::HashMap;

use platform::{
    digest::Sha256Digest,
    names::{AccountId, MatchId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Tx, matches::MatchDetail};

/// What somebody thinks of a piece of advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Decision {
    /// Taken up.
    Accepted,
    /// Not wanted: later matches of the resume and the job leave it out.
    Rejected,
}

impl Decision {
    /// The name as in JSON and in Postgres.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// By which a piece of advice is known; none if it is of a shape of which we know nothing.
pub fn id_of(advice: &Value) -> Option<Sha256Digest> {
    let member = |name: &str| advice.get(name).and_then(Value::as_str);
    Some(Sha256Digest::of(format!("{}\n{}", member("kind")?, member("text")?).as_bytes()))
}

/// Gives each piece of advice of the match its `id` and `decision` (null without one), and takes out what was rejected in
/// another match of the same resume and job.
pub async fn annotate(tx: &mut Tx, found: &mut MatchDetail) -> Result<(), sqlx::Error> {
    let Some(advice) = found.result.as_mut().and_then(|result| result.get_mut("advice")?.as_array_mut())
    else {
        return Ok(());
    };
    let rows: Vec<(Sha256Digest, Decision, MatchId)> = sqlx::query_as(
        "SELECT advice_id, decision, match_id FROM advice_decisions WHERE resume_id = $1 AND job_id = $2",
    )
    .bind(found.summary.resume_id)
    .bind(found.summary.job_id)
    .fetch_all(&mut **tx)
    .await?;
    let here = found.summary.id;
    let decided: HashMap<Sha256Digest, (Decision, MatchId)> =
        rows.into_iter().map(|(id, decision, place)| (id, (decision, place))).collect();
    advice.retain_mut(|piece| {
        let id = id_of(piece);
        let decision = id.and_then(|id| decided.get(&id));
        if let (Some(id), Some(members)) = (id, piece.as_object_mut()) {
            members.insert("id".to_owned(), Value::String(id.to_string()));
            let decision = decision.map(|(decision, _)| Value::String(decision.as_str().to_owned()));
            members.insert("decision".to_owned(), decision.unwrap_or_default());
        }
        // Where it was rejected it stays to be seen, so that one can think better of it.
        !decision.is_some_and(|(decision, place)| *decision == Decision::Rejected && *place != here)
    });
    Ok(())
}

/// Writes what `account` thinks of a piece of advice of the match; none takes back what was thought before.
pub async fn decide(
    tx: &mut Tx,
    account: AccountId,
    found: &MatchDetail,
    advice: Sha256Digest,
    decision: Option<Decision>,
) -> Result<(), sqlx::Error> {
    let one = &found.summary;
    if let Some(decision) = decision {
        sqlx::query(
            "INSERT INTO advice_decisions (tenant_id, resume_id, job_id, advice_id, decision, match_id, account_id)
             VALUES (app_tenant_id(), $1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant_id, resume_id, job_id, advice_id) DO UPDATE
                SET decision = $4, match_id = $5, account_id = $6, decided_at = clock_timestamp()",
        )
        .bind(one.resume_id)
        .bind(one.job_id)
        .bind(advice)
        .bind(decision)
        .bind(one.id)
        .bind(account)
        .execute(&mut **tx)
        .await?;
    } else {
        sqlx::query("DELETE FROM advice_decisions WHERE resume_id = $1 AND job_id = $2 AND advice_id = $3")
            .bind(one.resume_id)
            .bind(one.job_id)
            .bind(advice)
            .execute(&mut **tx)
            .await?;
    }
    // All of them show it now, or leave it out.
    sqlx::query(
        "UPDATE matches SET updated_at = clock_timestamp()
         WHERE resume_id = $1 AND job_id = $2 AND status = 'ready'",
    )
    .bind(one.resume_id)
    .bind(one.job_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn advice_is_known_by_what_it_says() {
        let id = |kind: &str, gain: f64| id_of(&json!({"kind": kind, "text": "Name Go.", "gain": gain}));
        assert_eq!(id("missing_skill", 2.0), id("missing_skill", 1.0));
        assert_ne!(id("missing_skill", 2.0), id("reword", 2.0));
        assert_eq!(id_of(&json!("Name Go.")), None);
    }
}
