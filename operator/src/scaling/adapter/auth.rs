//! Who asks, and whether they may: delegated to the API server, as every aggregated API does it. Uses the client.
//!
//! Identity headers are believed only from the API server's own proxy, which shows itself by a client certificate; others
//! show a token, which the API server reviews.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};

use super::{GROUP, VERSION};

/// The user that stands for everyone who did not say who they are.
const ANONYMOUS: &str = "system:anonymous";
/// The group of all others.
const AUTHENTICATED: &str = "system:authenticated";

/// What is known of the API server's proxy: the keys of ConfigMap `kube-system/extension-apiserver-authentication`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FrontProxy {
    /// Common names of its certificate; none: any.
    pub(super) names: Vec<String>,
    /// Headers of the user's name, the first that is there counts.
    pub(super) user: Vec<String>,
    /// Headers of the user's UID.
    pub(super) uid: Vec<String>,
    /// Headers of the user's groups.
    pub(super) groups: Vec<String>,
    /// Beginnings of the headers of everything else.
    pub(super) extra: Vec<String>,
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Common name of the certificate that it showed, which the authority of the API server's proxy has signed; none: it
    /// showed none.
    pub(super) name: Option<String>,
    /// What is known of that proxy.
    pub(super) front_proxy: Arc<FrontProxy>,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    name: String,
    uid: Option<String>,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The values of a metric in a namespace.
    Metric {
        /// The namespace.
        namespace: String,
        /// The metric.
        metric: String,
    },
    /// Anything else, by its path.
    Path(String),
}

/// Why a request is refused: the code and a sentence.
pub(super) type Refusal = (StatusCode, String);

impl FrontProxy {
    /// The user that the proxy tells of, if the peer is the proxy.
    fn user(&self, name: &str, headers: &HeaderMap) -> Option<User> {
        if !self.names.is_empty() && !self.names.iter().any(|allowed| allowed == name) {
            return None;
        }
        let text = |header: &String| headers.get(header)?.to_str().ok().filter(|text| !text.is_empty());
        let all = |header: &String| headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (header, value) in headers {
            let prefix = |prefix: &String| header.as_str().strip_prefix(&prefix.to_ascii_lowercase());
            if let (Some(key), Ok(value)) = (self.extra.iter().find_map(prefix), value.to_str()) {
                extra.entry(key.to_owned()).or_default().push(value.to_owned());
            }
        }
        let name = self.user.iter().find_map(text)?.to_owned();
        let mut groups: Vec<String> = self.groups.iter().flat_map(all).map(str::to_owned).collect();
        // As every aggregated API does. The API server asks in the name of a user without groups what we serve; refused,
        // it holds the group for stale, and then no namespace of the cluster can be deleted.
        if name != ANONYMOUS && !groups.iter().any(|group| group == AUTHENTICATED) {
            groups.push(AUTHENTICATED.to_owned());
        }
        Some(User { name, uid: self.uid.iter().find_map(text).map(str::to_owned), groups, extra })
    }
}

/// Who asks.
pub(super) async fn authenticate(client: &Client, peer: &Peer, headers: &HeaderMap) -> Result<User, Refusal> {
    if let Some(user) = peer.name.as_ref().and_then(|name| peer.front_proxy.user(name, headers)) {
        return Ok(user);
    }
    let unknown = || (StatusCode::UNAUTHORIZED, "Unauthorized".to_owned());
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).ok_or_else(unknown)?;
    let review = TokenReview {
        spec: TokenReviewSpec { token: Some(token.to_owned()), audiences: None },
        ..TokenReview::default()
    };
    let review = Api::all(client.clone()).create(&PostParams::default(), &review).await;
    let review = review.map_err(|error| failed("TokenReview", &error))?;
    let status = review.status.filter(|status| status.authenticated == Some(true)).ok_or_else(unknown)?;
    let user = status.user.ok_or_else(unknown)?;
    Ok(User {
        name: user.username.ok_or_else(unknown)?,
        uid: user.uid,
        groups: user.groups.unwrap_or_default(),
        extra: user.extra.unwrap_or_default(),
    })
}

/// Whether they may.
pub(super) async fn authorise(client: &Client, user: &User, wish: &Wish) -> Result<(), Refusal> {
    // As the API server itself does: it may do everything, and asks us whether we are there as this group.
    if user.groups.iter().any(|group| group == "system:masters") {
        return Ok(());
    }
    let review = SubjectAccessReview { spec: asked(user, wish), ..SubjectAccessReview::default() };
    let review = Api::all(client.clone()).create(&PostParams::default(), &review).await;
    let review: SubjectAccessReview = review.map_err(|error| failed("SubjectAccessReview", &error))?;
    let status = review.status.unwrap_or_default();
    if status.allowed && status.denied != Some(true) {
        return Ok(());
    }
    let what = match wish {
        Wish::Metric { namespace, metric } => {
            format!("list resource {metric:?} in API group {GROUP:?} in the namespace {namespace:?}")
        }
        Wish::Path(path) => format!("get path {path:?}"),
    };
    Err((StatusCode::FORBIDDEN, format!("User {:?} cannot {what}", user.name)))
}

fn asked(user: &User, wish: &Wish) -> SubjectAccessReviewSpec {
    let mut spec = SubjectAccessReviewSpec {
        user: Some(user.name.clone()),
        uid: user.uid.clone(),
        groups: Some(user.groups.clone()),
        extra: Some(user.extra.clone()),
        ..SubjectAccessReviewSpec::default()
    };
    match wish {
        Wish::Metric { namespace, metric } => {
            spec.resource_attributes = Some(ResourceAttributes {
                group: Some(GROUP.to_owned()),
                version: Some(VERSION.to_owned()),
                resource: Some(metric.clone()),
                namespace: Some(namespace.clone()),
                // A request without a name is one for a list; the API server asks itself the same before it hands on.
                verb: Some("list".to_owned()),
                ..ResourceAttributes::default()
            });
        }
        Wish::Path(path) => {
            spec.non_resource_attributes =
                Some(NonResourceAttributes { path: Some(path.clone()), verb: Some("get".to_owned()) });
        }
    }
    spec
}

/// The API server could not be asked. Its words are for the log: they may tell of its inside.
fn failed(what: &str, error: &kube::Error) -> Refusal {
    tracing::warn!(%error, what, "the adapter cannot ask the API server");
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{what} failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy() -> FrontProxy {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        FrontProxy {
            names: list(&["front-proxy-client"]),
            user: list(&["X-Remote-User"]),
            uid: list(&["X-Remote-Uid"]),
            groups: list(&["X-Remote-Group"]),
            extra: list(&["X-Remote-Extra-"]),
        }
    }

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append("x-remote-user", "ann".parse().unwrap());
        headers.append("x-remote-group", "a".parse().unwrap());
        headers.append("x-remote-group", "b".parse().unwrap());
        headers.append("x-remote-extra-scope", "s".parse().unwrap());
        headers
    }

    #[test]
    fn the_proxy_tells_who_asks() {
        let user = proxy().user("front-proxy-client", &headers()).unwrap();
        assert_eq!((user.name.as_str(), user.groups.join(" ").as_str()), ("ann", "a b system:authenticated"));
        assert_eq!(user.extra["scope"], ["s"]);
        assert_eq!(proxy().user("front-proxy-client", &HeaderMap::new()), None, "it may also tell nothing");
    }

    #[test]
    fn who_has_no_groups_is_still_somebody_unless_anonymous() {
        for (name, groups) in [
            ("system:kube-aggregator", vec!["system:authenticated".to_owned()]),
            ("system:anonymous", vec![]),
        ] {
            let headers = HeaderMap::from_iter([("x-remote-user".parse().unwrap(), name.parse().unwrap())]);
            assert_eq!(proxy().user("front-proxy-client", &headers).unwrap().groups, groups, "{name}");
        }
    }

    #[test]
    fn others_with_a_certificate_of_the_same_authority_are_not_believed() {
        assert_eq!(proxy().user("kubelet-client", &headers()), None);
        let any = FrontProxy { names: vec![], ..proxy() };
        assert!(any.user("kubelet-client", &headers()).is_some(), "unless any name is allowed");
    }

    #[test]
    fn a_metric_is_asked_for_as_a_resource_and_the_rest_by_path() {
        let user = proxy().user("front-proxy-client", &headers()).unwrap();
        let wish = Wish::Metric { namespace: "people".to_owned(), metric: "m".to_owned() };
        let attributes = asked(&user, &wish).resource_attributes.unwrap();
        assert_eq!((attributes.resource.as_deref(), attributes.verb.as_deref()), (Some("m"), Some("list")));
        let path = asked(&user, &Wish::Path("/apis".to_owned())).non_resource_attributes.unwrap();
        assert_eq!(path.path.as_deref(), Some("/apis"));
    }
}
