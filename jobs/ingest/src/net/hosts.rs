//! Which hosts may be asked at all.

use store::network::{ALLOW_HOSTS, Policy, Refused};
use url::{Host, Url};

use super::{NetError, shown};

/// Hosts of Twitch's API, playlists and media; a leading dot stands for every name below.
const TWITCH: &[&str] = &[
    "gql.twitch.tv",
    "usher.ttvnw.net",
    "vod-secure.twitch.tv",
    "vod-metro.twitch.tv",
    "vod-pop-secure.twitch.tv",
    ".cloudfront.net",
];

/// The hosts that may be asked: those of a platform, and those that the user names in `DOUGPT_ALLOW_HOSTS`, for a mirror
/// or a test. The latter are the only way to http, to other ports and to addresses that are not public.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    known: &'static [&'static str],
    policy: Policy,
}

impl Hosts {
    /// Twitch's hosts.
    pub(crate) fn twitch() -> Result<Self, NetError> {
        let refused = |error: Refused| NetError::Refused { url: ALLOW_HOSTS.to_owned(), reason: error.to_string() };
        Ok(Self { known: TWITCH, policy: Policy::from_env().map_err(refused)? })
    }

    /// What names may resolve to.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Refuses a URL that may not be asked.
    pub(crate) fn check(&self, url: &Url) -> Result<(), NetError> {
        let refuse = |reason: String| Err(NetError::Refused { url: shown(url), reason });
        let Some(host) = url.host() else { return refuse("it names no host".to_owned()) };
        if !matches!(url.scheme(), "https" | "http") {
            return refuse(format!("{}: is not https", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it carries a user name".to_owned());
        }
        let name = host.to_string();
        if self.policy.allows(&name, url.port_or_known_default()) {
            return Ok(());
        }
        if url.scheme() != "https" || url.port().is_some() {
            return refuse("only https on its usual port is".to_owned());
        }
        let known = |known: &&str| match known.strip_prefix('.') {
            Some(_) => name.len() > known.len() && name.ends_with(*known),
            None => name == **known,
        };
        match host {
            Host::Domain(_) if self.known.iter().any(known) => Ok(()),
            _ => refuse(format!("{name} is not one of its hosts; one of your own can be named in {ALLOW_HOSTS}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_over_https_are_asked() {
        let policy = Policy::with_exceptions("127.0.0.1, Mirror.example ,,::1").unwrap();
        let hosts = Hosts { known: TWITCH, policy };
        for (url, expect) in [
            ("https://gql.twitch.tv/gql", None),
            ("https://d1m7jfoe9zdc1j.cloudfront.net/a/b/0.ts", None),
            ("https://GQL.twitch.tv:443/gql", None),
            ("http://127.0.0.1:8080/x", None),
            ("http://mirror.example:1/x", None),
            ("http://[::1]:1/x", None),
            ("http://gql.twitch.tv/gql", Some("usual port")),
            ("https://gql.twitch.tv:8443/gql", Some("usual port")),
            ("https://user@gql.twitch.tv/gql", Some("user name")),
            ("https://gql.twitch.tv.evil.example/", Some("not one of its hosts")),
            ("https://cloudfront.net/", Some("not one of its hosts")),
            ("https://.cloudfront.net/", Some("not one of its hosts")),
            ("https://xcloudfront.net/", Some("not one of its hosts")),
            ("https://169.254.169.254/latest", Some("not one of its hosts")),
            ("https://2852039166/latest", Some("not one of its hosts")),
            ("https://[fd00:ec2::254]/", Some("not one of its hosts")),
            ("https://127.0.0.2/", Some("not one of its hosts")),
            ("ftp://127.0.0.1/x", Some("ftp: is not https")),
            ("file:///etc/passwd", Some("names no host")),
            ("data:text/plain,x", Some("names no host")),
        ] {
            let found = hosts.check(&Url::parse(url).unwrap()).err().map(|error| error.to_string());
            match (&found, expect) {
                (None, None) => {}
                (Some(found), Some(expect)) => assert!(found.contains(expect), "{url}: {found}"),
                _ => panic!("{url}: {found:?}"),
            }
        }
    }
}
