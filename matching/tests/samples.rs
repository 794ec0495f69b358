//! Whole matches of three trades, made here: what is asked is found, judged as a person would, and the advice fits.
//!
//! Needs the model (`cargo xtask model`); fails with the message that says so where it is absent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, which may fail loudly"
)]

mod support;

use jiff::civil::date;
use matching::score::job::RequirementKind;
use matching::score::{AdviceKind, RequirementResult, Status};
use matching::{Document, MatchResult};

use support::matcher;

fn score(resume: &str, job: &str) -> MatchResult {
    let document = Document::from_text(resume);
    matcher().score(&matching::parse(&document), &document, job, date(2026, 1, 15)).unwrap()
}

const NURSE: [&str; 2] = [include_str!("samples/nurse.txt"), include_str!("samples/nurse-job.txt")];
const ELECTRICIAN: [&str; 2] =
    [include_str!("samples/electrician.txt"), include_str!("samples/electrician-job.txt")];
const DEVELOPER: [&str; 2] =
    [include_str!("samples/developer.txt"), include_str!("samples/developer-job.txt")];

/// The requirement of a kind whose text has the words.
fn found<'a>(result: &'a MatchResult, kind: RequirementKind, words: &str) -> &'a RequirementResult {
    let matches =
        |requirement: &&RequirementResult| requirement.kind == kind && requirement.text.contains(words);
    result
        .requirements
        .iter()
        .find(matches)
        .unwrap_or_else(|| panic!("no {kind:?} with {words:?}: {:#?}", result.requirements))
}

fn assert_status(result: &MatchResult, expected: &[(RequirementKind, &str, Status)]) {
    for (kind, words, status) in expected {
        let requirement = found(result, *kind, words);
        assert_eq!(requirement.status, *status, "{requirement:#?}");
    }
}

fn all_text(result: &MatchResult) -> String {
    result.requirements.iter().map(|requirement| format!("{}\n", requirement.text)).collect()
}

#[test]
fn a_nurse_for_intensive_care() {
    let result = score(NURSE[0], NURSE[1]);
    assert_status(
        &result,
        &[
            (RequirementKind::Degree, "Nursing", Status::Met),
            (RequirementKind::Years, "2+ years", Status::Met),
            (RequirementKind::Language, "Spanish", Status::Unmet),
        ],
    );
    assert_ne!(found(&result, RequirementKind::Title, "ICU Registered Nurse").status, Status::Unmet);
    for dropped in ["80 years", "insurance", "equal opportunity"] {
        assert!(!all_text(&result).contains(dropped), "{dropped}: {result:#?}");
    }
    let spanish = result.advice.iter().find(|advice| advice.text.starts_with("Spanish"));
    assert!(spanish.is_none_or(|advice| advice.kind == AdviceKind::MissingCredential), "{spanish:?}");
    assert!(result.summary.contains("the resume shows"), "{}", result.summary);
}

#[test]
fn an_electrician_for_a_bakery() {
    let result = score(ELECTRICIAN[0], ELECTRICIAN[1]);
    assert_status(
        &result,
        &[
            (RequirementKind::Degree, "apprenticeship", Status::Met),
            (RequirementKind::Years, "5 years", Status::Met),
            (RequirementKind::Place, "Dayton", Status::Unmet),
        ],
    );
    assert_ne!(found(&result, RequirementKind::Title, "industrial electrician").status, Status::Unmet);
    assert_eq!(found(&result, RequirementKind::Place, "Dayton").weight, 0.0);
    assert!(!all_text(&result).contains("$34"), "{result:#?}");
}

#[test]
fn a_german_developer_for_a_german_advertisement() {
    let result = score(DEVELOPER[0], DEVELOPER[1]);
    assert_status(
        &result,
        &[
            (RequirementKind::Skill, "PostgreSQL", Status::Met),
            (RequirementKind::Skill, "Kubernetes", Status::Met),
            (RequirementKind::Skill, "Terraform", Status::Unmet),
            (RequirementKind::Language, "German", Status::Met),
            (RequirementKind::Language, "English", Status::Met),
            (RequirementKind::Years, "Python", Status::Met),
        ],
    );
    assert!(result.missing_skills.iter().any(|skill| skill == "Terraform"), "{:?}", result.missing_skills);
    assert!(!all_text(&result).contains("Urlaub"), "{result:#?}");
}

#[test]
fn each_resume_fits_its_own_job_best() {
    for (own, others) in [
        (NURSE, [ELECTRICIAN, DEVELOPER]),
        (ELECTRICIAN, [NURSE, DEVELOPER]),
        (DEVELOPER, [NURSE, ELECTRICIAN]),
    ] {
        let best = score(own[0], own[1]).score;
        for other in others {
            let score = score(other[0], own[1]).score;
            assert!(best > score + 20.0, "{best} against {score}");
        }
    }
}

#[test]
fn following_the_best_advice_adds_what_it_says() {
    let before = score(DEVELOPER[0], DEVELOPER[1]);
    let advice = before.advice.iter().find(|advice| advice.text.contains("Terraform")).unwrap();
    let changed = DEVELOPER[0].replace("mit GitLab", "mit GitLab\n- Automatisierung mit Terraform");
    let after = score(&changed, DEVELOPER[1]);
    let gained = after.score - before.score;
    // The added line is also a passage of its own meaning, so it may add a little more than the skill alone.
    assert!(gained >= advice.gain - 0.11, "{gained} against {}", advice.gain);
}

#[test]
fn naming_a_skill_that_is_asked_for_never_lowers_any_score() {
    for [resume, job] in [NURSE, ELECTRICIAN, [NURSE[0], DEVELOPER[1]]] {
        let before = score(resume, job);
        let asked = before.missing_skills.iter().chain(&before.matched_skills);
        for (number, skill) in asked.flat_map(|names| names.split(" or ").take(1)).enumerate() {
            let added = [format!("\nSkills\n{skill}\n"), format!("\nOther\n- Worked with {skill}\n")];
            let after = score(&format!("{resume}{}", added[number % 2]), job).score;
            assert!(after >= before.score, "{skill:?}: {} -> {after}", before.score);
        }
    }
}

#[test]
fn advice_makes_no_claim_that_the_result_denies() {
    for [resume, job] in [NURSE, ELECTRICIAN, DEVELOPER] {
        let result = score(resume, job);
        for advice in &result.advice {
            for met in result.requirements.iter().filter(|found| found.status == Status::Met) {
                let denied = format!("{} is a must, and the resume does not mention it", met.text);
                assert!(!advice.text.starts_with(&denied), "{advice:?}");
            }
            assert!(advice.gain >= 0.0 && advice.text.len() < 500, "{advice:?}");
        }
        let gains: Vec<f64> = result.advice.iter().map(|advice| advice.gain).collect();
        assert!(gains.windows(2).all(|pair| pair[0] >= pair[1]), "{gains:?}");
        let mut texts: Vec<&str> = result.requirements.iter().map(|found| found.text.as_str()).collect();
        texts.sort_unstable();
        assert!(texts.windows(2).all(|pair| pair[0] != pair[1]), "asked twice: {texts:?}");
    }
}
