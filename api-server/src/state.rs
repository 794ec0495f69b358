//! What handlers share: connections to the dependencies, keys and limits.

use std::{ops::Deref, sync::Arc};

use platform::{cache::Cache, digest::Sha256Digest, queue::Queue, storage::Storage};
use ring::hmac;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{billing::Billing, outside::Outside},
    auth::{password::PasswordHasher, token::TokenSigner},
    changes::Changes,
    documents::Documents,
    mailing::Mailing,
    middleware::limits::Places,
};

/// The handles of [`Services`]; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Services>);

/// What handlers work with.
pub struct Services {
    /// Postgres, as the application role.
    pub pool: PgPool,
    /// Redis; asked for its health only, since tasks travel through the outbox.
    pub queue: Queue,
    /// Where uploaded bytes are kept.
    pub storage: Storage,
    /// Computed values.
    pub cache: Cache,
    /// Makes and checks access tokens.
    pub tokens: TokenSigner,
    /// Outside issuers whose tokens are taken too.
    pub outside: Outside,
    /// Hash of the administrator's token; none closes the administration.
    pub admin_token: Option<Sha256Digest>,
    /// Where streams of events hear of changes.
    pub changes: Changes,
    /// How many streams of events there may be.
    pub streams: Places,
    /// Cancelled when the server stops; streams end by it.
    pub stopping: CancellationToken,
    /// For how many days a backup is kept: so long does it remember what was erased.
    pub backup_retention_days: u16,
    /// Hashes and verifies passwords.
    pub passwords: PasswordHasher,
    /// Plans, and buying them.
    pub billing: Billing,
    /// Makes files of resumes, and reads edited ones.
    pub documents: Documents,
    /// Writes mails.
    pub mailing: Mailing,
    /// Signs what stands between password and code at sign-in.
    pub challenge_key: hmac::Key,
    /// Signs the tokens of forms.
    pub form_key: hmac::Key,
    /// Whether people reach the service by https; cookies are marked accordingly.
    pub https: bool,
}

impl AppState {
    /// Shares `services`.
    pub fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}
