//! Keeps the service within its means: how many requests at once, and how long one may take.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Problem, ProblemKind};

/// A number of places; a request that finds none is told to come back instead of waiting for memory to run out.
#[derive(Clone, Debug)]
pub struct Places(Arc<Semaphore>);

impl Places {
    /// `count` places.
    pub fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }

    /// A place, until it is dropped; a problem that says to come back if there is none.
    pub fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_none_free| {
            Problem::new(ProblemKind::Overloaded, "Too many requests are being worked on.")
        })
    }
}

/// Lets the request in if there is a place, else answers 503 with `Retry-After`.
pub async fn shed_load(State(places): State<Places>, request: Request, next: Next) -> Response {
    match places.take() {
        Ok(_place) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Ends a request after `limit`, counted from its head to the head of the answer.
pub async fn time_out(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let detail = format!("The request was not done within {} seconds.", limit.as_secs());
            Problem::new(ProblemKind::Timeout, detail).into_response()
        }
    }
}
