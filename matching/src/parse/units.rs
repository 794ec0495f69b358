//! Rows of a column grouped into units: bullets with their further lines, paragraphs, lines that name something.

use super::dates::find_dates;
use super::flow::{Unit, UnitKind, is_prose, shows_address};
use super::layout::{Frag, Layout};
use super::rows::Row;
use super::text::{has_cjk, word_count};

/// What the rows of a column have in common.
pub(super) struct Measure {
    pub(super) left: f32,
    right: f32,
    pub(super) centred: bool,
    /// Longest line in characters, for formats without positions.
    longest: usize,
    positioned: bool,
}

pub(super) fn measure(layout: &Layout<'_>, main: &[Row<'_, '_>]) -> Measure {
    let firsts: Vec<&Frag<'_>> = main.iter().filter_map(Row::first).collect();
    let spread = |values: &mut dyn Iterator<Item = f32>| {
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(x), high.max(x)));
        high - low
    };
    let centred = layout.positioned
        && firsts.len() >= 3
        && spread(&mut firsts.iter().map(|frag| frag.rect.x0)) > 6.0
        && spread(&mut firsts.iter().map(|frag| frag.centre())) < 4.0;
    Measure {
        left: firsts.iter().map(|frag| frag.rect.x0).fold(f32::MAX, f32::min),
        right: main.iter().flat_map(|row| &row.frags).map(|frag| frag.rect.x1).fold(f32::MIN, f32::max),
        centred,
        longest: usual_width(layout),
        positioned: layout.positioned,
    }
}

/// What nearly all lines keep to, in bytes: a few longer ones do not say how wide a text is wrapped.
fn usual_width(layout: &Layout<'_>) -> usize {
    let mut lengths: Vec<usize> =
        layout.doc.lines().map(|line| line.range.len()).filter(|length| *length > 0).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len().saturating_sub(1 + lengths.len() / 20)).copied().unwrap_or(0)
}

/// Rows that belong together, on their way to a unit.
struct Group<'a, 'd> {
    bullet: bool,
    rows: Vec<(Row<'a, 'd>, f32)>,
}

impl<'a, 'd> Group<'a, 'd> {
    fn first(&self) -> Option<&'a Frag<'d>> {
        self.rows.first().and_then(|(row, _)| row.first())
    }

    fn unit(kind: UnitKind, rows: &[(Row<'a, 'd>, f32)]) -> Unit<'a, 'd> {
        Unit {
            kind,
            frags: rows.iter().flat_map(|(row, _)| row.frags.iter().copied()).collect(),
            top: rows.first().map_or(0.0, |(row, _)| row.top()),
            pitch: rows.first().map_or(f32::MAX, |(_, pitch)| *pitch),
        }
    }

    /// A paragraph stays whole; lines that are names are units of their own, unless one clearly goes on.
    fn units(self, layout: &Layout<'d>) -> Vec<Unit<'a, 'd>> {
        if self.bullet {
            return vec![Self::unit(UnitKind::Bullet, &self.rows)];
        }
        let whole = Self::unit(UnitKind::Header, &self.rows);
        if is_prose(&whole.joined(layout).text) {
            return vec![Unit { kind: UnitKind::Prose, ..whole }];
        }
        let mut names: Vec<Vec<(Row<'a, 'd>, f32)>> = Vec::new();
        for (row, pitch) in self.rows {
            match names.last_mut() {
                Some(name) if name.last().is_some_and(|(before, _)| continues_name(before, &row)) => {
                    name.push((row, pitch));
                }
                _ => names.push(vec![(row, pitch)]),
            }
        }
        names.iter().map(|rows| Self::unit(UnitKind::Header, rows)).collect()
    }
}

/// Whether a name or list that filled its line goes on in the next one.
fn continues_name(before: &Row<'_, '_>, row: &Row<'_, '_>) -> bool {
    let (Some(last), Some(next)) = (before.frags.last(), row.first()) else { return false };
    let connected = last.text.ends_with([',', '-', '&', '/', '–', ':', '('])
        || [" and", " of", " in", " for", " und", " et", " de", " y", " e"]
            .iter()
            .any(|word| last.text.ends_with(word));
    let listed = last.text.matches(',').count() >= 2 && last.same_style(next);
    // Short names do not fill a line of this length by accident.
    let long = last.text.chars().count() >= 50 && last.same_style(next);
    // A single word has no place to break at: what stands below it in small letters ("k8s") is a name of its own.
    let goes_on = last.text.trim().contains(' ') && next.text.starts_with(char::is_lowercase);
    connected || listed || long || goes_on || next.text.starts_with('(')
}

/// Groups rows into units.
pub(super) fn units<'a, 'd>(
    layout: &Layout<'d>,
    main: &[Row<'a, 'd>],
    measured: &Measure,
) -> Vec<Unit<'a, 'd>> {
    let mut found: Vec<Group<'a, 'd>> = Vec::new();
    let mut before: Option<&Row<'a, 'd>> = None;
    let least = least_pitch(main);
    for row in main {
        let Some(first) = row.first() else { continue };
        let pitch = before.map_or(f32::MAX, |before| row.top() - before.top());
        let indented = measured.positioned
            && !measured.centred
            && first.rect.x0 - measured.left >= 9.0
            && first.rect.x0 - measured.left < 60.0
            && !shows_address(layout, first);
        let wrapped = before.is_some_and(|before| wraps(before, row, measured, pitch));
        let goes_on = match found.last() {
            None => false,
            Some(_) if first.bullet => false,
            Some(group) if group.bullet => {
                let marker = group.first().map_or(0.0, |frag| frag.rect.x0);
                let marked = group.first().is_some_and(|frag| frag.bullet);
                let deeper =
                    marked && measured.positioned && first.rect.x0 > marker + 2.0 && pitch < 2.2 * first.size;
                let heavier = |head: &Frag<'_>| first.size > head.size + 0.6 || (first.bold && !head.bold);
                let same_item = first.listed
                    && !first.bullet
                    && !group.first().is_some_and(heavier)
                    && group.first().is_some_and(|head| head.bullet && head.block == first.block);
                let near = pitch <= least * 1.15;
                same_item
                    || deeper
                    || (wrapped && (marked || near))
                    || (near && !marked && first.text.starts_with(char::is_lowercase))
            }
            Some(group) => {
                let level = |frag: &Frag<'_>| (frag.rect.x0 - first.rect.x0).abs() < 3.0;
                wrapped && (measured.centred || group.first().is_some_and(level))
            }
        };
        match found.last_mut().filter(|_| goes_on) {
            Some(group) => group.rows.push((row.clone(), pitch)),
            None => found.push(Group { bullet: first.bullet || indented, rows: vec![(row.clone(), pitch)] }),
        }
        before = Some(row);
    }
    found.into_iter().flat_map(|group| group.units(layout)).collect()
}

/// The smallest distance between rows, but not of rows that nearly touch.
fn least_pitch(main: &[Row<'_, '_>]) -> f32 {
    main.windows(2)
        .filter_map(|pair| {
            let [a, b] = pair else { return None };
            let pitch = b.top() - a.top();
            (pitch > 6.0).then_some(pitch)
        })
        .fold(f32::MAX, f32::min)
}

/// Whether a row goes on with the sentence of the row before, which was full.
fn wraps(before: &Row<'_, '_>, row: &Row<'_, '_>, measured: &Measure, pitch: f32) -> bool {
    let (Some(last), Some(first)) = (before.frags.last(), row.first()) else { return false };
    let dated = word_count(last.text) <= 10 && find_dates(last.text).iter().any(|date| !date.single);
    if row.frags.len() > 1
        || before.frags.len() > 1
        || dated
        || (last.size - first.size).abs() > 0.3
        || first.bullet
        || super::entries::starts_with_label(first.text)
    {
        return false;
    }
    let word = first.text.split_whitespace().next().unwrap_or(first.text);
    if !measured.positioned {
        // A line that begins in small letters goes on with a line of some length.
        if last.block == first.block && last.text.len() >= 40 && first.text.starts_with(char::is_lowercase) {
            return true;
        }
        // Text files wrap at a width; where lines are short or very long they do not.
        let word_len = word.len().min(20);
        let full = last.range.len() + word_len + 1 >= measured.longest * 9 / 10
            && last.range.len() * 4 >= measured.longest * 3;
        return last.block == first.block && (60..=130).contains(&measured.longest) && full;
    }
    let width = first.rect.width() / first.text.chars().count().max(1) as f32;
    let word_width = if has_cjk(word) { width * 2.0 } else { width * word.chars().count() as f32 };
    let full = last.rect.x1 + word_width + width * 1.2 >= measured.right;
    let hyphenated = last.text.ends_with('-') && first.text.starts_with(char::is_lowercase);
    let weight = last.runs.last().map(|run| run.bold) == first.runs.first().map(|run| run.bold)
        || (first.text.starts_with(char::is_lowercase) && !first.bold);
    let page = last.page != first.page;
    (full || hyphenated) && weight && (pitch < 2.3 * first.size || page)
}
