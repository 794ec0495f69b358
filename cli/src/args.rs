//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ocr::Languages;

/// Reads resumes and matches them with jobs, on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "rmctl", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the text of a file (PDF, DOCX, ODT, RTF, HTML, Markdown, plain text).
    Extract {
        /// The file, or `-` for standard input.
        file: PathBuf,
    },
    /// Print a resume as a JSON Resume document; as JSON with the span and the confidence of each value beside it.
    Parse {
        /// The resume, or `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        day: Day,
    },
    /// Write a resume as a PDF, DOCX, Markdown or JSON Resume file, from any of the formats that can be read.
    Export(ExportArgs),
    /// Tell how well a resume meets a job, what shows it, and what to change.
    Match {
        /// The resume, or `-` for standard input.
        resume: PathBuf,
        /// The job advertisement, in any of the formats, or `-` for standard input.
        job: PathBuf,
        #[command(flatten)]
        day: Day,
    },
    /// Order the resumes of a folder by how well they meet a job, best first.
    Rank {
        /// The job advertisement, in any of the formats, or `-` for standard input.
        #[arg(long)]
        job: PathBuf,
        #[command(flatten)]
        pool: Pool,
        #[command(flatten)]
        day: Day,
    },
    /// Prepare the resumes of a folder for ranking: `rank --index` then takes milliseconds a hundred resumes.
    Index {
        /// The folder; all files in it and in its folders are read, hidden ones excepted.
        folder: PathBuf,
        /// The index to write; what stands there is replaced once the new one is whole.
        #[arg(long, short = 'o', value_name = "FILE")]
        file: PathBuf,
    },
    /// Show what an installation in the cluster runs, what happens, and what is wrong.
    Status(Installation),
    /// List the releases of an installation.
    Releases(Installation),
    /// Switch to the candidate that passed its analysis.
    Promote(Installation),
    /// Give the candidate up.
    Abort(Installation),
    /// Leave the version that serves for the one before it.
    Rollback(Installation),
    /// Try the release that was given up again.
    Retry(Installation),
    /// Keep the release in its step.
    Pause(Installation),
    /// Let a paused release go on.
    Resume(Installation),
    /// Back an installation up now, and wait until that is done.
    Backup(BackupArgs),
    /// Show what is known of an installation's backups.
    Backups(Installation),
    /// Bring an installation back from a backup, and wait until it serves.
    Restore(RestoreArgs),
    /// Show the logs of an installation's pods.
    Logs(LogsArgs),
    /// Write what helps to find out what is wrong with an installation into a ZIP file, without secrets.
    SupportBundle {
        #[command(flatten)]
        of: Installation,
        /// The file to write.
        #[arg(long, short = 'o', value_name = "FILE")]
        file: PathBuf,
    },
    /// List the tasks that failed too often, and have them tried again.
    DeadLetters {
        #[command(flatten)]
        of: Installation,
        /// What to do with them.
        #[command(subcommand)]
        action: DeadLetters,
    },
}

/// What `backup` needs.
#[derive(Debug, ClapArgs)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) installation: Installation,
    /// Also prove the backup: restore it into a scratch database, examine that, and drop it.
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

/// What `restore` needs.
#[derive(Debug, ClapArgs)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) installation: Installation,
    /// Id of the backup, or `latest`.
    #[arg(long = "from", value_name = "ID")]
    pub(crate) backup: String,
    /// Replace the data that is there, after a backup of it was made. Else the installation must be empty.
    #[arg(long)]
    pub(crate) in_place: bool,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

/// How long to wait.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub(crate) struct Waiting {
    /// Do not wait for the end.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// How long to wait for the end, in seconds. What was begun goes on afterwards.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) timeout: u32,
}

/// What `logs` needs.
#[derive(Debug, ClapArgs)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) of: Installation,
    /// Only pods of this part: api, worker, migrate, postgres, redis or storage.
    #[arg(long)]
    pub(crate) component: Option<String>,
    /// Lines of each pod, from the end; -1 for all.
    #[arg(long, default_value_t = 50, allow_negative_numbers = true)]
    pub(crate) tail: i64,
    /// Go on with what is logged from now on.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// Print them as JSON, newest first.
    List {
        /// Most of them.
        #[arg(long, default_value_t = 100)]
        limit: u16,
    },
    /// Print one with its attempts.
    Show {
        /// Its task's id.
        task: String,
    },
    /// Have one tried again from the beginning.
    Requeue {
        /// Its task's id.
        task: String,
    },
    /// Take one off the list.
    Drop {
        /// Its task's id.
        task: String,
    },
}

/// An installation in the cluster that kubectl is configured for.
#[derive(Debug, ClapArgs)]
pub(crate) struct Installation {
    /// Name of the ResumeMatcher.
    pub(crate) name: String,
    /// Its namespace [default: that of the current context].
    #[arg(long, short)]
    pub(crate) namespace: Option<String>,
    /// The kubeconfig's context [default: the current one].
    #[arg(long)]
    pub(crate) context: Option<String>,
}

/// The resumes to rank.
#[derive(Debug, Clone, ClapArgs)]
#[group(required = true, multiple = false)]
pub(crate) struct Pool {
    /// The folder; all files in it and in its folders are read, hidden ones excepted.
    pub(crate) folder: Option<PathBuf>,
    /// An index that `rmctl index` wrote, instead of a folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) index: Option<PathBuf>,
}

/// The day that years are counted to.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Day {
    /// The day that positions which last "to this day" last to [default: today in UTC].
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
}

impl Day {
    /// The day that was given, or else today.
    pub(crate) fn or_today(self) -> Date {
        self.as_of.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::UTC).date())
    }
}

/// What `export` needs.
#[derive(Debug, ClapArgs)]
pub(crate) struct ExportArgs {
    /// The resume: a JSON Resume document or any format that `parse` reads, or `-` for standard input.
    pub(crate) resume: PathBuf,
    /// The format to write [default: by the name of the file].
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExportFormat>,
    /// The file to write [default: standard output].
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// A TrueType or OpenType font for what Helvetica lacks in a PDF; may be given several times, the preferred one first
    /// [default: fonts of the system].
    #[arg(long, value_name = "FILE")]
    pub(crate) font: Vec<PathBuf>,
}

/// Formats that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Portable Document Format.
    Pdf,
    /// Office Open XML.
    Docx,
    /// Markdown.
    Md,
    /// JSON Resume 1.0.0.
    Json,
}

/// Options of every command.
#[derive(Debug, ClapArgs)]
pub(crate) struct Options {
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Output::Text, global = true)]
    pub(crate) output: Output,
    /// Folder of the embedding model [default: /usr/share/resume-matcher/model, else the user's data folder].
    #[arg(long, env = "RM_MODEL_DIR", value_name = "FOLDER", global = true)]
    pub(crate) model: Option<PathBuf>,
    /// The PDFium library, for PDF files [default: beside the program, the system's, the user's data folder].
    #[arg(long, env = "RM_PDFIUM", value_name = "FILE", global = true)]
    pub(crate) pdfium: Option<PathBuf>,
    /// Pages of a PDF file that are read.
    #[arg(long, env = "RM_MAX_PAGES", value_name = "NUMBER", default_value_t = 50, global = true,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) max_pages: u32,
    /// Languages of scans, which tesseract reads where it is installed, such as eng+deu.
    #[arg(long, env = "RM_OCR_LANGUAGES", value_name = "NAMES", default_value_t = Languages::default(), global = true)]
    pub(crate) ocr_languages: Languages,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs; the fields are stable.
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn options_may_stand_behind_the_command() {
        let args = Args::parse_from(["rmctl", "rank", "--job", "job.txt", "folder", "--output", "json"]);
        assert_eq!(args.options.output, Output::Json);
    }

    #[test]
    fn a_pool_is_a_folder_or_an_index() {
        let read =
            |rest: &[&str]| Args::try_parse_from(["rmctl", "rank", "--job", "job.txt"].iter().chain(rest));
        assert!(read(&["folder"]).is_ok());
        assert!(read(&["--index", "pool.rmi"]).is_ok());
        assert!(read(&[]).is_err());
        assert!(read(&["folder", "--index", "pool.rmi"]).is_err());
    }

    #[test]
    fn a_day_is_a_date_of_the_calendar() {
        let read = |day| Args::try_parse_from(["rmctl", "match", "resume.pdf", "job.txt", "--as-of", day]);
        let Command::Match { day, .. } = read("2024-02-29").unwrap().command else { panic!("not a match") };
        assert_eq!(day.or_today().to_string(), "2024-02-29");
        for wrong in ["2023-02-29", "29.2.2024", "today"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
