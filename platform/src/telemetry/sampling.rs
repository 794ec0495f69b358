//! Which traces are recorded, and who gets which of them.
//!
//! Where a trace enters, this process draws lots: what the caller decided is not followed, or anybody could have
//! everything recorded. Within the installation the decision travels with the trace, so a trace is whole or absent.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

/// Marks a context whose parent was written by this installation itself, though in another process.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnParent;

/// How many traces the collector and Sentry want.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares {
    traces: f64,
    sentry: f64,
}

/// Which of the recorded traces one of the two gets: those whose ids, which are random, lie below a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share(f64);

impl Shares {
    /// Ratios from 0 to 1 of all traces.
    pub(super) fn new(traces: f64, sentry: f64) -> Self {
        Self { traces, sentry }
    }

    fn recorded(self) -> f64 {
        self.traces.max(self.sentry)
    }

    /// Records as many as the one of the two wants who wants more.
    pub(super) fn sampler(self) -> AtEntry {
        AtEntry { ratio: self.recorded() }
    }

    /// What the collector gets.
    pub(super) fn traces(self) -> Share {
        Share(self.traces / self.recorded().max(f64::MIN_POSITIVE))
    }

    /// What Sentry gets.
    pub(super) fn sentry(self) -> Share {
        Share(self.sentry / self.recorded().max(f64::MIN_POSITIVE))
    }
}

impl Share {
    /// Whether the trace is among them; the same in each process of the installation.
    pub(super) fn has(self, trace: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g] = trace.to_bytes();
        // The last 56 bits are the ones that are random (W3C Trace Context level 2, "random-trace-id").
        let place = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
        let place = place as f64 / (1_u64 << 56) as f64;
        place < self.0
    }
}

/// Draws lots where a trace enters, and follows the decision from there on.
#[derive(Debug, Clone)]
pub(super) struct AtEntry {
    ratio: f64,
}

impl ShouldSample for AtEntry {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let parent = parent.filter(|context| context.span().span_context().is_valid());
        let decided = parent.filter(|context| {
            !context.span().span_context().is_remote() || context.get::<OwnParent>().is_some()
        });
        let sampled = match decided {
            Some(context) => context.span().span_context().is_sampled(),
            None => rand::random::<f64>() < self.ratio,
        };
        let decision = if sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
        let trace_state = parent
            .map_or_else(TraceState::default, |context| context.span().span_context().trace_state().clone());
        SamplingResult { decision, attributes: Vec::new(), trace_state }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags};

    use super::*;

    fn decide(ratio: f64, parent: Option<&Context>) -> bool {
        let sampler = Shares::new(ratio, 0.0).sampler();
        let result =
            sampler.should_sample(parent, TraceId::from(7_u128), "request", &SpanKind::Server, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    fn parent(sampled: bool, remote: bool) -> Context {
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let (trace, span) = (TraceId::from(7_u128), SpanId::from(9_u64));
        let parent = SpanContext::new(trace, span, flags, remote, TraceState::default());
        Context::new().with_remote_span_context(parent)
    }

    #[test]
    fn a_callers_decision_is_not_followed_and_ours_is() {
        for ratio in [0.0, 1.0] {
            let drawn = ratio > 0.5;
            assert_eq!(decide(ratio, None), drawn);
            for flag in [true, false] {
                assert_eq!(decide(ratio, Some(&parent(flag, true))), drawn, "a caller's");
                assert_eq!(decide(ratio, Some(&parent(flag, false))), flag, "this process's");
                let own = parent(flag, true).with_value(OwnParent);
                assert_eq!(decide(ratio, Some(&own)), flag, "the installation's");
            }
        }
    }

    #[test]
    fn each_gets_its_share_of_what_is_recorded() {
        let shares = Shares::new(0.5, 0.1);
        let count = |share: Share| {
            // Multiples of a large odd number are spread evenly over the last 56 bits.
            (1..=10_000_u128).filter(|i| share.has(TraceId::from(i * 0x9e37_79b9_7f4a_7c15))).count()
        };
        assert_eq!(count(shares.traces()), 10_000);
        assert!((1_900..2_100).contains(&count(shares.sentry())), "{}", count(shares.sentry()));
        assert_eq!(count(Shares::new(0.0, 0.0).traces()), 0);
    }
}
