//! Mail: written in the transaction of what causes it, sent by the worker, and what the mail service tells of it.
//!
//! [`outbox::queue`] adds a mail and its task; the worker sends it with a [`Mailer`], again and again with growing pauses
//! while the service is away. [`suppressions`] are addresses that bounced or complained; [`events`] come by webhook.

pub mod events;
pub mod letter;
pub mod outbox;
mod sendgrid;
mod smtp;
pub mod suppressions;

use uuid::Uuid;

use crate::config::{MailConfig, MailTransport, Sender};
use crate::names::TenantId;

pub use letter::{Content, Letter};
use sendgrid::SendGrid;
use smtp::Smtp;

/// A mail as it is sent.
#[derive(Clone)]
pub struct Message {
    /// Its row; the service repeats it in its events.
    pub id: Uuid,
    /// The tenant of the row; likewise.
    pub tenant: TenantId,
    /// Name of the letter, by which the service counts.
    pub template: String,
    /// To whom.
    pub to: String,
    /// What it says.
    pub content: Content,
}

/// What became of a mail that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The service has it.
    HandedOver,
    /// It is kept for the page `/outbox`.
    Kept,
}

/// Why a mail was not sent. No message carries the address or the text.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// This mail is refused; sending it again would change nothing.
    #[error("the mail service refuses the mail ({0})")]
    Refused(String),
    /// The service is away, busy, or refuses our key. Trying again may help.
    #[error("the mail service does not take mail: {0}")]
    Away(String),
    /// No service is configured.
    #[error("this installation sends no mail; set RM_SENDGRID_API_KEY or RM_SMTP_URL")]
    NotConfigured,
}

/// Why no mailer can be made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The HTTP client cannot be set up.
    #[error("the client of the mail service cannot be set up")]
    Client(#[from] reqwest::Error),
    /// The mail server's URL is not understood.
    #[error("RM_SMTP_URL cannot be used: {0}")]
    Smtp(String),
    /// The sender's address is none.
    #[error("RM_MAIL_FROM is not an e-mail address")]
    From,
}

/// Sends mails. Clones share connections.
#[derive(Clone)]
pub struct Mailer(Transport);

#[derive(Clone)]
enum Transport {
    Outbox,
    SendGrid(SendGrid),
    Smtp(Smtp),
    None,
}

impl Mailer {
    /// The mailer of the configuration. Connects to nothing yet.
    ///
    /// # Errors
    /// When the settings make no client.
    pub fn open(config: &MailConfig) -> Result<Self, OpenError> {
        Ok(Self(match &config.transport {
            MailTransport::Outbox => Transport::Outbox,
            MailTransport::None => Transport::None,
            MailTransport::SendGrid { url, api_key } => {
                Transport::SendGrid(SendGrid::new(url, api_key.clone(), config.from.clone())?)
            }
            MailTransport::Smtp { url } => Transport::Smtp(Smtp::new(url, &config.from)?),
        }))
    }

    /// Sends one mail, once.
    ///
    /// # Errors
    /// [`MailError::Away`] when it may be tried again; the service may have the mail all the same.
    pub async fn send(&self, message: &Message) -> Result<Sent, MailError> {
        match &self.0 {
            Transport::Outbox => Ok(Sent::Kept),
            Transport::SendGrid(service) => service.send(message).await.map(|()| Sent::HandedOver),
            Transport::Smtp(server) => server.send(message).await.map(|()| Sent::HandedOver),
            Transport::None => Err(MailError::NotConfigured),
        }
    }
}
