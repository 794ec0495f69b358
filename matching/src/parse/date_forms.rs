//! The forms of single dates: by year, by number, by month, by season and by quarter.

use super::date_scan::{DASHES, Found, Item, Scanner};
use super::dates::PartialDate;

impl Scanner<'_> {
    pub(super) fn year_from(&self, at: usize) -> Option<Found> {
        let year = self.year_at(at)?;
        if self.refused_before(at) {
            return None;
        }
        if self.folded(at + 1) == "年" {
            return Some(self.after_year_mark(at + 1, year));
        }
        if self.mark(at + 1, &['-', '/', '.']) && self.glued(at + 1) && self.glued(at + 2) {
            if let Some(found) = self.iso_tail(at, year) {
                return Some(found);
            }
            // "2000.5" and the like are no years; "2019/20" and "2019-21" are ranges, looked at by the caller.
            if self.mark(at + 1, &['.']) && matches!(self.item(at + 2), Some(Item::Number(..))) {
                return None;
            }
        }
        if let Some(Item::Season(first)) = self.item(at + 1) {
            return Some(season(year, first, at + 2));
        }
        if let (Some(Item::Month(month)), None) = (self.item(at + 1), self.year_at(self.skip_dot(at + 2)))
            && self.number(self.skip_dot(at + 2), 1..3).is_none()
        {
            return Some(Found { date: PartialDate::month(year, month), season_end: None, next: at + 2 });
        }
        (!self.refused_after(at + 1)).then_some(Found {
            date: PartialDate::year(year),
            season_end: None,
            next: at + 1,
        })
    }

    /// "2020年3月15日" from the mark of the year on.
    fn after_year_mark(&self, mark: usize, year: u16) -> Found {
        let mut found = Found { date: PartialDate::year(year), season_end: None, next: mark + 1 };
        if let Some(month) = self.month_number(mark + 1)
            && self.folded(mark + 2) == "月"
        {
            found.date.month = Some(month);
            found.next = mark + 3;
            if let Some(day) = self.day_number(mark + 3)
                && matches!(self.folded(mark + 4), "日" | "号" | "號")
            {
                found.date.day = Some(day);
                found.next = mark + 5;
            }
        }
        found
    }

    /// "-03" or "-03-15" after a year.
    fn iso_tail(&self, at: usize, year: u16) -> Option<Found> {
        let month = self.month_number(at + 2)?;
        let dash = self.mark(at + 1, &['-']);
        if dash && self.number(at + 2, 2..3).is_none() {
            return None;
        }
        let mut found = Found { date: PartialDate::month(year, month), season_end: None, next: at + 3 };
        let same = self.item(at + 3) == self.item(at + 1) && self.glued(at + 3) && self.glued(at + 4);
        if let Some(day) = self.day_number(at + 4).filter(|_| same) {
            found.date.day = Some(day);
            found.next = at + 5;
        }
        Some(found)
    }

    /// Currency and number signs before, or digits glued by punctuation: no year.
    fn refused_before(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        if !self.glued(at) {
            return matches!(self.item(before), Some(Item::Mark('$' | '€' | '£' | '#')));
        }
        match self.item(before) {
            Some(Item::Mark('$' | '€' | '£' | '#' | '@' | '_' | '=' | '+')) => true,
            Some(Item::Mark('.' | ',' | '/' | '-')) => {
                let number = before.checked_sub(1).filter(|_| self.glued(before));
                // The end of "2015-2018" and of "03/2020-05/2021".
                number.is_some_and(|i| {
                    matches!(self.item(i), Some(Item::Number(..))) && self.year_at(i).is_none()
                })
            }
            Some(Item::Word) => !self.adjacent_cjk(before),
            _ => false,
        }
    }

    fn refused_after(&self, at: usize) -> bool {
        match self.item(at) {
            Some(Item::Mark('%' | '+' | '_' | '@' | '=' | '€' | '$')) => self.glued(at),
            Some(Item::Mark(',' | '.')) => {
                self.glued(at) && self.glued(at + 1) && matches!(self.item(at + 1), Some(Item::Number(..)))
            }
            _ => false,
        }
    }

    pub(super) fn number_from(&self, at: usize) -> Option<Found> {
        if self.refused_before(at) {
            return None;
        }
        let glued_mark = self.mark(at + 1, &['/', '.', '-']) && self.glued(at + 1) && self.glued(at + 2);
        let year_follows = self.mark(at + 1, &['/', '.']) && self.year_at(at + 2).is_some();
        if (glued_mark || year_follows)
            && let Some(found) = self.numeric(at)
        {
            return Some(found);
        }
        let day = self.day_number(at)?;
        let mut next = at + 1;
        if matches!(self.folded(next), "st" | "nd" | "rd" | "th" | "er" | "º" | "ª" | ".") {
            next += 1;
        }
        if matches!(self.folded(next), "of" | "de" | "di") {
            next += 1;
        }
        let Some(Item::Month(month)) = self.item(next) else { return None };
        let found = self.month_year(next + 1)?;
        Some(Found {
            date: PartialDate { year: found.0, month: Some(month), day: Some(day) },
            season_end: None,
            next: found.1,
        })
    }

    /// "03/2020", "15.03.2020", "03/15/2020", and "03/20" next to a dash.
    fn numeric(&self, at: usize) -> Option<Found> {
        if let Some(year) = self.year_at(at + 2) {
            let month = self.month_number(at)?;
            return Some(Found { date: PartialDate::month(year, month), season_end: None, next: at + 3 });
        }
        let same = self.item(at + 1) == self.item(at + 3);
        if let (Some(year), true) = (self.year_at(at + 4), same) {
            let (first, second) = (self.number(at, 1..3)?, self.number(at + 2, 1..3)?);
            // Full stops are the European order; otherwise the American one, unless it cannot be.
            let european = self.mark(at + 1, &['.']) || first > 12;
            let (month, day) = if european { (second, first) } else { (first, second) };
            if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
                return None;
            }
            let date = PartialDate { year, month: u8::try_from(month).ok(), day: u8::try_from(day).ok() };
            return Some(Found { date, season_end: None, next: at + 5 });
        }
        let month = self.month_number(at)?;
        let short = self.number(at + 2, 2..3).filter(|_| self.mark(at + 1, &['/']))?;
        let before =
            at.checked_sub(1).is_some_and(|before| self.mark(before, &DASHES) || self.folded(before) == "to");
        let next = at + 3;
        if !before && self.separator(next).is_none() {
            return None;
        }
        Some(Found { date: PartialDate::month(century(short)?, month), season_end: None, next })
    }

    pub(super) fn month_from(&self, at: usize, month: u8) -> Option<Found> {
        if let Some((year, next)) = self.month_year(at + 1) {
            return Some(Found { date: PartialDate::month(year, month), season_end: None, next });
        }
        let day_at = self.skip_dot(at + 1);
        let day = self.day_number(day_at)?;
        let mut next = day_at + 1;
        if matches!(self.folded(next), "st" | "nd" | "rd" | "th") {
            next += 1;
        }
        let next = self.skip_dot(next);
        let year = self.year_at(next)?;
        let date = PartialDate { year, month: Some(month), day: Some(day) };
        Some(Found { date, season_end: None, next: next + 1 })
    }

    /// The year after a month, and the token after it: "2020", ", 2020", "de 2020", "'20", "-20".
    fn month_year(&self, at: usize) -> Option<(u16, usize)> {
        let mut next = self.skip_dot(at);
        if matches!(self.folded(next), "of" | "de" | "del" | "di") {
            next += 1;
        }
        if self.mark(next, &['\'', '’', '‘', '`']) {
            let short = self.number(next + 1, 2..3)?;
            return Some((century(short)?, next + 2));
        }
        if self.mark(next, &['-', '/', '–']) && self.glued(next) && self.glued(next + 1) {
            if let Some(year) = self.year_at(next + 1) {
                return Some((year, next + 2));
            }
            let short = self.number(next + 1, 2..3)?;
            return Some((century(short)?, next + 2));
        }
        self.year_at(next).map(|year| (year, next + 1))
    }

    pub(super) fn season_from(&self, at: usize, first: u8) -> Option<Found> {
        let (year, next) = self.month_year(at + 1)?;
        Some(season(year, first, next))
    }

    pub(super) fn quarter_from(&self, at: usize) -> Option<Found> {
        let quarter =
            u8::try_from(self.number(at + 1, 1..2).filter(|quarter| (1..=4).contains(quarter))?).ok()?;
        let (year, next) = self.month_year(at + 2)?;
        let first = quarter * 3 - 2;
        Some(Found {
            date: PartialDate::month(year, first),
            season_end: Some(PartialDate::month(year, first + 2)),
            next,
        })
    }
}

fn season(year: u16, first: u8, next: usize) -> Found {
    let end = if first == 12 { PartialDate::month(year + 1, 2) } else { PartialDate::month(year, first + 2) };
    Found { date: PartialDate::month(year, first), season_end: Some(end), next }
}

fn century(short: u32) -> Option<u16> {
    let year = if short < 50 { 2000 + short } else { 1900 + short };
    u16::try_from(year).ok()
}
