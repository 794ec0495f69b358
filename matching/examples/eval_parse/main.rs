//! Measures the parser on resumes whose fields are known:
//! `cargo run --example eval_parse -- DATA [--output json] [-v]`.
//!
//! DATA is a folder with `pdf-truth/reactive-resume/{pdf,json}`, `pdf-truth/rendercv/examples` and `ner/dotin`; what is
//! absent is left out. Each value of the truth that the page shows (its words are in the text or in a link) must come
//! back in its field; each value that comes back must be in the truth. Entities of `ner/dotin` are compared as sets of
//! texts for each resume, beside patterns and word lists alone. JSON Resume documents in `formats` are exported and read
//! back. As JSON: `{"figures": [{name, value, unit, baselines,
//! target, met}]}`.

mod dotin;
mod fields;
mod roundtrip;
mod truth;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use fields::{Count, FIELDS, Fields, compare, found, is_shown, shown};
use matching::parse::parse;
use matching::{ExtractOptions, extract};
use serde_json::{Value, json};

/// Counts of each field, for one set of files.
type Counts = BTreeMap<&'static str, Count>;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().any(|arg| arg == "-v");
    let as_json = args.windows(2).any(|pair| matches!(pair, [a, b] if a == "--output" && b == "json"));
    let folder = args
        .iter()
        .find(|arg| !arg.starts_with('-') && *arg != "json")
        .ok_or("usage: eval_parse DATA [--output json] [-v]")?;
    let mut files: Vec<(String, Count)> = Vec::new();
    let mut sets: BTreeMap<String, Counts> = BTreeMap::new();
    for (name, pdf, truth) in truth::cases(Path::new(folder))? {
        let set = name.split('/').next().unwrap_or_default().to_owned();
        let counts = measure(&name, &pdf, truth, verbose)?;
        let mut sum = Count::default();
        counts.values().for_each(|count| sum.add(*count));
        files.push((name, sum));
        for (field, count) in counts {
            sets.entry(set.clone()).or_default().entry(field).or_default().add(count);
        }
    }
    let entities = dotin::measure(Path::new(folder), verbose)?;
    let trip = roundtrip::measure(Path::new(folder), verbose)?;
    if as_json {
        let figures: Vec<Value> =
            field_figures(&sets).into_iter().chain(entities.figures()).chain(trip.figures()).collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "figures": figures }))?);
    } else {
        print_fields(&sets, &files);
        entities.print();
        trip.print();
    }
    Ok(())
}

/// Compares one file with its truth.
fn measure(name: &str, pdf: &str, truth: Fields, verbose: bool) -> Result<Counts, Box<dyn Error>> {
    let bytes = std::fs::read(pdf)?;
    let document = extract(&bytes, Some(pdf), &ExtractOptions::default())?;
    let visible = shown(&document);
    let found = found(&parse(&document).resume);
    let mut counts = Counts::new();
    for field in FIELDS {
        let mut want = truth.get(field).cloned().unwrap_or_default();
        want.retain(|value| is_shown(field, value, &visible));
        let got = found.get(field).cloned().unwrap_or_default();
        let count = compare(field, &want, &got);
        if verbose && count.hit < count.truth.max(count.found) {
            println!("{name} {field}\n  want {want:?}\n  got  {got:?}");
        }
        counts.insert(field, count);
    }
    Ok(counts)
}

/// The figures that the project has targets for.
fn field_figures(sets: &BTreeMap<String, Counts>) -> Vec<Value> {
    const CONTACT: [&str; 6] =
        ["basics.name", "basics.email", "basics.phone", "basics.url", "profiles.url", "work.url"];
    const HISTORY: [&str; 7] = [
        "work.name",
        "work.position",
        "work.startDate",
        "work.endDate",
        "education.institution",
        "education.startDate",
        "education.endDate",
    ];
    let mut figures = Vec::new();
    for (set, counts) in sets {
        let sum = |fields: &mut dyn Iterator<Item = &'static str>| {
            let mut total = Count::default();
            fields.filter_map(|field| counts.get(field)).for_each(|count| total.add(*count));
            total.f1()
        };
        figures.push(figure(&format!("parse.{set}.overall"), sum(&mut FIELDS.into_iter()), 0.95));
        for field in CONTACT {
            figures.push(figure(&format!("parse.{set}.{field}"), sum(&mut std::iter::once(field)), 0.99));
        }
        for field in HISTORY {
            figures.push(figure(&format!("parse.{set}.{field}"), sum(&mut std::iter::once(field)), 0.93));
        }
    }
    figures
}

fn figure(name: &str, value: f64, target: f64) -> Value {
    json!({"name": name, "value": rounded(value), "unit": "F1", "baselines": {}, "target": target, "met": value >= target})
}

/// Three decimals.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn print_fields(sets: &BTreeMap<String, Counts>, files: &[(String, Count)]) {
    for (set, counts) in sets {
        let mut total = Count::default();
        counts.values().for_each(|count| total.add(*count));
        println!("\n{set:<24} {:>6} {:>6} {:>6} {:>6} {:>6}", "truth", "found", "prec", "recall", "F1");
        let measured = counts.iter().filter(|(_, count)| count.truth + count.found > 0);
        for (field, count) in measured.chain([(&"overall", &total)]) {
            println!("{}", row(field, *count));
        }
    }
    println!();
    for (file, count) in files {
        println!("{file:<44} {:>6.3}", count.f1());
    }
}

/// One line of a table.
fn row(name: &str, count: Count) -> String {
    let Count { truth, found, .. } = count;
    format!(
        "{name:<24} {truth:>6} {found:>6} {:>6.3} {:>6.3} {:>6.3}",
        count.precision(),
        count.recall(),
        count.f1()
    )
}
