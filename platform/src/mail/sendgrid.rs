//! SendGrid's HTTP API, version 3: `POST /v3/mail/send`.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::{MailError, Message, OpenError, Sender};

/// Longest time for one mail.
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(super) struct SendGrid {
    client: Client,
    endpoint: String,
    api_key: SecretString,
    from: Sender,
}

impl SendGrid {
    pub(super) fn new(url: &str, api_key: SecretString, from: Sender) -> Result<Self, OpenError> {
        let client = Client::builder()
            .timeout(DEADLINE)
            // A key must not follow to another host.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("resume-matcher/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, endpoint: format!("{url}/v3/mail/send"), api_key, from })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), MailError> {
        let answer = self
            .client
            .post(&self.endpoint)
            .bearer_auth(self.api_key.expose_secret())
            .json(&body(message, &self.from))
            .send()
            .await
            // The URL has no secrets, but says nothing either.
            .map_err(|error| MailError::Away(error.without_url().to_string()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            // The mail itself is at fault. What the service says of it may repeat the address, so it is not read.
            status @ (StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE) => {
                Err(MailError::Refused(format!("status {}", status.as_u16())))
            }
            // 401 and 403: our key. People must mend it, and then the mail goes out.
            status => Err(MailError::Away(format!("status {}", status.as_u16()))),
        }
    }
}

/// The request's body. Links are not rewritten for counting clicks: they carry tokens, and are nobody's business.
fn body(message: &Message, from: &Sender) -> Value {
    json!({
        "personalizations": [{
            "to": [{"email": message.to}],
            "custom_args": {"mail_id": message.id, "tenant_id": message.tenant},
        }],
        "from": {"email": from.address, "name": from.name},
        "subject": message.content.subject,
        "content": [
            {"type": "text/plain", "value": message.content.text},
            {"type": "text/html", "value": message.content.html},
        ],
        "categories": [message.template],
        "tracking_settings": {
            "click_tracking": {"enable": false, "enable_text": false},
            "open_tracking": {"enable": false},
            "subscription_tracking": {"enable": false},
        },
    })
}
