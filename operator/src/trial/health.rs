//! Judges a version by what its pods count: errors, slow answers, restarts, dead letters.

use std::collections::BTreeMap;

use crate::release::Health;
use crate::resume_matcher::observe::PodSeen;

/// Fewest answers that say anything about a ratio.
const FEWEST: f64 = 20.0;

/// What is still well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Most server errors, and most dead letters, in percent.
    pub error_percent: f64,
    /// Longest time within which 95 % of the answers begin, in seconds; none: not looked at.
    pub latency: Option<f64>,
}

/// What the pods of a version have counted since they started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    answers: f64,
    errors: f64,
    tasks: f64,
    dead: f64,
    /// Answers that began within so many microseconds, by the bucket's upper end.
    buckets: BTreeMap<u64, f64>,
    restart: Option<String>,
}

impl Figures {
    /// Adds the restarts of a pod.
    pub fn restarts(&mut self, pod: &PodSeen) {
        if pod.restarts > 0 && self.restart.is_none() {
            let why = pod.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
            self.restart = Some(format!("pod {} was started anew {} times{why}", pod.name, pod.restarts));
        }
    }

    /// Adds the metrics of a pod, in the Prometheus text format.
    pub fn read(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            match name {
                "http_requests_total" => {
                    self.answers += value;
                    if label(labels, "status").is_some_and(|status| status.starts_with('5')) {
                        self.errors += value;
                    }
                }
                "tasks_ended_total" => {
                    self.tasks += value;
                    if label(labels, "outcome") == Some("dead") {
                        self.dead += value;
                    }
                }
                "http_request_duration_seconds_bucket" => {
                    if let Some(end) = label(labels, "le").and_then(microseconds) {
                        *self.buckets.entry(end).or_default() += value;
                    }
                }
                _ => {}
            }
        }
    }

    /// The upper end of the bucket in which the 95th percentile lies, in seconds; none: beyond the last bucket.
    fn latency(&self) -> Option<f64> {
        let all = self.buckets.values().copied().fold(0.0, f64::max);
        let found = self.buckets.iter().find(|(_, count)| **count >= 0.95 * all).map(|(end, _)| *end);
        found.filter(|end| *end != u64::MAX).map(|end| end as f64 / 1e6)
    }
}

fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let start = labels.find(&format!("{name}=\""))?;
    labels.get(start..)?.split('"').nth(1)
}

/// The end of a bucket in whole microseconds, so that it can be a key; `+Inf` is the greatest.
fn microseconds(end: &str) -> Option<u64> {
    if end == "+Inf" {
        return Some(u64::MAX);
    }
    end.parse::<f64>().ok().map(|seconds| (seconds * 1e6).round() as u64)
}

/// Judges.
#[must_use]
pub fn judge(figures: &Figures, limits: &Limits) -> Health {
    let bad = |message: String| Health::Bad { message };
    let percent = |part: f64, whole: f64| 100.0 * part / whole;
    if let Some(restart) = &figures.restart {
        return bad(restart.clone());
    }
    if figures.answers >= FEWEST && percent(figures.errors, figures.answers) > limits.error_percent {
        return bad(format!(
            "{:.1} % of {} answers are server errors, more than {} %",
            percent(figures.errors, figures.answers),
            figures.answers,
            limits.error_percent
        ));
    }
    if figures.dead > 0.0 && percent(figures.dead, figures.tasks) > limits.error_percent {
        return bad(format!("{} of {} tasks became dead letters", figures.dead, figures.tasks));
    }
    match limits.latency {
        Some(most) if figures.answers >= FEWEST && figures.latency().is_none_or(|latency| latency > most) => {
            let latency =
                figures.latency().map_or_else(|| "long".to_owned(), |latency| format!("{latency} s"));
            bad(format!("95 % of the answers take up to {latency}, longer than {most} s"))
        }
        _ => Health::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { error_percent: 1.0, latency: Some(0.1) };

    fn figures(text: &str) -> Figures {
        let mut figures = Figures::default();
        figures.read(text);
        figures
    }

    fn verdict(text: &str) -> String {
        match judge(&figures(text), &LIMITS) {
            Health::Good => "good".to_owned(),
            Health::Bad { message } => message,
        }
    }

    #[test]
    fn errors_count_by_their_share_once_there_are_enough_answers() {
        let text = |ok: u32, bad: u32| {
            format!(
                "# HELP http_requests x\nhttp_requests_total{{method=\"GET\",endpoint=\"/a\",status=\"200\"}} {ok}\n\
                 http_requests_total{{method=\"GET\",endpoint=\"/a\",status=\"503\"}} {bad}\n\
                 http_request_duration_seconds_bucket{{le=\"0.1\"}} 9\n# EOF\n"
            )
        };
        assert_eq!(verdict(&text(15, 1)), "good", "too few to tell");
        assert_eq!(verdict(&text(99, 1)), "good");
        assert!(verdict(&text(90, 10)).starts_with("10.0 % of 100 answers are server errors"));
    }

    #[test]
    fn slow_answers_count_by_the_95th_percentile() {
        let text = |fast: u32| {
            format!(
                "http_requests_total{{status=\"200\"}} 100\nhttp_request_duration_seconds_bucket{{le=\"0.1\",method=\"GET\"}} {fast}\n\
                 http_request_duration_seconds_bucket{{le=\"1.0\",method=\"GET\"}} 99\n\
                 http_request_duration_seconds_bucket{{le=\"+Inf\",method=\"GET\"}} 100\n"
            )
        };
        assert_eq!(verdict(&text(96)), "good");
        assert!(verdict(&text(50)).contains("up to 1 s"), "{}", verdict(&text(50)));
    }

    #[test]
    fn dead_letters_and_restarts_count() {
        let text = "tasks_ended_total{kind=\"match\",outcome=\"done\"} 10\ntasks_ended_total{kind=\"match\",outcome=\"dead\"} 2\n";
        assert_eq!(verdict(text), "2 of 12 tasks became dead letters");
        let mut figures = Figures::default();
        let pod = PodSeen {
            name: "p".into(),
            ip: "10.0.0.1".into(),
            restarts: 1,
            problem: Some("OOMKilled".into()),
        };
        figures.restarts(&pod);
        assert!(matches!(judge(&figures, &LIMITS), Health::Bad { message } if message.contains("OOMKilled")));
    }
}
