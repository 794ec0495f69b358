//! `GET /api/v1/events`: what changes, as it changes (server-sent events).

use std::{collections::HashMap, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use platform::timestamp::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use uuid::Uuid;

use crate::{
    auth::identity::Identity,
    error::{FieldError, Problem, ProblemDocument},
    state::AppState,
    store::events::{self, Change},
};

/// How often a stream looks without having heard anything: a lost notice costs no more than that.
const LOOK: Duration = Duration::from_secs(15);
/// Transactions are seen when they commit, with the time at which they began: so far back a look begins, in microseconds.
const OVERLAP: i64 = 10_000_000;
/// How soon a client shall come back after the stream has ended.
const RETRY: Duration = Duration::from_secs(2);

/// Streams the changes of resumes, jobs and matches of the organisation. Each event is named `resume`, `job` or `match`; its
/// data is a `Change`. A client that comes back with `Last-Event-ID` gets what it has missed; some events may come twice.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "Matches", operation_id = "streamEvents",
    params(("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that was received")),
    responses(
        (status = 200, description = "The stream", body = Change, content_type = "text/event-stream"),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Last-Event-ID is none of ours", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many streams", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn stream_events(
    State(state): State<AppState>,
    identity: Identity,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let since =
        match headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default().parse::<i64>()) {
            None => Timestamp::now().as_jiff().as_microsecond(),
            Some(Ok(since)) => since,
            Some(Err(_)) => {
                let error =
                    FieldError::in_field("Last-Event-ID", "Send the id of an event of this stream, or none.");
                return Err(Problem::validation(vec![error]));
            }
        };
    let place = state.streams.take()?;
    // Heard from here on: what changes during the first look is not missed.
    let heard = state.changes.subscribe();
    identity.transaction(&state.pool).await?.commit().await?;
    let (send, receive) = mpsc::channel(16);
    let watcher =
        Watcher { state: state.clone(), identity, since, seen: HashMap::new(), send, _place: place };
    tokio::spawn(watcher.watch(heard));
    let stream = futures::stream::unfold(receive, async |mut receive| Some((receive.recv().await?, receive)));
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(LOOK)).into_response())
}

/// Looks for changes and sends them, until the client goes, the caller's session ends or the server stops.
struct Watcher {
    state: AppState,
    identity: Identity,
    /// Time of the latest change that was sent, in microseconds since 1970.
    since: i64,
    /// What was sent of the overlap.
    seen: HashMap<Uuid, Timestamp>,
    send: mpsc::Sender<Result<Event, Infallible>>,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    async fn watch(mut self, mut heard: broadcast::Receiver<platform::names::TenantId>) {
        let first = Event::default().retry(RETRY).comment("changes follow");
        if self.send.send(Ok(first)).await.is_err() {
            return;
        }
        loop {
            if let Err(ended) = self.look().await {
                if let Some(problem) = ended {
                    tracing::debug!(kind = problem.kind.slug(), "a stream of events ends");
                }
                return;
            }
            tokio::select! {
                () = news_of(&mut heard, self.identity.tenant) => {}
                () = tokio::time::sleep(LOOK) => {}
                () = self.send.closed() => return,
                () = self.state.stopping.cancelled() => return,
            }
        }
    }

    /// Sends what has changed, page by page. Each look asks whether the session is still good. The error is none when the
    /// client went.
    async fn look(&mut self) -> Result<(), Option<Problem>> {
        let from = self.since.saturating_sub(OVERLAP);
        let mut cursor = (Timestamp::from_microseconds(from), Uuid::nil());
        loop {
            let page = self.page(cursor).await.map_err(Some)?;
            let more = page.len() >= events::MOST;
            for change in page {
                cursor = (change.updated_at, change.id);
                self.tell(change).await.map_err(|_gone| None)?;
            }
            if !more {
                break;
            }
        }
        let kept = Timestamp::from_microseconds(self.since.saturating_sub(OVERLAP));
        self.seen.retain(|_, at| *at > kept);
        Ok(())
    }

    async fn page(&self, (at, id): (Timestamp, Uuid)) -> Result<Vec<Change>, Problem> {
        let mut tx = self.identity.transaction(&self.state.pool).await?;
        let changes = events::after(&mut tx, at, id).await?;
        tx.commit().await?;
        Ok(changes)
    }

    async fn tell(
        &mut self,
        change: Change,
    ) -> Result<(), mpsc::error::SendError<Result<Event, Infallible>>> {
        if self.seen.insert(change.id, change.updated_at) == Some(change.updated_at) {
            return Ok(());
        }
        self.since = self.since.max(change.updated_at.as_jiff().as_microsecond());
        match Event::default().event(&change.kind).id(self.since.to_string()).json_data(&change) {
            Ok(event) => self.send.send(Ok(event)).await,
            Err(error) => {
                tracing::error!(%error, "a change cannot be written as an event");
                Ok(())
            }
        }
    }
}

/// Waits until the tenant has news, or notices were missed.
async fn news_of(
    heard: &mut broadcast::Receiver<platform::names::TenantId>,
    tenant: platform::names::TenantId,
) {
    loop {
        match heard.recv().await {
            Ok(one) if one != tenant => {}
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            // The sender lives as long as the state, so this does not happen; waiting forever leaves it to the timer.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
