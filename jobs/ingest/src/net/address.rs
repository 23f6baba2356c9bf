//! Which addresses may be connected to, and a resolver that gives no others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Hosts;

/// A name stands for addresses of this machine or its network only.
#[derive(Debug, thiserror::Error)]
#[error("{0} has no public address; a server of your own can be named in {allow}", allow = super::hosts::ALLOW_HOSTS)]
pub(super) struct NotPublic(String);

/// Resolves names to public addresses; names that the user allowed to whatever they stand for.
#[derive(Debug)]
pub(super) struct Checked {
    hosts: Hosts,
}

impl Checked {
    pub(super) fn new(hosts: &Hosts) -> Arc<Self> {
        Arc::new(Self { hosts: hosts.clone() })
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let trusted = self.hosts.trusts(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<SocketAddr> = found.filter(|address| trusted || is_public(address.ip())).collect();
            if usable.is_empty() {
                return Err(NotPublic(name.as_str().to_owned()).into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet (the special-purpose registries of RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, carrier-grade NAT, protocol assignments, 6to4 relays, benchmarks, reserved.
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [240..=255, ..] => {
            true
        }
        _ => {
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_documentation()
                || address.is_multicast()
        }
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Every form that carries an IPv4 address is as public as that.
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    match address.segments() {
        // NAT64 and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments with Teredo, documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, ..] => false,
        // Only 2000::/3 is given out as global unicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name of a known host may come to stand for this machine; the addresses are looked at when it is connected to.
    #[tokio::test]
    async fn a_name_that_leads_inside_resolves_to_nothing() {
        let resolve = async |hosts: &Hosts| {
            let name: Name = "localhost".parse().unwrap();
            Checked::new(hosts).resolve(name).await.map(|found| found.count()).map_err(|error| error.to_string())
        };
        let error = resolve(&Hosts::new(&[], "")).await.unwrap_err();
        assert!(error.contains("no public address"), "{error}");
        assert!(resolve(&Hosts::new(&[], "localhost")).await.unwrap() > 0);
    }

    #[test]
    fn only_the_public_internet_is_public() {
        for (text, public) in [
            ("1.1.1.1", true),
            ("100.63.0.1", true),
            ("172.32.0.1", true),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("172.31.0.1", false),
            ("192.0.0.8", false),
            ("192.168.0.1", false),
            ("198.18.0.1", false),
            ("203.0.113.9", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("::1", false),
            ("::", false),
            ("::7f00:1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("64:ff9b::a9fe:a9fe", false),
            ("2002:7f00:1::", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
        }
    }
}
