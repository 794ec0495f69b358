//! Which backups stay: a pure rule over times, safe when a clock is wrong.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use platform::config::RetentionConfig;

/// What the rule knows of a complete backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) created_at: Timestamp,
    /// It was restored and found whole.
    pub(super) verified: bool,
}

/// The ids that may go, oldest first. Never among them: the newest [`RetentionConfig::last`], the last verified one, and
/// those that are younger than [`RetentionConfig::days`] or claim to be from the future.
pub(super) fn expired(backups: &[Kept], rule: RetentionConfig, now: Timestamp) -> Vec<String> {
    let mut newest_first: Vec<&Kept> = backups.iter().collect();
    newest_first.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let mut stays: BTreeSet<&str> = BTreeSet::new();
    stays.extend(newest_first.iter().take(rule.last.max(1) as usize).map(|one| one.id.as_str()));
    stays.extend(newest_first.iter().find(|one| one.verified).map(|one| one.id.as_str()));
    let age = SignedDuration::from_hours(24 * i64::from(rule.days));
    stays.extend(
        newest_first.iter().filter(|one| now.duration_since(one.created_at) < age).map(|one| one.id.as_str()),
    );
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    stays.extend(newest_of_each(&newest_first, rule.daily, |at| day(at).to_string()));
    stays.extend(newest_of_each(&newest_first, rule.weekly, |at| {
        let week = day(at).iso_week_date();
        format!("{}-{}", week.year(), week.week())
    }));
    stays.extend(newest_of_each(&newest_first, rule.monthly, |at| {
        format!("{}-{}", day(at).year(), day(at).month())
    }));
    let goes = newest_first.iter().rev().filter(|one| !stays.contains(one.id.as_str()));
    goes.map(|one| one.id.clone()).collect()
}

/// The newest backup of each of the last `count` periods that have one.
fn newest_of_each<'a>(
    newest_first: &[&'a Kept],
    count: u32,
    period: impl Fn(Timestamp) -> String,
) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    let mut stays = Vec::new();
    for one in newest_first {
        if seen.len() < count as usize && seen.insert(period(one.created_at)) {
            stays.push(one.id.as_str());
        }
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: RetentionConfig = RetentionConfig { days: 30, last: 2, daily: 0, weekly: 0, monthly: 0 };

    fn at(text: &str) -> Timestamp {
        format!("{text}T03:00:00Z").parse().unwrap()
    }

    fn backup(date: &str) -> Kept {
        Kept { id: date.to_owned(), created_at: at(date), verified: false }
    }

    /// One backup a day from `from`, so many.
    fn daily(from: &str, count: i64) -> Vec<Kept> {
        let first = at(from);
        (0..count)
            .map(|n| {
                let created_at = first + SignedDuration::from_hours(24 * n);
                Kept { id: created_at.to_string()[..10].to_owned(), created_at, verified: false }
            })
            .collect()
    }

    #[test]
    fn older_ones_go_and_younger_ones_stay() {
        let gone = expired(&daily("2026-01-01", 60), RULE, at("2026-03-01"));
        assert_eq!((gone.len(), gone.last().unwrap().as_str()), (30, "2026-01-30"));
    }

    #[test]
    fn a_clock_that_leaps_ahead_leaves_the_newest_and_the_last_verified() {
        let mut backups = daily("2026-01-01", 60);
        backups[5].verified = true;
        backups[9].verified = true;
        let gone = expired(&backups, RULE, at("2099-01-01"));
        let left: Vec<&str> = backups
            .iter()
            .map(|one| one.id.as_str())
            .filter(|id| !gone.iter().any(|other| other == id))
            .collect();
        assert_eq!(left, ["2026-01-10", "2026-02-28", "2026-03-01"]);
    }

    #[test]
    fn a_clock_that_falls_back_removes_nothing() {
        assert!(expired(&daily("2026-01-01", 60), RULE, at("1970-01-02")).is_empty());
    }

    #[test]
    fn one_that_claims_to_be_from_the_future_stays() {
        let backups =
            [backup("2026-01-01"), backup("2026-01-02"), backup("2026-01-03"), backup("2090-01-01")];
        assert_eq!(expired(&backups, RULE, at("2026-06-01")), ["2026-01-01", "2026-01-02"]);
    }

    #[test]
    fn the_newest_of_days_weeks_and_months_stay() {
        let rule = RetentionConfig { days: 1, last: 1, daily: 3, weekly: 2, monthly: 3 };
        let backups = daily("2026-01-01", 90);
        let gone: BTreeSet<String> = expired(&backups, rule, at("2026-04-01")).into_iter().collect();
        let left: Vec<&str> =
            backups.iter().map(|one| one.id.as_str()).filter(|id| !gone.contains(*id)).collect();
        // Three days, the Sunday of the week before (2026-03-29), the ends of January and February.
        assert_eq!(left, ["2026-01-31", "2026-02-28", "2026-03-29", "2026-03-30", "2026-03-31"]);
    }

    #[test]
    fn what_is_expired_stays_expired_as_time_passes() {
        let backups = daily("2026-01-01", 60);
        let mut before: BTreeSet<String> = BTreeSet::new();
        for day in 0..120 {
            let now = at("2026-02-01") + SignedDuration::from_hours(24 * day);
            let gone: BTreeSet<String> = expired(&backups, RULE, now).into_iter().collect();
            assert!(gone.is_superset(&before), "day {day}");
            before = gone;
        }
        assert_eq!(before.len(), 58);
    }
}
