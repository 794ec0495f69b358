//! `worker extract-child`: reads one file inside the sandbox.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use platform::config::{Env, ScienceConfig};

use crate::sandbox::limits::{self, Programs};
use crate::sandbox::{self};
use crate::science::{self, Answer, Purpose, Reading};

/// Closes the sandbox, reads the file from standard input and answers on standard output. The exit code is 0 whenever
/// there is an answer, also when the answer is a refusal.
pub(crate) fn run(env: &Env, name: &str, purpose: Purpose, recognise: Option<&Path>) -> ExitCode {
    let answer = match ScienceConfig::from_env(env) {
        Ok(config) => match limits::close(config.pdfium.as_deref(), programs(recognise)) {
            Ok(()) => read(name, purpose, &config, recognise),
            Err(error) => broken(format!("{error}: {}", source_of(&error))),
        },
        Err(error) => broken(error.to_string()),
    };
    let written = serde_json::to_vec(&answer)
        .map_err(std::io::Error::other)
        .and_then(|text| std::io::stdout().write_all(&text));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the answer cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn programs(recognise: Option<&Path>) -> Programs {
    if recognise.is_some() { Programs::Allowed } else { Programs::Refused }
}

fn read(name: &str, purpose: Purpose, config: &ScienceConfig, recognise: Option<&Path>) -> Answer {
    let tesseract = match recognise.map(|program| sandbox::tesseract(program, config)).transpose() {
        Ok(tesseract) => tesseract,
        Err(error) => return broken(error.to_string()),
    };
    let mut bytes = Vec::new();
    match std::io::stdin().read_to_end(&mut bytes) {
        Ok(_) => science::read_file(&bytes, name, purpose, config, tesseract.as_ref()),
        Err(error) => broken(format!("the file cannot be taken in: {error}")),
    }
}

fn broken(message: String) -> Answer {
    Reading::Broken { message }.into()
}

fn source_of(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
