//! Measures extraction on a folder of real files and prints the figures as JSON.
//!
//! `cargo run -p matching --example eval_extract -- DATA_FOLDER` runs all measurements;
//! `-- --print FILE` prints the text of one file, `-- --json FILE` its whole document.

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--print", file] => print(file, false),
        ["--json", file] => print(file, true),
        _ => Err("usage: eval_extract [--print|--json FILE | DATA_FOLDER]".to_owned()),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn print(file: &str, json: bool) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let document = matching::extract(&bytes, Some(file), &matching::ExtractOptions::default())
        .map_err(|error| format!("{file}: {}: {error}", error.class()))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?);
    } else {
        println!("{}", document.text);
        for hidden in &document.hidden {
            eprintln!("hidden: {hidden:?}");
        }
        for warning in &document.warnings {
            eprintln!("warning: {}", warning.message);
        }
    }
    Ok(())
}
