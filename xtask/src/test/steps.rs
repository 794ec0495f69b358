//! The steps of `cargo xtask test`, in their order: quick ones first, those that need the cluster last.

use std::io::{BufRead, BufReader, IsTerminal};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::counts::Counts;
use super::{cluster, schema};
use crate::run::{cargo, check, output, root};
use crate::{generate, images, model, tools};

/// A step.
pub(crate) struct Step {
    /// What `--only` and `--skip` name.
    pub(crate) name: &'static str,
    /// One line for people.
    pub(crate) purpose: &'static str,
    /// Does it, and counts its tests where it has some.
    pub(crate) run: fn(&mut Counts) -> anyhow::Result<()>,
}

/// All steps.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "format", purpose: "cargo fmt", run: |_| check(&mut cargo(&["fmt", "--all", "--check"])) },
    Step { name: "workflows", purpose: "GitHub workflows by actionlint", run: |_| workflows() },
    Step {
        name: "deny",
        purpose: "licences, duplicate versions and sources of dependencies",
        run: |_| deny(),
    },
    Step { name: "clippy", purpose: "lints, warnings are errors", run: |_| clippy() },
    Step { name: "doc", purpose: "documentation, warnings are errors", run: |_| doc() },
    Step { name: "prepare", purpose: "packages, model and PDF library", run: |_| prepare() },
    Step {
        name: "tests",
        purpose: "unit and integration tests on real services",
        run: |counts| cargo_test(counts, &["--workspace"], &[]),
    },
    Step {
        name: "schema",
        purpose: "the API answers as its OpenAPI document says (schemathesis)",
        run: |_| schema::run(),
    },
    Step { name: "alone", purpose: "the programs of the images compile by themselves", run: |_| alone() },
    Step {
        name: "generated",
        purpose: "generated files are up to date",
        run: |_| generate::check_by_test_build(),
    },
    Step {
        name: "manifests",
        purpose: "the Helm chart and the kustomize overlays render",
        run: |_| manifests(),
    },
    Step {
        name: "cluster",
        purpose: "the cluster starts, recovers, leaves nothing",
        run: cluster::own_tests,
    },
    Step { name: "e2e", purpose: "the sample on a real cluster, end to end", run: cluster::end_to_end },
];

/// What the integration tests start: real services, and a browser.
const PACKAGES: &[&str] = &["postgresql", "redis-server", "chromium", "chromium-driver", "tesseract-ocr"];

fn clippy() -> anyhow::Result<()> {
    check(&mut cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn deny() -> anyhow::Result<()> {
    let mut deny = Command::new(tools::cargo_deny()?);
    deny.args(["--all-features", "check", "bans", "licenses", "sources"]);
    check(deny.current_dir(root()))
}

fn workflows() -> anyhow::Result<()> {
    check(Command::new(tools::ACTIONLINT.ensure()?).args(["-shellcheck=", "-pyflakes="]).current_dir(root()))
}

fn doc() -> anyhow::Result<()> {
    let mut doc = cargo(&["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"]);
    // Private items are documented too, so links to them lead somewhere.
    check(doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"))
}

fn prepare() -> anyhow::Result<()> {
    let say = |line: &str| eprintln!("{line}");
    test_cluster::ensure_packages(PACKAGES, &say)?;
    test_cluster::tools(&say)?;
    model::ensure()?;
    Ok(())
}

/// The programs of the images, as `cargo xtask up` compiles them: what the features of the rest of the workspace (tests,
/// tools) hide, such as a missing TLS feature, shows here.
fn alone() -> anyhow::Result<()> {
    let apps = images::APPS.iter().flat_map(|app| ["--package", app.package]);
    check(cargo(&["check", "--locked", "--bins"]).args(apps))
}

/// Renders what people install; that the API server takes it is what the operator's tests and the end-to-end tests see.
fn manifests() -> anyhow::Result<()> {
    let tools = test_cluster::tools(&|line| eprintln!("{line}"))?;
    let chart = root().join("charts/resume-matcher-operator");
    check(Command::new(&tools.helm).args(["lint", "--strict"]).arg(&chart))?;
    // Helm asks no cluster here, and takes a version for granted that is older than the chart allows.
    let template = ["template", "test", "--kube-version", "1.34.0"];
    output(Command::new(&tools.helm).args(template).arg(&chart))?;
    for entry in std::fs::read_dir(root().join("kustomize/overlays"))? {
        let overlay = entry?.path();
        output(Command::new(&tools.kubectl).arg("kustomize").arg(&overlay))
            .with_context(|| format!("render {}", overlay.display()))?;
    }
    Ok(())
}

/// Runs `cargo test`, passes its output on and counts the tests.
pub(super) fn cargo_test(
    counts: &mut Counts,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> anyhow::Result<()> {
    let mut command = cargo(&["test", "--locked", "--no-fail-fast"]);
    if std::io::stdout().is_terminal() {
        command.arg("--color=always");
    }
    command.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().context("start cargo test")?;
    let stdout = child.stdout.take().context("read what cargo test prints")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("read what cargo test prints")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        counts.read(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("cargo test {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}
