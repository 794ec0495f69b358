//! How each kind of entry is written, plainly or with labels.

use crate::parse::json_resume::{
    Award, Certificate, Education, Interest, Language, Project, Publication, Reference, Skill, Volunteer,
    Work,
};
use crate::parse::{dates::PartialDate, reads_as_sentences};

use super::lines::{Kind, Line};

/// The lines under the name of an entry.
struct Lines(Vec<Line>);

impl Lines {
    /// The first line: a name, with a label or with dates beside it.
    fn titled(label: &str, name: Option<&String>, dates: String, labelled: bool) -> Self {
        let Some(name) = name else {
            let lines = if dates.is_empty() { Vec::new() } else { vec![Line::new(Kind::Entry, dates)] };
            return Self(lines);
        };
        if !labelled {
            return Self(vec![Line::new(Kind::Entry, name).beside(dates)]);
        }
        let mut lines = Self(vec![Line::new(Kind::Entry, format!("{label}: {name}"))]);
        lines.put("Dates", Some(&dates).filter(|dates| !dates.is_empty()));
        lines
    }

    /// A line with a label, when there is a value.
    fn put(&mut self, label: &str, value: Option<&String>) {
        let kind = if self.0.is_empty() { Kind::Entry } else { Kind::Detail };
        self.0.extend(value.map(|value| Line::labelled(kind, label, value)));
    }

    /// A name in the next line, with a label where one is asked for.
    fn named(&mut self, label: &str, value: Option<&String>, labelled: bool) {
        match value {
            Some(value) if !labelled && !self.0.is_empty() => self.0.push(Line::new(Kind::Detail, value)),
            value => self.put(label, value),
        }
    }

    fn address(&mut self, url: Option<&String>) {
        if self.0.is_empty() {
            self.put("URL", url);
        } else {
            self.0.extend(url.map(|url| Line::address(url)));
        }
    }

    /// Sentences; a few words need a label to be read as such.
    fn text(&mut self, label: &str, value: Option<&String>) {
        match value {
            Some(text) if reads_as_sentences(text) && !self.0.is_empty() => {
                self.0.push(Line::new(Kind::Paragraph, text));
            }
            value => self.put(label, value),
        }
    }

    fn bullets(&mut self, items: &[String]) {
        self.0.extend(items.iter().map(|item| Line::new(Kind::Bullet, item)));
    }
}

/// "15 March 2020" of `2020-03-15`, "Mar 2020" of `2020-03`; anything else as it is.
fn date(value: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some(PartialDate { year, month, day }) = PartialDate::parse_iso(value) else {
        return value.to_owned();
    };
    let month = month.and_then(|month| MONTHS.get(usize::from(month).checked_sub(1)?));
    match (day, month) {
        (Some(day), Some(month)) => format!("{day} {month} {year}"),
        (_, Some(month)) => format!("{month} {year}"),
        _ => year.to_string(),
    }
}

/// A stretch of time; `end_alone` says that one date stands for the end of it, as it does at schools.
fn period(start: Option<&String>, end: Option<&String>, end_alone: bool) -> String {
    match (start.map(|start| date(start)), end.map(|end| date(end))) {
        (Some(start), Some(end)) if start == end && !end_alone => start,
        (Some(start), Some(end)) => format!("{start} – {end}"),
        (Some(start), None) => format!("{start} – Present"),
        (None, Some(end)) if end_alone => end,
        (None, Some(end)) => format!("until {end}"),
        (None, None) => String::new(),
    }
}

/// Items of a list; one that holds a separator is put in quotation marks.
fn list(items: &[String]) -> String {
    let quoted = |item: &String| {
        if item.contains([',', ';', '|', '•', '·', '、', '，', '；', '▪', '∙']) {
            format!("“{item}”")
        } else {
            item.clone()
        }
    };
    items.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn work(work: &Work, labelled: bool) -> Vec<Line> {
    let dates = period(work.start_date.as_ref(), work.end_date.as_ref(), false);
    let labelled = labelled || work.name.is_none() || work.position.is_none();
    let mut lines = Lines::titled("Employer", work.name.as_ref(), dates, labelled);
    lines.named("Position", work.position.as_ref(), labelled);
    match (lines.0.last_mut().filter(|_| !labelled), &work.location) {
        (Some(line), Some(place)) => line.aside.clone_from(place),
        (_, place) => lines.put("Location", place.as_ref()),
    }
    lines.put("Company profile", work.description.as_ref());
    lines.address(work.url.as_ref());
    lines.text("Summary", work.summary.as_ref());
    lines.bullets(&work.highlights);
    lines.0
}

pub(super) fn volunteer(work: &Volunteer, labelled: bool) -> Vec<Line> {
    let dates = period(work.start_date.as_ref(), work.end_date.as_ref(), false);
    let labelled = labelled || work.organization.is_none() || work.position.is_none();
    let mut lines = Lines::titled("Organization", work.organization.as_ref(), dates, labelled);
    lines.named("Position", work.position.as_ref(), labelled);
    lines.address(work.url.as_ref());
    lines.text("Summary", work.summary.as_ref());
    lines.bullets(&work.highlights);
    lines.0
}

pub(super) fn education(study: &Education, labelled: bool) -> Vec<Line> {
    let dates = period(study.start_date.as_ref(), study.end_date.as_ref(), true);
    let mut lines = Lines::titled("School", study.institution.as_ref(), dates, labelled);
    if labelled {
        lines.put("Degree", study.study_type.as_ref());
        lines.put("Field of study", study.area.as_ref());
    } else {
        let degree = match (&study.study_type, &study.area) {
            (Some(kind), Some(area)) => Some(format!("{kind} in {area}")),
            (kind, area) => kind.clone().or_else(|| area.clone()),
        };
        lines.named("Degree", degree.as_ref(), false);
    }
    lines.put("Grade", study.score.as_ref());
    lines.address(study.url.as_ref());
    lines.bullets(&study.courses);
    lines.0
}

pub(super) fn project(project: &Project, labelled: bool) -> Vec<Line> {
    let dates = period(project.start_date.as_ref(), project.end_date.as_ref(), false);
    let mut lines = Lines::titled("Project", project.name.as_ref(), dates, labelled);
    lines.put("Roles", filled(list(&project.roles)).as_ref());
    lines.put("Client", project.entity.as_ref());
    lines.put("Type", project.kind.as_ref());
    lines.put("Keywords", filled(list(&project.keywords)).as_ref());
    lines.address(project.url.as_ref());
    lines.text("Description", project.description.as_ref());
    lines.bullets(&project.highlights);
    lines.0
}

pub(super) fn skill(skill: &Skill, labelled: bool) -> Vec<Line> {
    group(skill.name.as_ref(), skill.level.as_ref(), &skill.keywords, labelled)
}

pub(super) fn interest(interest: &Interest, labelled: bool) -> Vec<Line> {
    group(interest.name.as_ref(), None, &interest.keywords, labelled)
}

/// "**Databases** (Advanced): PostgreSQL, Redis"
fn group(name: Option<&String>, level: Option<&String>, keywords: &[String], labelled: bool) -> Vec<Line> {
    let label = if labelled { "level: " } else { "" };
    let level = level.map(|level| format!(" ({label}{level})")).unwrap_or_default();
    let keywords = list(keywords);
    let colon = if keywords.is_empty() && !labelled { "" } else { ": " };
    let name = name.map_or("Keywords", String::as_str);
    vec![Line::group(name, format!("{level}{colon}{keywords}").trim_end())]
}

pub(super) fn language(language: &Language, labelled: bool) -> Vec<Line> {
    let Some(name) = &language.language else { return Vec::new() };
    let label = if labelled { "level: " } else { "" };
    let fluency = language.fluency.as_ref().map(|fluency| format!(" ({label}{fluency})")).unwrap_or_default();
    vec![Line::group(name, &fluency)]
}

pub(super) fn certificate(certificate: &Certificate, labelled: bool) -> Vec<Line> {
    let dates = certificate.date.as_deref().map(date).unwrap_or_default();
    let mut lines = Lines::titled("Certificate", certificate.name.as_ref(), dates, labelled);
    lines.named("Issued by", certificate.issuer.as_ref(), labelled);
    lines.address(certificate.url.as_ref());
    lines.0
}

pub(super) fn award(award: &Award, labelled: bool) -> Vec<Line> {
    let dates = award.date.as_deref().map(date).unwrap_or_default();
    let mut lines = Lines::titled("Award", award.title.as_ref(), dates, labelled);
    lines.named("Awarded by", award.awarder.as_ref(), labelled);
    lines.text("Summary", award.summary.as_ref());
    lines.0
}

pub(super) fn publication(publication: &Publication, labelled: bool) -> Vec<Line> {
    let dates = publication.release_date.as_deref().map(date).unwrap_or_default();
    let mut lines = Lines::titled("Publication", publication.name.as_ref(), dates, labelled);
    lines.put("Publisher", publication.publisher.as_ref());
    lines.address(publication.url.as_ref());
    lines.text("Summary", publication.summary.as_ref());
    lines.0
}

pub(super) fn reference(reference: &Reference, labelled: bool) -> Vec<Line> {
    let mut lines = Lines::titled("Referee", reference.name.as_ref(), String::new(), labelled);
    lines.text("Reference", reference.reference.as_ref());
    lines.0
}
