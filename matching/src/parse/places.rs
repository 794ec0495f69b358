//! Places: whether a text names one, where one ends a line, and its parts.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::json_resume::Location;
use super::lexicon::lexicon;
use super::text::{collapse, fold_phrase, has_cjk, trim_range, word_count};

/// Names of countries, regions and larger towns.
#[derive(Debug, Default)]
struct Gazetteer {
    countries: HashMap<String, &'static str>,
    /// Name -> (country, code).
    regions: HashMap<String, (&'static str, &'static str)>,
    /// Code in capitals -> country; the first country that lists it.
    region_codes: HashMap<&'static str, &'static str>,
    cities: HashMap<String, &'static str>,
}

static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(|| {
    let mut found = Gazetteer::default();
    for line in include_str!("lexicon/places.txt").lines().filter(|line| !line.starts_with('#')) {
        let Some((key, rest)) = line.split_once(':') else { continue };
        let mut parts = rest.split(" | ").map(str::trim);
        let Some(country) = parts.next() else { continue };
        match key {
            "country" => found.countries.extend(parts.map(|name| (fold_phrase(name), country))),
            "region" => {
                let Some(code) = parts.next() else { continue };
                found.region_codes.entry(code).or_insert(country);
                found.regions.extend(parts.map(|name| (fold_phrase(name), (country, code))));
            }
            _ => found.cities.extend(parts.map(|name| (fold_phrase(name), country))),
        }
    }
    found
});

/// The ISO code of a country by any of its names.
pub(super) fn country_code(name: &str) -> Option<&'static str> {
    GAZETTEER.countries.get(&fold_phrase(name)).copied()
}

fn region_country(name: &str) -> Option<&'static str> {
    let trimmed = name.trim();
    GAZETTEER
        .region_codes
        .get(trimmed)
        .copied()
        .or_else(|| GAZETTEER.regions.get(&fold_phrase(trimmed)).map(|(country, _)| *country))
}

fn city_country(name: &str) -> Option<&'static str> {
    GAZETTEER.cities.get(&fold_phrase(name)).copied()
}

/// A part of an address without its postal code, and the code.
fn split_postal(part: &str) -> (String, Option<String>) {
    let is_code = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let plain = word.chars().all(|c| c.is_ascii_digit() || c == '-');
        (plain && (4..=9).contains(&digits))
            || (digits >= 1
                && word.len() >= 3
                && word.len() <= 4
                && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
                && word.chars().any(|c| c.is_ascii_uppercase()))
    };
    let (codes, names): (Vec<&str>, Vec<&str>) = part.split_whitespace().partition(|word| is_code(word));
    (names.join(" "), (!codes.is_empty()).then(|| codes.join(" ")))
}

/// How sure it is that the whole text names a place, from 0 to 1.
pub(super) fn place_score(text: &str) -> f32 {
    let text = text.trim().trim_matches(['(', ')', '.']);
    let joined = [" – ", " — ", " - ", " | ", " • ", " · "].iter().any(|mark| text.contains(mark));
    if joined
        || text.is_empty()
        || text.chars().count() > 60
        || word_count(text) > 8
        || text.contains(['@', ':', ';', '?', '!'])
    {
        return 0.0;
    }
    if lexicon().set("remote").is(text) {
        return 0.95;
    }
    if has_cjk(text) {
        return cjk_score(text);
    }
    let parts: Vec<String> = text
        .split([',', '(', ')', '·'])
        .map(|part| split_postal(part).0)
        .filter(|part| !part.is_empty())
        .collect();
    let Some(last) = parts.last() else { return 0.0 };
    let remote = lexicon().set("remote");
    let known = |part: &str| {
        country_code(part).is_some()
            || region_country(part).is_some()
            || city_country(part).is_some()
            || remote.is(part)
    };
    if parts.len() == 1 {
        // A two-letter code alone may be anything.
        return if last.chars().count() > 2 && known(last) { 0.9 } else { 0.0 };
    }
    let named = parts.iter().all(|part| {
        word_count(part) <= 4
            && part.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_alphabetic())
            && (!part.chars().any(|c| c.is_ascii_digit()) || parts.len() > 2)
    });
    if !named || parts.len() > 4 {
        return 0.0;
    }
    let lexicon = lexicon();
    let head = parts.first().map_or("", String::as_str);
    if ["title", "degree", "institution", "organization"].iter().any(|key| lexicon.set(key).occurs(head)) {
        return 0.0;
    }
    if country_code(last).is_some() || region_country(last).is_some() || remote.is(last) {
        return 0.95;
    }
    if known(head) && parts.len() == 2 && parts.iter().all(|part| known(part)) {
        return 0.9;
    }
    let code = last.chars().count() == 2 && last.chars().all(|c| c.is_ascii_uppercase());
    if code && parts.len() == 2 { 0.7 } else { 0.0 }
}

fn cjk_score(text: &str) -> f32 {
    let short = text.chars().count() <= 12;
    let joined = text.replace([' ', '·', '-', ',', '，'], "");
    let known = city_country(text).is_some()
        || country_code(text).is_some()
        || city_country(&joined).is_some()
        || GAZETTEER.cities.keys().any(|city| has_cjk(city) && joined.starts_with(city.as_str()));
    let ending = joined.ends_with(['市', '省', '区', '區', '县', '縣', '県', '都', '府']);
    if short && known && (joined.chars().count() <= 6 || ending) { 0.85 } else { 0.0 }
}

/// The byte range of a place that ends the text, with what separates it from the rest cut off.
///
/// Returns where the rest ends and the range of the place.
pub(super) fn trailing_place(text: &str) -> Option<(usize, std::ops::Range<usize>)> {
    const CUTS: [&str; 9] = [" – ", " — ", " - ", "|", " • ", " · ", ", ", "(", " in "];
    let mut cuts: Vec<(usize, usize)> = CUTS
        .iter()
        .flat_map(|cut| text.match_indices(cut).map(|(at, found)| (at, at + found.len())))
        .collect();
    cuts.sort_unstable();
    for (head_end, start) in cuts {
        let range = trim_range(text, start..text.len(), &[')', '(', '.', ',']);
        let (Some(tail), Some(head)) = (text.get(range.clone()), text.get(..head_end)) else { continue };
        if tail.is_empty() || place_score(tail) < 0.7 {
            continue;
        }
        // "University of California, Los Angeles" is the name of a school.
        let named_after = !tail.contains(',')
            && text.get(head_end..start).is_some_and(|cut| cut == ", " || cut == " in ")
            && (lexicon().set("institution").occurs(head) || text.get(head_end..start) == Some(" in "));
        if !named_after && head.chars().any(char::is_alphabetic) {
            return Some((head_end, range));
        }
    }
    None
}

/// The byte range of "Town, REGION" between commas with names around it, as in "Acme, Miami, FL, Accountant".
pub(super) fn inner_place(text: &str) -> Option<std::ops::Range<usize>> {
    let mut parts: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    for (comma, _) in text.match_indices([',', '|']).chain([(text.len(), "")]) {
        parts.push(trim_range(text, at..comma, &[]));
        at = comma + 1;
    }
    parts.windows(2).find_map(|pair| {
        let [town, region] = pair else { return None };
        let code = text.get(region.clone())?;
        let whole = town.start..region.end;
        let known = code.len() == 2 && GAZETTEER.region_codes.contains_key(code);
        let joined = text.get(town.end..region.start)?.starts_with(',');
        let place = text.get(whole.clone())?;
        (known && joined && place.len() < text.len() && place_score(place) >= 0.9).then_some(whole)
    })
}

/// The parts of an address.
pub(super) fn parse_location(text: &str) -> Location {
    let mut location = Location::default();
    let mut names: Vec<String> = Vec::new();
    for part in text.split([',', '，', '|', '·', '\t', '\n']) {
        let (name, code) = split_postal(part);
        if let Some(code) = code
            && location.postal_code.is_none()
            && !name.chars().any(|c| c.is_ascii_digit())
        {
            location.postal_code = Some(code);
            if !name.is_empty() {
                names.push(name);
            }
        } else if !collapse(part).is_empty() {
            names.push(collapse(part));
        }
    }
    if names.len() > 1
        && let Some(code) = names.last().and_then(|last| country_code(last))
        && names.last().is_some_and(|last| region_country(last).is_none() || last.chars().count() > 2)
    {
        location.country_code = Some(code.to_owned());
        names.pop();
    }
    if names.len() > 1
        && let Some(last) = names.last()
        && (region_country(last).is_some()
            || (last.len() == 2 && last.chars().all(|c| c.is_ascii_uppercase())))
    {
        location.region = names.pop();
    }
    if names.len() > 1 || names.last().is_some_and(|name| name.chars().any(|c| c.is_ascii_digit())) {
        let is_street = |name: &String| name.chars().any(|c| c.is_ascii_digit());
        if let Some(at) = names.iter().position(is_street) {
            location.address = Some(names.remove(at));
        }
    }
    location.city = names.pop();
    if location.country_code.is_none() {
        let single = location.city.as_deref().filter(|_| location.region.is_none());
        if let Some(code) = single.and_then(country_code) {
            location.country_code = Some(code.to_owned());
            location.city = None;
        } else {
            location.country_code = location
                .region
                .as_deref()
                .and_then(region_country)
                .or_else(|| location.city.as_deref().and_then(city_country))
                .map(str::to_owned);
        }
    }
    if location.region.is_none() {
        location.region = names.pop();
    }
    location
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_from_other_names() {
        for text in [
            "San Francisco, CA",
            "Berlin",
            "Pleasantville, CA 94588",
            "Remote",
            "London, UK",
            "Istanbul, Türkiye",
            "Paris, France",
            "Remote, USA",
            "北京",
            "Mountain View, California, USA",
        ] {
            assert!(place_score(text) >= 0.7, "{text}");
        }
        for text in
            ["Creative Solutions Inc.", "Research Intern", "Python, C++", "CTO", "Google", "Bachelor, CS"]
        {
            assert!(place_score(text) < 0.7, "{text}");
        }
    }

    #[test]
    fn a_place_at_the_end_is_cut_off() {
        let cases = [
            ("Nexus AI – San Francisco, CA", Some(("Nexus AI", "San Francisco, CA"))),
            ("Google, Mountain View, CA", Some(("Google", "Mountain View, CA"))),
            ("University of California, Los Angeles", None),
            ("Acme (Berlin)", Some(("Acme", "Berlin"))),
            ("Bachelor's in Computer Science", None),
        ];
        for (text, expected) in cases {
            let found = trailing_place(text).map(|(head, range)| (text[..head].trim_end(), &text[range]));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn addresses_are_taken_apart() {
        let found = parse_location("12 Main St, Pleasantville, CA 94588");
        assert_eq!(found.address.as_deref(), Some("12 Main St"));
        assert_eq!(found.city.as_deref(), Some("Pleasantville"));
        assert_eq!(found.region.as_deref(), Some("CA"));
        assert_eq!(found.postal_code.as_deref(), Some("94588"));
        assert_eq!(found.country_code.as_deref(), Some("US"));
        let found = parse_location("10115 Berlin, Deutschland");
        assert_eq!(found.city.as_deref(), Some("Berlin"));
        assert_eq!(found.country_code.as_deref(), Some("DE"));
    }
}
