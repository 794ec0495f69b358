//! Tests of taking an advertisement apart.

use super::*;

const ADVERT: &str = "\
Senior Data Engineer

About us
We are a friendly company and an equal opportunity employer.

What you'll do
- Design and run pipelines that move sensor readings from plants into the warehouse
- Mentor two junior engineers

Requirements:
- 5+ years of experience with Python and SQL
- Experience with AWS, GCP or Azure
- Bachelor's degree in Computer Science or a related field
- Fluent in English and German

Nice to have
- Kubernetes
- AWS certification

What we offer
- 30 days of paid vacation, dental & vision
";

fn job() -> Job {
    Job::parse(Taxonomy::builtin(), None, ADVERT)
}

fn names(kind: RequirementKind) -> Vec<(String, Importance)> {
    job()
        .requirements
        .into_iter()
        .filter(|requirement| requirement.kind == kind)
        .map(|requirement| (requirement.text, requirement.importance))
        .collect()
}

#[test]
fn the_first_short_line_is_the_title() {
    assert_eq!(names(RequirementKind::Title), [("Senior Data Engineer".to_owned(), Importance::Must)]);
}

#[test]
fn skills_carry_the_importance_of_their_section() {
    let skills = names(RequirementKind::Skill);
    for (name, importance) in
        [("Python", Importance::Must), ("SQL", Importance::Must), ("Kubernetes", Importance::Nice)]
    {
        assert!(skills.contains(&(name.to_owned(), importance)), "{name}: {skills:?}");
    }
}

#[test]
fn alternatives_are_one_requirement() {
    let skills = names(RequirementKind::Skill);
    let found = skills
        .iter()
        .any(|(name, _)| name == "Amazon Web Services or Google Cloud Platform or Microsoft Azure");
    assert!(found, "{skills:?}");
}

#[test]
fn years_degree_languages_and_certificates_are_kinds_of_their_own() {
    let job = job();
    let years =
        job.requirements.iter().find(|requirement| requirement.kind == RequirementKind::Years).unwrap();
    assert_eq!((years.years, years.skills.len()), (Some(5.0), 2));
    let degree =
        job.requirements.iter().find(|requirement| requirement.kind == RequirementKind::Degree).unwrap();
    assert_eq!(degree.degree, Some(Degree::Bachelor));
    assert_eq!(names(RequirementKind::Language).len(), 2);
    assert_eq!(
        names(RequirementKind::Certificate),
        [("AWS Certified Solutions Architect".to_owned(), Importance::Nice)]
    );
}

#[test]
fn tasks_stay_in_their_words_and_benefits_are_dropped() {
    let duties = names(RequirementKind::Duty);
    assert!(duties.iter().any(|(text, _)| text.starts_with("Design and run pipelines")), "{duties:?}");
    let all: String = job().requirements.iter().map(|requirement| requirement.text.as_str()).collect();
    for dropped in ["vacation", "friendly", "equal opportunity"] {
        assert!(!all.contains(dropped), "{dropped}");
    }
}

#[test]
fn spans_point_at_the_advertisement() {
    for requirement in job().requirements {
        let slice = &ADVERT[requirement.span.clone()];
        assert!(!slice.trim().is_empty(), "{requirement:?}");
        if matches!(requirement.kind, RequirementKind::Duty) {
            assert_eq!(slice.trim(), requirement.text);
        }
    }
}

#[test]
fn an_ambiguous_name_counts_where_a_job_asks_for_it() {
    for line in ["- Rust", "- Strong experience with Rust", "- Azure", "- Experience in Go"] {
        let advert = format!("Engineer\n\nRequirements\n- Kubernetes in production\n{line}\n");
        let job = Job::parse(Taxonomy::builtin(), None, &advert);
        let skills: Vec<_> =
            job.requirements.iter().filter(|found| found.kind == RequirementKind::Skill).collect();
        assert_eq!(skills.len(), 2, "{line}: {skills:?}");
        assert!(line.contains(&advert[skills[1].span.clone()]), "{line}: {skills:?}");
    }
}
