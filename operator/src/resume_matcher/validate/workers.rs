//! How many workers a spec asks for.

use std::time::Duration;

use super::Invalid;
use crate::crd::{WorkerAutoscalingSpec, WorkerSpec};
use crate::resume_matcher::defaults::Defaults;
use crate::resume_matcher::model::{WorkerAuto, WorkerScale};

/// Their number, or the rule that it follows.
pub(super) fn scale(worker: &WorkerSpec, defaults: &Defaults) -> Result<WorkerScale, Invalid> {
    match (worker.replicas, &worker.autoscaling) {
        (Some(_), Some(_)) => Err(Invalid::Spec(
            "spec.worker: set replicas or autoscaling, not both; remove one of them".to_owned(),
        )),
        (None, Some(auto)) => follow(auto),
        (replicas, None) => Ok(WorkerScale::Fixed(replicas.unwrap_or(defaults.workers))),
    }
}

fn follow(auto: &WorkerAutoscalingSpec) -> Result<WorkerScale, Invalid> {
    if auto.min > auto.max {
        return Err(Invalid::Spec(format!(
            "spec.worker.autoscaling: min {} is above max {}; lower min or raise max",
            auto.min, auto.max
        )));
    }
    let seconds = u64::try_from(auto.cooldown_seconds).map_err(|_| {
        Invalid::Spec(format!(
            "spec.worker.autoscaling.cooldownSeconds: {} is below 0; set it to 0 or more",
            auto.cooldown_seconds
        ))
    })?;
    Ok(WorkerScale::Auto(WorkerAuto {
        min: auto.min,
        max: auto.max,
        jobs_per_worker: auto.jobs_per_worker,
        cooldown: Duration::from_secs(seconds),
        source: auto.source,
        behavior: auto.behavior.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crd::Environment;

    fn of(spec: serde_json::Value) -> Result<WorkerScale, Invalid> {
        scale(&serde_json::from_value(spec).unwrap(), Defaults::of(Environment::Production))
    }

    #[test]
    fn a_number_a_rule_or_the_default() {
        assert_eq!(of(json!({})).unwrap(), WorkerScale::Fixed(2));
        assert_eq!(of(json!({"replicas": 0})).unwrap(), WorkerScale::Fixed(0));
        let auto = of(json!({"autoscaling": {"min": 0, "max": 3, "jobsPerWorker": 2, "cooldownSeconds": 7}}));
        let auto = auto.unwrap();
        assert_eq!((auto.least(), auto.start()), (0, 1));
        let auto = auto.auto().unwrap();
        assert_eq!((auto.max, auto.jobs_per_worker, auto.cooldown), (3, 2, Duration::from_secs(7)));
    }

    #[test]
    fn contradictions_are_refused_with_the_mend() {
        let message = |spec| of(spec).unwrap_err().to_string();
        assert!(message(json!({"replicas": 1, "autoscaling": {}})).contains("remove one of them"));
        assert!(message(json!({"autoscaling": {"min": 4, "max": 2}})).contains("lower min or raise max"));
        assert!(message(json!({"autoscaling": {"cooldownSeconds": -1}})).contains("cooldownSeconds"));
    }
}
