//! Properties of the whole parser: no panic, evidence that holds, the same result each time, sections in any order.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::dates::PartialDate;
use super::{ParsedResume, parse};
use crate::document::{Block, BlockKind, Document, Format, Line, Page, Rect, Span, Style, TextSource};

/// Lower case letters and digits, without accents.
fn letters(text: &str) -> String {
    super::text::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Each value has evidence, each piece of evidence a value, and the text there says so.
fn check_evidence(document: &Document, parsed: &ParsedResume) -> Result<(), TestCaseError> {
    let resume = serde_json::to_value(&parsed.resume).expect("plain data");
    for (pointer, found) in &parsed.evidence {
        let value = resume.pointer(pointer).and_then(Value::as_str);
        prop_assert!(value.is_some(), "{pointer} has evidence and no value");
        prop_assert!((0.0..=1.0).contains(&found.confidence), "{pointer}");
        let mut text = String::new();
        let mut stretches: Vec<_> = found.stretches().collect();
        stretches.sort_by_key(|range| range.start);
        let apart = stretches.windows(2).all(|pair| pair[0].end <= pair[1].start);
        prop_assert!(apart, "{pointer}: stretches overlap: {stretches:?}");
        for range in found.stretches() {
            let stretch = document.text.get(range.clone());
            prop_assert!(stretch.is_some(), "{pointer}: {range:?} is not in the text");
            text.push_str(stretch.unwrap_or_default());
            text.push(' ');
        }
        // Dates, addresses, codes and names of networks are written in another form than the text has.
        let field = pointer.rsplit('/').next().unwrap_or_default();
        let other_form =
            ["startDate", "endDate", "date", "releaseDate", "url", "countryCode", "network", "username"];
        let value = letters(value.unwrap_or_default());
        if field.ends_with("ate") {
            // The pattern of dates in the JSON Resume schema.
            let date = resume.pointer(pointer).and_then(Value::as_str).and_then(PartialDate::parse_iso);
            prop_assert!(date.is_some(), "{pointer} is no ISO 8601 date");
            prop_assert!(text.chars().any(char::is_numeric), "{pointer}: {text:?} is no date");
        } else if field == "url" {
            let url = resume.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            prop_assert!(url.contains("://"), "{pointer}: {url} is no URI");
        } else if !other_form.contains(&field) {
            prop_assert!(letters(&text).contains(&value), "{pointer}: {value:?} is not in {text:?}");
        }
    }
    let mut values = 0;
    count(&resume, &mut values);
    prop_assert_eq!(values, parsed.evidence.len(), "a value has no evidence: {:?}", resume);
    Ok(())
}

fn count(value: &Value, values: &mut usize) {
    match value {
        Value::String(_) => *values += 1,
        Value::Array(items) => items.iter().for_each(|item| count(item, values)),
        Value::Object(members) => members.values().for_each(|member| count(member, values)),
        _ => {}
    }
}

/// Lines as resumes have them, and lines of any characters.
fn line() -> impl Strategy<Value = String> {
    let usual = select(
        &[
            "",
            "EXPERIENCE",
            "Education",
            "Skills",
            "Sprachen",
            "Projets",
            "参考",
            "Jane Doe",
            "Senior Engineer",
            "Acme Corp | Berlin, Germany | Jan 2020 – Present",
            "Engineer at Acme, 2015-2018",
            "- built things; 40% faster",
            "• führte ein Team",
            "Python, Rust (Advanced), Go",
            "Languages: English – fluent, French",
            "jane@example.org",
            "+49 30 901820",
            "https://github.com/jane",
            "Role: Developer",
            "Company: X",
            "University of Oxford\tOxford, UK",
            "BSc in Physics, 2012",
            "GPA: 3.9/4.0",
            "2019年7月至今 北京大学",
            "Level: 7",
            "City: Bonn | Country: DE",
            "I did many things that were of use to the people around me.",
            "References available upon request",
            "“a, b”, c:",
        ][..],
    );
    prop_oneof![4 => usual.prop_map(str::to_owned), 1 => "\\PC{0,40}", 1 => "[A-Z][a-z]{1,8}( [A-Z][a-z]{1,8}){0,3}"]
}

fn texts() -> impl Strategy<Value = Document> {
    prop::collection::vec(line(), 0..40).prop_map(|lines| Document::from_text(&lines.join("\n")))
}

/// Lines thrown on pages, in any place, size and weight.
fn pages() -> impl Strategy<Value = Document> {
    let placed = (line(), 0.0_f32..500.0, 0.0_f32..800.0, 6.0_f32..24.0, any::<bool>(), 0..2_usize);
    prop::collection::vec(placed, 0..30).prop_map(|lines| {
        let mut text = String::new();
        let mut pages: Vec<Page> =
            (1..=2).map(|number| Page { number, size: Some((595.0, 842.0)), blocks: Vec::new() }).collect();
        for (line, x0, y0, size, bold, page) in lines {
            let line = line.trim().replace(['\n', '\r'], " ");
            if line.is_empty() {
                continue;
            }
            let range = text.len()..text.len() + line.len();
            text.push_str(&line);
            text.push('\n');
            let bbox = Some(Rect { x0, y0, x1: x0 + line.len() as f32 * size * 0.5, y1: y0 + size });
            let style = Style { bold, ..Style::default() };
            let span = Span { range: range.clone(), bbox, font_size: Some(size), style };
            let lines = vec![Line { range: range.clone(), bbox, spans: vec![span] }];
            pages[page].blocks.push(Block { kind: BlockKind::Paragraph, range, bbox, column: 0, lines });
        }
        Document {
            format: Format::Pdf,
            source: TextSource::Native,
            text,
            pages,
            hidden: Vec::new(),
            links: Vec::new(),
            warnings: Vec::new(),
        }
    })
}

const SECTIONS: [&str; 6] = [
    "WORK EXPERIENCE\n\nAcme Corporation\tJan 2019 - Present\nSoftware Engineer\tBerlin\n- built the billing system\n- led four people\n",
    "EDUCATION\n\nUniversity of Oxford\t2012 - 2015\nBachelor of Arts in History\n",
    "SKILLS\n\nDatabases: PostgreSQL, Redis\nTools: Git, Docker\n",
    "LANGUAGES\n\nEnglish (Native), German (B2)\n",
    "CERTIFICATES\n\nCertified Kubernetes Administrator\t2021\nThe Linux Foundation\n",
    "INTERESTS\n\nChoir, chess\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn evidence_of_any_text_holds(document in texts()) {
        let parsed = parse(&document);
        check_evidence(&document, &parsed)?;
        prop_assert_eq!(parsed, parse(&document));
    }

    #[test]
    fn evidence_of_any_page_holds(document in pages()) {
        let parsed = parse(&document);
        check_evidence(&document, &parsed)?;
        prop_assert_eq!(parsed, parse(&document));
    }

    #[test]
    fn sections_may_stand_in_any_order(order in Just(SECTIONS.to_vec()).prop_shuffle()) {
        let read = |sections: &[&str]| {
            let text = format!("Jane Doe\njane@example.org\n\n{}", sections.join("\n"));
            parse(&Document::from_text(&text)).resume
        };
        let resume = read(&order);
        prop_assert_eq!(resume.work.len(), 1);
        prop_assert_eq!(resume.skills.len(), 2);
        prop_assert_eq!(resume, read(&SECTIONS));
    }
}

#[test]
fn a_summary_beside_a_column_has_a_stretch_for_each_of_its_lines() {
    // The summary's two lines have a line of the other column between them.
    let lines = [
        ("Jane Doe", 40.0, 20.0, 20.0),
        ("SUMMARY", 40.0, 60.0, 12.0),
        ("CONTACT", 400.0, 60.0, 12.0),
        ("I build bridges that stand for many years and I keep to the budget,", 40.0, 80.0, 10.0),
        ("Bonn, Germany", 400.0, 80.0, 10.0),
        ("which is what the cities that I work for like about me most of all.", 40.0, 92.0, 10.0),
        ("jane@example.org", 400.0, 92.0, 10.0),
        ("EDUCATION", 40.0, 120.0, 12.0),
        ("ETH Zurich", 40.0, 140.0, 10.0),
        ("SKILLS", 400.0, 120.0, 12.0),
        ("Concrete", 400.0, 140.0, 10.0),
        ("Steel", 400.0, 152.0, 10.0),
    ];
    let mut text = String::new();
    let mut blocks = Vec::new();
    for (line, x0, y0, size) in lines {
        let range = text.len()..text.len() + line.len();
        text.push_str(line);
        text.push('\n');
        let bbox = Some(Rect { x0, y0, x1: x0 + line.len() as f32 * size * 0.48, y1: y0 + size });
        let style = Style { bold: size > 11.0, ..Style::default() };
        let span = Span { range: range.clone(), bbox, font_size: Some(size), style };
        let lines = vec![Line { range: range.clone(), bbox, spans: vec![span] }];
        blocks.push(Block { kind: BlockKind::Paragraph, range, bbox, column: 0, lines });
    }
    let document = Document {
        format: Format::Pdf,
        source: TextSource::Native,
        text,
        pages: vec![Page { number: 1, size: Some((595.0, 842.0)), blocks }],
        hidden: Vec::new(),
        links: Vec::new(),
        warnings: Vec::new(),
    };
    let parsed = parse(&document);
    let evidence = &parsed.evidence["/basics/summary"];
    let said: Vec<&str> = evidence.stretches().map(|range| &document.text[range]).collect();
    assert_eq!(said, [lines[3].0, lines[5].0]);
    assert_eq!(parsed.resume.basics.summary.as_deref(), Some(said.join(" ").as_str()));
}

#[test]
fn names_and_dates_that_are_headings_of_one_level_are_one_entry() {
    let page = "<h1>Jane Doe</h1><p>jane@example.org</p><h2>Experience</h2>\
        <h3>Acme Ltd, Office Clerk</h3><h3>March 2018 – Current</h3><ul><li>Sorted the letters of the house</li></ul>\
        <h3>Sample Ltd, Waiter</h3><h3>Aug. 2014 – Feb. 2018</h3><ul><li>Served the guests of the hotel</li></ul>";
    let document =
        crate::extract(page.as_bytes(), Some("jane.html"), &crate::ExtractOptions::default()).unwrap();
    let work = parse(&document).resume.work;
    let dates: Vec<_> =
        work.iter().map(|work| (work.start_date.as_deref(), work.end_date.as_deref())).collect();
    assert_eq!(dates, [(Some("2018-03"), None), (Some("2014-08"), Some("2018-02"))], "{work:#?}");
}
