//! The skill taxonomy and how its names are found in text (docs/taxonomy.md).
//!
//! ```
//! let taxonomy = matching::skills::Taxonomy::builtin();
//! let mentions = taxonomy.find("Five years of PostgreSQL, no experience with Kubernetes");
//! assert_eq!(mentions[0].canonical, "PostgreSQL");
//! assert_eq!(mentions[0].years, Some(5.0));
//! assert!(mentions[1].negated);
//! ```

mod builtin;
// The build script's half: it compiles the taxonomy's files, the library only reads the result.
#[cfg(test)]
mod compile;
mod context;
mod find;
#[cfg(test)]
mod format;
pub(crate) mod found;
mod index;
mod kind;
pub(crate) mod normalise;
mod qualify;
mod taxonomy;
mod unknown;
mod usage;

pub use find::SkillMention;
pub use found::FoundSkill;
pub use kind::Kind;
pub(crate) use qualify::{is_year_word, number_before};
pub use taxonomy::{Relation, Skill, SkillId, Taxonomy};
pub use unknown::{Shape, SkillCandidate};
pub use usage::{Level, Period};
