//! The commands, a file each.

pub(crate) mod backup;
pub(crate) mod export;
pub(crate) mod extract;
pub(crate) mod index;
pub(crate) mod logs;
pub(crate) mod match_one;
pub(crate) mod parse;
pub(crate) mod rank;
pub(crate) mod release;
pub(crate) mod support_bundle;
