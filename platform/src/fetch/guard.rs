//! Which addresses may be fetched: none that lead inside. A page that strangers name must not become a way to the metadata
//! service, the cluster or this machine (server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Says which addresses may be connected to.
#[derive(Debug, Clone, Default)]
pub(super) struct AddressGuard {
    /// Networks that may be fetched from though they are private, such as an intranet's job board.
    allowed: Vec<IpNet>,
}

impl AddressGuard {
    pub(super) fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether `address` may be connected to.
    pub(super) fn permits(&self, address: IpAddr) -> bool {
        // An IPv4 address in the clothes of an IPv6 one is what it is inside.
        let address = embedded(address);
        self.allowed.iter().any(|network| network.contains(&address)) || is_public(address)
    }

    /// Whether `address` is in a network that is allowed by name.
    pub(super) fn allows_by_name(&self, address: IpAddr) -> bool {
        let address = embedded(address);
        self.allowed.iter().any(|network| network.contains(&address))
    }
}

/// The IPv4 address inside an IPv6 one: mapped (RFC 4291), translated (RFC 6052), 6to4 (RFC 3056).
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else { return address.to_canonical() };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let low = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match (a, b, c, d, e, f) {
        (0x64, 0xff9b, 0, 0, 0, 0) => low(g, h),
        (0x2002, ..) => low(b, c),
        (0, 0, 0, 0, 0, 0) if g != 0 => low(g, h),
        _ => IpAddr::V6(v6),
    }
}

/// Whether the whole internet may use the address (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_unspecified()
        || a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        // Shared by carriers, 100.64.0.0/10.
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, 192.0.0.0/24; benchmarks, 198.18.0.0/15; reserved, 240.0.0.0/4.
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is given out to the internet; of it, documentation, benchmarks and Teredo are not.
    (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && (second == 0xdb8 || second == 0 || second == 2))
        && first != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_inside_are_refused() {
        let guard = AddressGuard::default();
        for inside in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "::7f00:1",
            "2001::1",
        ] {
            assert!(!guard.permits(inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn the_internet_is_open_and_so_is_what_the_installation_allows() {
        let guard = AddressGuard::default();
        for outside in ["1.1.1.1", "93.184.215.14", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(guard.permits(outside.parse().unwrap()), "{outside}");
        }
        let intranet = AddressGuard::new(vec!["10.20.0.0/16".parse().unwrap()]);
        assert!(intranet.permits("10.20.1.1".parse().unwrap()));
        assert!(!intranet.permits("10.21.1.1".parse().unwrap()));
    }
}
