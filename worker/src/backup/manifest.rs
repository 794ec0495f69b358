//! What a backup consists of, and the signature that vouches for it.

use std::collections::BTreeMap;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform::digest::Sha256Digest;
use platform::timestamp::Timestamp;
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::error::BackupError;
use super::store::BackupStore;
use crate::verify::report::TableSum;

/// The layout that this version writes, and the newest that it reads.
const FORMAT: u32 = 1;
/// Separates these signatures from anything else that the key may sign.
const LABEL: &[u8] = b"resume-matcher backup document v1\0";

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// By its schedule.
    Scheduled,
    /// Because a person asked.
    Manual,
    /// Before a restore, or before a migration, changes the database.
    Safety,
}

/// An object of the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) sha256: Sha256Digest,
    /// Bytes.
    pub(crate) size: u64,
}

/// The files that the rows name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Objects {
    /// `objects.jsonl`: one [`ObjectLine`] a line.
    pub(crate) list: Part,
    /// How many different keys.
    pub(crate) count: u64,
    /// Bytes of all.
    pub(crate) bytes: u64,
    /// How many of them the installation had lost or damaged already.
    pub(crate) missing: u64,
    /// How many this backup had to copy; the others were there from earlier ones.
    pub(crate) copied: u64,
    /// Bytes of these.
    pub(crate) copied_bytes: u64,
}

/// One line of `objects.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectLine {
    /// Key in the installation's bucket.
    pub(crate) key: String,
    pub(crate) sha256: Sha256Digest,
    pub(crate) size: u64,
    /// The installation did not have it whole, so the backup does not have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) missing: bool,
}

/// A complete backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) id: String,
    pub(crate) installation: String,
    pub(crate) kind: Kind,
    /// When the snapshot was taken, by the database's clock: what was written later is not in it.
    pub(crate) created_at: Timestamp,
    /// Version of the worker that made it.
    pub(crate) app_version: String,
    /// The newest migration that the database has.
    pub(crate) schema_version: i64,
    /// Major version of the server.
    pub(crate) postgres: u32,
    /// Major version of `pg_dump`; an older `pg_restore` may not read it.
    pub(crate) pg_dump: u32,
    pub(crate) database: Part,
    pub(crate) objects: Objects,
    /// Rows and checksum of each table, from the same snapshot as the dump.
    pub(crate) tables: BTreeMap<String, TableSum>,
    /// How long making it took.
    pub(crate) duration_ms: u64,
}

impl Manifest {
    pub(crate) const FORMAT: u32 = FORMAT;
}

pub(crate) fn folder(id: &str) -> String {
    format!("backups/{id}")
}

pub(crate) fn manifest_path(id: &str) -> String {
    format!("{}/manifest.json", folder(id))
}

pub(crate) fn verification_path(id: &str) -> String {
    format!("{}/verification.json", folder(id))
}

pub(crate) fn dump_path(id: &str) -> String {
    format!("{}/database.dump", folder(id))
}

pub(crate) fn list_path(id: &str) -> String {
    format!("{}/objects.jsonl", folder(id))
}

/// Where a file lies in the backup, by its hash.
pub(crate) fn object_path(sha256: Sha256Digest) -> String {
    let digits = sha256.to_string();
    let (first, rest) = digits.split_at(2);
    format!("objects/{first}/{rest}")
}

/// Reads the manifest of the backup `id`, which must be signed with `key`.
pub(crate) async fn read(
    store: &BackupStore,
    key: &SecretSlice<u8>,
    id: &str,
) -> Result<Manifest, BackupError> {
    let manifest: Manifest = read_signed(store, key, &manifest_path(id)).await?;
    if manifest.id != id {
        let reason = format!("it is the manifest of {}", manifest.id);
        return Err(BackupError::Unreadable { what: manifest_path(id), reason });
    }
    Ok(manifest)
}

/// Writes `document` as JSON, its signature first: so where the document is, its signature is.
pub(crate) async fn write_signed<T: Serialize>(
    store: &BackupStore,
    key: &SecretSlice<u8>,
    path: &str,
    document: &T,
) -> Result<(), BackupError> {
    let mut text = serde_json::to_vec_pretty(document)?;
    text.push(b'\n');
    let signature = format!("hmac-sha256 {}\n", sign(key, &text));
    store.put(&format!("{path}.sig"), Bytes::from(signature)).await?;
    store.put(path, Bytes::from(text)).await
}

/// Reads a document of [`write_signed`].
pub(crate) async fn read_signed<T: DeserializeOwned>(
    store: &BackupStore,
    key: &SecretSlice<u8>,
    path: &str,
) -> Result<T, BackupError> {
    let text = store.get(path).await?;
    let signature = store.get(&format!("{path}.sig")).await?;
    let given: Option<Sha256Digest> = std::str::from_utf8(&signature)
        .ok()
        .and_then(|line| line.trim().strip_prefix("hmac-sha256 "))
        .and_then(|digits| digits.parse().ok());
    match given {
        Some(given) if verifies(key, &text, given) => {}
        _ => return Err(BackupError::Signature(path.to_owned())),
    }
    let unreadable = |reason: String| BackupError::Unreadable { what: path.to_owned(), reason };
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or_default();
    if format > u64::from(FORMAT) {
        return Err(unreadable(format!("its format is {format}; use a newer worker")));
    }
    serde_json::from_value(value).map_err(|error| unreadable(error.to_string()))
}

fn mac(key: &SecretSlice<u8>, text: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length; those above a block are hashed, as RFC 2104 says.
    let mut block = [0_u8; 64];
    let secret = key.expose_secret();
    let hashed = Sha256Digest::of(secret);
    let short: &[u8] = if secret.len() > 64 { hashed.as_bytes() } else { secret };
    block.iter_mut().zip(short).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(LABEL);
    mac.update(text);
    mac
}

fn sign(key: &SecretSlice<u8>, text: &[u8]) -> Sha256Digest {
    Sha256Digest::from(<[u8; 32]>::from(mac(key, text).finalize().into_bytes()))
}

/// In constant time.
fn verifies(key: &SecretSlice<u8>, text: &[u8], given: Sha256Digest) -> bool {
    mac(key, text).verify_slice(given.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_its_text_and_key_only() {
        let key = |byte: u8| SecretSlice::from(vec![byte; 32]);
        let signature = sign(&key(1), b"text");
        assert!(verifies(&key(1), b"text", signature));
        assert!(!verifies(&key(1), b"texT", signature));
        assert!(!verifies(&key(2), b"text", signature));
    }

    #[test]
    fn an_object_lies_under_its_hash() {
        let path = object_path(Sha256Digest::of(b"abc"));
        assert_eq!(path, "objects/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
