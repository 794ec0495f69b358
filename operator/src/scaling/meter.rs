//! How many requests a second an installation gets, from what the API's pods have counted since they started. Pure.
//!
//! What counts is what was counted between two rounds, whoever counted it: a pod that has gone since has had its requests all
//! the same. So the sum over both colours stays what it was while a switch moves the requests from one to the other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Time over which requests are counted: long enough to be calm, short enough to follow a rush.
const WINDOW: Duration = Duration::from_secs(30);
/// A pod may miss a round or two; one that serves and has not told for longer makes the sum unknown.
const STALE: Duration = Duration::from_secs(12);

/// What one pod told in a round.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// Its UID: another pod of the same name begins at nothing.
    pub(super) uid: String,
    /// Its name, for people.
    pub(super) name: String,
    /// The place of its version; empty: it has none.
    pub(super) colour: String,
    /// Whether requests are sent to it.
    pub(super) serves: bool,
    /// Requests since it started, or why it did not tell.
    pub(super) count: Result<f64, String>,
}

/// What is known of a pod.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    serves: bool,
    /// What it told last; none: nothing, and it may have begun long ago.
    count: Option<f64>,
    /// When it told that, or else when it was first seen.
    at: Instant,
    /// Why it did not tell in the last round.
    silent: Option<String>,
}

/// What was counted in one round since the one before, by colour.
#[derive(Clone, Debug)]
struct Round {
    at: Instant,
    requests: BTreeMap<String, f64>,
}

/// Counts of the pods of one installation.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pods: HashMap<String, Seen>,
    rounds: VecDeque<Round>,
}

impl Meter {
    /// Whether two rounds, of which a rate is made, are still to come.
    pub(super) fn begins(&self) -> bool {
        self.rounds.len() < 2
    }

    /// Takes a round in.
    pub(super) fn take(&mut self, now: Instant, pods: Vec<Counted>) {
        let is_first = self.rounds.is_empty();
        let mut requests: BTreeMap<String, f64> = BTreeMap::new();
        let mut seen = HashMap::new();
        for pod in pods {
            let before = self.pods.get(&pod.uid);
            // One that was not there before has begun since, at nothing.
            let known = before.map_or_else(|| (!is_first).then_some(0.0), |before| before.count);
            let sum = requests.entry(pod.colour).or_default();
            let (count, at, silent) = match pod.count {
                Ok(count) => {
                    // Less than before: its container was started anew, and counts from nothing.
                    *sum += known.map_or(0.0, |known| if count >= known { count - known } else { count });
                    (Some(count), now, None)
                }
                Err(why) => (known, before.map_or(now, |before| before.at), Some(why)),
            };
            seen.insert(pod.uid, Seen { name: pod.name, serves: pod.serves, count, at, silent });
        }
        self.pods = seen;
        self.rounds.push_back(Round { at: now, requests });
        // The first round that is kept is only where the others begin.
        while self.rounds.get(1).is_some_and(|second| now.duration_since(second.at) >= WINDOW) {
            self.rounds.pop_front();
        }
    }

    /// Requests a second, by colour. A sum of which a part is missing is none.
    pub(super) fn rate(&self, now: Instant) -> Result<BTreeMap<String, f64>, String> {
        let (Some(first), Some(last)) = (self.rounds.front(), self.rounds.back()) else {
            return Err("its pods were not asked yet".to_owned());
        };
        let age = now.duration_since(last.at);
        if age > STALE {
            return Err(format!("its pods have not been asked for {} s", age.as_secs()));
        }
        if !self.pods.values().any(|pod| pod.serves) {
            return Err("no pod of its API is ready".to_owned());
        }
        let is_missing = |pod: &&Seen| pod.serves && now.duration_since(pod.at) > STALE;
        if let Some(pod) = self.pods.values().find(is_missing) {
            let why = pod.silent.as_deref().unwrap_or("it was not asked");
            return Err(format!("pod {} does not tell its requests: {why}", pod.name));
        }
        let seconds = last.at.duration_since(first.at).as_secs_f64();
        if self.begins() || seconds <= 0.0 {
            return Err("its pods were asked only once so far".to_owned());
        }
        let mut rates: BTreeMap<String, f64> = BTreeMap::new();
        for round in self.rounds.iter().skip(1) {
            for (colour, requests) in &round.requests {
                *rates.entry(colour.clone()).or_default() += requests / seconds;
            }
        }
        Ok(rates)
    }
}

/// Requests that a pod has counted since it started, from its metrics in the Prometheus text format. A family without a
/// series has counted nothing.
pub(super) fn requests(text: &str) -> Result<f64, String> {
    let mut sum = 0.0;
    for line in text.lines().filter(|line| line.starts_with("http_requests_total")) {
        let (series, value) = line.rsplit_once(' ').ok_or_else(|| format!("{line:?} has no value"))?;
        if series != "http_requests_total" && !series.starts_with("http_requests_total{") {
            continue;
        }
        let value = value.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
        sum += value.ok_or_else(|| format!("{line:?} is no count"))?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pod(name: &str, colour: &str, count: f64) -> Counted {
        Counted {
            uid: name.to_owned(),
            name: name.to_owned(),
            colour: colour.to_owned(),
            serves: true,
            count: Ok(count),
        }
    }

    fn silent(name: &str) -> Counted {
        Counted { count: Err("no answer".to_owned()), ..pod(name, "blue", 0.0) }
    }

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn total(meter: &Meter, now: Instant) -> f64 {
        meter.rate(now).unwrap().values().sum()
    }

    #[tokio::test]
    async fn the_rate_is_what_was_counted_over_the_window() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        for round in 0..20_u64 {
            meter.take(at(start, 5 * round), vec![pod("a", "blue", 1000.0 + 50.0 * round as f64)]);
        }
        let now = at(start, 95);
        assert_eq!(meter.rate(now).unwrap(), [("blue".to_owned(), 10.0)].into());
        assert!(meter.rounds.len() <= 8, "{}", meter.rounds.len());
        // A rush shows by its share of the window.
        meter.take(at(start, 100), vec![pod("a", "blue", 1950.0 + 600.0)]);
        assert!((total(&meter, at(start, 100)) - (250.0 + 600.0) / 30.0).abs() < 1.0);
    }

    #[tokio::test]
    async fn one_round_is_no_rate_and_an_old_one_neither() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        assert!(meter.rate(start).unwrap_err().contains("not asked yet"));
        meter.take(start, vec![pod("a", "blue", 7.0)]);
        assert!(meter.rate(start).unwrap_err().contains("only once"));
        meter.take(at(start, 5), vec![pod("a", "blue", 17.0)]);
        assert!((total(&meter, at(start, 5)) - 2.0).abs() < 1e-9);
        assert!(meter.rate(at(start, 30)).unwrap_err().contains("not been asked for 25 s"));
    }

    #[tokio::test]
    async fn a_container_that_was_started_anew_counts_from_nothing() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        meter.take(start, vec![pod("a", "blue", 500.0)]);
        meter.take(at(start, 5), vec![pod("a", "blue", 550.0)]);
        meter.take(at(start, 10), vec![pod("a", "blue", 30.0)]);
        assert!((total(&meter, at(start, 10)) - 8.0).abs() < 1e-9);
    }

    #[tokio::test]
    async fn a_pod_that_comes_has_begun_at_nothing_and_one_that_goes_has_had_its_requests() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        meter.take(start, vec![pod("a", "blue", 100.0), pod("b", "blue", 100.0)]);
        meter.take(at(start, 5), vec![pod("a", "blue", 150.0), pod("b", "blue", 150.0)]);
        meter.take(at(start, 10), vec![pod("a", "blue", 200.0), pod("c", "blue", 50.0)]);
        assert!((total(&meter, at(start, 10)) - 20.0).abs() < 1e-9);
    }

    #[tokio::test]
    async fn a_pod_that_serves_and_stays_silent_makes_the_sum_unknown() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        meter.take(start, vec![pod("a", "blue", 100.0), pod("b", "blue", 0.0)]);
        meter.take(at(start, 5), vec![pod("a", "blue", 150.0), silent("b")]);
        assert!((total(&meter, at(start, 5)) - 10.0).abs() < 1e-9, "one round may be missed");
        meter.take(at(start, 10), vec![pod("a", "blue", 200.0), silent("b")]);
        meter.take(at(start, 15), vec![pod("a", "blue", 250.0), silent("b")]);
        let why = meter.rate(at(start, 15)).unwrap_err();
        assert_eq!(why, "pod b does not tell its requests: no answer");
        // What it missed to tell comes with what it tells next.
        meter.take(at(start, 20), vec![pod("a", "blue", 300.0), pod("b", "blue", 200.0)]);
        assert!((total(&meter, at(start, 20)) - 20.0).abs() < 1e-9);
        // One to which nothing is sent may stay silent.
        let ends = Counted { serves: false, ..silent("b") };
        for round in 5..9_u64 {
            let count = 300.0 + 50.0 * (round - 4) as f64;
            meter.take(at(start, 5 * round), vec![pod("a", "blue", count), ends.clone()]);
        }
        assert!(meter.rate(at(start, 40)).is_ok());
        meter.take(at(start, 45), vec![ends]);
        assert!(meter.rate(at(start, 45)).unwrap_err().contains("no pod"));
    }

    #[tokio::test]
    async fn one_that_was_silent_from_the_start_is_not_taken_to_have_counted_all_at_once() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        meter.take(start, vec![silent("a")]);
        meter.take(at(start, 5), vec![pod("a", "blue", 1_000_000.0)]);
        meter.take(at(start, 10), vec![pod("a", "blue", 1_000_050.0)]);
        assert!((total(&meter, at(start, 10)) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn the_count_is_read_from_the_text() {
        let text = "# HELP http_requests x\n# TYPE http_requests counter\n\
            http_requests_total{method=\"GET\",endpoint=\"/a\",status=\"200\"} 12\n\
            http_requests_total{method=\"GET\",endpoint=\"/a b\",status=\"503\"} 3\n\
            http_requests_total_created 99\nhttp_requests_in_flight 7\n# EOF\n";
        assert_eq!(requests(text), Ok(15.0));
        assert_eq!(requests("# EOF\n"), Ok(0.0));
        for wrong in ["http_requests_total NaN", "http_requests_total -1", "http_requests_total{a=\"b\"} x"] {
            assert!(requests(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// A switch at any moment, with pods that come before and go after it, leaves the sum as it was.
        #[test]
        fn there_is_no_dip_at_a_switch(switch in 2_u64..18, pods in 1_u32..5, rate in 1_u32..1000) {
            let (mut meter, start) = (Meter::default(), Instant::now());
            let each = f64::from(rate) / f64::from(pods);
            for round in 0..30_u64 {
                let mut seen = Vec::new();
                for number in 0..pods {
                    let blue = each * 5.0 * round.min(switch) as f64;
                    let green = each * 5.0 * round.saturating_sub(switch) as f64;
                    // Green is there before the switch, blue for a while after it.
                    if round < switch + 4 {
                        let serves = round <= switch + 1;
                        seen.push(Counted { serves, ..pod(&format!("blue-{number}"), "blue", blue) });
                    }
                    if round + 2 > switch {
                        seen.push(pod(&format!("green-{number}"), "green", green));
                    }
                }
                let now = at(start, 5 * round);
                meter.take(now, seen);
                if round > 0 {
                    let total = total(&meter, now);
                    prop_assert!((total - f64::from(rate)).abs() < 0.01 * f64::from(rate), "round {}: {}", round, total);
                }
            }
        }
    }
}
