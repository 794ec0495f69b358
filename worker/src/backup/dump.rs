//! The database: `pg_dump` of an exported snapshot, sent to the bucket as it comes.

use platform::config::DatabaseConfig;
use platform::maintenance::RESTORES_TABLE;
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, ChildStdout};

use super::error::BackupError;
use super::manifest::{self, Part};
use super::store::BackupStore;
use super::tools::{self, Tools};
use super::upload::Upload;

const PROGRAM: &str = "pg_dump";
/// Fast rather than small: what is large in the database is text, of which level 1 takes most already.
const COMPRESSION: &str = "--compress=1";
const PIECE: usize = 256 << 10;

/// Dumps what `snapshot` sees into the backup `id`.
pub(super) async fn run(
    tools: &Tools,
    database: &DatabaseConfig,
    store: &BackupStore,
    id: &str,
    snapshot: &str,
) -> Result<Part, BackupError> {
    let mut command = tools.command(PROGRAM);
    tools::point(&mut command, &database.owner_url)?;
    command.args(["--format=custom", COMPRESSION, "--schema=public", "--no-owner", "--no-privileges"]);
    // Rows are seen by the policy `maintenance`; by default pg_dump would refuse to go by any policy.
    command.args(["--enable-row-security", "--lock-wait-timeout=120s"]);
    command.arg(format!("--exclude-table=public.{RESTORES_TABLE}"));
    command.arg(format!("--snapshot={snapshot}"));
    let mut child = command.spawn().map_err(|source| BackupError::Run { program: PROGRAM, source })?;
    let mut upload = store.upload(&manifest::dump_path(id));
    let (stdout, stderr): (Option<ChildStdout>, Option<ChildStderr>) =
        (child.stdout.take(), child.stderr.take());
    let (sent, told) = tokio::join!(send(stdout, &mut upload), tools::told(stderr));
    let ended = match sent {
        Ok(()) => child.wait().await.map_err(|source| BackupError::Run { program: PROGRAM, source }),
        Err(error) => Err(error),
    };
    match ended {
        Ok(status) if status.success() => upload.finish().await,
        Ok(status) => {
            upload.abort().await;
            let reason = if told.is_empty() { status.to_string() } else { told };
            Err(BackupError::Program { program: PROGRAM, reason })
        }
        Err(error) => {
            upload.abort().await;
            Err(error)
        }
    }
}

/// Takes the stream along: when sending fails, its end is closed and the program ends too.
async fn send(stdout: Option<ChildStdout>, upload: &mut Upload) -> Result<(), BackupError> {
    let Some(mut stdout) = stdout else { return Ok(()) };
    let mut piece = vec![0; PIECE];
    loop {
        let read =
            stdout.read(&mut piece).await.map_err(|source| BackupError::Run { program: PROGRAM, source })?;
        match piece.get(..read) {
            None | Some([]) => return Ok(()),
            Some(bytes) => upload.write(bytes).await?,
        }
    }
}
