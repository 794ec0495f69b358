//! Splits the text of a job advertisement into requirements.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::degree::{Degree, asked_degree};
use super::groups::{alternatives, find_years};
use super::headings::{Section, heading};
use super::passages::pieces;
use super::phrases::unknown_skills;
use super::sections::{clauses, is_about_you, is_boilerplate, is_waived, line_importance, without_wanting};
use super::terms::{
    Clearance, bare_title, clearance, is_place, is_work_permit, labelled_title, title_in_sentence,
};
use super::words::content_words;
use crate::skills::{self, Level, SkillCandidate, SkillId, SkillMention, Taxonomy};

/// What kind of requirement it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequirementKind {
    /// One skill, or one of several.
    Skill,
    /// A certificate or licence.
    Certificate,
    /// A human language.
    Language,
    /// Years of experience.
    Years,
    /// A degree.
    Degree,
    /// The job's title.
    Title,
    /// A security clearance.
    Clearance,
    /// A place to work at; shown, never scored.
    Place,
    /// Leave to work in a country, or a citizenship; shown, never scored, for it tells a person's origin.
    WorkPermit,
    /// A task or demand in free words.
    Duty,
}

/// How much the advertisement wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Said to be a plus.
    Nice,
    /// Named without more.
    Normal,
    /// Said to be needed.
    Must,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// The words of the advertisement, or the canonical name of the skill.
    pub text: String,
    /// Where it stands in the advertisement, in bytes.
    pub span: Range<usize>,
    /// Its kind.
    pub kind: RequirementKind,
    /// How much it is wanted.
    pub importance: Importance,
    /// Skills of which one is enough; for years, the skills that the years are asked of.
    pub skills: Vec<SkillId>,
    /// How well the skill is to be had, where the advertisement says so.
    pub level: Option<Level>,
    /// Whether it is a skill that the taxonomy does not know: its words are all there is to compare.
    pub unknown: bool,
    /// Years asked for.
    pub years: Option<f32>,
    /// Degree asked for.
    pub degree: Option<Degree>,
    /// Clearance asked for.
    pub clearance: Option<Clearance>,
    /// Subjects of the degree of which one is enough; none when any will do.
    pub subjects: Vec<String>,
    /// Whether a subject related to them is as good.
    pub related: bool,
}

/// An advertisement taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Job {
    /// Its requirements: the title first, then in the order of the text.
    pub requirements: Vec<Requirement>,
}

impl Job {
    /// Takes an advertisement apart; `title` is its title if it is known apart from the text.
    #[must_use]
    pub fn parse(taxonomy: &Taxonomy, title: Option<&str>, text: &str) -> Self {
        let mut reader = Reader {
            taxonomy,
            text,
            section: Section::Unknown,
            introduced: false,
            found: Vec::new(),
            seen: BTreeMap::new(),
        };
        reader.read_title(title);
        let pieces = pieces(text);
        // Where a heading opens the tasks or demands, what stands before it tells of the employer.
        reader.introduced = pieces.iter().any(|span| {
            let slice = text.get(span.clone()).unwrap_or_default();
            matches!(heading(slice), Some((Section::Duties | Section::Must, _)))
        });
        for span in pieces {
            reader.read_piece(span);
        }
        Self { requirements: reader.found }
    }
}

struct Reader<'a> {
    taxonomy: &'a Taxonomy,
    text: &'a str,
    section: Section,
    /// Whether a heading opens the tasks or demands somewhere.
    introduced: bool,
    found: Vec<Requirement>,
    /// Where the requirement of these skills is in `found`.
    seen: BTreeMap<(RequirementKind, Vec<SkillId>), usize>,
}

impl Reader<'_> {
    fn slice(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The given title, or the one that the advertisement's first lines name.
    fn read_title(&mut self, title: Option<&str>) {
        let (text, span) = match title.map(str::trim).filter(|title| !title.is_empty()) {
            Some(title) => (title.to_owned(), 0..0),
            None => match self.find_title() {
                Some(span) => (self.slice(&span).to_owned(), span),
                None => return,
            },
        };
        self.push(Requirement { kind: RequirementKind::Title, ..plain(text, span, Importance::Must) });
    }

    /// A labelled title; else the first line if it reads like one: short, no sentence, no heading; else the title that one of
    /// the first sentences names.
    fn find_title(&self) -> Option<Range<usize>> {
        /// How far down a title is looked for, in lines.
        const HEAD: usize = 8;
        let head: Vec<Range<usize>> = pieces(self.text).into_iter().take(HEAD).collect();
        let within = |line: &Range<usize>, part: Range<usize>| line.start + part.start..line.start + part.end;
        let labelled = head.iter().find_map(|line| Some(within(line, labelled_title(self.slice(line))?)));
        let first = head.first()?;
        let bare = within(first, bare_title(self.slice(first)));
        let line = self.slice(&bare);
        let like_title = (1..=8).contains(&line.split_whitespace().count())
            && !line.ends_with(['.', ':', '!', '?'])
            && heading(line).is_none()
            && !is_place(line);
        let sentence =
            || head.iter().find_map(|line| Some(within(line, title_in_sentence(self.slice(line))?)));
        labelled.or_else(|| like_title.then_some(bare)).or_else(sentence)
    }

    fn read_piece(&mut self, span: Range<usize>) {
        let line = self.slice(&span).to_owned();
        let mut body = span.clone();
        if let Some((section, rest)) = heading(&line) {
            self.section = section;
            body.start = span.end - rest.len();
            if rest.trim().is_empty() {
                return;
            }
        }
        let behind_heading = body.start > span.start;
        let part = self.slice(&body);
        let lead = part.len() - part.trim_start().len();
        let text = part.trim().to_owned();
        body = body.start + lead..body.start + lead + text.len();
        let title = self.found.first().filter(|found| found.kind == RequirementKind::Title);
        let is_title = title.is_some_and(|title| {
            let own = title.span.start >= span.start && title.span.end <= span.end && !title.span.is_empty();
            // A sentence that names the title may ask for more; a line that is the title asks for nothing else.
            own && (title.span.start == span.start || text.split_whitespace().count() <= 12)
        });
        if is_title || matches!(self.section, Section::Benefits | Section::Company) || is_no_demand(&text) {
            return;
        }
        let importance = line_importance(&text, self.section);
        if is_place(&text) {
            self.push(Requirement { kind: RequirementKind::Place, ..plain(text, body, importance) });
        } else if let Some(level) = clearance(&text) {
            let kind = RequirementKind::Clearance;
            self.push(Requirement { kind, clearance: Some(level), ..plain(text, body, importance) });
        } else if is_work_permit(&text) && self.find_skills(&text).is_empty() {
            self.push(Requirement { kind: RequirementKind::WorkPermit, ..plain(text, body, importance) });
        } else if !self.is_introduction() || is_about_you(&text) {
            for (range, importance) in clauses(&text, self.section) {
                let part = text.get(range.clone()).unwrap_or_default();
                let place = body.start + range.start..body.start + range.end;
                self.read_demand(part, &place, importance, behind_heading);
            }
        }
    }

    /// Whether the line stands where the employer speaks of itself.
    fn is_introduction(&self) -> bool {
        self.introduced && self.section == Section::Unknown
    }

    /// Skills, years, a degree, and what is left as a task.
    fn read_demand(&mut self, text: &str, body: &Range<usize>, importance: Importance, behind_heading: bool) {
        let degree = asked_degree(text);
        let mut mentions = self.find_skills(text);
        if let Some(degree) = &degree {
            // "Bachelor in computer science" asks for a degree once, and not for the skill besides.
            mentions.retain(|mention| {
                mention.span.end <= degree.span.start || mention.span.start >= degree.span.end
            });
        }
        self.read_skills(text, body, importance, &mentions);
        self.read_years(text, body, importance, &mentions);
        if let Some(degree) = degree {
            let found = Requirement {
                kind: RequirementKind::Degree,
                degree: Some(degree.level),
                subjects: degree.subjects,
                related: degree.related,
                ..plain(text.to_owned(), body.clone(), importance)
            };
            self.push(found);
            return;
        }
        let unknown = unknown_skills(self.taxonomy, text, &mentions, self.section, behind_heading);
        self.read_unknown(body, importance, &unknown);
        // "Attention to detail and the will to learn": what stands beside a soft skill is of the same kind, and claimed as easily.
        let demands = matches!(self.section, Section::Must | Section::Nice);
        if demands && mentions.iter().any(|mention| mention.kind == skills::Kind::Soft) {
            return;
        }
        let named: usize = mentions
            .iter()
            .map(|mention| &mention.span)
            .chain(unknown.iter().map(|candidate| &candidate.span))
            .map(|span| content_words(text.get(span.clone()).unwrap_or_default()).len())
            .sum();
        self.read_duty(text, body, importance, named);
    }

    /// The skills that a line of the job names. A job asks for skills, so it is read as if a heading said so: that
    /// supports an ambiguous name that stands alone ("- Rust") or after "experience with".
    fn find_skills(&self, text: &str) -> Vec<SkillMention> {
        const HEADING: &str = "Requirements: ";
        let mut mentions = self.taxonomy.find(&format!("{HEADING}{}", without_wanting(text)));
        // What is waived ("PHP is not required") is no requirement.
        mentions.retain(|mention| mention.span.start >= HEADING.len() && !mention.negated);
        for mention in &mut mentions {
            mention.span = mention.span.start - HEADING.len()..mention.span.end - HEADING.len();
        }
        mentions
    }

    fn read_skills(
        &mut self,
        text: &str,
        body: &Range<usize>,
        importance: Importance,
        mentions: &[SkillMention],
    ) {
        for group in alternatives(text, mentions) {
            let Some(first) = group.first() else { continue };
            let kind = match first.kind {
                skills::Kind::Certificate => RequirementKind::Certificate,
                skills::Kind::Spoken => RequirementKind::Language,
                _ => RequirementKind::Skill,
            };
            let mut ids: Vec<SkillId> = group.iter().map(|mention| mention.skill).collect();
            ids.sort_unstable();
            ids.dedup();
            let mut names: Vec<&str> = group.iter().map(|mention| mention.canonical).collect();
            names.dedup();
            let level = group.iter().filter_map(|mention| mention.level).min();
            let span = body.start + first.span.start
                ..body.start + group.last().map_or(first.span.end, |last| last.span.end);
            let found =
                Requirement { kind, skills: ids, level, ..plain(names.join(" or "), span, importance) };
            self.push(found);
        }
    }

    fn read_years(
        &mut self,
        text: &str,
        body: &Range<usize>,
        importance: Importance,
        mentions: &[SkillMention],
    ) {
        let Some(years) = find_years(text) else { return };
        let skills = mentions
            .iter()
            .filter(|mention| mention.years == Some(years) && mention.kind != skills::Kind::Soft)
            .map(|mention| mention.skill)
            .collect();
        let found = Requirement {
            kind: RequirementKind::Years,
            years: Some(years),
            skills,
            ..plain(text.to_owned(), body.clone(), importance)
        };
        self.push(found);
    }

    fn read_unknown(&mut self, body: &Range<usize>, importance: Importance, unknown: &[SkillCandidate]) {
        for candidate in unknown {
            let span = body.start + candidate.span.start..body.start + candidate.span.end;
            let known = self
                .found
                .iter_mut()
                .find(|found| found.unknown && found.text.to_lowercase() == candidate.text.to_lowercase());
            match known {
                Some(known) => known.importance = known.importance.max(importance),
                None => self.found.push(Requirement {
                    kind: RequirementKind::Skill,
                    unknown: true,
                    ..plain(candidate.text.clone(), span, importance)
                }),
            }
        }
    }

    /// The line as a task, unless it only lists skills that are requirements already; `named` of its words do.
    fn read_duty(&mut self, text: &str, body: &Range<usize>, importance: Importance, named: usize) {
        let words = content_words(text);
        // "CPA required (or active candidate)" says no more than the skill that is a requirement already.
        let only_named = named > 0 && words.len() < named + 3;
        if self.is_introduction()
            || only_named
            || words.len() < 2
            || 2 * named >= words.len()
            || (words.len() < 8 && find_years(text).is_some())
        {
            return;
        }
        self.push(Requirement {
            kind: RequirementKind::Duty,
            ..plain(text.to_owned(), body.clone(), importance)
        });
    }

    /// Adds a requirement; one of the same skills that is there already only becomes more important.
    fn push(&mut self, found: Requirement) {
        if found.skills.is_empty() {
            self.found.push(found);
            return;
        }
        let key = (found.kind, found.skills.clone());
        match self.seen.get(&key).and_then(|index| self.found.get_mut(*index)) {
            Some(known) => {
                known.importance = known.importance.max(found.importance);
                known.level = known.level.max(found.level);
                if found.years > known.years {
                    known.years = found.years;
                }
            }
            None => {
                self.seen.insert(key, self.found.len());
                self.found.push(found);
            }
        }
    }
}

fn is_no_demand(line: &str) -> bool {
    is_boilerplate(line) || is_waived(line)
}

fn plain(text: String, span: Range<usize>, importance: Importance) -> Requirement {
    Requirement {
        text,
        span,
        kind: RequirementKind::Duty,
        importance,
        skills: Vec::new(),
        level: None,
        unknown: false,
        years: None,
        degree: None,
        clearance: None,
        subjects: Vec::new(),
        related: false,
    }
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
