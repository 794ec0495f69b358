//! Postgres, with a database and two roles for each test.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use crate::service::{
    Plan, Service, ServiceError, find_program, free_address, make_folder, on_path, privileges, run, system,
};

/// A Postgres server, of the newest version that is installed.
pub struct Postgres {
    address: SocketAddr,
    superuser_password: String,
    service: Mutex<Option<Service>>,
}

/// A database of one test and the roles that use it.
#[derive(Debug, Clone)]
pub struct Database {
    /// As the role that owns the database; it may create roles and is no superuser, as managed services have it.
    pub owner_url: String,
    /// As the application's role, which does not exist yet: migrating creates it.
    pub app_url: String,
    /// As a superuser.
    pub superuser_url: String,
}

impl Postgres {
    /// Starts a server of one's own.
    ///
    /// # Errors
    /// When Postgres is missing or does not start.
    pub fn start() -> Result<Self, ServiceError> {
        let postgres = Self {
            address: free_address()?,
            superuser_password: uuid::Uuid::new_v4().simple().to_string(),
            service: Mutex::new(None),
        };
        postgres.resume()?;
        Ok(postgres)
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
        let folder = make_folder("postgres", true)?;
        let data = folder.path().join("data");
        initialise(folder.path(), &data, &self.superuser_password)?;
        // Nothing here outlives the test, so nothing waits for the disk.
        let settings = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.address.port()),
            format!("unix_socket_directories={}", folder.path().display()),
            "max_connections=300".to_owned(),
            "fsync=off".to_owned(),
            "synchronous_commit=off".to_owned(),
            "full_page_writes=off".to_owned(),
        ];
        let mut arguments: Vec<OsString> = vec!["-D".into(), data.into()];
        arguments.extend(settings.into_iter().flat_map(|setting| [OsString::from("-c"), setting.into()]));
        let service = Service::start(Plan {
            program: program("postgres")?,
            arguments,
            environment: Vec::new(),
            folder,
            address: self.address,
            unprivileged: true,
            stop_signal: "INT",
        })?;
        *self.service.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
        Ok(())
    }

    /// Creates an empty database with an owner of its own, and thinks up an application role.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn create_database(&self) -> Result<Database, sqlx::Error> {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let (database, owner, app) = (format!("test_{id}"), format!("owner_{id}"), format!("app_{id}"));
        let password = uuid::Uuid::new_v4().simple().to_string();
        let mut superuser = self.connect().await?;
        let statements = [
            format!("CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD '{password}'"),
            format!("CREATE DATABASE {database} OWNER {owner}"),
        ];
        for statement in statements {
            superuser.execute(AssertSqlSafe(statement)).await?;
        }
        superuser.close().await?;
        let url =
            |role: &str, password: &str| format!("postgres://{role}:{password}@{}/{database}", self.address);
        Ok(Database {
            owner_url: url(&owner, &password),
            app_url: url(&app, &password),
            superuser_url: url("postgres", &self.superuser_password),
        })
    }

    /// Connects as superuser; right after the start the server may still refuse for a moment.
    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        const CANNOT_CONNECT_NOW: &str = "57P03";
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.address.port())
            .username("postgres")
            .password(&self.superuser_password)
            .database("postgres");
        loop {
            match options.connect().await {
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(CANNOT_CONNECT_NOW) => {
                    std::thread::yield_now();
                }
                other => return other,
            }
        }
    }
}

fn initialise(folder: &Path, data: &Path, password: &str) -> Result<(), ServiceError> {
    let password_file = folder.join("password");
    std::fs::write(&password_file, password).map_err(system("write the password file"))?;
    let mut words = privileges(true, "INT");
    words.push(program("initdb")?.into_os_string());
    words.extend(
        ["--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync"]
            .map(Into::into),
    );
    words.extend(["--pwfile".into(), password_file.clone().into_os_string()]);
    words.extend(["--pgdata".into(), data.as_os_str().to_owned()]);
    run(&words, &[])?;
    std::fs::remove_file(&password_file).map_err(system("remove the password file"))
}

/// A program of the newest Postgres below `/usr/lib/postgresql`, or the one on `PATH`.
fn program(name: &'static str) -> Result<PathBuf, ServiceError> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            let folders = entries.filter_map(Result::ok);
            folders
                .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
                .collect()
        })
        .unwrap_or_default();
    versions.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    let candidates =
        versions.into_iter().map(|(_, folder)| folder.join("bin").join(name)).chain(on_path(name));
    find_program(candidates)
        .ok_or(ServiceError::NoProgram { program: name, mend: "install the package postgresql" })
}
