//! Mails that requests cause: whether there are any, and the links in them.

use platform::{
    config::{MailConfig, MailTransport},
    mail::{
        Letter,
        outbox::{self, OutboxError, Recipient},
    },
    sealing::Keyring,
};

use crate::store::Tx;

/// What is needed to write mails.
#[derive(Clone, Debug)]
pub struct Mailing {
    keyring: Keyring,
    public_url: String,
    transport: Kind,
    /// The key by which the mail service signs its events; none closes the webhook.
    pub webhook_key: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sends,
    Keeps,
    None,
}

impl Mailing {
    /// Mails as `config` wants them, with links to `public_url` (without a slash at the end).
    pub fn new(config: &MailConfig, keyring: Keyring, public_url: &str) -> Self {
        let transport = match config.transport {
            MailTransport::SendGrid { .. } | MailTransport::Smtp { .. } => Kind::Sends,
            MailTransport::Outbox => Kind::Keeps,
            MailTransport::None => Kind::None,
        };
        Self {
            keyring,
            public_url: public_url.to_owned(),
            transport,
            webhook_key: config.webhook_key.clone(),
        }
    }

    /// Whether mails are written at all.
    pub fn is_on(&self) -> bool {
        self.transport != Kind::None
    }

    /// Whether they are kept for the page `/outbox` instead of being sent.
    pub fn is_kept(&self) -> bool {
        self.transport == Kind::Keeps
    }

    /// The keys of the contents.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The address of a page of ours, with a token of base64url characters.
    pub fn link(&self, path: &str, token: &str) -> String {
        format!("{}{path}?token={token}", self.public_url)
    }

    /// Writes a mail within `tx`, a transaction of the recipient's tenant; whether there will be one.
    pub async fn queue(&self, tx: &mut Tx, to: Recipient<'_>, letter: &Letter) -> Result<bool, OutboxError> {
        if self.is_on() {
            outbox::queue(tx, &self.keyring, to, letter).await?;
        }
        Ok(self.is_on())
    }
}
