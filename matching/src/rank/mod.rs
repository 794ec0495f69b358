//! Rank: many resumes ordered for one job, from memory or from an index on disk.

mod error;
mod index;
mod writer;

use jiff::civil::Date;
use serde::Serialize;

use crate::score::{Matcher, PreparedJob, PreparedResume};
pub use error::IndexError;
pub use index::PoolIndex;
pub use writer::PoolWriter;

/// A resume's place among others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked<'a> {
    /// The name that it was given, such as its file's.
    pub name: &'a str,
    /// Its score, 0 to 100.
    pub score: f64,
}

/// Scores every resume and orders them, best first; equal scores stand in the order of their names. `as_of` as in
/// [`Matcher::score`].
#[must_use]
pub fn rank<'a>(
    matcher: &Matcher,
    job: &PreparedJob,
    pool: &'a [(String, PreparedResume)],
    as_of: Date,
) -> Vec<Ranked<'a>> {
    let mut ranked: Vec<Ranked<'a>> = pool
        .iter()
        .map(|(name, resume)| Ranked { name, score: matcher.number(resume, job, as_of) })
        .collect();
    sort(&mut ranked);
    ranked
}

fn sort(ranked: &mut [Ranked<'_>]) {
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.name.cmp(b.name)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_stand_by_name() {
        let mut ranked = [("b", 50.0), ("c", 70.0), ("a", 50.0)].map(|(name, score)| Ranked { name, score });
        sort(&mut ranked);
        assert_eq!(ranked.map(|entry| entry.name), ["c", "a", "b"]);
    }
}
