//! The public keys of one issuer: fetched from it, kept, and fetched again when a token names one that is not among them.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use platform::fetch::{FetchError, Fetcher};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

/// After that time the keys are fetched anew, so that one that was taken back is not believed for ever.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// Most keys of an issuer.
const MAX_KEYS: usize = 64;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The issuer has no such key, or was asked for it a moment ago.
    #[error("the issuer has no such key")]
    NoSuchKey,
    /// The issuer's keys were never had, and cannot be had now.
    #[error("the keys of the issuer cannot be fetched")]
    Away,
}

/// Why keys cannot be fetched.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the issuer's answer is no set of keys (RFC 7517)")]
    Format(#[from] serde_json::Error),
    #[error("the issuer has no key that can be used")]
    Empty,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// What is known, and since when.
#[derive(Clone, Default)]
struct Known {
    keys: Arc<[Key]>,
    fetched: Option<Instant>,
}

/// The keys of one issuer. Clones share them.
#[derive(Clone)]
pub(super) struct KeySet(Arc<Shared>);

struct Shared {
    fetcher: Fetcher,
    url: Url,
    algorithms: Vec<Algorithm>,
    /// Shortest time between two requests.
    pause: Duration,
    known: RwLock<Known>,
    /// When the issuer was asked last; whoever holds it asks.
    asking: Mutex<Option<Instant>>,
}

/// A set of keys as it is written. One that we cannot read is no reason to refuse the others.
#[derive(Deserialize)]
struct Written {
    keys: Vec<Value>,
}

impl KeySet {
    pub(super) fn new(fetcher: Fetcher, url: Url, algorithms: Vec<Algorithm>, pause: Duration) -> Self {
        let (known, asking) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Shared { fetcher, url, algorithms, pause, known, asking }))
    }

    /// The key with this id for this algorithm. Without an id, the only one for it.
    pub(super) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, KeyError> {
        if !self.0.algorithms.contains(&algorithm) {
            return Err(KeyError::NoSuchKey);
        }
        let known = self.known();
        if let Some(key) = known.pick(id, algorithm) {
            if known.is_old() {
                // Good enough for now, so nobody waits; and if the issuer is away, it goes on being good.
                let this = self.clone();
                tokio::spawn(async move { this.refresh(|known| known.is_old()).await });
            }
            return Ok(key);
        }
        self.refresh(|known| known.pick(id, algorithm).is_none()).await;
        let known = self.known();
        let missing = if known.fetched.is_some() { KeyError::NoSuchKey } else { KeyError::Away };
        known.pick(id, algorithm).ok_or(missing)
    }

    fn known(&self) -> Known {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches the keys if they are still `wanted` and the issuer was not asked a moment ago.
    async fn refresh(&self, wanted: impl Fn(&Known) -> bool) {
        let mut asked = self.0.asking.lock().await;
        let too_soon = asked.is_some_and(|at| at.elapsed() < self.0.pause);
        if too_soon || !wanted(&self.known()) {
            return;
        }
        *asked = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "keys of an outside issuer are fetched");
                let known = Known { keys: keys.into(), fetched: Some(Instant::now()) };
                *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = known;
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "keys of an outside issuer cannot be fetched; those that are known stay good");
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<Key>, RefreshError> {
        let page = self.0.fetcher.fetch(self.0.url.as_str()).await?;
        let written: Written = serde_json::from_slice(&page.bytes)?;
        let jwks = written.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value(key).ok());
        let keys: Vec<Key> = jwks.filter_map(|jwk: Jwk| usable(&jwk)).collect();
        if keys.is_empty() { Err(RefreshError::Empty) } else { Ok(keys) }
    }
}

impl Known {
    fn is_old(&self) -> bool {
        self.fetched.is_none_or(|at| at.elapsed() > MAX_AGE)
    }

    fn pick(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| key.algorithm == algorithm && id.is_none_or(|id| key.id.as_deref() == Some(id)));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(only.key.clone()),
            _ => None,
        }
    }
}

/// A key that signs by one of our algorithms: its kind says by which. Shared secrets have no place in a public set.
fn usable(jwk: &Jwk) -> Option<Key> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let signs = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let fits = common.key_algorithm.as_ref().is_none_or(|algorithm| *algorithm == named);
    let key = DecodingKey::from_jwk(jwk).ok().filter(|_| signs && fits)?;
    Some(Key { id: common.key_id.clone(), algorithm, key })
}
