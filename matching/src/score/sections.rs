//! Headings of job advertisements, words that say how much something is wanted, and text that is no requirement.

use super::job::Importance;
use crate::skills::normalise::tokenise;

/// Which part of an advertisement a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Before any heading.
    Unknown,
    /// What the applicant must bring.
    Must,
    /// What is a plus.
    Nice,
    /// What the work is.
    Duties,
    /// What the employer gives.
    Benefits,
    /// About the employer, how to apply, legal text.
    Company,
}

/// Headings, normalised as [`tokenise`] does it; a heading line begins or ends with one of them. The longest wins.
const HEADINGS: &[(Section, &[&str])] = &[
    (
        Section::Nice,
        &[
            "preferred",
            "preferred qualifications",
            "preferred skills",
            "nice to have",
            "nice to haves",
            "bonus",
            "bonus points",
            "desirable",
            "desired",
            "desired skills",
            "good to have",
            "pluses",
            "a plus",
            "wunschenswert",
            "von vorteil",
            "atouts",
            "deseable",
            "preferred experience",
            "extra credit",
        ],
    ),
    (
        Section::Must,
        &[
            "requirements",
            "required",
            "qualifications",
            "required qualifications",
            "required skills",
            "minimum qualifications",
            "basic qualifications",
            "must have",
            "must haves",
            "skills",
            "what you bring",
            "what you will bring",
            "what youll bring",
            "what we are looking for",
            "what were looking for",
            "who you are",
            "about you",
            "you have",
            "your profile",
            "your skills",
            "ideal candidate",
            "the candidate",
            "experience",
            "education",
            "education & experience",
            "knowledge",
            "abilities",
            "essential",
            "essential criteria",
            "key skills",
            "technical skills",
            "competencies",
            "anforderungen",
            "ihr profil",
            "dein profil",
            "anforderungsprofil",
            "profil recherche",
            "votre profil",
            "competences",
            "requisitos",
            "perfil",
            "requisiti",
            "profilo",
            "eisen",
            "wymagania",
            "cerinte",
            "technology",
            "tools",
            "tools & technology",
            "skills & experience",
            "we are looking for",
            "were looking for",
            "licenses",
            "certifications",
        ],
    ),
    (
        Section::Duties,
        &[
            "responsibilities",
            "duties",
            "what you will do",
            "what youll do",
            "key responsibilities",
            "the role",
            "about the role",
            "role overview",
            "job description",
            "the job",
            "your role",
            "your tasks",
            "tasks",
            "your responsibilities",
            "day to day",
            "job duties",
            "essential functions",
            "position summary",
            "job summary",
            "overview",
            "summary",
            "aufgaben",
            "ihre aufgaben",
            "deine aufgaben",
            "missions",
            "vos missions",
            "responsabilidades",
            "funciones",
            "tareas",
            "responsabilita",
            "taken",
            "obowiazki",
            "responsabilitati",
            "what you would do",
            "in this role",
            "you will",
        ],
    ),
    (
        Section::Benefits,
        &[
            "benefits",
            "perks",
            "what we offer",
            "we offer",
            "compensation",
            "salary",
            "pay",
            "why join us",
            "why work here",
            "our offer",
            "wir bieten",
            "unser angebot",
            "nous offrons",
            "avantages",
            "beneficios",
            "ofrecemos",
            "offriamo",
            "wij bieden",
            "oferujemy",
            "oferim",
            "perks & benefits",
            "pay range",
            "total rewards",
            "whats in it for you",
            "why us",
        ],
    ),
    (
        Section::Company,
        &[
            "about us",
            "about the company",
            "who we are",
            "our company",
            "company description",
            "our mission",
            "our values",
            "equal opportunity",
            "equal employment opportunity",
            "eeo",
            "eeo statement",
            "how to apply",
            "application process",
            "to apply",
            "diversity",
            "privacy notice",
            "contact",
            "uber uns",
            "qui sommes nous",
            "sobre nosotros",
            "chi siamo",
            "over ons",
            "o nas",
            "despre noi",
            "disclaimer",
            "accommodations",
            "about our company",
            "the company",
            "the team",
            "about the team",
            "our culture",
        ],
    ),
];

/// Longest heading, in words.
const HEADING_WORDS: usize = 7;

/// The section that a line opens, and what stands behind its colon.
pub(super) fn heading(line: &str) -> Option<(Section, &str)> {
    let (title, rest, colon) = match line.split_once(':') {
        Some((title, rest)) => (title, rest, true),
        None => (line, "", false),
    };
    let tokens = tokenise(title);
    if tokens.is_empty() || tokens.len() > HEADING_WORDS || title.trim_end().ends_with(['.', ',', ';']) {
        return None;
    }
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let title = words.join(" ");
    let mut best: Option<(usize, Section)> = None;
    for (section, names) in HEADINGS {
        for name in *names {
            let whole = title == *name;
            let edge = title.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))
                || title.strip_suffix(name).is_some_and(|rest| rest.ends_with(' '));
            // Without a colon a line that merely begins with "experience" is a requirement, not a heading; and so is
            // "Terraform is a plus".
            let phrase = name.contains(' ') && !name.ends_with(" plus") && words.len() <= 5;
            let fits = whole || (edge && (colon || phrase));
            if fits && best.is_none_or(|(length, _)| name.len() > length) {
                best = Some((name.len(), *section));
            }
        }
    }
    best.map(|(_, section)| (section, rest))
}

/// Phrases of which one makes a line legal text, benefits or instructions.
const BOILERPLATE: &[&str] = &[
    "equal opportunity",
    "equal employment",
    "without regard to",
    "regardless of race",
    "protected veteran",
    "reasonable accommodation",
    "sexual orientation",
    "gender identity",
    "affirmative action",
    "401k",
    "401 k",
    "paid time off",
    "paid holidays",
    "paid vacation",
    "dental & vision",
    "health dental",
    "medical dental",
    "parental leave",
    "stock options",
    "competitive salary",
    "competitive pay",
    "competitive compensation",
    "salary range",
    "base salary",
    "per hour",
    "per annum",
    "apply now",
    "apply today",
    "apply online",
    "how to apply",
    "submit your resume",
    "send your resume",
    "send your cv",
    "cover letter",
    "background check",
    "drug test",
    "drug screen",
    "we are an equal",
    "e verify",
    "no agencies",
    "recruitment agencies",
    "privacy policy",
    "our benefits",
    "we offer",
    "tuition reimbursement",
    "life insurance",
    "free lunch",
    "gym membership",
    "employee discount",
    "chancengleichheit",
    "m w d",
    "wir bieten",
];

/// Whether a line is no requirement.
pub(super) fn is_boilerplate(line: &str) -> bool {
    let tokens = tokenise(line);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let joined = format!(" {} ", words.join(" "));
    BOILERPLATE.iter().any(|phrase| joined.contains(&format!(" {phrase} ")))
}

const NICE: &[&str] = &[
    "preferred",
    "a plus",
    "nice to have",
    "bonus",
    "ideally",
    "desirable",
    "desired",
    "advantage",
    "advantageous",
    "is helpful",
    "would be great",
    "beneficial",
    "von vorteil",
    "un plus",
    "un atout",
    "deseable",
    "optional",
];
const MUST: &[&str] = &[
    "required",
    "must",
    "minimum",
    "essential",
    "mandatory",
    "need to",
    "necessary",
    "at least",
    "zwingend",
    "erforderlich",
    "obligatoire",
    "imprescindible",
    "requires",
];

/// How much a line wants what it names.
pub(super) fn line_importance(line: &str, section: Section) -> Importance {
    let tokens = tokenise(line);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let joined = format!(" {} ", words.join(" "));
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| joined.contains(&format!(" {phrase} ")));
    if says(NICE) {
        Importance::Nice
    } else if says(MUST) {
        Importance::Must
    } else {
        match section {
            Section::Nice => Importance::Nice,
            Section::Must => Importance::Must,
            _ => Importance::Normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_open_sections() {
        for (line, expected) in [
            ("Requirements", Some(Section::Must)),
            ("REQUIREMENTS:", Some(Section::Must)),
            ("What you'll do", Some(Section::Duties)),
            ("Preferred Qualifications:", Some(Section::Nice)),
            ("What We Offer", Some(Section::Benefits)),
            ("About us", Some(Section::Company)),
            ("Ihr Profil", Some(Section::Must)),
            ("Skills: Python, SQL", Some(Section::Must)),
            ("Experience with Python", None),
            ("Terraform is a plus", None),
            ("Manage the benefits of all employees in three countries and report on them.", None),
        ] {
            assert_eq!(heading(line).map(|(section, _)| section), expected, "{line}");
        }
        assert_eq!(heading("Skills: Python, SQL").map(|(_, rest)| rest), Some(" Python, SQL"));
    }

    #[test]
    fn words_in_the_line_beat_the_section() {
        assert_eq!(line_importance("Python is a plus", Section::Must), Importance::Nice);
        assert_eq!(line_importance("A licence is required", Section::Duties), Importance::Must);
        assert_eq!(line_importance("Python", Section::Must), Importance::Must);
        assert_eq!(line_importance("Python", Section::Unknown), Importance::Normal);
    }

    #[test]
    fn legal_text_and_benefits_are_no_requirements() {
        assert!(is_boilerplate("We are an Equal Opportunity employer"));
        assert!(is_boilerplate("401(k) with match"));
        assert!(!is_boilerplate("Administer medical tests"));
    }
}
