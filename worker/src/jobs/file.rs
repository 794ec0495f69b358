//! Fetching an uploaded file and reading it in the sandbox.

use platform::digest::Sha256Digest;

use super::{Context, JobError};
use crate::science::{Purpose, Reading};

/// Where an uploaded file is.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct StoredFile {
    pub(super) object_key: String,
    pub(super) sha256: Sha256Digest,
    pub(super) file_name: String,
}

/// What the sandbox made of the file ([`Reading::Resume`] or [`Reading::Job`]), or one sentence for the person who
/// uploaded it.
pub(super) async fn read(
    context: &Context,
    file: &StoredFile,
    purpose: Purpose,
) -> Result<Result<Reading, String>, JobError> {
    let bytes = context.storage.get(&file.object_key, file.sha256).await?;
    match context.sandbox.read_file(bytes, &file.file_name, purpose).await {
        Ok(Reading::Refused { class, message }) => {
            tracing::info!(class, "the file is refused");
            Ok(Err(message))
        }
        Ok(Reading::Broken { message }) => Err(JobError::Installation(message)),
        Ok(reading) => Ok(Ok(reading)),
        Err(error) if error.is_about_the_file() => {
            tracing::warn!(?error, "the file made its reader fail");
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The child answered something else than it was asked for: it is of another version.
pub(super) fn unexpected() -> JobError {
    JobError::Installation("the extraction process answers something else than it was asked for".to_owned())
}
