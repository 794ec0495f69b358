//! `GET /billing`: the plan and what of it is used; its forms lead to Stripe's pages.

use axum::{
    extract::{Form, State},
    response::Response,
};
use serde::Deserialize;

use super::account::{TokenForm, mendable};
use crate::{
    actions::billing::{checkout, portal, standing},
    auth::viewer::Viewer,
    error::Problem,
    middleware::problem::Complete,
    pages::{Chrome, billing::BillingPage, form::FormPage, page},
    state::AppState,
};

/// A plan to be bought.
#[derive(Debug, Deserialize)]
pub struct BuyForm {
    #[serde(flatten)]
    guard: TokenForm,
    plan: String,
}

/// The page.
pub async fn show(State(state): State<AppState>, viewer: Viewer) -> Result<Response, Problem> {
    page(&build(&state, &viewer, None).await?)
}

/// `POST /billing/checkout`.
pub async fn buy(
    State(state): State<AppState>,
    viewer: Viewer,
    Form(form): Form<BuyForm>,
) -> Result<Response, Problem> {
    form.guard.check(&viewer, &state)?;
    let begun = checkout(&state, viewer.identity, &form.plan).await;
    go_on(&state, &viewer, begun).await
}

/// `POST /billing/portal`.
pub async fn manage(
    State(state): State<AppState>,
    viewer: Viewer,
    Form(form): Form<TokenForm>,
) -> Result<Response, Problem> {
    form.check(&viewer, &state)?;
    let opened = portal(&state, viewer.identity).await;
    go_on(&state, &viewer, opened).await
}

/// A link and no redirect: our content security policy lets forms lead to this site only.
async fn go_on(
    state: &AppState,
    viewer: &Viewer,
    address: Result<String, Problem>,
) -> Result<Response, Problem> {
    match address {
        Ok(url) => {
            let note = "Payments and cards are handled by Stripe, on a page of its own.";
            page(&FormPage::note(Chrome::new("Your plan", Some(viewer)), note, (&url, "Go on at Stripe")))
        }
        Err(problem) if mendable(problem.kind) => {
            let mut response = page(&build(state, viewer, Some(problem.detail.to_string())).await?)?;
            *response.status_mut() = problem.kind.status();
            response.extensions_mut().insert(Complete);
            Ok(response)
        }
        Err(problem) => Err(problem),
    }
}

async fn build(state: &AppState, viewer: &Viewer, notice: Option<String>) -> Result<BillingPage, Problem> {
    let now = standing(state, viewer.identity).await?;
    let in_force = now.subscription.as_ref().is_some_and(|known| known.status.is_in_force());
    Ok(BillingPage {
        chrome: Chrome::new("Your plan", Some(viewer)),
        form_token: viewer.form_token.clone(),
        notice,
        plan: now.plan,
        usage: now.usage,
        overdue: now.subscription.is_some_and(|known| known.status == platform::billing::Status::PastDue),
        in_force,
        for_sale: if state.billing.sells() && !in_force {
            state.billing.plans().iter().filter(|plan| plan.stripe_price.is_some()).cloned().collect()
        } else {
            Vec::new()
        },
    })
}
