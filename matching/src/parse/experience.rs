//! Years of experience, in general and with each skill, and seniority, from the positions of a resume.

use std::ops::Range;

use jiff::civil::Date;
use serde::Serialize;

use super::ParsedResume;
use super::dates::PartialDate;
use super::json_resume::{Resume, Work};
use super::lexicon::lexicon;
use crate::skills::FoundSkill;

/// How senior a person's latest position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seniority {
    /// Intern, trainee, assistant, or no position at all.
    Junior,
    /// Neither junior nor senior by title and years.
    Mid,
    /// Senior by title, or ten years and more.
    Senior,
    /// Leads people: head, manager, director, founder.
    Lead,
}

impl Seniority {
    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Junior => "junior",
            Self::Mid => "mid-level",
            Self::Senior => "senior",
            Self::Lead => "lead",
        }
    }
}

/// The stretch of time of a position in months since year 0, the end exclusive.
///
/// `today` closes positions that last to this day. `None` when no start is stated or it is in the future.
fn months_of(work: &Work, today: PartialDate) -> Option<(i32, i32)> {
    let start = PartialDate::parse_iso(work.start_date.as_deref()?)?;
    let now = today.month_index(true) + 1;
    let end = match &work.end_date {
        Some(end) => PartialDate::parse_iso(end)?.month_index(true) + 1,
        None => now,
    };
    let (start, end) = (start.month_index(false), end.min(now));
    (start < end).then_some((start, end))
}

/// Months in dated positions, overlaps counted once.
fn total_months(resume: &Resume, today: PartialDate) -> i32 {
    merged_months(resume.work.iter().filter_map(|work| months_of(work, today)).collect())
}

/// Months covered by any of the stretches.
pub(crate) fn merged_months(mut stretches: Vec<(i32, i32)>) -> i32 {
    stretches.sort_unstable();
    let mut total = 0;
    let mut covered = i32::MIN;
    for (start, end) in stretches {
        if end > covered {
            total += end - start.max(covered);
            covered = end;
        }
    }
    total
}

/// What the dates of a resume add up to on a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Experience {
    /// The day that positions which last "to this day" are counted to.
    pub as_of: Date,
    /// Years in dated positions, overlaps counted once; `None` when no position has dates.
    pub years: Option<f64>,
    /// By the title of the latest position, and by years where the title does not say; `None` when there is no position.
    pub seniority: Option<Seniority>,
    /// Skills that dated positions name, those used longest first.
    pub skills: Vec<SkillYears>,
}

/// How long a skill was used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkillYears {
    /// Its name, as in [`ParsedResume::named_skills`].
    pub name: String,
    /// Years in the positions whose text names it, overlaps counted once.
    pub years: f64,
    /// When the last of them ended, as `2022-11`; `None` while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
}

/// Adds up positions and the skills that they name.
pub fn experience(parsed: &ParsedResume, as_of: Date) -> Experience {
    let today =
        PartialDate { year: as_of.year().unsigned_abs(), month: u8::try_from(as_of.month()).ok(), day: None };
    let resume = &parsed.resume;
    let positions: Vec<Dated> = (0..)
        .zip(&resume.work)
        .filter_map(|(index, work)| {
            Some(Dated::new(parsed, index, months_of(work, today)?, work.end_date.is_none()))
        })
        .collect();
    let mut skills: Vec<SkillYears> =
        parsed.named_skills.iter().filter_map(|skill| years_with(skill, &positions)).collect();
    skills.sort_by(|a, b| b.years.total_cmp(&a.years).then(a.name.cmp(&b.name)));
    Experience {
        as_of,
        years: (!positions.is_empty()).then(|| rounded(total_months(resume, today))),
        seniority: (!resume.work.is_empty()).then(|| seniority(resume, today)),
        skills,
    }
}

/// A position with its months and where its text stands.
struct Dated {
    months: (i32, i32),
    lasts: bool,
    ranges: Vec<Range<usize>>,
}

impl Dated {
    fn new(parsed: &ParsedResume, index: usize, months: (i32, i32), lasts: bool) -> Self {
        let prefix = format!("/work/{index}/");
        let own = parsed.evidence.iter().filter(|(pointer, _)| pointer.starts_with(&prefix));
        Self { months, lasts, ranges: own.flat_map(|(_, evidence)| evidence.stretches()).collect() }
    }

    fn names(&self, skill: &FoundSkill) -> bool {
        let within = |span: &Range<usize>| {
            self.ranges.iter().any(|own| own.start <= span.start && span.end <= own.end)
        };
        skill.spans.iter().any(within)
    }
}

fn years_with(skill: &FoundSkill, positions: &[Dated]) -> Option<SkillYears> {
    let using: Vec<&Dated> = positions.iter().filter(|position| position.names(skill)).collect();
    let end = using.iter().map(|position| position.months.1).max()?;
    let lasts = using.iter().any(|position| position.lasts);
    let months = merged_months(using.iter().map(|position| position.months).collect());
    let last = (end - 1).div_euclid(12);
    let last_used = (!lasts).then(|| format!("{last:04}-{:02}", (end - 1).rem_euclid(12) + 1));
    Some(SkillYears { name: skill.name.clone(), years: rounded(months), last_used })
}

/// Years of months, to one decimal.
fn rounded(months: i32) -> f64 {
    (f64::from(months) / 1.2).round() / 10.0
}

/// Seniority by the title of the latest position, and by years where the title does not say.
fn seniority(resume: &Resume, today: PartialDate) -> Seniority {
    let latest =
        resume.work.iter().filter(|work| work.position.is_some()).max_by_key(|work| {
            months_of(work, today).map_or((i32::MIN, i32::MIN), |(start, end)| (end, start))
        });
    let years = total_months(resume, today) as f32 / 12.0;
    let title = latest.and_then(|work| work.position.as_deref()).unwrap_or_default();
    let says = |key: &str| lexicon().set(key).occurs(title);
    if latest.is_none() {
        Seniority::Junior
    } else if says("title.lead") && !says("title.junior") {
        Seniority::Lead
    } else if says("title.junior") && !says("title.senior") {
        Seniority::Junior
    } else if says("title.senior") || years >= 10.0 {
        Seniority::Senior
    } else if years < 2.0 && years > 0.0 {
        Seniority::Junior
    } else {
        Seniority::Mid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(position: &str, start: &str, end: Option<&str>, highlight: &str) -> Work {
        Work {
            position: Some(position.into()),
            start_date: Some(start.into()),
            end_date: end.map(Into::into),
            highlights: vec![highlight.into()],
            ..Work::default()
        }
    }

    fn resume() -> Resume {
        Resume {
            work: vec![
                work("Senior Developer", "2020-01", None, "Rust services"),
                work("Developer", "2018-01", Some("2020-06"), "C++ and Rust"),
                work("Intern", "2015", Some("2015"), "Excel"),
            ],
            ..Resume::default()
        }
    }

    #[test]
    fn overlaps_count_once() {
        let today = PartialDate::month(2021, 12);
        assert_eq!(total_months(&resume(), today), 60);
    }

    #[test]
    fn skills_have_the_years_of_the_positions_that_name_them() {
        let text = "Jane Doe\njane@example.org\n\nExperience\n\nSenior Developer, Example Ltd\n01/2020 - present\n- Wrote services in Python for the whole house\n\nDeveloper, Sample Ltd\n01/2018 - 06/2020\n- Wrote services in Java and in Python\n\nSkills\nDocker\n";
        let parsed = crate::parse(&crate::Document::from_text(text));
        let found = experience(&parsed, jiff::civil::date(2021, 12, 15));
        assert_eq!((found.years, found.seniority), (Some(4.0), Some(Seniority::Senior)));
        let of = |name: &str| found.skills.iter().find(|skill| skill.name == name);
        assert_eq!(of("Python").map(|skill| (skill.years, skill.last_used.clone())), Some((4.0, None)));
        let java = of("Java").map(|skill| (skill.years, skill.last_used.clone()));
        assert_eq!(java, Some((2.5, Some("2020-06".to_owned()))));
        assert_eq!(of("Docker"), None);
    }

    #[test]
    fn the_latest_title_says_the_seniority() {
        let today = PartialDate::month(2021, 12);
        assert_eq!(seniority(&resume(), today), Seniority::Senior);
        assert_eq!(seniority(&Resume::default(), today), Seniority::Junior);
        let lead = Resume { work: vec![work("Head of Sales", "2019", None, "")], ..Resume::default() };
        assert_eq!(seniority(&lead, today), Seniority::Lead);
    }
}
