//! `worker migrate up | status | sql`.

use std::io::Write as _;

use platform::config::{DatabaseConfig, Env};
use platform::{migrations, postgres};

use crate::args::Migrate;
use crate::exit::Failure;

pub(crate) async fn run(env: &Env, action: Migrate) -> Result<(), Failure> {
    match action {
        Migrate::Up { phase } => {
            let applied = migrations::up(&DatabaseConfig::from_env(env)?, phase.phases()).await?;
            tracing::info!(?applied, "the schema is up to date");
            Ok(())
        }
        Migrate::Status => {
            let pool = postgres::connect(&DatabaseConfig::from_env(env)?).await?;
            let status = migrations::status(&pool).await?;
            print(&serde_json::to_string_pretty(&status).map_err(|error| Failure::retryable(&error))?)
        }
        Migrate::Sql { phase, role } => {
            let text =
                migrations::sql_text(phase.phases(), &role).map_err(|error| Failure::retryable(&error))?;
            print(&text)
        }
    }
}

fn print(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
