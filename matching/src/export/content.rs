//! The lines of an exported resume, from the name to the references.
//!
//! An entry is written plainly ("Bluebird Ltd", "Engineer") when the parser reads that back, and with labels
//! ("Employer: Bluebird Ltd") when it does not: the parser itself is asked, entry by entry.

use crate::extract::{ExtractOptions, extract};
use crate::parse::contact_account;
use crate::parse::json_resume::{Basics, Location, Profile, Resume};

use super::entries as entry;
use super::lines::{Kind, Line, clean};
use super::markdown::joined;

/// All lines of a resume.
pub(super) fn lines(resume: &Resume) -> Vec<Line> {
    let resume = &tidy(resume);
    let mut lines = person(&resume.basics);
    if let Some(summary) = &resume.basics.summary {
        lines.push(Line::new(Kind::Heading, "Summary"));
        lines.push(Line::new(Kind::Paragraph, summary));
    }
    section(&mut lines, "Work Experience", &resume.work, entry::work, |one| Resume {
        work: one,
        ..Resume::default()
    });
    section(&mut lines, "Volunteer Experience", &resume.volunteer, entry::volunteer, |one| Resume {
        volunteer: one,
        ..Resume::default()
    });
    section(&mut lines, "Education", &resume.education, entry::education, |one| Resume {
        education: one,
        ..Resume::default()
    });
    section(&mut lines, "Projects", &resume.projects, entry::project, |one| Resume {
        projects: one,
        ..Resume::default()
    });
    section(&mut lines, "Skills", &resume.skills, entry::skill, |one| Resume {
        skills: one,
        ..Resume::default()
    });
    section(&mut lines, "Languages", &resume.languages, entry::language, |one| Resume {
        languages: one,
        ..Resume::default()
    });
    section(&mut lines, "Certificates", &resume.certificates, entry::certificate, |one| Resume {
        certificates: one,
        ..Resume::default()
    });
    section(&mut lines, "Awards", &resume.awards, entry::award, |one| Resume {
        awards: one,
        ..Resume::default()
    });
    section(&mut lines, "Publications", &resume.publications, entry::publication, |one| Resume {
        publications: one,
        ..Resume::default()
    });
    section(&mut lines, "Interests", &resume.interests, entry::interest, |one| Resume {
        interests: one,
        ..Resume::default()
    });
    section(&mut lines, "References", &resume.references, entry::reference, |one| Resume {
        references: one,
        ..Resume::default()
    });
    lines
}

/// A section with its entries, each in the plainest form that is read back.
fn section<T: Clone>(
    lines: &mut Vec<Line>,
    heading: &str,
    entries: &[T],
    write: impl Fn(&T, bool) -> Vec<Line>,
    alone: impl Fn(Vec<T>) -> Resume,
) {
    if !entries.is_empty() {
        lines.push(Line::new(Kind::Heading, heading));
    }
    let mut written: Vec<Line> = Vec::new();
    for entry in entries {
        let plain = write(entry, false);
        let understood = read(heading, &plain) == alone(vec![entry.clone()]);
        written.extend(if understood { plain } else { write(entry, true) });
    }
    // What is clear alone may be read in another way beside others.
    if entries.len() > 1 && read(heading, &written) != alone(entries.to_vec()) {
        written = entries.iter().flat_map(|entry| write(entry, true)).collect();
    }
    lines.extend(written);
}

/// What the parser makes of lines under a heading, contact details left out.
fn read(heading: &str, lines: &[Line]) -> Resume {
    let mut all = vec![Line::new(Kind::Heading, heading)];
    all.extend_from_slice(lines);
    Resume { basics: Basics::default(), ..read_all(&all) }
}

/// What the parser makes of lines. Text that cannot be extracted says nothing.
fn read_all(lines: &[Line]) -> Resume {
    let text = joined(lines);
    extract(text.as_bytes(), Some("resume.md"), &ExtractOptions::default())
        .map(|document| crate::parse(&document).resume)
        .unwrap_or_default()
}

/// Name, headline and contact details.
fn person(basics: &Basics) -> Vec<Line> {
    let expected = Basics { summary: None, ..basics.clone() };
    let understood = |lines: &Vec<Line>| {
        let mut all = lines.clone();
        all.push(Line::new(Kind::Heading, "Education"));
        all.push(Line::new(Kind::Entry, "A school"));
        read_all(&all).basics == expected
    };
    // Bit 0 labels the headline, bit 1 the place, bit 2 the name.
    let mut forms = (0..8_u8).map(|labels| person_lines(basics, labels));
    forms.clone().find(understood).or_else(|| forms.next_back()).unwrap_or_default()
}

fn person_lines(basics: &Basics, labels: u8) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(name) = &basics.name {
        let label = if labels & 4 > 0 { "Name: " } else { "" };
        lines.push(Line::new(Kind::Name, format!("{label}{name}")));
    }
    match &basics.label {
        Some(label) if labels & 1 == 0 => lines.push(Line::new(Kind::Contact, label)),
        Some(label) => lines.push(Line::labelled(Kind::Contact, "Headline", label)),
        None => {}
    }
    let mut put = |label: &str, value: Option<&String>| {
        lines.extend(value.map(|value| Line::labelled(Kind::Contact, label, value)));
    };
    put("Email", basics.email.as_ref());
    put("Phone", basics.phone.as_ref());
    put("Website", basics.url.as_ref());
    put("Photo", basics.image.as_ref());
    lines.extend(basics.location.iter().flat_map(|place| location(place, labels & 2 > 0)));
    lines.extend(basics.profiles.iter().map(profile));
    lines
}

/// "Location: 12 Main St, Berlin 10115, DE", or each part with its label.
fn location(place: &Location, labelled: bool) -> Vec<Line> {
    let Location { address, postal_code, city, country_code, region } = place;
    if labelled {
        let parts = [
            ("Address", address),
            ("City", city),
            ("Region", region),
            ("Postal code", postal_code),
            ("Country", country_code),
        ];
        let line = |(label, part): (&str, &Option<String>)| {
            part.as_ref().map(|part| Line::labelled(Kind::Contact, label, part))
        };
        return parts.into_iter().filter_map(line).collect();
    }
    let coded = match (region, postal_code) {
        (Some(region), Some(code)) => Some(format!("{region} {code}")),
        (region, code) => region.clone().or_else(|| code.clone()),
    };
    let parts = [address, city, &coded, country_code];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    vec![Line::labelled(Kind::Contact, "Location", &parts.join(", "))]
}

/// `GitHub: https://github.com/jane`, with the name of the account where the address does not tell it.
fn profile(profile: &Profile) -> Line {
    let network = profile.network.as_deref().unwrap_or("Profile");
    let Profile { username, url, .. } = profile;
    let told = url.as_deref().and_then(contact_account).is_some_and(|(known, account)| {
        known == network && username.as_ref().is_some_and(|name| *name == account)
    });
    match (username, url) {
        (Some(_), Some(url)) if told => Line::labelled(Kind::Contact, network, url),
        (Some(name), Some(url)) => {
            let mut line = Line::labelled(Kind::Contact, network, name);
            line.runs.push(super::lines::Run {
                text: format!(" ({url})"),
                bold: false,
                link: Some(url.clone()),
            });
            line
        }
        (name, url) => {
            Line::labelled(Kind::Contact, network, name.as_deref().or(url.as_deref()).unwrap_or_default())
        }
    }
}

/// The resume with every value on one line.
fn tidy(resume: &Resume) -> Resume {
    fn walk(value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => clean(Some(&text)).map_or(Value::Null, Value::String),
            Value::Array(items) => {
                Value::Array(items.into_iter().map(walk).filter(|item| !item.is_null()).collect())
            }
            Value::Object(members) => {
                Value::Object(members.into_iter().map(|(name, value)| (name, walk(value))).collect())
            }
            other => other,
        }
    }
    // A resume is plain data: it always becomes JSON and comes back.
    serde_json::to_value(resume)
        .ok()
        .and_then(|value| serde_json::from_value(walk(value)).ok())
        .unwrap_or_else(|| resume.clone())
}
