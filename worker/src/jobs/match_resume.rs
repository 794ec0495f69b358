//! `match_resume`: a resume and a job become a score with its evidence.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use matching::Document;
use matching::parse::ParsedResume;
use matching::score::MatchResult;
use platform::postgres::tenant_transaction;
use platform::tasks::{self, Lease, Outcome};
use platform::timestamp::Timestamp;
use sqlx::types::Json;

use super::{Context, Ending, JobError, subject};

/// How soon to look again for a resume or job that is still being read; its own task wakes this one earlier.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What a match is made of, as it is now.
#[derive(Debug, sqlx::FromRow)]
struct Sides {
    asked_at: Timestamp,
    resume_version: i32,
    resume_status: String,
    resume_error: Option<String>,
    extraction: Option<Json<Document>>,
    document: Option<Json<ParsedResume>>,
    job_status: String,
    job_error: Option<String>,
    job_text: Option<String>,
}

/// What there is to do.
enum Step {
    Score {
        document: Box<Document>,
        parsed: Box<ParsedResume>,
        /// Of the resume; it may be edited while this is worked out.
        version: i32,
        job_text: String,
        /// The day in UTC on which the match was asked for: a repetition later gives the same bytes.
        as_of: Date,
    },
    Refuse(String),
    Wait,
    /// The match was deleted.
    Nothing,
}

pub(super) async fn run(context: &Context, lease: &Lease) -> Result<Ending, JobError> {
    match begin(context, lease).await? {
        Step::Nothing => Ok(Ending::Done),
        Step::Wait => Ok(Ending::NotYet(LOOK_AGAIN_AFTER)),
        Step::Refuse(message) => {
            let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
            subject::mark_failed(&mut transaction, lease, &message).await?;
            tasks::finish(&mut transaction, lease, Outcome::Failed).await?;
            transaction.commit().await?;
            Ok(Ending::Refused)
        }
        Step::Score { document, parsed, version, job_text, as_of } => {
            let result = context.scorer.score(*parsed, *document, job_text, as_of).await?;
            store(context, lease, &result, version).await?;
            Ok(Ending::Done)
        }
    }
}

async fn begin(context: &Context, lease: &Lease) -> Result<Step, JobError> {
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    let sides: Option<Sides> = sqlx::query_as(
        "SELECT matches.created_at AS asked_at, resumes.version AS resume_version, resumes.status AS resume_status,
            resumes.error AS resume_error, resumes.extraction, resumes.document,
            jobs.status AS job_status, jobs.error AS job_error, jobs.text AS job_text
         FROM matches
         JOIN resumes ON resumes.tenant_id = matches.tenant_id AND resumes.id = matches.resume_id
         JOIN jobs ON jobs.tenant_id = matches.tenant_id AND jobs.id = matches.job_id
         WHERE matches.id = $1",
    )
    .bind(lease.subject)
    .fetch_optional(&mut *transaction)
    .await?;
    let step = match sides {
        None => {
            tasks::finish(&mut transaction, lease, Outcome::Done).await?;
            Step::Nothing
        }
        Some(sides) => next_step(sides),
    };
    if matches!(step, Step::Score { .. }) {
        subject::mark_processing(&mut transaction, lease).await?;
    }
    transaction.commit().await?;
    Ok(step)
}

fn next_step(sides: Sides) -> Step {
    if let Some(error) = sides.resume_error {
        return Step::Refuse(format!("the resume could not be read: {error}"));
    }
    if let Some(error) = sides.job_error {
        return Step::Refuse(format!("the job could not be read: {error}"));
    }
    if sides.resume_status != "ready" || sides.job_status != "ready" {
        return Step::Wait;
    }
    match (sides.extraction, sides.document, sides.job_text) {
        (Some(Json(document)), Some(Json(parsed)), Some(job_text)) => {
            let as_of = sides.asked_at.as_jiff().to_zoned(TimeZone::UTC).date();
            let version = sides.resume_version;
            Step::Score { document: Box::new(document), parsed: Box::new(parsed), version, job_text, as_of }
        }
        _ => Step::Wait,
    }
}

/// Writes the result as the scorer gave it, the score beside it for sorting, and which version of the resume was judged.
async fn store(context: &Context, lease: &Lease, result: &MatchResult, version: i32) -> Result<(), JobError> {
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    sqlx::query(
        "UPDATE matches SET status = 'ready', error = NULL, score = round($2::numeric, 2), result = $3,
            resume_version = $4, updated_at = now() WHERE id = $1",
    )
    .bind(lease.subject)
    .bind(result.score)
    .bind(Json(result))
    .bind(version)
    .execute(&mut *transaction)
    .await?;
    tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    transaction.commit().await?;
    Ok(())
}
