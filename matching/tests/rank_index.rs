//! An index of a pool gives the order that scoring all gives, and refuses what it cannot vouch for.
//!
//! Needs the model (`cargo xtask model`); fails with the message that says so where it is absent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, which may fail loudly"
)]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::civil::Date;
use matching::rank::{IndexError, PoolIndex, PoolWriter};
use matching::score::{PreparedJob, PreparedResume};
use matching::skills::Taxonomy;
use matching::{Document, Embedder, Matcher};
use proptest::prelude::*;

const DAY: Date = Date::constant(2026, 1, 1);
const HEADS: [&str; 4] = [
    "Backend Engineer, Example Ltd\n03/2018 - 06/2023\n",
    "Registered Nurse, City Hospital\n2015 - present\n",
    "Accountant, Sample GmbH\n01/2020 - 12/2021\n",
    "Line Cook, Harbour Kitchen\n2012 - 2014\n",
];
const LINES: [&str; 8] = [
    "- Built payment services in Python and PostgreSQL on Kubernetes",
    "- Cared for patients in intensive care and gave medication",
    "- Closed the books under IFRS and reconciled ledgers every month",
    "- Prepared sauces and soups for two hundred guests a night",
    "- No experience with Java",
    "- Led a team of four and planned its shifts",
    "Skills\nPython 3.11, Docker, k8s, Terraform",
    "Education\nBSc Computer Science, Example University, 2017",
];
const JOBS: [&str; 3] = [
    "Backend Engineer\n\nRequirements\n- 3+ years of experience with Python\n- Kubernetes and PostgreSQL\n- Bachelor's degree in computer science\n",
    "Nurse\n\nYou will\n- Care for patients on the ward\n- Give medication\n- Plan shifts of the team\n",
    "Accountant\n\n- Monthly closing under IFRS\n- Excel is a plus\n",
];

fn model_folder() -> PathBuf {
    let data = || {
        std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).unwrap_or_else(|| {
            PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".local/share")
        })
    };
    std::env::var_os("RM_MODEL_DIR").map_or_else(|| data().join("resume-matcher/model"), PathBuf::from)
}

/// The matcher, every resume of a head and two lines, and the jobs: prepared once, because embedding takes time.
struct World {
    matcher: Matcher,
    resumes: Vec<PreparedResume>,
    jobs: Vec<PreparedJob>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let embedder = Embedder::open(&model_folder()).unwrap_or_else(|error| panic!("{error}"));
        let matcher = Matcher::new(embedder, Taxonomy::builtin());
        let mut resumes = Vec::new();
        for (number, head) in HEADS.iter().enumerate() {
            for step in 1..4 {
                let lines = [LINES[number * 2], LINES[(number * 2 + step) % LINES.len()]].join("\n");
                let document = Document::from_text(&format!("Jane Doe\n\nExperience\n{head}{lines}\n"));
                resumes.push(matcher.prepare_resume(&matching::parse(&document), &document).unwrap());
            }
        }
        let jobs = JOBS.iter().map(|text| matcher.prepare_job(None, text).unwrap()).collect();
        World { matcher, resumes, jobs }
    })
}

fn bytes_of(pool: &[(String, PreparedResume)]) -> Vec<u8> {
    let mut writer = PoolWriter::new(Cursor::new(Vec::new()), &world().matcher).unwrap();
    for (name, resume) in pool {
        writer.add(name, resume).unwrap();
    }
    assert_eq!(writer.len(), pool.len());
    writer.finish().unwrap().into_inner()
}

fn open(path: &Path, bytes: &[u8]) -> Result<PoolIndex, IndexError> {
    std::fs::write(path, bytes).unwrap();
    PoolIndex::open(path, &world().matcher)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_is_that_of_scoring_all(
        picks in prop::collection::vec((0_usize..12, "[a-e]{1,3}"), 0..40),
        job in 0_usize..3,
    ) {
        let World { matcher, resumes, jobs } = world();
        let pool: Vec<(String, PreparedResume)> =
            picks.into_iter().map(|(pick, name)| (name, resumes[pick].clone())).collect();
        let folder = tempfile::tempdir().unwrap();
        let index = open(&folder.path().join("pool.rmi"), &bytes_of(&pool)).unwrap();
        prop_assert_eq!(index.len(), pool.len());
        let expected = matching::rank(matcher, &jobs[job], &pool, DAY);
        prop_assert_eq!(index.rank(matcher, &jobs[job], DAY).unwrap(), expected);
    }
}

#[test]
fn the_resumes_of_the_test_tell_jobs_apart() {
    let World { matcher, resumes, jobs } = world();
    let scores: std::collections::BTreeSet<String> =
        resumes.iter().map(|resume| format!("{:.1}", matcher.number(resume, &jobs[0], DAY))).collect();
    assert!(scores.len() > 4, "{scores:?}");
}

#[test]
fn a_damaged_index_is_refused() {
    let World { matcher, resumes, jobs } = world();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.rmi");
    let whole = bytes_of(&[("jane".to_owned(), resumes[0].clone()), ("john".to_owned(), resumes[1].clone())]);
    let mut record = whole.clone();
    record[100] ^= 1;
    let error = open(&path, &record).unwrap().rank(matcher, &jobs[0], DAY).unwrap_err();
    assert!(error.to_string().contains("damaged at jane"), "{error}");
    let mut table = whole.clone();
    *table.last_mut().unwrap() ^= 1;
    assert!(open(&path, &table).unwrap_err().to_string().contains("its table"));
    for length in [0, 10, 63, 64, whole.len() - 1] {
        let error = open(&path, &whole[..length]).unwrap_err();
        assert!(matches!(error, IndexError::NoIndex | IndexError::Damaged { .. }), "{length}: {error}");
    }
    assert!(matches!(PoolIndex::open(&folder.path().join("absent"), matcher), Err(IndexError::Io(_))));
}
