//! Redis, with a password.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::service::{Plan, Service, ServiceError, find_program, free_address, make_folder, on_path, system};

/// A Redis server.
pub struct Redis {
    address: SocketAddr,
    password: String,
    service: Mutex<Option<Service>>,
}

impl Redis {
    /// Starts a server of one's own.
    ///
    /// # Errors
    /// When `redis-server` is missing or does not start.
    pub fn start() -> Result<Self, ServiceError> {
        let redis = Self {
            address: free_address()?,
            password: uuid::Uuid::new_v4().simple().to_string(),
            service: Mutex::new(None),
        };
        redis.resume()?;
        Ok(redis)
    }

    /// `redis://:password@127.0.0.1:port/0`.
    pub fn url(&self) -> String {
        format!("redis://:{}@{}/0", self.password, self.address)
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
        let program = find_program(on_path("redis-server")).ok_or(ServiceError::NoProgram {
            program: "redis-server",
            mend: "install the package redis-server",
        })?;
        let folder = make_folder("redis", true)?;
        let settings = folder.path().join("redis.conf");
        write_settings(&settings, &self.password, self.address)?;
        let service = Service::start(Plan {
            program,
            arguments: vec![settings.into()],
            environment: Vec::new(),
            folder,
            address: self.address,
            unprivileged: true,
            stop_signal: "TERM",
        })?;
        *self.service.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
        Ok(())
    }
}

/// In a file, so that the password is on no command line.
fn write_settings(path: &PathBuf, password: &str, address: SocketAddr) -> Result<(), ServiceError> {
    let act = || system(format!("write {}", path.display()));
    let mut file = std::fs::File::create(path).map_err(act())?;
    write!(
        file,
        "bind 127.0.0.1\nport {}\nrequirepass {password}\nsave \"\"\nappendonly no\ndir {}\n",
        address.port(),
        path.parent().unwrap_or(path).display()
    )
    .map_err(act())
}
