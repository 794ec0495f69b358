//! The embedded database: PostgreSQL in a StatefulSet.

use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, Container, ExecAction, KeyToPath, Lifecycle, LifecycleHandler,
    SecretVolumeSource, Volume, VolumeMount,
};

use super::data_service::{self, DATA_VOLUME, DataService};
use super::pod::{container, exec_probe, mount, port, read_only, scratch, variable};
use super::{Children, map, owned};
use crate::names::Component;
use crate::resume_matcher::credentials::{Credentials, SUPERUSER_PASSWORD};
use crate::resume_matcher::model::{Embedded, Installation};

/// The port it listens on.
pub(super) const PORT: i32 = 5432;
/// The database of the application.
pub(super) const DATABASE: &str = "resumematcher";
/// The role that the application uses; the migrations make it.
pub(super) const APP_ROLE: &str = "resumematcher_app";
/// The role that runs the migrations. The server serves this installation alone.
pub(super) const SUPERUSER: &str = "postgres";

const START: &str = include_str!("postgres.sh");
const CONFIG_FOLDER: &str = "/etc/resume-matcher";
const CREDENTIALS_FOLDER: &str = "/etc/resume-matcher-credentials";
/// Debian's programs are not on the PATH.
const WITH_PATH: &str = "for f in /usr/lib/postgresql/*/bin; do PATH=\"$f:$PATH\"; done; exec ";

const SETTINGS: &str = "\
listen_addresses = '*'
port = 5432
unix_socket_directories = '/run/postgresql'
max_connections = 200
shared_buffers = 128MB
password_encryption = scram-sha-256
idle_in_transaction_session_timeout = 300s
log_timezone = UTC
timezone = UTC
";

/// Passwords everywhere, also on the socket: a process that gets into the container is not let into the data.
const ACCESS: &str = "\
local all all scram-sha-256
host all all all scram-sha-256
";

/// The pod's user has no name in some images, and initdb wants one.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999:postgres:/tmp:/bin/sh\n";

/// Adds the embedded database, if the installation has one.
pub(super) fn add(children: &mut Children, installation: &Installation, credentials: &Credentials) {
    let Some(embedded) = installation.database.embedded() else { return };
    children.config_maps.push(config_map(installation));
    let secret = super::secrets::material(credentials, Component::Postgres);
    let parts = [START, SETTINGS, ACCESS, PASSWD, secret.as_str()].map(str::as_bytes);
    let of = DataService {
        component: Component::Postgres,
        port: PORT,
        container: server(installation, embedded),
        volumes: volumes(installation),
        config_hash: credentials.fingerprint(&parts),
        grace_seconds: 120,
    };
    data_service::add(children, installation, embedded, of);
}

fn config_map(installation: &Installation) -> ConfigMap {
    let name = installation.name.component(Component::Postgres);
    ConfigMap {
        metadata: owned(installation, name, Some(Component::Postgres)),
        data: Some(map([
            ("start.sh", START),
            ("postgresql.conf", SETTINGS),
            ("pg_hba.conf", ACCESS),
            ("passwd", PASSWD),
        ])),
        ..ConfigMap::default()
    }
}

fn server(installation: &Installation, embedded: &Embedded) -> Container {
    let ready = format!("{WITH_PATH}pg_isready --quiet --host=127.0.0.1 --port={PORT} --username=postgres");
    let probe = ["sh", "-c", &ready];
    Container {
        command: Some(words(&["sh", "-eu", &format!("{CONFIG_FOLDER}/start.sh")])),
        env: Some(vec![
            variable("PGDATA", "/var/lib/postgresql/data/pgdata"),
            variable("CREDENTIALS", CREDENTIALS_FOLDER),
        ]),
        ports: Some(vec![port(Component::Postgres.as_str(), PORT)]),
        resources: Some(embedded.resources.clone()),
        volume_mounts: Some(vec![
            mount(DATA_VOLUME, "/var/lib/postgresql/data"),
            mount("run", "/run/postgresql"),
            mount("tmp", "/tmp"),
            read_only("config", CONFIG_FOLDER),
            read_only("credentials", CREDENTIALS_FOLDER),
            VolumeMount { sub_path: Some("passwd".to_owned()), ..read_only("config", "/etc/passwd") },
        ]),
        // Recovery after a crash may take minutes; it counts as starting.
        startup_probe: Some(exec_probe(&probe, 2, 300)),
        readiness_probe: Some(exec_probe(&probe, 5, 3)),
        liveness_probe: Some(exec_probe(&probe, 20, 6)),
        // The kubelet's signal would wait for every client to leave; this one closes connections and is clean.
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: Some(ExecAction {
                    command: Some(words(&[
                        "sh",
                        "-c",
                        &format!("{WITH_PATH}pg_ctl stop --mode=fast --wait"),
                    ])),
                }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        ..container(installation, "postgres", &embedded.image)
    }
}

fn volumes(installation: &Installation) -> Vec<Volume> {
    let name = installation.name.component(Component::Postgres);
    let only =
        KeyToPath { key: SUPERUSER_PASSWORD.to_owned(), path: SUPERUSER_PASSWORD.to_owned(), mode: None };
    vec![
        scratch("run"),
        scratch("tmp"),
        Volume {
            name: "config".to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: name.clone(),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        },
        Volume {
            name: "credentials".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(name),
                items: Some(vec![only]),
                default_mode: Some(0o440),
                optional: None,
            }),
            ..Volume::default()
        },
    ]
}

/// Words of a command.
pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{credentials, external_installation, installation};

    #[test]
    fn no_password_is_on_a_command_line_or_in_the_config_map() {
        let installation = installation(json!({}));
        let credentials = credentials(&installation);
        let mut children = Children::default();
        add(&mut children, &installation, &credentials);
        let password = credentials.postgres.as_ref().unwrap().superuser.expose();
        let shown = serde_json::to_string(&(&children.stateful_sets, &children.config_maps)).unwrap();
        assert!(!shown.contains(password), "{shown}");
        let data = children.config_maps[0].data.as_ref().unwrap();
        assert!(data["pg_hba.conf"].lines().all(|line| line.ends_with("scram-sha-256")));
    }

    #[test]
    fn a_new_password_rolls_the_pod() {
        let hash = |credentials: &Credentials| {
            let mut children = Children::default();
            add(&mut children, &installation(json!({})), credentials);
            children.stateful_sets[0].spec.clone().unwrap().template.metadata.unwrap().annotations.unwrap()
        };
        let before = credentials(&installation(json!({})));
        let mut after = before.clone();
        after.postgres.as_mut().unwrap().superuser = before.token_key.clone();
        assert_ne!(hash(&before), hash(&after));
        assert_eq!(hash(&before), hash(&before));
    }

    #[test]
    fn an_external_database_adds_nothing() {
        let installation = external_installation();
        let mut children = Children::default();
        add(&mut children, &installation, &credentials(&installation));
        assert_eq!(children, Children::default());
    }
}
