//! Years of experience and seniority from the positions of a resume.

use super::dates::PartialDate;
use super::json_resume::{Resume, Work};
use super::lexicon::lexicon;
use super::text::tokens;

/// How senior a person's latest position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The stretch of time of a position in months since year 0, the end exclusive.
///
/// `today` closes positions that last to this day. `None` when no start is stated or it is in the future.
pub fn months_of(work: &Work, today: PartialDate) -> Option<(i32, i32)> {
    let start = PartialDate::parse_iso(work.start_date.as_deref()?)?;
    let now = today.month_index(true) + 1;
    let end = match &work.end_date {
        Some(end) => PartialDate::parse_iso(end)?.month_index(true) + 1,
        None => now,
    };
    let (start, end) = (start.month_index(false), end.min(now));
    (start < end).then_some((start, end))
}

/// Total years in dated positions, overlaps counted once.
pub fn total_years(resume: &Resume, today: PartialDate) -> f32 {
    merged_months(resume.work.iter().filter_map(|work| months_of(work, today)).collect()) as f32 / 12.0
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

/// Years in positions whose text mentions any of `names` as whole words, overlaps counted once.
///
/// The text of a position is its title, summary and highlights; case and accents do not matter.
pub fn years_with(resume: &Resume, names: &[&str], today: PartialDate) -> f32 {
    let wanted: Vec<Vec<String>> =
        names.iter().map(|name| tokens(name).into_iter().map(|token| token.folded).collect()).collect();
    let mentions = |work: &Work| {
        let texts = work.position.iter().chain(&work.summary).chain(&work.highlights);
        texts.into_iter().any(|text| {
            let words: Vec<String> = tokens(text).into_iter().map(|token| token.folded).collect();
            wanted
                .iter()
                .any(|name| !name.is_empty() && words.windows(name.len()).any(|window| window == *name))
        })
    };
    let stretches =
        resume.work.iter().filter(|work| mentions(work)).filter_map(|work| months_of(work, today));
    merged_months(stretches.collect()) as f32 / 12.0
}

/// Seniority by the title of the latest position, and by years where the title does not say.
pub fn seniority(resume: &Resume, today: PartialDate) -> Seniority {
    let latest =
        resume.work.iter().filter(|work| work.position.is_some()).max_by_key(|work| {
            months_of(work, today).map_or((i32::MIN, i32::MIN), |(start, end)| (end, start))
        });
    let years = total_years(resume, today);
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
        assert_eq!(total_years(&resume(), today), 5.0);
        assert_eq!(years_with(&resume(), &["rust"], today), 4.0);
        assert_eq!(years_with(&resume(), &["excel"], today), 1.0);
        assert_eq!(years_with(&resume(), &["c++ and rust"], today), 2.5);
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
