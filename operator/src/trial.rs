//! Tries a version before all requests go to it, and watches it afterwards. Uses HTTP, as the application's users do; what
//! it finds is judged by the release engine.

mod canary;
mod client;
mod health;
mod prometheus;
mod script;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

pub use canary::Canary;
pub use client::{Probe, ProbeError, Urls};
pub use health::{Figures, Limits, judge};
pub use script::Script;

use crate::release::{Analysis, Health};
use crate::resume_matcher::observe::PodSeen;

/// The trials that run: one for each installation at most. They are lost with the operator, and begun anew.
#[derive(Debug, Default)]
pub struct Trials(Mutex<HashMap<(String, String), Trial>>);

#[derive(Debug)]
struct Trial {
    number: i64,
    state: Arc<Mutex<Analysis>>,
    task: JoinHandle<()>,
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Trials {
    /// How far the trial of this release is; begins it if there is none.
    #[must_use]
    pub fn look(
        &self,
        namespace: &str,
        name: &str,
        number: i64,
        script: impl FnOnce() -> Script,
    ) -> Analysis {
        let key = (namespace.to_owned(), name.to_owned());
        let mut trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trials.get(&key).is_none_or(|trial| trial.number != number) {
            let state = Arc::new(Mutex::new(Analysis::Running { doing: "the trial begins".to_owned() }));
            let (script, told) = (script(), state.clone());
            let task = tokio::spawn(async move {
                let say = |analysis| *told.lock().unwrap_or_else(PoisonError::into_inner) = analysis;
                let result = script.run(&|doing| say(Analysis::Running { doing: doing.to_owned() })).await;
                say(match result {
                    Ok(()) => Analysis::Passed,
                    Err(error) => Analysis::Failed { message: error.to_string() },
                });
            });
            trials.insert(key.clone(), Trial { number, state, task });
        }
        trials.get(&key).map_or_else(
            || Analysis::Running { doing: "the trial begins".to_owned() },
            |trial| trial.state.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        )
    }

    /// Ends the trial of an installation that is in another step.
    pub fn forget(&self, namespace: &str, name: &str) {
        let mut trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trials.remove(&(namespace.to_owned(), name.to_owned()));
    }
}

/// Looks at the pods of the version that serves since the switch.
pub async fn watch(
    probe: &Probe,
    (api, worker): (&[PodSeen], &[PodSeen]),
    limits: &Limits,
    question: Option<&crate::crd::PrometheusSpec>,
) -> Health {
    let mut figures = Figures::default();
    for pod in api.iter().chain(worker) {
        figures.restarts(pod);
        match probe.metrics(&pod.ip).await {
            Ok(text) => figures.read(&text),
            // Its readiness tells the cluster; what is asked here is whether it errs.
            Err(error) => tracing::debug!(pod = pod.name, %error, "metrics cannot be read"),
        }
    }
    match judge(&figures, limits) {
        Health::Good => match question {
            Some(question) => prometheus::ask(probe, question)
                .await
                .map_or_else(|error| Health::Bad { message: error.to_string() }, |()| Health::Good),
            None => Health::Good,
        },
        bad => bad,
    }
}
