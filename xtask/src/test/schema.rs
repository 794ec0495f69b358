//! The step `schema`: schemathesis makes requests from the served OpenAPI document, and no answer is a server's error or
//! other than what the document says.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::measure::{Profile, Programs};
use crate::python;

const REQUIREMENTS: &str = include_str!("../../baselines/schemathesis.txt");

/// What is looked for in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance";

/// What would end the session that the requests are made in, or does not end.
const LEFT_OUT: &str =
    "^(eraseAccount|deleteAllSessions|deleteSession|refreshSession|changePassword|streamEvents)$";

/// Starts an API server with everything around it, and tries it out. The same requests each time, so that a change of ours
/// is what makes it fail.
pub(super) fn run() -> anyhow::Result<()> {
    let (python, _kept) = python::environment("schemathesis", REQUIREMENTS)?;
    let mut command = Programs::build(Profile::Tests, &["serve_api"])?.command("serve_api")?;
    let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().context("no output")?).read_line(&mut line)?;
    let tried = serde_json::from_str(&line)
        .with_context(|| format!("the API server said {line:?} instead of where it is"))
        .and_then(|place| try_out(&python, &place));
    // It ends with its input.
    drop(server.stdin.take());
    let ended = server.wait()?;
    tried?;
    if ended.success() { Ok(()) } else { bail!("the API server ended with {ended}") }
}

fn try_out(python: &std::path::Path, place: &Value) -> anyhow::Result<()> {
    let text = |name: &str| place.get(name).and_then(Value::as_str).with_context(|| format!("no {name}"));
    let (url, token) = (text("url")?, text("token")?);
    let mut command = Command::new(python);
    // Its configuration knows the variable; the command line would show the token to everybody on the machine.
    let folder = tempfile::tempdir()?;
    let configuration = folder.path().join("schemathesis.toml");
    std::fs::write(&configuration, "headers = { Authorization = \"Bearer ${RM_TOKEN}\" }\n")?;
    command.args(["-m", "schemathesis.cli", "--config-file"]).arg(&configuration);
    command.args(["run", &format!("{url}/openapi.json"), "--checks", CHECKS, "--max-examples", "20"]);
    command.args(["--generation-deterministic", "--continue-on-failure"]);
    command.args(["--warnings", "off", "--no-color", "--exclude-operation-id-regex", LEFT_OUT]);
    // Not `check`, which would put the token into its message.
    let ended = command.env("RM_TOKEN", token).current_dir(folder.path()).status();
    let ended = ended.context("start schemathesis")?;
    if !ended.success() {
        bail!("the API is not as its document says: schemathesis ended with {ended}");
    }
    Ok(())
}
