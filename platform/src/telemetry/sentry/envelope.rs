//! Envelopes: what is posted to Sentry (its developer documentation, "Envelopes" and "Event Payloads").
//!
//! Three lines of JSON: the envelope's header, the item's header, the item.

use std::time::SystemTime;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Origin;

type Object = serde_json::Map<String, Value>;

/// Product and version, as Sentry lists its clients.
pub(super) const CLIENT: &str = concat!("resume-matcher/", env!("CARGO_PKG_VERSION"));

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Fatal,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// An error. All texts are scrubbed already.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub(super) level: Level,
    /// `error` or `panic`.
    pub(super) kind: String,
    pub(super) message: String,
    /// Module, or file and line.
    pub(super) place: String,
    pub(super) fields: Vec<(&'static str, String)>,
}

/// A span as a part of a transaction, or its root.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timing {
    pub(super) trace: String,
    pub(super) span: String,
    pub(super) parent: Option<String>,
    pub(super) name: String,
    pub(super) operation: &'static str,
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) failed: bool,
    pub(super) attributes: Vec<(String, String)>,
}

/// The envelope of an error that happened now; `trace` is the trace and span in which it did.
pub(super) fn of_report(report: &Report, origin: &Origin, trace: Option<(String, String)>) -> Vec<u8> {
    let id = Uuid::new_v4();
    let fields: Object =
        report.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    let mechanism = json!({"type": report.kind, "handled": report.kind != "panic"});
    let contexts = trace.map(|(trace, span)| json!({"trace": {"trace_id": trace, "span_id": span}}));
    let event = both(
        common(id, origin),
        json!({
            "timestamp": seconds(SystemTime::now()),
            "level": report.level.as_str(),
            "logger": report.place,
            "exception": {"values": [{
                "type": report.kind, "value": report.message, "module": report.place, "mechanism": mechanism,
            }]},
            // What belongs together is told by where it happened and what the program said, not by what it is about.
            "fingerprint": [report.kind, report.place, report.message],
            "extra": fields,
            "contexts": contexts.unwrap_or_else(|| json!({})),
        }),
    );
    write(id, "event", &event)
}

/// The envelope of a request or a task with its parts.
pub(super) fn of_transaction(root: &Timing, parts: &[Timing], origin: &Origin) -> Vec<u8> {
    let id = Uuid::new_v4();
    let part = |part: &Timing| {
        let times = json!({
            "description": part.name, "start_timestamp": seconds(part.began), "timestamp": seconds(part.ended),
        });
        both(span(part), times)
    };
    let event = both(
        common(id, origin),
        json!({
            "type": "transaction",
            "transaction": root.name,
            "transaction_info": {"source": "route"},
            "start_timestamp": seconds(root.began),
            "timestamp": seconds(root.ended),
            "contexts": {"trace": span(root)},
            "spans": parts.iter().map(part).collect::<Vec<_>>(),
        }),
    );
    write(id, "transaction", &event)
}

/// The members of both objects.
fn both(one: Value, other: Value) -> Value {
    let members = |value: Value| match value {
        Value::Object(members) => members,
        _ => Object::new(),
    };
    members(one).into_iter().chain(members(other)).collect()
}

fn common(id: Uuid, origin: &Origin) -> Value {
    json!({
        "event_id": id.simple().to_string(),
        "platform": "rust",
        "environment": origin.environment,
        "release": origin.release,
        "tags": {"service": origin.service},
        "sdk": {"name": "resume-matcher", "version": env!("CARGO_PKG_VERSION")},
    })
}

fn span(timing: &Timing) -> Value {
    let data: Object =
        timing.attributes.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    json!({
        "trace_id": timing.trace,
        "span_id": timing.span,
        "parent_span_id": timing.parent,
        "op": timing.operation,
        "status": if timing.failed { "internal_error" } else { "ok" },
        "data": data,
    })
}

fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn write(id: Uuid, kind: &str, item: &Value) -> Vec<u8> {
    let item = item.to_string();
    let header = json!({"event_id": id.simple().to_string(), "sdk": {"name": CLIENT}});
    let item_header = json!({"type": kind, "length": item.len(), "content_type": "application/json"});
    format!("{header}\n{item_header}\n{item}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_three_lines_with_the_length_of_the_item() {
        let origin = Origin { environment: "staging".to_owned(), release: "r@1".to_owned(), service: "api" };
        let report = Report {
            level: Level::Fatal,
            kind: "panic".to_owned(),
            message: "no rows".to_owned(),
            place: "src/x.rs:3".to_owned(),
            fields: vec![("task", "1".to_owned())],
        };
        let envelope = of_report(&report, &origin, Some(("t".to_owned(), "s".to_owned())));
        let text = String::from_utf8(envelope).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [header, item_header, item] = lines.as_slice() else { panic!("{text}") };
        let [header, item_header, event] =
            [header, item_header, item].map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert_eq!(item_header["length"], item.len());
        assert_eq!(header["event_id"], event["event_id"]);
        assert_eq!((&event["level"], &event["environment"]), (&json!("fatal"), &json!("staging")));
        let exception = &event["exception"]["values"][0];
        assert_eq!(
            (&exception["value"], &exception["mechanism"]["handled"]),
            (&json!("no rows"), &json!(false))
        );
        assert_eq!(event["contexts"]["trace"]["trace_id"], "t");
    }
}
