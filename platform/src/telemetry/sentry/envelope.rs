//! Envelopes: what is posted to Sentry (its developer documentation, "Envelopes" and "Event Payloads").
//!
//! Three lines of JSON: the envelope's header, the item's header, the item.

use std::time::SystemTime;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Origin;

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
    let fields: serde_json::Map<String, Value> =
        report.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    let mechanism = json!({"type": report.kind, "handled": report.kind != "panic"});
    let mut event = common(id, origin);
    event["timestamp"] = seconds(SystemTime::now()).into();
    event["level"] = report.level.as_str().into();
    event["logger"] = report.place.clone().into();
    event["exception"] = json!({"values": [{
        "type": report.kind, "value": report.message, "module": report.place, "mechanism": mechanism,
    }]});
    // What belongs together is told by where it happened and what the program said, not by what it is about.
    event["fingerprint"] = json!([report.kind, report.place, report.message]);
    event["extra"] = Value::Object(fields);
    if let Some((trace, span)) = trace {
        event["contexts"] = json!({"trace": {"trace_id": trace, "span_id": span}});
    }
    write(id, "event", &event)
}

/// The envelope of a request or a task with its parts.
pub(super) fn of_transaction(root: &Timing, parts: &[Timing], origin: &Origin) -> Vec<u8> {
    let id = Uuid::new_v4();
    let mut event = common(id, origin);
    event["type"] = "transaction".into();
    event["transaction"] = root.name.clone().into();
    event["transaction_info"] = json!({"source": "route"});
    event["start_timestamp"] = seconds(root.began).into();
    event["timestamp"] = seconds(root.ended).into();
    event["contexts"] = json!({"trace": span(root)});
    let parts: Vec<Value> = parts
        .iter()
        .map(|part| {
            let mut value = span(part);
            value["description"] = part.name.clone().into();
            value["start_timestamp"] = seconds(part.began).into();
            value["timestamp"] = seconds(part.ended).into();
            value
        })
        .collect();
    event["spans"] = parts.into();
    write(id, "transaction", &event)
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
    let data: serde_json::Map<String, Value> =
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
