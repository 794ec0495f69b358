//! Object storage on a real S3 server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use bytes::Bytes;
use platform::digest::Sha256Digest;
use platform::names::TenantId;
use platform::storage::{Storage, StorageError};
use support::{storage, storage_config};

#[tokio::test]
async fn what_is_put_comes_back_and_putting_it_again_changes_nothing() {
    let (storage, _) = storage().await;
    let tenant = TenantId::new();
    let bytes = Bytes::from_static(b"%PDF-1.7 resume");
    let first = storage.put(tenant, bytes.clone()).await.unwrap();
    assert_eq!(storage.put(tenant, bytes.clone()).await.unwrap(), first);
    assert_eq!(first.size, 15);
    assert_eq!(first.sha256, Sha256Digest::of(&bytes));
    assert_eq!(storage.get(&first.key, first.sha256).await.unwrap(), bytes);
    storage.check().await.unwrap();
}

#[tokio::test]
async fn the_same_bytes_of_two_tenants_are_two_objects() {
    let (storage, _) = storage().await;
    let bytes = Bytes::from_static(b"same");
    let mine = storage.put(TenantId::new(), bytes.clone()).await.unwrap();
    let yours = storage.put(TenantId::new(), bytes.clone()).await.unwrap();
    storage.delete(&mine.key).await.unwrap();
    storage.delete(&mine.key).await.unwrap();
    assert!(matches!(storage.get(&mine.key, mine.sha256).await, Err(StorageError::NotFound { .. })));
    assert_eq!(storage.get(&yours.key, yours.sha256).await.unwrap(), bytes);
}

#[tokio::test]
async fn damaged_bytes_are_noticed() {
    let (storage, bucket) = storage().await;
    let stored = storage.put(TenantId::new(), Bytes::from_static(b"whole")).await.unwrap();
    let file = test_services::object_storage().file_of(&bucket, &stored.key).unwrap();
    std::fs::write(&file, b"holed").unwrap();
    match storage.get(&stored.key, stored.sha256).await {
        Err(StorageError::Damaged { expected, found, .. }) => {
            assert_eq!((expected, found), (stored.sha256, Sha256Digest::of(b"holed")));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bucket_is_made_once() {
    let (storage, _) = storage().await;
    assert!(!storage.ensure_bucket().await.unwrap());
}

#[tokio::test]
async fn wrong_credentials_are_told_from_a_missing_bucket() {
    let server = test_services::object_storage();
    let bucket = test_services::unique_name("b");
    let mut config = storage_config(server, &bucket);
    assert!(matches!(Storage::open(config.clone()).unwrap().check().await, Err(StorageError::Request(_))));
    let pair = config.credentials.as_mut().unwrap();
    pair.secret_access_key = secrecy::SecretString::from("wrong");
    match Storage::open(config).unwrap().ensure_bucket().await {
        Err(StorageError::MakeBucket { reason, .. }) => assert!(reason.contains("403"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stopped_server_fails_the_check() {
    let server = test_services::ObjectStorage::start().unwrap();
    let storage = Storage::open(storage_config(&server, "resumes")).unwrap();
    storage.ensure_bucket().await.unwrap();
    storage.check().await.unwrap();
    server.stop();
    assert!(matches!(storage.check().await, Err(StorageError::Request(_))));
}
