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

fn requirements(advert: &str) -> Vec<Requirement> {
    Job::parse(Taxonomy::builtin(), None, advert).requirements
}

#[test]
fn a_name_that_the_taxonomy_does_not_know_is_a_skill_once() {
    let advert = "Dental Assistant\n\nRequirements\n- Experience with Zorbacat\n- Tools: Microsoft Excel, Zorbacat\n- Experience with small children\n";
    let found = requirements(advert);
    let unknown: Vec<&Requirement> = found.iter().filter(|found| found.unknown).collect();
    assert_eq!(unknown.len(), 1, "{found:#?}");
    assert_eq!((unknown[0].text.as_str(), unknown[0].kind), ("Zorbacat", RequirementKind::Skill));
    assert_eq!(&advert[unknown[0].span.clone()], "Zorbacat");
    let duty = |words: &str| {
        found.iter().any(|found| found.kind == RequirementKind::Duty && found.text.contains(words))
    };
    assert!(duty("small children") && !duty("Zorbacat"), "{found:#?}");
}

#[test]
fn a_level_belongs_to_its_skill() {
    let found =
        requirements("Clerk\n\nRequirements\n- Advanced Excel\n- Fluent German, basic French\n- Python\n");
    let level = |name: &str| found.iter().find(|found| found.text == name).unwrap().level;
    assert_eq!(level("Microsoft Excel"), Some(Level::Advanced));
    assert_eq!(level("German"), Some(Level::Advanced));
    assert_eq!(level("French"), Some(Level::Basic));
    assert_eq!(level("Python"), None);
}

#[test]
fn what_is_waived_is_no_requirement() {
    let found = requirements(
        "Electrician\n\nYour profile\n- Read blueprints\n- Computer science degree not needed\n- Knowledge of SAP is not required\n",
    );
    let texts: Vec<&str> = found.iter().map(|found| found.text.as_str()).collect();
    assert!(!texts.iter().any(|text| text.contains("omputer") || text.contains("SAP")), "{texts:?}");
}

#[test]
fn a_requirement_behind_a_heading_in_its_line_keeps_its_place() {
    let advert = "Analyst\n\nSkills: Python, SQL\n";
    let found = requirements(advert);
    let python = found.iter().find(|found| found.text == "Python").unwrap();
    assert_eq!(&advert[python.span.clone()], "Python");
}
