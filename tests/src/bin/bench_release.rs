//! `bench_release`: releases under load on the installation under test, beside rolling updates of a plain Deployment of the
//! same API. Prints lines for people on standard error and its figures as JSON. `cargo xtask bench release` starts it.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use e2e::client::text;
use e2e::installation::Installation;
use e2e::load::Report;
use e2e::releases::{RELEASED, change, keep_small, nothing_is_left_but, quick, release, serves, tag_images};
use e2e::steady::{Reports, Steady};
use e2e::steps::Steps;
use e2e::{plain, wait};
use serde_json::{Value, json};

/// Releases under load.
#[derive(Parser)]
#[command(name = "bench_release")]
struct Args {
    /// Good releases.
    #[arg(long, default_value_t = 4)]
    good: u32,
    /// Bad releases: by turns one that is given up before the switch, and one that is rolled back after it.
    #[arg(long, default_value_t = 2)]
    bad: u32,
    /// Requests a second through the ingress.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Requests a second straight to the Service.
    #[arg(long, default_value_t = 100)]
    straight: u32,
}

/// What is measured of our releases.
#[derive(Default)]
struct Measured {
    cut_overs: Vec<f64>,
    rollbacks: Vec<f64>,
    durations: Vec<f64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(figures) => {
            println!("{:#}", json!({"figures": figures}));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench_release: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<Vec<Value>> {
    let installation = Installation::from_env()?;
    let program = std::env::current_exe()?.with_file_name("load");
    let program = program.to_str().context("the path of the load program is not UTF-8")?;
    keep_small(&installation)?;
    installation.condition(&installation.name, "Ready", "True", RELEASED).await?;
    let (ours, measured) = our_releases(args, &installation, program).await?;
    let theirs = rolling_updates(args, &installation, program).await?;
    Ok(figures(&ours, &theirs, &measured))
}

/// Our releases, good and bad mixed.
async fn our_releases(
    args: &Args,
    installation: &Installation,
    program: &str,
) -> anyhow::Result<(Reports, Measured)> {
    let steps = Steps::follow(installation)?;
    let mut measured = Measured::default();
    let load = Steady::begin(installation, program, (args.rate, args.straight))?;
    let mut bad = 0;
    for number in 0..args.good {
        let version = format!("bench-{number}");
        tag_images(&version)?;
        let began = std::time::Instant::now();
        change(installation, &json!({"version": version, "release": quick()}))?;
        let released = serves(installation, &version).await?;
        measured.durations.push(began.elapsed().as_secs_f64());
        nothing_is_left_but(installation, &text(&released, "/active/colour")?).await?;
        // Spread among the good ones.
        while bad < (number + 1) * args.bad / args.good.max(1) {
            if bad % 2 == 0 {
                given_up(installation).await?;
            } else {
                measured.rollbacks.push(rolled_back(installation, &steps).await?);
            }
            bad += 1;
        }
    }
    measured.cut_overs = steps.times_of("Switch");
    Ok((load.end().await?, measured))
}

/// A version whose API does not start.
async fn given_up(installation: &Installation) -> anyhow::Result<()> {
    let mut short = quick();
    if let Some(short) = short.as_object_mut() {
        short.insert("progressDeadline".to_owned(), json!("15s"));
    }
    change(installation, &json!({"images": {"apiServer": "redis:7.0"}, "release": short}))?;
    installation.condition(&installation.name, "Stalled", "True", RELEASED).await?;
    settle(installation, &json!({"images": {"apiServer": null}})).await
}

/// A version that a person leaves after the switch. Gives the seconds from the order until all requests go back.
async fn rolled_back(installation: &Installation, steps: &Steps) -> anyhow::Result<f64> {
    let before = text(&release(installation)?, "/active/version")?;
    tag_images("bench-left")?;
    let mut slow = quick();
    if let Some(slow) = slow.as_object_mut() {
        slow.insert("bakeTime".to_owned(), json!("5m"));
    }
    change(installation, &json!({"version": "bench-left", "release": slow}))?;
    let number = wait::until("the bake of the release", RELEASED, async || {
        let release = release(installation)?;
        anyhow::ensure!(text(&release, "/step")? == "Bake", "{release}");
        Ok(release.pointer("/active/number").and_then(Value::as_i64))
    })
    .await?;
    let ordered = steps.now();
    let order = format!("resumematcher.io/rollback={number}");
    let kind = "resumematchers.resumematcher.io";
    installation.kubectl(&["annotate", "--overwrite", kind, &installation.name, &order])?;
    // The step behind the switch begins when the Service has been seen to select the version before.
    let back = wait::until("the version before serves again", RELEASED, async || {
        Ok(steps.first_after("Drain", ordered))
    })
    .await?;
    settle(installation, &json!({"version": before})).await?;
    Ok(back)
}

/// Asks for what serves again, and waits until nothing else is left.
async fn settle(installation: &Installation, spec: &Value) -> anyhow::Result<()> {
    change(installation, spec)?;
    installation.condition(&installation.name, "Stalled", "False", RELEASED).await?;
    installation.condition(&installation.name, "Ready", "True", RELEASED).await?;
    let active = release(installation)?;
    nothing_is_left_but(installation, &text(&active, "/active/colour")?).await
}

/// The same number of rolling updates of a plain Deployment of the same API.
async fn rolling_updates(args: &Args, installation: &Installation, program: &str) -> anyhow::Result<Reports> {
    let plain = plain::Plain::make(installation)?;
    plain.roll_out()?;
    let rate = (args.rate, args.straight);
    let load = Steady::begin_at(installation, (plain::NAME, plain::HOST), program, rate)?;
    for number in 0..args.good + args.bad {
        eprintln!("rolling update {}", number + 1);
        plain.restart(number)?;
    }
    let reports = load.end().await?;
    plain.remove()?;
    Ok(reports)
}

fn figures(ours: &Reports, theirs: &Reports, measured: &Measured) -> Vec<Value> {
    let mut figures = Vec::new();
    for (name, way) in
        [("ingress", (&ours.ingress, &theirs.ingress)), ("service", (&ours.service, &theirs.service))]
    {
        let (ours, theirs): (&Report, &Report) = way;
        eprintln!("{name}: ours {ours:?}\n{name}: plain Deployment {theirs:?}");
        figures.push(json!({
            "name": format!("release.{name}.failed"), "value": ours.failed, "unit": format!("of {} requests", ours.requests),
            "baselines": {format!("RollingUpdate (of {})", theirs.requests): theirs.failed}, "target": 0, "met": ours.failed == 0,
        }));
        figures.push(json!({
            "name": format!("release.{name}.p99"), "value": ours.p99_milliseconds, "unit": "ms",
            "baselines": {"RollingUpdate": theirs.p99_milliseconds},
        }));
    }
    for (name, values) in
        [("cut-over", &measured.cut_overs), ("rollback", &measured.rollbacks), ("whole", &measured.durations)]
    {
        let most = values.iter().copied().reduce(f64::max);
        eprintln!("{name}: {values:.2?} s");
        figures.push(json!({"name": format!("release.{name}.longest"), "value": most, "unit": "s"}));
    }
    figures
}
