//! What mails say.

use serde::{Deserialize, Serialize};

/// Subject and text of a mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

// It carries tokens: it must not reach a log by `{:?}`.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}

/// A mail that the application writes.
#[derive(Clone, PartialEq, Eq)]
pub enum Letter {
    /// Asks whether the address is the person's own.
    VerifyEmail {
        /// Where to say so.
        link: String,
    },
    /// Lets a person choose a new password.
    ResetPassword {
        /// Where to do it.
        link: String,
    },
    /// Tells that the password was changed.
    PasswordChanged,
    /// Tells that sign-in asks for a code from now on, or no more.
    SecondFactorChanged {
        /// Whether it does.
        on: bool,
    },
    /// Tells that an outside issuer's sign-in was added to the account.
    SignInAdded {
        /// The issuer, as it names itself.
        issuer: String,
    },
    /// Tells that a payment failed.
    PaymentFailed,
    /// Invites to an organisation.
    Invitation {
        /// How the organisation is called.
        organisation: String,
        /// Where to accept.
        link: String,
    },
}

impl Letter {
    /// Its name in Postgres and with the mail service.
    pub fn template(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::SecondFactorChanged { .. } => "second_factor_changed",
            Self::SignInAdded { .. } => "sign_in_added",
            Self::PaymentFailed => "payment_failed",
            Self::Invitation { .. } => "invitation",
        }
    }

    /// Subject and text.
    pub fn write(&self) -> Content {
        match self {
            Self::VerifyEmail { link } => content(
                "Confirm your e-mail address",
                &["Please confirm that this address is yours. The link is good for 3 days."],
                Some(("Confirm the address", link)),
                "If you have made no account, leave it: nothing happens.",
            ),
            Self::ResetPassword { link } => content(
                "Choose a new password",
                &[
                    "Somebody, probably you, wants a new password for your account. The link is good for 1 hour, once. \
                   A new password signs you out everywhere.",
                ],
                Some(("Choose a password", link)),
                "If it was not you, leave it: your password stays as it is.",
            ),
            Self::PasswordChanged => content(
                "Your password was changed",
                &["The password of your account was changed, and all other sessions were ended."],
                None,
                "If it was not you, ask for a new password on the sign-in page at once.",
            ),
            Self::SecondFactorChanged { on } => second_factor(*on),
            Self::SignInAdded { issuer } => content(
                "There is another way to sign in to your account",
                &[&format!(
                    "Your account can now be entered with a sign-in at {}, which has verified this address.",
                    one_line(issuer)
                )],
                None,
                "If it was not you, ask for a new password on the sign-in page at once, and tell whoever runs this service.",
            ),
            Self::PaymentFailed => content(
                "A payment failed",
                &[
                    "The last payment for your plan failed. It is tried again in the next days, and your plan stays in \
                   force until then. You can change the means of payment on the page of your plan.",
                ],
                None,
                "If you have paid meanwhile, leave it.",
            ),
            Self::Invitation { organisation, link } => content(
                &format!("You are invited to {}", one_line(organisation)),
                &[
                    &format!("You are invited to work with {} in Resume Matcher.", one_line(organisation)),
                    "Sign in, or sign up with this e-mail address, and accept within 7 days.",
                ],
                Some(("See the invitation", link)),
                "If you do not know them, leave it: nothing happens.",
            ),
        }
    }
}

fn second_factor(on: bool) -> Content {
    let (subject, said) = if on {
        (
            "Sign-in asks for a code from now on",
            "Your account is now protected by a code of your authenticator app.",
        )
    } else {
        (
            "Sign-in asks for no code any more",
            "The protection of your account by codes of an authenticator app was taken away.",
        )
    };
    let otherwise = "If it was not you, ask for a new password on the sign-in page at once.";
    content(subject, &[said], None, otherwise)
}

/// A name that people chose goes into a subject: no line ends, and not too long.
fn one_line(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(80).collect()
}

fn content(subject: &str, paragraphs: &[&str], button: Option<(&str, &str)>, last: &str) -> Content {
    let mut text = String::new();
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><body style=\"font:16px/1.5 sans-serif;color:#1f2937;max-width:36em\">",
    );
    for paragraph in paragraphs {
        text.push_str(&format!("{paragraph}\n\n"));
        html.push_str(&format!("<p>{}</p>", escaped(paragraph)));
    }
    if let Some((label, link)) = button {
        text.push_str(&format!("{label}: {link}\n\n"));
        html.push_str(&format!(
            "<p><a href=\"{0}\" style=\"background:#4338ca;color:#fff;padding:.6em 1em;border-radius:.4em;\
             text-decoration:none\">{1}</a></p><p style=\"font-size:13px\">{0}</p>",
            escaped(link),
            escaped(label)
        ));
    }
    text.push_str(&format!("{last}\n"));
    html.push_str(&format!("<p>{}</p></body></html>", escaped(last)));
    Content { subject: subject.to_owned(), text, html }
}

/// `text` as it stands in HTML, also in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_choose_break_neither_subject_nor_page() {
        let organisation = "Evil\r\nBcc: all@example.org <script>alert(1)</script>".to_owned();
        let link = "https://rm.example/invitations/accept?token=a&b=\"c\"".to_owned();
        let content = Letter::Invitation { organisation, link: link.clone() }.write();
        assert!(!content.subject.contains(['\r', '\n']), "{}", content.subject);
        assert!(!content.html.contains("<script>"), "{}", content.html);
        assert!(content.html.contains("token=a&amp;b=&quot;c&quot;"), "{}", content.html);
        assert!(content.text.contains(&link));
    }

    #[test]
    fn every_letter_has_a_subject_and_both_texts() {
        let link = "https://rm.example/x".to_owned();
        for letter in [
            Letter::VerifyEmail { link: link.clone() },
            Letter::ResetPassword { link: link.clone() },
            Letter::PasswordChanged,
            Letter::PaymentFailed,
            Letter::SignInAdded { issuer: "https://issuer.example".to_owned() },
            Letter::SecondFactorChanged { on: true },
            Letter::SecondFactorChanged { on: false },
        ] {
            let content = letter.write();
            assert!(!content.subject.is_empty() && content.text.len() > 40 && content.html.len() > 80);
            let has_link = matches!(letter, Letter::VerifyEmail { .. } | Letter::ResetPassword { .. });
            assert_eq!(
                content.text.contains(&link) && content.html.contains(&link),
                has_link,
                "{}",
                letter.template()
            );
        }
    }
}
