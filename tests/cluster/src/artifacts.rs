//! The programs of the cluster: compiled from Go modules once, kept in the cache folder by a hash of their sources.

mod trim;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::Log;
use crate::paths::{PathError, cache_dir};

/// The Kubernetes version, which the go.mod of tests/cluster/go/kubernetes fixes.
const KUBERNETES_VERSION: &str = "v1.34.4";

/// How often a long compilation says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(15);

/// Why a program cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The cache folder.
    #[error("find the cache folder")]
    Cache(#[from] PathError),
    /// There is no Go compiler.
    #[error(
        "no Go compiler is on the PATH; the cluster is compiled from Go modules and needs Go 1.26.4 or newer"
    )]
    NoGo(#[source] std::io::Error),
    /// A file or folder.
    #[error("{act} {path}")]
    File {
        /// What was being done.
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The compiler failed.
    #[error("compiling {target} failed; its last lines:\n{output}")]
    Compile {
        /// The program.
        target: &'static str,
        /// The end of the compiler's messages.
        output: String,
    },
}

/// The programs of a control plane and its clients.
#[derive(Debug, Clone)]
pub struct ControlPlaneTools {
    /// etcd, the Kubernetes components, CoreDNS, metrics-server and the supervisor; its first argument says which.
    pub node: PathBuf,
    /// kubectl of the cluster's version.
    pub kubectl: PathBuf,
    /// Helm 4.
    pub helm: PathBuf,
}

/// All programs of a cluster.
#[derive(Debug, Clone)]
pub struct Tools {
    /// As in [`ControlPlaneTools`].
    pub node: PathBuf,
    /// As in [`ControlPlaneTools`].
    pub kubectl: PathBuf,
    /// As in [`ControlPlaneTools`].
    pub helm: PathBuf,
    /// The ingress controller.
    pub traefik: PathBuf,
    /// An S3 server over a folder.
    pub versitygw: PathBuf,
    /// The image of pods' sandboxes, an OCI archive.
    pub pause_image: PathBuf,
    /// The image [`PROBE_IMAGE_NAME`] of a small web server and client that tests run in pods, an OCI archive. Its program is
    /// `/program`: `serve ADDRESS [FOLDER]` or `get URL`.
    pub probe_image: PathBuf,
}

impl Tools {
    /// Those of them that a control plane needs.
    #[must_use]
    pub fn control_plane(&self) -> ControlPlaneTools {
        ControlPlaneTools { node: self.node.clone(), kubectl: self.kubectl.clone(), helm: self.helm.clone() }
    }
}

/// One program: a package of a Go module.
struct Target {
    name: &'static str,
    /// The module's folder below tests/cluster/go.
    module: &'static str,
    package: &'static str,
    /// Names by which the program is also called; it reads its own name.
    links: &'static [&'static str],
    /// Compiled with the module file of [`trim`].
    trimmed: bool,
}

const NODE: Target =
    Target { name: "node", module: "kubernetes", package: "./node", links: &[], trimmed: false };
const CLIENTS: Target = Target {
    name: "clients",
    module: "kubernetes",
    package: "./clients",
    links: &["kubectl", "helm"],
    trimmed: false,
};
const PAUSE: Target =
    Target { name: "pause", module: "kubernetes", package: "./pause", links: &[], trimmed: false };
const PROBE: Target =
    Target { name: "probe", module: "kubernetes", package: "./probe", links: &[], trimmed: false };
const TRAEFIK: Target = Target {
    name: "traefik",
    module: "kubernetes",
    package: "github.com/traefik/traefik/v3/cmd/traefik",
    links: &[],
    trimmed: true,
};
const VERSITYGW: Target = Target {
    name: "versitygw",
    module: "versitygw",
    package: "github.com/versity/versitygw/cmd/versitygw",
    links: &[],
    trimmed: false,
};

/// The name of [`Tools::probe_image`].
pub const PROBE_IMAGE_NAME: &str = "resumematcher.local/probe:1";
/// The name of the pause image, as containerd is told it.
pub(crate) const PAUSE_IMAGE_NAME: &str = "resumematcher.local/pause:1";

/// Compiles what is not in the cache folder yet, and gives the paths. Without Go's own caches all of it takes about a
/// quarter of an hour on two cores; with everything in place, some milliseconds.
///
/// # Errors
/// When Go is missing, a program does not compile, or the cache folder cannot be written.
pub fn tools(log: Log<'_>) -> Result<Tools, BuildError> {
    let go = go_version()?;
    let ControlPlaneTools { node, kubectl, helm } = control_plane_tools(log)?;
    let pause_image = image(&node, &build(&PAUSE, &go, log)?, PAUSE_IMAGE_NAME)?;
    let probe_image = image(&node, &build(&PROBE, &go, log)?, PROBE_IMAGE_NAME)?;
    Ok(Tools {
        node,
        kubectl,
        helm,
        pause_image,
        probe_image,
        versitygw: build(&VERSITYGW, &go, log)?,
        traefik: build(&TRAEFIK, &go, log)?,
    })
}

/// As [`tools`], but only what a [`crate::ControlPlane`] and its clients need.
///
/// # Errors
/// As for [`tools`].
pub fn control_plane_tools(log: Log<'_>) -> Result<ControlPlaneTools, BuildError> {
    let go = go_version()?;
    let node = build(&NODE, &go, log)?;
    let clients = build(&CLIENTS, &go, log)?;
    Ok(ControlPlaneTools {
        node,
        kubectl: clients.with_file_name("kubectl"),
        helm: clients.with_file_name("helm"),
    })
}

/// versitygw alone, compiled when the cache folder does not hold it yet.
///
/// # Errors
/// As for [`tools`].
pub fn versitygw(log: Log<'_>) -> Result<PathBuf, BuildError> {
    build(&VERSITYGW, &go_version()?, log)
}

fn go_version() -> Result<String, BuildError> {
    let output = Command::new("go").arg("version").output().map_err(BuildError::NoGo)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The linker flags: no symbol tables, and the version that the components report (v0.0.0 without it).
fn linker_flags() -> String {
    let version = "k8s.io/component-base/version";
    format!(
        "-s -w -X {version}.gitVersion={KUBERNETES_VERSION} -X {version}.gitMajor=1 -X {version}.gitMinor=34"
    )
}

/// Compiles one target unless the cache has it; gives the program's path.
fn build(target: &Target, go: &str, log: Log<'_>) -> Result<PathBuf, BuildError> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("go").join(target.module);
    let key = cache_key(target, &module, go)?;
    let programs = cache_dir()?.join("bin");
    let folder = programs.join(format!("{}-{key}", target.name));
    let program = folder.join(target.name);
    if program.exists() {
        return Ok(program);
    }
    create_dir(&programs)?;
    // One process compiles, the others wait for it and then find the result.
    let lock_path = programs.join(format!("{}.lock", target.name));
    let lock = file("open", &lock_path, std::fs::File::create(&lock_path))?;
    file("lock", &lock_path, lock.lock())?;
    if program.exists() {
        return Ok(program);
    }
    let unfinished = programs.join(format!("{}-{key}.unfinished", target.name));
    create_dir(&unfinished)?;
    compile(target, &module, &unfinished.join(target.name), log)?;
    for link in target.links {
        let path = unfinished.join(link);
        if !path.exists() {
            file("link", &path, std::os::unix::fs::symlink(target.name, &path))?;
        }
    }
    file("move", &folder, std::fs::rename(&unfinished, &folder))?;
    Ok(program)
}

/// A hash of all that goes into a program: the compiler, the flags, the module's requirements and its own sources.
fn cache_key(target: &Target, module: &Path, go: &str) -> Result<String, BuildError> {
    let mut files = vec![module.join("go.mod"), module.join("go.sum")];
    if target.package.starts_with('.') {
        let folder = module.join(target.package);
        for entry in file("read", &folder, std::fs::read_dir(&folder))? {
            files.push(file("read", &folder, entry)?.path());
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    let stand_in = if target.trimmed { trim::STAND_IN } else { "" };
    for text in [go, &linker_flags(), target.package, stand_in] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    for path in &files {
        let content = file("read", path, std::fs::read(path))?;
        hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update(content.len().to_le_bytes());
        hash.update(&content);
    }
    Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

fn compile(target: &Target, module: &Path, program: &Path, log: Log<'_>) -> Result<(), BuildError> {
    let start = Instant::now();
    log(&format!("compiling {}", target.name));
    let mut command = Command::new("go");
    command.args(["build", "-v", "-trimpath", "-ldflags", &linker_flags(), "-o"]).arg(program);
    if target.trimmed {
        let folder = program.with_file_name("module");
        create_dir(&folder)?;
        command.arg("-modfile").arg(trim::module_file(module, &folder)?);
    }
    let mut child = command
        .arg(target.package)
        .current_dir(module)
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(BuildError::NoGo)?;
    let lines = child.stderr.take().map(|stderr| follow(target.name, stderr, log)).unwrap_or_default();
    let status = file("wait for go build of", program, child.wait())?;
    if !status.success() {
        return Err(BuildError::Compile {
            target: target.name,
            output: crate::wait::last_lines(&lines.join("\n"), 20),
        });
    }
    let size = file("look at", program, std::fs::metadata(program))?.len();
    let seconds = start.elapsed().as_secs_f64();
    log(&format!(
        "compiled {}: {} packages, {seconds:.0} s, {} MB",
        target.name,
        lines.len(),
        size / 1_000_000
    ));
    Ok(())
}

/// Reads what the compiler says to its end, and tells from time to time how far it is. With -v it prints a line for each
/// package that it compiles, and one for each module that it fetches.
fn follow(name: &str, stderr: impl std::io::Read, log: Log<'_>) -> Vec<String> {
    let start = Instant::now();
    let mut said = start;
    let mut lines: Vec<String> = Vec::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        lines.push(line);
        if said.elapsed() >= PROGRESS_EVERY {
            said = Instant::now();
            log(&format!("compiling {name}: {} packages, {} s", lines.len(), start.elapsed().as_secs()));
        }
    }
    lines
}

/// Packs a static program as an image, beside it.
fn image(node: &Path, program: &Path, name: &str) -> Result<PathBuf, BuildError> {
    let archive = program.with_file_name("image.tar");
    if archive.exists() {
        return Ok(archive);
    }
    let unfinished = program.with_file_name(format!("image.tar.{}", std::process::id()));
    let mut command = Command::new(node);
    command.args(["image", "--name", name, "--binary"]).arg(program).arg("--out").arg(&unfinished);
    let output = file("run", node, command.output())?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Compile { target: "an image", output });
    }
    file("move", &archive, std::fs::rename(&unfinished, &archive))?;
    Ok(archive)
}

fn create_dir(path: &Path) -> Result<(), BuildError> {
    file("make", path, std::fs::create_dir_all(path))
}

fn file<T>(act: &'static str, path: &Path, result: std::io::Result<T>) -> Result<T, BuildError> {
    result.map_err(|source| BuildError::File { act, path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_compiler_and_sources() {
        let module = tempfile::tempdir().unwrap();
        std::fs::write(module.path().join("go.mod"), "module x").unwrap();
        std::fs::write(module.path().join("go.sum"), "").unwrap();
        std::fs::create_dir(module.path().join("pause")).unwrap();
        std::fs::write(module.path().join("pause/main.go"), "package main").unwrap();
        let first = cache_key(&PAUSE, module.path(), "go1").unwrap();
        assert_eq!(first, cache_key(&PAUSE, module.path(), "go1").unwrap());
        assert_ne!(first, cache_key(&PAUSE, module.path(), "go2").unwrap());
        std::fs::write(module.path().join("pause/main.go"), "package main\n").unwrap();
        assert_ne!(first, cache_key(&PAUSE, module.path(), "go1").unwrap());
    }
}
