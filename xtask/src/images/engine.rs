//! The program that builds images: Docker or Podman where one works, else Buildah.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::cache;
use crate::progress::Step;

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Docker with BuildKit.
    Docker,
    /// Podman.
    Podman,
    /// Buildah, which needs no daemon; run as root, with no public registry: base images are made on this machine.
    Buildah,
}

/// One image to build.
pub(crate) struct Build<'a> {
    /// Path of the Dockerfile.
    pub(crate) dockerfile: &'a Path,
    /// The folder that `COPY` without `--from` takes files from.
    pub(crate) context: &'a Path,
    /// The folder that stands in for the stage `binaries`; none when binaries are compiled inside.
    pub(crate) binaries: Option<&'a Path>,
    /// Build arguments.
    pub(crate) args: &'a [(&'a str, &'a str)],
    /// Name and tag, as in a pod's `image`.
    pub(crate) reference: &'a str,
}

/// An image builder that was seen to work.
pub(crate) struct Engine {
    kind: Kind,
    /// Buildah's own storage, apart from that of other users of Buildah on this machine.
    storage: PathBuf,
}

impl Engine {
    /// The engine asked for, else the first that works; Buildah is installed when there is none.
    ///
    /// # Errors
    /// When the one asked for does not work, or none does and Buildah cannot be installed.
    pub(crate) fn find(asked: Option<Kind>) -> anyhow::Result<Self> {
        let storage = cache::cache_dir()?.join("buildah");
        let kind = match asked {
            Some(kind) => kind,
            None if answers("docker") => Kind::Docker,
            None if answers("podman") => Kind::Podman,
            None => Kind::Buildah,
        };
        let say = |line: &str| eprintln!("{line}");
        match kind {
            Kind::Docker => anyhow::ensure!(answers("docker"), "`docker info` fails: is the daemon running?"),
            Kind::Podman => anyhow::ensure!(answers("podman"), "`podman info` fails"),
            Kind::Buildah => test_cluster::ensure_packages(&["buildah", "debootstrap"], &say)?,
        }
        Ok(Self { kind, storage })
    }

    /// Which program it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether base images come from a public registry.
    pub(crate) fn pulls(&self) -> bool {
        self.kind != Kind::Buildah
    }

    fn command(&self) -> Command {
        match self.kind {
            Kind::Docker => Command::new("docker"),
            Kind::Podman => Command::new("podman"),
            Kind::Buildah => {
                let mut command = Command::new("buildah");
                command.arg("--root").arg(self.storage.join("root"));
                command.arg("--runroot").arg(self.storage.join("run"));
                command.args(["--storage-driver", "overlay"]);
                command
            }
        }
    }

    /// Whether the engine has this image already.
    pub(crate) fn has(&self, reference: &str) -> bool {
        let mut command = self.command();
        match self.kind {
            Kind::Docker | Kind::Podman => command.args(["image", "inspect", reference]),
            Kind::Buildah => command.args(["inspect", "--type", "image", &full(reference)]),
        };
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Builds an image into the engine's storage.
    ///
    /// # Errors
    /// When the build fails; the error has its last lines.
    pub(crate) fn build(&self, step: &Step, build: &Build<'_>) -> anyhow::Result<()> {
        let mut command = self.command();
        match self.kind {
            Kind::Docker => command.args(["buildx", "build", "--load", "--progress", "plain"]),
            Kind::Podman => command.args(["build", "--format", "docker", "--layers"]),
            // chroot isolation needs no user namespaces and no runtime; the docker format keeps HEALTHCHECK.
            Kind::Buildah => {
                let fixed =
                    ["build", "--isolation", "chroot", "--pull-never", "--format", "docker", "--layers"];
                command.args(fixed)
            }
        };
        command.arg("--file").arg(build.dockerfile).args(["--tag", &full(build.reference)]);
        if let Some(binaries) = build.binaries {
            command.arg("--build-context").arg(format!("binaries={}", binaries.display()));
        }
        for (name, value) in build.args {
            command.arg("--build-arg").arg(format!("{name}={value}"));
        }
        step.run(command.arg(build.context)).with_context(|| format!("build {}", build.reference))
    }

    /// Fetches a public image.
    ///
    /// # Errors
    /// When the registry cannot be reached or has no such image.
    pub(crate) fn pull(&self, step: &Step, reference: &str) -> anyhow::Result<()> {
        step.run(self.command().args(["pull", &full(reference)])).with_context(|| format!("pull {reference}"))
    }

    /// Writes an image as an archive that `ctr image import` and `docker load` read.
    ///
    /// # Errors
    /// When the engine does not have the image, or writing fails.
    pub(crate) fn save(&self, step: &Step, reference: &str, archive: &Path) -> anyhow::Result<()> {
        let mut command = self.command();
        let full = full(reference);
        match self.kind {
            Kind::Docker => command.args(["save", "--output"]).arg(archive).arg(&full),
            Kind::Podman => {
                command.args(["save", "--format", "docker-archive", "--output"]).arg(archive).arg(&full)
            }
            Kind::Buildah => {
                command.args(["push", &full]).arg(format!("docker-archive:{}:{full}", archive.display()))
            }
        };
        step.run(&mut command).with_context(|| format!("save {reference}"))
    }
}

/// The name that Docker gives a short name: containerd finds images by it.
pub(crate) fn full(reference: &str) -> String {
    match reference.split_once('/') {
        Some((host, _)) if host.contains('.') || host.contains(':') || host == "localhost" => {
            reference.to_owned()
        }
        Some(_) => format!("docker.io/{reference}"),
        None => format!("docker.io/library/{reference}"),
    }
}

/// Whether this program is there and its service works.
fn answers(program: &str) -> bool {
    Command::new(program)
        .arg("info")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::full;

    #[test]
    fn short_names_get_their_registry() {
        assert_eq!(full("postgres:15"), "docker.io/library/postgres:15");
        assert_eq!(full("resumematcher/worker:0.1.0"), "docker.io/resumematcher/worker:0.1.0");
        assert_eq!(full("localhost/x:1"), "localhost/x:1");
        assert_eq!(full("registry.example:5000/x:1"), "registry.example:5000/x:1");
    }
}
