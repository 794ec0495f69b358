//! External metrics through the real API server and its proxy, and straight to the port, where strangers are refused.

use std::net::SocketAddr;

use k8s_openapi::ByteString;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Secret, Service, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, CustomResourceExt};
use operator::crd::ResumeMatcher;
use operator::scaling::{BACKLOG_METRIC, REQUESTS_METRIC};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::certificates::{of_host, text};
use crate::scaling::Stage;
use crate::support::World;

const NAME: &str = "v1beta1.external.metrics.k8s.io";

async fn create<K>(api: Api<K>, object: Value)
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::Serialize + DeserializeOwned + std::fmt::Debug,
{
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

/// Registers the adapter, as the chart does. Nothing routes to a Service here, so its name stands for this machine.
async fn register(world: &World, address: SocketAddr) {
    let port = address.port();
    let service = json!({
        "metadata": {"name": "metrics"},
        "spec": {"type": "ExternalName", "externalName": "127.0.0.1", "ports": [{"port": port}]},
    });
    create(world.api::<Service>(), service).await;
    let service = json!({
        "metadata": {"name": NAME},
        "spec": {
            "group": "external.metrics.k8s.io", "version": "v1beta1",
            "groupPriorityMinimum": 100, "versionPriority": 100,
            "service": {"name": "metrics", "namespace": world.namespace, "port": port},
        },
    });
    create(Api::<APIService>::all(world.client.clone()), service).await;
}

fn path(world: &World, metric: &str, selector: &str) -> String {
    let namespace = &world.namespace;
    let query = selector.replace('/', "%2F").replace('=', "%3D");
    format!("/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}?labelSelector={query}")
}

/// Asks the API server, as itself or as someone else.
async fn ask(world: &World, path: &str, user: Option<&str>) -> Result<Value, kube::Error> {
    let mut request = http::Request::get(path);
    if let Some(user) = user {
        request = request.header("Impersonate-User", user);
    }
    world.client.request(request.body(Vec::new()).unwrap()).await
}

/// The value for `acme`, as an autoscaler reads it.
async fn value(world: &World) -> Option<String> {
    let path = path(world, BACKLOG_METRIC, "app.kubernetes.io/instance=acme");
    let list = ask(world, &path, None).await.ok()?;
    assert_eq!(list["kind"], "ExternalMetricValueList", "{list}");
    list["items"][0]["value"].as_str().map(str::to_owned)
}

/// Waits until the API server knows what the adapter serves. As long as it holds one group for stale, no namespace of the
/// cluster can be deleted.
async fn is_discovered(world: &World) {
    world
        .until("the group to be discovered", || async {
            let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            let request = http::Request::get("/apis").header("accept", aggregated).body(Vec::new()).unwrap();
            let list: Value = world.client.request(request).await.unwrap();
            let groups = list["items"].as_array().unwrap();
            let group = groups.iter().find(|group| group["metadata"]["name"] == "external.metrics.k8s.io")?;
            (group["versions"][0]["freshness"] == "Current").then_some(())
        })
        .await;
}

async fn serves(world: &World, wanted: &str) {
    world
        .until(&format!("the metric {wanted} through the API server"), || async {
            (value(world).await.as_deref() == Some(wanted)).then_some(())
        })
        .await;
}

/// A program with a token and perhaps the right to read the metric.
async fn token(world: &World, name: &str, may_read: bool) -> String {
    let accounts = world.api::<ServiceAccount>();
    create(accounts.clone(), json!({"metadata": {"name": name}})).await;
    if may_read {
        let rules = json!([{
            "apiGroups": ["external.metrics.k8s.io"], "resources": [BACKLOG_METRIC], "verbs": ["get", "list"]
        }]);
        create(world.api::<Role>(), json!({"metadata": {"name": name}, "rules": rules})).await;
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": world.namespace}],
        });
        create(world.api::<RoleBinding>(), binding).await;
    }
    let request = TokenRequest { spec: TokenRequestSpec::default(), ..TokenRequest::default() };
    let answer = accounts.create_token_request(name, &PostParams::default(), &request).await.unwrap();
    answer.status.unwrap().token
}

/// Straight to the port.
struct Direct {
    http: reqwest::Client,
    url: String,
}

impl Direct {
    async fn new(world: &World, address: SocketAddr, identity: Option<&str>) -> Self {
        let secret = world.object::<Secret>("metrics-tls").await;
        let ByteString(authorities) = secret.data.unwrap().remove("ca.crt").unwrap();
        let host = format!("metrics.{}.svc", world.namespace);
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(&authorities).unwrap())
            .resolve(&host, address);
        if let Some(identity) = identity {
            builder = builder.identity(reqwest::Identity::from_pem(identity.as_bytes()).unwrap());
        }
        let path = path(world, BACKLOG_METRIC, "app.kubernetes.io/instance=acme");
        Self { http: builder.build().unwrap(), url: format!("https://{host}:{}{path}", address.port()) }
    }

    /// Status code and body; the code is 0 when not even a connection came about.
    async fn get(&self, headers: &[(&str, &str)]) -> (u16, Value) {
        let mut request = self.http.get(&self.url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.json().await.unwrap()),
            Err(_refused) => (0, Value::Null),
        }
    }
}

/// A certificate and its key of an authority that nobody knows.
fn stranger() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "front-proxy-client");
    let certificate = params.self_signed(&key).unwrap();
    let pem = |label: &str, der: &[u8]| {
        use base64::Engine;
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    pem("CERTIFICATE", certificate.der()) + &pem("PRIVATE KEY", &key.serialize_der())
}

#[tokio::test]
async fn the_api_server_hands_the_backlog_on_and_strangers_are_refused() {
    let world = World::with_definition(json!(ResumeMatcher::crd()), "adapter").await;
    let stage = Stage::new(world).await;
    let operator = stage.operator(&["--adapter-service", "metrics"]).await;
    let (world, address) = (&stage.world, operator.adapter.unwrap());
    stage.installed(&json!({"min": 1, "max": 3})).await;
    let message = world.condition("WorkerScaling", "False", "AdapterNotRegistered").await;
    assert!(message.contains(NAME), "{message}");
    register(world, address).await;
    stage.application.behaves(|manner| manner.queue = Some(7));
    serves(world, "7").await;
    is_discovered(world).await;
    world.condition("WorkerScaling", "True", "FollowsQueue").await;
    through_the_api_server(world).await;
    straight_to_the_port(world, address).await;

    stage.application.behaves(|manner| manner.queue = None);
    world
        .until("an unreadable queue is an error and no number", || async {
            let path = path(world, BACKLOG_METRIC, "app.kubernetes.io/instance=acme");
            match ask(world, &path, None).await {
                Err(kube::Error::Api(status)) => (status.code == 503).then_some(()),
                _ => None,
            }
        })
        .await;
    stage.application.behaves(|manner| manner.queue = Some(2));
    requests_are_counted(&stage).await;
    certificates_come_and_go(world).await;
    operator.stop().await.unwrap();
}

async fn through_the_api_server(world: &World) {
    let discovery = ask(world, "/apis/external.metrics.k8s.io/v1beta1", None).await.unwrap();
    assert_eq!(discovery["resources"][0]["name"], BACKLOG_METRIC, "{discovery}");
    assert_eq!(discovery["resources"][1]["name"], REQUESTS_METRIC, "{discovery}");
    let all = ask(world, &path(world, BACKLOG_METRIC, ""), None).await.unwrap();
    assert_eq!(all["items"][0]["metricLabels"], json!({"app.kubernetes.io/instance": "acme"}), "{all}");
    let code = |result: Result<Value, kube::Error>| match result {
        Err(kube::Error::Api(status)) => status.code,
        other => panic!("answered {other:?}"),
    };
    assert_eq!(code(ask(world, &path(world, "other", ""), None).await), 404);
    assert_eq!(code(ask(world, &path(world, BACKLOG_METRIC, "("), None).await), 400);
    let own = path(world, BACKLOG_METRIC, "app.kubernetes.io/instance=acme");
    assert_eq!(code(ask(world, &own, Some("stranger")).await), 403);
    // The right goes through the API server to the adapter, which asks again who that is.
    token(world, "autoscaler", true).await;
    let user = format!("system:serviceaccount:{}:autoscaler", world.namespace);
    assert_eq!(ask(world, &own, Some(&user)).await.unwrap()["items"][0]["value"], "7");
}

async fn straight_to_the_port(world: &World, address: SocketAddr) {
    let claims = [("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters")];
    let nobody = Direct::new(world, address, None).await;
    let (code, status) = nobody.get(&claims).await;
    assert_eq!((code, &status["kind"], &status["reason"]), (401, &json!("Status"), &json!("Unauthorized")));
    let (code, _) = nobody.get(&[("Authorization", "Bearer made.up.token")]).await;
    assert_eq!(code, 401);
    let weak = format!("Bearer {}", token(world, "weak", false).await);
    let (code, status) = nobody.get(&[("Authorization", &weak)]).await;
    assert_eq!((code, &status["reason"]), (403, &json!("Forbidden")));
    let reader = format!("Bearer {}", token(world, "reader", true).await);
    let (code, list) = nobody.get(&[("Authorization", &reader)]).await;
    assert_eq!((code, &list["items"][0]["value"]), (200, &json!("7")));
    // A certificate of another authority ends the handshake.
    let stranger = Direct::new(world, address, Some(&stranger())).await;
    assert_eq!(stranger.get(&claims).await.0, 0);
    // One of the right authority but with another name is believed nothing.
    let admin = Direct::new(world, address, Some(&world.client_identity())).await;
    assert_eq!(admin.get(&claims).await.0, 401);
}

/// Requests a second of one colour, or of both, in thousandths.
async fn rate(world: &World, selector: &str) -> Result<Vec<u64>, u16> {
    let list =
        ask(world, &path(world, REQUESTS_METRIC, selector), None).await.map_err(|error| match error {
            kube::Error::Api(status) => status.code,
            other => panic!("{other}"),
        })?;
    let thousandths = |value: &str| match value.strip_suffix('m') {
        Some(thousandths) => thousandths.parse::<u64>().unwrap(),
        None => 1000 * value.parse::<u64>().unwrap(),
    };
    let items = list["items"].as_array().unwrap();
    Ok(items.iter().map(|item| thousandths(item["value"].as_str().unwrap())).collect())
}

/// The requests that pods count are told as a rate, by colour; what is not told is an error and no rate of nothing.
async fn requests_are_counted(stage: &Stage) {
    let world = &stage.world;
    let instance = "app.kubernetes.io/instance=acme";
    let is_about = |rates: &Result<Vec<u64>, u16>, wanted: u64| {
        let sum = rates.as_ref().map(|rates| rates.iter().sum::<u64>()).unwrap_or_default();
        (wanted * 8 / 10..=wanted * 12 / 10).contains(&sum)
    };
    stage.application.behaves(|manner| manner.requests = Some(200.0));
    world
        .until("200 requests a second", || async {
            is_about(&rate(world, instance).await, 200_000).then_some(())
        })
        .await;
    let colour = |colour: &str| format!("{instance},resumematcher.io/colour={colour}");
    assert!(is_about(&rate(world, &colour("blue")).await, 200_000));
    assert_eq!(rate(world, &colour("green")).await, Ok(vec![]));
    stage.application.behaves(|manner| manner.requests = None);
    world
        .until("pods that do not count are an error and no rate", || async {
            (rate(world, instance).await == Err(503)).then_some(())
        })
        .await;
    assert_eq!(rate(world, "app.kubernetes.io/instance=nobody").await, Err(503));
    stage.application.behaves(|manner| manner.requests = Some(100.0));
    world
        .until("100 requests a second", || async {
            is_about(&rate(world, instance).await, 100_000).then_some(())
        })
        .await;
    // The autoscaler asks for them, and what hinders it is told.
    let autoscaling = json!({"min": 1, "max": 4, "requestsPerSecond": 50});
    world.change(json!({"api": {"replicas": null, "autoscaling": autoscaling}})).await.unwrap();
    let autoscaler = world.object::<HorizontalPodAutoscaler>("acme-api").await;
    let metrics = json!(autoscaler.spec.unwrap().metrics);
    assert_eq!(metrics[1]["external"]["metric"]["name"], REQUESTS_METRIC, "{metrics}");
    world.condition("APIScaling", "True", "FollowsRequests").await;
    let status = json!({"conditions": [{
        "type": "ScalingActive", "status": "False", "reason": "FailedGetExternalMetric", "message": "no metrics",
    }], "desiredReplicas": 1, "currentReplicas": 1});
    world.set_status::<HorizontalPodAutoscaler>("acme-api", status).await;
    // Any change has the object looked at; else it is within the resync.
    world.change(json!({"api": {"autoscaling": {"max": 5}}})).await.unwrap();
    let message = world.condition("APIScaling", "False", "RequestsUnreadable").await;
    assert!(message.contains("no metrics"), "{message}");
}

/// A certificate that ends within days is replaced, and its authority stays trusted while replicas change over.
async fn one_that_ends_soon_is_replaced(world: &World) {
    let secrets = world.api::<Secret>();
    let host = format!("metrics.{}.svc", world.namespace);
    let old = of_host(&host, 20);
    let patch = Patch::Merge(json!({"stringData": old}));
    secrets.patch("metrics-tls", &PatchParams::default(), &patch).await.unwrap();
    let renewed = world
        .until("a certificate that lasts", || async {
            let now = secrets.get("metrics-tls").await.unwrap();
            (json!(text(&now, "tls.crt")) != old["tls.crt"]).then_some(now)
        })
        .await;
    let body = |text: &str| text.lines().filter(|line| !line.starts_with("---")).collect::<String>();
    let authorities = body(&text(&renewed, "ca.crt"));
    assert!(authorities.contains(&body(old["ca.crt"].as_str().unwrap())), "{authorities}");
    let certificate = CertificateDer::from_pem_slice(text(&renewed, "tls.crt").as_bytes()).unwrap();
    let lasts = operator::x509::not_after(&certificate).unwrap().duration_since(jiff::Timestamp::now());
    assert!(lasts > jiff::SignedDuration::from_hours(85 * 24), "{lasts:?}");
}

/// The certificate is made anew when it is lost, and an APIService of someone else's is left alone.
async fn certificates_come_and_go(world: &World) {
    let secrets = world.api::<Secret>();
    let before = world.object::<Secret>("metrics-tls").await.metadata.uid;
    secrets.delete("metrics-tls", &DeleteParams::default()).await.unwrap();
    world
        .until("another certificate", || async {
            let now = secrets.get_opt("metrics-tls").await.unwrap()?;
            (now.metadata.uid != before).then_some(())
        })
        .await;
    serves(world, "2").await;
    one_that_ends_soon_is_replaced(world).await;
    serves(world, "2").await;

    let services = Api::<APIService>::all(world.client.clone());
    let patch =
        Patch::Merge(json!({"spec": {"service": {"name": "keda-metrics-apiserver"}, "caBundle": null}}));
    services.patch(NAME, &PatchParams::default(), &patch).await.unwrap();
    let message = world.condition("WorkerScaling", "False", "MetricsServedByAnother").await;
    assert!(message.contains("keda-metrics-apiserver"), "{message}");
    let spec = services.get(NAME).await.unwrap().spec.unwrap();
    assert_eq!(
        (spec.service.unwrap().name.as_deref(), spec.ca_bundle),
        (Some("keda-metrics-apiserver"), None)
    );
}
