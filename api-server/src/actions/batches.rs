//! Asking for many matches at once, and their table.

use std::{collections::BTreeSet, fmt::Write as _};

use platform::tasks::{self, Priority, TaskKind};
use uuid::Uuid;

use crate::{
    auth::identity::{Entered, Identity},
    error::{FieldError, Problem},
    state::AppState,
    store::{
        Tx,
        batches::{self, Batch, Line, Side},
    },
};

/// Most resumes, and most jobs, of one batch.
const MOST_OF_A_SIDE: usize = 500;
/// Most matches of one batch.
const MOST_MATCHES: usize = 10_000;

/// Asks for a match of each resume with each job. Workers do what people wait for first.
pub async fn request(
    state: &AppState,
    identity: Identity,
    name: Option<&str>,
    resumes: &[Uuid],
    jobs: &[Uuid],
) -> Result<Batch, Problem> {
    let (resumes, jobs) = (distinct(resumes), distinct(jobs));
    check_sizes(name, resumes.len(), jobs.len())?;
    let Entered { mut tx, account, .. } = identity.enter(&state.pool).await?;
    let mut errors = unusable(&mut tx, Side::Resumes, "/resume_ids", &resumes).await?;
    errors.extend(unusable(&mut tx, Side::Jobs, "/job_ids", &jobs).await?);
    if !errors.is_empty() {
        return Err(Problem::validation(errors));
    }
    let pairs: Vec<(Uuid, Uuid)> =
        jobs.iter().flat_map(|job| resumes.iter().map(move |resume| (*resume, *job))).collect();
    let total = i32::try_from(pairs.len()).unwrap_or(i32::MAX);
    let batch = batches::insert(&mut tx, identity.tenant, account, name, total).await?;
    let ids = batches::insert_matches(&mut tx, identity.tenant, account, batch, &pairs).await?;
    state.billing.reserve_matches(&mut tx, identity.tenant, &ids).await?;
    tasks::enqueue_many(&mut tx, identity.tenant, TaskKind::MatchResume, &ids, Priority::Batch).await?;
    let made = batches::get(&mut tx, batch.as_uuid()).await?.ok_or_else(|| Problem::not_found("batch"))?;
    tx.commit().await?;
    Ok(made)
}

fn distinct(ids: &[Uuid]) -> Vec<Uuid> {
    ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn check_sizes(name: Option<&str>, resumes: usize, jobs: usize) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if name.is_some_and(|name| name.chars().count() > 200) {
        errors.push(FieldError::at_pointer("/name", "The name is longer than 200 characters."));
    }
    for (pointer, count) in [("/resume_ids", resumes), ("/job_ids", jobs)] {
        if !(1..=MOST_OF_A_SIDE).contains(&count) {
            errors.push(FieldError::at_pointer(
                pointer,
                format!("Name 1 to {MOST_OF_A_SIDE} of them, not {count}."),
            ));
        }
    }
    if resumes.saturating_mul(jobs) > MOST_MATCHES {
        let detail =
            format!("{resumes} resumes with {jobs} jobs are more than {MOST_MATCHES} matches; ask in parts.");
        errors.push(FieldError::at_pointer("/resume_ids", detail));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation(errors)) }
}

async fn unusable(
    tx: &mut Tx,
    side: Side,
    pointer: &str,
    ids: &[Uuid],
) -> Result<Vec<FieldError>, sqlx::Error> {
    let usable: BTreeSet<Uuid> = batches::usable(tx, side, ids).await?.into_iter().collect();
    let missing = ids.iter().filter(|id| !usable.contains(id));
    Ok(missing
        .map(|id| FieldError::at_pointer(pointer, format!("{id} does not exist or could not be read.")))
        .collect())
}

/// The table of a batch as CSV (RFC 4180), with a heading.
pub fn csv(lines: &[Line]) -> String {
    let mut text = "score,resume,job,status,error,match_id,resume_id,job_id\r\n".to_owned();
    for line in lines {
        let score = line.score.map(|score| format!("{score:.2}")).unwrap_or_default();
        // A String takes everything.
        let _written = write!(
            text,
            "{score},{},{},{},{},{},{},{}\r\n",
            cell(&line.resume_name),
            cell(line.job_title.as_deref().unwrap_or_default()),
            line.status,
            cell(line.error.as_deref().unwrap_or_default()),
            line.id,
            line.resume_id,
            line.job_id
        );
    }
    text
}

/// A cell in quotes. What a spreadsheet would take for a formula gets an apostrophe: names are chosen by strangers (OWASP,
/// "CSV Injection").
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_name_is_no_formula_and_ends_no_cell() {
        assert_eq!(cell("Ada \"A\" Lee, PhD.pdf"), "\"Ada \"\"A\"\" Lee, PhD.pdf\"");
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(check_sizes(None, 1, 1).is_ok());
        assert!(check_sizes(None, 500, 20).is_ok());
        for (resumes, jobs) in [(0, 1), (1, 0), (501, 1), (500, 21)] {
            assert!(check_sizes(None, resumes, jobs).is_err(), "{resumes} x {jobs}");
        }
    }
}
