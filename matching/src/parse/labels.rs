//! Lines that say what they are: "Employer: Acme", "Role: Developer", "Field of study: Physics".

use std::ops::Range;

use super::flow::{Joined, Unit, UnitKind};
use super::layout::Layout;
use super::lexicon::lexicon;
use super::text::trim_range;
use super::values::Value;

/// What a label announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Employer, client or other organisation.
    Organization,
    Role,
    Location,
    Dates,
    Address,
    /// What the employer does.
    About,
    Summary,
    School,
    Degree,
    Area,
    Grade,
    Publisher,
    Issuer,
    /// Kind of project.
    Kind,
    Reference,
    /// The name of a project, award, certificate, publication or person.
    Name,
}

/// The labels with their keys in the lexicon; the first that fits counts.
const LABELS: [(Label, &str); 16] = [
    (Label::Organization, "label.organization"),
    (Label::Role, "label.role"),
    (Label::Location, "label.address"),
    (Label::Dates, "label.date"),
    (Label::Address, "label.url"),
    (Label::About, "label.about"),
    (Label::Summary, "label.summary"),
    (Label::School, "label.school"),
    (Label::Degree, "label.degree"),
    (Label::Area, "label.area"),
    (Label::Grade, "score"),
    (Label::Publisher, "label.publisher"),
    (Label::Issuer, "label.issuer"),
    (Label::Kind, "label.kind"),
    (Label::Reference, "label.reference"),
    (Label::Name, "label.entry"),
];

/// The label that a text begins with, and where what it announces begins.
pub(super) fn label_of(text: &str) -> Option<(Label, usize)> {
    let colon = text.find([':', '：'])?;
    let head = text.get(..colon)?;
    let mark = text.get(colon..)?.chars().next()?.len_utf8();
    // "https://…" is no label.
    if text.get(colon + mark..)?.starts_with("//") {
        return None;
    }
    let lexicon = lexicon();
    let found = LABELS.iter().find(|(_, key)| lexicon.set(key).is(head))?;
    Some((found.0, colon + mark))
}

/// What a line states after its label; `None` for bullets, for lines without a label, and when nothing follows it.
pub(super) fn stated(layout: &Layout<'_>, unit: &Unit<'_, '_>) -> Option<(Label, Value)> {
    if unit.kind == UnitKind::Bullet {
        return None;
    }
    let Joined { text, range, more } = unit.joined(layout);
    let (label, at) = label_of(&text)?;
    let slice = layout.slice(&range);
    let (known, from) = label_of(slice)?;
    let rest: Range<usize> = trim_range(&layout.doc.text, range.start + from..range.end, &[]);
    let value = text.get(at..)?.trim();
    let plain = known == label && !value.is_empty() && !rest.is_empty();
    plain.then(|| (label, Value { text: value.to_owned(), range: rest, more, confidence: 0.93 }))
}
