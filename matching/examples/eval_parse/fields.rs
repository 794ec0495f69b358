//! Fields, the values that the parser found in them, and how values are compared.

use std::collections::BTreeMap;

use matching::Document;
use matching::parse::json_resume::Resume;

/// Values by field.
pub(crate) type Fields = BTreeMap<&'static str, Vec<String>>;

/// The fields that are measured.
pub(crate) const FIELDS: [&str; 38] = [
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

/// Values in the truth, values found, and values in both.
#[derive(Default, Clone, Copy)]
pub(crate) struct Count {
    pub(crate) truth: usize,
    pub(crate) found: usize,
    pub(crate) hit: usize,
}

impl Count {
    pub(crate) fn add(&mut self, other: Self) {
        self.truth += other.truth;
        self.found += other.found;
        self.hit += other.hit;
    }

    pub(crate) fn precision(self) -> f64 {
        if self.found == 0 { 1.0 } else { self.hit as f64 / self.found as f64 }
    }

    pub(crate) fn recall(self) -> f64 {
        if self.truth == 0 { 1.0 } else { self.hit as f64 / self.truth as f64 }
    }

    pub(crate) fn f1(self) -> f64 {
        if self.truth + self.found == 0 {
            1.0
        } else {
            2.0 * self.hit as f64 / (self.truth + self.found) as f64
        }
    }
}

/// Adds a value unless it is empty.
pub(crate) fn put(fields: &mut Fields, field: &'static str, value: String) {
    if !value.is_empty() {
        fields.entry(field).or_default().push(value);
    }
}

/// What the parser found.
pub(crate) fn found(resume: &Resume) -> Fields {
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
pub(crate) fn shown(document: &Document) -> String {
    let links = document.links.iter().map(|link| link.target.as_str()).collect::<Vec<_>>().join(" ");
    key("", &format!("{} {links}", document.text))
}

/// Whether the page shows a value.
pub(crate) fn is_shown(field: &str, value: &str, shown: &str) -> bool {
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

/// Counts the values of the truth that were found.
pub(crate) fn compare(field: &str, want: &[String], got: &[String]) -> Count {
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
