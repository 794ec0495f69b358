//! How many pods of the API a spec asks for.

use super::Invalid;
use crate::crd::ApiSpec;
use crate::resume_matcher::defaults::Defaults;
use crate::resume_matcher::model::Scale;

/// Their number, or the rule that it follows.
pub(super) fn scale(api: &ApiSpec, defaults: &Defaults) -> Result<Scale, Invalid> {
    match (api.replicas, &api.autoscaling) {
        (Some(_), Some(_)) => Err(Invalid::Spec(
            "spec.api: set replicas or autoscaling, not both; remove one of them".to_owned(),
        )),
        (Some(replicas), None) => Ok(Scale::Fixed(replicas)),
        (None, Some(auto)) if auto.min > auto.max => Err(Invalid::Spec(format!(
            "spec.api.autoscaling: min {} is above max {}; lower min or raise max",
            auto.min, auto.max
        ))),
        (None, Some(auto)) => Ok(Scale::Auto {
            min: auto.min,
            max: auto.max,
            cpu: auto.cpu,
            requests: auto.requests_per_second,
        }),
        (None, None) => Ok(defaults.api),
    }
}
