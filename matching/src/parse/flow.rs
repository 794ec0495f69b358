//! The text of a section as units: header lines, bullets and paragraphs, with dates and places set beside them apart.

use std::ops::Range;

use super::dates::find_dates;
use super::layout::{Frag, Layout, Row, rows};
use super::lexicon::lexicon;
use super::places::place_score;
use super::text::{collapse, has_cjk, tokens, word_count};

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// A line that names something.
    Header,
    /// An item of a list.
    Bullet,
    /// Sentences.
    Prose,
}

/// A line, list item or paragraph.
#[derive(Debug, Clone)]
pub(super) struct Unit<'a, 'd> {
    pub(super) kind: UnitKind,
    /// Its fragments in reading order.
    pub(super) frags: Vec<&'a Frag<'d>>,
    pub(super) top: f32,
    /// Distance from the top of the row before.
    pub(super) pitch: f32,
}

/// A text put together from fragments, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Joined {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

impl<'a> Unit<'a, '_> {
    /// The first fragment.
    pub(super) fn first(&self) -> Option<&'a Frag<'_>> {
        self.frags.first().copied()
    }

    /// The whole text.
    pub(super) fn joined(&self, layout: &Layout<'_>) -> Joined {
        join(layout, &self.frags)
    }
}

/// Puts fragments together: as the document has them where they follow each other, else with spaces.
pub(super) fn join(layout: &Layout<'_>, frags: &[&Frag<'_>]) -> Joined {
    let (Some(first), Some(last)) = (frags.first(), frags.last()) else {
        return Joined { text: String::new(), range: 0..0 };
    };
    let mut text = String::new();
    for frag in frags {
        let broken = text.ends_with('-') && frag.text.starts_with(char::is_lowercase);
        let unspaced = text.ends_with(|c| has_cjk(&format!("{c}"))) && has_cjk(frag.text);
        if !(text.is_empty() || broken || unspaced) {
            text.push(' ');
        }
        text.push_str(frag.text);
    }
    let text = collapse(&text);
    let whole = first.range.start..last.range.end.max(first.range.end);
    let between = collapse(layout.slice(&whole));
    if between.len() == text.len() || frags.len() == 1 {
        return Joined { text: between, range: whole };
    }
    let near = whole.start < whole.end && whole.len() <= text.len() * 2 + 60;
    Joined { text, range: if near { whole } else { first.range.clone() } }
}

/// A column of a section.
#[derive(Debug)]
pub(super) struct Flow<'a, 'd> {
    pub(super) units: Vec<Unit<'a, 'd>>,
    /// Dates, places and lengths of time set beside the text.
    pub(super) metas: Vec<&'a Frag<'d>>,
}

/// A date, a place, or a length of time, and nothing else.
pub(super) fn is_meta(frag: &Frag<'_>) -> bool {
    is_date_only(frag.text) || place_score(frag.text) >= 0.7 || is_duration(frag.text)
}

/// Whether dates make up nearly all of a text.
pub(super) fn is_date_only(text: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let dated: usize =
        find_dates(text).iter().filter_map(|date| text.get(date.range.clone())).map(letters).sum();
    dated > 0 && dated * 10 >= letters(text) * 7
}

/// "2 years 10 months", "(4 mos)".
pub(super) fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 32] = [
        "year", "years", "yr", "yrs", "month", "months", "mo", "mos", "jahr", "jahre", "monat", "monate",
        "an", "ans", "mois", "ano", "anos", "mes", "meses", "anno", "anni", "mese", "mesi", "jaar", "maand",
        "maanden", "lat", "rok", "weeks", "week", "days", "and",
    ];
    let words = tokens(text);
    let numeric = words.iter().any(|word| word.folded.chars().all(|c| c.is_ascii_digit()));
    let unit = |word: &str| UNITS.contains(&word) || word.chars().all(|c| c.is_ascii_digit());
    let named = words.iter().any(|word| UNITS.contains(&word.folded.as_str()) && word.folded != "and");
    numeric && named && words.len() >= 2 && words.len() <= 6 && words.iter().all(|word| unit(&word.folded))
}

/// The columns of a section with their units.
pub(super) fn flows<'a, 'd>(layout: &'a Layout<'d>, frags: &[&'a Frag<'d>]) -> Vec<Flow<'a, 'd>> {
    let cells = if layout.positioned { grid(frags) } else { vec![frags.to_vec()] };
    cells.iter().map(|cell| flow(layout, cell)).collect()
}

/// Cuts fragments into columns of equal standing, such as projects set side by side.
fn grid<'a, 'd>(frags: &[&'a Frag<'d>]) -> Vec<Vec<&'a Frag<'d>>> {
    let all = rows(frags);
    let mut cuts: Vec<f32> =
        all.iter().flat_map(|row| row.frags.iter().skip(1)).map(|frag| frag.rect.x0 - 1.0).collect();
    cuts.sort_by(f32::total_cmp);
    cuts.dedup_by(|a, b| (*a - *b).abs() < 1.0);
    for cut in cuts {
        if frags.iter().any(|frag| frag.rect.x0 < cut && frag.rect.x1 > cut + 1.0) {
            continue;
        }
        if is_grid(&all, cut) {
            let (left, right): (Vec<_>, Vec<_>) = frags.iter().partition(|frag| frag.rect.x0 < cut);
            let mut cells = vec![left];
            cells.extend(grid(&right));
            return cells;
        }
    }
    vec![frags.to_vec()]
}

/// Whether what stands right of `cut` is of the same kind as what stands left of it, row by row.
fn is_grid<'a, 'd>(all: &[Row<'a, 'd>], cut: f32) -> bool {
    // Dates and places may stand at the right edge of each column.
    let left_of = |row: &Row<'a, 'd>| row.frags.iter().find(|f| f.rect.x0 < cut && !is_meta(f)).copied();
    let right_of = |row: &Row<'a, 'd>| row.frags.iter().find(|f| f.rect.x0 >= cut && !is_meta(f)).copied();
    let left: Vec<&Frag<'_>> = all.iter().filter_map(left_of).collect();
    let right: Vec<&Frag<'_>> = all.iter().filter_map(right_of).collect();
    let both: Vec<(&Frag<'_>, &Frag<'_>)> =
        all.iter().filter_map(|row| Some((left_of(row)?, right_of(row)?))).collect();
    let edge = right.iter().map(|frag| frag.rect.x0).fold(f32::MAX, f32::min);
    let aligned = right.iter().filter(|frag| frag.rect.x0 - edge < 24.0).count();
    let exact = right.iter().filter(|frag| frag.rect.x0 - edge < 3.0).count();
    let commas = |frag: &Frag<'_>| frag.text.matches(',').count() > 1;
    let alike = both
        .iter()
        .filter(|(a, b)| {
            a.same_style(b)
                && a.bullet == b.bullet
                && (commas(a) == commas(b) || a.bullet || word_count(a.text) > 6)
        })
        .count();
    let labels =
        left.iter().filter(|frag| frag.text.ends_with(':') || lexicon().set("degree").is(frag.text)).count();
    both.len() >= 2
        && all.first().is_some_and(|row| left_of(row).is_some() && right_of(row).is_some())
        && aligned * 10 >= right.len() * 8
        && (exact >= 2 || exact * 10 >= right.len() * 3)
        && alike * 10 >= both.len() * 7
        && labels * 2 < left.len()
        && left.len() * 2 >= right.len()
        && right.len() * 3 >= left.len()
}

/// What the rows of a column have in common.
struct Measure {
    left: f32,
    right: f32,
    centred: bool,
    /// Longest line in characters, for formats without positions.
    longest: usize,
    positioned: bool,
}

fn measure(layout: &Layout<'_>, main: &[Row<'_, '_>]) -> Measure {
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
        longest: layout.doc.lines().map(|line| line.range.len()).max().unwrap_or(0),
        positioned: layout.positioned,
    }
}

fn flow<'a, 'd>(layout: &'a Layout<'d>, cell: &[&'a Frag<'d>]) -> Flow<'a, 'd> {
    let mut metas = Vec::new();
    let mut main: Vec<Row<'a, 'd>> = Vec::new();
    for row in rows(cell) {
        let all_meta = row.frags.iter().all(|frag| is_meta(frag));
        let beside: Vec<&Frag<'d>> = if row.frags.len() < 2 || all_meta {
            Vec::new()
        } else {
            row.frags.iter().filter(|frag| is_meta(frag)).copied().collect()
        };
        let rest: Vec<&Frag<'d>> = row
            .frags
            .into_iter()
            .filter(|frag| !beside.iter().any(|meta| meta.range == frag.range))
            .collect();
        metas.extend(beside);
        main.push(Row { frags: rest });
    }
    let measured = measure(layout, &main);
    if layout.positioned {
        // A date or place alone at the right margin stands beside the text as well.
        let middle =
            f32::midpoint(measured.left, cell.iter().map(|frag| frag.rect.x1).fold(f32::MIN, f32::max));
        let (aside, kept): (Vec<_>, Vec<_>) = main.into_iter().partition(|row| {
            row.frags.iter().all(|frag| !measured.centred && frag.rect.x0 > middle && is_meta(frag))
        });
        metas.extend(aside.into_iter().flat_map(|row| row.frags));
        main = kept;
    }
    let measured = measure(layout, &main);
    Flow { units: units(layout, &main, &measured), metas }
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
    connected || listed || long || next.text.starts_with(char::is_lowercase) || next.text.starts_with('(')
}

/// Groups rows into units.
fn units<'a, 'd>(layout: &Layout<'d>, main: &[Row<'a, 'd>], measured: &Measure) -> Vec<Unit<'a, 'd>> {
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
                let same_item = first.listed
                    && !first.bullet
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

/// Whether a fragment is a web address: written so, or linked to what it says.
pub(super) fn shows_address(layout: &Layout<'_>, frag: &Frag<'_>) -> bool {
    let letters =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    super::pieces::is_address(frag.text)
        || layout.links(&frag.reach).any(|(target, _)| {
            letters(target).trim_start_matches("https") == letters(frag.text).trim_start_matches("https")
        })
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
    {
        return false;
    }
    let word = first.text.split_whitespace().next().unwrap_or(first.text);
    if !measured.positioned {
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
        || first.text.starts_with(char::is_lowercase);
    let page = last.page != first.page;
    (full || hyphenated) && weight && (pitch < 2.3 * first.size || page)
}

/// Whether a text is sentences rather than a name.
pub(super) fn is_prose(text: &str) -> bool {
    let words = word_count(text);
    let function = lexicon().set("function").find(text).len();
    let ended = text.ends_with(['.', '。', '!', ';']) && !text.ends_with("Inc.") && !text.ends_with("Ltd.");
    let dated = words < 16 && find_dates(text).iter().any(|date| !date.single);
    let listed = text.matches(", ").count() >= 3 && function < 2;
    let capitals =
        text.split_whitespace().filter(|word| word.chars().next().is_some_and(char::is_uppercase)).count();
    // Most words of a name begin with a capital; few words of a sentence do (nouns in German).
    let named = !ended && words <= 16 && capitals * 10 >= words * 6;
    if dated || listed || named || super::pieces::is_address(text) {
        return false;
    }
    (ended && words >= 6)
        || (function >= 2 && words >= 9)
        || words >= 18
        || (words >= 5 && function >= 1 && text.starts_with(char::is_lowercase))
}
