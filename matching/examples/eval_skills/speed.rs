//! How long finding takes.

use std::collections::BTreeMap;
use std::time::Instant;

use matching::skills::Taxonomy;

use crate::Figure;

const PARAGRAPH: &str = "Senior engineer with 8 years of experience in Python, Go and PostgreSQL. Led a team of six that moved \
a payment platform to Kubernetes on AWS, cut the cost of operation by a third, and trained two colleagues. Wrote Terraform modules, \
reviewed code, kept the books of the department in Excel, and spoke German with customers. Earlier: nurse in intensive care, \
with triage, wound care and ACLS. No experience with Java. ";

/// Milliseconds for a text of 1,000 words, the quickest of many runs (other work on the machine only slows).
pub(crate) fn figures() -> Vec<Figure> {
    let taxonomy = Taxonomy::builtin();
    let words: Vec<&str> = PARAGRAPH.split_whitespace().cycle().take(1000).collect();
    let text = words.join(" ");
    let mut quickest = f64::INFINITY;
    for _ in 0..200 {
        let start = Instant::now();
        let found = taxonomy.find(&text);
        let elapsed = start.elapsed().as_secs_f64() * 1000.0;
        if !found.is_empty() {
            quickest = quickest.min(elapsed);
        }
    }
    vec![Figure {
        name: "skills.find-1000-words".to_owned(),
        value: quickest,
        unit: "ms",
        baselines: BTreeMap::new(),
        target: Some(1.0),
        met: Some(quickest <= 1.0),
    }]
}
