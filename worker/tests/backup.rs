//! Backups and restores on a real Postgres and a real S3 server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Instant;

use bytes::Bytes;
use platform::config::{Env, ObjectStorageConfig};
use platform::env_vars as var;
use platform::storage::Storage;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};
use support::{BackEnd, DEADLINE, command, run, variables};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "YmFja3VwcyBhcmUgc2lnbmVkIHdpdGggdGhpcyBrZXkh";

type Variables = BTreeMap<&'static str, String>;

/// The variables of `back_end` and of a new bucket for its backups.
async fn with_backups(mut variables: Variables) -> Variables {
    let bucket = test_services::unique_name("backups");
    Storage::open(ObjectStorageConfig { bucket: bucket.clone(), ..storage_config(&variables) })
        .unwrap()
        .ensure_bucket()
        .await
        .unwrap();
    let storage = test_services::object_storage();
    let (id, secret) = storage.credentials();
    variables.extend([
        (var::RM_BACKUP_ENDPOINT, storage.endpoint()),
        (var::RM_BACKUP_BUCKET, bucket),
        (var::RM_BACKUP_ACCESS_KEY_ID, id.to_owned()),
        (var::RM_BACKUP_SECRET_ACCESS_KEY, secret.to_owned()),
        (var::RM_BACKUP_SIGNING_KEY, KEY.to_owned()),
        (var::RM_BACKUP_RETRY_SECONDS, "1".to_owned()),
    ]);
    variables
}

fn storage_config(variables: &Variables) -> ObjectStorageConfig {
    ObjectStorageConfig::from_env(&Env::from_pairs(
        variables.iter().map(|(name, value)| (*name, value.clone())),
    ))
    .unwrap()
}

/// An empty installation beside `variables` that has the same backups.
async fn elsewhere(variables_of: &Variables) -> Variables {
    let mut other = variables().await;
    for (name, value) in variables_of.iter().filter(|(name, _)| name.starts_with("RM_BACKUP_")) {
        other.insert(name, value.clone());
    }
    other.insert(var::RM_BACKUP_PREFIX, prefix(variables_of));
    other
}

fn prefix(variables: &Variables) -> String {
    variables.get(var::RM_BACKUP_PREFIX).unwrap_or(&variables[var::RM_INSTALLATION]).clone()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command that must succeed, and returns what it prints.
fn done(variables: &Variables, words: &[&str]) -> Value {
    let output = run(variables, words);
    assert!(output.status.success(), "{words:?}: {}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a command that must fail with `code`, and returns the reason.
fn failed(variables: &Variables, words: &[&str], code: i32) -> String {
    let output = run(variables, words);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
    told
}

fn backup(variables: &Variables) -> (String, Value) {
    let manifest = done(variables, &["backup"]);
    (manifest["id"].as_str().unwrap().to_owned(), manifest)
}

/// Where the server keeps a file of the backups.
fn file(variables: &Variables, path: &str) -> PathBuf {
    let key = format!("{}/{path}", prefix(variables));
    test_services::object_storage().file_of(&variables[var::RM_BACKUP_BUCKET], &key).unwrap()
}

/// What `worker verify` says of each table: rows and checksum.
fn tables(variables: &Variables) -> Value {
    let mut report = done(variables, &["verify", "--output", "json"]);
    // A restored database has its migrations at other times.
    report["tables"].take()
}

async fn owner(variables: &Variables) -> PgConnection {
    let mut owner = PgConnection::connect(&variables[var::DATABASE_OWNER_URL]).await.unwrap();
    owner.execute("SET app.maintenance = 'on'").await.unwrap();
    owner
}

async fn rows(variables: &Variables, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(&mut owner(variables).await).await.unwrap()
}

/// An installation with some data and a bucket for its backups.
async fn filled() -> (BackEnd, Variables) {
    let back_end = BackEnd::start().await;
    let variables = with_backups(back_end.variables.clone()).await;
    for n in 0..5 {
        back_end.upload_resume(&format!("{n}.txt"), format!("Person number {n}").into_bytes()).await;
    }
    back_end.upload_job("job.txt", b"A job \\. with \t odd \xC3\xBC bytes\n\\.\n".to_vec()).await;
    (back_end, variables)
}

#[tokio::test]
async fn a_backup_brings_back_every_row_and_file_elsewhere() {
    let (_back_end, here) = filled().await;
    let (id, manifest) = backup(&here);
    assert_eq!(manifest["objects"]["count"], 6);
    assert_eq!(manifest["objects"]["copied"], 6);
    assert_eq!(manifest["tables"]["resumes"]["rows"], 5);

    let there = elsewhere(&here).await;
    // A new installation is migrated, and its worker has done its chores before anybody asks for a restore.
    assert!(run(&there, &["migrate", "up"]).status.success());
    let mut fresh = owner(&there).await;
    fresh.execute("SET app.janitor = 'on'").await.unwrap();
    fresh.execute("INSERT INTO schedules (name) VALUES ('purge_sessions')").await.unwrap();
    let restored = done(&there, &["restore", &id]);
    assert_eq!(restored["verification"]["damage"], 0, "{restored:#}");
    assert_eq!(restored["objects_restored"], 6);
    assert!(restored["recovery_ms"].as_u64().unwrap() > 0);
    assert_eq!(tables(&there), tables(&here));
    // The application's own role works there too.
    assert!(run(&there, &["migrate", "status"]).status.success());
    // It is no longer empty.
    let reason = failed(&there, &["restore", &id], 2);
    assert!(reason.contains("add --in-place to replace it"), "{reason}");
}

#[tokio::test]
async fn an_installation_is_compared_with_the_manifest_of_a_backup() {
    let (_back_end, here) = filled().await;
    let (id, _) = backup(&here);
    let same = done(&here, &["verify", "--output", "json", "--manifest", "latest"]);
    assert_eq!(same["damage"], 0, "{same}");
    owner(&here).await.execute("DELETE FROM resumes").await.unwrap();
    let output = run(&here, &["verify", "--output", "json", "--manifest", &id]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].to_string();
    assert!(findings.contains("manifest") && findings.contains("resumes"), "{findings}");
}

#[tokio::test]
async fn before_a_migration_there_is_a_backup_only_when_one_is_missing() {
    let (_back_end, here) = filled().await;
    let words = ["backup", "--kind", "safety", "--before-migration"];
    let output = run(&here, &words);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", told(&output));
    assert_eq!(done(&here, &["backups", "list", "--output", "json"]), serde_json::json!([]));
    // As if this version brought one migration more than the database has.
    let newest = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    owner(&here).await.execute(newest).await.unwrap();
    assert_eq!(done(&here, &words)["kind"], "safety");
    // The newest is named by itself, and pruning after a backup keeps both.
    let second = done(&here, &["backup", "--kind", "scheduled", "--prune"]);
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let proven = done(&here, &["backup", "verify", "latest"]);
    assert_eq!(proven["id"], second["id"]);
}

#[tokio::test]
async fn a_second_backup_copies_only_what_is_new() {
    let (back_end, here) = filled().await;
    let (first, _) = backup(&here);
    back_end.upload_resume("new.txt", b"Somebody new".to_vec()).await;
    let (second, manifest) = backup(&here);
    assert_eq!((&manifest["objects"]["count"], &manifest["objects"]["copied"]), (&7.into(), &1.into()));
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    let ids: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [first.as_str(), second.as_str()]);
    let shown = done(&here, &["backups", "show", &second]);
    assert_eq!(shown, manifest);
}

#[tokio::test]
async fn in_place_the_old_state_comes_back_and_the_new_one_is_kept_as_a_backup() {
    let (back_end, here) = filled().await;
    let (id, _) = backup(&here);
    let before = tables(&here);
    back_end.upload_resume("later.txt", b"Later".to_vec()).await;
    let restored = done(&here, &["restore", &id, "--in-place"]);
    assert_eq!(tables(&here), before);
    let safety = restored["safety_backup"].as_str().unwrap();
    done(&here, &["restore", safety, "--in-place"]);
    assert_eq!(rows(&here, "resumes").await, 6);
}

#[tokio::test]
async fn lost_and_damaged_files_are_mended_by_a_restore_and_no_reason_to_stop_a_backup() {
    let (back_end, here) = filled().await;
    let (good, _) = backup(&here);
    let lost = back_end.storage.put(back_end.tenant, Bytes::from_static(b"Person number 0")).await.unwrap();
    let changed =
        back_end.storage.put(back_end.tenant, Bytes::from_static(b"Person number 1")).await.unwrap();
    back_end.storage.delete(&lost.key).await.unwrap();
    back_end.storage.put_at(&changed.key, Bytes::from_static(b"Person number X")).await.unwrap();
    back_end.upload_resume("gone.txt", b"gone".to_vec()).await;
    let gone = back_end.storage.put(back_end.tenant, Bytes::from_static(b"gone")).await.unwrap();
    back_end.storage.delete(&gone.key).await.unwrap();
    let (_, manifest) = backup(&here);
    assert_eq!(manifest["objects"]["missing"], 1, "an earlier backup has the two others");
    let restored = done(&here, &["restore", &good, "--in-place"]);
    assert_eq!(restored["objects_restored"], 2);
    assert_eq!(run(&here, &["verify"]).status.code(), Some(0));
}

#[tokio::test]
async fn a_damaged_backup_is_found_and_never_restored() {
    let (_back_end, here) = filled().await;
    let (id, manifest) = backup(&here);
    let there = elsewhere(&here).await;
    assert_eq!(done(&here, &["backup", "verify", &id])["ok"], true);

    // A file with other bytes.
    let listed = std::fs::read_to_string(file(&here, &format!("backups/{id}/objects.jsonl"))).unwrap();
    let line: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let (first, rest) = line["sha256"].as_str().unwrap().split_at(2);
    let path = file(&here, &format!("objects/{first}/{rest}"));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, vec![b'x'; bytes.len()]).unwrap();
    let reason = failed(&here, &["backup", "verify", &id], 3);
    assert!(reason.contains(rest) && reason.contains("is damaged"), "{reason}");
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    assert_eq!(listed[0]["verification"]["ok"], false);
    std::fs::write(&path, bytes).unwrap();

    // A dump that ends early, and one of the right size with a bit that fell over.
    let dump = file(&here, &format!("backups/{id}/database.dump"));
    let whole = std::fs::read(&dump).unwrap();
    assert_eq!(manifest["database"]["size"], whole.len());
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 1;
    for broken in [&whole[..whole.len() - 1000], &flipped] {
        std::fs::write(&dump, broken).unwrap();
        let reason = failed(&here, &["backup", "verify", &id, "--restore"], 3);
        assert!(reason.contains("database.dump is damaged"), "{reason}");
        failed(&there, &["restore", &id], 1);
        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&mut owner(&there).await)
            .await
            .unwrap();
        assert_eq!(tables, 0, "nothing of a damaged dump is left");
    }
    std::fs::write(&dump, whole).unwrap();

    // A manifest that someone changed, and one that another key signed.
    let path = file(&here, &format!("backups/{id}/manifest.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"rows\": 5", "\"rows\": 6")).unwrap();
    let reason = failed(&there, &["restore", &id], 2);
    assert!(reason.contains("the signature of backups/"), "{reason}");
    std::fs::write(&path, text).unwrap();
    let mut stranger = there.clone();
    stranger.insert(var::RM_BACKUP_SIGNING_KEY, KEY.replace('Y', "Z"));
    failed(&stranger, &["restore", &id], 2);
    done(&there, &["restore", &id]);
}

#[tokio::test]
async fn a_backup_is_proven_by_restoring_it_into_a_scratch_database() {
    let (_back_end, mut here) = filled().await;
    let (id, _) = backup(&here);
    // The owner may not create databases here, which the message says.
    let reason = failed(&here, &["backup", "verify", &id, "--restore"], 1);
    assert!(reason.contains("permission denied to create database"), "{reason}");
    let scratch = test_services::postgres().create_database().await.unwrap();
    here.insert(var::RM_BACKUP_SCRATCH_URL, scratch.superuser_url.clone());
    let verification = done(&here, &["backup", "verify", &id, "--restore"]);
    assert_eq!(verification["ok"], true);
    assert!(verification["restore"]["rows"].as_u64().unwrap() > 10, "{verification}");
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    assert_eq!(listed[0]["verification"]["restore"], verification["restore"]);
}

#[tokio::test]
async fn a_bucket_that_is_missing_and_a_key_that_is_wrong_are_told_apart() {
    let (_back_end, here) = filled().await;
    let mut no_bucket = here.clone();
    no_bucket.insert(var::RM_BACKUP_BUCKET, "not-there".to_owned());
    let reason = failed(&no_bucket, &["backup"], 2);
    assert!(reason.contains("the bucket \"not-there\" for backups is not there"), "{reason}");
    let mut wrong_key = here.clone();
    wrong_key.insert(var::RM_BACKUP_SECRET_ACCESS_KEY, "hunter2".to_owned());
    let reason = failed(&wrong_key, &["backup"], 2);
    assert!(reason.contains("refuses the key") && !reason.contains("hunter2"), "{reason}");
}

/// Stands between a program and a server: lets bytes through until it is told to hold them.
struct Gate {
    address: String,
    closed: tokio::sync::watch::Sender<bool>,
    through: tokio::sync::watch::Receiver<u64>,
}

impl Gate {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (closed, is_closed) = tokio::sync::watch::channel(false);
        let (count, through) = tokio::sync::watch::channel(0_u64);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, is_closed, count) = (server.clone(), is_closed.clone(), count.clone());
                tokio::spawn(async move { pass(client, server, is_closed, count).await });
            }
        });
        Self { address, closed, through }
    }

    fn close(&self) {
        self.closed.send(true).unwrap();
    }

    /// Waits until so many bytes went to the server.
    async fn sent(&mut self, bytes: u64) {
        tokio::time::timeout(DEADLINE, self.through.wait_for(|sent| *sent >= bytes)).await.unwrap().unwrap();
    }
}

/// Ends when either side does, or at once when the gate is closed.
async fn pass(
    mut client: TcpStream,
    server: String,
    mut is_closed: tokio::sync::watch::Receiver<bool>,
    count: tokio::sync::watch::Sender<u64>,
) {
    if *is_closed.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = tokio::io::AsyncReadExt::read(&mut from_client, &mut piece).await.unwrap_or(0);
            if read == 0 || to_server.write_all(&piece[..read]).await.is_err() {
                return;
            }
            count.send_modify(|sent| *sent += read as u64);
        }
    };
    let down = tokio::io::copy(&mut from_server, &mut to_client);
    tokio::select! {
        () = up => {}
        _ = down => {}
        _ = is_closed.wait_for(|closed| *closed) => {}
    }
}

/// A table whose dump has so many MiB that nothing compresses.
async fn fatten(variables: &Variables, mebibytes: i32) {
    let mut owner = owner(variables).await;
    owner.execute("CREATE TABLE IF NOT EXISTS filler (bytes text)").await.unwrap();
    sqlx::query(
        "INSERT INTO filler
         SELECT string_agg(encode(sha256(convert_to(n || ':' || k || random(), 'UTF8')), 'base64'), '')
         FROM generate_series(1, $1) AS n, generate_series(1, 24000) AS k GROUP BY n",
    )
    .bind(mebibytes)
    .execute(&mut owner)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_storage_that_goes_away_fails_the_backup_cleanly_and_the_next_one_works() {
    let (_back_end, here) = filled().await;
    fatten(&here, 24).await;
    let endpoint = here[var::RM_BACKUP_ENDPOINT].strip_prefix("http://").unwrap().to_owned();
    let mut gate = Gate::before(endpoint).await;
    let mut broken = here.clone();
    broken.insert(var::RM_BACKUP_ENDPOINT, format!("http://{}", gate.address));
    let child = command(&broken, &["backup"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    gate.sent(4 << 20).await;
    gate.close();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("the storage for backups does not answer"), "{}", told(&output));
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    assert!(listed.as_array().unwrap().iter().all(|one| one["state"] == "unfinished"), "{listed:#}");
    backup(&here);
}

#[tokio::test]
async fn a_killed_backup_leaves_none_and_does_not_stand_in_the_way() {
    let (_back_end, here) = filled().await;
    fatten(&here, 24).await;
    let mut slow = here.clone();
    slow.insert(var::RM_BACKUP_BANDWIDTH, "1000000".to_owned());
    let mut running = command(&slow, &["backup"]).stdout(Stdio::null()).spawn().unwrap();
    let mut watcher = owner(&here).await;
    wait_for_dump(&mut watcher).await;
    // While it runs, no second one begins, and nothing is pruned.
    for words in [&["backup"][..], &["backups", "prune"]] {
        let reason = failed(&here, words, 1);
        assert!(reason.contains("another backup, restore or pruning of this installation runs"), "{reason}");
    }
    kill_process(Pid::from_child(&running), Signal::KILL).unwrap();
    running.wait().unwrap();
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    assert!(listed.as_array().unwrap().iter().all(|one| one["state"] == "unfinished"), "{listed:#}");
    // The lock goes with the connection, which the server notices in its own time.
    let started = Instant::now();
    while !run(&here, &["backup"]).status.success() {
        assert!(started.elapsed() < DEADLINE, "the lock is not given back");
    }
}

/// Waits until `pg_dump` works on this database.
async fn wait_for_dump(watcher: &mut PgConnection) {
    let started = Instant::now();
    loop {
        let dumping: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%')",
        )
        .fetch_one(&mut *watcher)
        .await
        .unwrap();
        if dumping {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "no dump begins");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_that_drops_its_connections_fails_the_backup_cleanly() {
    let (_back_end, here) = filled().await;
    fatten(&here, 24).await;
    let mut slow = here.clone();
    slow.insert(var::RM_BACKUP_BANDWIDTH, "1000000".to_owned());
    let running = command(&slow, &["backup"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut watcher = owner(&here).await;
    wait_for_dump(&mut watcher).await;
    // As a restart does to every connection.
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()",
    )
    .fetch_one(&mut watcher)
    .await
    .unwrap();
    assert!(ended > 1);
    let output = tokio::task::spawn_blocking(|| running.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    assert!(listed.as_array().unwrap().iter().all(|one| one["state"] == "unfinished"), "{listed:#}");
    backup(&here);
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_the_old_data_and_can_be_repeated() {
    let (back_end, here) = filled().await;
    fatten(&here, 8).await;
    let (id, _) = backup(&here);
    let restored = tables(&here);
    back_end.upload_resume("later.txt", b"Later".to_vec()).await;
    let before = tables(&here);
    // Restoring waits for this reader when it has begun to replace the tables, so the moment to kill it is known.
    let mut reader = owner(&here).await;
    reader.execute("BEGIN").await.unwrap();
    reader.execute("SELECT FROM tenants").await.unwrap();
    let mut running = command(&here, &["restore", &id, "--in-place"]).stdout(Stdio::null()).spawn().unwrap();
    let mut watcher = owner(&here).await;
    let started = Instant::now();
    loop {
        let waits: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
             WHERE c.relname = 'tenants' AND l.mode = 'AccessExclusiveLock' AND NOT l.granted)",
        )
        .fetch_one(&mut watcher)
        .await
        .unwrap();
        if waits {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "the restore does not get to the tables");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    kill_process(Pid::from_child(&running), Signal::KILL).unwrap();
    running.wait().unwrap();
    reader.execute("COMMIT").await.unwrap();
    assert_eq!(tables(&here), before, "what was there is untouched");
    let started = Instant::now();
    while !run(&here, &["restore", &id, "--in-place"]).status.success() {
        assert!(started.elapsed() < DEADLINE, "the restore cannot be repeated");
    }
    assert_eq!(tables(&here), restored);
}

#[tokio::test]
async fn pruning_keeps_the_newest_and_the_proven_and_removes_the_rest() {
    let (_back_end, mut here) = filled().await;
    here.insert(var::RM_BACKUP_KEEP_DAYS, "0".to_owned());
    here.insert(var::RM_BACKUP_KEEP_LAST, "1".to_owned());
    let scratch = test_services::postgres().create_database().await.unwrap();
    here.insert(var::RM_BACKUP_SCRATCH_URL, scratch.superuser_url);
    let ids: Vec<String> = (0..4).map(|_| backup(&here).0).collect();
    done(&here, &["backup", "verify", &ids[1], "--restore"]);
    let planned = done(&here, &["backups", "prune", "--dry-run"]);
    assert_eq!(planned["backups"], serde_json::json!([ids[0], ids[2]]));
    let pruned = done(&here, &["backups", "prune"]);
    assert_eq!(pruned["backups"], planned["backups"]);
    let listed = done(&here, &["backups", "list", "--output", "json"]);
    let left: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(left, [ids[1].as_str(), ids[3].as_str()]);
    assert_eq!(done(&here, &["backup", "verify", &ids[3]])["ok"], true, "shared files stay");
}

#[tokio::test]
async fn client_tools_that_are_older_than_the_server_are_refused_by_name() {
    let (_back_end, mut here) = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("pg_dump");
    std::fs::write(&tool, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n").unwrap();
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    here.insert(var::RM_POSTGRES_TOOLS, folder.path().to_str().unwrap().to_owned());
    let reason = failed(&here, &["backup"], 2);
    assert!(reason.contains("no pg_dump of version") && reason.contains("RM_POSTGRES_TOOLS"), "{reason}");
}

#[tokio::test]
async fn files_that_are_deleted_meanwhile_do_not_make_a_torn_backup() {
    let (back_end, here) = filled().await;
    let storage_address = here[var::S3_ENDPOINT].strip_prefix("http://").unwrap().to_owned();
    let mut gate = Gate::before(storage_address).await;
    let mut watched = here.clone();
    watched.insert(var::S3_ENDPOINT, format!("http://{}", gate.address));
    // The snapshot is taken before the first file is asked for; the row and its file go right then.
    let doomed = back_end.upload_resume("doomed.txt", b"doomed".to_vec()).await.0;
    let running =
        command(&watched, &["backup"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    gate.sent(1).await;
    let stored = back_end.storage.put(back_end.tenant, Bytes::from_static(b"doomed")).await.unwrap();
    let mut owner = owner(&here).await;
    sqlx::query("DELETE FROM resumes WHERE id = $1").bind(doomed).execute(&mut owner).await.unwrap();
    back_end.storage.delete(&stored.key).await.unwrap();
    let output = tokio::task::spawn_blocking(|| running.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let manifest: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(manifest["objects"]["missing"], 0, "{manifest:#}");
    let there = elsewhere(&here).await;
    assert_eq!(done(&there, &["restore", manifest["id"].as_str().unwrap()])["verification"]["damage"], 0);
}

#[tokio::test]
async fn nothing_is_written_to_a_disk() {
    let (_back_end, mut here) = filled().await;
    fatten(&here, 8).await;
    let scratch = test_services::postgres().create_database().await.unwrap();
    here.insert(var::RM_BACKUP_SCRATCH_URL, scratch.superuser_url);
    // No process below this limit may write a byte to a file, wherever it is; a full or read-only disk is no harder.
    let diskless = |words: &[&str]| {
        let worker = command(&here, words);
        let mut limited = std::process::Command::new("prlimit");
        limited.args(["--fsize=0", "--"]).arg(worker.get_program()).args(worker.get_args()).env_clear();
        limited.envs(worker.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = limited.env("PATH", "/usr/bin").stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", told(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let manifest = diskless(&["backup"]);
    let id = manifest["id"].as_str().unwrap();
    assert_eq!(diskless(&["backup", "verify", id, "--restore"])["ok"], true);
    assert_eq!(diskless(&["restore", id, "--in-place"])["verification"]["damage"], 0);
}

#[tokio::test]
async fn a_slow_storage_is_waited_for() {
    let (_back_end, mut here) = filled().await;
    here.insert(var::RM_BACKUP_BANDWIDTH, "20000".to_owned());
    let started = Instant::now();
    let (id, manifest) = backup(&here);
    let bytes = manifest["database"]["size"].as_u64().unwrap();
    assert!(started.elapsed().as_secs() >= bytes / 20_000 / 2, "{bytes} bytes came too quickly");
    assert_eq!(done(&here, &["backup", "verify", &id])["ok"], true);
}
