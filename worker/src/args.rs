//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use platform::migrations::Phase;
use platform::names::TaskId;

use crate::science::Purpose;

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
    /// Bring the schema up, then make the bucket unless it is there.
    Prepare,
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
