//! A small OTLP collector: takes spans over HTTP as protobuf and keeps them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
};
use prost::Message as _;
use tokio::{net::TcpListener, task::JoinHandle};

/// A span as it came in. Ids are in hexadecimal digits.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) attributes: Vec<(String, String)>,
}

/// Everything that came in.
#[derive(Default)]
struct Kept {
    spans: Vec<Seen>,
    /// All of it as text, to look for what must not be in it.
    text: String,
    headers: Vec<HeaderMap>,
}

/// The collector.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let kept = Arc::<Mutex<Kept>>::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(kept.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, kept, task }
    }

    /// The spans that `fits`.
    pub(crate) fn spans(&self, fits: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        self.kept.lock().unwrap().spans.iter().filter(|span| fits(span)).cloned().collect()
    }

    /// Everything as text.
    pub(crate) fn text(&self) -> String {
        self.kept.lock().unwrap().text.clone()
    }

    /// Whether each request had this header.
    pub(crate) fn each_had(&self, name: &str, value: &str) -> bool {
        let kept = self.kept.lock().unwrap();
        !kept.headers.is_empty()
            && kept.headers.iter().all(|headers| headers.get(name).is_some_and(|found| found == value))
    }

    /// The names from the span that entered the trace down to `span`.
    pub(crate) fn path(&self, span: &Seen) -> Vec<String> {
        let mut path = vec![span.name.clone()];
        let mut parent = span.parent.clone();
        while let [above] = self.spans(|one| one.id == parent && one.trace == span.trace).as_slice() {
            path.insert(0, above.name.clone());
            parent.clone_from(&above.parent);
        }
        path
    }
}

async fn take(State(kept): State<Arc<Mutex<Kept>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut kept = kept.lock().unwrap();
    kept.text.push_str(&format!("{request:?}\n"));
    kept.headers.push(headers);
    for resource in request.resource_spans {
        let about = resource.resource.map(|resource| texts(&resource.attributes)).unwrap_or_default();
        let service = about.iter().find(|(key, _)| key == "service.name").map(|(_, name)| name.clone());
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            kept.spans.push(Seen {
                service: service.clone().unwrap_or_default(),
                attributes: texts(&span.attributes),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
            });
        }
    }
    StatusCode::OK
}

fn texts(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    };
    attributes.iter().filter_map(|one| Some((one.key.clone(), text(one)?))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
