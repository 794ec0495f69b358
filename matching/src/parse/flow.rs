//! The text of a section as units: header lines, bullets and paragraphs, with dates and places set beside them apart.

use std::ops::Range;

use super::dates::find_dates;
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::places::place_score;
use super::rows::{Row, rows};
use super::text::{collapse, has_cjk, tokens, word_count};
use super::units::{measure, units};

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
    /// Its first stretch.
    pub(super) range: Range<usize>,
    /// The other stretches, when text of other columns stands between its lines.
    pub(super) more: Vec<Range<usize>>,
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
        return Joined { text: String::new(), range: 0..0, more: Vec::new() };
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
        return Joined { text: between, range: whole, more: Vec::new() };
    }
    let mut stretches: Vec<Range<usize>> = Vec::new();
    for frag in frags {
        let range = frag.range.clone();
        // List markers and tabs between two lines do not separate them.
        let adjoins = |last: &&mut Range<usize>| {
            last.end <= range.start
                && !layout.slice(&(last.end..range.start)).chars().any(char::is_alphanumeric)
        };
        match stretches.last_mut().filter(adjoins) {
            Some(last) => last.end = range.end,
            None => stretches.push(range),
        }
    }
    let mut stretches = stretches.into_iter();
    Joined { text, range: stretches.next().unwrap_or(whole), more: stretches.collect() }
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

/// Whether a fragment is a web address: written so, or linked to what it says.
pub(super) fn shows_address(layout: &Layout<'_>, frag: &Frag<'_>) -> bool {
    let letters =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    super::pieces::is_address(frag.text)
        || layout.links(&frag.reach).any(|(target, _)| {
            letters(target).trim_start_matches("https") == letters(frag.text).trim_start_matches("https")
        })
}

/// Whether a text is sentences rather than a name.
pub(crate) fn is_prose(text: &str) -> bool {
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
