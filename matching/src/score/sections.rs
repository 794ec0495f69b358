//! Words of job advertisements that say how much something is wanted, and text that is no requirement.

use std::ops::Range;

use super::headings::Section;
use super::job::Importance;
use crate::skills::normalise::tokenise;

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
    "eligible to obtain",
    "ability to obtain",
    "able to obtain",
    "obtain a security clearance",
    "without discrimination",
    "all qualified applicants",
    "national origin",
    "veteran status",
    "disability status",
    "eoe",
    "on target earnings",
    "bonus scheme",
    "pension scheme",
    "company pension",
    "days holiday",
    "annual leave",
    "flexible working hours",
    "sick leave",
    "health insurance",
    "retirement plan",
    "visa sponsorship",
    "click apply",
    "please apply",
    "please send",
    "shortlisted candidates",
    "referral bonus",
    "sign on bonus",
    "urlaubstage",
    "betriebliche altersvorsorge",
    "bewerbungsunterlagen",
    "ihre bewerbung",
    "schwerbehinderte",
    "unabhangig von geschlecht",
    "tickets restaurant",
    "mutuelle",
    "envoyez votre cv",
    "egalite des chances",
    "igualdad de oportunidades",
    "envia tu cv",
    "seguro medico",
    "chancengleichheit",
    "m w d",
    "youll report to",
    "you will report to",
    "this role reports to",
    "this position reports to",
    "reporting to the",
    "reports to the",
    "du berichtest",
    "sie berichten",
    "love to meet you",
    "go to person",
    "look forward to",
    "wir freuen uns",
    "freuen wir uns",
    "wir bieten",
];

/// Whether a line is no requirement.
pub(super) fn is_boilerplate(line: &str) -> bool {
    says_any(line, BOILERPLATE)
}

/// Phrases that say that what a line names is not asked for.
const WAIVED: &[&str] = &[
    "not needed",
    "not required",
    "not necessary",
    "not a requirement",
    "nicht erforderlich",
    "nicht notwendig",
    "pas necessaire",
    "pas exige",
    "no es necesario",
    "no se requiere",
];

/// Whether a line only says what is not asked for; "preferred but not required" still prefers it.
pub(super) fn is_waived(line: &str) -> bool {
    let tokens = tokenise(line);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let joined = format!(" {} ", words.join(" "));
    let says = |phrase: &&str| joined.contains(&format!(" {phrase} "));
    let wanted = NICE.iter().filter(|phrase| !WAIVED.contains(phrase)).any(says);
    let demanded = MUST.iter().any(|phrase| {
        joined.match_indices(&format!(" {phrase} ")).any(|(at, _)| {
            joined.get(..at).is_some_and(|before| !before.ends_with(" not") && !before.ends_with(" nicht"))
        })
    });
    WAIVED.iter().any(says) && !wanted && !demanded && words.len() <= 14
}

/// Words with which a part of a line says by itself how much or how well it is wanted.
const STATED: &[&str] = &[
    "fluent",
    "fliessend",
    "fließend",
    "strong",
    "solid",
    "excellent",
    "proficient",
    "native",
    "bilingual",
    "courant",
    "sehr gute",
    "gute",
    "advanced",
];

/// Words between a name and what says how much it is wanted.
const LINKS: &[&str] = &[
    "is", "are", "would", "be", "a", "strong", "big", "definite", "ist", "sind", "waren", "ware", "est",
    "sont", "es",
];

/// The parts of a line that are wanted to different degrees, as bytes of the line: "BLS required, ACLS preferred" has two. One
/// part, the whole, where all is wanted alike: in "Python, Go or Rust is a plus" the plus is said of all.
pub(super) fn clauses(line: &str, section: Section) -> Vec<(Range<usize>, Importance)> {
    let mut parts: Vec<(Range<usize>, Importance)> = Vec::new();
    let mut push = |range: Range<usize>| {
        let part = line.get(range.clone()).unwrap_or_default();
        let (lead, body) = (part.len() - part.trim_start().len(), part.trim());
        if !body.is_empty() {
            let start = range.start + lead;
            parts.push((start..start + body.len(), line_importance(body, section)));
        }
    };
    let mut start = 0;
    for (at, mark) in line.match_indices([';', ',']) {
        let part = line.get(start..at).unwrap_or_default();
        if mark == ";" || says_any(part, MUST) || says_any(part, STATED) {
            push(start..at);
            start = at + mark.len();
        }
    }
    push(start..line.len());
    let alike = parts.windows(2).all(|pair| matches!(pair, [(_, a), (_, b)] if a == b));
    if alike { vec![(0..line.len(), line_importance(line, section))] } else { parts }
}

/// The line with a comma and spaces instead of the words that only say how much it is wanted, at the same places: in "Spanish is
/// a plus" the name stands alone, as in a list.
pub(super) fn without_wanting(line: &str) -> String {
    let tokens = tokenise(line);
    let word = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let mut bytes = line.as_bytes().to_vec();
    let mut at = 0;
    while at < tokens.len() {
        let links = tokens.iter().skip(at).take_while(|token| LINKS.contains(&token.text.as_str())).count();
        let denied = at > 0 && matches!(word(at - 1), "not" | "nicht" | "pas" | "no");
        let phrases = NICE.iter().chain(MUST).filter(|phrase| !denied && !phrase.starts_with("not "));
        let wanting = phrases.filter_map(|phrase| {
            let says = |lead: &usize| {
                phrase.split(' ').enumerate().all(|(offset, part)| word(at + lead + offset) == part)
            };
            // The phrase may begin with a link itself: "is" and "a plus".
            (0..=links).rev().find(says).map(|lead| lead + phrase.split(' ').count())
        });
        let Some(length) = wanting.max() else {
            at += 1;
            continue;
        };
        let span = tokens.get(at).zip(tokens.get(at + length - 1));
        if let Some(part) = span.and_then(|(first, last)| bytes.get_mut(first.span.start..last.span.end)) {
            part.fill(b' ');
            part.iter_mut().take(1).for_each(|byte| *byte = b',');
        }
        at += length;
    }
    // Whole words were replaced byte for byte, so this is UTF-8 still.
    String::from_utf8(bytes).unwrap_or_else(|_| line.to_owned())
}

fn says_any(line: &str, phrases: &[&str]) -> bool {
    let tokens = tokenise(line);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let joined = format!(" {} ", words.join(" "));
    phrases.iter().any(|phrase| joined.contains(&format!(" {phrase} ")))
}

/// Whether a line before the first heading, where the employer speaks of itself, speaks of the applicant's work.
pub(super) fn is_about_you(line: &str) -> bool {
    const ABOUT_YOU: &[&str] = &[
        "you will",
        "youll",
        "you are",
        "youre",
        "you have",
        "you bring",
        "wirst du",
        "werden sie",
        "du bist",
        "vous",
        "usted",
        "experience with",
        "experience in",
        "who can",
        "looking for",
        "seeking",
        "suchen",
    ];
    says_any(line, ABOUT_YOU)
}

const NICE: &[&str] = &[
    "preferred",
    "a plus",
    "strong plus",
    "big plus",
    "huge plus",
    "definite plus",
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
    "good to have",
    "would be an asset",
    "an asset",
    "a bonus",
    "not essential",
    "not required",
    "wunschenswert",
    "idealerweise",
    "gern gesehen",
    "vorteilhaft",
    "serait un plus",
    "souhaite",
    "souhaitee",
    "apprecie",
    "appreciee",
    "se valorara",
    "valorable",
    "deseables",
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
    "mindestens",
    "vorausgesetzt",
    "voraussetzung",
    "unerlasslich",
    "exige",
    "exigee",
    "indispensable",
    "requis",
    "requise",
    "imperatif",
    "obligatorio",
    "minimo",
    "al menos",
    "au moins",
];

/// How much a line wants what it names.
pub(super) fn line_importance(line: &str, section: Section) -> Importance {
    if says_any(line, NICE) {
        Importance::Nice
    } else if says_any(line, MUST) {
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
        assert!(is_boilerplate("You'll report to the IT Operations Manager."));
        assert!(!is_boilerplate("Administer medical tests"));
        assert!(!is_boilerplate("Report to the management each week"));
    }

    #[test]
    fn parts_of_a_line_are_wanted_each_in_its_way() {
        let parts = |line: &'static str| -> Vec<(&str, Importance)> {
            clauses(line, Section::Must).into_iter().map(|(range, wanted)| (&line[range], wanted)).collect()
        };
        for (line, expected) in [
            (
                "BLS required, ACLS preferred",
                vec![("BLS required", Importance::Must), ("ACLS preferred", Importance::Nice)],
            ),
            (
                "Fluent English; Spanish is a strong plus",
                vec![("Fluent English", Importance::Must), ("Spanish is a strong plus", Importance::Nice)],
            ),
            (
                "Fließend Englisch, Deutsch von Vorteil",
                vec![("Fließend Englisch", Importance::Must), ("Deutsch von Vorteil", Importance::Nice)],
            ),
            ("Python, Go or Rust is a plus", vec![("Python, Go or Rust is a plus", Importance::Nice)]),
            ("Strong Python, SQL and Linux", vec![("Strong Python, SQL and Linux", Importance::Must)]),
        ] {
            assert_eq!(parts(line), expected);
        }
    }

    #[test]
    fn a_name_stands_alone_without_the_words_of_wanting() {
        for (line, left) in [
            ("Spanish is a plus", "Spanish ,"),
            ("Terraform von Vorteil", "Terraform ,"),
            ("Python is not required", "Python is not required"),
            ("Bake bread", "Bake bread"),
        ] {
            let found = without_wanting(line);
            assert_eq!((found.trim_end(), found.len()), (left, line.len()));
        }
    }

    #[test]
    fn what_is_not_asked_for_is_waived_and_what_is_preferred_is_not() {
        for (line, waived) in [
            ("Computer science degree not needed", true),
            ("Prior experience is not required", true),
            ("Kubernetes preferred but not required", false),
            ("A licence is required", false),
            ("Driving licence required, own car not required", false),
            ("Night shifts are not a problem for you", false),
        ] {
            assert_eq!(is_waived(line), waived, "{line}");
        }
    }
}
