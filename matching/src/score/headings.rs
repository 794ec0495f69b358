//! Headings of job advertisements, in the languages that they are written in.

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

/// Headings, normalised as [`tokenise`] does it, between bars; a heading line begins or ends with one of them. The longest
/// wins.
const HEADINGS: [(Section, &str); 5] = [
    (Section::Nice, NICE),
    (Section::Must, MUST),
    (Section::Duties, DUTIES),
    (Section::Benefits, BENEFITS),
    (Section::Company, COMPANY),
];

const NICE: &str = "\
    preferred|preferred qualifications|preferred skills|nice to have|nice to haves|bonus|bonus points|\
    desirable|desired|desired skills|good to have|pluses|a plus|wunschenswert|von vorteil|atouts|deseable|\
    preferred experience|extra credit|nice to have but not required|would be a plus|also great|\
    bonus skills|additional skills|desirable skills|desirable criteria|das ist von vorteil|idealerweise|\
    les plus|un plus|se valorara|valorable|deseables|nice to haves & bonus|preferred but not required";

const MUST: &str = "\
    requirements|required|qualifications|required qualifications|required skills|minimum qualifications|\
    basic qualifications|must have|must haves|skills|what you bring|what you will bring|what youll bring|\
    what we are looking for|what were looking for|who you are|about you|you have|your profile|your skills|\
    ideal candidate|the candidate|experience|education|education & experience|knowledge|abilities|\
    essential|essential criteria|key skills|technical skills|competencies|anforderungen|ihr profil|\
    dein profil|anforderungsprofil|profil recherche|votre profil|competences|requisitos|perfil|requisiti|\
    profilo|eisen|wymagania|cerinte|technology|tools|tools & technology|skills & experience|\
    we are looking for|were looking for|licenses|certifications|what you need|what youll need|\
    what you will need|what we need|what we expect|what we expect from you|what you should have|\
    your qualifications|your background|your experience|you bring|you are|skills you have|\
    who were looking for|who we are looking for|were excited about you if you have|minimum requirements|\
    basic requirements|job requirements|person specification|knowledge skills & abilities|\
    candidate profile|desired profile|experience required|skills required|was du mitbringst|\
    was sie mitbringen|das bringst du mit|das bringen sie mit|voraussetzungen|qualifikationen|\
    ihre qualifikationen|deine qualifikationen|fachliche anforderungen|profil|profil souhaite|\
    competences requises|competences techniques|formation|formation & experience|ce que nous recherchons|\
    requisitos minimos|requisitos imprescindibles|perfil buscado|se requiere|que buscamos|formacion|\
    conocimientos|experiencia";

const DUTIES: &str = "\
    responsibilities|duties|what you will do|what youll do|key responsibilities|the role|about the role|\
    role overview|job description|the job|your role|your tasks|tasks|your responsibilities|day to day|\
    job duties|essential functions|position summary|job summary|overview|summary|aufgaben|ihre aufgaben|\
    deine aufgaben|missions|vos missions|responsabilidades|funciones|tareas|responsabilita|taken|\
    obowiazki|responsabilitati|what you would do|in this role|you will|what youll be doing|\
    what you will be doing|your mission|your day to day|a day in the life|what the job involves|\
    main duties|main responsibilities|key duties|primary responsibilities|role & responsibilities|\
    roles & responsibilities|duties & responsibilities|scope of work|das erwartet dich|das erwartet sie|\
    dein aufgabengebiet|ihr aufgabengebiet|aufgabengebiet|tatigkeiten|was dich erwartet|was sie erwartet|\
    votre mission|vos responsabilites|description du poste|le poste|descripcion del puesto|tus funciones|\
    que haras|tus responsabilidades";

const BENEFITS: &str = "\
    benefits|perks|what we offer|we offer|compensation|salary|pay|why join us|why work here|our offer|\
    wir bieten|unser angebot|nous offrons|avantages|beneficios|ofrecemos|offriamo|wij bieden|oferujemy|\
    oferim|perks & benefits|pay range|total rewards|whats in it for you|why us|our benefits|your benefits|\
    the benefits|what youll get|what you get|what you will get|what we can offer you|perks of the job|\
    compensation & benefits|salary & benefits|pay & benefits|das bieten wir|das bieten wir dir|\
    das bieten wir ihnen|unsere leistungen|was wir bieten|was wir dir bieten|deine vorteile|ihre vorteile|\
    ce que nous offrons|ce que nous proposons|nous vous offrons|remuneration|que ofrecemos|se ofrece|\
    te ofrecemos";

const COMPANY: &str = "\
    about us|about the company|who we are|our company|company description|our mission|our values|\
    equal opportunity|equal employment opportunity|eeo|eeo statement|how to apply|application process|\
    to apply|diversity|privacy notice|contact|uber uns|qui sommes nous|sobre nosotros|chi siamo|over ons|\
    o nas|despre noi|disclaimer|accommodations|about our company|the company|the team|about the team|\
    our culture|about our team|company overview|company profile|our story|equal opportunities|\
    equal opportunity employer|diversity & inclusion|diversity equity & inclusion|our commitment|legal|\
    recruitment process|hiring process|interview process|next steps|contact us|kontakt|ihre bewerbung|\
    bewerbung|das unternehmen|wir uber uns|uber das unternehmen|lentreprise|a propos de nous|a propos|\
    candidature|postuler|la empresa|quienes somos|sobre la empresa|como aplicar";

/// Ends of those headings that, behind other words, say how much these are wanted.
const WANTING: [&str; 4] = ["von vorteil", " to have", " to haves", "not required"];

/// Longest heading, in words.
const HEADING_WORDS: usize = 8;

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
        for name in names.split('|') {
            let whole = title == name;
            // "Terraform von Vorteil" wants something, "Technische Anforderungen" opens a section.
            let ends = (colon || !WANTING.iter().any(|end| name.ends_with(end)))
                && title.strip_suffix(name).is_some_and(|rest| rest.ends_with(' '));
            let edge = title.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')) || ends;
            // Without a colon a line that merely begins with "experience" is a requirement, not a heading; and so is
            // "Terraform is a plus".
            // "You have a driving licence" is one as well.
            let phrase = name.contains(' ')
                && !name.ends_with(" plus")
                && !name.starts_with("you ")
                && words.len() <= 5;
            let fits = whole || (edge && (colon || phrase));
            if fits && best.is_none_or(|(length, _)| name.len() > length) {
                best = Some((name.len(), section));
            }
        }
    }
    best.map(|(_, section)| (section, rest))
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
            ("Das bringst du mit", Some(Section::Must)),
            ("Deine Aufgaben:", Some(Section::Duties)),
            ("Wir bieten", Some(Section::Benefits)),
            ("Votre profil", Some(Section::Must)),
            ("Ce que nous offrons :", Some(Section::Benefits)),
            ("Requisitos imprescindibles", Some(Section::Must)),
            ("Quiénes somos", Some(Section::Company)),
            ("Duties and Responsibilities", Some(Section::Duties)),
            ("Equal Opportunity Employer", Some(Section::Company)),
            ("Experience with Python", None),
            ("You have a driving licence", None),
            ("Terraform is a plus", None),
            ("Terraform von Vorteil", None),
            ("Kubernetes nice to have", None),
            ("Von Vorteil", Some(Section::Nice)),
            ("Manage the benefits of all employees in three countries and report on them.", None),
        ] {
            assert_eq!(heading(line).map(|(section, _)| section), expected, "{line}");
        }
        assert_eq!(heading("Skills: Python, SQL").map(|(_, rest)| rest), Some(" Python, SQL"));
    }
}
