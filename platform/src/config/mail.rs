//! How mail leaves the installation, if it does.

use secrecy::{ExposeSecret as _, SecretString};

use super::token::base64_bytes;
use super::{ConfigError, Env, Environment, InstallationConfig};
use crate::env_vars::{
    RM_MAIL_FROM, RM_SENDGRID_API_KEY, RM_SENDGRID_URL, RM_SENDGRID_WEBHOOK_KEY, RM_SMTP_URL,
};

const SENDGRID_URL: &str = "https://api.sendgrid.com";
const FROM_MEND: &str = "the sender, such as `Resume Matcher <noreply@example.org>`";
const SMTP_MEND: &str = "smtps://user:password@host:465 or smtp://user:password@host:587?tls=required";
const WEBHOOK_MEND: &str = "the verification key that SendGrid shows for its signed event webhook";
/// What stands before the point in the DER form (RFC 5480) of a public key on P-256.
const P256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// Bytes of an uncompressed point on P-256.
const P256_POINT_LEN: usize = 65;

/// Where mails go, and whose they are.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// By what they are sent.
    pub transport: MailTransport,
    /// Whose they are.
    pub from: Sender,
    /// The point (uncompressed, P-256) of the key by which SendGrid signs its events; none closes the webhook.
    pub webhook_key: Option<Vec<u8>>,
}

/// The sender of all mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// How it is called.
    pub name: String,
    /// Its address.
    pub address: String,
}

/// By what mails are sent.
#[derive(Debug, Clone)]
pub enum MailTransport {
    /// By nothing: they are kept and shown on the page `/outbox`. Development only, and always there, so that no person
    /// gets mail from somebody's experiments.
    Outbox,
    /// By SendGrid's HTTP API, version 3.
    SendGrid {
        /// Where it is, without a slash at the end.
        url: String,
        /// Its key.
        api_key: SecretString,
    },
    /// By a mail server.
    Smtp {
        /// Where it is, and as whom to sign in.
        url: SecretString,
    },
    /// Mail is not set up: what needs mail is refused or done without.
    None,
}

impl MailConfig {
    /// Reads `RM_MAIL_FROM`, `RM_SENDGRID_API_KEY`, `RM_SENDGRID_URL`, `RM_SENDGRID_WEBHOOK_KEY`, `RM_SMTP_URL` and
    /// `RM_ENVIRONMENT`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let environment = InstallationConfig::from_env(env)?.environment;
        let transport = transport(env, environment)?;
        let sends = matches!(transport, MailTransport::SendGrid { .. } | MailTransport::Smtp { .. });
        let from = match env.optional(RM_MAIL_FROM) {
            Some(text) => sender(text)?,
            None if sends => return Err(ConfigError::Missing { variable: RM_MAIL_FROM, mend: FROM_MEND }),
            None => Sender { name: "Resume Matcher".to_owned(), address: "noreply@localhost".to_owned() },
        };
        Ok(Self { transport, from, webhook_key: webhook_key(env)? })
    }
}

fn transport(env: &Env, environment: Environment) -> Result<MailTransport, ConfigError> {
    let (key, smtp) = (env.optional(RM_SENDGRID_API_KEY), env.optional(RM_SMTP_URL));
    match (key, smtp) {
        (Some(_), Some(_)) => Err(ConfigError::Invalid {
            variable: RM_SMTP_URL,
            reason: "RM_SENDGRID_API_KEY is set as well".to_owned(),
            mend: "nothing, or leave out RM_SENDGRID_API_KEY",
        }),
        _ if environment == Environment::Development => Ok(MailTransport::Outbox),
        (Some(api_key), None) => {
            let url = env.optional(RM_SENDGRID_URL).unwrap_or(SENDGRID_URL).trim_end_matches('/');
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                return Err(ConfigError::Invalid {
                    variable: RM_SENDGRID_URL,
                    reason: "it does not begin with https://".to_owned(),
                    mend: SENDGRID_URL,
                });
            }
            Ok(MailTransport::SendGrid { url: url.to_owned(), api_key: SecretString::from(api_key) })
        }
        (None, Some(url)) => Ok(MailTransport::Smtp { url: smtp_url(url)? }),
        (None, None) => Ok(MailTransport::None),
    }
}

/// A password goes over an encrypted connection only.
fn smtp_url(text: &str) -> Result<SecretString, ConfigError> {
    let invalid = |reason: &str| ConfigError::Invalid {
        variable: RM_SMTP_URL,
        reason: reason.to_owned(),
        mend: SMTP_MEND,
    };
    let url = url::Url::parse(text).map_err(|_error| invalid("it is not a URL"))?;
    if !matches!(url.scheme(), "smtp" | "smtps") {
        return Err(invalid("it does not begin with smtp:// or smtps://"));
    }
    let encrypted = url.scheme() == "smtps"
        || url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    if url.password().is_some() && !encrypted {
        return Err(invalid("it would send the password in the clear"));
    }
    Ok(SecretString::from(text))
}

fn sender(text: &str) -> Result<Sender, ConfigError> {
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (name.trim().trim_matches('"'), rest.trim_end().trim_end_matches('>')),
        None => ("Resume Matcher", text),
    };
    let fits = address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !address.contains(|c: char| c.is_whitespace() || c == '<' || c == '>')
        && !name.contains(['\r', '\n']);
    if !fits {
        return Err(ConfigError::Invalid {
            variable: RM_MAIL_FROM,
            reason: "it has no e-mail address".to_owned(),
            mend: FROM_MEND,
        });
    }
    Ok(Sender { name: name.to_owned(), address: address.to_owned() })
}

fn webhook_key(env: &Env) -> Result<Option<Vec<u8>>, ConfigError> {
    let Some(text) = env.optional(RM_SENDGRID_WEBHOOK_KEY) else { return Ok(None) };
    let secret = SecretString::from(text);
    let point = base64_bytes(secret.expose_secret())
        .and_then(|der| der.strip_prefix(&P256_SPKI_PREFIX[..]).map(<[u8]>::to_vec))
        .filter(|point| point.len() == P256_POINT_LEN);
    point.map(Some).ok_or_else(|| ConfigError::Invalid {
        variable: RM_SENDGRID_WEBHOOK_KEY,
        reason: "it is not a public key on P-256 in base64".to_owned(),
        mend: WEBHOOK_MEND,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env_vars::RM_ENVIRONMENT;

    fn read(pairs: &[(&'static str, &str)]) -> Result<MailConfig, ConfigError> {
        MailConfig::from_env(&Env::from_pairs(pairs.iter().map(|(name, value)| (*name, *value))))
    }

    #[test]
    fn in_development_nothing_is_sent_whatever_is_set() {
        let config = read(&[(RM_SENDGRID_API_KEY, "SG.x"), (RM_MAIL_FROM, "a@b.example")]).unwrap();
        assert!(matches!(config.transport, MailTransport::Outbox));
    }

    #[test]
    fn a_transport_needs_a_sender() {
        let production = (RM_ENVIRONMENT, "production");
        assert!(matches!(read(&[production]).unwrap().transport, MailTransport::None));
        let error = read(&[production, (RM_SENDGRID_API_KEY, "SG.x")]).unwrap_err();
        assert!(error.to_string().starts_with("RM_MAIL_FROM is not set"), "{error}");
        let from = (RM_MAIL_FROM, "Resume Matcher <noreply@example.org>");
        let config = read(&[production, (RM_SENDGRID_API_KEY, "SG.x"), from]).unwrap();
        assert_eq!(config.from.address, "noreply@example.org");
        assert!(!format!("{config:?}").contains("SG.x"));
        let error = read(&[production, from, (RM_SENDGRID_API_KEY, "SG.x"), (RM_SMTP_URL, "smtp://h")]);
        assert!(error.is_err());
    }

    #[test]
    fn a_password_in_the_clear_is_refused_without_being_repeated() {
        let env =
            |url| read(&[(RM_ENVIRONMENT, "staging"), (RM_MAIL_FROM, "a@b.example"), (RM_SMTP_URL, url)]);
        let error = env("smtp://ann:hunter2@mail.example:587").unwrap_err().to_string();
        assert!(error.contains("in the clear") && !error.contains("hunter2"), "{error}");
        assert!(env("smtp://ann:hunter2@mail.example:587?tls=required").is_ok());
        assert!(env("smtps://ann:hunter2@mail.example").is_ok());
        assert!(env("http://mail.example").is_err());
    }

    #[test]
    fn what_is_no_key_of_the_webhook_is_refused() {
        assert!(read(&[(RM_SENDGRID_WEBHOOK_KEY, "aGVsbG8=")]).is_err());
        for text in ["nobody", "a b@c", "x <a@b", "<>"] {
            let allowed = sender(text).is_ok();
            assert_eq!(allowed, text == "x <a@b", "{text}");
        }
    }
}
