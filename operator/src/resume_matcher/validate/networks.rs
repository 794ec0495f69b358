//! Networks that a spec names: that they are some, and that none opens the cluster to strangers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::Invalid;
use crate::crd::{IngressSpec, NetworkSpec};
use crate::resume_matcher::model::Installation;

/// Where the machine itself and what is on its links answer, such as the cloud's metadata service: RFC 1122, RFC 3927,
/// RFC 4291, and the networks of everything.
const NEVER: [(IpAddr, &str); 6] = [
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)), "the pod itself"),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), "the metadata service of clouds"),
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), "everything"),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), "the pod itself"),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)), "the links of the machine"),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), "the metadata service of clouds"),
];

/// Reads the networks from which pages may be fetched.
pub(super) fn fetch_allowed(networks: &[String]) -> Result<Vec<IpNet>, Invalid> {
    let networks = read("spec.worker.fetchAllowedNetworks", networks)?;
    refuse(&networks, &NEVER)?;
    Ok(networks)
}

/// Refuses networks from which pages may be fetched that have one of the `addresses` of this cluster in them: pods and
/// Services would answer to anyone who names their address as that of a job.
///
/// # Errors
/// [`Invalid`] with the network and the address.
pub fn outside_of(installation: &Installation, addresses: &[IpAddr]) -> Result<(), Invalid> {
    let named: Vec<(IpAddr, &str)> = addresses.iter().map(|address| (*address, "this cluster")).collect();
    refuse(&installation.worker.fetch_allowed, &named)
}

fn refuse(networks: &[IpNet], addresses: &[(IpAddr, &str)]) -> Result<(), Invalid> {
    for network in networks {
        if let Some((address, what)) = addresses.iter().find(|(address, _)| network.contains(address)) {
            return Err(Invalid::Spec(format!(
                "spec.worker.fetchAllowedNetworks: {network} has addresses of {what} ({address}); name narrower networks"
            )));
        }
    }
    Ok(())
}

/// The ingress, with the networks of its proxies checked.
pub(super) fn checked_ingress(ingress: Option<&IngressSpec>) -> Result<Option<IngressSpec>, Invalid> {
    if let Some(ingress) = ingress {
        read("spec.ingress.trustedProxies", &ingress.trusted_proxies)?;
    }
    Ok(ingress.cloned())
}

/// What is said of networks, with those that are refused checked.
pub(super) fn checked(network: &NetworkSpec) -> Result<NetworkSpec, Invalid> {
    read("spec.network.deniedNetworks", &network.denied_networks)?;
    Ok(network.clone())
}

/// The application ends at once on a network that is none; it is better told here.
pub(super) fn read(field: &str, networks: &[String]) -> Result<Vec<IpNet>, Invalid> {
    let network = |text: &String| {
        text.parse::<IpNet>().map(|network| network.trunc()).map_err(|_| {
            Invalid::Spec(format!(
                "{field}: {text:?} is no network; write it as 192.168.7.0/24 or fd12:3456::/48"
            ))
        })
    };
    networks.iter().map(network).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::resume_matcher::fixtures::{installation, object};
    use crate::resume_matcher::validate::validate;

    #[test]
    fn a_text_that_is_no_network_is_named_with_its_field() {
        let bad = ["10.0.0.0/33"];
        for (spec, field) in [
            (json!({"ingress": {"host": "a.b", "trustedProxies": bad}}), "spec.ingress.trustedProxies"),
            (json!({"network": {"deniedNetworks": bad}}), "spec.network.deniedNetworks"),
            (json!({"worker": {"fetchAllowedNetworks": bad}}), "spec.worker.fetchAllowedNetworks"),
        ] {
            let invalid = validate(&object(spec), &BTreeMap::new()).unwrap_err();
            assert!(invalid.to_string().starts_with(field), "{invalid}");
            assert!(invalid.to_string().contains("10.0.0.0/33"), "{invalid}");
        }
    }

    #[test]
    fn networks_of_the_machine_and_of_everything_are_never_fetched_from() {
        for network in ["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/0", "::/0", "fe80::/10", "128.0.0.0/1"] {
            let spec = json!({"worker": {"fetchAllowedNetworks": ["192.168.7.0/24", network]}});
            let invalid = validate(&object(spec), &BTreeMap::new()).unwrap_err();
            assert!(invalid.to_string().contains("name narrower networks"), "{invalid}");
        }
    }

    #[test]
    fn networks_with_addresses_of_the_cluster_are_refused() {
        let fetches = |network| installation(json!({"worker": {"fetchAllowedNetworks": [network]}}));
        let cluster = ["10.96.0.1".parse().unwrap(), "fd00:10:244::7".parse().unwrap()];
        assert!(outside_of(&fetches("10.1.0.0/16"), &cluster).is_ok());
        for network in ["10.0.0.0/8", "10.96.0.0/12", "fd00:10::/32"] {
            let invalid = outside_of(&fetches(network), &cluster).unwrap_err();
            assert!(invalid.to_string().contains("this cluster"), "{invalid}");
        }
    }
}
