//! The taxonomy in memory: its entries, how they stand to each other, and the index of their names.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::index::{Name, NameIndex};
use super::{Kind, builtin};

/// Number of a skill within one version of the taxonomy; across versions use [`Skill::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SkillId(pub(super) u32);

/// One skill.
#[derive(Debug)]
pub struct Skill {
    /// Canonical name, unique.
    pub name: &'static str,
    /// The field that it belongs to: the name of the file that lists it, up to the first hyphen.
    pub domain: &'static str,
    /// What kind of skill it is.
    pub kind: Kind,
    /// Everything that it implies, at any distance, in order of number.
    pub implies: &'static [SkillId],
    /// Its neighbours, named in either of the two lines.
    pub related: &'static [SkillId],
    pub(super) cues: &'static [&'static str],
    pub(super) never: &'static [&'static str],
}

/// How one skill stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// They are one.
    Same,
    /// Whoever has the first has the second.
    Implies,
    /// Whoever has the second has the first: the first is the wider one.
    ImpliedBy,
    /// Neighbours.
    Related,
    /// Nothing is said about them.
    None,
}

/// One name of a skill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    pub(super) skill: SkillId,
    pub(super) name: Name,
}

/// All skills, and the means to find them.
#[derive(Debug)]
pub struct Taxonomy {
    pub(super) skills: &'static [Skill],
    by_name: HashMap<&'static str, SkillId>,
    /// For each skill how many others imply it.
    spread: Vec<u32>,
    pub(super) patterns: &'static [Pattern],
    pub(super) index: NameIndex,
    version: &'static str,
}

impl Taxonomy {
    /// The taxonomy that this version of the crate carries, compiled by its build script.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Taxonomy> = LazyLock::new(Taxonomy::load);
        &BUILTIN
    }

    /// Reads the compiled tables; only the map of names is made at run time.
    pub(super) fn load() -> Self {
        Self::new(builtin::SKILLS, builtin::PATTERNS, builtin::INDEX, builtin::VERSION)
    }

    pub(super) fn new(
        skills: &'static [Skill],
        patterns: &'static [Pattern],
        index: NameIndex,
        version: &'static str,
    ) -> Self {
        let by_name = (0..).map(SkillId).zip(skills).map(|(id, skill)| (skill.name, id)).collect();
        let mut spread = vec![0_u32; skills.len()];
        for wider in skills.iter().flat_map(|skill| skill.implies) {
            if let Some(count) = spread.get_mut(wider.0 as usize) {
                *count += 1;
            }
        }
        Self { skills, by_name, spread, patterns, index, version }
    }

    /// First 16 hexadecimal digits of the SHA-256 of the files.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version
    }

    /// How many skills there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.skills.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    /// The skill of that number, if this taxonomy gave the number.
    #[must_use]
    pub fn get(&self, id: SkillId) -> Option<&Skill> {
        self.skills.get(id.0 as usize)
    }

    /// The skill of that canonical name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<SkillId> {
        self.by_name.get(name).copied()
    }

    /// Every skill with its number, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SkillId, &Skill)> {
        (0..).map(SkillId).zip(self.skills)
    }

    /// How `a` stands to `b`.
    #[must_use]
    pub fn relation(&self, a: SkillId, b: SkillId) -> Relation {
        if a == b {
            return Relation::Same;
        }
        let (Some(first), Some(second)) = (self.get(a), self.get(b)) else { return Relation::None };
        if first.implies.binary_search(&b).is_ok() {
            Relation::Implies
        } else if second.implies.binary_search(&a).is_ok() {
            Relation::ImpliedBy
        } else if first.related.binary_search(&b).is_ok() {
            Relation::Related
        } else {
            Relation::None
        }
    }

    /// How many other skills imply it.
    #[must_use]
    pub fn spread(&self, id: SkillId) -> u32 {
        self.spread.get(id.0 as usize).copied().unwrap_or(u32::MAX)
    }

    /// The narrowest skill that two products or languages imply, if it is narrow enough that having one helps with the other:
    /// "computer-aided design" is, "scientific software" is not.
    #[must_use]
    pub fn family(&self, a: SkillId, b: SkillId) -> Option<SkillId> {
        /// Of more skills than this a common parent says nothing.
        const WIDEST: u32 = 400;
        let (first, second) = (self.get(a)?, self.get(b)?);
        let made = |skill: &Skill| matches!(skill.kind, Kind::Tool | Kind::Framework | Kind::Language);
        if !made(first) || !made(second) {
            return None;
        }
        let spread = |id: &SkillId| self.spread(*id);
        let shared = first.implies.iter().filter(|id| second.implies.binary_search(id).is_ok());
        shared.copied().filter(|id| spread(id) <= WIDEST).min_by_key(|id| (spread(id), *id))
    }
}
