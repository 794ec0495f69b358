//! A mail server, by SMTP (RFC 5321).

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::{MailError, Message, OpenError, Sender};

/// Longest time for one command.
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(super) struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub(super) fn new(url: &SecretString, from: &Sender) -> Result<Self, OpenError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            // The library's message may repeat the URL, which has the password.
            .map_err(|_error| OpenError::Smtp("it is not understood".to_owned()))?;
        let address: Address = from.address.parse().map_err(|_error| OpenError::From)?;
        Ok(Self {
            server: builder.timeout(Some(DEADLINE)).build(),
            from: Mailbox::new(Some(from.name.clone()), address),
        })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), MailError> {
        let to: Address =
            message.to.parse().map_err(|_error| MailError::Refused("the address".to_owned()))?;
        let domain = self.from.email.domain();
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            // The same at each try, so that a mailbox can tell a repetition.
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .subject(message.content.subject.clone())
            .multipart(MultiPart::alternative_plain_html(
                message.content.text.clone(),
                message.content.html.clone(),
            ))
            .map_err(|_error| MailError::Refused("the message cannot be built".to_owned()))?;
        match self.server.send(mail).await {
            Ok(_response) => Ok(()),
            // Servers repeat the address in their texts; the code is enough.
            Err(error) if error.is_permanent() => Err(MailError::Refused(code(&error))),
            Err(error) => Err(MailError::Away(code(&error))),
        }
    }
}

fn code(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("status {code}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None => "the connection failed".to_owned(),
    }
}
