//! The API under load beside a FastAPI service that does the same queries on the same Postgres, Redis aside: requests a
//! second of the serving process's processor time, latency at the same offered load, and memory.
//!
//! `bench_api PROGRAM PYTHON SERVICE`: the API server, an interpreter that has the service's packages, and the service. Run by `cargo xtask bench
//! api`. Load goes to loopback only, and everything started ends with this program.

mod load;
mod prepare;
mod server;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use platform::{
    config::{DatabaseConfig, Env},
    names::{ResumeId, TenantId},
    postgres,
};
use serde_json::{Value, json};

use load::{Closed, Latency, Work};
use prepare::prepare;
use server::{Server, Usage};

/// Resumes that the tenant has when the load begins.
const RESUMES: usize = 500;
/// Rounds of each measurement: ours and theirs by turns, so that a change of the machine's load favours neither.
const ROUNDS: usize = 2;
/// How long each measurement of a round takes.
const SPELL: Duration = Duration::from_secs(4);
/// At which part of the most that the other service can do latency is measured.
const OFFERED: f64 = 0.5;

/// What was measured of one service in one kind of request.
#[derive(Default)]
struct Measured {
    closed: Closed,
    used: Duration,
    latency: Latency,
}

impl Measured {
    fn per_cpu_second(&self) -> f64 {
        self.closed.requests as f64 / self.used.as_secs_f64()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let [Some(program), Some(python), Some(service)] = [(); 3].map(|()| arguments.next()) else {
        bail!("usage: bench_api PROGRAM PYTHON SERVICE");
    };
    let variables = prepare().await?;
    let ours = Arc::new(Server::api(&program, &variables)?);
    let theirs = Arc::new(Server::uvicorn(&python, &service, &variables)?);
    ours.answers().await.context("the API")?;
    theirs.answers().await.context("the FastAPI service")?;
    let (person, resume) = person(&ours, &variables).await?;
    let job = load::client()?
        .post(ours.url("/api/v1/jobs"))
        .bearer_auth(&person)
        .json(&json!({"text": "Rust engineer\nWe need Rust, PostgreSQL and five years of experience."}))
        .send()
        .await?;
    let job: Value = job.error_for_status()?.json().await?;
    let body = json!({"resume_id": resume.to_string(), "job_id": job.get("id")});
    let works = [Work::Health, Work::List, Work::Upload, Work::Match(body)];
    alike(&ours, &theirs, &person).await?;
    let mut figures = Vec::new();
    for work in &works {
        eprintln!("measuring: {}", work.name());
        let [own, other] = measure(work, [&ours, &theirs], &person).await?;
        figures.extend(of_work(work.name(), &own, &other));
    }
    let (own, other) = (ours.peak_memory()?, theirs.peak_memory()?);
    figures.push(figure("memory", own, other, "MiB", Some(other / 5.0), false));
    println!("{}", json!({ "figures": figures }));
    Ok(())
}

/// Somebody with resumes: an access token, and one of the resumes.
async fn person(ours: &Server, variables: &[(&'static str, String)]) -> anyhow::Result<(String, ResumeId)> {
    let account = json!({"email": "bench@example.org", "password": "correct horse battery"});
    let answer = load::client()?.post(ours.url("/api/v1/accounts")).json(&account).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let text =
        |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).context("the account's answer");
    let tenant: TenantId = text("/tenant/id")?.parse()?;
    let pool = postgres::connect(&DatabaseConfig::from_env(&Env::from_pairs(variables.to_vec()))?).await?;
    let mut transaction = postgres::tenant_transaction(&pool, tenant).await?;
    let mut last = ResumeId::new();
    for number in 0..RESUMES {
        last = ResumeId::new();
        sqlx::query(
            "INSERT INTO resumes (id, tenant_id, account_id, file_name, media_type, size_bytes, sha256, object_key)
             SELECT $1, tenant_id, account_id, $2, 'text/plain', 3000, sha256($2::bytea), $2 FROM memberships
             WHERE tenant_id = app_tenant_id()",
        )
        .bind(last)
        .bind(format!("resume-{number}.txt"))
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok((text("/access_token")?.to_owned(), last))
}

/// Both services give the same list, or one of them is measured doing something else.
async fn alike(ours: &Server, theirs: &Server, token: &str) -> anyhow::Result<()> {
    let mut lists = Vec::new();
    for server in [ours, theirs] {
        let answer = load::client()?.get(server.url(load::LIST)).bearer_auth(token).send().await?;
        let list: Value = answer.error_for_status()?.json().await?;
        let ids = |item: &Value| [item.get("id").cloned(), item.get("sha256").cloned()];
        let items = list.get("items").and_then(Value::as_array).context("a list without items")?;
        lists.push(items.iter().map(ids).collect::<Vec<_>>());
    }
    match lists.as_slice() {
        [own, other] if own == other && own.len() == 20 => Ok(()),
        _ => bail!("the two services do not give the same list"),
    }
}

/// Both services by turns: as many requests as they can, then as many a second for both as the slower one does with ease.
async fn measure(work: &Work, servers: [&Arc<Server>; 2], token: &str) -> anyhow::Result<[Measured; 2]> {
    let mut measured = [Measured::default(), Measured::default()];
    for _ in 0..ROUNDS {
        for (server, measured) in servers.iter().zip(&mut measured) {
            load::closed(work, server, token, SPELL / 4).await?;
            let before = Usage::of(server)?;
            measured.closed.add(load::closed(work, server, token, SPELL).await?);
            measured.used += Usage::of(server)?.since(before);
        }
    }
    let rate = OFFERED * measured.iter().map(|one| one.closed.rate()).fold(f64::INFINITY, f64::min);
    for _ in 0..ROUNDS {
        for (server, measured) in servers.iter().zip(&mut measured) {
            measured.latency.add(load::open(work, server, token, rate, SPELL).await?);
        }
    }
    Ok(measured)
}

fn of_work(name: &str, own: &Measured, other: &Measured) -> Vec<Value> {
    let milliseconds = |latency: &Latency, part: f64| latency.quantile(part).as_secs_f64() * 1000.0;
    let quantiles = |part: f64| (milliseconds(&own.latency, part), milliseconds(&other.latency, part));
    let ((half, other_half), (most, other_most)) = (quantiles(0.5), quantiles(0.99));
    let (each, other_each) = (own.per_cpu_second(), other.per_cpu_second());
    let named = |what: &str| format!("{name}.{what}");
    vec![
        figure(&named("per_cpu_second"), each, other_each, "requests/s", Some(other_each * 10.0), true),
        figure(&named("per_second"), own.closed.rate(), other.closed.rate(), "requests/s", None, true),
        figure(&named("p50"), half, other_half, "ms", None, false),
        figure(&named("p99"), most, other_most, "ms", Some(other_most / 5.0), false),
    ]
}

fn figure(name: &str, own: f64, other: f64, unit: &str, target: Option<f64>, more: bool) -> Value {
    let met = target.map(|target| if more { own >= target } else { own <= target });
    json!({
        "name": format!("api.{name}"), "value": own, "unit": unit, "baselines": {"fastapi": other},
        "target": target, "met": met,
    })
}
