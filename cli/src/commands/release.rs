//! `status`, `releases` and the orders to a release: reads and annotates the ResumeMatcher through kubectl, with the
//! rights and the configuration of whoever runs it.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::args::{Installation, Output};
use crate::kubectl::{KIND, kubectl, object};
use crate::printer;
use crate::settings::Settings;

/// What is ordered. An order names the number of the release that it is about, so that it can hit no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Switch to the candidate.
    Promote,
    /// Give the candidate up.
    Abort,
    /// Leave what serves.
    Rollback,
    /// Try again what was given up.
    Retry,
    /// Stay in this step.
    Pause,
    /// Go on.
    Resume,
}

/// Gives an order.
pub(crate) fn order(of: &Installation, order: Order) -> Result<()> {
    let object = object(of)?;
    let annotation = annotation(&object, order)?;
    kubectl(of, &["annotate", "--overwrite", KIND, &of.name, &annotation])?;
    printer::line(&format!("{} annotated: {annotation}", of.name))
}

/// The annotation of an order, as `kubectl annotate` takes it.
fn annotation(object: &Value, order: Order) -> Result<String> {
    let number = |path: &str, none: &str| {
        let found = object.pointer(&format!("/status/release/{path}/number")).and_then(Value::as_i64);
        found.with_context(|| none.to_owned())
    };
    let candidate = || number("candidate", "no release is on its way");
    Ok(match order {
        Order::Promote => format!("resumematcher.io/promote={}", candidate()?),
        Order::Abort => format!("resumematcher.io/abort={}", candidate()?),
        Order::Rollback => {
            let active = number("active", "nothing serves yet")?;
            if object.pointer("/status/release/previous").is_none() {
                bail!("nothing is left of the version before: the rollback window is over");
            }
            format!("resumematcher.io/rollback={active}")
        }
        Order::Retry => format!("resumematcher.io/retry={}", number("rejected", "no release was given up")?),
        Order::Pause => "resumematcher.io/pause=true".to_owned(),
        Order::Resume => "resumematcher.io/pause-".to_owned(),
    })
}

/// One screen: what runs, what happens, what is wrong and the mend.
pub(crate) fn status(settings: &Settings, of: &Installation) -> Result<()> {
    let object = object(of)?;
    match settings.output {
        Output::Json => printer::json(&object.pointer("/status")),
        Output::Text => printer::line(screen(&object).trim_end()),
    }
}

fn screen(object: &Value) -> String {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or("-").to_owned();
    let number = |path: &str| object.pointer(path).and_then(Value::as_i64).unwrap_or_default();
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ =
        writeln!(out, "{}/{}  {}", text("/metadata/namespace"), text("/metadata/name"), text("/status/url"));
    for (title, part) in [("serves", "active"), ("candidate", "candidate"), ("before", "previous")] {
        let path = |field: &str| format!("/status/release/{part}/{field}");
        if object.pointer(&path("id")).is_some() {
            let (version, colour) = (text(&path("version")), text(&path("colour")));
            let _ = writeln!(
                out,
                "  {title:<10} release {}  version {version}  {colour}",
                number(&path("number"))
            );
        }
    }
    let _ = writeln!(
        out,
        "  {:<10} API {}, workers {}",
        "pods",
        text("/status/api/summary"),
        text("/status/worker/summary")
    );
    let _ = writeln!(
        out,
        "  {:<10} {} since {}",
        "step",
        text("/status/release/step"),
        text("/status/release/since")
    );
    if object.pointer("/status/release/waitingFor").is_some() {
        let _ = writeln!(out, "  {:<10} {}", "waits for", text("/status/release/waitingFor"));
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    for condition in conditions.into_iter().flatten() {
        let field = |name: &str| condition.get(name).and_then(Value::as_str).unwrap_or_default();
        let good =
            if matches!(field("type"), "Stalled" | "Degraded" | "Reconciling") { "False" } else { "True" };
        let mark = if field("status") == good { "ok" } else { "!!" };
        let _ = writeln!(out, "  {mark} {:<16} {} {}", field("type"), field("reason"), field("message"));
    }
    out
}

/// The releases that ended, newest first.
pub(crate) fn releases(settings: &Settings, of: &Installation) -> Result<()> {
    let object = object(of)?;
    let history =
        object.pointer("/status/release/history").and_then(Value::as_array).cloned().unwrap_or_default();
    if settings.output == Output::Json {
        return printer::json(&history);
    }
    for entry in history {
        let field = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = entry.get("number").and_then(Value::as_i64).unwrap_or_default();
        printer::line(&format!(
            "{number:>4}  {:<16} {:<18} {}",
            field("version"),
            field("outcome"),
            field("at")
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> Value {
        json!({"metadata": {"name": "acme", "namespace": "people"}, "status": {
            "url": "http://cv.example", "api": {"summary": "2/2"}, "worker": {"summary": "1/1"},
            "release": {
                "step": "Promote", "since": "2026-01-02T03:04:05Z", "waitingFor": "a person",
                "active": {"id": "a", "number": 1, "version": "1.0", "colour": "blue"},
                "candidate": {"id": "b", "number": 2, "version": "1.1", "colour": "green"},
            },
            "conditions": [{"type": "Ready", "status": "False", "reason": "Releasing", "message": "step Promote"}],
        }})
    }

    #[test]
    fn an_order_names_the_release_that_it_is_about() {
        let of = |order| annotation(&object(), order).map_err(|error| error.to_string());
        assert_eq!(of(Order::Promote).unwrap(), "resumematcher.io/promote=2");
        assert_eq!(of(Order::Abort).unwrap(), "resumematcher.io/abort=2");
        assert_eq!(of(Order::Resume).unwrap(), "resumematcher.io/pause-");
        assert!(of(Order::Rollback).unwrap_err().contains("window is over"));
        assert!(of(Order::Retry).unwrap_err().contains("no release was given up"));
    }

    #[test]
    fn the_screen_tells_what_runs_what_happens_and_what_is_wrong() {
        let screen = screen(&object());
        for line in [
            "serves     release 1  version 1.0  blue",
            "waits for  a person",
            "!! Ready            Releasing",
        ] {
            assert!(screen.contains(line), "{line} is not in\n{screen}");
        }
    }
}
