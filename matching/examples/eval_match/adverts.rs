//! Advertisements of an occupation, in several styles.

use crate::onet::Occupation;
use crate::random::Random;
use crate::wording::{Voice, say};

const ABOUT: &[&str] = &[
    "We are a growing family of companies with a friendly culture and customers in twelve states.",
    "For over forty years our people have made the difference. Come and grow with us!",
    "Our client, a leader in its field, is looking for you.",
];
const BENEFITS: &[&str] = &[
    "- Competitive salary and annual bonus\n- Medical, dental and vision insurance\n- 401(k) with company match\n- Paid time off",
    "- 28 days of paid vacation\n- Free parking, fresh fruit and coffee\n- Employee discount and wellness programme",
    "Salary range: $48,000 - $71,000 per year. Tuition reimbursement, life insurance, paid holidays.",
];
const LEGAL: &[&str] = &[
    "We are an equal opportunity employer. All applicants are considered without regard to race, color, religion, sex, sexual orientation, gender identity, national origin, disability or veteran status.",
    "Background check and drug screen required after the offer. EOE M/F/D/V.",
    "Only shortlisted candidates will be contacted. No recruitment agencies, please. Apply online with your resume and cover letter.",
];
const SOFT: &[&str] = &[
    "Excellent communication skills",
    "Team player with attention to detail",
    "Able to work under pressure",
    "Strong organizational skills",
    "Self-motivated and reliable",
];

/// How many styles there are.
pub(crate) const STYLES: usize = 5;

/// An advertisement: a reported title, every second task, a part of the tools.
pub(crate) fn write(of: &Occupation, style: usize) -> String {
    let mut random = Random::of(&format!("advert {}", of.code), style);
    let title = of.titles.get(random.below(of.titles.len().min(3))).cloned().unwrap_or_default();
    let tasks: Vec<String> = of.tasks.iter().step_by(2).cloned().collect();
    let tasks = random.some(&tasks, 5 + style % 4);
    let tools = random.some(&of.tools, 6);
    let parts = Parts {
        about: random.pick(ABOUT).unwrap_or_default(),
        benefits: random.pick(BENEFITS).unwrap_or_default(),
        legal: random.pick(LEGAL).unwrap_or_default(),
        soft: random.some(SOFT, 2),
        years: 1 + random.below(6),
        degree: degree(of),
        title,
        tools,
    };
    let voice = [Voice::Plain, Voice::You, Voice::Gerund, Voice::Plain, Voice::Gerund][style % STYLES];
    let tasks: Vec<String> = tasks.iter().map(|task| say(task, voice, false, &mut random)).collect();
    parts.lay_out(style % STYLES, &tasks)
}

fn degree(of: &Occupation) -> String {
    match of.zone {
        5 => format!("Master's degree in {} or a related field", of.subject()),
        4 => format!("Bachelor's degree in {} or a related field", of.subject()),
        3 => "Associate degree or vocational training".to_owned(),
        _ => "High school diploma or GED".to_owned(),
    }
}

struct Parts<'a> {
    title: String,
    about: &'a str,
    benefits: &'a str,
    legal: &'a str,
    soft: Vec<&'a str>,
    years: usize,
    degree: String,
    tools: Vec<String>,
}

impl Parts<'_> {
    fn lay_out(&self, style: usize, tasks: &[String]) -> String {
        let Self { title, about, benefits, legal, soft, years, degree, tools } = self;
        let (most, rest) = tools.split_at(tools.len().min(4));
        let (soft, most, rest) = (soft.join("\n- "), most.join(", "), rest.join(", "));
        match style {
            0 => format!(
                "{title}\n\nAbout us\n{about}\n\nResponsibilities\n- {}\n\nRequirements\n- {years}+ years of experience\n- {degree}\n- Experience with {most}\n- {soft}\n\nNice to have\n- {rest}\n\nWhat we offer\n{benefits}\n\n{legal}\n",
                tasks.join("\n- ")
            ),
            1 => format!(
                "{title} (full time)\n{about}\n\n{}.\n\nWe ask for {degree}, at least {years} years in a similar role and knowledge of {most}. {rest} would be a plus.\n\nBenefits\n{benefits}\n\n{legal}\n",
                tasks.join(". ")
            ),
            2 => format!(
                "{title}\n\nYour tasks:\n{}\n\nYour profile:\n{degree}\n{years} years of professional experience\n{}\n{soft}\n\n{legal}\n",
                tasks.join("\n"),
                most.replace(", ", "\n")
            ),
            3 => format!(
                "JOB TITLE: {title}\n\nJOB SUMMARY\n{about}\n\nESSENTIAL FUNCTIONS\n1. {}\n\nQUALIFICATIONS\nEducation: {degree}\nExperience: minimum {years} years\nSkills: {most}\nPreferred: {rest}\n\nPhysical demands: must be able to lift 20 lbs.\n\n{legal}\n",
                tasks.join("\n2. ")
            ),
            _ => format!(
                "{title}\n{about} As {title} you are responsible for {}.\n\nWhat you bring\n* {degree}\n* {soft}\n* Hands-on with {most}\n\nPerks\n{benefits}\n",
                tasks.join("; ")
            ),
        }
    }
}
