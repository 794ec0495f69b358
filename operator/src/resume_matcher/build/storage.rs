//! The embedded object storage: versitygw, an S3 server over a folder, in a StatefulSet.

use k8s_openapi::api::core::v1::Container;

use super::Children;
use super::data_service::{self, DATA_VOLUME, DataService};
use super::pod::{container, http_probe, mount, port, scratch, secret_variable};
use super::postgres::words;
use crate::names::Component;
use crate::resume_matcher::credentials::{ACCESS_KEY_ID, Credentials, SECRET_ACCESS_KEY};
use crate::resume_matcher::model::{Embedded, Installation};

/// The port it listens on.
pub(super) const PORT: i32 = 7070;
/// The bucket of the application; the migration Job makes it.
pub(super) const BUCKET: &str = "resume-matcher";
/// The region that the server says it is in.
pub(super) const REGION: &str = "us-east-1";

/// Object metadata goes into files beside the objects: extended attributes do not exist on every volume.
const START: &str = "PATH=\"$PATH:/usr/local/bin:/app\"; mkdir -p /data/buckets /data/metadata; \
    exec versitygw --port :7070 --region us-east-1 --health /healthz --quiet posix --sidecar /data/metadata /data/buckets";

/// Where it is reached.
pub(super) fn endpoint(installation: &Installation) -> String {
    format!("http://{}:{PORT}", installation.name.component(Component::Storage))
}

/// Adds the embedded object storage, if the installation has one.
pub(super) fn add(children: &mut Children, installation: &Installation, credentials: &Credentials) {
    let Some(embedded) = installation.object_storage.embedded() else { return };
    let secret = super::secrets::material(credentials, Component::Storage);
    let of = DataService {
        component: Component::Storage,
        port: PORT,
        container: server(installation, embedded),
        volumes: vec![scratch("tmp")],
        config_hash: credentials.fingerprint(&[START.as_bytes(), secret.as_bytes()]),
        grace_seconds: 30,
    };
    data_service::add(children, installation, embedded, of);
}

fn server(installation: &Installation, embedded: &Embedded) -> Container {
    let secret = installation.name.component(Component::Storage);
    let name = Component::Storage.as_str();
    Container {
        command: Some(words(&["sh", "-euc", START])),
        env: Some(vec![
            secret_variable("ROOT_ACCESS_KEY", &secret, ACCESS_KEY_ID),
            secret_variable("ROOT_SECRET_KEY", &secret, SECRET_ACCESS_KEY),
        ]),
        ports: Some(vec![port(name, PORT)]),
        resources: Some(embedded.resources.clone()),
        volume_mounts: Some(vec![mount(DATA_VOLUME, "/data"), mount("tmp", "/tmp")]),
        startup_probe: Some(http_probe("/healthz", name, 2, 60)),
        readiness_probe: Some(http_probe("/healthz", name, 5, 3)),
        liveness_probe: Some(http_probe("/healthz", name, 20, 6)),
        ..container(installation, "storage", &embedded.image)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{credentials, installation};

    #[test]
    fn the_command_agrees_with_the_port_and_region_that_clients_use() {
        assert!(START.contains(&format!("--port :{PORT} --region {REGION} ")));
        assert_eq!(endpoint(&installation(json!({}))), "http://acme-storage:7070");
    }

    #[test]
    fn the_access_key_comes_from_the_secret() {
        let installation = installation(json!({}));
        let credentials = credentials(&installation);
        let mut children = Children::default();
        add(&mut children, &installation, &credentials);
        let shown = serde_json::to_string(&children.stateful_sets).unwrap();
        assert!(!shown.contains(credentials.storage.as_ref().unwrap().secret_access_key.expose()));
        assert!(shown.contains(r#""name":"ROOT_SECRET_KEY","valueFrom":{"secretKeyRef":{"key":"secretAccessKey","name":"acme-storage"}}"#), "{shown}");
    }
}
