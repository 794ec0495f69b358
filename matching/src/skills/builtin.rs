//! The tables that the build script compiled from `matching/taxonomy`.

use super::Kind;
use super::SkillId;
use super::index::{Name, NameIndex};
use super::taxonomy::{Pattern, Skill};

include!(concat!(env!("OUT_DIR"), "/taxonomy.rs"));
