//! Plans and what of them is used; subscriptions at Stripe.
//!
//! [`quota`] counts before work is begun and gives back what failed; [`stripe`] speaks Stripe's API; [`webhook`] believes
//! and writes down what Stripe tells; [`sync`] asks Stripe what is so now, and writes that down. Since events only cause a
//! look, their order and number do not matter.

pub mod quota;
pub mod stripe;
pub mod sync;
pub mod webhook;

use serde::{Deserialize, Serialize};
use sqlx::{Postgres, Transaction};

use crate::config::Plan;
use crate::names::TenantId;
use crate::timestamp::Timestamp;

/// How a subscription stands, as Stripe has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Status {
    /// There has been none.
    None,
    /// The first payment is not made yet.
    Incomplete,
    /// It was not made in time.
    IncompleteExpired,
    /// On trial.
    Trialing,
    /// Paid.
    Active,
    /// A payment failed; Stripe tries again. The plan stays in force meanwhile.
    PastDue,
    /// Ended.
    Canceled,
    /// All tries failed.
    Unpaid,
    /// A trial ended without a means of payment.
    Paused,
}

impl Status {
    /// Whether what was subscribed to is in force.
    pub fn is_in_force(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue)
    }

    /// The name in Postgres and with Stripe.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
        }
    }
}

/// What is known of a tenant's subscription.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Subscription {
    /// Stripe's id of the customer.
    pub customer: String,
    /// Stripe's id of what was subscribed to.
    pub price: Option<String>,
    /// How it stands.
    pub status: Status,
    /// Until when it is paid.
    pub period_end: Option<Timestamp>,
    /// Whether it ends then.
    pub ends_with_period: bool,
}

/// The subscription of the transaction's tenant, if there has been one.
///
/// # Errors
/// When a query fails.
pub async fn subscription(
    transaction: &mut Transaction<'static, Postgres>,
) -> Result<Option<Subscription>, sqlx::Error> {
    sqlx::query_as(
        "SELECT customer, price, status, period_end, ends_with_period FROM subscriptions
         WHERE tenant_id = app_tenant_id()",
    )
    .fetch_optional(&mut **transaction)
    .await
}

/// Writes down which customer of Stripe the tenant is.
///
/// # Errors
/// When a query fails.
pub async fn remember_customer(
    transaction: &mut Transaction<'static, Postgres>,
    tenant: TenantId,
    customer: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO subscriptions (tenant_id, customer) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(tenant)
        .bind(customer)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// The plan that is in force: that of a live subscription, else the first of `plans`. A price that no plan has (it was
/// taken out of the configuration) gives the first as well.
pub fn plan_in_force<'a>(plans: &'a [Plan], subscription: Option<&Subscription>) -> Option<&'a Plan> {
    let bought = subscription
        .filter(|subscription| subscription.status.is_in_force())
        .and_then(|subscription| subscription.price.as_deref())
        .and_then(|price| plans.iter().find(|plan| plan.stripe_price.as_deref() == Some(price)));
    bought.or_else(|| plans.first())
}
