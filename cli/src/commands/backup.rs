//! `backup`, `backups` and `restore`: asks the operator by objects, through kubectl, with the rights and the configuration of
//! whoever runs it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::{BackupArgs, Installation, Output, RestoreArgs, Waiting};
use crate::kubectl::{kubectl, kubectl_with, object};
use crate::printer;
use crate::settings::Settings;

/// The kinds, in full, so that no others of a like name are meant.
const BACKUPS: &str = "resumematcherbackups.resumematcher.io";
const RESTORES: &str = "resumematcherrestores.resumematcher.io";
/// How often an object is looked at.
const POLL: Duration = Duration::from_secs(1);

/// Asks for a backup.
pub(crate) fn backup(settings: &Settings, args: &BackupArgs) -> Result<()> {
    let of = &args.installation;
    let spec = json!({"resumeMatcher": {"name": of.name}, "verify": args.verify});
    let name = create(of, "ResumeMatcherBackup", spec)?;
    ended(settings, of, (BACKUPS, &name), args.waiting)
}

/// Asks for a restore.
pub(crate) fn restore(settings: &Settings, args: &RestoreArgs) -> Result<()> {
    let of = &args.installation;
    let mut spec = json!({"resumeMatcher": {"name": of.name}, "backup": args.backup});
    if args.in_place {
        let target = object(of)?;
        let uid = target.pointer("/metadata/uid").and_then(Value::as_str).context("the object has no UID")?;
        if let Some(spec) = spec.as_object_mut() {
            spec.insert("inPlace".to_owned(), json!({"targetUid": uid}));
        }
    }
    let name = create(of, "ResumeMatcherRestore", spec)?;
    ended(settings, of, (RESTORES, &name), args.waiting)
}

/// Makes the object and gives its name.
fn create(of: &Installation, kind: &str, spec: Value) -> Result<String> {
    let body = json!({
        "apiVersion": "resumematcher.io/v1alpha1",
        "kind": kind,
        "metadata": {"generateName": format!("{}-", of.name)},
        "spec": spec,
    });
    let made = kubectl_with(of, &["create", "--output", "json", "--filename", "-"], &body.to_string())?;
    let made: Value = serde_json::from_str(&made).context("kubectl did not print JSON")?;
    let name = made.pointer("/metadata/name").and_then(Value::as_str).context("the object has no name")?;
    Ok(name.to_owned())
}

/// Waits until the object has ended, tells of each step on standard error, and prints what came of it.
fn ended(settings: &Settings, of: &Installation, (kind, name): (&str, &str), waiting: Waiting) -> Result<()> {
    if waiting.no_wait {
        return printer::line(name);
    }
    let until = Instant::now() + Duration::from_secs(u64::from(waiting.timeout));
    let mut told = String::new();
    loop {
        let text = kubectl(of, &["get", kind, name, "--output", "json"])?;
        let object: Value = serde_json::from_str(&text).context("kubectl did not print JSON")?;
        let text = |field: &str| {
            object.pointer(&format!("/status/{field}")).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (phase, message) = (text("phase"), text("message"));
        let now = format!("{name}: {phase} {message}").trim_end().to_owned();
        match phase.as_str() {
            "Completed" => return print(settings, name, object.pointer("/status")),
            "Failed" => bail!("{name} failed: {message}"),
            _ if Instant::now() > until => bail!("{now}; it goes on, and is no longer waited for"),
            _ if now != told => {
                printer::note(&now);
                told = now;
            }
            _ => {}
        }
        std::thread::sleep(POLL);
    }
}

fn print(settings: &Settings, name: &str, status: Option<&Value>) -> Result<()> {
    match settings.output {
        Output::Json => printer::json(&status),
        Output::Text => printer::line(fields(name, status).trim_end()),
    }
}

/// The plain fields of a status, one a line.
fn fields(name: &str, status: Option<&Value>) -> String {
    let mut out = format!("{name}\n");
    for (field, value) in status.and_then(Value::as_object).into_iter().flatten() {
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {field:<22} {shown}");
    }
    out
}

/// What is known of an installation's backups: what its status says, and the backups and restores that were asked for.
pub(crate) fn backups(settings: &Settings, of: &Installation) -> Result<()> {
    let installation = object(of)?;
    let list = |kind: &str| -> Result<Vec<Value>> {
        let text = kubectl(of, &["get", kind, "--output", "json"])?;
        let list: Value = serde_json::from_str(&text).context("kubectl did not print JSON")?;
        let items = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let meant =
            |item: &Value| item.pointer("/spec/resumeMatcher/name").and_then(Value::as_str) == Some(&of.name);
        Ok(items.into_iter().filter(meant).collect())
    };
    let (asked, restores) = (list(BACKUPS)?, list(RESTORES)?);
    match settings.output {
        Output::Json => printer::json(&json!({
            "lastBackup": installation.pointer("/status/lastBackup"),
            "lastVerifiedBackup": installation.pointer("/status/lastVerifiedBackup"),
            "lastBackupFailure": installation.pointer("/status/lastBackupFailure"),
            "backups": asked,
            "restores": restores,
        })),
        Output::Text => printer::line(screen(&installation, &asked, &restores).trim_end()),
    }
}

fn screen(installation: &Value, asked: &[Value], restores: &[Value]) -> String {
    let mut out = String::new();
    for (title, field) in [
        ("last backup", "lastBackup"),
        ("last proven by a restore", "lastVerifiedBackup"),
        ("last failure", "lastBackupFailure"),
    ] {
        if let Some(status) = installation.pointer(&format!("/status/{field}")) {
            out.push_str(&fields(title, Some(status)));
        }
    }
    if out.is_empty() {
        out.push_str("no backup was made yet\n");
    }
    for (title, items) in [("backups that were asked for", asked), ("restores", restores)] {
        if items.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{title}");
        for item in items {
            let text = |path: &str| item.pointer(path).and_then(Value::as_str).unwrap_or("-").to_owned();
            let id = item.pointer("/status/id").or_else(|| item.pointer("/status/backup"));
            let id = id.and_then(Value::as_str).unwrap_or("-");
            let _ = writeln!(
                out,
                "  {:<32} {:<10} {id:<26} {}",
                text("/metadata/name"),
                text("/status/phase"),
                text("/metadata/creationTimestamp")
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_tells_what_is_proven_and_what_was_asked_for() {
        let installation = json!({"status": {
            "lastBackup": {"id": "a", "takenAt": "2026-11-23T12:00:00Z"},
            "lastVerifiedBackup": {"id": "a", "recoverySeconds": 3},
        }});
        let asked = [json!({"metadata": {"name": "acme-x7"}, "status": {"phase": "Completed", "id": "a"}})];
        let screen = screen(&installation, &asked, &[]);
        for line in ["last backup\n", "recoverySeconds        3", "acme-x7", "Completed"] {
            assert!(screen.contains(line), "{line} is not in\n{screen}");
        }
        assert!(!screen.contains("restores"), "{screen}");
    }

    #[test]
    fn without_any_backup_the_screen_says_so() {
        assert_eq!(screen(&json!({}), &[], &[]), "no backup was made yet\n");
    }
}
