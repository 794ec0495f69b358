//! Dates as resumes write them, in every language of the lexicon: found in running text and turned into ISO 8601.

use std::fmt;
use std::ops::Range;

use super::date_scan::{Item, Scanner};

/// A date as exact as it was stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialDate {
    /// Year of the common era.
    pub year: u16,
    /// Month from 1 to 12.
    pub month: Option<u8>,
    /// Day from 1 to 31; only with a month.
    pub day: Option<u8>,
}

impl PartialDate {
    /// A year without a month.
    pub fn year(year: u16) -> Self {
        Self { year, month: None, day: None }
    }

    /// A month of a year.
    pub fn month(year: u16, month: u8) -> Self {
        Self { year, month: Some(month), day: None }
    }

    /// Reads ISO 8601: `2020`, `2020-03` or `2020-03-15`; `None` for anything else.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let year: u16 = parts.next()?.parse().ok()?;
        let month = parts.next().map(str::parse).transpose().ok()?;
        let day = parts.next().map(str::parse).transpose().ok()?;
        let valid = (1000..=9999).contains(&year)
            && month.is_none_or(|month: u8| (1..=12).contains(&month))
            && day.is_none_or(|day: u8| (1..=31).contains(&day))
            && parts.next().is_none();
        valid.then_some(Self { year, month, day })
    }

    /// Months since year 0; a date without a month counts as January, or as December when it ends something.
    pub fn month_index(&self, is_end: bool) -> i32 {
        let month = self.month.unwrap_or(if is_end { 12 } else { 1 });
        i32::from(self.year) * 12 + i32::from(month) - 1
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(out, "-{month:02}")?;
            if let Some(day) = self.day {
                write!(out, "-{day:02}")?;
            }
        }
        Ok(())
    }
}

/// Dates or a stretch of time found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateSpan {
    /// First date; none in "until 2020".
    pub start: Option<PartialDate>,
    /// Last date; none when it still lasts, or when one date alone is stated.
    pub end: Option<PartialDate>,
    /// Said to last to this day.
    pub open: bool,
    /// One date alone was stated (and is in `start`).
    pub single: bool,
    /// Bytes of the text that say so.
    pub range: Range<usize>,
}

/// All dates and stretches of time in a text, in order.
///
/// Numbers that are no dates (amounts, versions, telephone numbers) are passed over: a bare year must be between
/// 1940 and 2049 and stand alone.
pub fn find_dates(text: &str) -> Vec<DateSpan> {
    let scanner = Scanner::new(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < scanner.len() {
        match span_at(&scanner, at) {
            Some((span, next)) if next > at => {
                found.push(span);
                at = next;
            }
            _ => at += 1,
        }
    }
    found
}

/// The stretch of time that starts at token `at`, and the token after it.
fn span_at(scanner: &Scanner<'_>, at: usize) -> Option<(DateSpan, usize)> {
    if let Some(found) = led_span(scanner, at) {
        return Some(found);
    }
    if let Some(found) = month_range(scanner, at) {
        return Some(found);
    }
    let first = scanner.date(at)?;
    let season_end = first.season_end;
    let separator = scanner.separator(first.next);
    if let Some(after) = separator {
        if let Some(next) = scanner.present(after) {
            return Some((scanner.span(at, next, Some(first.date), None, true), next));
        }
        if let Some(second) = scanner.date(after).filter(|second| second.date.year >= first.date.year) {
            let end = second.season_end.unwrap_or(second.date);
            return Some((scanner.span(at, second.next, Some(first.date), Some(end), false), second.next));
        }
        if let Some((end, next)) = scanner.short_end(after, first.date) {
            return Some((scanner.span(at, next, Some(first.date), Some(end), false), next));
        }
        if scanner.dangling(first.next, after) {
            return Some((scanner.span(at, after, Some(first.date), None, true), after));
        }
    } else if let Some(next) = scanner.present(first.next).filter(|_| scanner.adjacent_cjk(first.next)) {
        return Some((scanner.span(at, next, Some(first.date), None, true), next));
    }
    if let Some(end) = season_end {
        return Some((scanner.span(at, first.next, Some(first.date), Some(end), false), first.next));
    }
    let mut span = scanner.span(at, first.next, Some(first.date), None, false);
    span.single = true;
    Some((span, first.next))
}

/// "since 2019", "seit 03/2019", "until May 2020".
fn led_span(scanner: &Scanner<'_>, at: usize) -> Option<(DateSpan, usize)> {
    if let Some(after) = scanner.word(at, "since") {
        let first = scanner.date(after)?;
        if let Some(sep) = scanner.separator(first.next) {
            if let Some(next) = scanner.present(sep) {
                return Some((scanner.span(at, next, Some(first.date), None, true), next));
            }
            if let Some(second) = scanner.date(sep) {
                let span = scanner.span(at, second.next, Some(first.date), Some(second.date), false);
                return Some((span, second.next));
            }
        }
        // "from", "de" and "von" before one date alone say nothing of what came after.
        if scanner.is_vague(at) {
            return None;
        }
        return Some((scanner.span(at, first.next, Some(first.date), None, true), first.next));
    }
    let after = scanner.word(at, "until")?;
    let last = scanner.date(after)?;
    Some((scanner.span(at, last.next, None, Some(last.date), false), last.next))
}

/// "May – Aug 2021": the first month has the year of the second.
fn month_range(scanner: &Scanner<'_>, at: usize) -> Option<(DateSpan, usize)> {
    let Item::Month(month) = scanner.item(at)? else { return None };
    let after_month = scanner.skip_dot(at + 1);
    let after = scanner.separator(after_month)?;
    let second = scanner.date(after)?;
    let end_month = second.date.month?;
    let year = if month <= end_month { second.date.year } else { second.date.year.checked_sub(1)? };
    let span = scanner.span(at, second.next, Some(PartialDate::month(year, month)), Some(second.date), false);
    Some((span, second.next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(text: &str) -> String {
        find_dates(text)
            .iter()
            .map(|span| {
                let part = |date: Option<PartialDate>| date.map(|date| date.to_string()).unwrap_or_default();
                if span.single {
                    part(span.start)
                } else {
                    format!("{}..{}{}", part(span.start), part(span.end), if span.open { "now" } else { "" })
                }
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn usual_forms_are_read() {
        let cases = [
            ("Jan 2020 – Present", "2020-01..now"),
            ("January 2019 to Present", "2019-01..now"),
            ("June 2016 to December 2018", "2016-06..2018-12"),
            ("Sept 2018 – May 2023", "2018-09..2023-05"),
            ("Sept. 2018 - May. 2023", "2018-09..2023-05"),
            ("01/2020 - 03/2021", "2020-01..2021-03"),
            ("01.2020–03.2021", "2020-01..2021-03"),
            ("2019", "2019"),
            ("2015-2018", "2015..2018"),
            ("2015 - 2018", "2015..2018"),
            ("2018-09 - 2023-05", "2018-09..2023-05"),
            ("2013-09 — Present", "2013-09..now"),
            ("2020-03-15", "2020-03-15"),
            ("15.03.2020", "2020-03-15"),
            ("03/15/2020", "2020-03-15"),
            ("March 15, 2020", "2020-03-15"),
            ("15 March 2020", "2020-03-15"),
            ("15th of March 2020", "2020-03-15"),
            ("May – Aug 2021", "2021-05..2021-08"),
            ("Nov - Feb 2021", "2020-11..2021-02"),
            ("Summer 2018", "2018-06..2018-08"),
            ("Fall 2018 – Spring 2019", "2018-09..2019-05"),
            ("Q1 2020", "2020-01..2020-03"),
            ("2019/20", "2019..2020"),
            ("2019–21", "2019..2021"),
            ("Jan '20 - Mar '21", "2020-01..2021-03"),
            ("Jan-20 to Mar-21", "2020-01..2021-03"),
            ("Since 2019", "2019..now"),
            ("2019 -", "2019..now"),
            ("Present", ""),
            ("(2020 – 2023)", "2020..2023"),
            ("10/2015 to Current", "2015-10..now"),
            ("May2012 - June2014", "2012-05..2014-06"),
        ];
        for (text, expected) in cases {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn other_languages_are_read() {
        let cases = [
            ("seit 03/2019", "2019-03..now"),
            ("März 2019 – heute", "2019-03..now"),
            ("Okt. 2015 bis Dez. 2017", "2015-10..2017-12"),
            ("depuis janvier 2019", "2019-01..now"),
            ("de septembre 2015 à juin 2018", "2015-09..2018-06"),
            ("août 2015 - aujourd'hui", "2015-08..now"),
            ("enero de 2019 – actualidad", "2019-01..now"),
            ("desde marzo de 2018 hasta junio de 2020", "2018-03..2020-06"),
            ("fevereiro de 2019 até o momento", "2019-02..now"),
            ("dal 2019 al 2021", "2019..2021"),
            ("gennaio 2019 - in corso", "2019-01..now"),
            ("maart 2019 - heden", "2019-03..now"),
            ("styczeń 2019 – obecnie", "2019-01..now"),
            ("od 2019 do 2021", "2019..2021"),
            ("ianuarie 2019 - prezent", "2019-01..now"),
            ("2020年3月～現在", "2020-03..now"),
            ("2018年9月 - 2022年6月", "2018-09..2022-06"),
            ("2019年7月至今", "2019-07..now"),
            ("2015.09 - 2019.06", "2015-09..2019-06"),
            ("2015年4月1日", "2015-04-01"),
        ];
        for (text, expected) in cases {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_dates_are_passed_over() {
        for text in [
            "raised $2000 for 2500 people",
            "(555) 123-4567",
            "US Patent 11,234,567",
            "version 2.0.1",
            "3.97/4.00",
            "1,200% growth",
            "Windows Server 2012R2",
            "CA 94588",
        ] {
            assert_eq!(show(text), "", "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_without_panic(text in "\\PC{0,60}") {
            for span in find_dates(&text) {
                prop_assert!(text.get(span.range.clone()).is_some());
            }
        }

        #[test]
        fn stated_months_come_back(year in 1950_u16..2040, month in 1_u8..=12) {
            let date = PartialDate::month(year, month);
            let found = find_dates(&format!("from {date} on"));
            prop_assert_eq!(found.first().and_then(|span| span.start), Some(date));
            prop_assert_eq!(PartialDate::parse_iso(&date.to_string()), Some(date));
        }
    }
}
