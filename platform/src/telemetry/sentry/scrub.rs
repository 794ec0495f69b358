//! Takes out of the text of an error what may be personal or secret.
//!
//! Errors quote what they were given: `invalid value "Ann Lee"`, `byte index 3 is not a char boundary … of `José…``. So everything
//! from the first quotation mark to the last goes, and so do words that look like an address, a URL, a number of many digits
//! or a token. What is left is what the program itself says.

/// What stands in place of what was taken out.
const GONE: &str = "…";
/// Most characters of a text.
const MAX_CHARACTERS: usize = 500;
/// Digits from which on a word may be a telephone number, a card or an id.
const MANY_DIGITS: usize = 6;
/// Characters from which on a word without a vowel's rhythm may be a token.
const LONG_WORD: usize = 40;

/// `text` without what may be personal or secret.
pub(super) fn scrub(text: &str) -> String {
    let text = without_quotes(text);
    let words = text.split_whitespace().map(|word| if is_suspect(word) { GONE } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_CHARACTERS).collect()
}

/// From the first quotation mark to the last: what is quoted may have quotation marks in it, so pairs tell nothing. An
/// apostrophe between letters is none.
fn without_quotes(text: &str) -> String {
    let marks = |(place, mark): (usize, char)| match mark {
        '"' | '`' | '“' | '”' | '«' | '»' => Some((place, place + mark.len_utf8())),
        '\'' | '’' | '‘' => {
            let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let (before, after) = (text.get(..place), text.get(place + mark.len_utf8()..));
            let before = letter(before.and_then(|text| text.chars().next_back()));
            let after = letter(after.and_then(|text| text.chars().next()));
            (!(before && after)).then_some((place, place + mark.len_utf8()))
        }
        _ => None,
    };
    let found: Vec<(usize, usize)> = text.char_indices().filter_map(marks).collect();
    let (Some((first, _)), Some((_, last))) = (found.first(), found.last()) else { return text.to_owned() };
    // One alone: where the quoted text ends is not known.
    let last = if found.len() == 1 { text.len() } else { *last };
    format!("{} {GONE} {}", text.get(..*first).unwrap_or_default(), text.get(last..).unwrap_or_default())
}

fn is_suspect(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    word.contains('@')
        || word.contains("://")
        || word.contains('=') && word.contains('&')
        || digits >= MANY_DIGITS
        || word.trim_matches(|c: char| !c.is_alphanumeric()).parse::<std::net::IpAddr>().is_ok()
        || word.trim_end_matches(':').parse::<std::net::SocketAddr>().is_ok()
        || word.chars().count() >= LONG_WORD && !word.contains('/') && !word.contains("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_stays() {
        for text in [
            "a query failed: error returned from database: deadlock detected",
            "the job's lease has passed to another worker",
            "Redis does not answer: Connection refused (os error 111)",
            "operator/src/release/decide.rs: 3 of 12",
        ] {
            assert_eq!(scrub(text), text);
        }
    }

    #[test]
    fn what_it_quotes_goes() {
        for (text, left) in [
            ("invalid value \"Ann Lee\" at line 1", "invalid value … at line 1"),
            (
                "byte index 3 is not a char boundary; it is inside 'é' (bytes 3..5) of `José O'Neil`",
                "byte index 3 is not a char boundary; it is inside …",
            ),
            ("of `a`b\"c` and more", "of … and more"),
            ("expected \"Ann Lee", "expected …"),
            ("'Ann' came", "… came"),
            ("called on an Err value: “Ann”", "called on an Err value: …"),
        ] {
            assert_eq!(scrub(text), left);
        }
    }

    #[test]
    fn words_that_may_name_somebody_go() {
        for word in [
            "ann@example.org",
            "<ann@example.org>,",
            "https://example.org/?token=x",
            "a=1&b=2",
            "+44-20-7946-0958",
            "(203.0.113.7)",
            "203.0.113.7:443:",
            "[2001:db8::1]:443",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9eyJzdWIi",
        ] {
            assert_eq!(scrub(&format!("no {word} here")), "no … here", "{word}");
        }
    }

    #[test]
    fn a_text_has_an_end() {
        assert_eq!(scrub(&"word ".repeat(1000)).chars().count(), MAX_CHARACTERS);
    }
}
