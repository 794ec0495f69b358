use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::score::{Importance, Status};

const RESUME: &str = "\
Jane Doe
12 Sample Street, Springfield, IL 62701
jane.doe@example.org | +1 (555) 010-2030

Experience

Senior Nurse, Harbour Hospital
03/2015 - 06/2021
- Led a team of five nurses on the intensive care ward and cut waiting times by 40%
- Introduced Microsoft Excel for rosters of 120 beds

Software Developer, Example Ltd
07/2021 - present
- Wrote services in Python with PostgreSQL for 12,000 patients
- No experience with Java

Education

Bachelor of Science in Nursing, Sample University, 2014

Skills
Python, PostgreSQL, Spanish (basic)

References
Max Muster, head of ward
";

const JOB: &str = "Backend Engineer\n\nWe are Northwind and run 300 clinics on Kubernetes.\n\nRequirements\n- Python\n- Kubernetes\n";

fn with<T>(run: impl FnOnce(&Source<'_>) -> T) -> T {
    let document = Document::from_text(RESUME);
    let resume = crate::parse(&document);
    run(&Source {
        taxonomy: Taxonomy::builtin(),
        resume: &resume,
        document: &document,
        advertisement: Advertisement {
            title: Some("Backend Engineer"),
            company: Some("Northwind"),
            text: JOB,
        },
        as_of: date(2024, 6, 15),
    })
}

/// What is not borne out, as `kind text`.
fn unsupported(text: &str, original: Option<&str>) -> Vec<String> {
    with(|source| {
        let original = original.map(|passage| find_passage(source.document, passage).unwrap());
        let claims = check(source, text, original);
        for claim in &claims {
            assert_eq!(text.get(claim.span.clone()), Some(claim.text.as_str()));
        }
        claims
            .into_iter()
            .filter(Claim::is_unsupported)
            .map(|claim| format!("{:?} {}", claim.kind, claim.text))
            .collect()
    })
}

#[test]
fn what_the_resume_says_is_supported_in_other_words_too() {
    for text in [
        "I wrote services in Python.",
        "As a senior nurse, I led a team of 5 nurses.",
        "I cut waiting times by 40 percent.",
        "My nine years of experience began at Harbour Hospital in 2015.",
        "I hold a Bachelor of Science in Nursing from Sample University.",
        "Over 100 beds were on the rosters that I kept in Microsoft Excel.",
        "The services are for 12\u{202f}000 patients, or for 12 thousand patients.",
        "I am eager to learn Kubernetes.",
        "I have no experience with Java.",
        "I would like to join Northwind as a Backend Engineer.",
        "Your clinics run on Kubernetes.",
        "Dear Hiring Manager,\n\nSincerely,\n[NAME]",
    ] {
        assert_eq!(unsupported(text, None), [""; 0], "{text}");
    }
}

#[test]
fn what_is_invented_is_found() {
    for (text, expected) in [
        ("I have used Kubernetes in production.", "Skill Kubernetes"),
        ("I have experience with Java.", "Skill Java"),
        ("I led a team of 15 nurses.", "Number 15"),
        ("I cut costs by 60%.", "Number 60%"),
        ("I sold 120 ships.", "Number 120"),
        ("The profit was $40 million.", "Number 40 million"),
        ("I have twelve years of experience.", "Years twelve years"),
        ("I have 8 years of Python.", "Years 8 years"),
        ("I started in 2009 on the ward.", "Date 2009"),
        ("I worked at Google for a while.", "Employer Google"),
        ("I worked at Northwind for a while.", "Employer Northwind"),
        ("I studied medicine at Harvard University.", "School Harvard University"),
        ("I hold a Master of Science in Physics.", "Degree Master of Science in Physics"),
        ("As a chief physician I decided much.", "Title chief physician"),
        ("I am fluent in Spanish.", "Language Spanish"),
        ("My work doubled the income of the ward.", "Achievement doubled"),
    ] {
        let found = unsupported(text, None);
        assert!(found.iter().any(|claim| claim == expected), "{text}: {found:?}");
    }
}

#[test]
fn a_supported_claim_names_the_place() {
    with(|source| {
        let claims = check(source, "I know PostgreSQL.", None);
        let [claim] = claims.as_slice() else { panic!("{claims:?}") };
        let Verdict::Supported { passages } = &claim.verdict else { panic!("{claim:?}") };
        assert!(passages.iter().all(|place| source.document.slice(place) == "PostgreSQL"), "{passages:?}");
        let json = serde_json::to_value(claim).unwrap();
        assert_eq!((&json["kind"], &json["status"]), (&"skill".into(), &"supported".into()));
    });
}

#[test]
fn a_rewording_takes_no_number_from_another_line() {
    let original = Some("Introduced Microsoft Excel for rosters of 120 beds");
    assert_eq!(unsupported("Planned rosters of 120 beds in Excel.", original), [""; 0]);
    assert_eq!(unsupported("Planned rosters of 120 beds with 40% less waiting.", original), ["Number 40%"]);
    with(|source| assert_eq!(find_passage(source.document, "Sold 5 ships"), None));
}

#[test]
fn nothing_that_leads_to_the_person_is_sent() {
    with(|source| {
        let wish = Wish { tone: Tone::Plain, language: "en" };
        let at = find_passage(source.document, "Wrote services in Python").unwrap();
        let shown = Shown {
            text: "Python".into(),
            importance: Importance::Must,
            status: Status::Met,
            evidence: vec![ShownPassage { span: at.clone() }],
        };
        let letter = cover_letter(source, &[shown], wish);
        let line = rewording(source, at, Some("Python"), wish);
        for message in letter.iter().chain(&line) {
            for secret in ["Jane", "Doe", "example.org", "555", "Sample Street", "Springfield", "Muster"] {
                assert!(!message.content.contains(secret), "{secret}: {}", message.content);
            }
        }
        let task = &letter[1].content;
        assert!(task.contains("Harbour Hospital") && task.contains("Sample University"), "{task}");
        assert!(task.contains("- Python (the resume shows: \"Wrote services in Python\")"), "{task}");
        assert!(line[1].content.contains("<passage>\nWrote services in Python\n</passage>"));
        assert_eq!(serde_json::to_value(letter[0].role).unwrap(), "system");
    });
}

#[test]
fn the_name_is_put_in_afterwards() {
    assert_eq!(fill_name("Regards,\n[NAME]", Some("Jane Doe")), "Regards,\nJane Doe");
    assert_eq!(fill_name("Regards,\n[NAME]", None), "Regards,\n[NAME]");
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}|[a-zA-Z0-9 .,%$+'\n\u{a0}-]{0,200}") {
        with(|source| {
            for claim in check(source, &text, None) {
                assert_eq!(text.get(claim.span), Some(claim.text.as_str()));
            }
            let _ = find_passage(source.document, &text);
        });
    }

    #[test]
    fn what_the_resume_itself_says_is_always_supported(picks in proptest::collection::vec(0_usize..64, 1..8)) {
        let lines: Vec<&str> = RESUME.lines().filter(|line| !line.trim().is_empty()).collect();
        let text: Vec<&str> = picks.iter().map(|pick| lines[pick % lines.len()]).collect();
        prop_assert_eq!(unsupported(&text.join("\n\n"), None), Vec::<String>::new());
    }
}
