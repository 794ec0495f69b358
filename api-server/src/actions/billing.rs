//! Plans: what the tenant has and uses, and buying another at Stripe.

use platform::{
    billing::{
        self, Subscription,
        quota::{self, Exceeded, Usage},
        stripe::{Checkout, Stripe, StripeError},
    },
    config::{BillingConfig, Plan},
    names::TenantId,
    postgres,
};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    auth::identity::{Entered, Identity},
    error::{FieldError, Problem, ProblemKind},
    state::AppState,
    store::{Tx, accounts},
};

/// The page that people come back to from Stripe.
pub const BILLING_PAGE: &str = "/billing";

/// Plans, and Stripe where they are sold.
#[derive(Clone)]
pub struct Billing {
    plans: Vec<Plan>,
    stripe: Option<Stripe>,
    /// By which webhooks are signed; none closes them.
    pub webhook_secret: Option<SecretString>,
    return_url: String,
}

/// What the tenant has.
#[derive(Debug)]
pub struct Standing {
    /// The plan in force.
    pub plan: Plan,
    /// What of it is used.
    pub usage: Usage,
    /// What is known of a subscription.
    pub subscription: Option<Subscription>,
}

impl Billing {
    /// Plans as `config` wants them; people come back to a page under `public_url`.
    pub fn new(config: &BillingConfig, public_url: &str) -> Result<Self, StripeError> {
        Ok(Self {
            plans: config.plans.clone(),
            stripe: config.stripe.as_ref().map(Stripe::new).transpose()?,
            webhook_secret: config.stripe.as_ref().and_then(|stripe| stripe.webhook_secret.clone()),
            return_url: format!("{public_url}{BILLING_PAGE}"),
        })
    }

    /// All plans, the one that costs nothing first.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// Whether plans are sold here.
    pub fn sells(&self) -> bool {
        self.stripe.is_some()
    }

    /// The plan of the transaction's tenant.
    pub async fn plan_of(&self, tx: &mut Tx) -> Result<Plan, Problem> {
        let subscription = billing::subscription(tx).await?;
        Ok(self.in_force(subscription.as_ref()))
    }

    /// Counts new matches against the plan, within the transaction that has written them.
    pub async fn reserve_matches(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        matches: &[Uuid],
    ) -> Result<(), Problem> {
        let plan = self.plan_of(tx).await?;
        quota::reserve_matches(tx, tenant, &plan, matches).await?.map_err(|exceeded| refuse(&plan, exceeded))
    }

    /// Refuses a resume that the plan has no room for.
    pub async fn admit_resume(&self, tx: &mut Tx, tenant: TenantId) -> Result<(), Problem> {
        let plan = self.plan_of(tx).await?;
        quota::admit_resume(tx, tenant, &plan).await?.map_err(|exceeded| refuse(&plan, exceeded))
    }

    fn in_force(&self, subscription: Option<&Subscription>) -> Plan {
        billing::plan_in_force(&self.plans, subscription).cloned().unwrap_or_else(Plan::without_limits)
    }

    fn stripe(&self) -> Result<&Stripe, Problem> {
        self.stripe.as_ref().ok_or_else(|| {
            Problem::new(
                ProblemKind::Conflict,
                "Nothing is sold here; ask the people who run the installation.",
            )
        })
    }
}

/// What the caller's organisation has and uses.
pub async fn standing(state: &AppState, identity: Identity) -> Result<Standing, Problem> {
    let mut tx = identity.transaction(&state.pool).await?;
    let subscription = billing::subscription(&mut tx).await?;
    let usage = quota::usage(&mut tx).await?;
    tx.commit().await?;
    Ok(Standing { plan: state.billing.in_force(subscription.as_ref()), usage, subscription })
}

/// Begins buying a plan; gives the address of Stripe's page.
pub async fn checkout(state: &AppState, identity: Identity, plan: &str) -> Result<String, Problem> {
    let stripe = state.billing.stripe()?;
    let sold = state.billing.plans.iter().find(|one| one.id == plan);
    let price = sold.and_then(|plan| plan.stripe_price.as_deref()).ok_or_else(|| {
        Problem::validation(vec![FieldError::at_pointer("/plan", "There is no such plan to be bought.")])
    })?;
    let (customer, subscription) = customer(state, identity, stripe).await?;
    if subscription.is_some_and(|subscription| subscription.status.is_in_force()) {
        let detail = "There is a subscription already; change it in the customer portal.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let return_url = &state.billing.return_url;
    let sale = Checkout { tenant: identity.tenant, customer: &customer, price, return_url };
    stripe.create_checkout(sale).await.map_err(Problem::from)
}

/// Opens the customer portal; gives its address.
pub async fn portal(state: &AppState, identity: Identity) -> Result<String, Problem> {
    let stripe = state.billing.stripe()?;
    let mut entered = identity.owner_transaction(&state.pool).await?;
    let known = billing::subscription(&mut entered.tx).await?;
    entered.tx.commit().await?;
    let known = known.ok_or_else(|| {
        Problem::new(ProblemKind::Conflict, "There is no subscription yet; buy a plan first.")
    })?;
    stripe.create_portal(&known.customer, &state.billing.return_url).await.map_err(Problem::from)
}

/// Refuses to erase a tenant that still pays: Stripe would go on asking for money for nothing.
pub async fn refuse_paying(tx: &mut Tx) -> Result<(), Problem> {
    let subscription = billing::subscription(tx).await?;
    if subscription.is_some_and(|subscription| subscription.status.is_in_force()) {
        let detail = "There is a subscription that is paid for; end it in the customer portal first.";
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    Ok(())
}

/// Stripe's customer of the caller's organisation, made if there is none; only owners buy.
async fn customer(
    state: &AppState,
    identity: Identity,
    stripe: &Stripe,
) -> Result<(String, Option<Subscription>), Problem> {
    let Entered { mut tx, account, .. } = identity.owner_transaction(&state.pool).await?;
    let known = billing::subscription(&mut tx).await?;
    let found = accounts::get(&mut tx, identity.tenant, account).await?;
    // Stripe is asked without a connection of the pool in hand.
    tx.commit().await?;
    if let Some(known) = known {
        return Ok((known.customer.clone(), Some(known)));
    }
    let (account, _tenant) = found.ok_or_else(|| Problem::not_found("account"))?;
    let made = stripe.create_customer(identity.tenant, &account.email).await?;
    let mut tx = postgres::tenant_transaction(&state.pool, identity.tenant).await?;
    billing::remember_customer(&mut tx, identity.tenant, &made).await?;
    let known = billing::subscription(&mut tx).await?;
    tx.commit().await?;
    // Of two at once, the first one's customer is the one.
    Ok((known.as_ref().map_or(made, |known| known.customer.clone()), known))
}

fn refuse(plan: &Plan, exceeded: Exceeded) -> Problem {
    let detail = match exceeded {
        Exceeded::MonthlyMatches { limit } => {
            format!(
                "The plan {} has {limit} matches a month, and fewer are left than you ask for.",
                plan.name
            )
        }
        Exceeded::StoredResumes { limit } => {
            format!("The plan {} has room for {limit} resumes; delete one first.", plan.name)
        }
    };
    Problem::new(ProblemKind::QuotaExceeded, detail)
}
