//! The known values: what the files of Reactive Resume (JSON) and RenderCV (YAML) state, by field.

use std::error::Error;
use std::path::Path;

use matching::parse::dates::find_dates;
use serde_json::Value;

use crate::fields::{Fields, put};

/// Name of a file, its path, and its values.
pub(crate) type Case = (String, String, Fields);

/// All files with known values.
pub(crate) fn cases(folder: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut found = Vec::new();
    let reactive = folder.join("pdf-truth/reactive-resume");
    for path in sorted(&reactive.join("json"))? {
        let truth: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let pdf = reactive.join("pdf").join(format!("{stem}.pdf"));
        found.push((format!("reactive/{stem}"), pdf.display().to_string(), reactive_fields(&truth)));
    }
    for path in sorted(&folder.join("pdf-truth/rendercv/examples"))? {
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let truth: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path)?)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        found.push((
            format!("rendercv/{stem}"),
            path.with_extension("pdf").display().to_string(),
            rendercv_fields(&truth),
        ));
    }
    Ok(found)
}

fn sorted(folder: &Path) -> Result<Vec<std::path::PathBuf>, Box<dyn Error>> {
    let mut paths =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The text of a JSON value without markup.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Takes out HTML tags and Markdown.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut tag = false;
    for c in text.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                out.push(' ');
            }
            _ if tag => {}
            '*' | '[' | ']' => {}
            _ => out.push(c),
        }
    }
    while let Some(start) = out.find("(http") {
        let Some(end) = out.get(start..).and_then(|rest| rest.find(')')) else { break };
        out.replace_range(start..=start + end, "");
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// First and last date of a phrase such as "June 2016 to December 2018".
fn period(phrase: &str) -> (String, String) {
    let found = find_dates(phrase);
    let Some(span) = found.first() else { return (String::new(), String::new()) };
    let show = |date: Option<matching::parse::dates::PartialDate>| {
        date.map(|date| date.to_string()).unwrap_or_default()
    };
    if span.single { (show(span.start), show(span.start)) } else { (show(span.start), show(span.end)) }
}

fn items<'v>(truth: &'v Value, section: &str) -> impl Iterator<Item = &'v Value> {
    let section = truth.pointer(&format!("/sections/{section}"));
    let shown = section.is_some_and(|section| section.get("visible") == Some(&Value::Bool(true)));
    section
        .filter(|_| shown)
        .and_then(|section| section.get("items"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|item| item.get("visible") == Some(&Value::Bool(true)))
}

#[allow(clippy::too_many_lines, reason = "a flat list of the fields and where the truth has them")]
fn reactive_fields(truth: &Value) -> Fields {
    let mut fields = Fields::new();
    let at = |value: &Value, path: &str| value.pointer(path).map(text).unwrap_or_default();
    for (field, path) in [
        ("basics.name", "/basics/name"),
        ("basics.label", "/basics/headline"),
        ("basics.email", "/basics/email"),
        ("basics.phone", "/basics/phone"),
        ("basics.url", "/basics/url/href"),
        ("basics.location", "/basics/location"),
        ("basics.summary", "/sections/summary/content"),
    ] {
        put(&mut fields, field, at(truth, path));
    }
    for (section, pairs) in [
        (
            "profiles",
            &[
                ("profiles.network", "/network"),
                ("profiles.username", "/username"),
                ("profiles.url", "/url/href"),
            ][..],
        ),
        (
            "experience",
            &[
                ("work.name", "/company"),
                ("work.position", "/position"),
                ("work.location", "/location"),
                ("work.url", "/url/href"),
            ],
        ),
        ("education", &[("education.institution", "/institution")]),
        (
            "projects",
            &[
                ("projects.name", "/name"),
                ("projects.description", "/description"),
                ("projects.description", "/summary"),
            ],
        ),
        ("skills", &[("skills.name", "/name"), ("skills.level", "/description")]),
        ("languages", &[("languages.language", "/name"), ("languages.fluency", "/description")]),
        (
            "certifications",
            &[
                ("certificates.name", "/name"),
                ("certificates.issuer", "/issuer"),
                ("certificates.date", "/date"),
            ],
        ),
    ] {
        for item in items(truth, section) {
            for (field, path) in pairs {
                put(&mut fields, field, at(item, path));
            }
            for keyword in item.get("keywords").and_then(Value::as_array).into_iter().flatten() {
                if section == "skills" {
                    put(&mut fields, "skills.keywords", text(keyword));
                }
            }
            let (start, end) = period(&at(item, "/date"));
            if section == "experience" {
                put(&mut fields, "work.startDate", start);
                put(&mut fields, "work.endDate", end);
                let summary = item.get("summary").and_then(Value::as_str).unwrap_or_default();
                for bullet in summary.split("<li>").skip(1) {
                    put(&mut fields, "work.highlights", plain(bullet));
                }
            } else if section == "education" {
                put(&mut fields, "education.startDate", start);
                put(&mut fields, "education.endDate", end);
                // Some of these files keep the place in the field of the subject.
                let area = at(item, "/area");
                let area = if area.contains(", ") { String::new() } else { area };
                put(&mut fields, "education.degree", format!("{} {area}", at(item, "/studyType")));
            }
        }
    }
    fields
}

#[allow(clippy::too_many_lines, reason = "a flat list of the fields and where the truth has them")]
fn rendercv_fields(truth: &Value) -> Fields {
    let mut fields = Fields::new();
    let Some(cv) = truth.get("cv") else { return fields };
    let at = |value: &Value, key: &str| value.get(key).map(text).unwrap_or_default();
    for (field, key) in [
        ("basics.name", "name"),
        ("basics.label", "headline"),
        ("basics.email", "email"),
        ("basics.phone", "phone"),
        ("basics.url", "website"),
        ("basics.location", "location"),
    ] {
        put(&mut fields, field, at(cv, key));
    }
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    for account in list(cv.get("social_networks")) {
        put(&mut fields, "profiles.network", at(&account, "network"));
        put(&mut fields, "profiles.username", at(&account, "username"));
        let path = if at(&account, "network") == "LinkedIn" { "linkedin.com/in" } else { "github.com" };
        put(&mut fields, "profiles.url", format!("{path}/{}", at(&account, "username")));
    }
    let section = |name: &str| list(cv.pointer(&format!("/sections/{name}")));
    let end = |entry: &Value| Some(at(entry, "end_date")).filter(|end| end != "present").unwrap_or_default();
    let bullets = |entry: &Value| -> Vec<String> {
        // A bullet with bullets under it is one string with lines.
        list(entry.get("highlights"))
            .iter()
            .filter_map(Value::as_str)
            .flat_map(|text| {
                text.replace(" - ", "\n- ")
                    .lines()
                    .map(|line| plain(line.trim_start_matches(['-', ' '])))
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    for entry in section("experience") {
        put(&mut fields, "work.name", at(&entry, "company"));
        put(&mut fields, "work.position", at(&entry, "position"));
        put(&mut fields, "work.location", at(&entry, "location"));
        put(&mut fields, "work.startDate", at(&entry, "start_date"));
        put(&mut fields, "work.endDate", end(&entry));
        bullets(&entry).into_iter().for_each(|bullet| put(&mut fields, "work.highlights", bullet));
    }
    for entry in section("education") {
        put(&mut fields, "education.institution", at(&entry, "institution"));
        put(&mut fields, "education.degree", format!("{} {}", at(&entry, "degree"), at(&entry, "area")));
        put(&mut fields, "education.startDate", at(&entry, "start_date"));
        put(&mut fields, "education.endDate", end(&entry));
        bullets(&entry).into_iter().for_each(|bullet| put(&mut fields, "education.courses", bullet));
    }
    for entry in section("projects") {
        put(&mut fields, "projects.name", at(&entry, "name"));
        put(&mut fields, "projects.description", at(&entry, "summary"));
        let date = at(&entry, "date");
        let (start, end) =
            if date.is_empty() { (at(&entry, "start_date"), end(&entry)) } else { (date.clone(), date) };
        put(&mut fields, "projects.period", format!("{start}..{end}"));
        bullets(&entry).into_iter().for_each(|bullet| put(&mut fields, "projects.highlights", bullet));
    }
    for entry in section("publications") {
        put(&mut fields, "publications.name", at(&entry, "title"));
        put(&mut fields, "publications.publisher", at(&entry, "journal"));
        put(&mut fields, "publications.releaseDate", at(&entry, "date"));
    }
    for entry in section("skills") {
        put(&mut fields, "skills.name", at(&entry, "label"));
        at(&entry, "details")
            .split(", ")
            .for_each(|keyword| put(&mut fields, "skills.keywords", keyword.to_owned()));
    }
    for entry in section("selected_honors") {
        let bullet = at(&entry, "bullet");
        let title = bullet.rsplit_once(" (").map_or(bullet.as_str(), |(title, _)| title);
        put(&mut fields, "awards.title", title.to_owned());
    }
    fields
}
