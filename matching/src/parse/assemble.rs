//! Puts the result together: every value goes into its field and its evidence under its JSON pointer.

use super::basics::{Person, is_leftover_prose, person};
use super::education::{Study, studies};
use super::flow::{UnitKind, flows, is_prose, join};
use super::items::{Item, honours, projects, publications, references};
use super::json_resume as json;
use super::layout::{Frag, Layout};
use super::lexicon::SectionKind;
use super::lists::{Group, Tongue, groups, tongues};
use super::places::parse_location;
use super::positions::{Position, positions};
use super::sections::{Section, split};
use super::stated::PlacePart;
use super::values::{Sink, Value};
use super::{OtherSection, ParsedResume};
use crate::document::Document;

/// Reads a resume from a document.
pub(super) fn assemble(document: &Document) -> ParsedResume {
    let layout = Layout::new(document);
    let sections = split(&layout);
    let mut top: Vec<&Frag<'_>> = sections.first().map(|first| first.frags.clone()).unwrap_or_default();
    if layout.positioned {
        top.sort_by(|a, b| {
            a.rect
                .y0
                .total_cmp(&b.rect.y0)
                .then(a.rect.x0.total_cmp(&b.rect.x0))
                .then(a.range.start.cmp(&b.range.start))
        });
    }
    let who = person(&layout, &top, &sections);
    let mut sink = Sink::default();
    let summary = summary(&layout, &sections, &who, &top);
    let mut resume = json::Resume::default();
    let phone_e164 = who.phone_e164.clone();
    resume.basics = basics(&mut sink, who, summary);
    let of = |kind: SectionKind| -> Vec<&Section<'_, '_>> {
        sections.iter().filter(|section| section.heading.is_some() && section.kind == kind).collect()
    };
    let read = |kind: SectionKind| of(kind).into_iter().map(|section| section.frags.as_slice());
    for position in read(SectionKind::Work).flat_map(|frags| positions(&layout, frags)) {
        let at = format!("/work/{}", resume.work.len());
        resume.work.push(work(&mut sink, &at, position));
    }
    for position in read(SectionKind::Volunteer).flat_map(|frags| positions(&layout, frags)) {
        let at = format!("/volunteer/{}", resume.volunteer.len());
        resume.volunteer.push(volunteer(&mut sink, &at, position));
    }
    for study in read(SectionKind::Education).flat_map(|frags| studies(&layout, frags)) {
        let at = format!("/education/{}", resume.education.len());
        resume.education.push(education(&mut sink, &at, study));
    }
    for item in read(SectionKind::Projects).flat_map(|frags| projects(&layout, frags)) {
        let at = format!("/projects/{}", resume.projects.len());
        resume.projects.push(project(&mut sink, &at, item));
    }
    for group in read(SectionKind::Skills).flat_map(|frags| groups(&layout, frags)) {
        let at = format!("/skills/{}", resume.skills.len());
        resume.skills.push(skill(&mut sink, &at, group));
    }
    for group in read(SectionKind::Interests).flat_map(|frags| groups(&layout, frags)) {
        let at = format!("/interests/{}", resume.interests.len());
        resume.interests.push(json::Interest {
            name: sink.put(&format!("{at}/name"), group.name),
            keywords: sink.put_all(&format!("{at}/keywords"), group.keywords),
        });
    }
    for tongue in read(SectionKind::Languages).flat_map(|frags| tongues(&layout, frags)) {
        let at = format!("/languages/{}", resume.languages.len());
        resume.languages.push(language(&mut sink, &at, tongue));
    }
    small_entries(&layout, &sections, &mut sink, &mut resume);
    let other_sections = of(SectionKind::Other).into_iter().map(|section| other(&layout, section)).collect();
    let named_skills = super::named_skills::named_skills(document, &sink.evidence);
    ParsedResume { resume, evidence: sink.evidence, phone_e164, other_sections, named_skills }
}

fn small_entries(
    layout: &Layout<'_>,
    sections: &[Section<'_, '_>],
    sink: &mut Sink,
    resume: &mut json::Resume,
) {
    for section in sections.iter().filter(|section| section.heading.is_some()) {
        match section.kind {
            SectionKind::Certificates => {
                for item in honours(layout, &section.frags) {
                    let at = format!("/certificates/{}", resume.certificates.len());
                    resume.certificates.push(json::Certificate {
                        name: sink.put(&format!("{at}/name"), item.name),
                        date: sink.put(&format!("{at}/date"), item.period.end.or(item.period.start)),
                        url: sink.put(&format!("{at}/url"), item.url),
                        issuer: sink.put(&format!("{at}/issuer"), item.by),
                    });
                }
            }
            SectionKind::Awards => {
                for item in honours(layout, &section.frags) {
                    let at = format!("/awards/{}", resume.awards.len());
                    resume.awards.push(json::Award {
                        title: sink.put(&format!("{at}/title"), item.name),
                        date: sink.put(&format!("{at}/date"), item.period.end.or(item.period.start)),
                        awarder: sink.put(&format!("{at}/awarder"), item.by),
                        summary: sink.put(
                            &format!("{at}/summary"),
                            item.body.summary.or_else(|| first(item.body.highlights)),
                        ),
                    });
                }
            }
            SectionKind::Publications => {
                for item in publications(layout, &section.frags) {
                    let at = format!("/publications/{}", resume.publications.len());
                    resume.publications.push(json::Publication {
                        name: sink.put(&format!("{at}/name"), item.name),
                        publisher: sink.put(&format!("{at}/publisher"), item.by),
                        release_date: sink
                            .put(&format!("{at}/releaseDate"), item.period.end.or(item.period.start)),
                        url: sink.put(&format!("{at}/url"), item.url),
                        summary: sink.put(&format!("{at}/summary"), first(item.rest).or(item.body.summary)),
                    });
                }
            }
            SectionKind::References => {
                for item in references(layout, &section.frags) {
                    let at = format!("/references/{}", resume.references.len());
                    let said = item
                        .body
                        .summary
                        .or_else(|| first(item.rest))
                        .or_else(|| first(item.body.highlights));
                    resume.references.push(json::Reference {
                        name: sink.put(&format!("{at}/name"), item.name),
                        reference: sink.put(&format!("{at}/reference"), said),
                    });
                }
            }
            _ => {}
        }
    }
}

fn first(values: Vec<Value>) -> Option<Value> {
    values.into_iter().next()
}

/// The summary section, or sentences before the first heading.
fn summary<'d>(
    layout: &Layout<'d>,
    sections: &[Section<'_, 'd>],
    who: &Person,
    top: &[&Frag<'d>],
) -> Option<Value> {
    let stated = sections.iter().find(|section| {
        section.heading.is_some() && section.kind == SectionKind::Summary && !section.frags.is_empty()
    });
    if let Some(section) = stated {
        return Some(Value::joined(join(layout, &section.frags), 0.95));
    }
    let rest: Vec<&Frag<'d>> =
        top.iter().filter(|frag| is_leftover_prose(who, layout, frag)).copied().collect();
    flows(layout, &rest)
        .iter()
        .flat_map(|flow| &flow.units)
        .find(|unit| unit.kind != UnitKind::Bullet && is_prose(&unit.joined(layout).text))
        .map(|unit| Value::joined(unit.joined(layout), 0.7))
}

fn basics(sink: &mut Sink, who: Person, summary: Option<Value>) -> json::Basics {
    let at = |field: &str| format!("/basics/{field}");
    let location = stated_place(sink, who.place).or_else(|| {
        let place = who.location?;
        let mut parts = parse_location(&place.text);
        let mut put = |field: &str, part: &mut Option<String>| {
            let value = part.take().map(|text| Value::new(text, place.range.clone(), place.confidence));
            *part = sink.put(&format!("/basics/location/{field}"), value);
        };
        put("address", &mut parts.address);
        put("postalCode", &mut parts.postal_code);
        put("city", &mut parts.city);
        put("countryCode", &mut parts.country_code);
        put("region", &mut parts.region);
        Some(parts)
    });
    let mut profiles = Vec::new();
    for account in who.accounts {
        let at = format!("/basics/profiles/{}", profiles.len());
        profiles.push(json::Profile {
            network: sink.put(&format!("{at}/network"), Some(account.network)),
            username: sink.put(&format!("{at}/username"), account.username),
            url: sink.put(&format!("{at}/url"), account.url),
        });
    }
    json::Basics {
        name: sink.put(&at("name"), who.name),
        label: sink.put(&at("label"), who.label),
        image: sink.put(&at("image"), who.image),
        email: sink.put(&at("email"), who.email),
        phone: sink.put(&at("phone"), who.phone),
        url: sink.put(&at("url"), who.url),
        summary: sink.put(&at("summary"), summary),
        location,
        profiles,
    }
}

/// The address whose parts are said with labels.
fn stated_place(sink: &mut Sink, parts: Vec<(PlacePart, Value)>) -> Option<json::Location> {
    if parts.is_empty() {
        return None;
    }
    let mut place = json::Location::default();
    for (part, value) in parts {
        let (field, slot) = match part {
            PlacePart::Address => ("address", &mut place.address),
            PlacePart::City => ("city", &mut place.city),
            PlacePart::Region => ("region", &mut place.region),
            PlacePart::PostalCode => ("postalCode", &mut place.postal_code),
            PlacePart::Country => ("countryCode", &mut place.country_code),
        };
        if slot.is_none() {
            *slot = sink.put(&format!("/basics/location/{field}"), Some(value));
        }
    }
    Some(place)
}

fn work(sink: &mut Sink, at: &str, position: Position) -> json::Work {
    json::Work {
        name: sink.put(&format!("{at}/name"), position.organization),
        position: sink.put(&format!("{at}/position"), position.title),
        location: sink.put(&format!("{at}/location"), position.location),
        description: sink.put(&format!("{at}/description"), position.description),
        url: sink.put(&format!("{at}/url"), position.url),
        start_date: sink.put(&format!("{at}/startDate"), position.period.start),
        end_date: sink.put(&format!("{at}/endDate"), position.period.end),
        summary: sink.put(&format!("{at}/summary"), position.summary),
        highlights: sink.put_all(&format!("{at}/highlights"), position.highlights),
    }
}

fn volunteer(sink: &mut Sink, at: &str, position: Position) -> json::Volunteer {
    json::Volunteer {
        organization: sink.put(&format!("{at}/organization"), position.organization),
        position: sink.put(&format!("{at}/position"), position.title),
        url: sink.put(&format!("{at}/url"), position.url),
        start_date: sink.put(&format!("{at}/startDate"), position.period.start),
        end_date: sink.put(&format!("{at}/endDate"), position.period.end),
        summary: sink.put(&format!("{at}/summary"), position.summary),
        highlights: sink.put_all(&format!("{at}/highlights"), position.highlights),
    }
}

fn education(sink: &mut Sink, at: &str, study: Study) -> json::Education {
    json::Education {
        institution: sink.put(&format!("{at}/institution"), study.institution),
        url: sink.put(&format!("{at}/url"), study.url),
        area: sink.put(&format!("{at}/area"), study.area),
        study_type: sink.put(&format!("{at}/studyType"), study.study_type),
        start_date: sink.put(&format!("{at}/startDate"), study.period.start),
        end_date: sink.put(&format!("{at}/endDate"), study.period.end),
        score: sink.put(&format!("{at}/score"), study.score),
        courses: sink.put_all(&format!("{at}/courses"), study.courses),
    }
}

fn project(sink: &mut Sink, at: &str, item: Item) -> json::Project {
    let mut rest = item.rest.into_iter();
    let description = item.body.summary.or_else(|| rest.next());
    json::Project {
        name: sink.put(&format!("{at}/name"), item.name),
        description: sink.put(&format!("{at}/description"), description),
        highlights: sink.put_all(&format!("{at}/highlights"), item.body.highlights),
        keywords: sink.put_all(&format!("{at}/keywords"), item.body.keywords),
        start_date: sink.put(&format!("{at}/startDate"), item.period.start),
        end_date: sink.put(&format!("{at}/endDate"), item.period.end),
        url: sink.put(&format!("{at}/url"), item.url),
        roles: sink.put_all(&format!("{at}/roles"), item.roles),
        entity: sink.put(&format!("{at}/entity"), item.entity.or_else(|| rest.next())),
        kind: sink.put(&format!("{at}/type"), item.kind),
    }
}

fn skill(sink: &mut Sink, at: &str, group: Group) -> json::Skill {
    json::Skill {
        name: sink.put(&format!("{at}/name"), group.name),
        level: sink.put(&format!("{at}/level"), group.level),
        keywords: sink.put_all(&format!("{at}/keywords"), group.keywords),
    }
}

fn language(sink: &mut Sink, at: &str, tongue: Tongue) -> json::Language {
    json::Language {
        language: sink.put(&format!("{at}/language"), Some(tongue.language)),
        fluency: sink.put(&format!("{at}/fluency"), tongue.fluency),
    }
}

fn other(layout: &Layout<'_>, section: &Section<'_, '_>) -> OtherSection {
    OtherSection {
        heading: section.heading.map(|heading| heading.text.to_owned()).unwrap_or_default(),
        lines: flows(layout, &section.frags)
            .iter()
            .flat_map(|flow| &flow.units)
            .map(|unit| unit.joined(layout).text)
            .collect(),
    }
}
