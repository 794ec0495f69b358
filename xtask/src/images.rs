//! `cargo xtask images`: builds every image that an installation needs and keeps each as an archive in the cache.

pub(crate) mod app;
pub(crate) mod base;
pub(crate) mod engine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::Context;

use crate::cache;
use crate::model;
use crate::progress::{Progress, Step};
use crate::run::{output, root};
pub(crate) use app::APPS;
use app::App;
use engine::{Build, Engine, Kind};

/// Archives of one image that are kept: the newest few, so that switching between branches is quick.
const KEPT: usize = 3;

/// How images are built.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct Options {
    /// What builds images; the first of docker, podman, buildah that works by default.
    #[arg(long)]
    engine: Option<Kind>,
    /// Optimised binaries, as released. Without it, those of the development profile.
    #[arg(long)]
    release: bool,
    /// Compile in the image's build stage, as a plain `docker build` does, instead of on this machine.
    #[arg(long)]
    compile_inside: bool,
    /// Take the programs from this folder, as other machines or runs compiled them, and compile nothing.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["release", "compile_inside"])]
    programs: Option<PathBuf>,
    /// Only images whose name contains this text.
    #[arg(long)]
    only: Option<String>,
    #[arg(skip)]
    test_build: bool,
}

impl Options {
    /// Takes the binaries that the tests are run with: everything is compiled once only.
    pub(crate) fn of_test_build() -> Self {
        Self { test_build: true, ..Self::default() }
    }
}

/// A finished image.
#[derive(Debug)]
pub(crate) struct Image {
    /// Name and tag, as in a pod's `image`.
    pub(crate) reference: String,
    /// The archive: `ctr image import` and `docker load` read it.
    pub(crate) archive: PathBuf,
}

/// An image of somebody else's program that the embedded services run.
struct Service {
    name: &'static str,
    reference: &'static str,
}

const SERVICES: &[Service] = &[
    Service { name: "postgres", reference: "postgres:15" },
    Service { name: "redis", reference: "redis:7.0" },
    Service { name: "versitygw", reference: "versity/versitygw:v1.8.0" },
];

/// Runs `cargo xtask images`.
///
/// # Errors
/// When an image cannot be built.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    for image in build(&Progress::new(), options)? {
        println!("{}\t{}", image.reference, image.archive.display());
    }
    Ok(())
}

/// Builds what has changed since the archives in the cache were made; returns all images.
///
/// # Errors
/// When an image cannot be built.
pub(crate) fn build(progress: &Progress, options: &Options) -> anyhow::Result<Vec<Image>> {
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let engine = Engine::find(options.engine)?;
    let services: Vec<_> = SERVICES.iter().filter(|service| wanted(service.reference)).collect();
    let apps: Vec<_> = APPS.iter().filter(|app| wanted(&app.reference())).collect();
    progress.print(&format!("images by {:?}", engine.kind()));
    // Services need no compiler, so they are built while cargo compiles.
    let (served, applied) = std::thread::scope(|scope| {
        let served = scope.spawn(|| -> anyhow::Result<Vec<Image>> {
            progress.step("base image", |step| base::ensure_debian(&engine, step))?;
            services
                .iter()
                .map(|service| progress.step(service.reference, |step| build_service(&engine, step, service)))
                .collect()
        });
        let compiled = compile_apps(progress, &apps, options);
        let served = served.join().map_err(|_| anyhow::anyhow!("the build of the service images panicked"));
        (served, compiled)
    });
    let mut images = served??;
    let compiled = applied?;
    for app in apps {
        images
            .push(progress.step(&app.reference(), |step| build_app(&engine, step, app, compiled.as_ref()))?);
    }
    Ok(images)
}

/// Binaries and model, ready to be laid into images.
struct Compiled {
    programs: std::collections::BTreeMap<&'static str, PathBuf>,
    data: PathBuf,
    _folder: tempfile::TempDir,
}

/// Compiles on this machine; nothing when that is left to the build stage.
fn compile_apps(progress: &Progress, apps: &[&App], options: &Options) -> anyhow::Result<Option<Compiled>> {
    if options.compile_inside || apps.is_empty() {
        return Ok(None);
    }
    app::check_glibc()?;
    let data = progress.step("model and PDF library", |_| model::ensure())?;
    let parent = cache::cache_dir()?;
    fs::create_dir_all(&parent)?;
    let folder = tempfile::Builder::new().prefix(".programs-").tempdir_in(parent)?;
    if let Some(from) = &options.programs {
        let programs = progress.step("programs", |_| app::take(apps, from, folder.path()))?;
        return Ok(Some(Compiled { programs, data, _folder: folder }));
    }
    let arguments = match (options.test_build, options.release) {
        (true, _) => vec!["test", "--workspace", "--no-run"],
        (false, true) => vec!["build", "--bins", "--release"],
        (false, false) => vec!["build", "--bins"],
    };
    let programs = progress.step("programs", |step| app::compile(step, apps, &arguments, folder.path()))?;
    Ok(Some(Compiled { programs, data, _folder: folder }))
}

fn build_service(engine: &Engine, step: &Step, service: &Service) -> anyhow::Result<Image> {
    let folder = base::recipe(service.name);
    let dockerfile = folder.join("Dockerfile");
    let recipe = fs::read_to_string(&dockerfile)?;
    let kind = format!("{:?}", engine.kind());
    let key = cache::key([&recipe, service.reference, &base::debian_key()?, &kind]);
    keep(service.reference, &key, |archive| {
        if engine.pulls() {
            engine.pull(step, service.reference)?;
        } else {
            let binaries = tempfile::tempdir()?;
            if recipe.contains("--from=binaries") {
                fs::copy(
                    test_cluster::versitygw(&|line| step.say(line))?,
                    binaries.path().join(service.name),
                )?;
            }
            engine.build(
                step,
                &Build {
                    dockerfile: &dockerfile,
                    context: &folder,
                    binaries: Some(binaries.path()),
                    args: &[],
                    reference: service.reference,
                },
            )?;
        }
        engine.save(step, service.reference, archive)
    })
}

fn build_app(engine: &Engine, step: &Step, app: &App, compiled: Option<&Compiled>) -> anyhow::Result<Image> {
    let dockerfile = app.dockerfile();
    let reference = app.reference();
    let files = match compiled {
        Some(compiled) => {
            let program =
                compiled.programs.get(app.binary).with_context(|| format!("find {}", app.binary))?;
            Some(app.files(program, &compiled.data)?)
        }
        None => None,
    };
    let mut inputs = vec![fs::read_to_string(&dockerfile)?, reference.clone(), base::debian_key()?];
    inputs.push(format!("{:?}", engine.kind()));
    match &files {
        Some(files) => inputs.extend(app::digests(files)?),
        None => inputs.extend(source_digests()?),
    }
    keep(&reference, &cache::key(inputs), |archive| {
        let staged = tempfile::Builder::new().prefix(".context-").tempdir_in(cache::cache_dir()?)?;
        if let Some(files) = &files {
            app::stage(files, staged.path())?;
        }
        let revision = app::revision();
        let inside = root();
        engine.build(
            step,
            &Build {
                dockerfile: &dockerfile,
                context: if files.is_some() { staged.path() } else { &inside },
                binaries: files.is_some().then(|| staged.path()),
                args: &[("VERSION", env!("CARGO_PKG_VERSION")), ("REVISION", &revision)],
                reference: &reference,
            },
        )?;
        engine.save(step, &reference, archive)
    })
}

/// Each file of the checkout that git would take, with its hash: what a build stage compiles.
fn source_digests() -> anyhow::Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let listed = output(&mut git)?;
    let files = listed.split('\0').filter(|name| !name.is_empty() && root().join(name).is_file());
    files.map(|name| Ok(format!("{name}={}", cache::sha256_file(&root().join(name))?))).collect()
}

/// The archive for this key, made by `make` when the cache does not have it yet.
fn keep(reference: &str, key: &str, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<Image> {
    let name = reference.replace(['/', ':'], "-");
    let folder = cache::cache_dir()?.join("images").join(&name);
    fs::create_dir_all(&folder)?;
    let _lock = cache::lock(&name)?;
    let archive = folder.join(format!("{key}.tar"));
    if archive.exists() {
        fs::File::open(&archive)?.set_modified(SystemTime::now()).context("mark the archive as used")?;
    } else {
        let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(&folder)?;
        let unfinished = fresh.path().join("archive.tar");
        make(&unfinished)?;
        fs::rename(&unfinished, &archive).with_context(|| format!("place {}", archive.display()))?;
        forget_old(&folder)?;
    }
    Ok(Image { reference: reference.to_owned(), archive })
}

/// Deletes all archives in a folder but the last used ones.
fn forget_old(folder: &Path) -> anyhow::Result<()> {
    let mut archives = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tar") {
            archives.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    archives.sort();
    let surplus = archives.len().saturating_sub(KEPT);
    for (_, path) in archives.into_iter().take(surplus) {
        fs::remove_file(&path).with_context(|| format!("delete {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_the_newest_archives_stay() {
        let folder = tempfile::tempdir().unwrap();
        let start = SystemTime::now();
        for (age, name) in ["a.tar", "b.tar", "c.tar", "d.tar", "e.tar", "note.txt"].iter().enumerate() {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(start - Duration::from_secs(age as u64 * 60)).unwrap();
        }
        forget_old(folder.path()).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.tar", "b.tar", "c.tar", "note.txt"]);
    }

    #[test]
    fn every_app_has_a_dockerfile_that_fits_it() {
        for app in APPS {
            let text = fs::read_to_string(app.dockerfile()).unwrap();
            assert!(
                text.contains(&format!("--package {} --bin {}", app.package, app.binary)),
                "{}",
                app.package
            );
            assert!(text.contains("USER 65532:65532"), "{}", app.package);
            assert!(
                text.contains(&format!("CMD [\"/usr/bin/{}\", \"healthcheck\"]", app.binary)),
                "{}",
                app.package
            );
            assert_eq!(
                text.contains("/usr/share/resume-matcher/model"),
                app.reads_resumes,
                "{}",
                app.package
            );
        }
    }
}
