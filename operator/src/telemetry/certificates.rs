//! What is known of the certificates of all ingresses, in figures. One figure for all: names are no labels.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::resume_matcher::certificate::Certificate;
use crate::resume_matcher::model::Installation;

/// The figures, and what they are made of: when each certificate ends, if it can be used.
#[derive(Debug, Default)]
pub(super) struct CertificateGauges {
    known: Mutex<BTreeMap<(String, String), Option<i64>>>,
    all: Gauge,
    unusable: Gauge,
    earliest: Gauge,
}

impl CertificateGauges {
    /// Figures that the registry shows.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        let mut register = |name, what, gauge: &Gauge| registry.register(name, what, gauge.clone());
        register("ingress_certificates", "Installations whose ingress serves HTTPS", &gauges.all);
        register(
            "ingress_certificates_unusable",
            "Of these, those whose certificate is missing, unreadable, of another host or of another key",
            &gauges.unusable,
        );
        register(
            "earliest_ingress_certificate_expiry_timestamp_seconds",
            "Of the certificates that can be used, the end of the one that ends first; 0: there is none",
            &gauges.earliest,
        );
        gauges
    }

    /// Takes in what is known of an installation.
    pub(super) fn know(&self, installation: &Installation) {
        let end = |certificate: &Certificate| certificate.end.as_ref().ok().map(|end| end.as_second());
        let name = (installation.namespace.clone(), installation.name.to_string());
        self.set(name, installation.certificate.as_ref().map(end));
    }

    /// Forgets an installation that is gone.
    pub(super) fn forget(&self, namespace: &str, name: &str) {
        self.set((namespace.to_owned(), name.to_owned()), None);
    }

    fn set(&self, name: (String, String), end: Option<Option<i64>>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match end {
            Some(end) => known.insert(name, end),
            None => known.remove(&name),
        };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.all.set(count(known.len()));
        self.unusable.set(count(known.values().filter(|end| end.is_none()).count()));
        self.earliest.set(known.values().filter_map(|end| *end).min().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resume_matcher::fixtures::installation;

    #[test]
    fn the_one_that_ends_first_is_told_until_it_is_gone() {
        let gauges = CertificateGauges::register(&mut Registry::default());
        let known = |namespace: &str, end: Result<i64, ()>| {
            let end = end.map(|second| jiff::Timestamp::from_second(second).unwrap());
            let end = end.map_err(|()| ("CertificateMissing", "does not exist".to_owned()));
            let certificate = Some(Certificate { secret: "web".to_owned(), end });
            let namespace = namespace.to_owned();
            gauges.know(&Installation { namespace, certificate, ..installation(serde_json::json!({})) });
            (gauges.all.get(), gauges.unusable.get(), gauges.earliest.get())
        };
        assert_eq!(known("a", Ok(9)), (1, 0, 9));
        assert_eq!(known("b", Ok(7)), (2, 0, 7));
        assert_eq!(known("c", Err(())), (3, 1, 7));
        gauges.forget("b", "acme");
        assert_eq!((gauges.all.get(), gauges.earliest.get()), (2, 9));
        gauges.know(&Installation { namespace: "a".to_owned(), ..installation(serde_json::json!({})) });
        assert_eq!((gauges.all.get(), gauges.earliest.get()), (1, 0));
    }
}
