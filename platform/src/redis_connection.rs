//! How every connection to Redis behaves: it is made at the first command, and reconnects by itself.

use std::time::Duration;

use redis::aio::ConnectionManagerConfig;

/// Settings of a connection on which a command may take `response_timeout`.
pub(crate) fn settings(response_timeout: Duration) -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(response_timeout))
        .set_number_of_retries(1)
        .set_max_delay(Duration::from_millis(500))
}
