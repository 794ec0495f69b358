//! `rmctl`: extracts, parses, exports, matches and ranks local files with no service at all. Installed as
//! `kubectl-resumematcher` it is reached as `kubectl resumematcher`.
//!
//! Exit codes: 0 done; 1 a file or the model could not be read; 2 the command line is wrong.

mod args;
mod commands;
mod files;
mod fonts;
mod kubectl;
mod printer;
mod scrub;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use commands::release::Order;
use settings::Settings;

fn main() -> ExitCode {
    let Args { command, options } = Args::parse();
    let settings = Settings::from_options(options);
    let result = match command {
        Command::Extract { file } => commands::extract::run(&settings, &file),
        Command::Parse { file, day } => commands::parse::run(&settings, &file, day.or_today()),
        Command::Export(args) => commands::export::run(&settings, &args),
        Command::Match { resume, job, day } => {
            commands::match_one::run(&settings, &resume, &job, day.or_today())
        }
        Command::Rank { job, pool, day } => commands::rank::run(&settings, &job, &pool, day.or_today()),
        Command::Index { folder, file } => commands::index::run(&settings, &folder, &file),
        Command::Status(of) => commands::release::status(&settings, &of),
        Command::Releases(of) => commands::release::releases(&settings, &of),
        Command::Promote(of) => commands::release::order(&of, Order::Promote),
        Command::Abort(of) => commands::release::order(&of, Order::Abort),
        Command::Rollback(of) => commands::release::order(&of, Order::Rollback),
        Command::Retry(of) => commands::release::order(&of, Order::Retry),
        Command::Pause(of) => commands::release::order(&of, Order::Pause),
        Command::Resume(of) => commands::release::order(&of, Order::Resume),
        Command::Backup(args) => commands::backup::backup(&settings, &args),
        Command::Backups(of) => commands::backup::backups(&settings, &of),
        Command::Restore(args) => commands::backup::restore(&settings, &args),
        Command::Logs(args) => commands::logs::logs(&args),
        Command::SupportBundle { of, file } => commands::support_bundle::run(&of, &file),
        Command::DeadLetters { of, action } => commands::logs::dead_letters(&of, &action),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that closed the pipe (`rmctl … | head`) has what it wanted.
        Err(error) if printer::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            printer::error(&error);
            ExitCode::FAILURE
        }
    }
}
