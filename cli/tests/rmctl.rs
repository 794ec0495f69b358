//! Runs the real `rmctl` on files made here.
//!
//! Needs the model (`cargo xtask model`): without it the commands fail with the message that says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which may fail loudly"
)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const RESUME: &str = "\
Jane Doe
jane.doe@example.com | +1 555 010 2030

Experience
Backend Engineer, Example Ltd
03/2018 - 06/2023
- Built payment services in Python and PostgreSQL on Kubernetes
- Led a team of four engineers and reviewed their code

Education
BSc Computer Science, Example University, 2017

Skills
Python, SQL, Docker, k8s
";

const NURSE: &str = "\
John Roe
john@example.org

Experience
Registered Nurse, City Hospital
2015 - 2022
- Cared for patients in intensive care and gave medication
";

const JOB: &str = "\
Backend Engineer

Responsibilities
- Build and run payment services

Requirements
- 3+ years of experience with Python
- Kubernetes and PostgreSQL
- Terraform is a plus
- Bachelor's degree
";

fn rmctl(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rmctl")).args(args).current_dir(folder).output().unwrap()
}

fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("jane.txt"), RESUME).unwrap();
    fs::write(folder.path().join("job.txt"), JOB).unwrap();
    folder
}

#[test]
fn extract_prints_the_text() {
    let folder = folder();
    let text = stdout(&rmctl(folder.path(), &["extract", "jane.txt"]));
    // Blank lines part list items in the extracted text, so they do not count here.
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(lines(&text), lines(RESUME));
    let document = json(&rmctl(folder.path(), &["extract", "jane.txt", "--output", "json"]));
    assert_eq!(document["format"], "text");
}

#[test]
fn parse_prints_json_resume_with_evidence_beside_it() {
    let folder = folder();
    let resume = json(&rmctl(folder.path(), &["parse", "jane.txt", "--output", "json"]));
    assert_eq!(resume["basics"]["email"], "jane.doe@example.com");
    let evidence = &resume["evidence"]["/basics/email"];
    let (start, end) = (evidence["start"].as_u64().unwrap(), evidence["end"].as_u64().unwrap());
    assert_eq!(&RESUME[start as usize..end as usize], "jane.doe@example.com");
    assert_eq!(evidence["text"], "jane.doe@example.com");
    assert!((0.0..=1.0).contains(&evidence["confidence"].as_f64().unwrap()));
}

#[test]
fn parse_tells_skills_and_years_as_of_a_day() {
    let folder = folder();
    let args = ["parse", "jane.txt", "--as-of", "2026-01-15", "--output", "json"];
    let resume = json(&rmctl(folder.path(), &args));
    let named = resume["named_skills"].as_array().unwrap();
    let docker = named.iter().find(|skill| skill["name"] == "Docker").unwrap();
    let (start, end) = (&docker["spans"][0]["start"], &docker["spans"][0]["end"]);
    // Places are those of the extracted text.
    let text = stdout(&rmctl(folder.path(), &["extract", "jane.txt"]));
    assert_eq!(&text[start.as_u64().unwrap() as usize..end.as_u64().unwrap() as usize], "Docker");
    let experience = &resume["experience"];
    assert_eq!((&experience["as_of"], &experience["years"]), (&"2026-01-15".into(), &5.3.into()));
    let skills = experience["skills"].as_array().unwrap();
    let python = skills.iter().find(|skill| skill["name"] == "Python").unwrap();
    assert_eq!(python["last_used"], "2023-06");
    let text = stdout(&rmctl(folder.path(), &["parse", "jane.txt", "--as-of", "2026-01-15"]));
    assert!(text.contains("Experience as of 2026-01-15: 5.3 years"), "{text}");
}

#[test]
fn match_explains_its_score_and_repeats_it() {
    let folder = folder();
    let args = ["match", "jane.txt", "job.txt", "--output", "json"];
    let first = rmctl(folder.path(), &args);
    let result = json(&first);
    let names = |field: &str| -> Vec<String> {
        result[field].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    for skill in ["Python", "Kubernetes", "PostgreSQL"] {
        assert!(names("matched_skills").contains(&skill.to_owned()), "{result:#}");
    }
    assert_eq!(names("missing_skills"), ["Terraform"]);
    let points: f64 = result["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|requirement| requirement["points"].as_f64().unwrap())
        .sum();
    assert!((points - result["score"].as_f64().unwrap()).abs() < 0.2, "{points} {result:#}");
    assert_eq!(rmctl(folder.path(), &args).stdout, first.stdout);
}

#[test]
fn match_is_readable_without_a_terminal() {
    let folder = folder();
    let text = stdout(&rmctl(folder.path(), &["match", "jane.txt", "job.txt"]));
    for part in ["Score ", " of 100", "Met", "What to change", "Terraform"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "colours in a pipe");
}

#[test]
fn a_job_may_come_from_standard_input() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rmctl"))
        .args(["match", "jane.txt", "-", "--output", "json"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(JOB.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let file = rmctl(folder.path(), &["match", "jane.txt", "job.txt", "--output", "json"]);
    assert_eq!(json(&output), json(&file));
}

#[test]
fn rank_puts_the_fitting_resume_first_and_names_what_it_cannot_read() {
    let folder = folder();
    let pool = folder.path().join("pool");
    fs::create_dir(&pool).unwrap();
    fs::write(pool.join("nurse.txt"), NURSE).unwrap();
    fs::write(pool.join("engineer.txt"), RESUME).unwrap();
    fs::write(pool.join("broken.pdf"), b"%PDF-1.7 nothing").unwrap();
    let output = rmctl(folder.path(), &["rank", "--job", "job.txt", "pool", "--output", "json"]);
    let list = json(&output);
    let files: Vec<&str> =
        list.as_array().unwrap().iter().map(|entry| entry["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["engineer.txt", "nurse.txt"]);
    assert!(list[0]["score"].as_f64() > list[1]["score"].as_f64(), "{list:#}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken.pdf"));
}

#[test]
fn an_index_ranks_as_its_folder_does() {
    let folder = folder();
    let pool = folder.path().join("pool");
    fs::create_dir(&pool).unwrap();
    fs::write(pool.join("nurse.txt"), NURSE).unwrap();
    fs::write(pool.join("engineer.txt"), RESUME).unwrap();
    fs::write(pool.join("broken.pdf"), b"%PDF-1.7 nothing").unwrap();
    let made = rmctl(folder.path(), &["index", "pool", "-o", "pool.rmi"]);
    assert_eq!(stdout(&made), "2 resumes in pool.rmi\n");
    assert!(String::from_utf8_lossy(&made.stderr).contains("broken.pdf"));
    let by_folder = rmctl(folder.path(), &["rank", "--job", "job.txt", "pool", "--output", "json"]);
    let by_index =
        rmctl(folder.path(), &["rank", "--job", "job.txt", "--index", "pool.rmi", "--output", "json"]);
    assert_eq!(json(&by_index), json(&by_folder));
    let wrong = rmctl(folder.path(), &["rank", "--job", "job.txt", "--index", "job.txt"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("job.txt cannot be used"), "{wrong:?}");
    let none = rmctl(folder.path(), &["index", "pool", "-o", "absent/pool.rmi"]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("absent/pool.rmi cannot be written"), "{none:?}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "nothing unfinished stays: {left:?}");
}

#[test]
fn errors_name_the_file_and_the_mend() {
    let folder = folder();
    let output = rmctl(folder.path(), &["extract", "absent.txt"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("absent.txt cannot be read"));
    let output = rmctl(folder.path(), &["match", "jane.txt", "job.txt", "--model", "/nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cargo xtask model"));
    assert_eq!(rmctl(folder.path(), &["rank"]).status.code(), Some(2));
}

#[test]
fn an_exported_resume_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("resume.txt"), RESUME).unwrap();
    let made = rmctl(folder.path(), &["export", "resume.txt", "-o", "resume.json"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let first: Value = serde_json::from_slice(&fs::read(folder.path().join("resume.json")).unwrap()).unwrap();
    assert_eq!(first["basics"]["name"], "Jane Doe");
    for file in ["resume.docx", "resume.pdf", "resume.md"] {
        let made = rmctl(folder.path(), &["export", "resume.json", "-o", file]);
        assert!(made.status.success(), "{file}: {}", String::from_utf8_lossy(&made.stderr));
        let back = rmctl(folder.path(), &["export", file, "--format", "json"]);
        assert!(back.status.success(), "{file}: {}", String::from_utf8_lossy(&back.stderr));
        assert_eq!(serde_json::from_slice::<Value>(&back.stdout).unwrap(), first, "{file}");
    }
}

#[test]
fn export_asks_for_a_format_when_the_name_does_not_say_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("resume.txt"), RESUME).unwrap();
    let made = rmctl(folder.path(), &["export", "resume.txt"]);
    assert_eq!(made.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&made.stderr).contains("--format"));
}

/// The whole output for the self-made samples, as it was read and agreed to. `RM_UPDATE_GOLDEN=1` writes it anew, to be read
/// again in the difference.
#[test]
fn matches_of_the_samples_read_as_agreed() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../matching/tests/samples");
    for name in ["nurse", "electrician", "developer"] {
        let (resume, job) = (format!("{name}.txt"), format!("{name}-job.txt"));
        let text = stdout(&rmctl(&samples, &["match", &resume, &job, "--as-of", "2026-01-15"]));
        let golden = samples.join(format!("{name}-match.txt"));
        if std::env::var_os("RM_UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        assert_eq!(text, fs::read_to_string(&golden).unwrap_or_default(), "{}", golden.display());
    }
}
