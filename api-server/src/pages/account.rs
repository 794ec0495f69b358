//! Sign-up and sign-in.

use askama::Template;

use super::Chrome;
use crate::error::Problem;

/// The form of sign-up or sign-in.
#[derive(Template)]
#[template(path = "account_form.html")]
pub struct AccountFormPage {
    /// The frame.
    pub chrome: Chrome,
    /// Where the form goes.
    pub action: &'static str,
    /// Whether it is sign-up.
    pub is_sign_up: bool,
    /// What went wrong as a whole.
    pub notice: Option<String>,
    /// What is wrong with each field.
    pub errors: AccountErrors,
    /// The name as typed before.
    pub name: String,
    /// The e-mail address as typed before. The password is never given back.
    pub email: String,
}

/// What is wrong with each field.
#[derive(Debug, Default)]
pub struct AccountErrors {
    /// With the name.
    pub name: Option<String>,
    /// With the e-mail address.
    pub email: Option<String>,
    /// With the password.
    pub password: Option<String>,
}

impl AccountFormPage {
    /// The empty form of sign-up.
    pub fn sign_up() -> Self {
        Self::empty("Sign up", "/sign-up", true)
    }

    /// The empty form of sign-in.
    pub fn sign_in() -> Self {
        Self::empty("Sign in", "/sign-in", false)
    }

    fn empty(title: &str, action: &'static str, is_sign_up: bool) -> Self {
        Self {
            chrome: Chrome::new(title, None),
            action,
            is_sign_up,
            notice: None,
            errors: AccountErrors::default(),
            name: String::new(),
            email: String::new(),
        }
    }

    /// The form again, with what was typed and what is wrong with it.
    #[must_use]
    pub fn refused(mut self, problem: &Problem, name: String, email: String) -> Self {
        let of = |pointer: &str| {
            let error = problem.errors.iter().find(|error| error.pointer.as_deref() == Some(pointer));
            error.map(|error| error.detail.clone())
        };
        self.errors = AccountErrors { name: of("/name"), email: of("/email"), password: of("/password") };
        if problem.errors.is_empty() {
            self.notice = Some(problem.detail.to_string());
        }
        self.name = name;
        self.email = email;
        self
    }
}
