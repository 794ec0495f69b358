//! Measures the parser on resumes whose fields are known: `cargo run -p matching --example eval_parse -- DATA [--json] [-v]`.
//!
//! DATA is a folder with `pdf-truth/reactive-resume/{pdf,json}` and `pdf-truth/rendercv/examples`. Each value of the
//! truth that the page shows (its words are in the text or in a link) must come back in its field; each value that
//! comes back must be in the truth. Printed are precision, recall and F1 of each field over all files, and F1 of each file.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use matching::parse::dates::find_dates;
use matching::parse::json_resume::Resume;
use matching::parse::parse;
use matching::{Document, ExtractOptions, extract};
use serde_json::{Value, json};

type Fields = BTreeMap<&'static str, Vec<String>>;

/// Values in the truth, values found, and values in both.
#[derive(Default, Clone, Copy)]
struct Count {
    truth: usize,
    found: usize,
    hit: usize,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.truth += other.truth;
        self.found += other.found;
        self.hit += other.hit;
    }

    fn precision(self) -> f64 {
        if self.found == 0 { 1.0 } else { self.hit as f64 / self.found as f64 }
    }

    fn recall(self) -> f64 {
        if self.truth == 0 { 1.0 } else { self.hit as f64 / self.truth as f64 }
    }

    fn f1(self) -> f64 {
        if self.truth + self.found == 0 {
            1.0
        } else {
            2.0 * self.hit as f64 / (self.truth + self.found) as f64
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| args.iter().any(|arg| arg == name);
    let folder =
        args.iter().find(|arg| !arg.starts_with('-')).ok_or("usage: eval_parse DATA [--json] [-v]")?;
    let mut files: Vec<(String, Count)> = Vec::new();
    let mut fields: BTreeMap<&'static str, Count> = BTreeMap::new();
    for (name, pdf, truth) in cases(Path::new(folder))? {
        let bytes = std::fs::read(&pdf)?;
        let document = extract(&bytes, Some(&pdf), &ExtractOptions::default())?;
        let shown = shown(&document);
        let truth: Fields = truth
            .into_iter()
            .map(|(field, values)| {
                (field, values.into_iter().filter(|value| is_shown(field, value, &shown)).collect())
            })
            .collect();
        let found = found(&parse(&document).resume);
        let mut sum = Count::default();
        for field in FIELDS {
            let empty = Vec::new();
            let (want, got) = (truth.get(field).unwrap_or(&empty), found.get(field).unwrap_or(&empty));
            let count = compare(field, want, got);
            if flag("-v") && count.hit < count.truth.max(count.found) {
                println!("{name} {field}\n  want {want:?}\n  got  {got:?}");
            }
            fields.entry(field).or_default().add(count);
            sum.add(count);
        }
        files.push((name, sum));
    }
    report(&files, &fields, flag("--json"))
}

fn report(
    files: &[(String, Count)],
    fields: &BTreeMap<&'static str, Count>,
    as_json: bool,
) -> Result<(), Box<dyn Error>> {
    let mut total = Count::default();
    fields.values().for_each(|count| total.add(*count));
    if as_json {
        let row = |count: &Count| json!({"truth": count.truth, "found": count.found, "precision": count.precision(), "recall": count.recall(), "f1": count.f1()});
        let document = json!({
            "fields": fields.iter().map(|(field, count)| (field.to_string(), row(count))).collect::<BTreeMap<_, _>>(),
            "layouts": files.iter().map(|(file, count)| (file.clone(), row(count))).collect::<BTreeMap<_, _>>(),
            "overall": row(&total),
        });
        println!("{}", serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    println!("{:<24} {:>6} {:>6} {:>6} {:>6} {:>6}", "field", "truth", "found", "prec", "recall", "F1");
    for (field, count) in fields.iter().chain([(&"overall", &total)]) {
        println!(
            "{field:<24} {:>6} {:>6} {:>6.3} {:>6.3} {:>6.3}",
            count.truth,
            count.found,
            count.precision(),
            count.recall(),
            count.f1()
        );
    }
    for (file, count) in files {
        println!("{file:<40} {:>6.3}", count.f1());
    }
    Ok(())
}

const FIELDS: [&str; 38] = [
    "basics.name",
    "basics.label",
    "basics.email",
    "basics.phone",
    "basics.url",
    "basics.location",
    "basics.summary",
    "profiles.network",
    "profiles.username",
    "profiles.url",
    "work.name",
    "work.position",
    "work.location",
    "work.url",
    "work.startDate",
    "work.endDate",
    "work.highlights",
    "education.institution",
    "education.degree",
    "education.startDate",
    "education.endDate",
    "education.courses",
    "projects.name",
    "projects.description",
    "projects.period",
    "projects.highlights",
    "skills.name",
    "skills.level",
    "skills.keywords",
    "languages.language",
    "languages.fluency",
    "certificates.name",
    "certificates.issuer",
    "certificates.date",
    "awards.title",
    "publications.name",
    "publications.publisher",
    "publications.releaseDate",
];

type Case = (String, String, Fields);

fn cases(folder: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
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

fn put(fields: &mut Fields, field: &'static str, value: String) {
    if !value.is_empty() {
        fields.entry(field).or_default().push(value);
    }
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

fn found(resume: &Resume) -> Fields {
    let mut fields = Fields::new();
    let basics = &resume.basics;
    let of = |value: &Option<String>| value.clone().unwrap_or_default();
    put(&mut fields, "basics.name", of(&basics.name));
    put(&mut fields, "basics.label", of(&basics.label));
    put(&mut fields, "basics.email", of(&basics.email));
    put(&mut fields, "basics.phone", of(&basics.phone));
    put(&mut fields, "basics.url", of(&basics.url));
    put(&mut fields, "basics.summary", of(&basics.summary));
    if let Some(place) = &basics.location {
        let parts = [&place.address, &place.city, &place.region, &place.postal_code];
        put(
            &mut fields,
            "basics.location",
            parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" "),
        );
    }
    for profile in &basics.profiles {
        put(&mut fields, "profiles.network", of(&profile.network));
        put(&mut fields, "profiles.username", of(&profile.username));
        put(&mut fields, "profiles.url", of(&profile.url));
    }
    for work in &resume.work {
        put(&mut fields, "work.name", of(&work.name));
        put(&mut fields, "work.position", of(&work.position));
        put(&mut fields, "work.location", of(&work.location));
        put(&mut fields, "work.url", of(&work.url));
        put(&mut fields, "work.startDate", of(&work.start_date));
        put(&mut fields, "work.endDate", of(&work.end_date));
        work.highlights.iter().for_each(|text| put(&mut fields, "work.highlights", text.clone()));
    }
    for study in &resume.education {
        put(&mut fields, "education.institution", of(&study.institution));
        put(
            &mut fields,
            "education.degree",
            format!("{} {}", of(&study.study_type), of(&study.area)).trim().to_owned(),
        );
        put(&mut fields, "education.startDate", of(&study.start_date));
        put(&mut fields, "education.endDate", of(&study.end_date));
        study.courses.iter().for_each(|text| put(&mut fields, "education.courses", text.clone()));
    }
    for project in &resume.projects {
        put(&mut fields, "projects.name", of(&project.name));
        put(&mut fields, "projects.description", of(&project.description));
        project.roles.iter().for_each(|text| put(&mut fields, "projects.description", text.clone()));
        if project.start_date.is_some() {
            put(
                &mut fields,
                "projects.period",
                format!("{}..{}", of(&project.start_date), of(&project.end_date)),
            );
        }
        project.highlights.iter().for_each(|text| put(&mut fields, "projects.highlights", text.clone()));
    }
    found_lists(resume, &mut fields);
    fields
}

fn found_lists(resume: &Resume, fields: &mut Fields) {
    let of = |value: &Option<String>| value.clone().unwrap_or_default();
    for skill in &resume.skills {
        put(fields, "skills.name", of(&skill.name));
        put(fields, "skills.level", of(&skill.level));
        skill.keywords.iter().for_each(|text| put(fields, "skills.keywords", text.clone()));
    }
    for language in &resume.languages {
        put(fields, "languages.language", of(&language.language));
        put(fields, "languages.fluency", of(&language.fluency));
    }
    for certificate in &resume.certificates {
        put(fields, "certificates.name", of(&certificate.name));
        put(fields, "certificates.issuer", of(&certificate.issuer));
        put(fields, "certificates.date", of(&certificate.date));
    }
    resume.awards.iter().for_each(|award| put(fields, "awards.title", of(&award.title)));
    for publication in &resume.publications {
        put(fields, "publications.name", of(&publication.name));
        put(fields, "publications.publisher", of(&publication.publisher));
        put(fields, "publications.releaseDate", of(&publication.release_date));
    }
}

/// Letters and digits of a value in lower case; of an address without its scheme, of a number only the digits.
fn key(field: &str, value: &str) -> String {
    let value = value.to_lowercase();
    if field.ends_with("phone") {
        return value.chars().filter(char::is_ascii_digit).collect();
    }
    if field.ends_with("url") {
        let rest = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
        return rest.trim_start_matches("www.").trim_end_matches('/').to_owned();
    }
    if field.ends_with("degree") {
        let words = value
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !matches!(*word, "" | "in" | "of" | "s"));
        return words.collect();
    }
    if field.ends_with("Date") || field.ends_with("date") || field.ends_with("period") {
        return value;
    }
    value.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Everything a reader or a click can see.
fn shown(document: &Document) -> String {
    let links = document.links.iter().map(|link| link.target.as_str()).collect::<Vec<_>>().join(" ");
    key("", &format!("{} {links}", document.text))
}

fn is_shown(field: &str, value: &str, shown: &str) -> bool {
    let dated = field.ends_with("Date") || field.ends_with("date") || field.ends_with("period");
    let words = value.split(|c: char| !c.is_alphanumeric()).map(|word| key("", word));
    dated
        || field.ends_with("degree")
        || words.filter(|word| !word.is_empty()).all(|word| shown.contains(&word))
}

fn equal(field: &str, want: &str, got: &str) -> bool {
    let dated = field.ends_with("Date") || field.ends_with("date") || field.ends_with("period");
    if dated {
        let mut pairs = want.split("..").zip(got.split(".."));
        return pairs.all(|(want, got)| want == got || (!want.is_empty() && got.starts_with(want)));
    }
    want == got
}

fn compare(field: &str, want: &[String], got: &[String]) -> Count {
    let mut left: Vec<String> = got.iter().map(|value| key(field, value)).collect();
    let mut hit = 0;
    for value in want {
        let wanted = key(field, value);
        if let Some(at) = left.iter().position(|found| equal(field, &wanted, found)) {
            left.swap_remove(at);
            hit += 1;
        }
    }
    Count { truth: want.len(), found: got.len(), hit }
}
