//! Plans, and Stripe where they are paid for.

use secrecy::SecretString;
use serde::Deserialize;

use super::{ConfigError, Env};
use crate::env_vars::{RM_PLANS, RM_STRIPE_SECRET_KEY, RM_STRIPE_URL, RM_STRIPE_WEBHOOK_SECRET};

const STRIPE_URL: &str = "https://api.stripe.com";
const PLANS_MEND: &str = "a JSON array such as [{\"id\":\"free\",\"name\":\"Free\",\"monthly_matches\":50},\
    {\"id\":\"pro\",\"name\":\"Pro\",\"stripe_price\":\"price_…\"}]";

/// What tenants may have.
#[derive(Debug, Clone)]
pub struct BillingConfig {
    /// The plans, never empty. The first one is that of tenants that pay for none.
    pub plans: Vec<Plan>,
    /// Stripe; none where nothing is sold.
    pub stripe: Option<StripeConfig>,
}

/// What a tenant gets. A limit that is absent is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// By which the API knows it.
    pub id: String,
    /// By which people know it.
    pub name: String,
    /// Matches that may be asked for in a calendar month (UTC).
    #[serde(default)]
    pub monthly_matches: Option<u32>,
    /// Resumes that may be there at a time.
    #[serde(default)]
    pub stored_resumes: Option<u32>,
    /// Stripe's id of its price; absent for the first plan, which is not sold.
    #[serde(default)]
    pub stripe_price: Option<String>,
}

/// Access to Stripe.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// Where its API is, without a slash at the end.
    pub url: String,
    /// Its secret key.
    pub secret_key: SecretString,
    /// By which its webhooks are signed; only the API has it.
    pub webhook_secret: Option<SecretString>,
}

impl BillingConfig {
    /// Reads `RM_PLANS`, `RM_STRIPE_SECRET_KEY`, `RM_STRIPE_URL` and `RM_STRIPE_WEBHOOK_SECRET`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { plans: plans(env)?, stripe: StripeConfig::from_env(env)? })
    }
}

impl StripeConfig {
    /// Reads `RM_STRIPE_SECRET_KEY`, `RM_STRIPE_URL` and `RM_STRIPE_WEBHOOK_SECRET`; none without the first.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        let Some(key) = env.optional(RM_STRIPE_SECRET_KEY) else { return Ok(None) };
        let url = env.optional(RM_STRIPE_URL).unwrap_or(STRIPE_URL).trim_end_matches('/');
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return Err(ConfigError::Invalid {
                variable: RM_STRIPE_URL,
                reason: "it does not begin with https://".to_owned(),
                mend: STRIPE_URL,
            });
        }
        Ok(Some(Self {
            url: url.to_owned(),
            secret_key: SecretString::from(key),
            webhook_secret: env.optional(RM_STRIPE_WEBHOOK_SECRET).map(SecretString::from),
        }))
    }
}

fn plans(env: &Env) -> Result<Vec<Plan>, ConfigError> {
    let invalid = |reason: String| ConfigError::Invalid { variable: RM_PLANS, reason, mend: PLANS_MEND };
    let Some(text) = env.optional(RM_PLANS) else { return Ok(vec![Plan::without_limits()]) };
    let plans: Vec<Plan> = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    let Some(first) = plans.first() else { return Err(invalid("there is no plan".to_owned())) };
    if first.stripe_price.is_some() {
        return Err(invalid(
            "the first plan is that of tenants that pay for none, and has a stripe_price".to_owned(),
        ));
    }
    for (index, plan) in plans.iter().enumerate() {
        let is_word = |text: &str| !text.is_empty() && text.len() <= 100;
        if !is_word(&plan.id) || !is_word(&plan.name) {
            return Err(invalid(format!("plan {index} has no id or no name")));
        }
        if plans.iter().skip(index + 1).any(|other| {
            other.id == plan.id || (other.stripe_price.is_some() && other.stripe_price == plan.stripe_price)
        }) {
            return Err(invalid(format!("two plans have the id or price of plan {:?}", plan.id)));
        }
    }
    Ok(plans)
}

impl Plan {
    /// The plan of an installation that sets none: everything, for everybody.
    pub fn without_limits() -> Self {
        Self {
            id: "open".to_owned(),
            name: "Open".to_owned(),
            monthly_matches: None,
            stored_resumes: None,
            stripe_price: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(plans: &str) -> Result<BillingConfig, ConfigError> {
        BillingConfig::from_env(&Env::from_pairs([(RM_PLANS, plans)]))
    }

    #[test]
    fn without_plans_there_are_no_limits() {
        let config = read("").unwrap();
        assert_eq!(config.plans, [Plan::without_limits()]);
        assert!(config.stripe.is_none());
    }

    #[test]
    fn plans_that_contradict_each_other_are_refused() {
        let free = r#"{"id":"free","name":"Free","monthly_matches":3}"#;
        let pro = r#"{"id":"pro","name":"Pro","stripe_price":"price_1"}"#;
        assert_eq!(read(&format!("[{free},{pro}]")).unwrap().plans[0].monthly_matches, Some(3));
        for (plans, told) in [
            ("[]".to_owned(), "there is no plan"),
            (format!("[{pro},{free}]"), "has a stripe_price"),
            (format!("[{free},{free}]"), "two plans"),
            (format!("[{free},{pro},{}]", pro.replace("pro", "team")), "two plans"),
            (r#"[{"id":"a","name":"A","matches":3}]"#.to_owned(), "unknown field `matches`"),
            (r#"[{"id":"","name":"A"}]"#.to_owned(), "has no id"),
        ] {
            let error = read(&plans).unwrap_err().to_string();
            assert!(error.starts_with("RM_PLANS cannot be used") && error.contains(told), "{error}");
        }
    }

    #[test]
    fn stripes_keys_stay_secret() {
        let env =
            Env::from_pairs([(RM_STRIPE_SECRET_KEY, "sk_test_1"), (RM_STRIPE_WEBHOOK_SECRET, "whsec_1")]);
        let shown = format!("{:?}", BillingConfig::from_env(&env).unwrap());
        assert!(!shown.contains("sk_test_1") && !shown.contains("whsec_1"), "{shown}");
    }
}
