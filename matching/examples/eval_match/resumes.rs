//! Resumes of an occupation, in several styles.

use crate::onet::Occupation;
use crate::random::Random;
use crate::wording::{Voice, capital, say};

const NAMES: &[(&str, &str)] = &[
    ("Alex", "Morgan"),
    ("Maria", "Lopez"),
    ("Chen", "Wei"),
    ("Amina", "Diallo"),
    ("Tom", "Becker"),
    ("Priya", "Nair"),
];
const FIRMS: &[&str] = &[
    "Example Ltd",
    "Northwind Group",
    "Lakeside Services",
    "Miller & Sons",
    "City of Springfield",
    "Acme Corp.",
];
/// What people did before or besides; it says nothing of the occupation.
const OTHER_WORK: &[(&str, &str)] = &[
    ("Sales Assistant", "Served customers at the till and restocked shelves"),
    ("Warehouse Helper", "Loaded trucks and counted stock"),
    ("Office Temp", "Answered telephones and filed letters"),
    ("Waiter", "Took orders and served guests on weekends"),
    ("Volunteer", "Collected donations for the food bank"),
];
const HOBBIES: &[&str] = &["Hiking, chess, cooking", "Football, travel", "Reading, choir, gardening"];

/// How many styles there are.
pub(crate) const STYLES: usize = 5;

/// A resume: other titles, the other tasks in other words, another part of the tools.
pub(crate) fn write(of: &Occupation, style: usize) -> String {
    let mut random = Random::of(&format!("resume {}", of.code), style);
    // Titles that an advertisement may carry come first in the list, and some of them again behind.
    let (theirs, others) = of.titles.split_at(3);
    let titles: Vec<String> = others.iter().filter(|title| !theirs.contains(title)).cloned().collect();
    let voice = [Voice::Past, Voice::First, Voice::Past, Voice::Gerund, Voice::Past][style % STYLES];
    let tasks: Vec<String> = of.tasks.iter().skip(1).step_by(2).cloned().collect();
    let tasks = random.some(&tasks, 5 + style % 3);
    let tasks: Vec<String> = tasks.iter().map(|task| say(task, voice, true, &mut random)).collect();
    let (first, last) = NAMES[random.below(NAMES.len())];
    let start = 2005 + random.below(10);
    let parts = Parts {
        name: format!("{first} {last}"),
        mail: format!("{}.{}@example.com", first.to_lowercase(), last.to_lowercase()),
        title: random.some(&titles, 1).pop().unwrap_or_default(),
        earlier: random.some(&titles, 1).pop().unwrap_or_default(),
        firms: random.some(FIRMS, 2),
        other: OTHER_WORK[random.below(OTHER_WORK.len())],
        start,
        end: start + 2 + random.below(8),
        tools: random.some(&of.tools, 6),
        education: education(of, start),
        hobbies: random.pick(HOBBIES).unwrap_or_default(),
    };
    parts.lay_out(style % STYLES, &tasks)
}

fn education(of: &Occupation, start: usize) -> String {
    let subject = of.subject();
    let year = start.saturating_sub(1);
    match of.zone {
        5 => format!("MSc {subject}, State University, {year}"),
        4 => format!("Bachelor of Science in {subject}, State University, {year}"),
        3 => format!("Associate degree in {subject}, Community College, {year}"),
        _ => format!("High School Diploma, Lincoln High School, {year}"),
    }
}

struct Parts<'a> {
    name: String,
    mail: String,
    title: String,
    earlier: String,
    firms: Vec<&'a str>,
    other: (&'a str, &'a str),
    start: usize,
    end: usize,
    tools: Vec<String>,
    education: String,
    hobbies: &'a str,
}

impl Parts<'_> {
    fn lay_out(&self, style: usize, tasks: &[String]) -> String {
        let Self { name, mail, title, earlier, firms, other, start, end, tools, education, hobbies } = self;
        let (firm, before) = (firms.first().unwrap_or(&""), firms.get(1).unwrap_or(&""));
        let (half, rest) = tasks.split_at(tasks.len() / 2);
        let listed = tools.join(", ");
        let (other_title, other_task) = other;
        let middle = (start + end) / 2;
        match style {
            0 => format!(
                "{name}\n{mail} | +1 (555) 010-2030 | Springfield, IL\n\nExperience\n\n{title}, {firm}\n03/{middle} - 06/{end}\n- {}\n\n{earlier}, {before}\n01/{start} - 02/{middle}\n- {}\n\nEducation\n{education}\n\nSkills\n{listed}\n",
                half.join("\n- "),
                rest.join("\n- ")
            ),
            1 => format!(
                "{name}\n{title}\n{mail}\n\nProfile\nI have {} years of experience as {title}. {}.\n\nEmployment History\n{firm} | {title} | {start} - present\n{}.\n\nQualifications\n{education}\n\nIT skills: {listed}\n\nInterests\n{hobbies}\n",
                end - start,
                half.join(". "),
                rest.join(". ")
            ),
            2 => format!(
                "{name}\nTel. 0555 010 2030, {mail}\n\nTechnical Skills\n- {}\n\nWork Experience\n{start} - {end}: {title} at {firm}\n* {}\n{} - {start}: {other_title}, {before}\n* {other_task}\n\nEducation\n{education}\n\nReferences available on request\n",
                tools.join("\n- "),
                tasks.join("\n* "),
                start - 2
            ),
            3 => format!(
                "{}\n{mail}\n\nSUMMARY\n{} with a broad background, good with {listed}.\n\nPROFESSIONAL EXPERIENCE\n{firm}\n{title}\nMay {start} - Dec {end}\nResponsible for:\n{}\n\n{before}\n{other_title}\nJan {} - Apr {start}\n{other_task}\n\nEDUCATION\n{education}\n",
                name.to_uppercase(),
                capital(title),
                tasks.join("\n"),
                start - 3
            ),
            _ => format!(
                "{name}\n{mail}\n\nEXPERIENCE\n{firm} ({start}-{end})\n{}.\n\nEDUCATION\n{education}\n\nLANGUAGES\nEnglish (native), Spanish (basic)\n\nTOOLS\n{listed}\n",
                tasks.join("; ")
            ),
        }
    }
}
