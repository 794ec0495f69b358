//! The form in which people edit what a resume says. Each field is named by its JSON pointer into the JSON Resume document,
//! and only what was changed in a field is changed in the document.

use std::collections::HashMap;

use askama::Template;
use serde_json::{Map, Value};

use super::Chrome;
use crate::error::Problem;

/// The page with the form.
#[derive(Template)]
#[template(path = "resume_form.html")]
pub struct ResumeFormPage {
    /// The frame.
    pub chrome: Chrome,
    /// The token of forms.
    pub form_token: String,
    /// The resume.
    pub id: String,
    /// Which version is edited.
    pub tag: String,
    /// What is wrong as a whole, or with values that have no field.
    pub notice: Option<String>,
    /// The person first, then a part for each section.
    pub parts: Vec<Part>,
}

/// A part of the form.
#[derive(Debug)]
pub struct Part {
    /// Its heading.
    pub label: &'static str,
    /// Its entries; the last one of a section is empty, for one more.
    pub entries: Vec<Entry>,
}

/// Fields that belong together.
#[derive(Debug)]
pub struct Entry {
    /// What it is; empty for the person.
    pub label: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// JSON pointer of the value.
    pub pointer: String,
    /// What it is called.
    pub label: &'static str,
    /// What it says.
    pub value: String,
    /// Whether it takes several lines.
    pub long: bool,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// What a member of the document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A text of one line.
    Line,
    /// A text of several lines.
    Text,
    /// A list of texts, one a line in the form.
    List,
}

type Member = (&'static str, &'static str, Kind);

const PERSON: [Member; 9] = [
    ("name", "Name", Kind::Line),
    ("label", "Headline", Kind::Line),
    ("email", "E-mail", Kind::Line),
    ("phone", "Phone", Kind::Line),
    ("url", "Web page", Kind::Line),
    ("location/city", "Town", Kind::Line),
    ("location/region", "Region", Kind::Line),
    ("location/countryCode", "Country (two letters)", Kind::Line),
    ("summary", "Summary", Kind::Text),
];

/// Sections of JSON Resume with what an entry has: name, label, label of an entry, members.
const SECTIONS: [(&str, &str, &str, &[Member]); 8] = [
    (
        "work",
        "Work",
        "Position",
        &[
            ("position", "Position", Kind::Line),
            ("name", "Employer", Kind::Line),
            ("location", "Place", Kind::Line),
            ("startDate", "From (2019-03)", Kind::Line),
            ("endDate", "To (empty: to this day)", Kind::Line),
            ("summary", "Summary", Kind::Text),
            ("highlights", "Tasks and achievements, one a line", Kind::List),
        ],
    ),
    (
        "education",
        "Education",
        "School",
        &[
            ("studyType", "Degree", Kind::Line),
            ("area", "Subject", Kind::Line),
            ("institution", "School", Kind::Line),
            ("startDate", "From (2019-03)", Kind::Line),
            ("endDate", "To", Kind::Line),
            ("score", "Grade", Kind::Line),
            ("courses", "Courses, one a line", Kind::List),
        ],
    ),
    (
        "skills",
        "Skills",
        "Skill or group",
        &[
            ("name", "Name", Kind::Line),
            ("level", "Level", Kind::Line),
            ("keywords", "Skills of the group, one a line", Kind::List),
        ],
    ),
    (
        "projects",
        "Projects",
        "Project",
        &[
            ("name", "Name", Kind::Line),
            ("startDate", "From (2019-03)", Kind::Line),
            ("endDate", "To", Kind::Line),
            ("url", "Address", Kind::Line),
            ("description", "Description", Kind::Text),
            ("highlights", "Achievements, one a line", Kind::List),
            ("keywords", "Technologies, one a line", Kind::List),
        ],
    ),
    (
        "certificates",
        "Certificates",
        "Certificate",
        &[
            ("name", "Name", Kind::Line),
            ("issuer", "Issued by", Kind::Line),
            ("date", "Date (2019-03)", Kind::Line),
        ],
    ),
    (
        "languages",
        "Languages",
        "Language",
        &[("language", "Language", Kind::Line), ("fluency", "How well", Kind::Line)],
    ),
    (
        "volunteer",
        "Volunteer work",
        "Role",
        &[
            ("position", "Role", Kind::Line),
            ("organization", "Organisation", Kind::Line),
            ("startDate", "From (2019-03)", Kind::Line),
            ("endDate", "To", Kind::Line),
            ("summary", "Summary", Kind::Text),
            ("highlights", "Tasks and achievements, one a line", Kind::List),
        ],
    ),
    (
        "publications",
        "Publications",
        "Publication",
        &[
            ("name", "Title", Kind::Line),
            ("publisher", "Published by", Kind::Line),
            ("releaseDate", "Date (2019-03)", Kind::Line),
            ("summary", "Summary", Kind::Text),
        ],
    ),
];

/// The parts of the form that shows `document`.
pub fn parts(document: &Value) -> Vec<Part> {
    let fields = |base: &str, members: &[Member]| {
        let field = |(path, label, kind): &Member| {
            let pointer = format!("{base}/{path}");
            let value = document.pointer(&pointer).map(|value| shown(value, *kind)).unwrap_or_default();
            Field { pointer, label, value, long: *kind != Kind::Line, error: None }
        };
        members.iter().map(field).collect::<Vec<_>>()
    };
    let person = Entry { label: String::new(), fields: fields("/basics", &PERSON) };
    let mut parts = vec![Part { label: "Person", entries: vec![person] }];
    for (name, label, one, members) in SECTIONS {
        let there = document.get(name).and_then(Value::as_array).map_or(0, Vec::len);
        let entry = |index: usize| Entry {
            label: if index < there { format!("{one} {}", index + 1) } else { "One more".to_owned() },
            fields: fields(&format!("/{name}/{index}"), members),
        };
        parts.push(Part { label, entries: (0..=there).map(entry).collect() });
    }
    parts
}

/// What a field shows of a value.
fn shown(value: &Value, kind: Kind) -> String {
    match (kind, value) {
        (Kind::List, Value::Array(items)) => {
            let lines = items.iter().filter_map(Value::as_str).map(one_line);
            lines.collect::<Vec<_>>().join("\n")
        }
        // Fields of one line take no line ends.
        (Kind::Line, Value::String(text)) => one_line(text),
        (_, Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Changes `document` as the form says whose fields are `sent` (pointer and text). Fields that still say what they said
/// change nothing; an entry of which nothing is left goes.
pub fn apply(document: &mut Value, sent: &[(String, String)]) {
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let sent: HashMap<&str, &str> = sent.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    for part in parts(document) {
        for field in part.entries.iter().flat_map(|entry| &entry.fields) {
            let Some(text) = sent.get(field.pointer.as_str()) else { continue };
            // Browsers send line ends as CRLF, whatever they were.
            let text = text.replace("\r\n", "\n");
            if text.trim() != field.value.trim() {
                set(document, &field.pointer, value_of(&text, kind_of(&field.pointer)));
            }
        }
    }
    for (name, ..) in SECTIONS {
        if let Some(entries) = document.get_mut(name).and_then(Value::as_array_mut) {
            entries.retain(|entry| entry.as_object().is_none_or(|members| !members.is_empty()));
        }
    }
}

/// Of which kind the member at the pointer is; all members of one name are alike.
fn kind_of(pointer: &str) -> Kind {
    let all = PERSON.iter().chain(SECTIONS.iter().flat_map(|(.., members)| members.iter()));
    let mut named = all.filter(|(path, ..)| pointer.rsplit('/').next() == path.rsplit('/').next());
    named.next().map_or(Kind::Line, |(.., kind)| *kind)
}

/// None when nothing is left of it.
fn value_of(text: &str, kind: Kind) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match kind {
        Kind::List => text.lines().map(one_line).filter(|line| !line.is_empty()).map(Value::String).collect(),
        Kind::Line | Kind::Text => Value::String(text.to_owned()),
    })
}

/// Puts `value` where `pointer` leads, making what is not there on the way; none takes it away.
fn set(document: &mut Value, pointer: &str, value: Option<Value>) {
    let names: Vec<&str> = pointer.split('/').skip(1).collect();
    let Some((last, way)) = names.split_last() else { return };
    let mut at = document;
    for (step, name) in way.iter().enumerate() {
        // Below a section there are entries by number, everywhere else members by name.
        let holds_entries =
            names.get(step + 1).is_some_and(|next| next.bytes().all(|byte| byte.is_ascii_digit()));
        at = match at {
            Value::Array(items) => {
                let index = name.parse().unwrap_or(usize::MAX);
                if index == items.len() {
                    items.push(Value::Object(Map::new()));
                }
                match items.get_mut(index) {
                    Some(item) => item,
                    None => return,
                }
            }
            Value::Object(members) => {
                let fresh =
                    || if holds_entries { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
                let member = members.entry(*name).or_insert_with(fresh);
                if member.is_null() {
                    *member = fresh();
                }
                member
            }
            _ => return,
        };
    }
    if let Value::Object(members) = at {
        match value {
            Some(value) => drop(members.insert((*last).to_owned(), value)),
            None => drop(members.remove(*last)),
        }
    }
}

impl ResumeFormPage {
    /// The form with what is wrong with it.
    #[must_use]
    pub fn refused(mut self, problem: &Problem) -> Self {
        let mut rest = Vec::new();
        for error in &problem.errors {
            let pointer = error.pointer.as_deref().unwrap_or_default();
            let mut fields =
                self.parts.iter_mut().flat_map(|part| &mut part.entries).flat_map(|entry| &mut entry.fields);
            // An item of a list has no field of its own.
            let own = |field: &&mut Field| {
                pointer == field.pointer || pointer.starts_with(&format!("{}/", field.pointer))
            };
            match fields.find(own) {
                Some(field) => field.error = Some(error.detail.clone()),
                None => rest.push(error.detail.clone()),
            }
        }
        self.notice = Some(if rest.is_empty() { problem.detail.to_string() } else { rest.join(" ") });
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_is_sent_as_it_was_shown_changes_nothing() {
        let original = json!({"$schema": "x", "basics": {"name": " Ann\n", "image": "y", "location": {"city": "Ulm"}},
            "work": [{"name": "B", "highlights": ["a\nb", "c"], "other": 1}, {}], "awards": [{"title": "t"}]});
        let fields: Vec<_> = parts(&original)
            .into_iter()
            .flat_map(|part| part.entries)
            .flat_map(|entry| entry.fields)
            .map(|field| (field.pointer, field.value.replace('\n', "\r\n")))
            .collect();
        let mut document = original.clone();
        document["work"].as_array_mut().unwrap().pop();
        let expected = document.clone();
        let mut edited = original;
        apply(&mut edited, &fields);
        assert_eq!(edited, expected, "only the entry without anything goes");
    }

    #[test]
    fn fields_change_add_and_remove() {
        let mut document = json!({"basics": {"name": "Ann"}, "work": [{"name": "Old"}, {"name": "B", "x": 1}], "skills": null});
        apply(
            &mut document,
            &sent(&[
                ("/basics/name", "Ann Example"),
                ("/basics/location/city", " Ulm "),
                ("/work/0/name", ""),
                ("/work/1/highlights", "Ran it\r\n\r\n  Wrote  it "),
                ("/work/2/position", "Welder"),
                ("/skills/0/name", "Rust"),
                ("/education/7/area", "beyond the form"),
                ("/secret/0/name", "not a field"),
            ]),
        );
        assert_eq!(
            document,
            json!({
                "basics": {"name": "Ann Example", "location": {"city": "Ulm"}},
                "work": [{"name": "B", "x": 1, "highlights": ["Ran it", "Wrote it"]}, {"position": "Welder"}],
                "skills": [{"name": "Rust"}],
            })
        );
    }

    #[test]
    fn members_of_one_name_are_of_one_kind() {
        let all: Vec<&Member> =
            PERSON.iter().chain(SECTIONS.iter().flat_map(|(.., members)| members.iter())).collect();
        for (path, _, kind) in &all {
            assert_eq!(kind_of(&format!("/x/0/{path}")), *kind, "{path}");
        }
    }
}
