//! `worker dead-letters list | show | requeue | drop`.

use std::io::Write as _;

use platform::config::{DatabaseConfig, Env};
use platform::names::TaskId;
use platform::postgres;
use platform::tasks::dead;

use crate::args::DeadLetters;
use crate::exit::Failure;

pub(crate) async fn run(env: &Env, action: DeadLetters) -> Result<(), Failure> {
    let pool = postgres::connect(&DatabaseConfig::from_env(env)?).await?;
    match action {
        DeadLetters::List { limit } => {
            let letters = dead::list(&pool, None, i64::from(limit)).await.map_err(query)?;
            print(&serde_json::json!(letters))
        }
        DeadLetters::Show { task } => {
            let (letter, attempts) =
                dead::inspect(&pool, task).await.map_err(query)?.ok_or_else(|| unknown(task))?;
            print(&serde_json::json!({"letter": letter, "attempts": attempts}))
        }
        DeadLetters::Requeue { task } => demand(dead::requeue(&pool, task).await.map_err(query)?, task),
        DeadLetters::Drop { task } => demand(dead::drop_letter(&pool, task).await.map_err(query)?, task),
    }
}

fn demand(found: bool, task: TaskId) -> Result<(), Failure> {
    if found { Ok(()) } else { Err(unknown(task)) }
}

fn query(error: sqlx::Error) -> Failure {
    Failure::retryable(&error)
}

fn unknown(task: TaskId) -> Failure {
    Failure::misconfigured(&std::io::Error::other(format!("there is no dead letter {task}")))
}

fn print(value: &serde_json::Value) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{value:#}")?;
    Ok(())
}
