//! Short forms and notes: a few fields, a button, or a sentence and where to go on.

use askama::Template;
use platform::mail::outbox::Kept;

use super::Chrome;
use crate::error::Problem;

/// A form of a few fields, or without a button a note.
#[derive(Template)]
#[template(path = "form.html")]
pub struct FormPage {
    /// The frame.
    pub chrome: Chrome,
    /// What went wrong with the form as a whole.
    pub notice: Option<String>,
    /// What there is to say before it.
    pub lines: Vec<String>,
    /// Where it goes.
    pub action: &'static str,
    /// Names and values that the person does not see.
    pub hidden: Vec<(&'static str, String)>,
    /// What the person fills in.
    pub fields: Vec<FormField>,
    /// What the button says; none makes a note.
    pub button: Option<&'static str>,
    /// Where else to go, and what that is called.
    pub link: Option<(String, &'static str)>,
}

/// A field of a form.
#[derive(Debug)]
pub struct FormField {
    /// Its name, also in the JSON of the API, by which errors find it.
    pub name: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// `text`, `email` or `password`.
    pub kind: &'static str,
    /// What browsers may fill in.
    pub autocomplete: &'static str,
    /// What to know before filling it in.
    pub hint: Option<&'static str>,
    /// What was wrong with it.
    pub error: Option<String>,
    /// As typed before; never a password.
    pub value: String,
}

impl FormField {
    /// An empty field.
    pub fn new(
        name: &'static str,
        label: &'static str,
        kind: &'static str,
        autocomplete: &'static str,
    ) -> Self {
        Self { name, label, kind, autocomplete, hint: None, error: None, value: String::new() }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }
}

impl FormPage {
    /// A form that goes to `action`.
    pub fn new(chrome: Chrome, action: &'static str, button: &'static str, fields: Vec<FormField>) -> Self {
        Self {
            chrome,
            notice: None,
            lines: Vec::new(),
            action,
            hidden: Vec::new(),
            fields,
            button: Some(button),
            link: None,
        }
    }

    /// A note without a form.
    pub fn note(chrome: Chrome, line: &str, (address, label): (&str, &'static str)) -> Self {
        let form = Self { lines: vec![line.to_owned()], ..Self::new(chrome, "", "", Vec::new()) };
        Self { button: None, link: Some((address.to_owned(), label)), ..form }
    }

    /// The form with a sentence before it.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// The form with a value that the person does not see.
    #[must_use]
    pub fn hide(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    /// The form again, with what is wrong with it.
    #[must_use]
    pub fn refused(mut self, problem: &Problem) -> Self {
        let mut rest = Vec::new();
        for error in &problem.errors {
            let name = error.pointer.as_deref().unwrap_or_default().trim_start_matches('/');
            match self.fields.iter_mut().find(|field| field.name == name) {
                Some(field) => field.error = Some(error.detail.clone()),
                None => rest.push(error.detail.clone()),
            }
        }
        if problem.errors.is_empty() {
            rest.push(problem.detail.to_string());
        }
        self.notice = (!rest.is_empty()).then(|| rest.join(" "));
        self
    }
}

/// Mails that were kept instead of sent.
#[derive(Template)]
#[template(path = "outbox.html")]
pub struct OutboxPage {
    /// The frame.
    pub chrome: Chrome,
    /// The mails, newest first.
    pub mails: Vec<Kept>,
}
