//! What kinds of skills there are.

use serde::{Deserialize, Serialize};

/// The kind of a skill, as the taxonomy's second column names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A programming, query or markup language.
    Language,
    /// A library or framework.
    Framework,
    /// A product, platform, machine or instrument.
    Tool,
    /// A way of working, technique or standard.
    Method,
    /// A field of knowledge.
    Domain,
    /// A soft skill.
    Soft,
    /// A certificate, licence or other credential.
    Certificate,
    /// A human language.
    Spoken,
}

impl Kind {
    /// All names, in the order of the variants.
    pub const NAMES: [&'static str; 8] =
        ["language", "framework", "tool", "method", "domain", "soft", "certificate", "spoken"];

    /// The kind of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let kind = match name {
            "language" => Self::Language,
            "framework" => Self::Framework,
            "tool" => Self::Tool,
            "method" => Self::Method,
            "domain" => Self::Domain,
            "soft" => Self::Soft,
            "certificate" => Self::Certificate,
            "spoken" => Self::Spoken,
            _ => return None,
        };
        Some(kind)
    }

    /// Words that introduce skills of this kind, normalised: they support an ambiguous name in the same line.
    pub(super) fn cues(self) -> &'static [&'static str] {
        match self {
            Self::Language => LANGUAGE_CUES,
            Self::Framework => FRAMEWORK_CUES,
            Self::Tool => TOOL_CUES,
            Self::Method => METHOD_CUES,
            Self::Domain => DOMAIN_CUES,
            Self::Soft => SOFT_CUES,
            Self::Certificate => CERTIFICATE_CUES,
            Self::Spoken => SPOKEN_CUES,
        }
    }
}

const LANGUAGE_CUES: &[&str] = &[
    "programming",
    "language",
    "languages",
    "coding",
    "code",
    "developer",
    "scripting",
    "scripts",
    "software",
    "stack",
    "backend",
    "compiler",
    "programmer",
    "engineer",
];
const FRAMEWORK_CUES: &[&str] = &[
    "framework",
    "frameworks",
    "library",
    "libraries",
    "stack",
    "developer",
    "backend",
    "frontend",
    "microservices",
];
const TOOL_CUES: &[&str] = &[
    "tool",
    "tools",
    "software",
    "platform",
    "platforms",
    "technologies",
    "systems",
    "proficient",
    "proficiency",
    "using",
    "certified",
    "configuration",
    "administration",
];
const METHOD_CUES: &[&str] =
    &["method", "methods", "methodology", "methodologies", "principles", "techniques", "certified"];
const DOMAIN_CUES: &[&str] = &["knowledge", "experience", "background", "field", "degree", "understanding"];
const SOFT_CUES: &[&str] = &["skills", "strong", "ability", "excellent"];
const CERTIFICATE_CUES: &[&str] = &[
    "certified",
    "certificate",
    "certification",
    "certifications",
    "certificates",
    "license",
    "licensed",
    "licence",
    "licenses",
    "credential",
    "credentials",
    "registered",
    "exam",
];
const SPOKEN_CUES: &[&str] = &[
    "fluent",
    "fluency",
    "native",
    "bilingual",
    "speak",
    "speaks",
    "speaking",
    "spoken",
    "languages",
    "language",
    "written",
    "conversational",
    "proficiency",
    "intermediate",
    "basic",
    "advanced",
    "mother",
    "a1",
    "a2",
    "b1",
    "b2",
    "c1",
    "c2",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_kind_and_serialises_to_itself() {
        for name in Kind::NAMES {
            let kind = Kind::from_name(name).unwrap();
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{name:?}"));
        }
        assert_eq!(Kind::from_name("talent"), None);
    }
}
