//! Makes a report of what this program logs as an error.

use std::fmt::Debug;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::envelope::{self, Report};
use super::scrub::scrub;
use super::sender::Outbox;

/// Crates whose log lines are ours: what others log may say anything.
const OURS: [&str; 3] = ["api_server", "platform", "worker"];
/// The fields that say what failed, scrubbed of what they quote. No other field is sent.
const FIELDS: [&str; 8] = ["cause", "error", "source", "kind", "class", "attempt", "outcome", "status"];
/// Fields with ids of rows, which are sent as they are.
const IDS: [&str; 1] = ["task"];

/// Reports log lines of the level error.
pub(in super::super) struct Errors(pub(super) Outbox);

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if concerns(event.metadata()) {
            self.0.put(&report(event));
        }
    }
}

fn concerns(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() == Level::ERROR && OURS.contains(&crate_name)
}

fn report(event: &Event<'_>) -> Report {
    let mut found = Found::default();
    event.record(&mut found);
    Report {
        level: envelope::Level::Error,
        kind: "error".to_owned(),
        message: scrub(&found.message),
        place: event.metadata().target().to_owned(),
        fields: found.fields,
    }
}

/// What is taken from a log line.
#[derive(Default)]
struct Found {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Found {
    fn take(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = text,
            name if IDS.contains(&name) && uuid::Uuid::try_parse(&text).is_ok() => {
                self.fields.push((name, text));
            }
            name if FIELDS.contains(&name) => self.fields.push((name, scrub(&text))),
            _ => {}
        }
    }
}

impl Visit for Found {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, format!("{value:?}"));
    }
}
