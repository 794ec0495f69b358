//! Exported files are read back: nothing is lost, and the same resume gives the same bytes.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::*;
use crate::extract::{ExtractOptions, extract};
use crate::parse::json_resume::{
    Award, Basics, Certificate, Education, Interest, Language, Location, Profile, Project, Publication,
    Reference, Resume, Skill, Volunteer, Work,
};
use crate::parse::parse;

/// What is read back from each of the formats.
fn read_back(resume: &Resume) -> Vec<(&'static str, Resume)> {
    let read = |name: &'static str, bytes: &[u8], hint: &str| {
        let document = extract(bytes, Some(hint), &ExtractOptions::default()).expect("readable");
        (name, parse(&document).resume)
    };
    vec![
        read("PDF", &to_pdf(resume, &[]).expect("a file").bytes, "resume.pdf"),
        read("DOCX", &to_docx(resume).expect("a file"), "resume.docx"),
        read("Markdown", to_markdown(resume).as_bytes(), "resume.md"),
    ]
}

fn json(resume: &Resume) -> String {
    serde_json::to_string_pretty(resume).expect("plain data")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A resume with every field of every section.
#[allow(clippy::too_many_lines, reason = "a flat list of the fields")]
fn full() -> Resume {
    Resume {
        basics: Basics {
            name: some("Zoë Müller"),
            label: some("Senior Data Engineer"),
            image: some("https://zoe.example.org/me.jpg"),
            email: some("zoe@example.org"),
            phone: some("+49 30 901820"),
            url: some("https://zoe.example.org"),
            summary: some("I build data platforms that people rely on, and I write about what went wrong."),
            location: Some(Location {
                address: some("12 Main St"),
                postal_code: some("10115"),
                city: some("Berlin"),
                country_code: some("DE"),
                region: some("Berlin"),
            }),
            profiles: vec![
                Profile {
                    network: some("GitHub"),
                    username: some("zoe"),
                    url: some("https://github.com/zoe"),
                },
                Profile {
                    network: some("SoundCloud"),
                    username: some("zoe-plays"),
                    url: some("https://music.example.com/zoe-plays"),
                },
            ],
        },
        work: vec![
            Work {
                name: some("Bluebird Ltd"),
                position: some("Senior Data Engineer"),
                location: some("Berlin, Germany"),
                description: some("Maker of bird feeders"),
                url: some("https://bluebird.example.com"),
                start_date: some("2019-03"),
                end_date: None,
                summary: some("Short words"),
                highlights: vec![
                    "Cut the nightly run from nine hours to forty minutes by writing the joins anew in Rust, \
                     which also halved the cost of the cluster"
                        .into(),
                    "Led four engineers".into(),
                ],
            },
            Work {
                name: some("Umbrella"),
                position: some("Fixer of Things"),
                start_date: some("2015-09-01"),
                end_date: some("2019-02-28"),
                ..Work::default()
            },
        ],
        volunteer: vec![Volunteer {
            organization: some("Red Cross"),
            position: some("First aid trainer"),
            url: some("https://redcross.example.org"),
            start_date: some("2017"),
            end_date: some("2018"),
            summary: some("I taught first aid to two hundred people in evening classes all over the city."),
            highlights: vec!["Wrote the handbook".into()],
        }],
        education: vec![Education {
            institution: some("University of Potsdam"),
            url: some("https://uni.example.org"),
            area: some("Computer Science"),
            study_type: some("Bachelor of Science"),
            start_date: some("2011-10"),
            end_date: some("2015-06"),
            score: some("1,3"),
            courses: vec!["Databases".into(), "Compilers".into()],
        }],
        awards: vec![Award {
            title: some("Teacher of the Year – Evening Classes"),
            date: some("2018-05"),
            awarder: some("City of Berlin"),
            summary: some("For the first aid classes that she held over many months without a fee."),
        }],
        certificates: vec![Certificate {
            name: some("Certified Kubernetes Administrator"),
            date: some("2021-11"),
            url: some("https://certs.example.org/1"),
            issuer: some("The Linux Foundation"),
        }],
        publications: vec![Publication {
            name: some("Joins at night"),
            publisher: some("Journal of Slow Data"),
            release_date: some("2020-08"),
            url: some("https://papers.example.org/joins"),
            summary: some("How a nightly run was made shorter, and what we would do another time."),
        }],
        skills: vec![
            Skill {
                name: some("Databases"),
                level: some("Advanced"),
                keywords: vec!["PostgreSQL".into(), "Redis".into()],
            },
            Skill { name: some("Rust"), level: some("ten years"), keywords: Vec::new() },
            Skill { name: some("Design, UX"), level: None, keywords: vec!["C, C++ and so on".into()] },
        ],
        languages: vec![
            Language { language: some("German"), fluency: some("Native speaker") },
            Language { language: some("Klingon"), fluency: some("Enough to order food") },
        ],
        interests: vec![Interest { name: some("Music"), keywords: vec!["Cello".into(), "Choir".into()] }],
        references: vec![Reference {
            name: some("Erik Holm"),
            reference: some("She is the engineer that I would call first when something burns at night."),
        }],
        projects: vec![Project {
            name: some("Nightjar"),
            description: some(
                "A scheduler for jobs that may run at any time of the night and must never collide.",
            ),
            highlights: vec!["Runs in nine companies".into()],
            keywords: vec!["Rust".into(), "Kubernetes".into()],
            start_date: some("2020-01"),
            end_date: some("2021-02"),
            url: some("https://nightjar.example.org"),
            roles: vec!["Maintainer".into(), "Writer".into()],
            entity: some("Bluebird Ltd"),
            kind: some("application"),
        }],
    }
}

#[test]
fn every_field_of_every_section_comes_back() {
    let resume = full();
    for (format, found) in read_back(&resume) {
        pretty(format, &json(&found), &json(&resume));
    }
}

/// Fails with the lines that differ.
#[track_caller]
fn pretty(format: &str, found: &str, expected: &str) {
    let lost: Vec<&str> =
        expected.lines().filter(|line| !found.lines().any(|other| other == *line)).collect();
    let new: Vec<&str> = found.lines().filter(|line| !expected.lines().any(|other| other == *line)).collect();
    assert!(found == expected, "{format}:\nlost {lost:#?}\nnew {new:#?}\n{found}");
}

#[test]
fn the_same_resume_gives_the_same_bytes() {
    let resume = full();
    assert_eq!(to_pdf(&resume, &[]).unwrap(), to_pdf(&resume, &[]).unwrap());
    assert_eq!(to_docx(&resume).unwrap(), to_docx(&resume).unwrap());
    assert_eq!(to_markdown(&resume), to_markdown(&resume));
}

#[test]
fn characters_that_no_font_has_are_listed_and_still_text() {
    let resume = Resume {
        basics: Basics {
            name: some("Иван Петров"), label: some("工程师 Ω"), ..Basics::default()
        },
        ..Resume::default()
    };
    let pdf = to_pdf(&resume, &[]).unwrap();
    assert!(pdf.missing.contains(&'И') && pdf.missing.contains(&'工') && !pdf.missing.contains(&' '));
    let document = extract(&pdf.bytes, None, &ExtractOptions::default()).unwrap();
    assert!(document.text.contains("Иван Петров") && document.text.contains("工程师 Ω"), "{}", document.text);
    assert!(document.hidden.is_empty(), "{:?}", document.hidden);
}

#[test]
fn a_file_that_is_no_font_is_named() {
    let fonts = [Font { data: b"not a font".to_vec(), index: 0 }];
    let error = to_pdf(&full(), &fonts).unwrap_err();
    assert!(error.to_string().starts_with("font 1 cannot be used"), "{error}");
}

prop_compose! {
    fn month()(year in 1990_u16..2025, month in 1_u8..=12, form in 0..3_u8, day in 1_u8..=28) -> String {
        match form {
            0 => format!("{year}"),
            1 => format!("{year}-{month:02}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        }
    }
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    select(values).prop_map(|value| Some(value.to_owned()))
}

fn maybe(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(select(values).prop_map(str::to_owned))
}

/// First and last date in order; the last may be open.
fn dates() -> impl Strategy<Value = (Option<String>, Option<String>)> {
    (month(), prop::option::of(month())).prop_map(|(a, b)| match b {
        Some(b) if b < a => (Some(b), Some(a)),
        b => (Some(a), b),
    })
}

const EMPLOYERS: &[&str] = &[
    "Acme Corporation",
    "Siemens AG",
    "Bluebird",
    "Müller & Söhne GmbH",
    "株式会社サンプル",
    "Яндекс",
    "Smith Engineers",
    "The New School",
    "7-Eleven",
    "Ærø Kommune",
    "OTE Α.Ε.",
    "Google",
    "Head Office",
    "Analyst House, Inc.",
];
const TITLES: &[&str] = &[
    "Software Engineer",
    "Krankenpfleger",
    "Chef de projet",
    "Head of Sales",
    "Fixer",
    "инженер",
    "Nurse (night shift)",
    "VP - Finance",
    "Teacher",
    "Accountant",
    "Gerente de ventas",
    "Artist in residence",
    "Server/Bartender",
];
const TEXTS: &[&str] = &[
    "Improved the yearly report so that it now takes two days and not three weeks.",
    "Greeted guests",
    "C++, Rust and Go; also SQL",
    "Worked from 2012 to 2014 on the merger of two warehouses with 40% less stock.",
    "Рассчитал нагрузку моста через реку.",
    "Managed a team of 12 & a budget of $2M (see https://example.org/report for details)",
    "Opened three shops in Lyon, Paris and Lille, and closed none, in spite of a hard winter in which most others lost money",
];
const PLACES: &[&str] =
    &["Berlin", "San Francisco, CA", "Paris, France", "Remote", "Little Whinging", "東京"];
const SCHOOLS: &[&str] =
    &["University of Oxford", "ETH Zürich", "Lycée Montaigne", "Hogwarts", "北京大学", "State College"];
const DEGREES: &[&str] = &["Bachelor of Arts", "PhD", "MBA", "Diplom", "Licence", "Certificate of Mastery"];
const AREAS: &[&str] =
    &["History", "Computer Science", "Wirtschaftsinformatik", "Law and Economics", "Potions"];
const WORDS: &[&str] =
    &["Rust", "Photoshop", "Choir", "SAP FI/CO", "Welding", "R", "データ分析", "C, C++", "Node.js"];

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(select(TEXTS).prop_map(str::to_owned), 0..4)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(select(WORDS).prop_map(str::to_owned), 0..4)
        .prop_map(|words| words.into_iter().collect())
}

fn jobs() -> impl Strategy<Value = Vec<Work>> {
    let job = (
        one_of(EMPLOYERS),
        one_of(TITLES),
        maybe(PLACES),
        maybe(TEXTS),
        maybe(&["Maker of lamps"]),
        dates(),
        texts(),
    );
    let job = job.prop_map(
        |(name, position, location, summary, description, (start_date, end_date), highlights)| Work {
            name,
            position,
            location,
            summary,
            description,
            start_date,
            end_date,
            highlights,
            url: None,
        },
    );
    prop::collection::vec(job, 0..4)
}

fn studies() -> impl Strategy<Value = Vec<Education>> {
    let study =
        (one_of(SCHOOLS), one_of(DEGREES), maybe(AREAS), dates(), maybe(&["3.9", "1,3", "92 %"]), words());
    let study = study.prop_map(|(institution, study_type, area, (start_date, end_date), score, courses)| {
        Education { institution, study_type, area, start_date, end_date, score, courses, url: None }
    });
    prop::collection::vec(study, 0..3)
}

fn skills() -> impl Strategy<Value = Vec<Skill>> {
    let skill = (
        one_of(&["Databases", "Web Development", "Customer care"]),
        maybe(&["Master", "two years"]),
        words(),
    );
    prop::collection::vec(skill.prop_map(|(name, level, keywords)| Skill { name, level, keywords }), 0..3)
}

fn people() -> impl Strategy<Value = Basics> {
    let names: &[&str] =
        &["Jane Doe", "李明", "Иван Петров", "María José García", "Jean-Luc O'Neil", "Αλέξης Ζορμπάς"];
    (one_of(names), maybe(TITLES), maybe(TEXTS)).prop_map(|(name, label, summary)| Basics {
        name,
        label,
        summary,
        email: some("jane.doe@example.org"),
        phone: some("(912) 555-4321"),
        ..Basics::default()
    })
}

fn resumes() -> impl Strategy<Value = Resume> {
    let languages = prop::collection::vec(
        (one_of(&["English", "Deutsch", "Klingon"]), maybe(&["Native", "B2", "so so"]))
            .prop_map(|(language, fluency)| Language { language, fluency }),
        0..3,
    );
    (people(), jobs(), studies(), skills(), languages).prop_map(
        |(basics, work, education, skills, languages)| Resume {
            basics,
            work,
            education,
            skills,
            languages,
            ..Resume::default()
        },
    )
}

/// The same resumes each time, so that a failure can be looked at.
#[test]
fn generated_resumes_come_back() {
    let mut runner = TestRunner::deterministic();
    let mut failures = Vec::new();
    for case in 0..100 {
        let resume = resumes().new_tree(&mut runner).unwrap().current();
        let expected = json(&resume);
        for (format, found) in read_back(&resume) {
            let found = json(&found);
            if found != expected {
                let only_in = |a: &str, b: &str| -> Vec<String> {
                    a.lines().filter(|line| !b.contains(*line)).map(|line| line.trim().to_owned()).collect()
                };
                let (lost, new) = (only_in(&expected, &found), only_in(&found, &expected));
                failures.push(format!("{case} {format}: lost {lost:?}, new {new:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
}

/// A TrueType font with an empty glyph and one square, which all given characters share in glyphs of their own.
fn font_with(characters: &[char]) -> Vec<u8> {
    fn be16(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }
    let count = characters.len() as u16 + 1;
    // One contour of four points: counts, box, end of contour, no instructions, flags, x and y steps.
    let mut square = be16(&[1, 100, 0, 600, 700, 3, 0]);
    square.extend([1, 1, 1, 1]);
    square.extend(be16(&[100, 500, 0, (-500_i16) as u16, 0, 0, 700, 0]));
    let mut glyf = Vec::new();
    let mut loca = vec![0_u32, 0];
    for _ in characters {
        glyf.extend(&square);
        loca.push(glyf.len() as u32);
    }
    let mut cmap = be16(&[0, 1, 3, 10, 0, 12, 12, 0]);
    cmap.extend((16 + 12 * characters.len() as u32).to_be_bytes());
    cmap.extend(0_u32.to_be_bytes());
    cmap.extend((characters.len() as u32).to_be_bytes());
    for (glyph, c) in (1_u32..).zip(characters) {
        for value in [u32::from(*c), u32::from(*c), glyph] {
            cmap.extend(value.to_be_bytes());
        }
    }
    let mut head = be16(&[1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0, 1000]);
    head.extend([0; 16]);
    head.extend(be16(&[0, 0, 700, 700, 0, 8, 2, 1, 0]));
    let hhea = be16(&[1, 0, 800, (-200_i16) as u16, 0, 700, 0, 0, 700, 1, 0, 0, 0, 0, 0, 0, 0, count]);
    let mut maxp = be16(&[1, 0, count, 4, 1]);
    maxp.extend(be16(&[0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    let hmtx: Vec<u8> = (0..count).flat_map(|_| be16(&[700, 0])).collect();
    let loca: Vec<u8> = loca.iter().flat_map(|offset| offset.to_be_bytes()).collect();
    let tables: [(&[u8; 4], Vec<u8>); 7] = [
        (b"cmap", cmap),
        (b"glyf", glyf),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", hmtx),
        (b"loca", loca),
        (b"maxp", maxp),
    ];
    let mut file = be16(&[0, 1, 7, 64, 2, 48]);
    file.splice(0..4, 0x0001_0000_u32.to_be_bytes());
    let mut offset = 12 + 16 * tables.len();
    let mut data = Vec::new();
    for (name, table) in &tables {
        file.extend(*name);
        file.extend(0_u32.to_be_bytes());
        file.extend((offset as u32).to_be_bytes());
        file.extend((table.len() as u32).to_be_bytes());
        let padded = table.len().next_multiple_of(4);
        data.extend(table);
        data.resize(data.len() + padded - table.len(), 0);
        offset += padded;
    }
    file.extend(data);
    file
}

#[test]
fn a_font_of_the_caller_is_embedded_as_far_as_it_is_used() {
    // In the order of their code points, as the table of characters has to be.
    let characters: Vec<char> = "ЖИЩавн中".chars().collect();
    let fonts = [Font { data: font_with(&characters), index: 0 }];
    assert!(fonts[0].has('中') && !fonts[0].has('国'));
    let resume =
        Resume { basics: Basics { name: some("Иван 中国"), ..Basics::default() }, ..Resume::default() };
    let pdf = to_pdf(&resume, &fonts).unwrap();
    assert_eq!(pdf.missing, ['国']);
    let document = extract(&pdf.bytes, None, &ExtractOptions::default()).unwrap();
    assert!(document.text.contains("Иван 中国"), "{}", document.text);
    assert_eq!(pdf, to_pdf(&resume, &fonts).unwrap());
}
