//! The queue of notices: one Redis stream with one consumer group.
//!
//! A message says that a task is due; Postgres says whether it still is. Messages are acknowledged and deleted when the
//! task is settled, so the length of the stream is the backlog: waiting plus in flight. Redis may lose everything:
//! reading then answers [`QueueError::GroupLost`], and [`crate::relay`] announces again what is not done.

use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::streams::{
    StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamInfoConsumersReply, StreamReadOptions,
    StreamReadReply,
};
use redis::{AsyncCommands as _, Client, RedisError};
use secrecy::ExposeSecret as _;

use crate::config::CacheConfig;
use crate::names::InstallationName;
use crate::redis_connection::settings;
use crate::tasks::Notice;

/// The consumer group of the workers.
const GROUP: &str = "workers";
/// How long a command may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What can go wrong with the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// `REDIS_URL` is wrong.
    #[error("REDIS_URL is not a Redis URL")]
    ParseUrl(#[source] RedisError),
    /// Redis is away or refuses a command.
    #[error("Redis does not answer")]
    Command(#[source] RedisError),
    /// The stream or its group is gone: Redis has lost its data, or this is the first start.
    #[error("the queue's consumer group is gone")]
    GroupLost,
}

impl From<RedisError> for QueueError {
    fn from(error: RedisError) -> Self {
        if error.code() == Some("NOGROUP") { Self::GroupLost } else { Self::Command(error) }
    }
}

/// A message of the queue as a consumer got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The stream's id of the message; needed to acknowledge it.
    pub id: String,
    /// What it says; `None` when it cannot be read, and is only to be acknowledged.
    pub notice: Option<Notice>,
}

/// The queue of one installation. Clones share one connection, which reconnects by itself.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    connection: ConnectionManager,
    stream: String,
}

impl Queue {
    /// Prepares the connection; it is made at the first command, so an absent Redis is no error here.
    ///
    /// # Errors
    /// When the URL is wrong.
    pub fn open(config: &CacheConfig, installation: &InstallationName) -> Result<Self, QueueError> {
        let client = Client::open(config.url.expose_secret()).map_err(QueueError::ParseUrl)?;
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), settings(RESPONSE_TIMEOUT))
            .map_err(QueueError::ParseUrl)?;
        Ok(Self { client, connection, stream: format!("rm:{installation}:tasks") })
    }

    /// Asks Redis for an answer.
    ///
    /// # Errors
    /// When none comes. The caller limits the time.
    pub async fn check(&self) -> Result<(), QueueError> {
        let _: String = redis::cmd("PING").query_async(&mut self.connection.clone()).await?;
        Ok(())
    }

    /// Makes the stream and its group unless they are there. `true` when they were made now.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn ensure_group(&self) -> Result<bool, QueueError> {
        let made: Result<(), RedisError> =
            self.connection.clone().xgroup_create_mkstream(&self.stream, GROUP, "0").await;
        match made {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds `notices` in one round trip.
    ///
    /// # Errors
    /// When Redis is away; some of the notices may have been added then, which does no harm.
    pub async fn announce(&self, notices: &[Notice]) -> Result<(), QueueError> {
        if notices.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for notice in notices {
            pipeline.xadd(&self.stream, "*", &fields(notice)).ignore();
        }
        let () = pipeline.query_async(&mut self.connection.clone()).await?;
        Ok(())
    }

    /// How many messages are waiting or in flight.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn backlog(&self) -> Result<u64, QueueError> {
        Ok(self.connection.clone().xlen(&self.stream).await?)
    }

    /// Removes the names of consumers that have no message and have shown no sign of life for `idle`: those of killed
    /// processes. Returns how many.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn forget_consumers(&self, idle: Duration) -> Result<usize, QueueError> {
        let mut connection = self.connection.clone();
        let reply: StreamInfoConsumersReply = connection.xinfo_consumers(&self.stream, GROUP).await?;
        let idle = usize::try_from(idle.as_millis()).unwrap_or(usize::MAX);
        let gone = reply.consumers.into_iter().filter(|one| one.pending == 0 && one.idle >= idle);
        let mut forgotten = 0;
        for consumer in gone {
            let _messages: u64 = connection.xgroup_delconsumer(&self.stream, GROUP, &consumer.name).await?;
            forgotten += 1;
        }
        Ok(forgotten)
    }

    /// A reader of its own connection, named `name` within the group. Names must differ between processes.
    ///
    /// # Errors
    /// When the URL is wrong.
    pub fn consumer(&self, name: &str, longest_wait: Duration) -> Result<Consumer, QueueError> {
        // A waiting read would hold up every other command on a shared connection.
        let reading = ConnectionManager::new_lazy_with_config(
            self.client.clone(),
            settings(RESPONSE_TIMEOUT + longest_wait),
        )
        .map_err(QueueError::ParseUrl)?;
        Ok(Consumer { queue: self.clone(), reading, name: name.to_owned(), longest_wait })
    }
}

/// A reader of the queue.
#[derive(Clone)]
pub struct Consumer {
    queue: Queue,
    reading: ConnectionManager,
    name: String,
    longest_wait: Duration,
}

impl Consumer {
    /// Up to `max` new messages; waits for the first one. Empty when none came in time.
    ///
    /// # Errors
    /// [`QueueError::GroupLost`] when Redis has lost its data.
    pub async fn read(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        let wait = usize::try_from(self.longest_wait.as_millis()).unwrap_or(usize::MAX);
        let options = StreamReadOptions::default().group(GROUP, &self.name).count(max).block(wait);
        let reply: Option<StreamReadReply> =
            self.reading.clone().xread_options(&[&self.queue.stream], &[">"], &options).await?;
        let messages = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids);
        Ok(messages.map(delivery).collect())
    }

    /// Takes over up to `max` messages that another consumer has had for `idle` without a sign of life.
    ///
    /// # Errors
    /// [`QueueError::GroupLost`] when Redis has lost its data.
    pub async fn take_over(&self, idle: Duration, max: usize) -> Result<Vec<Delivery>, QueueError> {
        let idle = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let options = StreamAutoClaimOptions::default().count(max);
        let reply: StreamAutoClaimReply = self
            .queue
            .connection
            .clone()
            .xautoclaim_options(&self.queue.stream, GROUP, &self.name, idle, "0-0", options)
            .await?;
        Ok(reply.claimed.into_iter().map(delivery).collect())
    }

    /// Shows that the message `id` is being worked on, so that nobody takes it over.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn touch(&self, id: &str) -> Result<(), QueueError> {
        let mut command = redis::cmd("XCLAIM");
        command.arg(&self.queue.stream).arg(GROUP).arg(&self.name).arg(0).arg(id).arg("JUSTID");
        let _: Vec<String> = command.query_async(&mut self.queue.connection.clone()).await?;
        Ok(())
    }

    /// Acknowledges and deletes the message `id`.
    ///
    /// # Errors
    /// When Redis is away; the message then comes again and finds its task settled.
    pub async fn acknowledge(&self, id: &str) -> Result<(), QueueError> {
        let mut pipeline = redis::pipe();
        pipeline
            .atomic()
            .xack(&self.queue.stream, GROUP, &[id])
            .ignore()
            .xdel(&self.queue.stream, &[id])
            .ignore();
        let () = pipeline.query_async(&mut self.queue.connection.clone()).await?;
        Ok(())
    }

    /// Puts the messages that this consumer still has back into the stream, then leaves the group. Returns how many.
    ///
    /// # Errors
    /// When Redis is away; the messages are then taken over once they are idle.
    pub async fn leave(&self) -> Result<usize, QueueError> {
        let mut connection = self.queue.connection.clone();
        let options = StreamReadOptions::default().group(GROUP, &self.name);
        let own: Option<StreamReadReply> =
            connection.xread_options(&[&self.queue.stream], &["0"], &options).await?;
        let messages: Vec<StreamId> =
            own.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect();
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        for message in &messages {
            if let Some(notice) = delivery(message.clone()).notice {
                pipeline.xadd(&self.queue.stream, "*", &fields(&notice)).ignore();
            }
            pipeline.xack(&self.queue.stream, GROUP, &[&message.id]).ignore();
            pipeline.xdel(&self.queue.stream, &[&message.id]).ignore();
        }
        pipeline.xgroup_delconsumer(&self.queue.stream, GROUP, &self.name).ignore();
        let () = pipeline.query_async(&mut connection).await?;
        Ok(messages.len())
    }
}

fn fields(notice: &Notice) -> [(&'static str, String); 2] {
    [("task", notice.task.to_string()), ("tenant", notice.tenant.to_string())]
}

fn delivery(message: StreamId) -> Delivery {
    let field = |name: &str| message.get::<String>(name);
    let notice =
        (|| Some(Notice { task: field("task")?.parse().ok()?, tenant: field("tenant")?.parse().ok()? }))();
    Delivery { notice, id: message.id }
}
