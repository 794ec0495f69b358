//! Ingress `NAME`: the way in from outside.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec as KubernetesIngressSpec, IngressTLS, ServiceBackendPort,
};

use super::owned;
use crate::crd::IngressSpec;
use crate::names::Component;
use crate::resume_matcher::model::Installation;

/// The Ingress, if the spec asks for one.
pub(super) fn build(installation: &Installation) -> Option<Ingress> {
    let spec = installation.ingress.as_ref()?;
    let mut metadata = owned(installation, installation.name.as_str().to_owned(), Some(Component::Api));
    metadata.annotations = Some(spec.annotations.clone()).filter(|annotations| !annotations.is_empty());
    Some(Ingress {
        metadata,
        spec: Some(KubernetesIngressSpec {
            ingress_class_name: spec.class_name.clone(),
            rules: Some(vec![rule(installation, spec)]),
            tls: spec.tls.as_ref().map(|tls| {
                vec![IngressTLS {
                    hosts: Some(vec![spec.host.clone()]),
                    secret_name: Some(tls.secret_name.clone()),
                }]
            }),
            ..KubernetesIngressSpec::default()
        }),
        ..Ingress::default()
    })
}

fn rule(installation: &Installation, spec: &IngressSpec) -> IngressRule {
    let backend = IngressBackend {
        service: Some(IngressServiceBackend {
            name: installation.name.component(Component::Api),
            port: Some(ServiceBackendPort { name: Some("http".to_owned()), number: None }),
        }),
        resource: None,
    };
    IngressRule {
        host: Some(spec.host.clone()),
        http: Some(HTTPIngressRuleValue {
            paths: vec![HTTPIngressPath {
                path: Some("/".to_owned()),
                path_type: "Prefix".to_owned(),
                backend,
            }],
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::installation;

    #[test]
    fn class_annotations_and_certificate_come_from_the_spec() {
        let ingress = build(&installation(json!({"ingress": {
            "host": "cv.example", "className": "traefik", "annotations": {"a": "b"}, "tls": {"secretName": "cert"}
        }})))
        .unwrap();
        assert_eq!(ingress.metadata.name.as_deref(), Some("acme"));
        assert_eq!(ingress.metadata.annotations.unwrap()["a"], "b");
        let spec = ingress.spec.unwrap();
        assert_eq!(spec.ingress_class_name.as_deref(), Some("traefik"));
        let tls = &spec.tls.unwrap()[0];
        assert_eq!(
            (tls.hosts.clone().unwrap(), tls.secret_name.as_deref()),
            (vec!["cv.example".to_owned()], Some("cert"))
        );
    }

    #[test]
    fn without_an_ingress_in_the_spec_there_is_none() {
        assert_eq!(build(&installation(json!({}))), None);
    }
}
