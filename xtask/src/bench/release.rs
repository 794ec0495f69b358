//! `cargo xtask bench release`: releases under load on a cluster of its own, beside rolling updates of a plain Deployment.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::eval::finish;
use crate::figures::{Report, Summary};
use crate::progress::Progress;
use crate::run::{cargo, output, programs, root};
use crate::test::variables;
use crate::up;

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
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
    /// Write the figures here as JSON too.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints one table and writes the JSON file; whether everything could be measured.
///
/// # Errors
/// When the cluster does not come up, or the programs do not compile.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let identity = format!("{}-bench", test_cluster::identity_of(&root()));
    let say = |line: &str| eprintln!("{line}");
    test_cluster::Cluster::down(&identity, &say)?;
    let measured = measure(options, &identity);
    let ended = test_cluster::Cluster::down(&identity, &say).context("end the cluster of the measurement");
    let mut summary = Summary::default();
    summary.add("bench_release", measured);
    ended?;
    finish(&summary, options.output.as_deref())
}

fn measure(options: &Options, identity: &str) -> anyhow::Result<Report> {
    let program = program()?;
    let up = up::bring_up(
        &Progress::new(),
        &up::Options::for_tests(),
        &up::Wanted::Own { identity: identity.to_owned() },
    )?;
    let mut command = Command::new(program);
    command.envs(variables(&up, identity)?);
    for (name, value) in [
        ("--good", options.good),
        ("--bad", options.bad),
        ("--rate", options.rate),
        ("--straight", options.straight),
    ] {
        command.args([name.to_owned(), value.to_string()]);
    }
    let out =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("start bench_release")?;
    if !out.status.success() {
        up.diagnose();
        anyhow::bail!("bench_release ended with {}", out.status);
    }
    Report::parse(&String::from_utf8(out.stdout)?)
}

/// The measuring program; that which sends the load is beside it.
fn program() -> anyhow::Result<PathBuf> {
    // Not `--package`: with the features of the whole workspace nothing is compiled a second time.
    let arguments = ["build", "--workspace", "--bin", "bench_release", "--bin", "load"];
    let mut command = cargo(&arguments);
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let messages = output(&mut command).context("build the measuring program")?;
    let found = programs(&messages).find(|(name, _)| name == "bench_release");
    found.map(|(_, path)| path).context("cargo built no program bench_release")
}
