//! Secrets `NAME-postgres`, `NAME-redis`, `NAME-storage` and `NAME-app`: credentials that the operator made. They
//! have no owner, since they unlock volumes that may outlive the installation.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use super::{kept, postgres, redis};
use crate::names::Component;
use crate::resume_matcher::credentials::{
    ACCESS_KEY_ID, ADMIN_TOKEN, APP_PASSWORD, Credentials, PASSWORD, SECRET_ACCESS_KEY, SUPERUSER_PASSWORD,
    TOKEN_KEY,
};
use crate::resume_matcher::model::Installation;

/// Suffix of the application's own Secret.
pub(super) const APP_KEYS: &str = "app";

/// The Secrets that API and worker read: of the embedded service, or the external one's.
pub(super) struct Keys {
    pub(super) database: String,
    pub(super) cache: String,
    pub(super) storage: String,
}

impl Keys {
    pub(super) fn of(installation: &Installation) -> Self {
        let own = |component| installation.name.component(component);
        let database = installation.database.external().map(|external| external.secret.name.clone());
        let cache = installation.cache.external().map(|external| external.secret.name.clone());
        let storage = installation.object_storage.external().map(|external| external.secret.name.clone());
        Self {
            database: database.unwrap_or_else(|| own(Component::Postgres)),
            cache: cache.unwrap_or_else(|| own(Component::Redis)),
            storage: storage.unwrap_or_else(|| own(Component::Storage)),
        }
    }
}

/// The Secrets.
pub(super) fn build(installation: &Installation, credentials: &Credentials) -> Vec<Secret> {
    let name = &installation.name;
    let mut secrets = vec![Secret {
        metadata: kept(installation, name.part(APP_KEYS), None),
        ..secret([
            (TOKEN_KEY, credentials.token_key.expose().to_owned()),
            (ADMIN_TOKEN, credentials.admin_token.expose().to_owned()),
        ])
    }];
    if let Some(passwords) = &credentials.postgres {
        let host = name.component(Component::Postgres);
        let url = |user: &str, password: &str| {
            format!(
                "postgres://{user}:{password}@{host}:{}/{}?sslmode=disable",
                postgres::PORT,
                postgres::DATABASE
            )
        };
        secrets.push(Secret {
            metadata: kept(installation, host.clone(), Some(Component::Postgres)),
            ..secret([
                (SUPERUSER_PASSWORD, passwords.superuser.expose().to_owned()),
                (APP_PASSWORD, passwords.app.expose().to_owned()),
                ("url", url(postgres::APP_ROLE, passwords.app.expose())),
                ("ownerUrl", url(postgres::SUPERUSER, passwords.superuser.expose())),
            ])
        });
    }
    if let Some(password) = &credentials.redis {
        let host = name.component(Component::Redis);
        secrets.push(Secret {
            metadata: kept(installation, host.clone(), Some(Component::Redis)),
            ..secret([
                (PASSWORD, password.expose().to_owned()),
                ("url", format!("redis://:{}@{host}:{}/0", password.expose(), redis::PORT)),
                (redis::CONFIG_FILE, redis::config(installation, password)),
            ])
        });
    }
    if let Some(key) = &credentials.storage {
        secrets.push(Secret {
            metadata: kept(installation, name.component(Component::Storage), Some(Component::Storage)),
            ..secret([
                (ACCESS_KEY_ID, key.access_key_id.expose().to_owned()),
                (SECRET_ACCESS_KEY, key.secret_access_key.expose().to_owned()),
            ])
        });
    }
    secrets
}

fn secret<const N: usize>(entries: [(&str, String); N]) -> Secret {
    let data = entries.into_iter().map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())));
    Secret {
        type_: Some("Opaque".to_owned()),
        data: Some(data.collect::<BTreeMap<_, _>>()),
        ..Secret::default()
    }
}

/// The secret part of one embedded service's configuration, to be hashed.
pub(super) fn material(credentials: &Credentials, component: Component) -> String {
    match component {
        Component::Postgres => credentials
            .postgres
            .as_ref()
            .map(|passwords| format!("{} {}", passwords.superuser.expose(), passwords.app.expose())),
        Component::Redis => credentials.redis.as_ref().map(|password| password.expose().to_owned()),
        Component::Storage => credentials
            .storage
            .as_ref()
            .map(|key| format!("{} {}", key.access_key_id.expose(), key.secret_access_key.expose())),
        Component::Api
        | Component::Worker
        | Component::Migrate
        | Component::Backup
        | Component::Maintenance => None,
    }
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{credentials, external_installation, installation};

    #[test]
    fn each_embedded_service_has_a_secret_that_nothing_garbage_collects() {
        let installation = installation(json!({}));
        let secrets = build(&installation, &credentials(&installation));
        let names: Vec<_> = secrets.iter().map(|secret| secret.metadata.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["acme-app", "acme-postgres", "acme-redis", "acme-storage"]);
        assert!(secrets.iter().all(|secret| secret.metadata.owner_references.is_none()));
    }

    #[test]
    fn the_urls_carry_the_passwords() {
        let installation = installation(json!({}));
        let secrets = build(&installation, &credentials(&installation));
        let text = |name: &str, key: &str| {
            let secret = secrets.iter().find(|secret| secret.metadata.name.as_deref() == Some(name)).unwrap();
            String::from_utf8(secret.data.as_ref().unwrap()[key].0.clone()).unwrap()
        };
        let password = text("acme-postgres", APP_PASSWORD);
        assert_eq!(
            text("acme-postgres", "url"),
            format!(
                "postgres://resumematcher_app:{password}@acme-postgres:5432/resumematcher?sslmode=disable"
            )
        );
        let superuser = text("acme-postgres", SUPERUSER_PASSWORD);
        assert!(text("acme-postgres", "ownerUrl").starts_with(&format!("postgres://postgres:{superuser}@")));
        assert_eq!(
            text("acme-redis", "url"),
            format!("redis://:{}@acme-redis:6379/0", text("acme-redis", PASSWORD))
        );
    }

    #[test]
    fn external_services_have_only_the_applications_secret() {
        let installation = external_installation();
        assert_eq!(build(&installation, &credentials(&installation)).len(), 1);
        let keys = Keys::of(&installation);
        assert_eq!(
            (keys.database.as_str(), keys.cache.as_str(), keys.storage.as_str()),
            ("db", "redis", "s3")
        );
    }
}
