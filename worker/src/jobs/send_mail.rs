//! `send_mail`: hands one mail to the mail service, unless its address gets none.
//!
//! A worker that dies between the service's answer and the settling of the task sends the mail a second time: better twice
//! than never.

use platform::mail::{MailError, Message, Sent, outbox, suppressions};
use platform::postgres::tenant_transaction;
use platform::tasks::{self, Lease, Outcome};

use super::{Context, Ending, JobError, subject};

/// What becomes of the row. A mail that was delivered before we got here (events are quick) stays delivered.
#[derive(Clone, Copy)]
enum Fate {
    Sent,
    Kept,
    Suppressed,
}

impl Fate {
    fn statement(self) -> &'static str {
        match self {
            Self::Sent => {
                "UPDATE mails SET status = CASE WHEN status IN ('queued', 'processing') THEN 'sent' ELSE status END,
                    content = NULL, updated_at = now() WHERE id = $1"
            }
            Self::Kept => "UPDATE mails SET status = 'kept', updated_at = now() WHERE id = $1",
            Self::Suppressed => {
                "UPDATE mails SET status = 'suppressed', content = NULL, updated_at = now() WHERE id = $1"
            }
        }
    }
}

pub(super) async fn run(context: &Context, lease: &Lease) -> Result<Ending, JobError> {
    let Some(message) = begin(context, lease).await? else { return Ok(Ending::Done) };
    if suppressions::is_suppressed(&context.pool, &message.to).await? {
        return settle(context, lease, Fate::Suppressed).await;
    }
    match context.mailer.send(&message).await {
        Ok(Sent::HandedOver) => settle(context, lease, Fate::Sent).await,
        Ok(Sent::Kept) => settle(context, lease, Fate::Kept).await,
        Err(error @ MailError::Away(_)) => Err(error.into()),
        Err(error @ (MailError::Refused(_) | MailError::NotConfigured)) => {
            let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
            subject::mark_failed(&mut transaction, lease, &error.to_string()).await?;
            tasks::finish(&mut transaction, lease, Outcome::Failed).await?;
            transaction.commit().await?;
            Ok(Ending::Refused)
        }
    }
}

/// Reads the mail and marks it as being worked on; `None` when there is nothing to send, and the task is settled then.
async fn begin(context: &Context, lease: &Lease) -> Result<Option<Message>, JobError> {
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    let queued = outbox::read(&mut transaction, &context.keyring, lease.subject).await?;
    if queued.is_some() {
        subject::mark_processing(&mut transaction, lease).await?;
    } else {
        tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    }
    transaction.commit().await?;
    Ok(queued.map(|mail| Message {
        id: lease.subject,
        tenant: lease.tenant,
        template: mail.template,
        to: mail.recipient,
        content: mail.content,
    }))
}

async fn settle(context: &Context, lease: &Lease, result: Fate) -> Result<Ending, JobError> {
    let mut transaction = tenant_transaction(&context.pool, lease.tenant).await?;
    sqlx::query(result.statement()).bind(lease.subject).execute(&mut *transaction).await?;
    tasks::finish(&mut transaction, lease, Outcome::Done).await?;
    transaction.commit().await?;
    Ok(Ending::Done)
}
