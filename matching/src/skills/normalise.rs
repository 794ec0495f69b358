//! Splits text into normalised tokens, keeping where each came from and what stood between them.

use std::ops::Range;

/// What stands between a token and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// Space, hyphen, slash or a soft line end: names may run across it.
    None,
    /// Comma, bracket, dash, bar, tab: a new item of the same line or sentence.
    Item,
    /// The end of a sentence.
    Sentence,
    /// A line end that ends the thought: short line, bullet, blank line.
    Line,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Byte range in the original text.
    pub(crate) span: Range<usize>,
    /// Lower case, without accents and apostrophes.
    pub(crate) text: String,
    /// What stands before it.
    pub(crate) gap: Gap,
}

/// Lines with fewer characters than this, white space not counted, end a thought; longer ones are taken as wrapped.
pub(crate) const WRAPPED_LINE_CHARS: usize = 46;

/// Domain endings by which `linkedin.com` is known as an address, not as words. Endings that names of products carry (`.net`,
/// `.io`, `.ai`) are left out: an address with them nearly always has a scheme, a path or an `@` as well.
const ADDRESS_ENDINGS: &[&str] = &[
    ".com", ".org", ".edu", ".gov", ".de", ".fr", ".uk", ".it", ".es", ".nl", ".pl", ".ro", ".br", ".cn",
    ".jp", ".me", ".dev", ".app",
];

/// Splits `text` into tokens. E-mail addresses and URLs give no tokens, so that a profile link is not a skill.
pub(crate) fn tokenise(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len() / 6);
    let mut gap = Gap::Line;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let before = tokens.len();
        let mut end = 0;
        for (start, chunk) in chunks(line) {
            // A tab is a wide gap or the border of a table cell.
            if line.get(end..start).is_some_and(|between| between.contains('\t')) {
                gap = gap.max(Gap::Item);
            }
            end = start + chunk.len();
            if is_address(chunk) {
                gap = gap.max(Gap::Item);
            } else {
                gap = split_chunk(chunk, offset + start, gap, &mut tokens);
            }
        }
        let empty = tokens.len() == before;
        let wrapped = line.chars().filter(|c| !c.is_whitespace()).count() >= WRAPPED_LINE_CHARS;
        if empty || !wrapped {
            gap = Gap::Line;
        }
        offset += line.len();
    }
    tokens
}

/// White-space separated chunks with their byte offsets in `line`.
fn chunks(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = line.as_ptr() as usize;
    line.split_whitespace().map(move |chunk| (chunk.as_ptr() as usize - base, chunk))
}

fn is_address(chunk: &str) -> bool {
    if chunk.contains("://") || chunk.starts_with("www.") {
        return true;
    }
    if let Some(at) = chunk.find('@') {
        return at > 0 && chunk.get(at..).is_some_and(|rest| rest.contains('.'));
    }
    let host = chunk.split('/').next().unwrap_or(chunk).trim_matches(|c: char| !c.is_alphanumeric());
    let lower = host.to_ascii_lowercase();
    let known =
        ADDRESS_ENDINGS.iter().any(|ending| lower.ends_with(ending) && lower.len() > ending.len() + 1);
    // "salesforce.com" alone is how the product is called; "github.com/someone" is an address.
    known && (chunk.contains('/') || !lower.ends_with(".com"))
}

/// Appends the tokens of one chunk and gives the gap that its last characters leave.
fn split_chunk(chunk: &str, base: usize, mut gap: Gap, tokens: &mut Vec<Token>) -> Gap {
    let mut word = String::new();
    let mut start = 0;
    let mut end = 0;
    let mut chars = chunk.char_indices().peekable();
    let mut previous = ' ';
    while let Some((at, character)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let joins = match character {
            c if is_word(c) => true,
            '\'' | '’' => !word.is_empty() && next.is_some_and(is_word),
            '+' | '#' => !word.is_empty() && (!next.is_some_and(is_word) || versioned(&word, next)),
            '.' => leading_dot(&word, previous, next) || decimal_point(&word, next),
            _ => false,
        };
        if joins {
            if word.is_empty() {
                start = at;
            }
            end = at + character.len_utf8();
            push_folded(&mut word, character);
        } else {
            flush(&mut word, base + start..base + end, &mut gap, tokens);
            if character == '&' {
                tokens.push(Token { span: base + at..base + at + 1, text: "&".to_owned(), gap });
                gap = Gap::None;
            }
            gap = gap.max(gap_of(character, next));
        }
        previous = character;
    }
    flush(&mut word, base + start..base + end, &mut gap, tokens);
    gap
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// `C++20`: a sign between a name of letters and its version.
fn versioned(word: &str, next: Option<char>) -> bool {
    next.is_some_and(|next| next.is_ascii_digit()) && word.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// `.NET`: a dot that begins a word.
fn leading_dot(word: &str, previous: char, next: Option<char>) -> bool {
    word.is_empty() && !is_word(previous) && next.is_some_and(char::is_alphabetic)
}

/// `3.11`: a dot between digits.
fn decimal_point(word: &str, next: Option<char>) -> bool {
    !word.is_empty()
        && word.chars().all(|c| c.is_ascii_digit() || c == '.')
        && next.is_some_and(|next| next.is_ascii_digit())
}

fn gap_of(character: char, next: Option<char>) -> Gap {
    match character {
        '.' | '!' | '?' | '。' if next.is_none() => Gap::Sentence,
        '-' | '/' | '.' | '\'' | '’' | '‐' | '‑' if next.is_some() => Gap::None,
        '"' | '“' | '”' | '®' | '™' | '*' | '&' | '+' | '#' => Gap::None,
        _ => Gap::Item,
    }
}

fn flush(word: &mut String, span: Range<usize>, gap: &mut Gap, tokens: &mut Vec<Token>) {
    if word.is_empty() {
        return;
    }
    let text = if word == "and" { "&".to_owned() } else { std::mem::take(word) };
    word.clear();
    tokens.push(Token { span, text, gap: *gap });
    *gap = Gap::None;
}

/// Lower case, accents and apostrophes dropped. Only letters that names of skills and resumes use are folded.
fn push_folded(word: &mut String, character: char) {
    let folded = match character {
        '\'' | '’' => return,
        'à'..='å' | 'À'..='Å' | 'ą' | 'ă' => 'a',
        'ç' | 'Ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'È'..='Ë' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'Ì'..='Ï' => 'i',
        'ñ' | 'Ñ' | 'ń' => 'n',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' => 'o',
        'ù'..='ü' | 'Ù'..='Ü' => 'u',
        'ś' | 'š' | 'ș' => 's',
        'ț' => 't',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ł' | 'Ł' => 'l',
        other => {
            word.extend(other.to_lowercase());
            return;
        }
    };
    word.push(folded);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokenise(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn spelling_differences_vanish() {
        for (text, expected) in [
            ("Node.js", "node js"),
            ("C++, C# and .NET 3.11", "c++ c# & .net 3.11"),
            ("ASP.NET", "asp net"),
            ("CI/CD", "ci cd"),
            ("R&D", "r & d"),
            ("Bachelor’s Degree", "bachelors degree"),
            ("Résumé, Spécialiste", "resume specialiste"),
            ("5+ years", "5+ years"),
            ("front-end", "front end"),
            ("see jane@example.com or https://github.com/x and github.com/x", "see or &"),
            ("Salesforce.com", "salesforce com"),
            ("(AWS)", "aws"),
        ] {
            assert_eq!(texts(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn spans_point_at_the_original() {
        let text = "• Ünïcode, C++; then\n.NET";
        for token in tokenise(text) {
            assert!(text.get(token.span.clone()).is_some(), "{token:?}");
        }
        let last = tokenise(text).pop().unwrap();
        assert_eq!(&text[last.span], ".NET");
    }

    #[test]
    fn gaps_tell_items_sentences_and_lines_apart() {
        let gaps: Vec<Gap> =
            tokenise("big data, fast. Then\nmore").into_iter().map(|token| token.gap).collect();
        assert_eq!(gaps, [Gap::Line, Gap::None, Gap::Item, Gap::Sentence, Gap::Line]);
    }
}
