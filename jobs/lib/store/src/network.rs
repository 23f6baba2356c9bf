//! Where a URL that somebody gave us may lead: https to public addresses, and whatever else the user names.
//!
//! A URL, or the redirect it answers with, can point at the machine itself, at its neighbours or at a cloud's metadata
//! service. So each URL is checked before it is asked for, each name is resolved by [`Policy`] itself and refused when
//! an address of it is not public, and the connection goes to the addresses that were checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use url::{Host, Url};

/// The environment variable that names hosts, `HOST` or `HOST:PORT`, separated by commas. Only these may be reached
/// over plain http or have an address that is not public.
pub const ALLOW_HOSTS: &str = "DOUGPT_ALLOW_HOSTS";

/// Redirects that are followed.
const REDIRECTS: usize = 3;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(30);

/// Longest silence of a server.
const SILENCE: Duration = Duration::from_secs(60);

/// Why a URL or an address is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The variable names something that is no host.
    #[error("{ALLOW_HOSTS} has {entry:?}, which is no host; write HOST or HOST:PORT, separated by commas")]
    Entry {
        /// The entry.
        entry: String,
    },
    /// The scheme is neither http nor https.
    #[error("{scheme}: is not asked over HTTP; give an https: URL")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// Whoever listens could read or change what is fetched.
    #[error("plain http to {host} is refused; use https, or name {host} in {ALLOW_HOSTS}")]
    Plain {
        /// The host.
        host: String,
    },
    /// The address belongs to a machine, its network or a cloud's metadata service.
    #[error("{host} has the address {address}, which is not public; if it is meant, name {host} in {ALLOW_HOSTS}")]
    Address {
        /// The host.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// Servers that redirect for ever.
    #[error("{host} is redirect number {}; none beyond {REDIRECTS} is followed", REDIRECTS + 1)]
    Redirects {
        /// The host.
        host: String,
    },
}

impl Refused {
    /// The refusal among the causes of `error`, if it is one.
    pub fn among<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let causes = std::iter::successors(Some(error), |error| error.source());
        causes.into_iter().find_map(|cause| cause.downcast_ref())
    }
}

/// Which hosts may be asked. It is also the resolver of the clients it makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    allowed: Vec<(String, Option<u16>)>,
}

impl Policy {
    /// The policy with the exceptions in [`ALLOW_HOSTS`].
    ///
    /// # Errors
    /// [`Refused::Entry`].
    pub fn from_env() -> Result<Self, Refused> {
        Self::with_exceptions(&std::env::var(ALLOW_HOSTS).unwrap_or_default())
    }

    /// The policy with the exceptions in `list`.
    ///
    /// # Errors
    /// [`Refused::Entry`].
    pub fn with_exceptions(list: &str) -> Result<Self, Refused> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let parsed = entries.map(|entry| exception(entry).ok_or_else(|| Refused::Entry { entry: entry.to_owned() }));
        Ok(Self { allowed: parsed.collect::<Result<_, _>>()? })
    }

    /// Checks the scheme of `url`, and its address where it is written as one.
    ///
    /// # Errors
    /// Why it must not be asked.
    pub fn check_url(&self, url: &Url) -> Result<(), Refused> {
        let scheme = url.scheme();
        let (Some(host), "http" | "https") = (url.host(), scheme) else {
            return Err(Refused::Scheme { scheme: scheme.to_owned() });
        };
        if self.allows(&host.to_string(), url.port_or_known_default()) {
            return Ok(());
        }
        if scheme == "http" {
            return Err(Refused::Plain { host: host.to_string() });
        }
        let address = match host {
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
        };
        if is_public(address) { Ok(()) } else { Err(Refused::Address { host: host.to_string(), address }) }
    }

    /// Checks an address that `host` resolved to.
    ///
    /// # Errors
    /// [`Refused::Address`].
    pub fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        // The port was looked at with the URL; a resolver is not told it.
        if is_public(address) || self.allows(host, None) {
            return Ok(());
        }
        Err(Refused::Address { host: host.to_owned(), address })
    }

    /// An HTTP client that keeps to the policy in resolving and in redirects. Whoever uses it calls
    /// [`Policy::check_url`] for the first URL. It uses no proxy, for that would connect to unchecked addresses.
    ///
    /// # Errors
    /// When the system has no random numbers or certificates for TLS.
    pub fn client(&self) -> reqwest::Result<reqwest::Client> {
        let policy = self.clone();
        self.builder(move |url| policy.check_url(url)).connect_timeout(CONNECT).read_timeout(SILENCE).build()
    }

    /// What [`Policy::client`] is made of, for those who may ask less: a redirect is followed where `check` lets it.
    pub fn builder<E>(&self, check: impl Fn(&Url) -> Result<(), E> + Send + Sync + 'static) -> reqwest::ClientBuilder
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let follow = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > REDIRECTS {
                let host = attempt.url().host_str().unwrap_or_default().to_owned();
                return attempt.error(Refused::Redirects { host });
            }
            match check(attempt.url()) {
                Err(refused) => attempt.error(refused),
                Ok(()) => attempt.follow(),
            }
        });
        reqwest::Client::builder().no_proxy().redirect(follow).dns_resolver(Arc::new(self.clone()))
    }

    /// Whether the user names this host; without a port, with whatever port.
    pub fn allows(&self, host: &str, port: Option<u16>) -> bool {
        let same = |entry: &(String, Option<u16>)| {
            entry.0.eq_ignore_ascii_case(host) && (port.is_none() || entry.1.is_none() || entry.1 == port)
        };
        self.allowed.iter().any(same)
    }
}

impl Resolve for Policy {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One private address among public ones is how a name is made to lead inside later.
            for address in &found {
                policy.check_address(name.as_str(), address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// `HOST` or `HOST:PORT`, the host as it is written in URLs.
fn exception(entry: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match entry.rsplit_once(':') {
        // An IPv6 address without brackets.
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => (format!("[{entry}]"), None),
        Some((host, port)) if !entry.ends_with(']') => (host.to_owned(), Some(port.parse().ok()?)),
        _ => (entry.to_owned(), None),
    };
    Some((Host::parse(&host).ok()?.to_string(), port))
}

/// Whether the address is one on the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        // This network, shared by carriers, protocol assignments, 6to4 relays, benchmarks, reserved and broadcast.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match parts {
        // NAT64 and 6to4 lead to the IPv4 address they hold.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // Protocol assignments with Teredo, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Only this eighth is given out; it leaves out loopback, link-local, unique-local, multicast and mapped IPv4.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in ["1.1.1.1", "8.8.8.8", "172.15.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "3fff::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn urls_are_https_to_public_hosts_unless_named() {
        let policy = Policy::with_exceptions(" localhost:8080, ::1 ,[::2]:90,Nas.Home,10.0.0.1:443").unwrap();
        let ask = |url: &str| policy.check_url(&Url::parse(url).unwrap());
        for good in [
            "https://example.org/x",
            "https://example.org:8443/x",
            "http://localhost:8080/",
            "http://[::1]:1234/",
            "http://[::2]:90/",
            "http://nas.home/",
            "https://10.0.0.1/",
        ] {
            assert_eq!(ask(good), Ok(()), "{good}");
        }
        for bad in [
            "http://example.org/",
            "http://localhost/",
            "http://[::2]:91/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest",
            "http://10.0.0.1/",
            "ftp://nas.home/",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(ask(bad).is_err(), "{bad}");
        }
        assert!(policy.check_address("localhost", "127.0.0.1".parse().unwrap()).is_ok());
        assert!(policy.check_address("example.org", "127.0.0.1".parse().unwrap()).is_err());
    }

    #[test]
    fn an_exception_that_is_no_host_is_an_error() {
        for bad in ["http://x", "a b", "host:99999", "host:", "[::1"] {
            assert!(Policy::with_exceptions(bad).is_err(), "{bad}");
        }
        assert_eq!(Policy::with_exceptions(" , "), Ok(Policy::default()));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_as_it_is_resolved() {
        let client = Policy::default().client().unwrap();
        let error = client.get("https://localhost/").send().await.unwrap_err();
        assert!(
            matches!(Refused::among(&error), Some(Refused::Address { host, .. }) if host == "localhost"),
            "{error:?}"
        );
    }
}
