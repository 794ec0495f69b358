//! An API server with everything around it, for a program that tries it out: `serve_api` prints a line of JSON with `url` and
//! `token` (of an owner whose address is confirmed by nobody) and serves until its standard input ends.

#[path = "../bench_api/prepare.rs"]
mod prepare;

use std::io::{Read as _, Write as _};

use anyhow::Context;
use api_server::startup::{Application, Settings};
use platform::{config::Env, env_vars as var};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut variables = prepare::prepare().await?;
    variables.push((var::RM_LISTEN, "127.0.0.1:0".to_owned()));
    let application = Application::build(&Settings::from_env(&Env::from_pairs(variables))?).await?;
    let url = format!("http://{}", application.address()?);
    let stop = CancellationToken::new();
    let running = tokio::spawn(application.run(stop.clone()));
    let account = json!({"email": "owner@example.org", "password": "correct horse battery"});
    let answer = reqwest::Client::new().post(format!("{url}/api/v1/accounts")).json(&account).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let token = answer.get("access_token").context("the account has no token")?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", json!({"url": url, "token": token}))?;
    out.flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    stop.cancel();
    running.await??;
    Ok(())
}
