//! Postgres' own programs: finding those that fit the server, and telling them where it is without showing a password.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use percent_encoding::percent_decode_str;
use platform::config::BackupConfig;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use url::Url;

use super::error::BackupError;

/// Debian keeps each version's programs in a folder of its own below this one.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What libpq understands in a URL; it refuses others, which are sqlx's own.
const LIBPQ: &[&str] =
    &["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "hostaddr", "port", "connect_timeout"];
/// So much of what a program says is repeated in the error.
const TOLD: u64 = 4096;

/// The programs that suit a server.
pub(super) struct Tools {
    folder: PathBuf,
    /// Their major version.
    pub(super) version: u32,
}

impl Tools {
    /// The oldest programs that are not older than `server` (a major version): `pg_dump` refuses newer servers.
    pub(super) async fn find(config: &BackupConfig, server: u32) -> Result<Self, BackupError> {
        let folders = match &config.tools {
            Some(folder) => vec![folder.clone()],
            None => candidates(),
        };
        let mut found = Vec::new();
        for folder in folders {
            if let Some(version) = version(&folder.join("pg_dump")).await
                && version >= server
            {
                found.push((version, folder));
            }
        }
        let oldest = found.into_iter().min_by_key(|(version, _)| *version);
        let (version, folder) = oldest.ok_or(BackupError::Tools { program: "pg_dump", server })?;
        Ok(Self { folder, version })
    }

    /// `program` with nothing of this process' environment but what it needs.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.env_clear().env("LC_ALL", "C").env("PGCLIENTENCODING", "UTF8");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

fn candidates() -> Vec<PathBuf> {
    let debian = std::fs::read_dir(DEBIAN).into_iter().flatten().filter_map(Result::ok);
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.map(|entry| entry.path().join("bin")).chain(std::env::split_paths(&path)).collect()
}

/// The major version of a program, from a line such as `pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)`.
async fn version(program: &Path) -> Option<u32> {
    if !program.is_file() {
        return None;
    }
    let output = Command::new(program).arg("--version").env_clear().output().await.ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(line: &str) -> Option<u32> {
    let number = line.split_once(") ")?.1;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Points `command` at the database of `url`, with the session of [`platform::maintenance`]. The password goes by the
/// environment, which other users of the machine cannot see.
pub(super) fn point(command: &mut Command, url: &SecretString) -> Result<(), BackupError> {
    let wrong = || platform::maintenance::MaintenanceError::ParseUrl { variable: "DATABASE_OWNER_URL" };
    let url = Url::parse(url.expose_secret()).map_err(|_| wrong())?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if let Some(password) = url.password() {
        command.env("PGPASSWORD", decoded(password));
    }
    let mut shown = url.clone();
    shown.set_password(None).map_err(|()| wrong())?;
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| LIBPQ.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    shown.set_query(None);
    if !kept.is_empty() {
        shown.query_pairs_mut().extend_pairs(kept);
    }
    command.env(
        "PGOPTIONS",
        "-c app.maintenance=on -c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
    );
    command.env("PGAPPNAME", "resume-matcher-maintenance");
    command.arg(format!("--dbname={shown}"));
    Ok(())
}

/// The beginning of what a program says on standard error; the rest is read and dropped, so that it never waits.
pub(super) async fn told(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut first = Vec::new();
    // What cannot be read is not told; the program's exit code decides.
    let _read = (&mut stream).take(TOLD).read_to_end(&mut first).await;
    let _rest = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&first).trim().replace('\n', "; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_line_is_read() {
        assert_eq!(parse_version("pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)"), Some(15));
        assert_eq!(parse_version("pg_dump (PostgreSQL) 17beta1"), Some(17));
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn the_password_is_on_no_command_line() {
        let mut command = Command::new("pg_dump");
        let url =
            SecretString::from("postgres://own:p%40ss@db:5432/rm?sslmode=require&statement-cache-capacity=0");
        point(&mut command, &url).unwrap();
        let arguments: Vec<_> = command.as_std().get_args().map(|word| word.to_string_lossy()).collect();
        assert_eq!(arguments, ["--dbname=postgres://own@db:5432/rm?sslmode=require"]);
        let password =
            command.as_std().get_envs().find(|(name, _)| *name == "PGPASSWORD").unwrap().1.unwrap();
        assert_eq!(password, "p@ss");
    }
}
