//! Spans: how long the parts of a request or a task take, and how they hang together, over all processes.
//!
//! A span's name is ours and its attributes are words of this program, numbers and ids: text that people wrote has no way
//! into a span. Names and attributes follow OpenTelemetry's semantic conventions where these have one.
//!
//! Where nobody wants spans, all of this does nothing.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use opentelemetry::context::FutureExt as _;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;
use uuid::Uuid;

use super::sampling::OwnParent;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// Most characters of `traceparent` that are looked at: version 00 has 55, later ones may have some more.
const MAX_TRACEPARENT: usize = 128;
/// Most characters of `tracestate` (W3C Trace Context, section 3.3.1.5: at least so many are passed on).
const MAX_TRACESTATE: usize = 512;

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Spans are made from now on.
pub(super) fn begin(tracer: SdkTracer) {
    // A second provider of one process would be a second start, which start() refuses.
    drop(TRACER.set(tracer));
}

/// What is said of a span.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute(KeyValue);

impl Attribute {
    /// A word of this program.
    pub fn word(key: &'static str, word: &'static str) -> Self {
        Self(KeyValue::new(key, word))
    }

    /// A number.
    pub fn number(key: &'static str, number: impl TryInto<i64>) -> Self {
        Self(KeyValue::new(key, number.try_into().unwrap_or(i64::MAX)))
    }

    /// An id of a row.
    pub fn id(key: &'static str, id: Uuid) -> Self {
        Self(KeyValue::new(key, id.to_string()))
    }

    /// The template of a route, such as `/api/v1/resumes/{id}`: never a path that somebody asked for.
    pub fn route(template: &str) -> Self {
        Self(KeyValue::new("http.route", template.to_owned()))
    }
}

/// The place of a span in its trace, as other processes name it (W3C Trace Context).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// `version-trace_id-span_id-flags`.
    pub traceparent: String,
    /// What vendors add, if anything.
    pub tracestate: Option<String>,
    ours: bool,
}

impl Parent {
    /// The one that a caller names, if the headers can be one.
    pub fn of_request(headers: &HeaderMap) -> Option<Self> {
        // More than one is none (section 3.2.1 of the recommendation leaves no choice which).
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (Some(traceparent), None) = (values.next()?.to_str().ok(), values.next()) else { return None };
        let states: Vec<&str> =
            headers.get_all(TRACESTATE).iter().filter_map(|value| value.to_str().ok()).collect();
        let tracestate = Some(states.join(",")).filter(|state| !state.is_empty());
        let fits = traceparent.len() <= MAX_TRACEPARENT;
        let tracestate = tracestate.filter(|state| state.len() <= MAX_TRACESTATE);
        fits.then(|| Self { traceparent: traceparent.to_owned(), tracestate, ours: false })
    }

    /// The one that this installation wrote down itself.
    pub fn of_row(traceparent: String, tracestate: Option<String>) -> Self {
        Self { traceparent, tracestate, ours: true }
    }

    /// The span that is going on here, to be written down; none outside all traces.
    pub fn current() -> Option<Self> {
        TRACER.get()?;
        let mut parent = Self { traceparent: String::new(), tracestate: None, ours: true };
        TraceContextPropagator::new().inject_context(&Context::current(), &mut parent);
        (!parent.traceparent.is_empty()).then_some(parent)
    }

    fn context(&self) -> Context {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), self);
        if self.ours { context.with_value(OwnParent) } else { context }
    }
}

impl Extractor for Parent {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => Some(&self.traceparent),
            TRACESTATE => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

impl Injector for Parent {
    fn set(&mut self, key: &str, value: String) {
        match key {
            TRACEPARENT => self.traceparent = value,
            TRACESTATE => self.tracestate = Some(value).filter(|state| !state.is_empty()),
            _ => {}
        }
    }
}

/// A span that is going on; it ends with [`Span::end`] or when the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct Span(Option<Context>);

impl Span {
    /// The one that is going on here.
    pub fn current() -> Self {
        Self(TRACER.get().map(|_| Context::current()))
    }

    /// Says more of it.
    pub fn note(&self, attribute: Attribute) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(attribute.0);
        }
    }

    /// Says that it failed, with the class of the error.
    pub fn fail(&self, class: &'static str) {
        if let Some(context) = &self.0 {
            // Without a description: the message of an error may say what people wrote.
            context.span().set_status(Status::error(""));
            context.span().set_attribute(KeyValue::new("error.type", class));
        }
    }

    /// The id of its trace, 32 hexadecimal digits, by which the log is joined to it; none outside all traces.
    pub fn trace_id(&self) -> Option<String> {
        self.place().map(|(trace, _)| trace)
    }

    /// Its trace and itself, in hexadecimal digits.
    pub(super) fn place(&self) -> Option<(String, String)> {
        let context = self.0.as_ref()?;
        let place = context.span().span_context().clone();
        place.is_valid().then(|| (place.trace_id().to_string(), place.span_id().to_string()))
    }

    /// Does `work` within the span.
    pub async fn carry<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            Some(context) => work.with_context(context.clone()).await,
            None => work.await,
        }
    }

    /// Ends it now.
    pub fn end(&self) {
        if let Some(context) = &self.0 {
            context.span().end();
        }
    }
}

/// Begins the span of a request, as a part of the caller's trace if there is one. `route` is the template of its route.
pub fn request(method: &'static str, route: &str, parent: Option<&Parent>) -> Span {
    let attributes =
        [Attribute::word("http.request.method", method), Attribute::route(route)].map(|one| one.0).to_vec();
    let builder = SpanBuilder::from_name(format!("{method} {route}"));
    root(builder.with_kind(SpanKind::Server).with_attributes(attributes), parent)
}

/// Begins the span of an attempt at a task, which has waited in the queue for `waited` until now; the wait gets a span of its
/// own. Both are parts of the trace in which the task was enqueued.
pub fn task(
    kind: &'static str,
    parent: Option<&Parent>,
    waited: Duration,
    about: impl IntoIterator<Item = Attribute>,
) -> Span {
    let now = SystemTime::now();
    let kinds = [
        KeyValue::new("messaging.operation.type", "process"),
        KeyValue::new("messaging.destination.name", "tasks"),
        KeyValue::new("resume_matcher.task.kind", kind),
    ];
    let attributes: Vec<_> = kinds.into_iter().chain(about.into_iter().map(|one| one.0)).collect();
    if parent.is_some() {
        let waiting = SpanBuilder::from_name("wait in the queue")
            .with_start_time(now.checked_sub(waited).unwrap_or(now))
            .with_attributes(vec![KeyValue::new("resume_matcher.task.kind", kind)]);
        if let Some(waiting) = root(waiting, parent).0 {
            waiting.span().end_with_timestamp(now);
        }
    }
    let builder = SpanBuilder::from_name(format!("process {kind}")).with_start_time(now);
    root(builder.with_kind(SpanKind::Consumer).with_attributes(attributes), parent)
}

fn root(builder: SpanBuilder, parent: Option<&Parent>) -> Span {
    let context = parent.map_or_else(Context::new, Parent::context);
    Span(TRACER.get().map(|tracer| {
        let span = tracer.build_with_context(builder, &context);
        context.with_span(span)
    }))
}

/// Begins a span below the one that is going on here; none below none, and none where the trace is not recorded.
fn child(builder: SpanBuilder) -> Span {
    let Some(tracer) = TRACER.get() else { return Span(None) };
    let context = Context::current();
    if !context.span().is_recording() {
        return Span(None);
    }
    let span = tracer.build_with_context(builder, &context);
    Span(Some(context.with_span(span)))
}

/// What a span below another is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Work of this process.
    Own,
    /// A query of Postgres, or several.
    Postgres,
    /// A command of Redis, or several.
    Redis,
    /// A request of the object storage.
    Storage,
    /// Something is put into the queue.
    Enqueue,
}

impl Work {
    fn builder(self, name: &'static str) -> SpanBuilder {
        let builder = SpanBuilder::from_name(name);
        match self {
            Self::Own => builder,
            Self::Postgres => builder
                .with_kind(SpanKind::Client)
                .with_attributes(vec![KeyValue::new("db.system.name", "postgresql")]),
            Self::Redis => builder
                .with_kind(SpanKind::Client)
                .with_attributes(vec![KeyValue::new("db.system.name", "redis")]),
            Self::Storage => builder
                .with_kind(SpanKind::Client)
                .with_attributes(vec![KeyValue::new("rpc.system.name", "aws-api")]),
            Self::Enqueue => builder.with_kind(SpanKind::Producer).with_attributes(vec![
                KeyValue::new("messaging.operation.type", "send"),
                KeyValue::new("messaging.destination.name", "tasks"),
            ]),
        }
    }
}

/// Does `work` in a span below the one that is going on; an error marks it failed.
pub async fn within<T, E>(
    name: &'static str,
    what: Work,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let span = child(what.builder(name));
    let result = span.carry(work).await;
    if result.is_err() {
        span.fail("error");
    }
    span.end();
    result
}

/// Writes down work that is over, below the span that is going on: what a thread or a child process did.
pub fn record(name: &'static str, began: SystemTime, ended: SystemTime) {
    if let Some(context) = child(SpanBuilder::from_name(name).with_start_time(began)).0 {
        context.span().end_with_timestamp(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        headers
    }

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_callers_place_in_a_trace_is_read() {
        let parent = Parent::of_request(&headers(&[
            (TRACEPARENT, PARENT),
            (TRACESTATE, "congo=t61rcWkgMzE"),
            (TRACESTATE, "rojo=1"),
        ]))
        .unwrap();
        let context = parent.context();
        let place = context.span().span_context().clone();
        assert_eq!(place.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(place.span_id().to_string(), "00f067aa0ba902b7");
        assert!(place.is_remote() && context.get::<OwnParent>().is_none());
        assert_eq!(place.trace_state().header(), "congo=t61rcWkgMzE,rojo=1");
    }

    #[test]
    fn what_is_no_place_in_a_trace_begins_a_new_one() {
        assert!(Parent::of_request(&headers(&[])).is_none());
        assert!(Parent::of_request(&headers(&[(TRACEPARENT, PARENT), (TRACEPARENT, PARENT)])).is_none());
        for wrong in ["", "00-0-0-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "Zaphod"] {
            let parent = Parent::of_row(wrong.to_owned(), None);
            assert!(!parent.context().span().span_context().is_valid(), "{wrong}");
        }
        let mut long = HeaderMap::new();
        long.insert(
            TRACEPARENT,
            http::HeaderValue::from_str(&format!("{PARENT}-{}", "a".repeat(80))).unwrap(),
        );
        assert!(Parent::of_request(&long).is_none());
    }

    #[tokio::test]
    async fn without_a_collector_nothing_is_made_and_work_is_done_all_the_same() {
        let span = request("GET", "/", None);
        assert_eq!((span.trace_id(), Parent::current()), (None, None));
        let result: Result<u8, ()> = span.carry(within("add", Work::Own, async { Ok(2) })).await;
        assert_eq!(result, Ok(2));
    }
}
