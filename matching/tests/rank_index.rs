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

mod support;

use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;

use jiff::civil::Date;
use matching::rank::{IndexError, PoolIndex, PoolWriter};
use matching::score::job::RequirementKind;
use matching::score::{PreparedJob, PreparedResume, Stretch};
use matching::{Document, Matcher};
use proptest::prelude::*;

use support::matcher;

const DAY: Date = Date::constant(2026, 1, 1);
const HEADS: [&str; 4] = [
    "Backend Engineer, Example Ltd\n03/2018 - 06/2023\n",
    "Registered Nurse, City Hospital\n2015 - present\n",
    "Accountant, Sample GmbH\n01/2020 - 12/2021\n",
    "Line Cook, Harbour Kitchen\n2004 - 2009\n",
];
const LINES: [&str; 12] = [
    "- Built payment services in Python and PostgreSQL on Kubernetes",
    "- Cared for patients in intensive care and gave medication",
    "- Closed the books under IFRS and reconciled ledgers every month",
    "- Prepared sauces and soups for two hundred guests a night",
    "- No experience with Java",
    "- Led a team of four and planned its shifts",
    "Skills\nPython 3.11, Docker, k8s, Terraform",
    "Education\nBSc Computer Science, Example University, 2017",
    "- Six years of experience with Excel and SAP",
    "- Held a secret clearance and a CPA licence",
    "Languages\nGerman, fluent; French",
    "Education\nMaster of Arts in History",
];
const JOBS: [&str; 4] = [
    "Backend Engineer\n\nRequirements\n- 3+ years of experience with Python\n- Kubernetes and PostgreSQL\n- Bachelor's degree in computer science\n",
    "Nurse\n\nYou will\n- Care for patients on the ward\n- Give medication\n- Plan shifts of the team\n",
    "Accountant\n\n- Monthly closing under IFRS\n- Excel is a plus\n",
    "Financial Analyst\n\nRequirements\n- 5+ years of experience\n- 2 years with Excel or SAP\n- CPA\n- Fluent English and German\n- Master's degree in accounting or a related field\n- Top secret clearance\n- Python, Docker and Linux\n- Explain figures to people who make decisions\n- Prepare forecasts, budgets and reports for the board\n- Check invoices\n- Improve the tools of the department\n- Train new colleagues\n- Travel to the branches\n- Answer auditors\n- Plan the work of the team\n",
];

/// The matcher, every resume of a head and two lines, and the jobs: prepared once, because embedding takes time.
struct World {
    matcher: &'static Matcher,
    resumes: Vec<PreparedResume>,
    jobs: Vec<PreparedJob>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let matcher = matcher();
        let mut resumes = Vec::new();
        for (number, head) in HEADS.iter().enumerate() {
            for step in 1..6 {
                let lines = [LINES[number * 3], LINES[(number * 3 + step * 2 + 1) % LINES.len()]].join("\n");
                let document = Document::from_text(&format!("Jane Doe\n\nExperience\n{head}{lines}\n"));
                resumes.push(matcher.prepare_resume(&matching::parse(&document), &document).unwrap());
            }
        }
        let jobs = JOBS.iter().map(|text| matcher.prepare_job(None, text).unwrap()).collect();
        World { matcher, resumes, jobs }
    })
}

fn bytes_of(pool: &[(String, PreparedResume)]) -> Vec<u8> {
    let mut writer = PoolWriter::new(Cursor::new(Vec::new()), world().matcher).unwrap();
    for (name, resume) in pool {
        writer.add(name, resume).unwrap();
    }
    assert_eq!(writer.len(), pool.len());
    writer.finish().unwrap().into_inner()
}

fn open(path: &Path, bytes: &[u8]) -> Result<PoolIndex, IndexError> {
    std::fs::write(path, bytes).unwrap();
    PoolIndex::open(path, world().matcher)
}

/// What is changed of a passage that is drawn from all: whether it is a list, its position, whether it negates, its years.
type Drawn = (prop::sample::Index, bool, Option<usize>, bool, Option<f32>);

fn drawn() -> impl Strategy<Value = Drawn> {
    let years = prop::option::of((1_u8..20).prop_map(|years| f32::from(years) / 2.0));
    (
        any::<prop::sample::Index>(),
        prop::bool::weighted(0.2),
        prop::option::of(0_usize..4),
        prop::bool::weighted(0.1),
        years,
    )
}

/// A resume that nobody wrote: passages, titles and degrees of all resumes, positions of any time.
fn mixed() -> impl Strategy<Value = PreparedResume> {
    let month = 1990 * 12..2030 * 12;
    let stretches = prop::collection::vec((month, prop::option::of(0_i32..200)), 0..4);
    let others = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let claimed = prop::option::weighted(0.3, 1_u8..30);
    (prop::collection::vec(drawn(), 0..40), stretches, others, any::<bool>(), claimed).prop_map(
        |(passages, stretches, others, english, claimed)| {
            let all = &world().resumes;
            let every: Vec<_> = all.iter().flat_map(|resume| &resume.passages).collect();
            let stated_years = claimed.map(|years| (f32::from(years), 0..0));
            let mut resume = PreparedResume { english, stated_years, ..PreparedResume::default() };
            for (pick, listing, position, negated, years) in passages {
                let mut passage = pick.get(&every).to_owned().clone();
                (passage.listing, passage.position) = (passage.listing || listing, position);
                for mention in &mut passage.mentions {
                    (mention.negated, mention.years) = (negated, years.or(mention.years));
                }
                resume.passages.push(passage);
            }
            let stretch = |(start, months): (i32, Option<i32>)| Stretch {
                start,
                end: months.map(|months| start + months),
            };
            resume.stretches = stretches.into_iter().map(stretch).collect();
            for other in others.iter().map(|other| other.get(all)) {
                resume.titles.extend(other.titles.iter().cloned());
                resume.degrees.extend(other.degrees.iter().cloned());
                resume.clearance = resume.clearance.take().or_else(|| other.clearance.clone());
            }
            resume
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_is_that_of_scoring_all(
        picks in prop::collection::vec((any::<prop::sample::Index>(), "[a-e]{1,3}"), 0..10),
        mixes in prop::collection::vec((mixed(), "[a-e]{1,3}"), 0..20),
        job in 0_usize..4,
    ) {
        let World { matcher, resumes, jobs } = world();
        let mut pool: Vec<(String, PreparedResume)> =
            picks.into_iter().map(|(pick, name)| (name, pick.get(resumes).clone())).collect();
        pool.extend(mixes.into_iter().map(|(resume, name)| (name, resume)));
        let folder = tempfile::tempdir().unwrap();
        let index = open(&folder.path().join("pool.rmi"), &bytes_of(&pool)).unwrap();
        prop_assert_eq!(index.len(), pool.len());
        let expected = matching::rank(matcher, &jobs[job], &pool, DAY);
        prop_assert_eq!(&index.rank(matcher, &jobs[job], DAY).unwrap(), &expected);
        // Again without checksums.
        prop_assert_eq!(&index.rank(matcher, &jobs[job], DAY).unwrap(), &expected);
    }
}

/// The property above is worth something only if the jobs ask for all that can be asked for, and resumes have it.
#[test]
fn the_jobs_of_the_test_ask_for_everything_and_resumes_show_it() {
    let World { matcher, resumes, jobs } = world();
    use RequirementKind::{Certificate, Clearance, Degree, Duty, Language, Skill, Title, Years};
    for kind in [Certificate, Clearance, Degree, Duty, Language, Skill, Title, Years] {
        let shown = jobs.iter().any(|job| {
            let credits = |resume| {
                let signals = matcher.signals(resume, job, DAY);
                let own = job.requirements().iter().zip(signals).filter(|(asked, _)| asked.kind == kind);
                own.map(|(_, signals)| signals.shown.max(signals.nearest)).fold(0.0, f32::max)
            };
            resumes.iter().any(|resume| credits(resume) > 0.0)
        });
        assert!(shown, "no job asks for a {kind:?}, or no resume shows it");
    }
    assert!(jobs.iter().any(|job| job.requirements().len() > 16), "more wishes than a panel holds");
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
