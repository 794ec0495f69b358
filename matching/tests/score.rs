//! What must hold for every score: identity does not enter, adding a skill never lowers, order hardly matters, bytes repeat.
//!
//! Needs the model (`cargo xtask model`); fails with the message that says so where it is absent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which may fail loudly"
)]

mod support;

use jiff::civil::date;
use matching::score::Status;
use matching::{Document, MatchResult};

use support::matcher;

const RESUME: &str = "\
Jane Doe
jane.doe@example.com | +1 (555) 010-2030

Experience
Waitress, Harbour Hotel
05/2014 - 02/2017
- She served guests in the restaurant and her team won the house prize
Office Administrator, Example Ltd
03/2017 - 06/2023
- Planned travel and meetings for eight managers in Microsoft Excel and Outlook
- Jane kept the accounts payable and prepared invoices
- Chairwoman of the staff council

Education
BA Business Administration, 2014

Skills
Microsoft Office, Bookkeeping, French (fluent)
";

const JOB: &str = "\
Office Manager

Responsibilities
- Arrange meetings and travel of the management
- Keep the books and pay invoices
- Welcome guests

Requirements
- 3+ years of experience in office administration
- Microsoft Excel, Word and PowerPoint
- QuickBooks or Xero
- Fluent in English and French
- Bachelor's degree preferred

Benefits
- 401(k), dental
";

fn score(resume: &str, job: &str) -> MatchResult {
    let document = Document::from_text(resume);
    matcher().score(&matching::parse(&document), &document, job, date(2024, 6, 15)).unwrap()
}

/// Everything that is a number or a judgement, without quotations of the resume.
fn judgement(result: &MatchResult) -> String {
    let requirements: Vec<String> = result
        .requirements
        .iter()
        .map(|requirement| {
            format!(
                "{} {} {} {:?}",
                requirement.text, requirement.weight, requirement.points, requirement.status
            )
        })
        .collect();
    format!(
        "{} {:?} {requirements:#?} {:?} {:?}",
        result.score, result.parts, result.matched_skills, result.missing_skills
    )
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let bytes = || serde_json::to_vec(&score(RESUME, JOB)).unwrap();
    assert_eq!(bytes(), bytes());
}

#[test]
fn exchanging_the_name_changes_no_bit() {
    let before = judgement(&score(RESUME, JOB));
    for (first, last) in
        [("Lakisha", "Washington"), ("Mohammed", "Al-Farsi"), ("Wei", "Zhang"), ("Ann", "Baker")]
    {
        let other = RESUME
            .replace("jane.doe@example.com", &format!("{}@mail.example.org", first.to_lowercase()))
            .replace("Jane", first)
            .replace("Doe", last);
        assert_eq!(judgement(&score(&other, JOB)), before, "{first} {last}");
    }
}

#[test]
fn exchanging_the_gender_changes_no_bit() {
    let other = RESUME
        .replace("Waitress", "Waiter")
        .replace("She", "He")
        .replace("her team", "his team")
        .replace("Chairwoman", "Chairman");
    assert_ne!(other, RESUME);
    assert_eq!(judgement(&score(&other, JOB)), judgement(&score(RESUME, JOB)));
}

#[test]
fn adding_a_skill_that_is_asked_for_never_lowers_the_score() {
    let before = score(RESUME, JOB).score;
    for skill in [
        "QuickBooks",
        "Xero",
        "Microsoft Word",
        "PowerPoint",
        "English",
        "Microsoft Excel",
        "Python",
        "Welding",
    ] {
        let after = score(&format!("{}, {skill}\n", RESUME.trim_end()), JOB).score;
        assert!(after >= before, "{skill}: {before} -> {after}");
    }
    let after = score(&format!("{}, QuickBooks\n", RESUME.trim_end()), JOB);
    assert!(after.score > before);
    assert!(!after.missing_skills.iter().any(|skill| skill.contains("QuickBooks")));
}

#[test]
fn the_order_of_sections_matters_by_one_point_at_most() {
    let mut sections: Vec<&str> = RESUME.trim_end().split("\n\n").collect();
    let before = score(RESUME, JOB).score;
    for _ in 0..sections.len() - 2 {
        sections[1..].rotate_left(1);
        let shuffled = sections.join("\n\n") + "\n";
        let after = score(&shuffled, JOB).score;
        assert!((after - before).abs() <= 1.0, "{before} -> {after}:\n{shuffled}");
    }
}

#[test]
fn the_parts_explain_the_score() {
    let result = score(RESUME, JOB);
    let weights: f64 = result.requirements.iter().map(|requirement| requirement.weight).sum();
    let points: f64 = result.requirements.iter().map(|requirement| requirement.points).sum();
    assert!((weights - 100.0).abs() < 0.2, "{weights}");
    assert!((points - result.score).abs() < 0.2, "{points} {}", result.score);
    let named = result.requirements.iter().find(|requirement| requirement.text == "Microsoft Excel").unwrap();
    assert!(named.evidence[0].text.contains("Microsoft Excel and Outlook"), "{named:#?}");
    assert!(result.missing_skills.iter().any(|skill| skill == "QuickBooks or Xero"), "{result:#?}");
}

#[test]
fn an_unlike_resume_scores_lower() {
    let welder = "Alex Roe\nalex@example.com\n\nExperience\nWelder, Yard Ltd, 2015 - 2022\n- Welded hulls by MIG and TIG\n";
    assert!(score(welder, JOB).score + 25.0 < score(RESUME, JOB).score);
}

#[test]
fn an_empty_job_scores_zero_without_an_error() {
    let result = score(RESUME, "");
    assert_eq!((result.score, result.requirements.len()), (0.0, 0));
}

/// A resume whose only dates are of one position that still lasts.
const LASTING: &str = "\
Jane Doe
jane.doe@example.com

Experience
Office Administrator, Example Ltd
March 2018 - present
- Planned travel and meetings for eight managers
";

#[test]
fn a_position_that_lasts_counts_up_to_the_day_of_the_match() {
    let document = Document::from_text(LASTING);
    let parsed = matching::parse(&document);
    let job = "Office Manager\n\nRequirements\n- 8 years of experience\n";
    let met = |year| {
        let result = matcher().score(&parsed, &document, job, date(year, 6, 15)).unwrap();
        assert_eq!(result.as_of, date(year, 6, 15));
        result.requirements.iter().find(|found| found.text.contains("8 years")).unwrap().points
    };
    assert!(met(2020) < met(2023));
    assert!(met(2023) < met(2026));
    assert_eq!(met(2027), met(2026));
}

#[test]
fn a_degree_in_another_subject_is_partly_met() {
    let job = |asked: &str| format!("Analyst\n\nRequirements\n- Bachelor's degree in {asked}\n");
    let resume = |held: &str| format!("Jane Doe\njane@example.com\n\nEducation\n{held}, 2014\n");
    for (held, asked, status) in [
        ("BBA in accounting", "computer science", Status::Partly),
        ("BSc Computer Science", "computer science", Status::Met),
        ("MSc Computer Science", "computer science", Status::Met),
        ("BSc Software Engineering", "computer science or a related field", Status::Met),
        ("BBA in accounting", "computer science or a related field", Status::Partly),
        ("BSc Mechanical Engineering", "engineering", Status::Met),
        ("Bachelor of Science", "nursing", Status::Partly),
    ] {
        let result = score(&resume(held), &job(asked));
        let degrees: Vec<_> =
            result.requirements.iter().filter(|found| found.text.contains("Bachelor")).collect();
        assert_eq!(degrees.len(), 1, "{result:#?}");
        assert_eq!(degrees[0].status, status, "{held} for {asked}: {:#?}", degrees[0]);
        let twice = result.requirements.iter().any(|found| found.text == "Computer science");
        assert!(!twice, "the subject is asked for again as a skill: {result:#?}");
    }
}

#[test]
fn age_address_and_school_change_no_bit() {
    let person = |address: &str, birth: &str, school: &str| {
        RESUME
            .replace("+1 (555) 010-2030", &format!("+1 (555) 010-2030 | {address}\nDate of birth: {birth}"))
            .replace(
                "BA Business Administration, 2014",
                &format!("BA Business Administration, {school}, 2014"),
            )
    };
    let before =
        judgement(&score(&person("Springfield, IL", "3 May 1990", "Lincoln Community College"), JOB));
    for (address, birth, school) in [
        ("Palo Alto, CA", "3 May 1990", "Lincoln Community College"),
        ("Springfield, IL", "12 June 1962", "Lincoln Community College"),
        ("Springfield, IL", "3 May 1990", "Harvard University"),
    ] {
        let after = judgement(&score(&person(address, birth, school), JOB));
        assert_eq!(after, before, "{address} {birth} {school}");
    }
}

#[test]
fn years_with_a_skill_are_those_of_the_positions_that_show_it() {
    let resume = "Jane Doe\njane@example.com\n\nExperience\nAnalyst, Example Ltd\n01/2020 - 12/2021\n- Built reports in Python\n\nClerk, Sample Ltd\n01/2010 - 12/2019\n- Sorted the letters of the house\n";
    let asked = |years: u32| {
        let job = format!("Analyst\n\nRequirements\n- {years} years of experience with Python\n");
        let result = score(resume, &job);
        let found = result.requirements.iter().find(|found| found.text.contains("years")).unwrap();
        (found.status, found.note.clone().unwrap_or_default())
    };
    assert_eq!(asked(2).0, Status::Met);
    let (status, note) = asked(8);
    assert_eq!(status, Status::Partly, "{note}");
}

#[test]
fn versions_and_the_day_are_in_the_result() {
    let result = serde_json::to_value(score(RESUME, JOB)).unwrap();
    assert_eq!(result["as_of"], "2024-06-15");
    assert_eq!(result["versions"]["taxonomy"], matching::skills::Taxonomy::builtin().version());
    for version in ["taxonomy", "model"] {
        assert_eq!(result["versions"][version].as_str().map(str::len), Some(16), "{version}");
    }
}

/// A resume with one line under a position and one list.
fn with_skills(line: &str, listed: &str) -> String {
    format!(
        "Jane Doe\njane@example.com\n\nExperience\nClerk, Example Ltd\n01/2018 - 12/2021\n- {line}\n\nSkills\n{listed}\n"
    )
}

#[test]
fn a_lower_level_than_asked_for_meets_a_skill_in_part() {
    let job = "Clerk\n\nRequirements\n- Fluent French\n";
    let points = |listed: &str| {
        let result = score(&with_skills("Sorted the letters of the house", listed), job);
        let found = result.requirements.iter().find(|found| found.text == "French").unwrap().clone();
        assert_eq!(result.matched_skills, ["French"], "{listed}");
        (found.status, found.evidence[0].level, found.note)
    };
    assert_eq!(points("French (fluent)").0, Status::Met);
    assert_eq!(points("French").0, Status::Met);
    let (status, level, note) = points("French (basic)");
    assert_eq!((status, level.map(|level| level.name())), (Status::Partly, Some("basic")));
    assert_eq!(note.as_deref(), Some("the resume says basic, the advertisement asks for advanced"));
}

#[test]
fn a_skill_that_the_taxonomy_does_not_know_is_met_by_its_words() {
    let job = "Clerk\n\nRequirements\n- Experience with Zorbacat\n";
    let status = |line: &str, listed: &str| {
        let result = score(&with_skills(line, listed), job);
        let found = result.requirements.iter().find(|found| found.text == "Zorbacat").unwrap().clone();
        assert!(found.unknown_skill);
        (found.status, result.missing_skills, result.matched_skills)
    };
    let named = vec!["Zorbacat".to_owned()];
    assert_eq!(status("Booked rooms in Zorbacat", "Typing"), (Status::Met, vec![], named.clone()));
    assert_eq!(status("Booked rooms", "Microsoft Excel, Zorbacat"), (Status::Met, vec![], named.clone()));
    let (missing, skills, _) = status("Booked rooms by telephone", "Microsoft Excel");
    assert_ne!(missing, Status::Met);
    assert_eq!(skills, named);
}

#[test]
fn evidence_tells_when_a_skill_was_last_used() {
    let job = "Analyst\n\nRequirements\n- Python\n- 3 years of experience with Java\n";
    let result = score(&with_skills("Built reports in Python", "Java (2015-2019)"), job);
    let of = |text: &str| result.requirements.iter().find(|found| found.text.contains(text)).unwrap();
    assert_eq!(of("Python").evidence[0].last_used.as_deref(), Some("2021-12"));
    assert_eq!(of("Java").status, Status::Met, "{:#?}", of("Java"));
    assert_eq!(of("Java").evidence[0].last_used.as_deref(), Some("2019-12"));
}

#[test]
fn a_skill_of_the_same_kind_counts_less_than_the_skill() {
    let job = "Drafter\n\nRequirements\n- CATIA\n";
    let points = |listed: &str| {
        let result = score(&with_skills("Sorted the letters of the house", listed), job);
        result.requirements.iter().find(|found| found.text == "CATIA").unwrap().points
    };
    let (none, kin, itself) = (points("French"), points("Solid Edge"), points("CATIA"));
    assert!(none < kin && kin < itself, "{none} {kin} {itself}");
}
