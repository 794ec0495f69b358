//! The word lists of the parser: reads the text files of `lexicon/` once and answers what a word or phrase means.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::text::{Token, fold, fold_phrase, has_cjk, tokens};

const SOURCES: [&str; 11] = [
    include_str!("lexicon/en.txt"),
    include_str!("lexicon/de.txt"),
    include_str!("lexicon/fr.txt"),
    include_str!("lexicon/es.txt"),
    include_str!("lexicon/pt.txt"),
    include_str!("lexicon/it.txt"),
    include_str!("lexicon/nl.txt"),
    include_str!("lexicon/pl.txt"),
    include_str!("lexicon/ro.txt"),
    include_str!("lexicon/zh.txt"),
    include_str!("lexicon/ja.txt"),
];

/// What a section of a resume holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum SectionKind {
    /// Profile or objective in sentences.
    Summary,
    /// Employment.
    Work,
    /// Schools and degrees.
    Education,
    /// Projects.
    Projects,
    /// Skills.
    Skills,
    /// Spoken languages.
    Languages,
    /// Certificates, licences, courses.
    Certificates,
    /// Awards, honours, grants.
    Awards,
    /// Publications.
    Publications,
    /// Unpaid work.
    Volunteer,
    /// Hobbies and interests.
    Interests,
    /// People who can be asked.
    References,
    /// Accounts in networks.
    Profiles,
    /// Contact details and personal data.
    Contact,
    /// A heading that JSON Resume has no place for.
    Other,
}

impl SectionKind {
    fn from_key(key: &str) -> Option<Self> {
        Some(match key {
            "summary" => Self::Summary,
            "work" => Self::Work,
            "education" => Self::Education,
            "projects" => Self::Projects,
            "skills" => Self::Skills,
            "languages" => Self::Languages,
            "certificates" => Self::Certificates,
            "awards" => Self::Awards,
            "publications" => Self::Publications,
            "volunteer" => Self::Volunteer,
            "interests" => Self::Interests,
            "references" => Self::References,
            "profiles" => Self::Profiles,
            "contact" => Self::Contact,
            "other" => Self::Other,
            _ => return None,
        })
    }
}

/// A set of words and phrases that can be looked up in running text.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    /// Phrases by their first word, the longest first.
    by_first: HashMap<String, Vec<Vec<String>>>,
    /// Phrases of scripts without spaces, found anywhere, the longest first.
    unspaced: Vec<String>,
}

impl Phrases {
    fn insert(&mut self, form: &str) {
        if has_cjk(form) {
            self.unspaced.push(form.to_lowercase());
            return;
        }
        let words: Vec<String> = tokens(form).into_iter().map(|token| token.folded).collect();
        if let Some(first) = words.first() {
            let list = self.by_first.entry(first.clone()).or_default();
            if !list.contains(&words) {
                list.push(words.clone());
            }
        }
    }

    fn finish(&mut self) {
        for list in self.by_first.values_mut() {
            list.sort_by_key(|words| std::cmp::Reverse(words.len()));
        }
        self.unspaced.sort_by_key(|form| (std::cmp::Reverse(form.len()), form.clone()));
        self.unspaced.dedup();
    }

    /// How many tokens the longest phrase covers that starts at the first of these.
    pub(super) fn prefix_len(&self, words: &[Token]) -> Option<usize> {
        let list = self.by_first.get(&words.first()?.folded)?;
        list.iter()
            .find(|phrase| {
                phrase.len() <= words.len()
                    && phrase.iter().zip(words).all(|(form, word)| *form == word.folded)
            })
            .map(Vec::len)
    }

    /// The byte ranges of all phrases in `text`, in order, without overlaps.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let words = tokens(text);
        let mut found = Vec::new();
        let mut rest = words.as_slice();
        while let Some(first) = rest.first() {
            let len = self.prefix_len(rest).unwrap_or(0);
            if let Some(last) = len.checked_sub(1).and_then(|index| rest.get(index)) {
                found.push(first.range.start..last.range.end);
            }
            rest = rest.get(len.max(1)..).unwrap_or_default();
        }
        if has_cjk(text) {
            let lower = text.to_lowercase();
            if lower.len() == text.len() {
                found.extend(
                    self.unspaced
                        .iter()
                        .filter_map(|form| lower.find(form.as_str()).map(|at| at..at + form.len())),
                );
            }
        }
        found
    }

    /// Whether any phrase occurs in `text`.
    pub(super) fn occurs(&self, text: &str) -> bool {
        !self.find(text).is_empty()
    }

    /// Whether a word of `text` is a compound that ends with one of the words, such as "Softwareentwickler".
    pub(super) fn ends_compound(&self, text: &str) -> bool {
        tokens(text).iter().any(|token| {
            token.folded.char_indices().skip(3).any(|(at, _)| {
                let tail = token.folded.get(at..).unwrap_or_default();
                tail.len() >= 6
                    && self.by_first.get(tail).is_some_and(|list| list.iter().any(|form| form.len() == 1))
            })
        })
    }

    /// Whether all of `text` is one phrase.
    pub(super) fn is(&self, text: &str) -> bool {
        let words = tokens(text);
        if words.is_empty() {
            return false;
        }
        self.prefix_len(&words) == Some(words.len())
            || self
                .by_first
                .get(&words.first().map(|word| word.folded.clone()).unwrap_or_default())
                .is_some_and(|list| {
                    list.iter().any(|phrase| {
                        phrase.len() == words.len()
                            && phrase.iter().zip(&words).all(|(form, word)| *form == word.folded)
                    })
                })
            || self.unspaced.iter().any(|form| *form == text.trim().to_lowercase())
    }

    /// How many bytes the unspaced phrase has that `text` starts with.
    pub(super) fn starts_unspaced(&self, text: &str) -> Option<usize> {
        self.unspaced.iter().find(|form| text.starts_with(form.as_str())).map(String::len)
    }

    /// The range of the phrase that `text` starts with.
    pub(super) fn starts(&self, text: &str) -> Option<Range<usize>> {
        let words = tokens(text);
        if let Some(last) = self.prefix_len(&words).and_then(|len| words.get(len.checked_sub(1)?)) {
            let start = words.first().map_or(0, |word| word.range.start);
            return Some(start..last.range.end);
        }
        let lower = text.to_lowercase();
        self.unspaced.iter().find(|form| lower.starts_with(form.as_str())).map(|form| 0..form.len())
    }
}

/// All word lists of all languages together.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    headings: HashMap<String, (SectionKind, bool)>,
    sets: HashMap<String, Phrases>,
    /// Folded name of a month -> its number.
    pub(super) months: HashMap<String, u8>,
    /// Folded name of a season -> its first month.
    pub(super) seasons: HashMap<String, u8>,
    empty: Phrases,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::load);

/// The lexicon.
pub(super) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

impl Lexicon {
    fn load() -> Self {
        let mut lexicon = Self::default();
        for (key, form) in SOURCES.iter().flat_map(|source| entries(source)) {
            lexicon.insert(key, form);
        }
        for set in lexicon.sets.values_mut() {
            set.finish();
        }
        lexicon
    }

    fn insert(&mut self, key: &str, form: &str) {
        let (group, name) = key.split_once('.').unwrap_or((key, ""));
        match group {
            "section" => {
                let Some(kind) = SectionKind::from_key(name) else { return };
                let (weak, form) = form.strip_prefix('?').map_or((false, form), |rest| (true, rest));
                let known = self.headings.entry(heading_key(form)).or_insert((kind, weak));
                // A form that is sure in one language stays sure.
                if known.1 && !weak {
                    *known = (kind, false);
                }
            }
            "month" => {
                if let Ok(number) = name.parse() {
                    self.months.insert(fold(form), number);
                }
            }
            "season" => {
                let first = match name {
                    "spring" => 3,
                    "summer" => 6,
                    "autumn" => 9,
                    _ => 12,
                };
                self.seasons.insert(fold(form), first);
            }
            _ => self.sets.entry(key.to_owned()).or_default().insert(form),
        }
    }

    /// The set under a key; an empty one when the files have none.
    pub(super) fn set(&self, key: &str) -> &Phrases {
        self.sets.get(key).unwrap_or(&self.empty)
    }

    /// What a heading with these words announces, and whether the form is weak.
    pub(super) fn heading(&self, text: &str) -> Option<(SectionKind, bool)> {
        let key = heading_key(text);
        // "Resume" without its accents is the name of the document and not the French word for a summary.
        let title = key == "resume" && !text.to_lowercase().contains('é') && !text.contains('É');
        if key.is_empty() || title || key.chars().count() > 60 {
            return None;
        }
        if let Some(found) = self.headings.get(&key) {
            return Some(*found);
        }
        self.qualified_heading(&key).or_else(|| self.combined_heading(&key))
    }

    /// "Relevant Work Experience": leading and trailing qualifiers do not change what is announced.
    fn qualified_heading(&self, key: &str) -> Option<(SectionKind, bool)> {
        let qualifiers = self.set("qualifier");
        let mut words: Vec<&str> = key.split(' ').collect();
        while words.len() > 1 {
            if words.first().is_some_and(|word| qualifiers.is(word)) {
                words.remove(0);
            } else if words.last().is_some_and(|word| qualifiers.is(word)) {
                words.pop();
            } else {
                return None;
            }
            if let Some(found) = self.headings.get(&words.join(" ")) {
                return Some(*found);
            }
        }
        None
    }

    /// "Skills & Interests": each part must be a heading; the first says the kind.
    fn combined_heading(&self, key: &str) -> Option<(SectionKind, bool)> {
        let and = self.set("and");
        let spaced = key.replace(['&', '/', '+', ',', '|', '・'], " & ");
        let parts: Vec<String> = spaced
            .split(' ')
            .fold(vec![String::new()], |mut parts, word| {
                if word == "&" || and.is(word) {
                    parts.push(String::new());
                } else if let Some(part) = parts.last_mut() {
                    part.push_str(word);
                    part.push(' ');
                }
                parts
            })
            .into_iter()
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect();
        if parts.len() < 2 {
            return None;
        }
        let kinds: Option<Vec<(SectionKind, bool)>> = parts
            .iter()
            .map(|part| self.headings.get(part).copied().or_else(|| self.qualified_heading(part)))
            .collect();
        let kinds = kinds?;
        let weak = kinds.iter().all(|(_, weak)| *weak);
        kinds.first().map(|(kind, _)| (*kind, weak))
    }
}

/// The form under which a heading is looked up: folded, without decoration, spaced-out capitals joined.
fn heading_key(text: &str) -> String {
    let trimmed = text.trim_matches(|c: char| {
        c.is_whitespace() || (!c.is_alphanumeric() && !matches!(c, ')' | '(')) || c == '#'
    });
    let joined = join_spaced(trimmed);
    fold_phrase(&joined)
}

/// "E X P E R I E N C E" is one word; two spaces or more separate words of it.
fn join_spaced(text: &str) -> String {
    let singles = text.split_whitespace().filter(|word| word.chars().count() == 1).count();
    let words = text.split_whitespace().count();
    if words < 4 || singles * 10 < words * 8 || has_cjk(text) {
        return text.to_owned();
    }
    text.split("  ").map(|word| word.split_whitespace().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn entries(source: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .flat_map(|(key, forms)| forms.split(" | ").map(move |form| (key.trim(), form.trim())))
        .filter(|(_, form)| !form.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_found_in_every_language() {
        let cases = [
            ("EXPERIENCE", SectionKind::Work),
            ("Relevant Work Experience:", SectionKind::Work),
            ("E D U C A T I O N", SectionKind::Education),
            ("W O R K  E X P E R I E N C E", SectionKind::Work),
            ("Skills & Interests", SectionKind::Skills),
            ("Selected Honors", SectionKind::Awards),
            ("Berufserfahrung", SectionKind::Work),
            ("Ausbildung und Weiterbildung", SectionKind::Education),
            ("EXPÉRIENCES PROFESSIONNELLES", SectionKind::Work),
            ("Formación académica", SectionKind::Education),
            ("Formação Acadêmica", SectionKind::Education),
            ("Esperienze lavorative", SectionKind::Work),
            ("Werkervaring", SectionKind::Work),
            ("Doświadczenie zawodowe", SectionKind::Work),
            ("Experiență profesională", SectionKind::Work),
            ("教育背景", SectionKind::Education),
            ("職務経歴", SectionKind::Work),
            ("## Projects", SectionKind::Projects),
        ];
        for (text, kind) in cases {
            assert_eq!(lexicon().heading(text).map(|(found, _)| found), Some(kind), "{text}");
        }
        assert_eq!(lexicon().heading("Creative Solutions Inc."), None);
    }

    #[test]
    fn every_line_of_the_files_has_a_known_key() {
        const GROUPS: [&str; 26] = [
            "section",
            "qualifier",
            "and",
            "month",
            "season",
            "present",
            "since",
            "until",
            "to",
            "fluency",
            "level",
            "language",
            "title",
            "organization",
            "institution",
            "degree",
            "score",
            "remote",
            "label",
            "function",
            "noise",
            "at",
            "",
            "",
            "",
            "",
        ];
        for (key, form) in SOURCES.iter().flat_map(|source| entries(source)) {
            let group = key.split('.').next().unwrap_or_default();
            assert!(GROUPS.contains(&group), "{key}: {form}");
            if let Some(kind) = key.strip_prefix("section.") {
                assert!(SectionKind::from_key(kind).is_some(), "{key}");
            }
        }
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        let titles = lexicon().set("title");
        assert!(titles.occurs("Senior Software Engineer"));
        assert!(titles.occurs("高级软件工程师"));
        assert!(!titles.occurs("Engineering Ltd"));
        assert!(lexicon().set("degree").is("Ph.D."));
    }
}
