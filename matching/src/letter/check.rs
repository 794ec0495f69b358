//! Checks a text sentence by sentence: what claims it makes, and where the resume bears them out.

use std::collections::BTreeSet;
use std::ops::Range;

use super::claims::{ACHIEVEMENTS, Manner, YearCount, is_to_be_learnt, year_counts};
use super::facts::{Facts, meet};
use super::names::{
    Named, PRAISE, find_names, find_titles, has_telling_capitals, is_courtesy, without_legal_form,
};
use super::numbers::{Number, find_numbers};
use super::{Claim, ClaimKind, Source, Verdict};
use crate::parse::dates::{DateSpan, PartialDate, find_dates};
use crate::score::degree::{NamedDegree, held_degrees};
use crate::score::passages::{lines, sentences};
use crate::score::words::content_words;
use crate::skills::normalise::{Token, tokenise};
use crate::skills::{Kind, SkillMention};

/// At most so many places of the resume are named for a claim.
const MOST_PASSAGES: usize = 3;
/// Dates are exact to the month at best, and people round up.
const YEARS_TOLERANCE: f64 = 0.5;

/// Every claim of `text`, in order, with what the resume says to it.
///
/// `original` is the passage that `text` words anew, in bytes of the document ([`super::find_passage`]): numbers and dates must
/// then come from it, for a number of another line would say something else here. Never fails, whatever the text is.
#[must_use]
pub fn check(source: &Source<'_>, text: &str, original: Option<Range<usize>>) -> Vec<Claim> {
    let facts = Facts::new(source);
    let names = has_telling_capitals(&tokenise(text));
    let checker = Checker { facts: &facts, original, names };
    // In the whole text, where neighbours support an ambiguous name.
    let mentions = source.taxonomy.find(text);
    let mut claims = Vec::new();
    for line in lines(text) {
        for span in sentences(text, line) {
            claims.extend(checker.sentence(text, &span, &mentions));
        }
    }
    claims.sort_by_key(|claim| (claim.span.start, claim.span.end, claim.kind));
    claims.dedup_by(|a, b| a.span == b.span && a.kind == b.kind);
    claims
}

struct Checker<'a> {
    facts: &'a Facts<'a>,
    original: Option<Range<usize>>,
    names: bool,
}

/// A claim of a sentence, and what it says.
enum Said<'a> {
    Skill(&'a SkillMention),
    Years(YearCount, Option<&'a SkillMention>),
    Degree(NamedDegree),
    Date(DateSpan),
    Number(Number),
    Named(Named),
    Achievement(&'static str),
}

/// One sentence under judgement.
struct Sentence<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    words: BTreeSet<String>,
    manner: Manner,
    /// Where the resume has the same words.
    verbatim: Option<Range<usize>>,
}

impl Checker<'_> {
    fn sentence(&self, text: &str, span: &Range<usize>, mentions: &[SkillMention]) -> Vec<Claim> {
        let slice = text.get(span.clone()).unwrap_or_default();
        let tokens = tokenise(slice);
        if is_courtesy(&tokens) {
            return Vec::new();
        }
        let own: Vec<SkillMention> = mentions
            .iter()
            .filter(|mention| span.start <= mention.span.start && mention.span.end <= span.end)
            .cloned()
            .map(|mut mention| {
                mention.span = mention.span.start - span.start..mention.span.end - span.start;
                mention
            })
            .collect();
        let sentence = Sentence {
            verbatim: self.verbatim(&tokens, &own),
            words: content_words(slice).into_iter().collect(),
            manner: Manner::of(&tokens),
            text: slice,
            tokens,
        };
        let claim = |(kind, place, said): (ClaimKind, Range<usize>, Said<'_>)| Claim {
            kind,
            span: span.start + place.start..span.start + place.end,
            text: slice.get(place).unwrap_or_default().to_owned(),
            verdict: self.judge(&sentence, &said),
        };
        self.find(&sentence, &own).into_iter().map(claim).collect()
    }

    /// Where the resume says the sentence word for word. Words cut out of a denial say the contrary.
    fn verbatim(&self, tokens: &[Token], own: &[SkillMention]) -> Option<Range<usize>> {
        let place = self.facts.words.find(tokens)?;
        let denied = |mention: &SkillMention| {
            mention.negated
                && meet(&mention.span, &place)
                && own.iter().any(|own| own.skill == mention.skill && !own.negated)
        };
        (!self.facts.mentions.iter().any(denied)).then_some(place)
    }

    fn find<'s>(
        &self,
        sentence: &Sentence<'_>,
        mentions: &'s [SkillMention],
    ) -> Vec<(ClaimKind, Range<usize>, Said<'s>)> {
        let (text, tokens) = (sentence.text, sentence.tokens.as_slice());
        let mut found: Vec<(ClaimKind, Range<usize>, Said<'s>)> = Vec::new();
        let mut taken: Vec<Range<usize>> = mentions.iter().map(|mention| mention.span.clone()).collect();
        for mention in mentions {
            if !mention.negated && !is_to_be_learnt(tokens, mention.span.start) {
                found.push((kind_of(mention.kind), mention.span.clone(), Said::Skill(mention)));
            }
        }
        for degree in held_degrees(text) {
            taken.push(degree.span.clone());
            found.push((ClaimKind::Degree, degree.span.clone(), Said::Degree(degree)));
        }
        for count in year_counts(tokens) {
            let with = mentions.iter().find(|mention| mention.years == Some(count.years));
            taken.push(count.span.clone());
            found.push((ClaimKind::Years, count.span.clone(), Said::Years(count, with)));
        }
        for date in find_dates(text) {
            taken.push(date.range.clone());
            found.push((ClaimKind::Date, date.range.clone(), Said::Date(date)));
        }
        for number in find_numbers(text) {
            if !taken.iter().any(|taken| meet(taken, &number.span)) {
                found.push((ClaimKind::Number, number.span.clone(), Said::Number(number)));
            }
        }
        found.extend(achievements(tokens));
        let place = |named: &Named| {
            let first = tokens.get(named.tokens.start).map_or(0, |token| token.span.start);
            let last = named.tokens.end.checked_sub(1).and_then(|last| tokens.get(last));
            first..last.map_or(first, |token| token.span.end)
        };
        for title in find_titles(tokens) {
            taken.push(place(&title));
            found.push((title.kind, place(&title), Said::Named(title)));
        }
        if self.names {
            let names = find_names(text, tokens, &taken);
            found.extend(names.into_iter().map(|named| (named.kind, place(&named), Said::Named(named))));
        }
        found
    }

    fn judge(&self, sentence: &Sentence<'_>, said: &Said<'_>) -> Verdict {
        let counts = matches!(said, Said::Number(_) | Said::Date(_) | Said::Years(..));
        if let Some(place) = &sentence.verbatim
            && (!counts || self.is_of_original(place))
        {
            return supported([place.clone()]);
        }
        match said {
            Said::Skill(mention) => self.skill(sentence, mention),
            Said::Years(count, with) => self.years(count, *with),
            Said::Degree(degree) => self.degree(degree),
            Said::Date(date) => self.date(date),
            Said::Number(number) => self.number(sentence, number),
            Said::Named(named) if named.kind == ClaimKind::Title => self.title(sentence, named),
            Said::Named(named) => self.name(sentence, named),
            Said::Achievement(prefix) => match self.facts.words.find_prefix(prefix) {
                Some(place) => supported([place]),
                None => unsupported("the resume tells of nothing like it"),
            },
        }
    }

    /// Whether a place of the resume may bear out a number: any, or one of the passage that is worded anew.
    fn is_of_original(&self, place: &Range<usize>) -> bool {
        self.original
            .as_ref()
            .is_none_or(|original| original.start <= place.start && place.end <= original.end)
    }

    fn skill(&self, sentence: &Sentence<'_>, claimed: &SkillMention) -> Verdict {
        let facts = self.facts;
        let held: Vec<&SkillMention> = facts
            .mentions
            .iter()
            .filter(|held| !held.negated && facts.shows(held.skill, claimed.skill))
            .collect();
        if held.is_empty() {
            let advertised = facts.advertised_skills.iter().any(|skill| facts.shows(*skill, claimed.skill));
            if advertised && sentence.manner.may_repeat() {
                return Verdict::Advertised;
            }
            return unsupported(&format!("the resume does not name {}", claimed.canonical));
        }
        let best = held.iter().filter_map(|held| held.level).max();
        if let Some((claimed, best)) = claimed.level.zip(best).filter(|(claimed, best)| claimed > best) {
            let reason = format!("the resume says {}, not {}", best.name(), claimed.name());
            return unsupported(&reason);
        }
        supported(held.iter().map(|held| held.span.clone()))
    }

    fn years(&self, count: &YearCount, with: Option<&SkillMention>) -> Verdict {
        let facts = self.facts;
        let wanted = f64::from(count.years) - YEARS_TOLERANCE;
        let Some(with) = with else {
            let stated = facts.year_counts.iter().filter(|held| held.years >= count.years);
            let stated: Vec<_> = stated.map(|held| held.span.clone()).collect();
            let worked = facts.experience.years.unwrap_or_default();
            return match (stated.is_empty(), worked >= wanted) {
                (false, _) => supported(stated),
                (true, true) => supported(facts.positions.iter().cloned()),
                (true, false) if worked > 0.0 => {
                    unsupported(&format!("the dates of the resume add up to {worked} years"))
                }
                (true, false) => unsupported("the resume shows no such time"),
            };
        };
        let shows = |held: &&SkillMention| !held.negated && facts.shows(held.skill, with.skill);
        let held: Vec<&SkillMention> = facts.mentions.iter().filter(shows).collect();
        let stated = held.iter().filter(|held| held.years.is_some_and(|years| years >= count.years));
        let stated: Vec<_> = stated.map(|held| held.span.clone()).collect();
        if !stated.is_empty() {
            return supported(stated);
        }
        let own = |name: &str| facts.taxonomy.by_name(name).is_some_and(|id| facts.shows(id, with.skill));
        let dated = facts.experience.skills.iter().filter(|skill| own(&skill.name));
        let most = dated.map(|skill| skill.years).fold(0.0, f64::max);
        if most >= wanted && most > 0.0 {
            return supported(held.iter().map(|held| held.span.clone()));
        }
        unsupported(&format!("the positions of the resume that name {} show {most} years", with.canonical))
    }

    fn degree(&self, claimed: &NamedDegree) -> Verdict {
        let subjects: BTreeSet<String> =
            claimed.subjects.iter().flat_map(|subject| content_words(subject)).collect();
        let level = self.facts.degrees.iter().filter(|held| held.level == claimed.level);
        let fits = |held: &&NamedDegree| {
            let passage = self.facts.passage_at(&held.span);
            let has = |word: &String| passage.is_some_and(|passage| passage.words.contains(word));
            subjects.is_empty() || subjects.iter().any(has)
        };
        if level.clone().next().is_none() {
            return unsupported("the resume names no degree of this level");
        }
        let held: Vec<_> = level.filter(fits).map(|held| held.span.clone()).collect();
        if held.is_empty() { unsupported("the resume names other subjects") } else { supported(held) }
    }

    fn date(&self, claimed: &DateSpan) -> Verdict {
        let mut places = Vec::new();
        for date in [claimed.start, claimed.end].into_iter().flatten() {
            let same = |held: PartialDate| {
                let months = held.month.zip(date.month);
                held.year == date.year && months.is_none_or(|(held, said)| held == said)
            };
            let held = self.facts.dates.iter().find(|held| {
                self.is_of_original(&held.range) && [held.start, held.end].into_iter().flatten().any(same)
            });
            match held {
                Some(held) => places.push(held.range.clone()),
                None if self.original.is_some() => return unsupported("the passage does not name this date"),
                None => return unsupported(&format!("the resume does not name {date}")),
            }
        }
        supported(places)
    }

    fn number(&self, sentence: &Sentence<'_>, claimed: &Number) -> Verdict {
        let facts = self.facts;
        let equal: Vec<&Number> = facts
            .numbers
            .iter()
            .filter(|held| claimed.is_borne_out_by(held) && self.is_of_original(&held.span))
            .collect();
        let of_the_same = |held: &&&Number| {
            let passage = facts.passage_at(&held.span);
            let shared = |passage: &super::facts::Passage| !passage.words.is_disjoint(&sentence.words);
            claimed.counts_same_as(held) || passage.is_some_and(shared)
        };
        let held: Vec<_> = equal.iter().filter(of_the_same).map(|held| held.span.clone()).collect();
        if !held.is_empty() {
            return supported(held);
        }
        let advertised = facts.advertised_numbers.iter().any(|number| claimed.is_borne_out_by(number));
        if advertised && sentence.manner.of_employer {
            return Verdict::Advertised;
        }
        unsupported(match (equal.is_empty(), &self.original) {
            (true, Some(_)) => "the passage does not have this number",
            (true, None) => "the resume does not have this number",
            (false, _) => "the resume has this number, but of something else",
        })
    }

    fn title(&self, sentence: &Sentence<'_>, named: &Named) -> Verdict {
        let tokens = sentence.tokens.get(named.tokens.clone()).unwrap_or_default();
        let bare = tokens.iter().filter(|token| !PRAISE.contains(&token.text.as_str()));
        let words = content_words(&bare.map(|token| format!("{} ", token.text)).collect::<String>());
        let all = |passage: &&super::facts::Passage| words.iter().all(|word| passage.words.contains(word));
        if words.is_empty() {
            return supported([]);
        }
        if let Some(passage) = self.facts.passages.iter().find(all) {
            return supported([passage.span.clone()]);
        }
        if sentence.manner.may_repeat() && self.facts.advertised.find(tokens).is_some() {
            return Verdict::Advertised;
        }
        unsupported("the resume names no such position")
    }

    fn name(&self, sentence: &Sentence<'_>, named: &Named) -> Verdict {
        let tokens = sentence.tokens.get(named.tokens.clone()).unwrap_or_default();
        let bare = without_legal_form(tokens);
        // The first word of a sentence may be no part of the name.
        let rest = if named.tokens.start == 0 { bare.get(1..).unwrap_or_default() } else { bare };
        if let Some(place) = self.facts.words.find(bare).or_else(|| self.facts.words.find(rest)) {
            return supported([place]);
        }
        let advertised = self.facts.advertised.find(bare).or_else(|| self.facts.advertised.find(rest));
        let written = || {
            let start = tokens.first().map_or(0, |token| token.span.start);
            let end = tokens.last().map_or(start, |token| token.span.end);
            sentence.text.get(start..end).unwrap_or_default()
        };
        match (advertised, named.kind) {
            (Some(_), ClaimKind::Employer) if sentence.manner.worked && !sentence.manner.wish => {
                unsupported(&format!("the resume shows no work for {}", written()))
            }
            (Some(_), _) => Verdict::Advertised,
            (None, _) => unsupported(&format!("the resume does not name {}", written())),
        }
    }
}

fn achievements<'s>(tokens: &[Token]) -> Vec<(ClaimKind, Range<usize>, Said<'s>)> {
    let find = |token: &Token| {
        let prefix = ACHIEVEMENTS.iter().find(|prefix| token.text.starts_with(**prefix))?;
        Some((ClaimKind::Achievement, token.span.clone(), Said::Achievement(prefix)))
    };
    tokens.iter().filter_map(find).collect()
}

fn kind_of(kind: Kind) -> ClaimKind {
    match kind {
        Kind::Certificate => ClaimKind::Certificate,
        Kind::Spoken => ClaimKind::Language,
        _ => ClaimKind::Skill,
    }
}

fn supported(places: impl IntoIterator<Item = Range<usize>>) -> Verdict {
    Verdict::Supported { passages: places.into_iter().take(MOST_PASSAGES).collect() }
}

fn unsupported(reason: &str) -> Verdict {
    Verdict::Unsupported { reason: reason.to_owned() }
}
