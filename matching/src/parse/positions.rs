//! Positions held (work and volunteer): employer, title, dates, place, tasks; the order of employer and title is
//! learnt from all entries of the section together.

use std::collections::BTreeMap;

use super::contact::address;
use super::dates::{DateSpan, PartialDate};
use super::entries::{Entry, entries, starts_with_label};
use super::flow::{UnitKind, flows, shows_address};
use super::labels::Label;
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::pieces::{Piece, split_weak};
use super::text::tokens;
use super::values::Value;

/// First and last date of something, as ISO 8601.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Period {
    pub(super) start: Option<Value>,
    pub(super) end: Option<Value>,
}

impl Period {
    /// The period that a date or stretch of time states; a single date is both ends.
    pub(super) fn of(span: &DateSpan) -> Self {
        let value = |date: PartialDate| Value::new(date.to_string(), span.range.clone(), 0.95);
        let end = if span.single { span.start } else { span.end };
        Self { start: span.start.map(value), end: end.map(value) }
    }

    /// The best of several: a stretch rather than a date, months rather than years, the first of equals.
    pub(super) fn best(dates: &[DateSpan]) -> Option<&DateSpan> {
        let rank = |span: &DateSpan| {
            let months = span.start.or(span.end).is_some_and(|date| date.month.is_some());
            u8::from(!span.single) * 2 + u8::from(months)
        };
        let top = dates.iter().map(rank).max()?;
        dates.iter().find(|span| rank(span) == top)
    }
}

/// A position.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Position {
    pub(super) organization: Option<Value>,
    pub(super) title: Option<Value>,
    pub(super) location: Option<Value>,
    pub(super) url: Option<Value>,
    pub(super) period: Period,
    pub(super) description: Option<Value>,
    pub(super) summary: Option<Value>,
    pub(super) highlights: Vec<Value>,
    /// Employer or title is said with a label: nothing is to be guessed from other entries.
    pub(super) sure: bool,
}

/// The text under the header lines of an entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Body {
    pub(super) summary: Option<Value>,
    pub(super) highlights: Vec<Value>,
    pub(super) url: Option<Value>,
    pub(super) keywords: Vec<Value>,
}

/// Reads bullets, paragraphs, lists of technologies and a web address from the text of an entry.
pub(super) fn body(layout: &Layout<'_>, entry: &Entry<'_, '_>) -> Body {
    let mut body = Body::default();
    let mut prose: Vec<&Frag<'_>> = Vec::new();
    for unit in &entry.body {
        let joined = unit.joined(layout);
        if unit.frags.iter().all(|frag| shows_address(layout, frag)) {
            body.url = body.url.or_else(|| link(layout, &joined.text, joined.range.clone()));
        } else if let Some(list) = technologies(layout, &joined) {
            body.keywords.extend(list);
        } else if unit.kind == UnitKind::Bullet {
            body.highlights.push(Value::joined(joined, 0.9));
        } else {
            prose.extend(&unit.frags);
        }
    }
    if !prose.is_empty() {
        body.summary = Some(Value::joined(super::flow::join(layout, &prose), 0.85));
    }
    if let Some(said) = entry.labelled(Label::Summary) {
        body.summary = Some(match body.summary {
            Some(rest) => said.followed_by(rest),
            None => said,
        });
    }
    body
}

/// "Technologies: Rust, Go" as a list.
pub(super) fn technologies(layout: &Layout<'_>, joined: &super::flow::Joined) -> Option<Vec<Value>> {
    let colon = joined.text.find([':', '：'])?;
    if !lexicon().set("label.technologies").is(joined.text.get(..colon)?) {
        return None;
    }
    let slice = layout.slice(&joined.range);
    let at = slice.find([':', '：'])?;
    let start = joined.range.start + at + slice.get(at..)?.chars().next()?.len_utf8();
    Some(super::lists::split_list(layout, start..joined.range.end, 0.9))
}

/// A web address in a range, by its link where there is one.
pub(super) fn link(layout: &Layout<'_>, text: &str, range: std::ops::Range<usize>) -> Option<Value> {
    let target = layout.links(&range).map(|(target, _)| target).find(|target| target.starts_with("http"));
    if let Some(target) = target {
        return Some(Value::new(target, range, 0.97));
    }
    let found = super::contact::find_urls(text).into_iter().next()?;
    let url = text.get(found)?;
    Some(Value::new(if url.contains("://") { url.to_owned() } else { address(url).url }, range, 0.9))
}

/// The web address of an entry: written out, or laid on its header lines.
pub(super) fn entry_link(layout: &Layout<'_>, entry: &Entry<'_, '_>) -> Option<Value> {
    let written = entry.header.urls.iter().find_map(|range| link(layout, layout.slice(range), range.clone()));
    written.or_else(|| {
        entry.headers.iter().flat_map(|unit| &unit.frags).find_map(|frag| {
            layout
                .links(&frag.range)
                .find(|(target, _)| target.starts_with("http"))
                .map(|(target, range)| Value::new(target, range, 0.95))
        })
    })
}

/// How much a name looks like a job title rather than an employer.
fn leaning(text: &str) -> f32 {
    let lexicon = lexicon();
    let words = tokens(text);
    let title = lexicon.set("title").find(text);
    let organization = lexicon.set("organization").find(text);
    let ends = |found: &[std::ops::Range<usize>]| {
        found.iter().any(|range| words.last().is_some_and(|last| last.range.end <= range.end))
    };
    let mut score = 0.0;
    if !title.is_empty() {
        score += if ends(&title) { 2.0 } else { 1.2 };
    } else if lexicon.set("title").ends_compound(text) {
        score += 1.5;
    }
    if !organization.is_empty() {
        score -= if ends(&organization) { 1.8 } else { 0.8 };
    }
    if lexicon.set("institution").occurs(text) {
        score -= 0.6;
    }
    score
}

type Slot = (usize, usize, bool);

/// The mean leaning of the pieces in each place over all entries.
fn vote(layout: &Layout<'_>, found: &[Entry<'_, '_>]) -> BTreeMap<Slot, f32> {
    let mut sums: BTreeMap<Slot, (f32, f32)> = BTreeMap::new();
    for piece in found.iter().flat_map(|entry| &entry.header.pieces) {
        let sum = sums.entry((piece.row, piece.column, piece.bold)).or_default();
        sum.0 += leaning(layout.slice(&piece.range));
        sum.1 += 1.0;
    }
    sums.into_iter().map(|(slot, (sum, count))| (slot, sum / count)).collect()
}

/// The positions of a section.
pub(super) fn positions<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Position> {
    let found = entries(layout, flows(layout, frags));
    let votes = vote(layout, &found);
    let mut positions: Vec<Position> = Vec::new();
    let mut employer: Option<(Value, usize)> = None;
    for entry in &found {
        let (position, names) = position(layout, entry, &votes);
        let empty = position.summary.is_none() && position.highlights.is_empty();
        if position.title.is_none()
            && empty
            && !position.sure
            && let Some(organization) = &position.organization
        {
            // The name of an employer above several roles; it stands alone if no role follows.
            employer = Some((organization.clone(), 0));
            positions.push(position);
            continue;
        }
        let mut position = position;
        if position.organization.is_none() && position.title.is_some() && !position.sure {
            if let Some((organization, roles)) = &mut employer {
                position.organization = Some(Value { confidence: 0.7, ..organization.clone() });
                if *roles == 0 && positions.last().is_some_and(|last| last.title.is_none()) {
                    let parent = positions.pop().unwrap_or_default();
                    position.location = position.location.or(parent.location);
                    position.url = position.url.or(parent.url);
                    if position.period.start.is_none() {
                        position.period = parent.period;
                    }
                }
                *roles += 1;
            }
        } else if let Some(organization) = &position.organization {
            employer = (names > 1).then(|| (organization.clone(), 1));
        }
        positions.push(position);
    }
    positions.retain(|position| position.organization.is_some() || position.title.is_some());
    positions
}

fn position(layout: &Layout<'_>, entry: &Entry<'_, '_>, votes: &BTreeMap<Slot, f32>) -> (Position, usize) {
    let body = body(layout, entry);
    let mut pieces: Vec<Piece> = entry
        .header
        .pieces
        .iter()
        .filter(|piece| !starts_with_label(layout.slice(&piece.range)))
        .cloned()
        .collect();
    let titled = |pieces: &[Piece]| pieces.iter().any(|piece| leaning(layout.slice(&piece.range)) > 0.0);
    if pieces.len() == 1 || (!pieces.is_empty() && !titled(&pieces)) {
        let split: Vec<Piece> = pieces.iter().flat_map(|piece| split_weak(layout, piece)).collect();
        if split.len() > pieces.len() && titled(&split) {
            pieces = split;
        }
    }
    let names = pieces.len();
    let (organization, title, rest) = match (entry.labelled(Label::Organization), entry.labelled(Label::Role))
    {
        (None, None) => assign(layout, pieces, votes),
        (Some(organization), Some(title)) => (Some(organization), Some(title), pieces),
        (organization, title) => {
            // The other one is the first name beside it.
            let mut names = pieces.into_iter();
            let other = names.next().map(|piece| Value::new(layout.slice(&piece.range), piece.range, 0.8));
            let (organization, title) = match organization {
                Some(organization) => (Some(organization), other),
                None => (other, title),
            };
            (organization, title, names.collect())
        }
    };
    let period = Period::best(&entry.header.dates).map(Period::of).unwrap_or_default();
    let location =
        entry.header.places.first().map(|range| Value::new(layout.slice(range), range.clone(), 0.9));
    let description = entry.labelled(Label::About).or_else(|| {
        rest.first().map(|piece| Value::new(layout.slice(&piece.range), piece.range.clone(), 0.5))
    });
    let position = Position {
        organization,
        title,
        location,
        url: entry_link(layout, entry).or(body.url),
        period,
        description,
        summary: body.summary,
        highlights: body.highlights,
        sure: entry.labelled(Label::Organization).or_else(|| entry.labelled(Label::Role)).is_some(),
    };
    (position, names)
}

/// Which of the names is the employer and which the title.
fn assign(
    layout: &Layout<'_>,
    mut pieces: Vec<Piece>,
    votes: &BTreeMap<Slot, f32>,
) -> (Option<Value>, Option<Value>, Vec<Piece>) {
    let score = |piece: &Piece| {
        let vote = votes.get(&(piece.row, piece.column, piece.bold)).copied().unwrap_or(0.0);
        leaning(layout.slice(&piece.range)) + 0.8 * vote
    };
    let value = |piece: &Piece, sure: f32| {
        Value::new(layout.slice(&piece.range), piece.range.clone(), (0.6 + 0.12 * sure.abs()).min(0.97))
    };
    if pieces.len() == 1 {
        let Some(piece) = pieces.pop() else { return (None, None, Vec::new()) };
        let sure = score(&piece);
        let named = Some(value(&piece, sure));
        return if sure > 0.0 { (None, named, Vec::new()) } else { (named, None, Vec::new()) };
    }
    let best = |pieces: &[Piece], sign: f32| {
        let mut best: Option<(usize, f32)> = None;
        for (index, piece) in pieces.iter().enumerate().take(4) {
            let found = score(piece) * sign;
            if best.is_none_or(|(_, known)| found > known + 0.01) {
                best = Some((index, found));
            }
        }
        best
    };
    let Some((at, sure)) = best(&pieces, 1.0) else { return (None, None, pieces) };
    // Nothing looks like a title: it is what the employer is not, and the employer comes first.
    let employer = best(&pieces, -1.0).filter(|(_, sure)| *sure > 0.3).map_or(0, |(at, _)| at);
    let at = if sure > 0.0 { at } else { usize::from(employer == 0).min(pieces.len() - 1) };
    let title = pieces.remove(at);
    let title = Some(value(&title, sure));
    let Some((at, sure)) = best(&pieces, -1.0) else { return (None, title, pieces) };
    let organization = pieces.remove(at);
    (Some(value(&organization, sure)), title, pieces)
}
