//! Backups: one consistent set of database and objects, signed, proven and restored.
//!
//! In the bucket, below the installation's prefix:
//!
//! | path | what |
//! |---|---|
//! | `objects/<2 digits>/<62 digits>` | a file by its SHA-256, shared by all backups |
//! | `backups/<id>/database.dump` | `pg_dump`'s custom format |
//! | `backups/<id>/objects.jsonl` | which objects the rows name |
//! | `backups/<id>/manifest.json`, `.sig` | what the backup consists of; written last, so without it there is no backup |
//! | `backups/<id>/verification.json`, `.sig` | the last proof that it can be restored |

pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod create;
mod dump;
pub(crate) mod error;
pub(crate) mod lock;
pub(crate) mod manifest;
mod objects;
pub(crate) mod prune;
pub(crate) mod report;
pub(crate) mod restore;
mod retention;
mod script;
pub(crate) mod store;
mod throttle;
mod tools;
mod upload;
