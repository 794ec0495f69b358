//! Score: how well one resume meets one job, with the passages that show it (docs/scoring.md).
//!
//! The job becomes requirements ([`job`]), the resume becomes passages without identity ([`resume`]); each requirement
//! is judged by the passages (`evidence`), weighted (`weights`), and the score is the sum. Nothing else enters it.

mod advice;
mod changes;
mod checks;
pub(crate) mod columns;
pub(crate) mod degree;
mod evidence;
mod explain;
mod facts;
mod groups;
mod headings;
mod identity;
pub mod job;
mod likeness;
pub(crate) mod passages;
mod phrases;
mod result;
pub mod resume;
pub(crate) mod scan;
mod sections;
mod skill;
mod subject;
mod summary;
mod terms;
mod weights;
pub(crate) mod words;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::embed::{Embedder, Embedding, ModelError, QuantisedEmbedding, WIDTH};
use crate::skills::{Kind, Relation, SkillId, Taxonomy};
use crate::{Document, ParsedResume};
use changes::Changes;
pub use degree::Degree;
use evidence::{Finding, Judge};
use explain::{Explainer, parts, round};
pub use job::Importance;
use job::{Job, Requirement, RequirementKind};
pub use result::{Advice, AdviceKind, Evidence, MatchResult, Part, RequirementResult, Status, Versions};
pub use resume::{HeldDegree, HeldTitle, Passage, PreparedResume, Stretch};
pub use subject::Subject;
pub use terms::Clearance;
pub use weights::{Signals, Tuning};

/// A job made ready for scoring; it can be kept and scored against many resumes.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedJob {
    job: Job,
    vectors: Vec<QuantisedEmbedding>,
    /// For each requirement its words with how much each tells.
    words: Vec<BTreeMap<String, f32>>,
    /// How much each counts beside others of its kind and importance.
    factors: Vec<f32>,
    weights: Vec<f32>,
    wordings: Vec<String>,
    /// All words of the advertisement, normalised, each behind a space.
    text: String,
    /// For each requirement the subjects of the degree.
    subjects: Vec<Vec<Subject>>,
    /// The mean of title and tasks; `None` where there are none.
    gist: Option<QuantisedEmbedding>,
}

impl PreparedJob {
    /// The requirements, the title first, then in the order of the text.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.job.requirements
    }

    /// How the advertisement writes what requirement number `index` names.
    fn wording(&self, index: usize) -> &str {
        self.wordings.get(index).map_or("", String::as_str)
    }

    /// Whether the advertisement has these words somewhere.
    fn says(&self, phrase: &str) -> bool {
        self.text.contains(&words::joined(phrase))
    }

    fn vector(&self, index: usize) -> Option<&QuantisedEmbedding> {
        self.vectors.get(index)
    }

    fn subjects(&self, index: usize) -> &[Subject] {
        self.subjects.get(index).map_or(&[], Vec::as_slice)
    }

    fn words(&self, index: usize) -> Option<&BTreeMap<String, f32>> {
        self.words.get(index)
    }
}

/// Scores resumes against jobs. It can be shared between threads.
#[derive(Debug)]
pub struct Matcher {
    embedder: Embedder,
    taxonomy: &'static Taxonomy,
    tuning: Tuning,
}

impl Matcher {
    /// A matcher with the default numbers, which were set by hand.
    #[must_use]
    pub fn new(embedder: Embedder, taxonomy: &'static Taxonomy) -> Self {
        Self { embedder, taxonomy, tuning: Tuning::default() }
    }

    /// The same matcher with other numbers, for trying them out.
    #[must_use]
    pub fn with_tuning(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
    }

    /// What its scores depend on beside resume and job.
    #[must_use]
    pub fn versions(&self) -> Versions {
        Versions {
            algorithm: weights::ALGORITHM.to_owned(),
            taxonomy: self.taxonomy.version().to_owned(),
            model: self.embedder.version().to_owned(),
        }
    }

    /// The model.
    #[must_use]
    pub fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// Scores one resume against the text of one job advertisement. `as_of` is the day that positions which last "to this
    /// day" last to: there is no clock in this crate.
    ///
    /// # Errors
    /// When the model cannot embed a text.
    pub fn score(
        &self,
        resume: &ParsedResume,
        document: &Document,
        job_text: &str,
        as_of: Date,
    ) -> Result<MatchResult, ModelError> {
        let job = self.prepare_job(None, job_text)?;
        let prepared = self.prepare_resume(resume, document)?;
        Ok(self.explain(&prepared, document, &job, as_of))
    }

    /// Prepares a resume for scoring against many jobs.
    ///
    /// # Errors
    /// When the model cannot embed a text.
    pub fn prepare_resume(
        &self,
        resume: &ParsedResume,
        document: &Document,
    ) -> Result<PreparedResume, ModelError> {
        PreparedResume::new(&self.embedder, self.taxonomy, resume, document)
    }

    /// Prepares a job for scoring against many resumes. `title` is its title if it is known apart from the text.
    ///
    /// # Errors
    /// When the model cannot embed a text.
    pub fn prepare_job(&self, title: Option<&str>, text: &str) -> Result<PreparedJob, ModelError> {
        let job = Job::parse(self.taxonomy, title, text);
        let texts: Vec<&str> = job.requirements.iter().map(|requirement| requirement.text.as_str()).collect();
        let vectors = self.embedder.embed(&texts)?;
        let Weighing { words, factors, weights } = self.weigh(&job);
        let wording =
            |requirement: &Requirement| text.get(requirement.span.clone()).unwrap_or_default().to_owned();
        let wordings = job.requirements.iter().map(wording).collect();
        let subjects = self.embed_subjects(&job)?;
        let gist = gist(&job, &vectors).as_ref().map(QuantisedEmbedding::from);
        let vectors = vectors.iter().map(QuantisedEmbedding::from).collect();
        let text = words::joined(text);
        Ok(PreparedJob { job, vectors, words, factors, weights, wordings, text, subjects, gist })
    }

    /// The same job with this matcher's numbers, if another matcher of the same model prepared it.
    #[must_use]
    pub fn retuned(&self, job: PreparedJob) -> PreparedJob {
        let Weighing { words, factors, weights } = self.weigh(&job.job);
        PreparedJob { words, factors, weights, ..job }
    }

    /// What the words of each requirement tell, and what each requirement counts.
    fn weigh(&self, job: &Job) -> Weighing {
        let mut words: Vec<BTreeMap<String, f32>> =
            job.requirements.iter().map(|requirement| self.rarities(&requirement.text)).collect();
        let factors: Vec<f32> =
            job.requirements.iter().zip(&words).map(|(found, words)| self.factor(found, words)).collect();
        for rarity in words.iter_mut().flat_map(BTreeMap::values_mut) {
            *rarity = rarity.powf(self.tuning.rarity);
        }
        let weights = self.tuning.weights(&job.requirements, &factors);
        Weighing { words, factors, weights }
    }

    fn embed_subjects(&self, job: &Job) -> Result<Vec<Vec<Subject>>, ModelError> {
        let mut all = Vec::with_capacity(job.requirements.len());
        for requirement in &job.requirements {
            let texts: Vec<&str> = requirement.subjects.iter().map(String::as_str).collect();
            let vectors = self.embedder.embed_quantised(&texts)?;
            let subject =
                |(text, vector): (&&str, QuantisedEmbedding)| Subject::new((*text).to_owned(), vector);
            all.push(texts.iter().zip(vectors).map(subject).collect());
        }
        Ok(all)
    }

    /// The score alone, 0 to 100, for ranking many; `as_of` as in [`Matcher::score`].
    #[must_use]
    pub fn number(&self, resume: &PreparedResume, job: &PreparedJob, as_of: Date) -> f64 {
        round(100.0 * self.total(resume, job, as_of))
    }

    /// What was measured of each requirement, from which other numbers than this matcher's make another score
    /// ([`Tuning::scorer`]).
    #[must_use]
    pub fn signals(&self, resume: &PreparedResume, job: &PreparedJob, as_of: Date) -> Vec<Signals> {
        self.judge(resume, job, as_of).into_iter().map(|finding| finding.signals).collect()
    }

    /// The whole result; `document` is the one that the resume was prepared from, `as_of` as in [`Matcher::score`].
    #[must_use]
    pub fn explain(
        &self,
        resume: &PreparedResume,
        document: &Document,
        job: &PreparedJob,
        as_of: Date,
    ) -> MatchResult {
        let findings = self.judge(resume, job, as_of);
        let explainer = Explainer { taxonomy: self.taxonomy, resume, document, as_of };
        let requirements: Vec<RequirementResult> = job
            .requirements()
            .iter()
            .zip(&findings)
            .zip(&job.weights)
            .map(|((requirement, finding), weight)| explainer.requirement(requirement, finding, *weight))
            .collect();
        let total = total_of(&findings, job);
        let gain =
            |changed: &PreparedResume| round(100.0 * (self.total(changed, job, as_of) - total)).max(0.0);
        let changes = Changes { resume, job, as_of, gain: &gain };
        let named = advice::NamedSkills::new(self.taxonomy, job, &requirements, &changes);
        MatchResult {
            score: round(100.0 * total),
            summary: summary::summary(round(100.0 * total), &requirements),
            parts: parts(&requirements),
            advice: advice::advise(self.taxonomy, document, &changes, &requirements, &named),
            matched_skills: named.matched,
            missing_skills: named.missing.into_iter().map(|(name, _)| name).collect(),
            requirements,
            warnings: resume.warnings.clone(),
            as_of,
            versions: self.versions(),
        }
    }

    fn judge(&self, resume: &PreparedResume, job: &PreparedJob, as_of: Date) -> Vec<Finding> {
        let judge = Judge::new(self.taxonomy, job, resume, as_of);
        let credited = |(index, requirement): (usize, &Requirement)| {
            let finding = judge.judge(index);
            Finding { credit: self.tuning.credit(requirement.kind, &finding.signals), ..finding }
        };
        job.requirements().iter().enumerate().map(credited).collect()
    }

    fn total(&self, resume: &PreparedResume, job: &PreparedJob, as_of: Date) -> f64 {
        total_of(&self.judge(resume, job, as_of), job)
    }

    /// Content words of a text with how rare each is.
    fn rarities(&self, text: &str) -> BTreeMap<String, f32> {
        let mut words = BTreeMap::new();
        for token in crate::skills::normalise::tokenise(text) {
            for stem in words::content_words(&token.text) {
                words.insert(stem, self.embedder.rarity(&token.text));
            }
        }
        words
    }

    /// How much a requirement counts beside others of its kind and importance. A task in common words fits many jobs, so it
    /// counts less than one in rare words.
    fn factor(&self, requirement: &Requirement, words: &BTreeMap<String, f32>) -> f32 {
        let soft = |id: &SkillId| self.taxonomy.get(*id).is_some_and(|skill| skill.kind == Kind::Soft);
        let office = |id: &SkillId| self.is_office(*id);
        match requirement.kind {
            RequirementKind::Skill if requirement.unknown => self.tuning.unknown,
            RequirementKind::Skill if requirement.skills.iter().all(soft) => self.tuning.soft,
            RequirementKind::Skill if requirement.skills.iter().all(office) => self.tuning.office,
            RequirementKind::Duty if !words.is_empty() => {
                (words.values().sum::<f32>() / words.len() as f32).powf(self.tuning.rare_duty)
            }
            _ => 1.0,
        }
    }

    fn is_office(&self, skill: SkillId) -> bool {
        const OFFICE: [&str; 3] = ["Microsoft Office", "Google Workspace", "Spreadsheets"];
        let implies =
            |wider| matches!(self.taxonomy.relation(skill, wider), Relation::Same | Relation::Implies);
        OFFICE.iter().filter_map(|name| self.taxonomy.by_name(name)).any(implies)
    }
}

/// The document's text without name, addresses, telephone numbers, birthday, and without the people named as references;
/// every position in it stays true.
pub(crate) fn without_person(resume: &ParsedResume, document: &Document) -> String {
    let identity = facts::person(resume, document);
    identity::blank_person(&document.text, &identity.ranges, &identity.names)
}

/// What [`Matcher::weigh`] finds for each requirement.
struct Weighing {
    words: Vec<BTreeMap<String, f32>>,
    factors: Vec<f32>,
    weights: Vec<f32>,
}

/// The mean of the vectors of title and tasks, of length 1.
fn gist(job: &Job, vectors: &[Embedding]) -> Option<Embedding> {
    let mut sum = Embedding([0.0; WIDTH]);
    let mut found = false;
    for (requirement, vector) in job.requirements.iter().zip(vectors) {
        if matches!(requirement.kind, RequirementKind::Title | RequirementKind::Duty) {
            sum.0.iter_mut().zip(&vector.0).for_each(|(sum, value)| *sum += value);
            found = true;
        }
    }
    let length = sum.0.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    sum.0.iter_mut().for_each(|value| *value /= length);
    found.then_some(sum)
}

impl Tuning {
    /// What these numbers make of one job: from what [`Matcher::signals`] measured of a resume its score, 0 to 100, not
    /// rounded.
    pub fn scorer<'a>(&'a self, job: &'a PreparedJob) -> impl Fn(&[Signals]) -> f64 + 'a {
        let weights = self.weights(job.requirements(), &job.factors);
        move |signals| {
            let credits = job
                .requirements()
                .iter()
                .zip(signals)
                .map(|(requirement, signals)| f64::from(self.credit(requirement.kind, signals)));
            credits.zip(&weights).map(|(credit, weight)| 100.0 * credit * f64::from(*weight)).sum()
        }
    }
}

fn total_of(findings: &[Finding], job: &PreparedJob) -> f64 {
    findings
        .iter()
        .zip(&job.weights)
        .map(|(finding, weight)| f64::from(finding.credit) * f64::from(*weight))
        .sum()
}
