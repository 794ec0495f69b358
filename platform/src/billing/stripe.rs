//! Stripe's API, as far as subscriptions need it: customers, Checkout, the customer portal, subscriptions.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::Status;
use crate::config::StripeConfig;
use crate::names::TenantId;
use crate::timestamp::Timestamp;

/// Longest time for one request.
const DEADLINE: Duration = Duration::from_secs(15);
/// The version of the API whose shapes are read here; an account may have another by default.
const API_VERSION: &str = "2024-06-20";

/// Why Stripe did not do it. No message has what customers or keys are called.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// The client cannot be set up.
    #[error("the client of Stripe cannot be set up")]
    Client(#[source] reqwest::Error),
    /// Stripe is away, or its answer is not understood.
    #[error("Stripe does not answer as it should")]
    Away(#[source] reqwest::Error),
    /// Stripe refuses it.
    #[error("Stripe refuses the request: status {status}, {kind} {code}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// `type` of its error, such as `invalid_request_error`.
        kind: String,
        /// `code` of its error, such as `resource_missing`.
        code: String,
    },
}

/// A subscription as Stripe has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteSubscription {
    /// Its id.
    pub id: String,
    /// Id of the price of its first item.
    pub price: Option<String>,
    /// How it stands.
    pub status: Status,
    /// Until when it is paid.
    pub period_end: Option<Timestamp>,
    /// Whether it ends then.
    pub ends_with_period: bool,
    /// When it was made, in seconds since 1970.
    pub created: i64,
}

/// A sale to be begun.
#[derive(Debug, Clone, Copy)]
pub struct Checkout<'a> {
    /// Who buys.
    pub tenant: TenantId,
    /// Stripe's id of the buyer.
    pub customer: &'a str,
    /// Stripe's id of what is bought.
    pub price: &'a str,
    /// Where the person comes back to.
    pub return_url: &'a str,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize, Default)]
struct ErrorDetail {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
struct WithId {
    id: String,
}

#[derive(Deserialize)]
struct WithUrl {
    url: String,
}

#[derive(Deserialize)]
struct List {
    data: Vec<SubscriptionBody>,
}

#[derive(Deserialize)]
struct SubscriptionBody {
    id: String,
    status: Status,
    #[serde(default)]
    cancel_at_period_end: bool,
    #[serde(default)]
    created: i64,
    #[serde(default)]
    current_period_end: Option<i64>,
    items: Items,
}

#[derive(Deserialize)]
struct Items {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    price: WithId,
    // Since the version 2025-03-31 the period is the item's.
    #[serde(default)]
    current_period_end: Option<i64>,
}

/// Speaks with Stripe. Clones share connections.
#[derive(Clone)]
pub struct Stripe {
    client: Client,
    url: String,
    key: SecretString,
}

impl Stripe {
    /// A client of the configured account.
    ///
    /// # Errors
    /// When the TLS of the client cannot be set up.
    pub fn new(config: &StripeConfig) -> Result<Self, StripeError> {
        let client = Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("resume-matcher/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(StripeError::Client)?;
        Ok(Self { client, url: config.url.clone(), key: config.secret_key.clone() })
    }

    /// Makes the tenant a customer. Asked again within a day, Stripe gives the same one.
    ///
    /// # Errors
    /// When Stripe is away or refuses it.
    pub async fn create_customer(&self, tenant: TenantId, email: &str) -> Result<String, StripeError> {
        let id = tenant.to_string();
        let form = [("email", email), ("metadata[tenant_id]", id.as_str())];
        let made: WithId = self.post("/v1/customers", &form, Some(format!("customer-{id}"))).await?;
        Ok(made.id)
    }

    /// Begins a sale; gives the address of Stripe's page for it.
    ///
    /// # Errors
    /// When Stripe is away or refuses it.
    pub async fn create_checkout(&self, sale: Checkout<'_>) -> Result<String, StripeError> {
        let tenant = sale.tenant.to_string();
        let tenant = tenant.as_str();
        let form = [
            ("mode", "subscription"),
            ("customer", sale.customer),
            ("client_reference_id", tenant),
            ("line_items[0][price]", sale.price),
            ("line_items[0][quantity]", "1"),
            ("metadata[tenant_id]", tenant),
            ("subscription_data[metadata][tenant_id]", tenant),
            ("success_url", sale.return_url),
            ("cancel_url", sale.return_url),
        ];
        let made: WithUrl = self.post("/v1/checkout/sessions", &form, None).await?;
        Ok(made.url)
    }

    /// Opens the customer portal, where people change plans, cards and addresses, and cancel; gives its address.
    ///
    /// # Errors
    /// When Stripe is away or refuses it.
    pub async fn create_portal(&self, customer: &str, return_url: &str) -> Result<String, StripeError> {
        let form = [("customer", customer), ("return_url", return_url)];
        let made: WithUrl = self.post("/v1/billing_portal/sessions", &form, None).await?;
        Ok(made.url)
    }

    /// The subscription of a customer that counts: one in force before others, then the newest.
    ///
    /// # Errors
    /// When Stripe is away or refuses it.
    pub async fn subscription_of(&self, customer: &str) -> Result<Option<RemoteSubscription>, StripeError> {
        let query = encoded(&[("customer", customer), ("status", "all"), ("limit", "100")]);
        let request = self.client.get(format!("{}/v1/subscriptions?{query}", self.url));
        let list: List = self.send(request).await?;
        let all = list.data.into_iter().map(RemoteSubscription::from);
        Ok(all.max_by_key(|one| (one.status.is_in_force(), one.created)))
    }

    async fn post<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        form: &[(&str, &str)],
        idempotency_key: Option<String>,
    ) -> Result<T, StripeError> {
        let mut request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(form));
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        self.send(request).await
    }

    async fn send<T: for<'de> Deserialize<'de>>(&self, request: RequestBuilder) -> Result<T, StripeError> {
        let answer = request
            .bearer_auth(self.key.expose_secret())
            .header("stripe-version", API_VERSION)
            .send()
            .await
            // The address has the customer's id.
            .map_err(|error| StripeError::Away(error.without_url()))?;
        let status = answer.status();
        if status.is_success() {
            return answer.json().await.map_err(|error| StripeError::Away(error.without_url()));
        }
        let told = answer.json::<ErrorBody>().await.map(|body| body.error).unwrap_or_default();
        Err(StripeError::Refused { status: status.as_u16(), kind: told.kind, code: told.code })
    }
}

impl StripeError {
    /// Whether the same request may succeed later: Stripe is away or busy.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Refused { status, .. } => {
                *status >= 500 || *status == StatusCode::TOO_MANY_REQUESTS.as_u16() || *status == 409
            }
            Self::Client(_) => false,
        }
    }
}

impl From<SubscriptionBody> for RemoteSubscription {
    fn from(body: SubscriptionBody) -> Self {
        let item = body.items.data.into_iter().next();
        let item_end = item.as_ref().and_then(|item| item.current_period_end);
        let end = body.current_period_end.or(item_end);
        Self {
            id: body.id,
            price: item.map(|item| item.price.id),
            status: body.status,
            period_end: end.map(|seconds| Timestamp::from_microseconds(seconds.saturating_mul(1_000_000))),
            ends_with_period: body.cancel_at_period_end,
            created: body.created,
        }
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}
