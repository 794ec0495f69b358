//! Fetching an uploaded file and reading it in the sandbox.

use matching::Document;
use platform::digest::Sha256Digest;

use super::{Context, JobError};
use crate::science::Reading;

/// Where an uploaded file is.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct StoredFile {
    pub(super) object_key: String,
    pub(super) sha256: Sha256Digest,
    pub(super) file_name: String,
}

/// The document in the file, or one sentence for the person who uploaded it.
pub(super) async fn read(
    context: &Context,
    file: &StoredFile,
) -> Result<Result<Box<Document>, String>, JobError> {
    let bytes = context.storage.get(&file.object_key, file.sha256).await?;
    match context.sandbox.read_file(bytes, &file.file_name).await {
        Ok(Reading::Document(document)) => Ok(Ok(document)),
        Ok(Reading::Refused { class, message }) => {
            tracing::info!(class, "the file is refused");
            Ok(Err(message))
        }
        Ok(Reading::Broken { message }) => Err(JobError::Installation(message)),
        Err(error) if error.is_about_the_file() => {
            tracing::warn!(?error, "the file made its reader fail");
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}
