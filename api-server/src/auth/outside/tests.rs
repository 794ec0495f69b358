//! Tokens as issuers sign them, and as attackers do.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::config::FetchConfig;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use super::*;

const SECRET: &str = "a secret of an issuer that has 32 bytes or more";
const ISSUER: &str = "https://issuer.example/auth/v1";

/// A private key made for these tests.
const RSA: &[u8] = include_bytes!("../../../tests/keys/rsa.der");

/// What signs.
enum Signer {
    Ec(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
    Hmac(Vec<u8>),
}

impl Signer {
    fn ec() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random);
        Self::Ec(Box::new(key.unwrap()))
    }

    fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::from_der(RSA).unwrap()))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Hmac(key) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec(),
        }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn jwk(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
                    "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Self::Rsa(key) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = key.public().into();
                json!({"kty": "RSA", "kid": id, "n": text(&public.n), "e": text(&public.e)})
            }
            Self::Hmac(key) => json!({"kty": "oct", "kid": id, "k": text(key)}),
        }
    }
}

/// An issuer's server of keys.
struct Issuing {
    keys: Mutex<Option<Vec<Value>>>,
    asked: AtomicUsize,
}

struct Served {
    issuing: Arc<Issuing>,
    url: Url,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Served {
    async fn start(keys: Vec<Value>) -> Self {
        platform::tls::install_provider();
        jwt_provider::install();
        let issuing = Arc::new(Issuing { keys: Mutex::new(Some(keys)), asked: AtomicUsize::new(0) });
        let answer = |State(issuing): State<Arc<Issuing>>| async move {
            issuing.asked.fetch_add(1, Ordering::Relaxed);
            match issuing.keys.lock().unwrap().clone() {
                Some(keys) => Json(json!({"keys": keys})).into_response(),
                None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            }
        };
        let router = Router::new().route("/keys", get(answer)).with_state(issuing.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/keys", listener.local_addr().unwrap())).unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuing, url, task }
    }

    /// `None`: it is away.
    fn serve(&self, keys: Option<Vec<Value>>) {
        *self.issuing.keys.lock().unwrap() = keys;
    }

    fn asked(&self) -> usize {
        self.issuing.asked.load(Ordering::Relaxed)
    }

    fn set(&self, pause: Duration) -> KeySet {
        let config = FetchConfig { allowed_networks: vec!["127.0.0.1/32".parse().unwrap()] };
        let fetcher = Fetcher::with_limits(&config, Limits::KEYS).unwrap();
        KeySet::new(fetcher, self.url.clone(), vec![Algorithm::RS256, Algorithm::ES256], pause)
    }

    fn issuers(&self, pause: Duration) -> OutsideIssuers {
        issuers(Keys::Fetched(self.set(pause)))
    }
}

fn issuers(keys: Keys) -> OutsideIssuers {
    jwt_provider::install();
    let issuer = Issuer { issuer: ISSUER.to_owned(), audience: "authenticated".to_owned(), keys };
    OutsideIssuers(vec![issuer].into())
}

fn by_secret() -> OutsideIssuers {
    issuers(Keys::Secret(DecodingKey::from_secret(SECRET.as_bytes())))
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

/// Claims as Supabase writes them, with `changes`; null takes a claim away.
fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "authenticated", "sub": "5e1f-1", "iat": now() - 5, "exp": now() + 600,
        "email": "Ann@Example.org", "email_verified": true, "session_id": "s-1", "role": "authenticated",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_good_token_says_who_it_is_whatever_signs_it() {
    let (ec, rsa) = (Signer::ec(), Signer::rsa());
    let served = Served::start(vec![ec.jwk("e"), rsa.jwk("r")]).await;
    let fetched = served.issuers(MINUTE);
    let hmac = Signer::Hmac(SECRET.as_bytes().to_vec());
    let mut identities = Vec::new();
    for (issuers, signer, header) in [
        (&fetched, &ec, json!({"alg": "ES256", "kid": "e"})),
        (&fetched, &rsa, json!({"alg": "RS256", "kid": "r", "typ": "JWT"})),
        // Without an id: the only key for the algorithm.
        (&fetched, &rsa, json!({"alg": "RS256"})),
        (&by_secret(), &hmac, json!({"alg": "HS256"})),
    ] {
        let person = issuers.check(&signer.token(&header, &claims(json!({})))).await.unwrap();
        assert_eq!(person.email.as_ref().map(Email::as_str), Some("ann@example.org"));
        assert!(person.email_verified && person.session == "s-1");
        assert!(!format!("{person:?}").to_lowercase().contains("ann"));
        identities.push(person.identity);
    }
    identities.dedup();
    assert_eq!(identities.len(), 1);
    assert_eq!(served.asked(), 1);
}

#[tokio::test]
async fn what_an_issuer_says_of_the_address_is_believed_only_where_it_says_it_itself() {
    let hmac = Signer::Hmac(SECRET.as_bytes().to_vec());
    for (changes, verified) in [
        (json!({"email_verified": "true"}), true),
        (json!({"email_verified": false}), false),
        (json!({"email_verified": 1}), false),
        // People write their own metadata.
        (json!({"email_verified": null, "user_metadata": {"email_verified": true}}), false),
    ] {
        let token = hmac.token(&json!({"alg": "HS256"}), &claims(changes.clone()));
        assert_eq!(by_secret().check(&token).await.unwrap().email_verified, verified, "{changes}");
    }
}

#[tokio::test]
async fn a_token_for_others_of_others_or_of_another_time_is_refused() {
    let hmac = Signer::Hmac(SECRET.as_bytes().to_vec());
    let header = json!({"alg": "HS256"});
    for changes in [
        json!({"aud": "other"}),
        json!({"aud": null}),
        json!({"iss": "https://other.example"}),
        json!({"iss": null}),
        json!({"exp": now() - 31}),
        json!({"exp": null}),
        json!({"nbf": now() + 60}),
        json!({"iat": now() + 60}),
        json!({"iat": null}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"email": "no address"}),
    ] {
        let refused = by_secret().check(&hmac.token(&header, &claims(changes.clone()))).await;
        assert!(refused.is_err(), "{changes}");
    }
    // Clocks may be a little apart.
    for changes in
        [json!({"exp": now() - 20}), json!({"nbf": now() + 20}), json!({"aud": ["x", "authenticated"]})]
    {
        let taken = by_secret().check(&hmac.token(&header, &claims(changes.clone()))).await;
        assert!(taken.is_ok(), "{changes}: {taken:?}");
    }
    for text in ["", "a.b.c", "rmk_x", &"x".repeat(9000)] {
        assert!(matches!(by_secret().check(text).await, Err(OutsideError::Unknown)));
    }
}

#[tokio::test]
async fn the_token_does_not_choose_how_it_is_checked() {
    let (ec, rsa, attacker) = (Signer::ec(), Signer::rsa(), Signer::ec());
    let served = Served::start(vec![ec.jwk("e"), rsa.jwk("r")]).await;
    let fetched = served.issuers(MINUTE);
    let good = claims(json!({}));
    // The public key taken for a shared secret: as it stands in the set, as a point, as a modulus.
    let Signer::Ec(pair) = &ec else { panic!("it is one") };
    let Signer::Rsa(rsa_pair) = &rsa else { panic!("it is one") };
    let modulus: RsaPublicKeyComponents<Vec<u8>> = rsa_pair.public().into();
    let confusions =
        [ec.jwk("e").to_string().into_bytes(), pair.public_key().as_ref().to_vec(), modulus.n.clone()];
    for secret in confusions {
        let forged = Signer::Hmac(secret).token(&json!({"alg": "HS256", "kid": "e"}), &good);
        assert!(fetched.check(&forged).await.is_err());
    }
    for header in [
        json!({"alg": "ES256", "kid": "e"}),
        json!({"alg": "ES256", "kid": "e", "jwk": attacker.jwk("e")}),
        json!({"alg": "ES256", "kid": "e", "jku": "http://127.0.0.1:1/keys"}),
        json!({"alg": "RS256", "kid": "e"}),
        json!({"alg": "ES256", "kid": "r"}),
    ] {
        assert!(fetched.check(&attacker.token(&header, &good)).await.is_err(), "{header}");
    }
    let extended = ec.token(&json!({"alg": "ES256", "kid": "e", "crit": ["exp"]}), &good);
    assert!(matches!(fetched.check(&extended).await, Err(OutsideError::Claim("crit"))));
    let unsigned = ec.token(&json!({"alg": "none", "kid": "e"}), &good);
    let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
    assert!(fetched.check(&format!("{unsigned}.")).await.is_err());
    // Nor does an issuer with a secret take a public key's signature.
    assert!(by_secret().check(&ec.token(&json!({"alg": "ES256"}), &good)).await.is_err());
}

#[tokio::test]
async fn a_set_of_keys_has_no_shared_secrets_and_no_keys_for_other_ends() {
    let secret = SECRET.as_bytes().to_vec();
    let (ec, hmac) = (Signer::ec(), Signer::Hmac(secret));
    let mut encrypts = ec.jwk("e");
    encrypts["use"] = json!("enc");
    let other = json!({"kty": "EC", "crv": "P-521", "kid": "x", "x": "AA", "y": "AA"});
    let served = Served::start(vec![hmac.jwk("h"), encrypts, other, json!({"kty": "unknown"})]).await;
    let fetched = served.issuers(Duration::ZERO);
    let good = claims(json!({}));
    assert!(fetched.check(&hmac.token(&json!({"alg": "HS256", "kid": "h"}), &good)).await.is_err());
    assert!(fetched.check(&ec.token(&json!({"alg": "ES256", "kid": "e"}), &good)).await.is_err());
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_and_an_old_one_goes() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let served = Served::start(vec![old.jwk("1")]).await;
    let issuers = served.issuers(Duration::ZERO);
    let good = claims(json!({}));
    let of_old = old.token(&json!({"alg": "ES256", "kid": "1"}), &good);
    let of_new = new.token(&json!({"alg": "ES256", "kid": "2"}), &good);
    assert!(issuers.check(&of_old).await.is_ok());
    assert!(issuers.check(&of_new).await.is_err());
    served.serve(Some(vec![new.jwk("2")]));
    assert!(issuers.check(&of_new).await.is_ok());
    assert!(issuers.check(&of_old).await.is_err());
}

#[tokio::test]
async fn an_issuer_is_not_asked_again_at_once_for_a_key_that_it_does_not_have() {
    let (known, unknown) = (Signer::ec(), Signer::ec());
    let served = Served::start(vec![known.jwk("1")]).await;
    let issuers = served.issuers(MINUTE);
    for id in 0..50 {
        let token = unknown.token(&json!({"alg": "ES256", "kid": format!("x{id}")}), &claims(json!({})));
        assert!(matches!(issuers.check(&token).await, Err(OutsideError::Key(KeyError::NoSuchKey))));
    }
    assert_eq!(served.asked(), 1);
}

#[tokio::test]
async fn keys_that_are_known_go_on_while_the_issuer_is_away() {
    let key = Signer::ec();
    let served = Served::start(vec![key.jwk("1")]).await;
    let token = key.token(&json!({"alg": "ES256", "kid": "1"}), &claims(json!({})));
    let other = key.token(&json!({"alg": "ES256", "kid": "2"}), &claims(json!({})));
    let (warm, cold) = (served.issuers(Duration::ZERO), served.issuers(Duration::ZERO));
    assert!(warm.check(&token).await.is_ok());
    served.serve(None);
    assert!(warm.check(&token).await.is_ok());
    assert!(matches!(warm.check(&other).await, Err(OutsideError::Key(KeyError::NoSuchKey))));
    assert!(warm.check(&token).await.is_ok());
    assert!(matches!(cold.check(&token).await, Err(OutsideError::Key(KeyError::Away))));
    served.serve(Some(vec![key.jwk("1")]));
    assert!(cold.check(&token).await.is_ok());
}
