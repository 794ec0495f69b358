//! `/api/v1/billing`: the plan, what of it is used, and buying another.

use axum::{Json, extract::State, http::StatusCode};
use platform::{billing::Status, config::Plan, timestamp::Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    actions::billing::{checkout, portal, standing},
    auth::identity::Identity,
    error::{Problem, ProblemDocument},
    request::json::JsonBody,
    state::AppState,
};

/// What a plan has. A limit that is null is none.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanInfo {
    /// By which it is bought.
    #[schema(example = "pro")]
    id: String,
    /// By which people know it.
    #[schema(example = "Pro")]
    name: String,
    /// Matches that may be asked for in a calendar month (UTC).
    monthly_matches: Option<u32>,
    /// Resumes that may be there at a time.
    stored_resumes: Option<u32>,
    /// Whether it can be bought here.
    for_sale: bool,
}

/// What the organisation has and uses.
#[derive(Debug, Serialize, ToSchema)]
pub struct BillingState {
    /// The plan in force.
    plan: PlanInfo,
    /// What of it is used.
    usage: UsageInfo,
    /// The subscription, if there has been one.
    subscription: Option<SubscriptionInfo>,
    /// All plans.
    plans: Vec<PlanInfo>,
}

/// What is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageInfo {
    /// Matches that were asked for this month and have not failed.
    matches: i64,
    /// Resumes that there are.
    resumes: i64,
}

/// How a subscription stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionInfo {
    /// As Stripe has it. With `trialing`, `active` and `past_due` (a payment failed and is tried again) its plan is in force.
    #[schema(value_type = String, example = "active")]
    status: Status,
    /// Until when it is paid.
    #[schema(value_type = Option<String>, format = DateTime)]
    period_end: Option<Timestamp>,
    /// Whether it ends then.
    ends_with_period: bool,
}

/// A plan to be bought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCheckout {
    /// Id of the plan.
    #[schema(example = "pro")]
    plan: String,
}

/// A page of Stripe.
#[derive(Debug, Serialize, ToSchema)]
pub struct StripePage {
    /// Where to send the person.
    #[schema(example = "https://checkout.stripe.com/c/pay/cs_…")]
    url: String,
}

impl PlanInfo {
    fn new(plan: &Plan, sells: bool) -> Self {
        Self {
            id: plan.id.clone(),
            name: plan.name.clone(),
            monthly_matches: plan.monthly_matches,
            stored_resumes: plan.stored_resumes,
            for_sale: sells && plan.stripe_price.is_some(),
        }
    }
}

/// Says which plan the organisation has and what of it is used.
#[utoipa::path(
    get, path = "/api/v1/billing", tag = "Billing", operation_id = "getBilling",
    responses(
        (status = 200, description = "Plan and usage", body = BillingState),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn get_billing(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<Json<BillingState>, Problem> {
    let now = standing(&state, identity).await?;
    let sells = state.billing.sells();
    Ok(Json(BillingState {
        plan: PlanInfo::new(&now.plan, sells),
        usage: UsageInfo { matches: now.usage.matches, resumes: now.usage.resumes },
        subscription: now.subscription.map(|known| SubscriptionInfo {
            status: known.status,
            period_end: known.period_end,
            ends_with_period: known.ends_with_period,
        }),
        plans: state.billing.plans().iter().map(|plan| PlanInfo::new(plan, sells)).collect(),
    }))
}

/// Begins buying a plan. Send the person to `url`; the plan is in force once Stripe has told of the payment.
#[utoipa::path(
    post, path = "/api/v1/billing/checkout", tag = "Billing", operation_id = "createCheckout",
    request_body = CreateCheckout,
    responses(
        (status = 201, description = "Stripe's page", body = StripePage),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Nothing is sold here, or there is a subscription", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "There is no such plan", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Stripe does not answer", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_checkout(
    State(state): State<AppState>,
    identity: Identity,
    JsonBody(body): JsonBody<CreateCheckout>,
) -> Result<(StatusCode, Json<StripePage>), Problem> {
    let url = checkout(&state, identity, &body.plan).await?;
    Ok((StatusCode::CREATED, Json(StripePage { url })))
}

/// Opens Stripe's customer portal, where the subscription is changed, paid and ended. Send the person to `url`.
#[utoipa::path(
    post, path = "/api/v1/billing/portal", tag = "Billing", operation_id = "createPortal",
    responses(
        (status = 201, description = "Stripe's page", body = StripePage),
        (status = 401, description = "No valid access token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The caller is no owner", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Nothing is sold here, or there is no subscription yet", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Stripe does not answer", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub async fn create_portal(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<(StatusCode, Json<StripePage>), Problem> {
    let url = portal(&state, identity).await?;
    Ok((StatusCode::CREATED, Json(StripePage { url })))
}
