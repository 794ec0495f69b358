//! What the application is given beside its data services: mail, plans and payments, and keys of secrets at rest.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::SecretReference;

/// How mail leaves the installation. In `development` nothing is sent, whatever is set here: mails are kept on the page
/// `/outbox`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.sendgrid) != has(self.smtp)")
    .message("spec.mail: set exactly one of sendgrid and smtp")
    .field_path(".smtp"))]
pub struct MailSpec {
    /// The sender of all mails, for example `Resume Matcher <noreply@example.org>`.
    #[schemars(
        length(min = 3, max = 320),
        regex(pattern = r"^([^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$")
    )]
    pub from: String,

    /// Sends by SendGrid's HTTP API, version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sendgrid: Option<SendGridSpec>,

    /// Sends by a mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpSpec>,
}

/// Access to SendGrid.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SendGridSpec {
    /// The Secret with the key `apiKey` (with the right "Mail Send"), and, where SendGrid tells of bounces and complaints, the
    /// key `webhookKey`: the verification key that it shows for its signed event webhook, which goes to
    /// `/webhooks/sendgrid`. When its content changes, the pods are rolled.
    pub secret_ref: SecretReference,

    /// URL of its API. Default: `https://api.sendgrid.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048), regex(pattern = r"^https?://[^/\s]+/?$"))]
    pub endpoint: Option<String>,
}

/// Access to a mail server.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SmtpSpec {
    /// The Secret with the key `url`: `smtps://user:password@host:465` or `smtp://user:password@host:587?tls=required`. When
    /// its content changes, the pods are rolled.
    pub secret_ref: SecretReference,
}

/// What tenants may have, and what they pay for.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[x_kube(validation = Rule::new("size(self.plans) == 0 || !has(self.plans[0].stripePrice)")
    .message("spec.billing.plans: the first plan is that of tenants that pay for none; it has no stripePrice")
    .field_path(".plans"))]
#[x_kube(validation = Rule::new("self.plans.all(plan, self.plans.exists_one(other, other.id == plan.id))")
    .message("spec.billing.plans: two plans have the same id")
    .field_path(".plans"))]
#[x_kube(validation = Rule::new("self.plans.all(plan, !has(plan.stripePrice) || self.plans.exists_one(other, has(other.stripePrice) && other.stripePrice == plan.stripePrice))")
    .message("spec.billing.plans: two plans have the same stripePrice")
    .field_path(".plans"))]
#[x_kube(validation = Rule::new("has(self.stripe) || self.plans.all(plan, !has(plan.stripePrice))")
    .message("spec.billing.stripe: a plan has a stripePrice; say how Stripe is reached")
    .field_path(".stripe"))]
pub struct BillingSpec {
    /// The plans. The first one is that of tenants that pay for none.
    #[schemars(length(min = 1, max = 16))]
    pub plans: Vec<PlanSpec>,

    /// Access to Stripe, where plans are sold. Default: nothing is sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stripe: Option<StripeSpec>,
}

/// What a tenant gets. A limit that is absent is none.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlanSpec {
    /// By which the API knows it.
    #[schemars(length(min = 1, max = 100), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub id: String,

    /// By which people know it.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,

    /// Matches that may be asked for in a calendar month (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub monthly_matches: Option<i32>,

    /// Resumes that may be there at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub stored_resumes: Option<i32>,

    /// Stripe's id of its price, such as `price_1N…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_]+$"))]
    pub stripe_price: Option<String>,
}

/// Access to Stripe.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct StripeSpec {
    /// The Secret with the keys `secretKey` and `webhookSecret`: the signing secret of the webhook that goes to
    /// `/webhooks/stripe`. When its content changes, the pods are rolled.
    pub secret_ref: SecretReference,

    /// URL of its API. Default: `https://api.stripe.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 2048), regex(pattern = r"^https?://[^/\s]+/?$"))]
    pub endpoint: Option<String>,
}

/// Keys that seal secrets at rest.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionSpec {
    /// The Secret with the key `keys`: keys of 32 bytes in base64, separated by commas, the newest first. The first one
    /// seals, all of them open. When its content changes, the pods are rolled.
    pub secret_ref: SecretReference,
}
