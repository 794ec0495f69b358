//! Skill mentions as they stand in an index: by the number of the skill, which means the same in the same version of the
//! taxonomy (the index holds that version).

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::skills::{Level, Period, SkillId, SkillMention, Taxonomy};

/// A mention without what follows from its skill.
#[derive(Serialize, Deserialize)]
struct Stored {
    skill: SkillId,
    span: Range<usize>,
    version: Option<String>,
    negated: bool,
    years: Option<f32>,
    level: Option<Level>,
    period: Option<Period>,
    confidence: f32,
}

pub(crate) fn serialize<S: Serializer>(mentions: &[SkillMention], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(mentions.iter().map(|mention| {
        // Without `..`, so that a new field is not forgotten.
        let SkillMention {
            skill,
            canonical: _,
            kind: _,
            span,
            version,
            negated,
            years,
            level,
            period,
            confidence,
        } = mention;
        Stored {
            skill: *skill,
            span: span.clone(),
            version: version.clone(),
            negated: *negated,
            years: *years,
            level: *level,
            period: *period,
            confidence: *confidence,
        }
    }))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SkillMention>, D::Error> {
    let taxonomy = Taxonomy::builtin();
    let stored = Vec::<Stored>::deserialize(deserializer)?;
    let mention = |stored: Stored| {
        let Stored { skill, span, version, negated, years, level, period, confidence } = stored;
        let known = taxonomy.get(skill).ok_or_else(|| D::Error::custom("a skill is not in the taxonomy"))?;
        let (canonical, kind) = (known.name, known.kind);
        Ok(SkillMention { skill, canonical, kind, span, version, negated, years, level, period, confidence })
    };
    stored.into_iter().map(mention).collect()
}
