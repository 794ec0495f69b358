//! The plan and what of it is used.

use askama::Template;
use platform::{billing::quota::Usage, config::Plan};

use super::Chrome;

/// The page `/billing`.
#[derive(Template)]
#[template(path = "billing.html")]
pub struct BillingPage {
    /// The frame.
    pub chrome: Chrome,
    /// What each form carries.
    pub form_token: String,
    /// What went wrong with a form.
    pub notice: Option<String>,
    /// The plan in force.
    pub plan: Plan,
    /// What of it is used.
    pub usage: Usage,
    /// Whether a payment failed and is tried again.
    pub overdue: bool,
    /// Whether there is a subscription to be managed.
    pub in_force: bool,
    /// Plans to be bought.
    pub for_sale: Vec<Plan>,
}
