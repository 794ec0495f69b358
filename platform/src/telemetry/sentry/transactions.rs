//! Makes a transaction of each request and task: its times, and those of its parts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::super::sampling::Share;
use super::envelope::Timing;
use super::sender::Outbox;

/// Traces whose root has not ended; more are forgotten, all at once.
const MAX_TRACES: usize = 1024;
/// Parts of one transaction; more are left out.
const MAX_PARTS: usize = 100;

/// Collects the parts of each trace until its root ends.
#[derive(Debug)]
pub(in super::super) struct Transactions {
    outbox: Outbox,
    share: Share,
    open: Mutex<HashMap<TraceId, Vec<Timing>>>,
}

impl Transactions {
    pub(super) fn new(outbox: Outbox, share: Share) -> Self {
        Self { outbox, share, open: Mutex::default() }
    }
}

impl SpanProcessor for Transactions {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        let trace = span.span_context.trace_id();
        if !self.share.has(trace) {
            return;
        }
        // A process enters a trace with a request or a task; all else is a part of one.
        let is_root = matches!(span.span_kind, SpanKind::Server | SpanKind::Consumer);
        let timing = timing(&span);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if is_root {
            let parts = open.remove(&trace).unwrap_or_default();
            drop(open);
            self.outbox.put_times(&timing, &parts);
            return;
        }
        if open.len() >= MAX_TRACES && !open.contains_key(&trace) {
            open.clear();
        }
        let parts = open.entry(trace).or_default();
        if parts.len() < MAX_PARTS {
            parts.push(timing);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn timing(span: &SpanData) -> Timing {
    let parent = Some(span.parent_span_id).filter(|id| *id != SpanId::INVALID);
    Timing {
        trace: span.span_context.trace_id().to_string(),
        span: span.span_context.span_id().to_string(),
        parent: parent.map(|id| id.to_string()),
        name: span.name.to_string(),
        operation: match span.span_kind {
            SpanKind::Server => "http.server",
            SpanKind::Consumer => "queue.process",
            SpanKind::Producer => "queue.publish",
            SpanKind::Client => "db",
            SpanKind::Internal => "function",
        },
        began: span.start_time,
        ended: span.end_time,
        failed: matches!(span.status, Status::Error { .. }),
        attributes: span
            .attributes
            .iter()
            .map(|attribute| (attribute.key.to_string(), attribute.value.to_string()))
            .collect(),
    }
}
