//! Words as they are compared: stemmed, without those that carry no content.

use crate::skills::normalise::tokenise;

/// Words without content, and those that stand in every resume and every advertisement.
const STOP: &[&str] = &[
    "a",
    "an",
    "the",
    "&",
    "or",
    "of",
    "to",
    "in",
    "on",
    "at",
    "by",
    "for",
    "with",
    "from",
    "as",
    "is",
    "are",
    "be",
    "been",
    "was",
    "were",
    "will",
    "would",
    "can",
    "could",
    "should",
    "may",
    "must",
    "have",
    "has",
    "had",
    "do",
    "does",
    "did",
    "that",
    "this",
    "these",
    "those",
    "it",
    "its",
    "their",
    "they",
    "them",
    "we",
    "our",
    "us",
    "you",
    "your",
    "i",
    "my",
    "me",
    "not",
    "no",
    "if",
    "than",
    "then",
    "such",
    "so",
    "but",
    "into",
    "over",
    "under",
    "using",
    "use",
    "used",
    "via",
    "per",
    "etc",
    "e",
    "g",
    "other",
    "others",
    "all",
    "any",
    "each",
    "more",
    "most",
    "new",
    "within",
    "across",
    "about",
    "through",
    "during",
    "between",
    "including",
    "include",
    "includes",
    "experience",
    "experienced",
    "work",
    "working",
    "worked",
    "job",
    "role",
    "position",
    "ability",
    "able",
    "skills",
    "skill",
    "strong",
    "excellent",
    "good",
    "knowledge",
    "required",
    "ideally",
    "preferably",
    "least",
    "minimum",
    "youll",
    "requirements",
    "preferred",
    "plus",
    "years",
    "year",
    "well",
    "also",
    "when",
    "who",
    "which",
    "what",
    "where",
    "how",
    "related",
    "various",
    "responsible",
    "duties",
    "ensure",
    // German, French and Spanish.
    "und",
    "oder",
    "der",
    "die",
    "das",
    "den",
    "dem",
    "des",
    "ein",
    "eine",
    "einen",
    "einer",
    "eines",
    "im",
    "mit",
    "von",
    "zu",
    "zum",
    "zur",
    "fur",
    "auf",
    "aus",
    "bei",
    "als",
    "unser",
    "unsere",
    "unserer",
    "unserem",
    "deine",
    "dein",
    "ihre",
    "ihr",
    "wir",
    "du",
    "sie",
    "sowie",
    "sehr",
    "gut",
    "gute",
    "guten",
    "kenntnisse",
    "mindestens",
    "jahre",
    "berufserfahrung",
    "erfahrung",
    "et",
    "ou",
    "le",
    "la",
    "les",
    "un",
    "une",
    "de",
    "dans",
    "pour",
    "avec",
    "sur",
    "vos",
    "notre",
    "nos",
    "votre",
    "ans",
    "el",
    "los",
    "las",
    "una",
    "con",
    "para",
    "por",
    "en",
    "del",
    "nuestro",
    "nuestra",
];

/// Stems of the content words of a text, in order, with repetitions.
pub(crate) fn content_words(text: &str) -> Vec<String> {
    tokenise(text)
        .into_iter()
        .filter(|token| !STOP.contains(&token.text.as_str()))
        .filter(|token| {
            token.text.chars().count() > 1 && !token.text.chars().all(|c| c.is_ascii_digit() || c == '.')
        })
        .map(|token| stem(&token.text).to_owned())
        .collect()
}

/// All words of a text, normalised, between single spaces.
pub(super) fn joined(text: &str) -> String {
    tokenise(text).iter().map(|token| format!(" {}", token.text)).collect::<String>() + " "
}

/// Cuts the usual English endings; the same rule on both sides is all that comparing needs.
pub(super) fn stem(word: &str) -> &str {
    if !word.is_ascii() {
        return word;
    }
    const ENDINGS: &[&str] = &[
        "izations", "ization", "ations", "ation", "ements", "ement", "ments", "ment", "ings", "ing", "ions",
        "ion", "ers", "ors", "er", "or", "ed", "ies", "es", "ance", "ence", "ive", "ly", "al", "s", "e", "y",
    ];
    for ending in ENDINGS {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= 4
        {
            return stem;
        }
    }
    word.strip_suffix('s').filter(|stem| stem.len() >= 3 && !stem.ends_with('s')).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for (a, b) in [
            ("manager", "managing"),
            ("installation", "installing"),
            ("patients", "patient"),
            ("developed", "developer"),
            ("teaching", "teachers"),
            ("cats", "cat"),
        ] {
            assert_eq!(stem(a), stem(b));
        }
        assert_ne!(stem("nurse"), stem("number"));
    }

    #[test]
    fn empty_words_are_left_out() {
        assert_eq!(content_words("The ability to work with patients in 2019"), ["patient"]);
    }
}
