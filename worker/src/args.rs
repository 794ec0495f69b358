//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use platform::migrations::Phase;
use platform::names::TaskId;

use crate::backup::manifest::Kind;
use crate::science::Purpose;
use crate::verify::ObjectChecks;

/// The worker of Resume Matcher: reads, parses and scores resumes from the queue, and prepares the database.
///
/// It is configured by environment variables; docs/configuration.md lists them.
///
/// Exit codes: 0 done; 1 failed, trying again may help; 2 the configuration is wrong.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// What to do; without it, `run`.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work on the queue until told to stop.
    Run,
    /// The schema of the database.
    Migrate {
        /// What to do with it.
        #[command(subcommand)]
        action: Migrate,
    },
    /// Tasks that failed too often, of all tenants.
    DeadLetters {
        /// What to do with them.
        #[command(subcommand)]
        action: DeadLetters,
    },
    /// The keys of secrets at rest.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        action: Keys,
    },
    /// Bring the schema up, then make the bucket unless it is there.
    Prepare,
    /// Check that database and bucket are whole: keys, constraints, row-level security, every object with its hash.
    ///
    /// Exit codes: 0 no finding; 1 a dependency is away; 2 the configuration is wrong; 3 damage was found; 4 only
    /// notices, such as objects that no row names.
    Verify(Verify),
    /// Back up the database and all files as one set; with `verify`, prove a backup. Prints JSON.
    Backup(Backup),
    /// List, show or prune backups.
    Backups {
        /// What to do.
        #[command(subcommand)]
        action: Backups,
    },
    /// Bring the installation back from a backup, prove it, and print how long it took as JSON.
    ///
    /// It happens in one transaction: killed at any moment, the database has either what was there before or the backup.
    /// Run it again then. Exit codes: 1 and 2: nothing was replaced; 3: restored, and damage was found; 5: restored, and what
    /// was to follow failed.
    Restore(Restore),
    /// Extract one file in a sandbox: bytes on standard input, JSON on standard output. The worker starts this itself.
    #[command(hide = true)]
    ExtractChild {
        /// Name of the file.
        #[arg(long)]
        name: String,
        /// What the file is taken for.
        #[arg(long, value_enum)]
        purpose: Purpose,
        /// Give pages without text to this program (tesseract), which the sandbox then lets start.
        #[arg(long, value_name = "PROGRAM")]
        recognise: Option<PathBuf>,
    },
    /// Ask the worker of this machine whether it is alive, for the image's health check.
    Healthcheck,
}

/// What `verify` looks at, and how it answers.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
    /// Whether objects are read and hashed, looked up by size, or left out.
    #[arg(long, value_enum, default_value_t = ObjectChecks::Full)]
    pub(crate) objects: ObjectChecks,
    /// Move objects that no row names below quarantine/ in the same bucket.
    #[arg(long)]
    pub(crate) repair: bool,
    /// Also compare rows and checksum of each table with those of this backup; `latest`: the newest. Needs RM_BACKUP_*.
    #[arg(long, value_name = "ID")]
    pub(crate) manifest: Option<String>,
    /// Seconds that an object must be old to count as one that no row names.
    #[arg(long, default_value_t = 900)]
    pub(crate) orphan_age: u64,
}

/// How a backup is made, or which one is proven.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Backup {
    /// What to do; without it, a backup is made.
    #[command(subcommand)]
    pub(crate) action: Option<BackupAction>,
    /// Why it is made.
    #[arg(long, value_enum, default_value_t = Kind::Manual)]
    pub(crate) kind: Kind,
    /// Afterwards, remove what the RM_BACKUP_KEEP_* variables do not keep.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Only when the database has data and lacks a migration of this version.
    #[arg(long)]
    pub(crate) before_migration: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupAction {
    /// Read and hash every byte of a backup, and keep the outcome beside it. Exit code 3: it is damaged.
    Verify {
        /// Which one; `latest`: the newest.
        id: String,
        /// Also restore it into a scratch database, examine that, and drop it.
        #[arg(long)]
        restore: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backups {
    /// All backups, oldest first.
    List {
        /// How the answer is written.
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
    },
    /// The manifest of one, once its signature was checked.
    Show {
        /// Which one.
        id: String,
    },
    /// Remove what the RM_BACKUP_KEEP_* variables do not keep, and what interrupted backups left.
    Prune {
        /// Only say what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
}

/// What to restore.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// Which backup; `latest`: the newest.
    pub(crate) id: String,
    /// Replace the data that is there, after a backup of it.
    #[arg(long)]
    pub(crate) in_place: bool,
}

/// How an answer is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Apply what is missing; needs DATABASE_OWNER_URL and DATABASE_URL.
    Up {
        /// Which migrations.
        #[arg(long, value_enum, default_value_t = PhaseChoice::Expand)]
        phase: PhaseChoice,
    },
    /// Print as JSON which migrations the database has.
    Status,
    /// Print SQL that psql applies where this program has no access.
    Sql {
        /// Which migrations.
        #[arg(long, value_enum, default_value_t = PhaseChoice::Expand)]
        phase: PhaseChoice,
        /// The application's role, which must exist.
        #[arg(long)]
        role: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// Print them as JSON, newest task first.
    List {
        /// Most letters to print.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
    },
    /// Print one as JSON with all attempts at it.
    Show {
        /// Id of the task.
        task: TaskId,
    },
    /// Have it tried again from the beginning.
    Requeue {
        /// Id of the task.
        task: TaskId,
    },
    /// Take it off the list; its resume, job or match stays failed.
    Drop {
        /// Id of the task.
        task: TaskId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Seal everything by the first of RM_ENCRYPTION_KEYS; print as JSON how much there was to do. Then the others may go.
    Rotate,
}

/// Which migrations to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PhaseChoice {
    /// Those that leave older versions working.
    Expand,
    /// All, also those that remove what older versions use.
    All,
}

impl PhaseChoice {
    pub(crate) fn phases(self) -> &'static [Phase] {
        match self {
            Self::Expand => &[Phase::Expand],
            Self::All => &[Phase::Expand, Phase::Contract],
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }
}
