//! E-mail addresses, web addresses, accounts in networks and telephone numbers, found in text and in links.

use std::cell::LazyCell;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::dates::DateSpan;
use super::text::trim_range;

/// An account in a network or any other web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address with its scheme.
    pub(super) url: String,
    /// Name of the network, when it is a known one, and of the account.
    pub(super) account: Option<(&'static str, String)>,
}

struct Network {
    name: &'static str,
    host: &'static str,
    path: &'static str,
}

static NETWORKS: LazyLock<Vec<Network>> = LazyLock::new(|| {
    include_str!("lexicon/networks.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split(" | ").map(str::trim);
            let (name, host) = (parts.next()?, parts.next()?);
            Some(Network { name, host, path: parts.next()?.trim_end_matches("{}") })
        })
        .collect()
});

#[expect(clippy::expect_used, reason = "the patterns are constants; a test compiles each")]
fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("constant pattern")
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)[\p{L}0-9][\p{L}0-9._%+'-]*\s?@\s?[\p{L}0-9][\p{L}0-9-]*(?:\.[\p{L}0-9-]+)*\.\p{L}{2,}")
});
static URL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(?:https?://|www\.)[^\s<>|,;()\[\]]+[^\s<>|,;.()\[\]]",
        r"|\b(?:[\p{L}0-9](?:[\p{L}0-9-]*[\p{L}0-9])?\.)+",
        r"(?:com|org|net|edu|gov|io|dev|me|co|ai|app|info|biz|tech|xyz|site|online|blog|page|cc|tv|us|uk|ca|de|at|ch|",
        r"fr|be|nl|lu|es|pt|it|pl|ro|cz|sk|hu|se|no|dk|fi|ie|eu|gr|tr|ru|ua|cn|jp|kr|tw|hk|sg|in|au|nz|br|mx|ar|cl|",
        r"social|work|world|pro|so|sh|gg|ly|to|is|im|design|studio|art|photography|name|space|website|software|systems|cloud|",
        r"inc|company|agency|digital|academy|science|community|network|solutions|group|media|news|engineering|codes)",
        r"(?:\.[a-z]{2})?(?::\d+)?(?:/[^\s<>|,;()\[\]]*[^\s<>|,;.()\[\]])?/?"
    ))
});
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?:(?:(?:\+|00)\d{1,4}|\b1)[\s.\-]{0,2})?(?:\(\d{1,5}\)[\s.\-]{0,2})?",
        r"(?:\d{1,5}[\s.\-–/\u{a0}]{0,2}){1,6}\d(?:\s?(?:x|ext\.?)\s?\d{1,5})?"
    ))
});

/// The e-mail addresses in a text.
pub(super) fn find_emails(text: &str) -> Vec<Range<usize>> {
    EMAIL
        .find_iter(text)
        .map(|found| found.range())
        .filter(|range| {
            // "@name@server" is an account in the Fediverse.
            !text.get(..range.start).is_some_and(|before| before.ends_with('@'))
        })
        .collect()
}

/// The web addresses in a text, e-mail addresses left out.
pub(super) fn find_urls(text: &str) -> Vec<Range<usize>> {
    let emails = find_emails(text);
    URL.find_iter(text)
        .map(|found| found.range())
        .filter(|range| {
            let touches = |email: &Range<usize>| email.start < range.end && email.end > range.start;
            let slice = text.get(range.clone()).unwrap_or_default();
            let explicit =
                slice.contains("//") || slice.to_lowercase().starts_with("www.") || slice.contains('/');
            let account = text.get(..range.start).is_some_and(|before| before.ends_with('@'));
            // "Node.js", "ASP.net" and "e.g.to" are words; a bare name must be in small letters.
            let bare = slice.chars().all(|c| !c.is_uppercase()) && !is_technology(slice);
            !emails.iter().any(touches) && !account && (explicit || bare)
        })
        .collect()
}

fn is_technology(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "asp.net"
            | "ado.net"
            | "vb.net"
            | "socket.io"
            | "draw.io"
            | "f.lux"
            | "b.in"
            | "e.to"
            | "ml.net"
            | "tie.in"
    ) || name.split('.').next().is_some_and(|first| first.chars().count() < 2)
}

/// A web address with scheme, and whose account it is.
pub(super) fn address(text: &str) -> Address {
    let text = text.trim();
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let account = account(&url);
    Address { url, account }
}

/// The network and the name of the account that a web address with scheme belongs to.
pub(crate) fn account_of(url: &str) -> Option<(&'static str, String)> {
    account(url)
}

fn account(url: &str) -> Option<(&'static str, String)> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let path = format!("/{path}");
    for network in NETWORKS.iter() {
        let matches_host = host == network.host || host.ends_with(&format!(".{}", network.host));
        if !matches_host {
            continue;
        }
        let Some(tail) = path.strip_prefix(network.path) else { continue };
        let mut segments =
            tail.trim_end_matches('/').split(['/', '?', '#', '&']).filter(|part| !part.is_empty());
        let Some(first) = segments.next() else { continue };
        let second = segments
            .next()
            .filter(|_| first.chars().all(|c| c.is_ascii_digit()) && network.name.starts_with("Stack"));
        let name = second.unwrap_or(first).trim_start_matches('@');
        return Some((network.name, name.to_owned()));
    }
    None
}

/// Whether an address is that of a network without an account.
pub(super) fn is_network_front(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.trim_start_matches("www.").trim_end_matches('/').to_lowercase();
    NETWORKS.iter().any(|network| network.host == host)
}

/// The name of a network, such as "GitHub", as the word list writes it.
pub(super) fn network_name(text: &str) -> Option<&'static str> {
    let key: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    NETWORKS
        .iter()
        .map(|network| network.name)
        .find(|name| name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).eq(key.chars()))
}

/// A telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phone {
    /// Bytes of the text.
    pub(super) range: Range<usize>,
    /// In the form of E.164, when the number is valid in a country.
    pub(super) e164: Option<String>,
    /// ISO code of that country.
    pub(super) country: Option<String>,
}

/// Fewest digits of a telephone number.
const FEWEST_DIGITS: usize = 7;

fn digit_count(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// The telephone numbers in a text. `home` is the ISO code of the country that numbers without a prefix belong to.
pub(super) fn find_phones(text: &str, home: Option<&str>) -> Vec<Phone> {
    // Most lines have few digits; looking for dates and asking for the numbering plans costs far more than counting.
    if digit_count(text) < FEWEST_DIGITS {
        return Vec::new();
    }
    let dates = LazyCell::new(|| super::dates::find_dates(text));
    PHONE
        .find_iter(text)
        .filter_map(|found| {
            let range = without_postcode(text, trim_range(text, found.range(), &['-', '.', '/', '–']));
            let slice = text.get(range.clone())?;
            let digits = digit_count(slice);
            let glued = text.get(..range.start).is_some_and(|before| {
                before.ends_with(|c: char| c.is_alphanumeric() || c == '/' || c == '.' || c == '-')
            });
            if !(FEWEST_DIGITS..=15).contains(&digits) || glued {
                return None;
            }
            let international = slice.starts_with('+');
            let overlaps = |date: &DateSpan| date.range.start < range.end && date.range.end > range.start;
            if !international && dates.iter().any(overlaps) {
                return None;
            }
            let (e164, country) = valid_number(slice, home);
            // A long id can look like a number; a valid one, or one in the usual shape, is believed.
            let shaped =
                digits >= 8 && slice.contains([' ', '-', '.', '(', '/']) || (9..=11).contains(&digits);
            (international || e164.is_some() || shaped).then_some(Phone { range, e164, country })
        })
        .collect()
}

/// A postal code of five digits before a whole number belongs to the address.
fn without_postcode(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = text.get(range.clone()).unwrap_or_default();
    let digits = slice.chars().filter(char::is_ascii_digit).count();
    let led = slice.chars().take_while(char::is_ascii_digit).count() == 5 && slice.get(5..6) == Some(" ");
    if led && digits >= 15 { trim_range(text, range.start + 5..range.end, &[]) } else { range }
}

/// The number in E.164 and its country, when it is valid in the stated or the home country.
fn valid_number(text: &str, home: Option<&str>) -> (Option<String>, Option<String>) {
    let id: Option<phonenumber::country::Id> = home.and_then(|code| code.parse().ok());
    let text = text.split(['x', 'e']).next().unwrap_or(text);
    let text = match text.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => text.to_owned(),
    };
    if !text.starts_with('+') && id.is_none() {
        return (None, None);
    }
    match phonenumber::parse(id, &text) {
        Ok(number) if phonenumber::is_valid(&number) => (
            Some(number.format().mode(phonenumber::Mode::E164).to_string()),
            number.country().id().map(|id| id.as_ref().to_owned()),
        ),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, ranges: Vec<Range<usize>>) -> Vec<&str> {
        ranges.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn addresses_are_found_in_text() {
        let text =
            "jane.doe+cv@mail.example.org | https://janef.me/blog, linkedin.com/in/jane | Node.js, ASP.NET";
        assert_eq!(texts(text, find_emails(text)), ["jane.doe+cv@mail.example.org"]);
        assert_eq!(texts(text, find_urls(text)), ["https://janef.me/blog", "linkedin.com/in/jane"]);
    }

    #[test]
    fn accounts_are_read_from_addresses() {
        let cases = [
            ("https://www.linkedin.com/in/jane-doe/", Some(("LinkedIn", "jane-doe"))),
            ("github.com/jane", Some(("GitHub", "jane"))),
            ("https://stackoverflow.com/users/12323/jane", Some(("StackOverflow", "jane"))),
            ("https://medium.com/@jane", Some(("Medium", "jane"))),
            ("https://janedoe.dev/", None),
        ];
        for (url, expected) in cases {
            let found = address(url).account;
            assert_eq!(found.as_ref().map(|(name, user)| (*name, user.as_str())), expected, "{url}");
        }
    }

    #[test]
    fn phones_are_found_and_their_country_is_inferred() {
        let cases = [
            ("Call (555) 123-4567 now", None, vec![("(555) 123-4567", None)]),
            ("+49 30 901820", None, vec![("+49 30 901820", Some("DE"))]),
            ("CA 94588 (555) 123-4567", None, vec![("(555) 123-4567", None)]),
            ("CA 94588 650-253-0000", Some("US"), vec![("650-253-0000", Some("US"))]),
            ("+49 (0)30 901820", None, vec![("+49 (0)30 901820", Some("DE"))]),
            ("030 901820", Some("DE"), vec![("030 901820", Some("DE"))]),
            ("650-253-0000", Some("US"), vec![("650-253-0000", Some("US"))]),
            ("2015 - 2018", Some("US"), vec![]),
            ("01/2020 - 03/2021", None, vec![]),
        ];
        for (text, home, expected) in cases {
            let found = find_phones(text, home);
            let found: Vec<_> =
                found.iter().map(|phone| (&text[phone.range.clone()], phone.country.as_deref())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
