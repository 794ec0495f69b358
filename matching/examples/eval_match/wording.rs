//! The same task in other words: tenses, shorter forms, abbreviations, synonyms.

use crate::random::Random;

/// Past forms that are not regular.
const PAST: &[(&str, &str)] = &[
    ("write", "wrote"),
    ("make", "made"),
    ("teach", "taught"),
    ("lead", "led"),
    ("build", "built"),
    ("cut", "cut"),
    ("set", "set"),
    ("buy", "bought"),
    ("sell", "sold"),
    ("give", "gave"),
    ("take", "took"),
    ("keep", "kept"),
    ("hold", "held"),
    ("meet", "met"),
    ("drive", "drove"),
    ("run", "ran"),
    ("bring", "brought"),
    ("find", "found"),
    ("read", "read"),
    ("speak", "spoke"),
    ("put", "put"),
    ("lay", "laid"),
    ("draw", "drew"),
    ("feed", "fed"),
    ("plan", "planned"),
    ("confer", "conferred"),
    ("refer", "referred"),
    ("stop", "stopped"),
    ("spread", "spread"),
    ("grow", "grew"),
    ("oversee", "oversaw"),
    ("undertake", "undertook"),
    ("choose", "chose"),
    ("bend", "bent"),
    ("grind", "ground"),
    ("weave", "wove"),
    ("shut", "shut"),
    ("fit", "fitted"),
    ("submit", "submitted"),
    ("set up", "set up"),
    ("do", "did"),
    ("be", "was"),
    ("have", "had"),
    ("tell", "told"),
    ("understand", "understood"),
];

/// Words and others that people use for them; the resume takes the second where the advertisement has the first.
const SYNONYMS: &[(&str, &str)] = &[
    ("maintain", "keep up"),
    ("prepare", "draw up"),
    ("ensure", "make sure of"),
    ("determine", "work out"),
    ("monitor", "keep an eye on"),
    ("examine", "check"),
    ("inspect", "check"),
    ("assist", "help"),
    ("purchase", "buy"),
    ("obtain", "get"),
    ("utilize", "use"),
    ("conduct", "carry out"),
    ("perform", "do"),
    ("evaluate", "assess"),
    ("analyze", "study"),
    ("develop", "create"),
    ("implement", "put in place"),
    ("repair", "fix"),
    ("adjust", "set"),
    ("clients", "customers"),
    ("personnel", "staff"),
    ("employees", "staff"),
    ("workers", "crew members"),
    ("supervise", "lead"),
    ("direct", "manage"),
    ("coordinate", "organise"),
    ("instruct", "train"),
    ("confer with", "talk to"),
    ("collaborate with", "work with"),
    ("vehicles", "cars and trucks"),
    ("equipment", "gear"),
    ("apparatus", "equipment"),
    ("procedures", "processes"),
    ("regulations", "rules"),
    ("materials", "supplies"),
    ("documents", "paperwork"),
    ("information", "data"),
    ("schedule", "plan"),
    ("review", "go through"),
    ("collect", "gather"),
    ("compute", "calculate"),
    ("estimate", "work out"),
    ("design", "devise"),
    ("modify", "change"),
    ("install", "fit"),
    ("identify", "find"),
    ("resolve", "solve"),
    ("provide", "give"),
    ("individuals", "people"),
    ("physicians", "doctors"),
    ("students", "pupils"),
    ("organization", "company"),
    ("facilities", "sites"),
    ("recommend", "suggest"),
    ("select", "choose"),
];

/// Short forms as people write them.
const SHORT: &[(&str, &str)] = &[
    ("management", "mgmt"),
    ("department", "dept."),
    ("and", "&"),
    ("equipment", "equip."),
    ("maintenance", "maint."),
    ("information", "info"),
    ("development", "dev."),
    ("international", "int'l"),
    ("government", "gov't"),
    ("operations", "ops"),
    ("specifications", "specs"),
    ("laboratory", "lab"),
    ("approximately", "approx."),
    ("administration", "admin"),
    ("communications", "comms"),
    ("applications", "apps"),
];

/// How a text of one side sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// "Prepare reports".
    Plain,
    /// "Preparing reports".
    Gerund,
    /// "You will prepare reports".
    You,
    /// "Prepared reports".
    Past,
    /// "I prepared reports".
    First,
}

/// The task in a voice; `other` says that it is the side that uses the other words.
pub(crate) fn say(task: &str, voice: Voice, other: bool, random: &mut Random) -> String {
    let mut text = task.trim().trim_end_matches('.').to_owned();
    if other {
        text = shorten(&text, random);
        for (word, substitute) in SYNONYMS {
            if random.chance(60) {
                text = replace_word(&text, word, substitute);
            }
        }
        if random.chance(25) {
            for (word, short) in SHORT {
                text = replace_word(&text, word, short);
            }
        }
    }
    let text = conjugate(&text, voice);
    if other && random.chance(20) {
        let extra =
            [" for 3 sites", " in a team of six", " (up 15% in a year)", " under tight deadlines", " daily"];
        return text + random.pick(&extra).unwrap_or_default();
    }
    text
}

/// Leaves out examples and purposes, as people do.
fn shorten(text: &str, random: &mut Random) -> String {
    let mut cut = text;
    for mark in
        [", such as", ", including", " such as", ", using", " in order to", " to ensure", ", according to"]
    {
        if random.chance(70)
            && let Some((head, _)) = cut.split_once(mark)
            && head.split_whitespace().count() >= 4
        {
            cut = head;
        }
    }
    cut.to_owned()
}

fn replace_word(text: &str, word: &str, substitute: &str) -> String {
    let padded = format!(" {text} ");
    let lower = format!(" {} ", text.to_lowercase());
    if lower.len() != padded.len() {
        return text.to_owned();
    }
    for end in [" ", ", ", "; "] {
        if let Some(at) = lower.find(&format!(" {word}{end}")) {
            let (head, tail) = padded.split_at(at + 1);
            let tail = tail.get(word.len()..).unwrap_or_default();
            let written = if at == 0 { capital(substitute) } else { substitute.to_owned() };
            return format!("{head}{written}{tail}").trim().to_owned();
        }
    }
    text.to_owned()
}

pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// Changes the verbs that open the task: "Direct or coordinate …" has two.
fn conjugate(text: &str, voice: Voice) -> String {
    let form: fn(&str) -> String = match voice {
        Voice::Plain => return text.to_owned(),
        Voice::You => return format!("You will {}", lower_first(text)),
        Voice::Gerund => gerund,
        Voice::Past | Voice::First => past,
    };
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let mut verb = true;
    for index in 0..words.len() {
        let word = words[index].clone();
        let bare = word.trim_end_matches(',').to_lowercase();
        if verb
            && bare.chars().all(char::is_alphabetic)
            && !bare.is_empty()
            && !matches!(bare.as_str(), "or" | "and")
        {
            let comma = if word.ends_with(',') { "," } else { "" };
            words[index] = form(&bare) + comma;
        }
        let next = words.get(index + 1).map(String::as_str).unwrap_or_default();
        let joins = matches!(word.as_str(), "or" | "and") && verb;
        verb = joins || (verb && (word.ends_with(',') || matches!(next, "or" | "and")));
        if !verb {
            break;
        }
    }
    let text = words.join(" ");
    if voice == Voice::First { format!("I {text}") } else { capital(&text) }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + chars.as_str())
}

fn past(verb: &str) -> String {
    if let Some((_, past)) = PAST.iter().find(|(base, _)| *base == verb) {
        return (*past).to_owned();
    }
    match verb {
        _ if verb.ends_with('e') => format!("{verb}d"),
        _ if verb.ends_with('y') && !["ay", "ey", "oy"].iter().any(|ending| verb.ends_with(ending)) => {
            format!("{}ied", &verb[..verb.len() - 1])
        }
        _ => format!("{verb}ed"),
    }
}

fn gerund(verb: &str) -> String {
    match verb {
        _ if verb.ends_with('e') && !verb.ends_with("ee") => format!("{}ing", &verb[..verb.len() - 1]),
        _ => format!("{verb}ing"),
    }
}
