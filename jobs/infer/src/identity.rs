//! Names for a process and its requests that no other process has.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use ids::Name;

/// The longest request id that is taken over from a client.
const LONGEST: usize = 64;

/// One process that answers, and how many requests it has named.
#[derive(Debug)]
pub struct Identity {
    server: Name,
    requests: AtomicU64,
}

impl Identity {
    /// A new identity from the system's randomness.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn new() -> anyhow::Result<Self> {
        let mut random = [0; 6];
        let source = "/dev/urandom";
        std::fs::File::open(source)
            .and_then(|mut file| file.read_exact(&mut random))
            .with_context(|| format!("{source} cannot be read, which names this server"))?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { server: format!("s{digits}").parse()?, requests: AtomicU64::new(0) })
    }

    /// The process's name, which begins the names of its log files.
    pub fn server(&self) -> &Name {
        &self.server
    }

    /// A request id that was never given before.
    pub fn request(&self) -> String {
        format!("{}-{}", self.server, self.requests.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// A client's own request id, if it is one that can stand in a log: 1 to 64 of letters, digits, `.`, `_`, `-`.
pub fn accepted(id: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=LONGEST).contains(&id.len()) && id.bytes().all(allowed)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_share_a_name() {
        let (one, other) = (Identity::new().unwrap(), Identity::new().unwrap());
        let names = [one.request(), one.request(), other.request(), other.request()];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), 4, "{names:?}");
        assert!(names[0].ends_with("-1") && names[0].starts_with(one.server().as_str()));
    }

    #[test]
    fn only_plain_ids_are_taken_over() {
        for good in ["a", "req-1.2_X", &"a".repeat(64)] {
            assert_eq!(accepted(good), Some(good));
        }
        for bad in ["", "a b", "a\n", "ä", "a\"", &"a".repeat(65)] {
            assert_eq!(accepted(bad), None, "{bad:?}");
        }
    }
}
