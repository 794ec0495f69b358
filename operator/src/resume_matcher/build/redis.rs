//! The embedded cache and queue: Redis in a StatefulSet.

use k8s_openapi::api::core::v1::{Container, KeyToPath, SecretVolumeSource, Volume};

use super::Children;
use super::data_service::{self, DATA_VOLUME, DataService};
use super::pod::{container, exec_probe, mount, port, read_only, scratch, secret_variable};
use super::postgres::words;
use crate::names::Component;
use crate::resume_matcher::credentials::{Credentials, Hidden, PASSWORD};
use crate::resume_matcher::model::{Embedded, Installation};

/// The port it listens on.
pub(super) const PORT: i32 = 6379;
/// Key of the Secret with the configuration. It holds the password, so it is not a ConfigMap.
pub(super) const CONFIG_FILE: &str = "redis.conf";

const CONFIG_FOLDER: &str = "/etc/resume-matcher";

/// The configuration file.
pub(super) fn config(installation: &Installation, password: &Hidden) -> String {
    let memory = installation.cache.embedded().and_then(memory_for_data);
    let limit = memory.map(|bytes| format!("maxmemory {bytes}\n")).unwrap_or_default();
    // The queue has no expiry and is never evicted; cached values have one and may go.
    format!(
        "port {PORT}\nbind * -::*\nprotected-mode yes\nrequirepass {}\ndir /data\nappendonly yes\nappendfsync everysec\n\
         save \"\"\nmaxmemory-policy volatile-lru\n{limit}",
        password.expose()
    )
}

/// Three quarters of the memory limit: the rest is for buffers and for the copy while the log is rewritten.
fn memory_for_data(embedded: &Embedded) -> Option<u64> {
    let limit = embedded.resources.limits.as_ref()?.get("memory")?.0.as_str();
    let digits = limit.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match limit.get(digits.len()..)? {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return None,
    };
    Some(digits.parse::<u64>().ok()?.checked_mul(unit)? / 4 * 3)
}

/// Adds the embedded cache, if the installation has one.
pub(super) fn add(children: &mut Children, installation: &Installation, credentials: &Credentials) {
    let (Some(embedded), Some(password)) = (installation.cache.embedded(), credentials.redis.as_ref()) else {
        return;
    };
    let of = DataService {
        component: Component::Redis,
        port: PORT,
        container: server(installation, embedded),
        volumes: volumes(installation),
        config_hash: credentials.fingerprint(&[config(installation, password).as_bytes()]),
        grace_seconds: 30,
    };
    data_service::add(children, installation, embedded, of);
}

fn server(installation: &Installation, embedded: &Embedded) -> Container {
    let secret = installation.name.component(Component::Redis);
    // redis-cli ends with 0 also when the server answers with an error.
    let probe = ["sh", "-c", "test \"$(redis-cli -h 127.0.0.1 ping)\" = PONG"];
    Container {
        command: Some(words(&["redis-server", &format!("{CONFIG_FOLDER}/{CONFIG_FILE}")])),
        env: Some(vec![secret_variable("REDISCLI_AUTH", &secret, PASSWORD)]),
        ports: Some(vec![port(Component::Redis.as_str(), PORT)]),
        resources: Some(embedded.resources.clone()),
        volume_mounts: Some(vec![
            mount(DATA_VOLUME, "/data"),
            mount("tmp", "/tmp"),
            read_only("config", CONFIG_FOLDER),
        ]),
        // Reading a long log at start answers LOADING, which is not PONG.
        startup_probe: Some(exec_probe(&probe, 2, 150)),
        readiness_probe: Some(exec_probe(&probe, 5, 3)),
        liveness_probe: Some(exec_probe(&probe, 20, 6)),
        ..container(installation, "redis", &embedded.image)
    }
}

fn volumes(installation: &Installation) -> Vec<Volume> {
    let only = KeyToPath { key: CONFIG_FILE.to_owned(), path: CONFIG_FILE.to_owned(), mode: None };
    vec![
        scratch("tmp"),
        Volume {
            name: "config".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(installation.name.component(Component::Redis)),
                items: Some(vec![only]),
                default_mode: Some(0o440),
                optional: None,
            }),
            ..Volume::default()
        },
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{credentials, installation};

    #[test]
    fn the_configuration_asks_for_the_password_and_keeps_the_queue() {
        let installation = installation(json!({}));
        let credentials = credentials(&installation);
        let password = credentials.redis.as_ref().unwrap();
        let config = config(&installation, password);
        assert!(config.contains(&format!("requirepass {}\n", password.expose())));
        assert!(config.contains("appendonly yes\n"));
        assert!(config.contains("maxmemory-policy volatile-lru\nmaxmemory 402653184\n"), "{config}");
    }

    #[test]
    fn without_a_memory_limit_there_is_none_in_the_configuration() {
        let installation = installation(json!({"cache": {"embedded": {"resources": {}}}}));
        let credentials = credentials(&installation);
        assert!(!config(&installation, credentials.redis.as_ref().unwrap()).contains("maxmemory "));
    }

    #[test]
    fn the_password_is_in_no_command() {
        let installation = installation(json!({}));
        let credentials = credentials(&installation);
        let mut children = Children::default();
        add(&mut children, &installation, &credentials);
        let shown = serde_json::to_string(&children.stateful_sets).unwrap();
        assert!(!shown.contains(credentials.redis.as_ref().unwrap().expose()));
    }
}
