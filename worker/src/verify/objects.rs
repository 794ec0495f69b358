//! Every object that a row names is there, with its hash and its size.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;
use platform::digest::Sha256Digest;
use platform::maintenance;
use platform::storage::{Storage, StorageError};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::report::{Finding, Report};
use super::{ObjectChecks, VerifyError, is_named_now, rows};

/// So many objects are read at a time.
const AT_ONCE: usize = 8;

/// Keys in few bytes: an installation may name millions.
pub(super) struct Named {
    keys: HashSet<[u8; 16]>,
    /// The tables whose rows name objects.
    pub(super) tables: Vec<String>,
}

impl Named {
    pub(super) fn contains(&self, key: &str) -> bool {
        self.keys.contains(&short(key))
    }
}

/// Half of a SHA-256: two of 10 million keys are alike with a probability of 10^-25.
fn short(key: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(Sha256Digest::of(key.as_bytes()).as_bytes()).for_each(|(to, from)| *to = *from);
    half
}

/// What a row says of an object.
type Expected = (String, Sha256Digest, i64);

/// Checks the objects that the rows of `snapshot` name, and returns their keys.
pub(super) async fn check(
    snapshot: &mut PgConnection,
    pool: &PgPool,
    storage: &Storage,
    how: ObjectChecks,
    report: &mut Report,
) -> Result<Named, VerifyError> {
    let tables = maintenance::object_tables(snapshot).await?;
    let mut named = Named { keys: HashSet::new(), tables };
    if named.tables.is_empty() {
        return Ok(named);
    }
    let sizes = if how == ObjectChecks::Sizes { listed_sizes(storage).await? } else { HashMap::new() };
    let query = rows::named_objects_query(&named.tables);
    let rows = sqlx::query_as::<_, Expected>(AssertSqlSafe(query)).fetch(snapshot).map_err(VerifyError::from);
    let checked = rows.map_ok(|expected| {
        let sizes = &sizes;
        async move {
            let wrong = match how {
                ObjectChecks::Full => read(storage, &expected).await?,
                _ => by_size(sizes, &expected),
            };
            Ok::<_, VerifyError>((expected, wrong))
        }
    });
    let mut checked = checked.try_buffer_unordered(AT_ONCE);
    let mut wrong = Vec::new();
    while let Some((expected, found)) = checked.try_next().await? {
        named.keys.insert(short(&expected.0));
        report.objects += 1;
        report.object_bytes += u64::try_from(expected.2).unwrap_or_default();
        wrong.extend(found.map(|detail| (expected.0, detail)));
    }
    drop(checked);
    for (key, detail) in wrong {
        // Its row may have gone since the snapshot was taken, and the object rightly with it.
        if is_named_now(pool, &named.tables, &key).await? {
            report.add(Finding::damage("object", key, detail));
        }
    }
    Ok(named)
}

/// What is wrong with the object, by its bytes.
async fn read(storage: &Storage, (key, sha256, size): &Expected) -> Result<Option<String>, StorageError> {
    match storage.hash(key).await {
        Ok((found, bytes)) if found == *sha256 && i64::try_from(bytes) == Ok(*size) => Ok(None),
        Ok((found, bytes)) if found == *sha256 => {
            Ok(Some(format!("it has {bytes} bytes and the row says {size}")))
        }
        Ok((found, bytes)) => {
            Ok(Some(format!("it is damaged: SHA-256 {found} of {bytes} bytes, expected {sha256} of {size}")))
        }
        Err(StorageError::NotFound { .. }) => Ok(Some("it is missing".to_owned())),
        Err(error) => Err(error),
    }
}

fn by_size(sizes: &HashMap<[u8; 16], u64>, (key, _, size): &Expected) -> Option<String> {
    match sizes.get(&short(key)) {
        Some(found) if i64::try_from(*found) == Ok(*size) => None,
        Some(found) => Some(format!("it has {found} bytes and the row says {size}")),
        None => Some("it is missing".to_owned()),
    }
}

async fn listed_sizes(storage: &Storage) -> Result<HashMap<[u8; 16], u64>, StorageError> {
    storage.list(super::orphans::PREFIX).map_ok(|entry| (short(&entry.key), entry.size)).try_collect().await
}
