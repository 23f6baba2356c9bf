//! Who may ask: keys, and for browsers only pages of this server.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use ids::Digest;

use super::limit::Caller;
use super::{ApiError, Server};

/// A key has to have this many characters; shorter ones can be guessed.
const SHORTEST: usize = 16;

/// No key file is larger.
const LIMIT: u64 = 1 << 20;

/// Paths that tell nothing and are asked by machines that hold no key.
const OPEN: [&str; 2] = ["/livez", "/readyz"];

/// The keys of a server, as digests.
#[derive(Debug, Clone)]
pub struct Keys(Vec<Digest>);

/// Why a key file cannot be used. No message shows a key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read.
    #[error("the key file {} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is no key.
    #[error("line {line} of {} is no key; write {SHORTEST} or more visible ASCII characters without spaces", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// There is none.
    #[error("the key file {} has no key; write one a line", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Keys {
    /// The keys in a file: one a line, empty lines and lines that begin with `#` left out.
    ///
    /// # Errors
    /// When it cannot be read, holds no key, or a line that is none.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let mut text = String::new();
        let file = std::fs::File::open(path);
        file.and_then(|file| std::io::Read::read_to_string(&mut std::io::Read::take(file, LIMIT), &mut text))
            .map_err(|source| KeysError::File { path: path.to_owned(), source })?;
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.len() < SHORTEST || !line.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(KeysError::Key { path: path.to_owned(), line: index + 1 });
            }
            keys.push(Digest::of(line.as_bytes()));
        }
        if keys.is_empty() { Err(KeysError::Empty { path: path.to_owned() }) } else { Ok(Self(keys)) }
    }

    /// Which key `given` is. Every key is compared in full, by digest, so that the time tells nothing.
    fn find(&self, given: &str) -> Option<usize> {
        let given = Digest::of(given.as_bytes());
        let mut found = None;
        for (index, key) in self.0.iter().enumerate() {
            let difference = key.as_bytes().iter().zip(given.as_bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
            if std::hint::black_box(difference) == 0 {
                found = Some(index);
            }
        }
        found
    }
}

/// Lets a request in, or says why not.
pub(super) fn admit(server: &Server, request: &Request, peer: IpAddr) -> Result<Caller, ApiError> {
    let headers = request.headers();
    let Some(keys) = &server.settings.keys else {
        // A page elsewhere can make a browser ask this machine under a name that points here; our own names cannot be
        // taken by anybody.
        let host = host(request).ok_or_else(|| ApiError::invalid("no_host", "send a Host header"))?;
        if !is_this_machine(host) {
            let message = "without keys this server answers to localhost and loopback addresses only";
            return Err(ApiError::forbidden("host_not_allowed", message));
        }
        same_origin(headers, host)?;
        return Ok(Caller::of(peer));
    };
    if OPEN.contains(&request.uri().path()) {
        return Ok(Caller::of(peer));
    }
    same_origin(headers, host(request).unwrap_or_default())?;
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let key = given.and_then(|(_, key)| keys.find(key.trim()));
    key.map(Caller::Key).ok_or_else(ApiError::unauthorized)
}

/// The host a request names, with its port.
fn host(request: &Request) -> Option<&str> {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| request.uri().authority().map(|authority| authority.as_str()))
}

/// Refuses what a page of another origin sends: browsers name the origin, other clients send none. There are no CORS
/// headers, so no other page can read an answer either.
fn same_origin(headers: &HeaderMap, host: &str) -> Result<(), ApiError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    if own == Some(host) && !host.is_empty() {
        return Ok(());
    }
    Err(ApiError::forbidden("foreign_origin", "pages of other origins may not use this server"))
}

/// Whether `host` (with or without port) can only mean this machine.
fn is_this_machine(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address, port),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    let name_fits =
        name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    port_fits && name_fits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_names_nobody_else_can_have_are_this_machine() {
        for host in ["localhost", "LOCALHOST:8017", "127.0.0.1:8017", "127.9.9.9", "[::1]:8017", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example:8017", "10.0.0.1", "127.0.0.1.evil.example", "[::2]:1", "::1x"]
        {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn a_key_file_has_keys_and_errors_show_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Keys::read(&path)
        };
        let keys = read("# mine\n0123456789abcdef\n\n  fedcba9876543210  \n").unwrap();
        assert_eq!((keys.find("0123456789abcdef"), keys.find("fedcba9876543210")), (Some(0), Some(1)));
        assert_eq!((keys.find(""), keys.find("0123456789abcde"), keys.find("0123456789abcdef ")), (None, None, None));
        assert!(matches!(read("# nothing\n"), Err(KeysError::Empty { .. })));
        let error = read("0123456789abcdef\nshort-secret\n").unwrap_err();
        assert!(matches!(error, KeysError::Key { line: 2, .. }));
        assert!(!format!("{error} {error:?}").contains("short-secret"));
        assert!(matches!(read("has a space in the key\n"), Err(KeysError::Key { line: 1, .. })));
        assert!(matches!(Keys::read(&folder.path().join("none")), Err(KeysError::File { .. })));
    }

    proptest! {
        #[test]
        fn a_name_under_somebody_elses_is_never_ours(name in "[a-z0-9.:\\[\\]-]{0,20}|\\PC{0,12}", port in "(:[0-9]{0,5})?") {
            let host = format!("{name}.evil.example{port}");
            prop_assert!(!is_this_machine(&host), "{host}");
            let _ = is_this_machine(&name);
        }
    }
}
