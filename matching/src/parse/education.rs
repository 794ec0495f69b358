//! Education: school, degree, subject, grade and dates.

use std::ops::Range;

use super::dates::DateSpan;
use super::entries::{Entry, entries};
use super::flow::{Unit, UnitKind, flows};
use super::labels::Label;
use super::layout::{Frag, Layout};
use super::lexicon::lexicon;
use super::pieces::{Piece, split_weak};
use super::positions::{Period, entry_link};
use super::text::{tokens, trim_range, word_count};
use super::values::Value;

/// Time at a school.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Study {
    pub(super) institution: Option<Value>,
    pub(super) area: Option<Value>,
    pub(super) study_type: Option<Value>,
    pub(super) score: Option<Value>,
    pub(super) url: Option<Value>,
    pub(super) period: Period,
    pub(super) courses: Vec<Value>,
}

/// The schools of a section.
pub(super) fn studies<'d>(layout: &Layout<'d>, frags: &[&Frag<'d>]) -> Vec<Study> {
    let mut found: Vec<Study> = Vec::new();
    for entry in entries(layout, flows(layout, frags)) {
        if entry.headers.is_empty()
            && entry.stated.is_empty()
            && entry.body.iter().all(|unit| unit.kind == UnitKind::Bullet)
        {
            found.extend(entry.body.iter().map(|unit| bare(layout, unit)));
        } else {
            found.push(study(layout, &entry));
        }
    }
    found.retain(|study| study.institution.is_some() || study.study_type.is_some() || study.area.is_some());
    found
}

/// A school in one list item.
fn bare<'a, 'd>(layout: &'a Layout<'d>, unit: &Unit<'a, 'd>) -> Study {
    let mut header = super::pieces::Header::default();
    header.add_unit(layout, unit, 0);
    let entry = Entry { headers: vec![unit.clone()], header, ..Entry::empty(unit.top) };
    study(layout, &entry)
}

fn study(layout: &Layout<'_>, entry: &Entry<'_, '_>) -> Study {
    let mut study = Study { url: entry_link(layout, entry), ..Study::default() };
    study.period = Period::best(&entry.header.dates).map(graduation).unwrap_or_default();
    let mut unknown: Vec<Range<usize>> = Vec::new();
    for piece in &entry.header.pieces {
        for part in parts(layout, piece) {
            read_part(layout, &mut study, part, &mut unknown);
        }
    }
    let school = entry.labelled(Label::School).or_else(|| entry.labelled(Label::Organization));
    study.institution = school.or(study.institution);
    study.study_type = entry.labelled(Label::Degree).or(study.study_type);
    study.area = entry.labelled(Label::Area).or(study.area);
    study.score = entry.labelled(Label::Grade).or(study.score);
    if study.institution.is_none() && !unknown.is_empty() {
        let range = unknown.remove(0);
        study.institution = Some(Value::new(layout.slice(&range), range, 0.6));
    }
    if study.area.is_none() && !unknown.is_empty() {
        let range = unknown.remove(0);
        study.area = Some(Value::new(layout.slice(&range), range, 0.65));
    }
    for unit in &entry.body {
        let joined = unit.joined(layout);
        if study.score.is_none() {
            study.score = score(layout, &joined.range);
        }
        study.courses.push(Value::joined(joined, 0.8));
    }
    study
}

/// One date alone is that of the degree.
fn graduation(span: &DateSpan) -> Period {
    let period = Period::of(span);
    if span.single { Period { start: None, end: period.end } } else { period }
}

/// A piece, cut at its commas when it names a school and a degree at once.
fn parts(layout: &Layout<'_>, piece: &Piece) -> Vec<Range<usize>> {
    let text = layout.slice(&piece.range);
    let lexicon = lexicon();
    let both = lexicon.set("institution").occurs(text) && degree_in(text).is_some();
    if !both {
        return vec![piece.range.clone()];
    }
    // "PhD Princeton University": the degree stands in a column of its own.
    if let Some(found) = lexicon.set("degree").starts(text) {
        let rest = trim_range(&layout.doc.text, piece.range.start + found.end..piece.range.end, &EDGES);
        let tail = layout.slice(&rest);
        let connected = lexicon.set("degree.in").starts(tail).is_some() || !starts_upper(tail);
        if !connected && !tail.contains(',') && lexicon.set("institution").occurs(tail) && !text.contains(',')
        {
            let degree = piece.range.start + found.start..piece.range.start + found.end;
            return vec![close_dot(layout, degree), rest];
        }
    }
    let split = split_weak(layout, piece);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for part in split {
        let text = layout.slice(&part.range);
        let plain = degree_in(text).is_none() && !lexicon.set("institution").occurs(text);
        let after_school = joined
            .last()
            .is_some_and(|last| lexicon.set("institution").occurs(layout.slice(last)) && joined.len() > 1);
        match joined.last_mut() {
            // "University of California, Berkeley" after the degree.
            Some(last) if plain && after_school => last.end = part.range.end,
            _ => joined.push(part.range),
        }
    }
    joined
}

const EDGES: [char; 12] = [',', ';', ':', '-', '–', '—', '|', '(', ')', '·', '•', '/'];

fn starts_upper(text: &str) -> bool {
    text.chars().next().is_some_and(|c| !c.is_lowercase())
}

/// The place of a degree in a text: at its start, or after a comma or bracket.
fn degree_in(text: &str) -> Option<Range<usize>> {
    let degrees = lexicon().set("degree");
    if let Some(found) = degrees.starts(text) {
        return Some(found);
    }
    degrees.find(text).into_iter().find(|range| {
        let before = text.get(..range.start).unwrap_or_default().trim_end();
        before.is_empty()
            || before.ends_with([',', '(', '-', '–', '|', ':', '，', '·'])
            || text.get(range.clone()).is_some_and(super::text::has_cjk)
    })
}

fn read_part(layout: &Layout<'_>, study: &mut Study, range: Range<usize>, unknown: &mut Vec<Range<usize>>) {
    let text = layout.slice(&range);
    let lexicon = lexicon();
    if let Some(found) = score(layout, &range) {
        study.score.get_or_insert(found);
        return;
    }
    let school = lexicon.set("institution").occurs(text);
    let degree = degree_in(text);
    let again = study.study_type.is_some() && (study.area.is_some() || school);
    if let Some(found) = degree.filter(|found| !again && (!school || found.start == 0)) {
        let (kind, area) = degree_and_area(layout, &range, found);
        // A column may repeat the degree in short.
        study.study_type.get_or_insert_with(|| Value::new(layout.slice(&kind), kind, 0.92));
        if let Some(area) = area.filter(|_| study.area.is_none()) {
            study.area = Some(Value::new(layout.slice(&area), area, 0.9));
        }
        return;
    }
    if school && study.institution.is_none() {
        // "Princeton University, Computer Science" next to a degree of its own.
        let (name, rest) = school_and_rest(layout, &range);
        study.institution = Some(Value::new(layout.slice(&name), name, 0.95));
        unknown.extend(rest);
    } else {
        unknown.push(range);
    }
}

fn school_and_rest(layout: &Layout<'_>, range: &Range<usize>) -> (Range<usize>, Option<Range<usize>>) {
    let text = layout.slice(range);
    let named_after = tokens(text).windows(2).any(|pair| {
        matches!(pair, [a, b] if a.folded.starts_with("univers") && matches!(b.folded.as_str(), "of" | "de" | "di" | "da"))
    });
    let Some(comma) = text.rfind(", ") else { return (range.clone(), None) };
    let (head, tail) = (text.get(..comma).unwrap_or_default(), text.get(comma + 2..).unwrap_or_default());
    let school = lexicon().set("institution");
    if !school.occurs(head)
        || school.occurs(tail)
        || (named_after && word_count(tail) < 3)
        || word_count(tail) < 2
    {
        return (range.clone(), None);
    }
    let rest = trim_range(&layout.doc.text, range.start + comma + 2..range.end, &EDGES);
    (range.start..range.start + comma, Some(rest))
}

/// A full stop that belongs to an abbreviation.
fn close_dot(layout: &Layout<'_>, range: Range<usize>) -> Range<usize> {
    let abbreviated = layout.slice(&range).contains('.');
    if abbreviated && layout.slice(&(range.end..range.end + 1)) == "." {
        range.start..range.end + 1
    } else {
        range
    }
}

/// Splits "PhD in Computer Science", "Bachelor of Science (Mathematics)", "Computer Science, BSc".
fn degree_and_area(
    layout: &Layout<'_>,
    range: &Range<usize>,
    found: Range<usize>,
) -> (Range<usize>, Option<Range<usize>>) {
    let doc = &layout.doc.text;
    let lexicon = lexicon();
    let text = layout.slice(range);
    let mut kind = range.start + found.start..range.start + found.end;
    // "'s" and a closing full stop are part of the degree.
    let tail = layout.slice(&(kind.end..range.end));
    if tail.starts_with("'s") || tail.starts_with("’s") {
        kind.end += if tail.starts_with('’') { "’s".len() } else { 2 };
    }
    kind = close_dot(layout, kind);
    let mut tail = layout.slice(&(kind.end..range.end));
    for word in [" degree", " Degree", " (Hons)", " (Hons.)", " (Honours)", " Honours", " with Honours"] {
        if let Some(rest) = tail.strip_prefix(word) {
            kind.end = range.end - rest.len();
            tail = rest;
        }
    }
    // "Bachelor of Design in …" has a name that the list does not know.
    if layout.slice(&kind).to_lowercase().ends_with(" of") {
        let end = tail.find([',', '(', '-', '–', '|']).or_else(|| tail.find(" in ")).unwrap_or(tail.len());
        kind = trim_range(doc, kind.start..kind.end + end, &EDGES);
        tail = layout.slice(&(kind.end..range.end));
    }
    let mut rest = trim_range(doc, range.end - tail.len()..range.end, &EDGES);
    if found.start > 0 && rest.is_empty() {
        let area = trim_range(doc, range.start..range.start + found.start, &EDGES);
        return (kind, (!area.is_empty()).then_some(area));
    }
    let after = layout.slice(&rest);
    if let Some(word) =
        lexicon.set("degree.in").starts(after).filter(|word| word.start == 0 && !text.is_empty())
    {
        rest = trim_range(doc, rest.start + word.end..rest.end, &EDGES);
    }
    // What follows a comma is a note: "BSc in Mathematics, Minor in Physics".
    let after = layout.slice(&rest);
    if let Some(comma) = after.find(['(', ';']).or_else(|| after.find(", ")).filter(|at| *at > 0) {
        let noted = after.get(comma + 1..).unwrap_or_default();
        if degree_in(noted.trim()).is_some()
            || after.get(comma..).is_some_and(|rest| rest.starts_with(['(', ';']))
        {
            rest = trim_range(doc, rest.start..rest.start + comma, &EDGES);
        }
    }
    (kind, (!rest.is_empty()).then_some(rest))
}

/// The grade that a text states: "GPA: 3.97/4.00", "Note 1,3", "3.9 GPA".
fn score(layout: &Layout<'_>, range: &Range<usize>) -> Option<Value> {
    let text = layout.slice(range);
    let labels = lexicon().set("score");
    let words = tokens(text);
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '/' | '%');
    let label = labels.starts(text)?;
    let rest = text.get(label.end..)?;
    let close = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let at = rest.len() - close.len();
    if close.starts_with(|c: char| c.is_ascii_digit()) {
        let mut end = close.find(|c: char| !number(c) && c != ' ').unwrap_or(close.len());
        // "3.97/4.00, Valedictorian": the comma ends it; "1,3" keeps its own.
        if let Some(comma) = close.get(..end)?.find(", ") {
            end = comma;
        }
        let start = range.start + label.end + at;
        let found = trim_range(&layout.doc.text, start..start + end, &[',', '.', '/']);
        return Some(Value::new(layout.slice(&found), found, 0.9));
    }
    // "magna cum laude" is a grade by itself; a label with other words is none.
    let whole = words.len() >= 2 && words.len() <= 3 && label.end + 1 >= text.len() && !rest.contains(':');
    whole.then(|| Value::new(text, range.clone(), 0.8))
}
