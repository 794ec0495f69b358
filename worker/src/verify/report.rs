//! What the checks found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// So many findings are shown one by one; all are counted.
const SHOWN: usize = 200;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Nothing is lost; it costs space or waits for a person.
    Notice,
    /// Data is lost, wrong, or not protected as it should be.
    Damage,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// The check: `schema`, `row_level_security`, `constraint`, `index`, `foreign_key`, `object`, `orphan`, `manifest`, `role`.
    pub(crate) check: String,
    /// The table, constraint or object.
    pub(crate) subject: String,
    /// What is wrong, and where there is one, the mend.
    pub(crate) detail: String,
}

impl Finding {
    pub(crate) fn damage(check: &str, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Damage,
            check: check.to_owned(),
            subject: subject.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn notice(check: &str, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Notice, ..Self::damage(check, subject, detail) }
    }
}

/// Rows of a table and their checksum; see `platform::maintenance::checksum_query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableSum {
    pub(crate) rows: u64,
    /// 64 hexadecimal digits.
    pub(crate) checksum: String,
}

/// The outcome of an integrity check.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// No finding is damage.
    #[serde(skip_deserializing)]
    pub(crate) ok: bool,
    /// By table.
    pub(crate) tables: BTreeMap<String, TableSum>,
    /// How many foreign keys, check constraints and indexes were examined.
    pub(crate) constraints: u64,
    /// How many different objects the rows name.
    pub(crate) objects: u64,
    /// Bytes of these.
    pub(crate) object_bytes: u64,
    /// Findings by check; also those that are not shown.
    pub(crate) counts: BTreeMap<String, u64>,
    /// The first findings.
    pub(crate) findings: Vec<Finding>,
    /// How many are damage.
    pub(crate) damage: u64,
    /// How many objects were moved to the quarantine.
    pub(crate) quarantined: u64,
    pub(crate) duration_ms: u64,
}

impl Report {
    pub(crate) fn add(&mut self, finding: Finding) {
        *self.counts.entry(finding.check.clone()).or_default() += 1;
        if finding.severity == Severity::Damage {
            self.damage += 1;
        }
        if self.findings.len() < SHOWN {
            self.findings.push(finding);
        }
    }

    /// The report as JSON on several lines.
    pub(crate) fn json(&mut self) -> serde_json::Result<String> {
        self.ok = self.damage == 0;
        serde_json::to_string_pretty(self)
    }

    /// How many findings there are.
    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: u64 = self.tables.values().map(|sum| sum.rows).sum();
        writeln!(
            f,
            "{} tables with {rows} rows, {} constraints and indexes, {} objects of {} bytes; {} ms",
            self.tables.len(),
            self.constraints,
            self.objects,
            self.object_bytes,
            self.duration_ms
        )?;
        for finding in &self.findings {
            let word = match finding.severity {
                Severity::Damage => "DAMAGE",
                Severity::Notice => "notice",
            };
            writeln!(f, "{word}  {}  {}: {}", finding.check, finding.subject, finding.detail)?;
        }
        let shown = u64::try_from(self.findings.len()).unwrap_or(u64::MAX);
        if self.total() > shown {
            writeln!(f, "and {} more", self.total() - shown)?;
        }
        if self.quarantined > 0 {
            writeln!(f, "{} objects moved to quarantine/", self.quarantined)?;
        }
        match (self.damage, self.total()) {
            (0, 0) => write!(f, "all is well"),
            (0, notices) => write!(f, "no damage, {notices} notices"),
            (damage, _) => write!(f, "{damage} findings of damage"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_findings_are_all_counted_and_some_shown() {
        let mut report = Report::default();
        for n in 0..500 {
            report.add(Finding::damage("object", format!("k{n}"), "it is missing"));
        }
        assert_eq!((report.damage, report.findings.len(), report.total()), (500, SHOWN, 500));
        assert!(report.to_string().contains("and 300 more"), "{report}");
    }

    #[test]
    fn a_notice_is_no_damage() {
        let mut report = Report::default();
        report.add(Finding::notice("orphan", "k", "no row names it"));
        assert!(report.json().unwrap().contains("\"ok\": true"));
    }
}
