//! Words of job advertisements that say how much something is wanted, and text that is no requirement.

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
    "wir bieten",
];

/// Whether a line is no requirement.
pub(super) fn is_boilerplate(line: &str) -> bool {
    let tokens = tokenise(line);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let joined = format!(" {} ", words.join(" "));
    BOILERPLATE.iter().any(|phrase| joined.contains(&format!(" {phrase} ")))
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
