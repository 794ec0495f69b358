//! versitygw: S3 over a folder.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};

use crate::service::{
    Plan, Service, ServiceError, find_program, free_address, make_folder, on_path, run, system,
};

const PACKAGE: &str = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";

/// An S3 server without buckets.
pub struct ObjectStorage {
    address: SocketAddr,
    access_key_id: String,
    secret_access_key: String,
    service: Mutex<Option<(Service, PathBuf)>>,
}

impl ObjectStorage {
    /// Starts a server of one's own.
    ///
    /// # Errors
    /// When versitygw cannot be had or does not start.
    pub fn start() -> Result<Self, ServiceError> {
        let storage = Self {
            address: free_address()?,
            access_key_id: format!("test{}", uuid::Uuid::new_v4().simple()),
            secret_access_key: uuid::Uuid::new_v4().simple().to_string(),
            service: Mutex::new(None),
        };
        storage.resume()?;
        Ok(storage)
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key pair that may do everything: id and secret.
    pub fn credentials(&self) -> (&str, &str) {
        (&self.access_key_id, &self.secret_access_key)
    }

    /// The file in which the server keeps the object `key` of `bucket`; `None` while the server is stopped.
    pub fn file_of(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        service.as_ref().map(|(_, data)| data.join(bucket).join(key))
    }

    /// Stops the server; its data is lost.
    pub fn stop(&self) {
        self.service.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Starts the stopped server again, empty, at the same address.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&self) -> Result<(), ServiceError> {
        let program = program()?;
        let folder = make_folder("storage", false)?;
        let (data, attributes) = (folder.path().join("data"), folder.path().join("attributes"));
        for path in [&data, &attributes] {
            std::fs::create_dir(path).map_err(system(format!("create {}", path.display())))?;
        }
        let mut arguments =
            vec!["--port".into(), self.address.to_string().into(), "--quiet".into(), "posix".into()];
        // Temporary folders often lie on file systems without extended attributes.
        arguments.extend(["--sidecar".into(), attributes.into_os_string(), data.clone().into_os_string()]);
        let service = Service::start(Plan {
            program,
            arguments,
            environment: vec![
                ("ROOT_ACCESS_KEY", self.access_key_id.clone()),
                ("ROOT_SECRET_KEY", self.secret_access_key.clone()),
            ],
            folder,
            address: self.address,
            unprivileged: false,
            stop_signal: "TERM",
        })?;
        *self.service.lock().unwrap_or_else(PoisonError::into_inner) = Some((service, data));
        Ok(())
    }
}

/// versitygw from `PATH` or the cache folder, where it is compiled once from its Go module.
fn program() -> Result<PathBuf, ServiceError> {
    let programs = cache_folder()?.join("bin");
    std::fs::create_dir_all(&programs).map_err(system(format!("create {}", programs.display())))?;
    let lock_path = programs.join("versitygw-1.8.0.lock");
    let lock =
        std::fs::File::create(&lock_path).map_err(system(format!("create {}", lock_path.display())))?;
    // Two test processes must not compile at the same time; the lock goes with the file.
    flock(&lock, FlockOperation::LockExclusive)
        .map_err(|errno| system("lock the cache folder")(errno.into()))?;
    let mut candidates = on_path("versitygw");
    candidates.push(programs.join("versitygw"));
    candidates.extend(compiled_for_the_cluster(&programs)?);
    if let Some(program) = find_program(candidates) {
        return Ok(program);
    }
    if find_program(on_path("go")).is_none() {
        return Err(ServiceError::NoProgram {
            program: "versitygw",
            mend: "install it, or Go to compile it",
        });
    }
    run(
        &["go", "install", PACKAGE],
        &[("GOBIN", programs.as_os_str()), ("GOFLAGS", OsStr::new("-mod=mod"))],
    )?;
    Ok(programs.join("versitygw"))
}

/// The test cluster keeps its programs in folders that carry a hash of their sources.
fn compiled_for_the_cluster(programs: &Path) -> Result<Vec<PathBuf>, ServiceError> {
    let entries = std::fs::read_dir(programs).map_err(system(format!("read {}", programs.display())))?;
    let folders = entries.filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("versitygw-") && !name.ends_with(".unfinished")
    });
    Ok(folders.map(|entry| entry.path().join("versitygw")).collect())
}

/// `${XDG_CACHE_HOME:-~/.cache}/resume-matcher`.
fn cache_folder() -> Result<PathBuf, ServiceError> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .ok_or(ServiceError::NoProgram { program: "a home folder", mend: "set HOME or XDG_CACHE_HOME" })?;
    Ok(base.join("resume-matcher"))
}
