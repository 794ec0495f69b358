//! Entities of resumes that people annotated (the dotin set): the parser beside patterns and word lists alone.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::Path;

use matching::parse::json_resume::Resume;
use matching::parse::parse;
use matching::skills::Taxonomy;
use matching::{Document, ParsedResume};
use regex::Regex;
use serde_json::{Value, json};

use crate::fields::Count;

/// The entities that both the annotation and JSON Resume know.
const KINDS: [&str; 9] = [
    "Name",
    "Email Address",
    "Designation",
    "Companies worked at",
    "College Name",
    "Degree",
    "Graduation Year",
    "Location",
    "Tech Tools",
];

type Entities = BTreeMap<&'static str, Vec<String>>;

/// Counts of the parser and of the baseline.
#[derive(Default)]
pub(crate) struct Measured {
    parser: BTreeMap<&'static str, Count>,
    baseline: BTreeMap<&'static str, Count>,
}

impl Measured {
    fn total(counts: &BTreeMap<&'static str, Count>) -> f64 {
        let mut sum = Count::default();
        counts.values().for_each(|count| sum.add(*count));
        sum.f1()
    }

    /// One figure for all kinds together and one a kind; there is no target, the baseline is beside it.
    pub(crate) fn figures(&self) -> Vec<Value> {
        let figure = |name: &str, value: f64, baseline: f64| {
            json!({"name": format!("parse.dotin.{name}"), "value": crate::rounded(value), "unit": "F1",
                "baselines": {"patterns": crate::rounded(baseline)}, "target": null, "met": null})
        };
        if self.parser.is_empty() {
            return Vec::new();
        }
        let mut figures = vec![figure("all", Self::total(&self.parser), Self::total(&self.baseline))];
        for (kind, count) in &self.parser {
            let baseline = self.baseline.get(kind).map_or(0.0, |count| count.f1());
            figures.push(figure(&kind.replace(' ', "_").to_lowercase(), count.f1(), baseline));
        }
        figures
    }

    /// A table for people.
    pub(crate) fn print(&self) {
        if self.parser.is_empty() {
            return;
        }
        println!(
            "\n{:<24} {:>6} {:>6} {:>6} {:>6} {:>6}  patterns F1",
            "dotin", "truth", "found", "prec", "recall", "F1"
        );
        for (kind, count) in &self.parser {
            let baseline = self.baseline.get(kind).map_or(0.0, |count| count.f1());
            println!("{} {baseline:>12.3}", crate::row(kind, *count));
        }
        println!("{:<24} {:>34.3} {:>12.3}", "all", Self::total(&self.parser), Self::total(&self.baseline));
    }
}

/// Reads the archives of `ner/dotin` and compares.
pub(crate) fn measure(folder: &Path, verbose: bool) -> Result<Measured, Box<dyn Error>> {
    let mut measured = Measured::default();
    let folder = folder.join("ner/dotin");
    if !folder.is_dir() {
        return Ok(measured);
    }
    let patterns = Patterns::new()?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "zip") {
            continue;
        }
        let mut archive = zip::ZipArchive::new(std::fs::File::open(path)?)?;
        for index in 0..archive.len() {
            let mut file = archive.by_index(index)?;
            let name = file.name()?.into_owned();
            if !name.ends_with(".xml") || name.contains("__MACOSX") {
                continue;
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let (text, truth) = patterns.annotated(&String::from_utf8_lossy(&bytes));
            let found = by_parser(&text);
            if verbose {
                println!("dotin {name}\n  want {truth:?}\n  got  {found:?}");
            }
            compare_all(&mut measured.parser, &truth, &found);
            compare_all(&mut measured.baseline, &truth, &patterns.entities(&text));
        }
    }
    Ok(measured)
}

fn compare_all(counts: &mut BTreeMap<&'static str, Count>, truth: &Entities, found: &Entities) {
    for kind in KINDS {
        let set = |entities: &Entities| {
            let mut values: Vec<String> =
                entities.get(kind).into_iter().flatten().map(|value| key(kind, value)).collect();
            values.retain(|value| !value.is_empty());
            values.sort();
            values.dedup();
            values
        };
        let (want, got) = (set(truth), set(found));
        let hit = want.iter().filter(|value| got.contains(value)).count();
        counts.entry(kind).or_default().add(Count { truth: want.len(), found: got.len(), hit });
    }
}

/// Letters and digits; of a graduation only its last year.
fn key(kind: &str, value: &str) -> String {
    let letters: String = value.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    if kind == "Graduation Year" {
        let digits: String = letters.chars().rev().take_while(char::is_ascii_digit).take(4).collect();
        return digits.chars().rev().collect();
    }
    letters
}

fn by_parser(text: &str) -> Entities {
    // The set has two spaces where the resumes had a line end.
    let document = Document::from_text(&text.replace("  ", "\n"));
    let ParsedResume { resume, .. } = parse(&document);
    let mut found = from_resume(&resume);
    let tools = Taxonomy::builtin().find(&document.text);
    found.insert("Tech Tools", tools.iter().map(|tool| document.slice(&tool.span).to_owned()).collect());
    found
}

fn from_resume(resume: &Resume) -> Entities {
    let mut found = Entities::new();
    let mut put = |kind: &'static str, value: &Option<String>| {
        found.entry(kind).or_default().extend(value.clone());
    };
    put("Name", &resume.basics.name);
    put("Email Address", &resume.basics.email);
    let place = resume.basics.location.as_ref().map(|place| {
        [&place.city, &place.region].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    });
    put("Location", &place);
    for work in &resume.work {
        put("Designation", &work.position);
        put("Companies worked at", &work.name);
        put("Location", &work.location);
    }
    for study in &resume.education {
        put("College Name", &study.institution);
        let degree = match (&study.study_type, &study.area) {
            (Some(kind), Some(area)) => Some(format!("{kind} in {area}")),
            (kind, area) => kind.clone().or_else(|| area.clone()),
        };
        put("Degree", &degree);
        put("Graduation Year", &study.end_date.as_ref().and_then(|date| date.get(..4)).map(str::to_owned));
    }
    found
}

/// The baseline, and what reads the annotation.
struct Patterns {
    label: Regex,
    tag: Regex,
    kinds: Vec<(&'static str, Regex)>,
}

impl Patterns {
    fn new() -> Result<Self, regex::Error> {
        let kinds = [
            ("Name", r"^\W*((?:[A-Z][\w'.-]*\s){1,2}[A-Z][\w'.-]*)"),
            ("Email Address", r"([\w.+-]+@[\w-]+(?:\.[\w-]+)+)"),
            (
                "Designation",
                r"((?:[A-Z][\w/&-]*\s){0,3}(?:[Ee]ngineer|[Dd]eveloper|[Mm]anager|[Aa]nalyst|[Aa]ssistant|[Cc]onsultant|[Dd]irector|[Ii]ntern|[Tt]eacher|[Aa]dministrator|[Ss]pecialist|[Cc]oordinator))\b",
            ),
            (
                "Companies worked at",
                r"((?:[A-Z][\w&.-]*,?\s){1,4}(?:Inc|LLC|Ltd|Corp|Corporation|Company|Group|Technologies|Solutions|Systems|Services)\b\.?)",
            ),
            (
                "College Name",
                r"((?:[A-Z][\w.&-]*\s){0,4}(?:University|College|Institute|School)(?:\sof(?:\s[A-Z]\w*){1,4})?)",
            ),
            (
                "Degree",
                r"((?:B\.?\s?(?:A|S|Sc|Tech|E|Com)|M\.?\s?(?:A|S|Sc|Tech|BA|CA)|Ph\.?D|Bachelors?|Masters?|Diploma|MBA)\b\.?(?:'s)?(?:\s(?:of|in)(?:\s[A-Z]\w*){1,4})*)",
            ),
            ("Graduation Year", r"\b((?:19|20)\d\d)\b"),
            ("Location", r"([A-Z][a-z]+(?:\s[A-Z][a-z]+)?,\s(?:[A-Z]{2}|[A-Z][a-z]+))\b"),
            (
                "Tech Tools",
                r"\b(Java|JavaScript|Python|C\+\+|C#|PHP|HTML|CSS|SQL|MySQL|Oracle|Excel|Linux|Unix|Windows|Git|Hibernate|Spring|JSON|XML|AngularJS|jQuery|AWS|Hadoop|Hive|Jenkins|Maven|Eclipse|MATLAB|SAP|Photoshop)",
            ),
        ];
        Ok(Self {
            label: Regex::new(r#"(?s)<label type="([^"]+)">(.*?)</label>"#)?,
            tag: Regex::new(r"<[^>]*>")?,
            kinds: kinds
                .into_iter()
                .map(|(kind, pattern)| Ok((kind, Regex::new(pattern)?)))
                .collect::<Result<_, regex::Error>>()?,
        })
    }

    /// The text without markup, and what is annotated in it.
    fn annotated(&self, source: &str) -> (String, Entities) {
        let plain = |text: &str| {
            let text = self.tag.replace_all(text, "");
            let text = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
            text.trim_matches(['"', '\n', ' ']).to_owned()
        };
        let mut truth = Entities::new();
        for found in self.label.captures_iter(source) {
            let kind = KINDS.into_iter().find(|kind| found.get(1).is_some_and(|name| name.as_str() == *kind));
            if let (Some(kind), Some(value)) = (kind, found.get(2)) {
                truth.entry(kind).or_default().push(plain(value.as_str()));
            }
        }
        (plain(source), truth)
    }

    fn entities(&self, text: &str) -> Entities {
        self.kinds
            .iter()
            .map(|(kind, pattern)| {
                let values = pattern.captures_iter(text).filter_map(|found| found.get(1));
                (*kind, values.map(|value| value.as_str().to_owned()).collect())
            })
            .collect()
    }
}
