//! A JSON Resume document as a person edited it, and its check.

use matching::parse::{dates::PartialDate, json_resume::Resume};
use serde_json::Value;

use super::{MAX_BYTES, MAX_VALUES, Size};
use crate::{
    error::{FieldError, Problem},
    request::json,
};

/// Most characters of one value: ten pages.
const MAX_CHARACTERS: usize = 20_000;
/// Most errors that are told at once.
const MAX_ERRORS: usize = 50;
/// Members that are dates, in the sections that have entries.
const DATES: [&str; 4] = ["startDate", "endDate", "date", "releaseDate"];

/// A checked document.
#[derive(Clone, Debug, PartialEq)]
pub struct EditedResume {
    /// As it was sent, with members of other programs (`$schema`, `meta` and what else the schema allows).
    pub raw: Value,
    /// What this program knows of it.
    pub resume: Resume,
}

impl EditedResume {
    /// Checks `raw`; each error names its place by JSON pointer.
    pub fn check(raw: Value) -> Result<Self, Problem> {
        let resume: Resume = json::read(&raw)?;
        let typed = serde_json::to_value(&resume).map_err(Problem::internal)?;
        let mut errors = Vec::new();
        // The library also reads [1, 2] as an object of two members; the schema does not.
        compare(&typed, &raw, "", &mut errors);
        let size = Size::of(&raw);
        if size.values > MAX_VALUES || size.bytes > MAX_BYTES {
            errors.push(FieldError::at_pointer(
                "",
                format!(
                    "The document has {} values of {} bytes; use at most {MAX_VALUES} and {MAX_BYTES}.",
                    size.values, size.bytes
                ),
            ));
        }
        walk(&raw, "", &mut errors);
        check_dates(&raw, &mut errors);
        errors.truncate(MAX_ERRORS);
        if errors.is_empty() { Ok(Self { raw, resume }) } else { Err(Problem::validation(errors)) }
    }
}

/// Whether `raw` has the shape that was read from it.
fn compare(typed: &Value, raw: &Value, pointer: &str, errors: &mut Vec<FieldError>) {
    match (typed, raw) {
        (Value::Object(members), Value::Object(given)) => {
            for (name, value) in members {
                // What is absent was read as empty.
                if let Some(given) = given.get(name) {
                    compare(value, given, &format!("{pointer}/{name}"), errors);
                }
            }
        }
        (Value::Object(_), _) => errors.push(FieldError::at_pointer(pointer, "Give an object here.")),
        (Value::Array(items), Value::Array(given)) => {
            for (index, (item, given)) in items.iter().zip(given).enumerate() {
                compare(item, given, &format!("{pointer}/{index}"), errors);
            }
        }
        _ => {}
    }
}

/// Each text must be one that can be stored and read.
fn walk(value: &Value, pointer: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::String(text) => {
            let characters = text.chars().count();
            if characters > MAX_CHARACTERS {
                let detail = format!("The value has {characters} characters; use at most {MAX_CHARACTERS}.");
                errors.push(FieldError::at_pointer(pointer, detail));
            }
            if text.contains('\0') {
                let detail = "The value has the character U+0000, which cannot be stored; leave it out.";
                errors.push(FieldError::at_pointer(pointer, detail));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{index}"), errors);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let pointer = format!("{pointer}/{}", json::escaped(name));
                if name.contains('\0') {
                    let detail = "The name of the member has the character U+0000, which cannot be stored.";
                    errors.push(FieldError::at_pointer(&pointer, detail));
                }
                walk(member, &pointer, errors);
            }
        }
        _ => {}
    }
}

/// Dates of entries are ISO 8601, as exact as one likes.
fn check_dates(raw: &Value, errors: &mut Vec<FieldError>) {
    let sections = raw.as_object().into_iter().flatten();
    let entries = sections.flat_map(|(section, value)| {
        let entries = value.as_array().into_iter().flatten().enumerate();
        entries.map(move |(index, entry)| (section, index, entry))
    });
    for (section, index, entry) in entries {
        for name in DATES {
            let Some(text) = entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()) else {
                continue;
            };
            // Written again it must be the same: "2020-3" is no date of the schema.
            if PartialDate::parse_iso(text).is_none_or(|date| date.to_string() != text) {
                let pointer = format!("/{}/{index}/{name}", json::escaped(section));
                let detail = "Write the date as 2020, 2020-03 or 2020-03-15.";
                errors.push(FieldError::at_pointer(pointer, detail));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(raw: Value) -> Vec<String> {
        let problem = EditedResume::check(raw).unwrap_err();
        let mut pointers: Vec<String> =
            problem.errors.into_iter().filter_map(|error| error.pointer).collect();
        pointers.sort();
        pointers
    }

    #[test]
    fn members_of_other_programs_stay() {
        let raw = json!({"$schema": "https://example.org/s", "basics": {"name": "Ann", "x": [1, null]}, "meta": {"v": 2}});
        let edited = EditedResume::check(raw.clone()).unwrap();
        assert_eq!((edited.raw, edited.resume.basics.name.as_deref()), (raw, Some("Ann")));
    }

    #[test]
    fn each_wrong_value_is_named_by_its_pointer() {
        assert_eq!(pointers(json!({"work": [{"name": "a"}, {"position": 7}]})), ["/work/1/position"]);
        assert_eq!(pointers(json!({"work": {}})), ["/work"]);
        assert_eq!(pointers(json!({"basics": ["Ann"]})), ["/basics"]);
        assert_eq!(pointers(json!([])), [""]);
        assert_eq!(pointers(json!({"work": [[]]})), ["/work/0"]);
        assert_eq!(
            pointers(
                json!({"work": [{"startDate": "2020-3", "endDate": "soon"}], "awards": [{"date": "2020-13"}]})
            ),
            ["/awards/0/date", "/work/0/endDate", "/work/0/startDate"]
        );
        assert_eq!(
            pointers(json!({"basics": {"summary": "a\u{0}b", "a/b": "\u{0}"}})),
            ["/basics/a~1b", "/basics/summary"]
        );
        assert_eq!(
            pointers(json!({"basics": {"summary": "x".repeat(MAX_CHARACTERS + 1)}})),
            ["/basics/summary"]
        );
        assert_eq!(pointers(json!({"x": vec!["y"; MAX_VALUES + 1]})), [""]);
    }

    #[test]
    fn dates_may_be_as_exact_as_one_likes_and_empty_values_are_none() {
        let raw = json!({"work": [{"startDate": "2020"}, {"startDate": "2020-03", "endDate": "2020-03-15"}],
            "awards": [{"date": ""}], "basics": {"name": null}});
        assert!(EditedResume::check(raw).is_ok());
    }
}
